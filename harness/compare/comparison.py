"""The record of a comparison: systems ordered by value, and a test of every pair."""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.compare.decision import DECIDED_BY, few_units_caution, is_significant
from harness.compare.paired_tests import Correction, Difference
from harness.metrics.intervals import Intervals, Value
from harness.runner.official.leaderboards import ReferenceResult


class ComparedSystem(NamedTuple):
    """One system of a comparison."""

    name: str
    """Name of the system."""
    value: Value
    """Value of the compared metric, with its interval."""
    tie_group: int | None
    """Number of the tie group; 1 for the best system and all that do not differ from it significantly. None without a
    value."""
    random_seeds: tuple[int, ...] = ()
    """Random seed of each run; empty if the fits do not depend on it."""


class SystemPair(NamedTuple):
    """Two systems, the one with the better value first."""

    a: str
    """Name of the system with the better value."""
    b: str
    """Name of the other system."""
    difference: Difference | None
    """Value of `a` minus value of `b`, with its test; None if there is none."""
    p_corrected: float | None
    """P-value corrected for the number of pairs; None without a test."""
    reason: str | None = None
    """Reason why there is no difference."""
    note: str | None = None
    """What decides if the interval of the difference and its test disagree."""


class Comparison(NamedTuple):
    """Systems ordered by value, and a test of every pair."""

    metric: str
    """Name of the compared metric."""
    heading: str
    """Name of the metric in table headings."""
    systems: tuple[ComparedSystem, ...]
    """Systems, best first; systems without a value last."""
    pairs: tuple[SystemPair, ...]
    """All pairs of systems."""
    n: int
    """Number of claims."""
    n_units: int
    """Number of resampling units."""
    unit: str
    """Resampling unit: `article`, `speaker` or `claim`."""
    resamples: int
    """Number of random exchanges of each test that draws any; see `Difference.draws`."""
    correction: Correction
    """Correction of the p-values."""
    warnings: tuple[str, ...]
    """Warnings of all results, each once."""
    first: str = ""
    """System of the first given result."""
    published: tuple[ReferenceResult, ...] = ()
    """Published systems of the matching leaderboards, best first; intervals only if a system of ours is near."""
    published_source: str = ""
    """Sources and test sizes of these leaderboards."""
    intervals: Intervals = Intervals()
    """Settings of the intervals."""

    @property
    def n_tested(self) -> int:
        """Number of pairs with a test, for which the p-values are corrected."""
        return sum(pair.p_corrected is not None for pair in self.pairs)

    @property
    def caution(self) -> str | None:
        """Why neither intervals of differences nor p-values can be trusted; None if there are enough units."""
        return few_units_caution(self.n_units, self.unit) if self.n_tested else None

    notes: tuple[str, ...] = ()
    """Remarks on the results that were compared."""
    left_out: tuple[str, ...] = ()
    """Results of the run folders that were not compared, one line for each reason."""

    def document(self) -> dict[str, Any]:
        """The comparison as `harness compare --json` prints it."""
        systems = [
            {
                "system": system.name,
                "value": system.value.value,
                "low": system.value.low,
                "high": system.value.high,
                "tie_group": system.tie_group,
                "method": system.value.method,
                **_seeds_document(system),
                **({"note": system.value.note} if system.value.note else {}),
                **({"reason": system.value.reason} if system.value.value is None else {}),
            }
            for system in self.systems
        ]
        document: dict[str, Any] = {
            "metric": self.metric,
            "systems": systems,
            "pairs": [_pair_document(pair, self.caution) for pair in self.pairs],
        }
        if self.published:
            document["published"] = {
                "source": self.published_source,
                "systems": [entry._asdict() for entry in self.published],
            }
        if self.notes:
            document["notes"] = list(self.notes)
        if self.left_out:
            document["left_out"] = list(self.left_out)
        return document

    def __str__(self) -> str:
        from harness.compare.tables import comparison_text

        return comparison_text([self])

    def _repr_html_(self) -> str:
        from harness.compare.tables import comparison_html

        return comparison_html([self])


def _seeds_document(system: ComparedSystem) -> dict[str, Any]:
    """Standard deviation and value of each seed; empty with a single run."""
    if not system.value.seed_values:
        return {}
    return {
        "standard_deviation": system.value.standard_deviation,
        "seed_values": [seed_value.model_dump() for seed_value in system.value.seed_values],
    }


def _pair_document(pair: SystemPair, caution: str | None) -> dict[str, Any]:
    difference = pair.difference
    document = {
        "a": pair.a,
        "b": pair.b,
        "difference": difference.value if difference else None,
        "low": difference.low if difference else None,
        "high": difference.high if difference else None,
        "p": difference.p if difference else None,
        "p_corrected": pair.p_corrected,
    }
    if difference is None:
        return document | {"decided_by": None, "reason": pair.reason}
    document |= {"decided_by": DECIDED_BY, "significant": is_significant(pair.p_corrected)}
    if notes := "; ".join(filter(None, (pair.note, caution))):
        document["note"] = notes
    document |= {"test": difference.test, "draws": difference.draws, "method": difference.method}
    document["minimum_detectable_difference"] = difference.detectable
    other_tests = {"mcnemar_p": difference.mcnemar_p, "folds_p": difference.folds_p}
    return document | {name: p for name, p in other_tests.items() if p is not None}
