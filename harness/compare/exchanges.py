"""The randomization test: random exchanges of whole units between two systems, the same for all pairs of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import lcm
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, safe_divide
from harness.data.claims import Gold
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import mean_over_seeds
from harness.metrics.sums import group_sums, is_of_sums

CELLS_AT_ONCE = 2**19
"""Number of draws x units that are held in memory as numbers at a time."""
PACKED_BYTES = 2**26
"""Memory for exchanges that are kept for the next metric; more than this are drawn again."""
EXACT_IN_SINGLE = 2**24
"""Whole numbers up to this one are exact in single precision."""

Swapped = npt.NDArray[np.uint8]
"""1 where an exchange gives a unit's output to the other system; shape (n_draws, n_units)."""


class Exchanges:
    """Random exchanges, the same for every pair of systems and every metric; drawn in blocks, as single bits.

    Each bit is the highest of the next 32 random bits of NumPy's PCG64 with the random seed, draw after draw and unit
    after unit, which is what `numpy.random.default_rng(seed).integers(0, 2, size=(draws, n_units))` returns.
    """

    def __init__(self, gold: Gold, groups: ResamplingGroups, *, seed: int, draws: int) -> None:
        """Random exchanges.

        Args:
            gold: shape (n_claims,).
            groups: articles and resampling units; codes without gaps.
            seed: random seed; equal arguments give the same exchanges.
            draws: number of exchanges.
        """
        self.gold = gold
        self.groups = groups
        self.draws = draws
        self.n_units = int(groups.unit.max()) + 1
        self._seed = seed
        self._packed: list[Swapped] = []

    def blocks(self) -> Iterator[Swapped]:
        """The exchanges in blocks of draws."""
        for packed in self._packed or self._draw():
            yield np.unpackbits(packed, axis=1, count=self.n_units)

    def _draw(self) -> Iterator[Swapped]:
        random = np.random.default_rng(self._seed)
        packed = []
        keeps = self.draws * self.n_units <= 8 * PACKED_BYTES
        # An even number of draws takes whole 64-bit numbers, so that the bits do not depend on the size of the blocks.
        rows = max(2, CELLS_AT_ONCE // self.n_units // 2 * 2)
        for start in range(0, self.draws, rows):
            shape = min(rows, self.draws - start), self.n_units
            n = shape[0] * shape[1]
            numbers = random.integers(0, 2**64, (n + 1) // 2, dtype=np.uint64).astype("<u8", copy=False)
            # The highest bit of a signed number is its sign.
            block = np.packbits(numbers.view("<i4")[:n].reshape(shape) < 0, axis=1)
            if keeps:
                packed.append(block)
            yield block
        self._packed = packed


class _UnitSums(NamedTuple):
    """A metric as a function of sums over units."""

    per_unit: Sequence[Sequence[Floats]]
    """Terms of each run of each system, shape (n_units, n_columns)."""
    value: Callable[[Floats], Floats]
    """The metric from sums of shape (n_draws, n_columns)."""


def randomization_p_values(
    metric: Metric,
    systems: Sequence[Sequence[Run]],
    exchanges: Exchanges,
    observed: Mapping[tuple[int, int], float],
) -> dict[tuple[int, int], float]:
    """The share of exchanges with at least the observed difference of two systems; the data themselves count as one.

    Args:
        metric: any metric that compares labels, or averages over units.
        systems: runs of each system, one per random seed, or one that serves every seed.
        exchanges: the exchanges of whole units.
        observed: pairs of systems by their numbers, with their difference.
    """
    sums = _unit_sums(metric, systems, exchanges)
    n_as_large, n_defined = dict.fromkeys(observed, 0), dict.fromkeys(observed, 0)
    if sums is None:
        blocks = _differences_of_any(metric, systems, exchanges, observed)
    else:
        blocks = _differences_of_sums(sums, exchanges, observed)
    for pair, differences in blocks:
        differences = np.abs(differences[~np.isnan(differences)])
        # The tolerance keeps exchanges that equal the observed difference but for rounding.
        n_as_large[pair] += int(np.count_nonzero(differences >= abs(observed[pair]) - 1e-12))
        n_defined[pair] += len(differences)
    # Counting the data themselves (+ 1) keeps the p-value above 0 and the test valid.
    return {pair: (n_as_large[pair] + 1) / (n_defined[pair] + 1) for pair in observed}


def _unit_sums(metric: Metric, systems: Sequence[Sequence[Run]], exchanges: Exchanges) -> _UnitSums | None:
    """The metric as a function of sums over units; None if it is none."""
    gold, groups, n_units = exchanges.gold, exchanges.groups, exchanges.n_units
    if is_of_sums(metric):
        return _UnitSums(
            [[_per_unit(metric.summands(gold, run), groups.unit, n_units) for run in runs] for runs in systems],
            metric.from_sums,
        )
    means = [[metric.unit_values(gold, run, groups) for run in runs] for runs in systems]
    terms = [[_terms_of_mean(values) for values in of_runs if values is not None] for of_runs in means]
    if any(len(of_terms) < len(of_runs) for of_terms, of_runs in zip(terms, means, strict=True)):
        return None
    return _UnitSums(terms, lambda sums: safe_divide(sums[:, 0], sums[:, 1]))


def _per_unit(summands: Floats, unit: Codes, n_units: int) -> Floats:
    return np.stack([group_sums(unit, column, n_units) for column in summands.T], axis=1)


def _terms_of_mean(values: Floats) -> Floats:
    """The value of each unit and a 1, or two zeros for a unit without a value, which the mean excludes."""
    defined = ~np.isnan(values)
    return np.stack([np.where(defined, values, 0), defined], axis=1)


def _differences_of_sums(
    sums: _UnitSums, exchanges: Exchanges, pairs: Mapping[tuple[int, int], float]
) -> Iterator[tuple[tuple[int, int], Floats]]:
    """The differences of each pair in each block of exchanges.

    An exchange moves the terms of its units from one system to the other. The sums over its units are one matrix
    product for all systems, and a pair needs no more than their difference.
    """
    runs = [(system, number) for system, of_runs in enumerate(sums.per_unit) for number in range(len(of_runs))]
    columns = np.hstack([sums.per_unit[system][number] for system, number in runs])
    width = columns.shape[1] // len(runs)
    is_exact = bool((columns == np.rint(columns)).all() and np.abs(columns).sum(axis=0).max() < EXACT_IN_SINGLE)
    columns = columns.astype(np.float32 if is_exact else np.float64)
    totals = {(system, number): sums.per_unit[system][number].sum(axis=0) for system, number in runs}
    for swapped in exchanges.blocks():
        products = (swapped.astype(columns.dtype) @ columns).astype(np.float64)
        moved = {run: products[:, place * width : (place + 1) * width] for place, run in enumerate(runs)}
        for a, b in pairs:
            n_runs = _common_runs(sums.per_unit[a], sums.per_unit[b])
            difference = np.zeros(len(swapped))
            for number in range(n_runs):
                run_a, run_b = (a, number % len(sums.per_unit[a])), (b, number % len(sums.per_unit[b]))
                change = moved[run_b] - moved[run_a]
                difference += sums.value(totals[run_a] + change) - sums.value(totals[run_b] - change)
            yield (a, b), difference / n_runs


def _differences_of_any(
    metric: Metric,
    systems: Sequence[Sequence[Run]],
    exchanges: Exchanges,
    pairs: Mapping[tuple[int, int], float],
) -> Iterator[tuple[tuple[int, int], Floats]]:
    """The differences of each pair in each block of exchanges, for a metric that is no function of sums.

    The claims of both systems are stacked into one table with twice the units. A 0-or-1 weight then selects, for each
    unit, whose output counts, so a block of exchanges is one vectorized call per side.
    """
    gold, groups = exchanges.gold, exchanges.groups
    stacked_gold = gold.take(np.tile(np.arange(len(gold)), 2))
    length = None if groups.length is None else np.concatenate([groups.length] * 2)
    stacked_groups = ResamplingGroups(_twice(groups.article), _twice(groups.unit), length)
    for a, b in pairs:
        runs = [
            _stack_runs(systems[a][number % len(systems[a])], systems[b][number % len(systems[b])])
            for number in range(_common_runs(systems[a], systems[b]))
        ]
        for block in exchanges.blocks():
            swapped = block.astype(np.int64)
            first_side, second_side = (
                mean_over_seeds(metric, stacked_gold, runs, stacked_groups, weights)
                for weights in (np.hstack([1 - swapped, swapped]), np.hstack([swapped, 1 - swapped]))
            )
            yield (a, b), first_side - second_side


def _common_runs(runs_a: Sequence[object], runs_b: Sequence[object]) -> int:
    """The number of runs after which both systems have as many: one run stands against every run of the other."""
    return lcm(len(runs_a), len(runs_b))


def _twice(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The codes of two copies of the claims; the second copy has codes of its own."""
    return np.concatenate([codes, codes + int(codes.max()) + 1])


def _stack_runs(a: Run, b: Run) -> Run:
    """One run over the claims of `a` followed by those of `b`."""
    scores = None if a.scores is None or b.scores is None else np.concatenate([a.scores, b.scores])
    shown = None
    if a.has_evidence is not None and b.has_evidence is not None:
        shown = np.concatenate([a.has_evidence, b.has_evidence])
    predicted = np.concatenate([a.predicted, b.predicted])
    counts = {
        name: np.concatenate([of_a, b.evidence_counts[name]])
        for name, of_a in a.evidence_counts.items()
        if name in b.evidence_counts
    }
    probabilities = a.probabilities and b.probabilities
    return Run(scores, predicted, probabilities, has_evidence=shown, evidence_counts=counts)
