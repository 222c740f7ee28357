"""`harness curve`: what twice the training claims are expected to bring, from systems fitted to shares of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.compare.compare import with_label_names
from harness.compare.more_labels.power_law import PowerLaw, fit_power_law
from harness.compare.results import ResultEntry, ResultTable, heading_of, metric_of, read_table
from harness.display import Rows, displayed
from harness.errors import HarnessError, Undefined
from harness.metrics.base import Metric
from harness.metrics.intervals import Value, measure
from harness.runner.pairing.resampled import resample
from harness.runner.splitting.split_config import SystemAtShare

LEAST_SIZES = 4
"""Number of sizes from which a law of three numbers leaves scatter to judge it by."""
NO_CHANGE = 0.0005
"""Change below which tables show 0."""
REMEDY = "harness run CONFIG --set 'split.train_share={each: [0.1, 0.2, 0.35, 0.5, 0.7, 1]}'"


class CurvePoint(NamedTuple):
    """The metric of a system with a share of the training claims."""

    share: float
    value: Value
    law: float | None
    """Value by the power law; None without one."""


@displayed
class LearningCurve(NamedTuple):
    """One system at several shares of the training claims."""

    system: str
    points: Sequence[CurvePoint]
    """Smallest share first."""
    law: PowerLaw | None
    """Power law through the points; None if there are too few, or one has no value."""
    verdict: str
    """What twice the training claims are expected to bring, in words."""

    def document(self) -> dict[str, Any]:
        """Returns the curve as `harness curve --json` prints it."""
        points = [{"share": point.share, "law": point.law, **point.value.model_dump()} for point in self.points]
        law = self.law._asdict() if self.law else None
        return {"system": self.system, "points": points, "law": law, "verdict": self.verdict}


@displayed
class CurveSet(NamedTuple):
    """The learning curves of a run."""

    metric: str
    heading: str
    n: int
    """Number of claims behind the values."""
    n_units: int
    """Number of resampling units behind the intervals."""
    unit: str
    curves: Sequence[LearningCurve]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Returns the curves as `harness curve --json` prints them."""
        return self._asdict() | {"curves": [curve.document() for curve in self.curves], "notes": list(self.notes)}


def curve(
    results: str | Path | Sequence[str | Path], *, metric: str | None = None, all_results: bool = False
) -> CurveSet:
    """Says what twice the training claims are expected to bring, by a power law through a learning curve.

    Args:
        results: result folders, or run folders, of an experiment with `split.train_share: {each: [...]}`. A larger
            share contains the smaller ones, in whole groups.
        metric: metric, by name or heading; default: the first of the results.
        all_results: as for `compare_results`.
    Raises: HarnessError: no system is fitted to shares, results with different claims or gold, or an unknown metric.
    """
    table = with_label_names(read_table(results, least=1, all_results=all_results))
    name, curve_metric = metric_of(table, metric)
    at_shares = entries_at_shares(table)
    if not at_shares:
        raise HarnessError(f"curve: no system is fitted to shares of the training claims; {REMEDY} fits them")
    return CurveSet(
        metric=name,
        heading=heading_of(table, name),
        n=len(table.gold.codes),
        n_units=int(table.groups.unit.max()) + 1,
        unit=table.intervals.unit,
        curves=Rows(_curve(table, curve_metric, system, at_shares[system]) for system in at_shares),
        notes=table.notes,
    )


def entries_at_shares(table: ResultTable) -> dict[str, dict[float, ResultEntry]]:
    """The results of each system that is fitted to shares of the training claims, by share."""
    at_shares: dict[str, dict[float, ResultEntry]] = {}
    for entry in table.entries:
        system = SystemAtShare.parse(entry.name)
        if system is not None:
            at_shares.setdefault(system.name, {})[system.share] = entry
    return at_shares


def _curve(table: ResultTable, metric: Metric, system: str, entries: Mapping[float, ResultEntry]) -> LearningCurve:
    shares = sorted(entries)
    values = [measure(metric, table.gold, entries[share].runs, table.groups, table.intervals) for share in shares]
    undefined = [
        f"share {share:g}: {value.reason}" for share, value in zip(shares, values, strict=True) if value.reason
    ]
    law, verdict = None, "; ".join(undefined)
    if not undefined:
        try:
            law = law_of(table, metric, entries)
            verdict = _verdict(law, metric)
        except Undefined as error:
            verdict = str(error)
    heights = law.at(np.array(shares)).tolist() if law else [None] * len(shares)
    points = [CurvePoint(*point) for point in zip(shares, values, heights, strict=True)]
    return LearningCurve(system, Rows(points), law, verdict)


def law_of(table: ResultTable, metric: Metric, entries: Mapping[float, ResultEntry]) -> PowerLaw:
    """The power law through the values of a system at shares of the training claims.

    Raises: Undefined: fewer than four shares, none of them 1, or a value is undefined.
    """
    shares = sorted(entries)
    if len(shares) < LEAST_SIZES:
        raise Undefined(f"needs {LEAST_SIZES} shares or more to say, and there are {len(shares)}; {REMEDY}")
    if shares[-1] < 1:
        raise Undefined(f"needs the share 1, all training claims, and the largest is {shares[-1]:g}; {REMEDY}")
    resampled = [resample(metric, table.gold, entries[s].runs, table.groups, table.intervals) for s in shares]
    return fit_power_law(
        np.array(shares),
        np.array([values.value for values in resampled]),
        np.stack([values.resampled for values in resampled]),
        bounds=metric.bounds,
        random_seed=table.intervals.random_seed,
    )


def _verdict(law: PowerLaw, metric: Metric) -> str:
    if max(abs(law.low), abs(law.high)) < NO_CHANGE:
        return "no change"
    if law.low <= 0 <= law.high:
        return "cannot be told: the interval has 0 in it"
    return "better" if (law.gain > 0) == metric.higher_is_better else "worse"
