"""Whether a system reads its evidence: its macro F1 against that of the best system that sees the claim alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.claims import Gold, codes_of
from harness.errors import Undefined
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import mean_over_seeds
from harness.metrics.labels import MacroF1
from harness.resampling import bca, jackknife_t, jackknife_weights, unit_weights
from harness.runner.result_files import Columns, Result, read_predictions
from harness.runner.verification.evidence_source import CLAIM_ONLY, EVIDENCE_PROBE
from harness.text_tables import format_number


class EvidenceGain(NamedTuple):
    """The macro F1 of a system minus that of the best system that sees the claim alone."""

    system: str
    claim_only: str
    """The system that sees the claim alone."""
    difference: float
    low: float
    """Lower end of the 95 percent interval, by articles."""
    high: float
    """Upper end of the 95 percent interval."""

    @property
    def reads(self) -> bool:
        """Whether the interval lies above 0: the system counts as reading its evidence."""
        return self.low > 0

    def __str__(self) -> str:
        interval = f"{format_number(self.difference)} [{format_number(self.low)}, {format_number(self.high)}]"
        verdict = "reads its evidence" if self.reads else "not shown to read its evidence"
        return f"{self.system}: {interval} over {self.claim_only}: {verdict}"


def evidence_gains(results: Sequence[Result]) -> list[EvidenceGain]:
    """The gain of each system that is shown evidence; empty without one that sees the claim alone.

    Each interval is the paired jackknife-t interval over articles, or BCa if that is undefined. Not corrected for the
    number of systems; `harness compare` corrects.
    """
    shown = [result for result in results if result.evidence not in (None, CLAIM_ONLY) and not _is_probe(result)]
    alone = [result for result in results if result.evidence == CLAIM_ONLY]
    if not shown or not alone:
        return []
    columns = {result.system: read_predictions(result) for result in [*shown, *alone]}
    gold, groups, scored = _gold(columns[alone[0].system])
    n_units = int(groups.unit.max()) + 1 if len(gold) else 0
    if n_units < 2:
        return []
    settings = results[0].provenance.config.intervals
    weightings = (
        np.ones((1, n_units), dtype=np.int64),
        unit_weights(n_units, settings.resamples, settings.random_seed, None),
        jackknife_weights(n_units, settings.random_seed),
    )
    values = {
        system: [mean_over_seeds(MacroF1(), gold, _runs(rows, gold, scored), groups, w) for w in weightings]
        for system, rows in columns.items()
    }
    best = max(alone, key=lambda result: values[result.system][0][0]).system
    gains = []
    for result in shown:
        ours, theirs = values[result.system], values[best]
        difference, resampled, jackknifed = (own - other for own, other in zip(ours, theirs, strict=True))
        value = float(difference[0])
        try:
            low, high = jackknife_t(value, jackknifed, (-np.inf, np.inf))[:2]
        except Undefined:
            low, high = bca(value, resampled, jackknifed)[:2]
        gains.append(EvidenceGain(result.system, best, value, float(max(low, -1.0)), float(min(high, 1.0))))
    return gains


def _is_probe(result: Result) -> bool:
    """Whether the system reads the passages without the claim, so that it cannot compare the two."""
    return result.system.removeprefix("probe ").startswith(f"{EVIDENCE_PROBE} /")


def _gold(columns: Columns) -> tuple[Gold, ResamplingGroups, Codes]:
    """The gold of the scored claims, their articles, and the rows of the first seed."""
    labels = tuple(name.removeprefix("score:") for name in columns if name.startswith("score:"))
    rows = np.flatnonzero(
        (columns["random_seed"] == columns["random_seed"][0])
        & np.array([label is not None for label in columns["gold"]], dtype=bool)
    )
    codes = np.array([labels.index(label) for label in columns["gold"][rows]], dtype=np.int64)
    article = codes_of(columns["article_id"][rows])
    return Gold(labels, codes), ResamplingGroups(article, article), rows


def _runs(columns: Columns, gold: Gold, scored: Codes) -> list[Run]:
    """The predicted labels of the scored claims, once per random seed."""
    seeds = dict.fromkeys(columns["random_seed"].tolist())
    code_of = {label: code for code, label in enumerate(gold.labels)}
    predicted = np.array([code_of.get(label, -1) for label in columns["predicted"]], dtype=np.int64)
    per_seed = [predicted[columns["random_seed"] == seed] for seed in seeds]
    return [Run(None, codes[scored]) for codes in per_seed]
