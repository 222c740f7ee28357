"""The record of a comparison: systems ordered by value, and a test of every pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.compare.decision import DECIDED_BY, few_units_caution, is_significant
from harness.compare.paired_tests import Correction, Difference
from harness.display import Rows, displayed
from harness.errors import UnknownName, unknown_name
from harness.metrics.intervals import Intervals, Value
from harness.runner.official.leaderboards import ReferenceResult

if TYPE_CHECKING:
    import pandas as pd


@displayed
class ComparedSystem(NamedTuple):
    """One system of a comparison."""

    name: str
    """Name of the system."""
    value: Value
    """Value of the compared metric, with its interval."""
    tie_group: int | None
    """Number of the tie group; 1 for the best system and all that do not differ from it significantly. None without a
    value."""

    def document(self) -> dict[str, Any]:
        """The system as `harness compare --json` prints it."""
        return {
            "system": self.name,
            "value": self.value.value,
            "low": self.value.low,
            "high": self.value.high,
            "tie_group": self.tie_group,
            "method": self.value.method,
            **({"note": self.value.note} if self.value.note else {}),
            **({"reason": self.value.reason} if self.value.value is None else {}),
        }


@displayed
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

    def document(self, caution: str | None = None) -> dict[str, Any]:
        """The pair as `harness compare --json` prints it.

        Args:
            caution: the caution of the comparison; see `Comparison.caution`.
        """
        difference = self.difference
        document: dict[str, Any] = {
            "a": self.a,
            "b": self.b,
            "difference": difference.value if difference else None,
            "low": difference.low if difference else None,
            "high": difference.high if difference else None,
            "p": difference.p if difference else None,
            "p_corrected": self.p_corrected,
        }
        if difference is None:
            return document | {"decided_by": None, "reason": self.reason}
        document |= {"decided_by": DECIDED_BY, "significant": is_significant(self.p_corrected)}
        if notes := "; ".join(filter(None, (self.note, caution))):
            document["note"] = notes
        document |= {"test": difference.test, "draws": difference.draws, "method": difference.method}
        document["minimum_detectable_difference"] = difference.detectable
        other_tests = {"mcnemar_p": difference.mcnemar_p, "folds_p": difference.folds_p}
        return document | {name: p for name, p in other_tests.items() if p is not None}


@displayed
@dataclass(frozen=True)
class Comparison:
    """Systems ordered by value, and a test of every pair."""

    metric: str
    """Name of the compared metric."""
    heading: str
    """Name of the metric in table headings."""
    systems: Rows[ComparedSystem]
    """Systems, best first; systems without a value last."""
    pairs: Rows[SystemPair]
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
    intervals: Intervals = field(default_factory=Intervals)
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

    def __len__(self) -> int:
        return len(self.systems)

    def document(self) -> dict[str, Any]:
        """The comparison as `harness compare --json` prints it."""
        document: dict[str, Any] = {
            "metric": self.metric,
            "systems": [system.document() for system in self.systems],
            "pairs": [pair.document(self.caution) for pair in self.pairs],
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

    def to_pandas(self, table: Literal["systems", "pairs"] = "systems") -> pd.DataFrame:
        """The systems or the pairs as a data frame, one row each.

        Args:
            table: `systems`: values with intervals and tie groups. `pairs`: differences with intervals and p-values.
        Raises: UnknownName: no such table.
        """
        if table not in ("systems", "pairs"):
            raise UnknownName(unknown_name("table of a comparison", table, ["systems", "pairs"]))
        import pandas as pd

        rows = self.document()[table]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        from harness.compare.tables import comparison_text

        return comparison_text([self])

    def _repr_html_(self) -> str:
        from harness.compare.tables import comparison_html

        return comparison_html([self])
