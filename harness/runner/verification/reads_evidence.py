"""Whether a system reads its evidence: its macro F1 against that of the best system that sees the claim alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.display import displayed
from harness.errors import Undefined
from harness.metrics.labels import MacroF1
from harness.runner.pairing.resampled import paired_interval, resample
from harness.runner.pairing.runs import runs_of, scored_claims
from harness.runner.result_files import Result, read_predictions
from harness.runner.verification.evidence_source import CLAIM_ONLY
from harness.runner.verification.systems import EVIDENCE_PROBE
from harness.text_tables import format_number


@displayed
class EvidenceGain(NamedTuple):
    """The macro F1 of a system minus that of the best system that sees the claim alone."""

    system: str
    claim_only: str
    """The system that sees the claim alone."""
    difference: float
    low: float
    """Lower end of the 95 percent interval over resampling units, not corrected for the number of systems."""
    high: float
    """Upper end of the 95 percent interval."""

    @property
    def reads(self) -> bool:
        """Whether the interval lies above 0: the system counts as reading its evidence."""
        return self.low > 0

    def document(self) -> dict[str, Any]:
        """The gain as `harness run --json` prints it."""
        return self._asdict() | {"reads_evidence": self.reads}

    def __str__(self) -> str:
        interval = f"{format_number(self.difference)} [{format_number(self.low)}, {format_number(self.high)}]"
        verdict = "reads its evidence" if self.reads else "not shown to read its evidence"
        return f"{self.system}: {interval} over {self.claim_only}: {verdict}"


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
    if not shown or not alone:
        return ()
    columns = {result.system: read_predictions(result) for result in [*shown, *alone]}
    scored, intervals = scored_claims(alone[0], columns[alone[0].system]), alone[0].provenance.config.intervals
    metric, is_stratified = MacroF1(), scored.groups.stratum is not None
    try:
        values = {
            result.system: resample(
                metric, scored.gold, runs_of(result, columns[result.system], scored), scored.groups, intervals
            )
            for result in [*shown, *alone]
        }
    except Undefined:
        return ()
    best = max(alone, key=lambda result: values[result.system].value).system
    gains = []
    for result in shown:
        own, other = values[result.system], values[best]
        difference, resampled = own.value - other.value, own.resampled - other.resampled
        interval, _ = paired_interval(
            difference, resampled, own.jackknifed - other.jackknifed, is_stratified=is_stratified
        )
        low, high = max(interval.low, -1.0), min(interval.high, 1.0)
        gains.append(EvidenceGain(result.system, best, difference, float(low), float(high)))
    return tuple(gains)
