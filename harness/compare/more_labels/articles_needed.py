"""`harness power`: how many articles it takes until two systems can be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Floats
from harness.compare.more_labels.learning_curve import entries_at_shares, law_of
from harness.compare.more_labels.power_law import PowerLaw
from harness.compare.results import ResultEntry, ResultTable, heading_of, metric_of, read_table
from harness.display import Rows, displayed
from harness.errors import HarnessError, Undefined
from harness.metrics.base import Metric
from harness.runner.pairing.resampled import ResampledValues, resample
from harness.uncertainty.resampling import jackknife_error

MAX_TIMES = 100
"""Multiple of the present number of articles beyond which a number is no plan but a guess."""
MAX_TIMES_BY_CURVES = 10
"""The same, for curves, which say little of what is far beyond them."""
POWER = 0.8
LEVEL = 0.95
RESAMPLES = 2000


class Needed(NamedTuple):
    """Numbers of resampling units, found by scaling the standard error of a difference with the square root."""

    units: float
    """Number at which the 95 percent interval of the present difference begins to leave out 0; infinite beyond
    `MAX_TIMES` times the present number."""
    low: float
    """Lower end of the 95 percent interval of `units`, by resampling the units."""
    high: float
    """Upper end; infinite if resamples reach `MAX_TIMES`, or reverse the difference."""
    for_power: float
    """Number at which the interval leaves out 0 with a chance of 80 percent, if the present difference is the true
    one; infinite beyond `MAX_TIMES`."""


def units_needed(value: float, jackknifed: Floats, n_units: int, *, random_seed: int = 13) -> Needed:
    """How many units it takes until the jackknife-t interval of a difference leaves out 0.

    Args:
        value: the difference.
        jackknifed: the difference without each block of units, shape (n_blocks,).
        n_units: number of units behind the difference.
        random_seed: random seed of the resamples.
    Raises: Undefined: too few units for a standard error.
    """
    error, _ = jackknife_error(jackknifed)
    influence = jackknifed.mean() - jackknifed
    n_blocks = len(influence)
    # The influences stand for the units: the value and the error of a resample need no further call of the metric.
    random = np.random.default_rng(random_seed)
    weights = random.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=RESAMPLES).astype(np.float64)
    values = value + weights @ influence
    squares = weights @ influence**2 - (weights @ influence) ** 2 / n_blocks
    errors = np.sqrt(np.maximum(squares, 0.0))
    # A resample that reverses the difference never tells that the system ahead is the better one.
    toward = np.where(np.sign(values) == np.sign(value), np.abs(values), 0.0)
    numbers = _smallest_n(toward, errors, n_units)
    low, high = np.quantile(numbers, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    ends = np.array([abs(value)]), np.array([error])
    return Needed(
        units=float(_smallest_n(*ends, n_units)[0]),
        low=float(low),
        high=float(high),
        for_power=float(_smallest_n(*ends, n_units, power=POWER)[0]),
    )


def _smallest_n(difference: Floats, error: Floats, n_units: int, *, power: float | None = None) -> Floats:
    """The smallest number of units whose interval leaves out 0; infinite beyond `MAX_TIMES` the present number.

    Args:
        difference, error: absolute difference and standard error with `n_units` units; equal shapes.
        n_units: the present number of units.
        power: chance of an interval without 0, for a true difference; None: for the present one, a chance of a half.
    """
    candidates, half_widths = _half_widths(n_units, power)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(error > 0, difference / error, np.where(difference > 0, np.inf, 0.0))
    index = np.searchsorted(-half_widths, -reach, side="right")
    return np.where(index < len(candidates), candidates[np.minimum(index, len(candidates) - 1)], np.inf)


def _half_widths(n_units: int, power: float | None) -> tuple[Floats, Floats]:
    """Numbers of units, and the difference that each tells from 0 in present standard errors, which falls."""
    from scipy.special import stdtrit

    spaced = np.geomspace(4, max(MAX_TIMES * n_units, 5), 4000).astype(np.int64)
    candidates = np.unique([*spaced, max(n_units, 4)]).astype(np.float64)
    quantiles = stdtrit(candidates - 2, (1 + LEVEL) / 2)
    if power is not None:
        quantiles = quantiles + stdtrit(candidates - 2, power)
    return candidates, np.asarray(quantiles * np.sqrt(n_units / candidates), dtype=np.float64)


def units_by_curves(law_a: PowerLaw, law_b: PowerLaw, error: float, n_units: int) -> float:
    """How many units it takes if the systems also learn from them, so that the difference follows their curves.

    Args:
        law_a, law_b: power law of each system; the size 1 is what `n_units` units train it with.
        error: standard error of the present difference.
        n_units: the present number of units.
    Returns: at least the present number; infinite beyond `MAX_TIMES_BY_CURVES` times it.
    """
    candidates, half_widths = _half_widths(n_units, None)
    later = (candidates >= n_units) & (candidates <= MAX_TIMES_BY_CURVES * n_units)
    sizes = candidates[later] / n_units
    enough = np.abs(law_a.at(sizes) - law_b.at(sizes)) > half_widths[later] * error
    return float(candidates[later][enough.argmax()]) if enough.any() else np.inf


class PairPlan(NamedTuple):
    """How many units it takes until two systems can be told apart."""

    a: str
    """Name of the system with the better value."""
    b: str
    difference: float | None
    """Value of `a` minus value of `b`; None if one has no value."""
    needed: Needed | None
    """None without a standard error."""
    claims: float | None
    """Number of claims in `needed.units` units of the present size; infinite or None as they are."""
    verdict: str
    """What the numbers mean, in words."""
    by_curves: float | None = None
    """Number of units if the systems also learn from them, by their learning curves; infinite beyond
    `MAX_TIMES_BY_CURVES`; None for a run without shares of the training claims."""

    def document(self) -> dict[str, Any]:
        """Returns the pair as `harness power --json` prints it; a number beyond all reach is null."""
        fields = self._asdict() | {"claims": _finite(self.claims), "by_curves": _finite(self.by_curves)}
        needed = fields.pop("needed")
        numbers = dict.fromkeys(Needed._fields) if needed is None else needed._asdict()
        return fields | {name: _finite(number) for name, number in numbers.items()}


@displayed
class PowerPlan(NamedTuple):
    """How many units it takes until the systems of a comparison can be told apart, pair by pair."""

    metric: str
    heading: str
    unit: str
    """Resampling unit: `article`, `speaker`, `topic` or `claim`."""
    n_units: int
    n: int
    """Number of claims."""
    pairs: Sequence[PairPlan]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Returns the plan as `harness power --json` prints it."""
        return self._asdict() | {"pairs": [pair.document() for pair in self.pairs], "notes": list(self.notes)}


def power(
    results: str | Path | Sequence[str | Path], *, metric: str | None = None, all_results: bool = False
) -> PowerPlan:
    """Says how many articles it takes until each two systems can be told apart.

    The present difference is taken to stay as it is, and its standard error over whole articles to fall with the square
    root of their number. No model is run.

    Args:
        results: result folders, or run folders, as for `compare_results`.
        metric: metric, by name or heading; default: the first of the results.
        all_results: as for `compare_results`.
    Raises: HarnessError: fewer than two results, results with different claims or gold, or an unknown metric.
    """
    table = read_table(results, all_results=all_results)
    name, compared_metric = metric_of(table, metric)
    n_units = int(table.groups.unit.max()) + 1
    if n_units < 3:
        raise HarnessError(
            f"power: needs three {table.intervals.unit}s or more, and the results have {n_units}; label more of them"
        )
    values: dict[str, ResampledValues] = {}
    reasons: dict[str, str] = {}
    at_shares = entries_at_shares(table)
    laws: dict[str, PowerLaw] = {}
    for entries in at_shares.values():
        with suppress(Undefined):  # too few shares, which `curve` says
            laws[entries[max(entries)].name] = law_of(table, compared_metric, entries)
    largest = {entries[max(entries)].name for entries in at_shares.values()}
    compared = [entry for entry in table.entries if not at_shares or entry.name in largest]
    for entry in compared:
        try:
            values[entry.name] = _values(table, compared_metric, entry)
        except Undefined as error:
            reasons[entry.name] = f"{entry.name}: {error}"
    sign = 1 if compared_metric.higher_is_better else -1
    ordered = [*sorted(values, key=lambda system: -sign * values[system].value), *reasons]
    pairs = [
        PairPlan(a, b, None, None, None, reasons[b]) if b in reasons else _plan(table, n_units, (a, b), values, laws)
        for a, b in combinations(ordered, 2)
    ]
    strata = [f"strata by {table.intervals.stratify} are ignored"] if table.intervals.stratify else []
    return PowerPlan(
        metric=name,
        heading=heading_of(table, name),
        unit=table.intervals.unit,
        n_units=n_units,
        n=len(table.gold.codes),
        pairs=Rows(pairs),
        notes=(*strata, *table.notes),
    )


def _values(table: ResultTable, metric: Metric, entry: ResultEntry) -> ResampledValues:
    """The metric of a system under resampling.

    Raises: Undefined: it has none; the message is the reason.
    """
    if metric.needs == "labels" and not entry.result.provenance.gives_labels:
        raise Undefined("gives no labels")
    return resample(metric, table.gold, entry.runs, table.groups, table.intervals)


def _plan(
    table: ResultTable,
    n_units: int,
    names: tuple[str, str],
    values: Mapping[str, ResampledValues],
    laws: Mapping[str, PowerLaw],
) -> PairPlan:
    a, b = names
    difference = values[a].value - values[b].value
    jackknifed = values[a].jackknifed - values[b].jackknifed
    try:
        needed = units_needed(difference, jackknifed, n_units, random_seed=table.intervals.random_seed)
    except Undefined as error:
        return PairPlan(a, b, difference, None, None, str(error))
    claims = needed.units * len(table.gold.codes) / n_units
    verdict = _verdict(needed, n_units, table.intervals.unit)
    by_curves = None
    if a in laws and b in laws:
        by_curves = units_by_curves(laws[a], laws[b], jackknife_error(jackknifed)[0], n_units)
    return PairPlan(a, b, difference, needed, claims, verdict, by_curves)


def _verdict(needed: Needed, n_units: int, unit: str) -> str:
    if not np.isfinite(needed.units):
        return f"not with {unit}s like these: the difference is about 0"
    if needed.units <= n_units:
        return "told apart now"
    more = f"{needed.units - n_units:,.0f} more {unit}s"
    if not np.isfinite(needed.high):
        return f"{more}, but the difference may as well be 0"
    return more


def _finite(number: float | None) -> float | None:
    return number if number is not None and np.isfinite(number) else None
