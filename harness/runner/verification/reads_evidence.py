"""Whether a system reads its evidence: its macro F1 against those that see the claim or the evidence alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.display import displayed
from harness.errors import Undefined
from harness.metrics.intervals import ROUGH_UNITS
from harness.metrics.labels import MacroF1
from harness.runner.pairing.resampled import paired_interval, resample
from harness.runner.pairing.runs import runs_of, scored_claims
from harness.runner.result_files import Result, read_predictions
from harness.runner.verification.evidence_source import CLAIM_ONLY
from harness.runner.verification.systems import EVIDENCE_PROBE
from harness.text_tables import format_number


class PairedDifference(NamedTuple):
    """The macro F1 of a system minus that of another."""

    other: str
    difference: float
    low: float
    """Lower end of the 95 percent interval over resampling units, not corrected for the number of systems."""
    high: float
    """Upper end of the 95 percent interval."""

    def __str__(self) -> str:
        interval = f"[{format_number(self.low)}, {format_number(self.high)}]"
        return f"{format_number(self.difference)} {interval} over {self.other}"


@displayed
class EvidenceGain(NamedTuple):
    """What a system gains over those that see the claim alone or the evidence alone."""

    system: str
    over_claim_only: PairedDifference
    """Over the best system that sees the claim alone."""
    over_evidence_only: PairedDifference | None
    """Over the probe that sees the evidence alone; None without one."""
    n_units: int
    """Number of resampling units."""

    @property
    def reads(self) -> bool:
        """Whether the system counts as reading its evidence: its interval over the claim alone lies above 0."""
        return self.over_claim_only.low > 0 and self.n_units >= ROUGH_UNITS

    @property
    def compares(self) -> bool:
        """Whether it also does better than the evidence alone, so that it compares the two."""
        return self.reads and self.over_evidence_only is not None and self.over_evidence_only.low > 0

    def document(self) -> dict[str, Any]:
        """The gain as `harness run --json` prints it."""
        over = self.over_evidence_only
        return {
            "system": self.system,
            "over_claim_only": self.over_claim_only._asdict(),
            "over_evidence_only": over._asdict() if over else None,
            "reads_evidence": self.reads,
            "compares_both": self.compares,
        }

    def __str__(self) -> str:
        parts = [str(self.over_claim_only), *([str(self.over_evidence_only)] if self.over_evidence_only else [])]
        return f"{self.system}: {'; '.join(parts)}: {self._conclusion()}"

    def _conclusion(self) -> str:
        if self.over_claim_only.low > 0 and self.n_units < ROUGH_UNITS:
            return f"{self.n_units} units are too few to say whether it reads its evidence"
        if not self.reads:
            return "not shown to read its evidence"
        if self.over_evidence_only is None or self.compares:
            return "reads its evidence"
        return "reads its evidence, and is not shown to need the claim"


def evidence_gains(results: Sequence[Result]) -> tuple[EvidenceGain, ...]:
    """The gain of each system that compares a claim with evidence.

    Each interval is that of `harness compare`, without its correction. Empty if no system sees the claim alone, or
    there is only one resampling unit.

    Args:
        results: the results of one run.
    Raises: HarnessError: the predictions of a result are missing or damaged.
    """
    shown = [
        result
        for result in results
        if result.evidence not in (None, CLAIM_ONLY) and result.provenance.classifier.name != EVIDENCE_PROBE
    ]
    alone = [result for result in results if result.evidence == CLAIM_ONLY]
    probes = [result for result in results if result.provenance.classifier.name == EVIDENCE_PROBE]
    if not shown or not alone:
        return ()
    columns = {result.system: read_predictions(result) for result in [*shown, *alone, *probes]}
    scored, intervals = scored_claims(alone[0], columns[alone[0].system]), alone[0].provenance.config.intervals
    metric, is_stratified = MacroF1(), scored.groups.stratum is not None
    try:
        values = {
            result.system: resample(
                metric, scored.gold, runs_of(result, columns[result.system], scored), scored.groups, intervals
            )
            for result in [*shown, *alone, *probes]
        }
    except Undefined:
        return ()
    best = max(alone, key=lambda result: values[result.system].value).system

    def over(system: str, other: str) -> PairedDifference:
        """The paired difference of two systems; both share the resamples."""
        own, base = values[system], values[other]
        difference = own.value - base.value
        interval, _ = paired_interval(
            difference,
            own.resampled - base.resampled,
            own.jackknifed - base.jackknifed,
            is_stratified=is_stratified,
        )
        return PairedDifference(other, difference, max(float(interval.low), -1.0), min(float(interval.high), 1.0))

    n_units = int(scored.groups.unit.max()) + 1
    probe = probes[0].system if probes else None
    return tuple(
        EvidenceGain(result.system, over(result.system, best), over(result.system, probe) if probe else None, n_units)
        for result in shown
    )
