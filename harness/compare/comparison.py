"""The record of a comparison: systems by value, and every pair of them tested."""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.compare.pairs import Correction, Difference
from harness.metrics.intervals import Value
from harness.runner.official.leaderboards import ReferenceResult


class ComparedSystem(NamedTuple):
    """One system of a comparison."""

    name: str
    value: Value
    tie_group: int | None
    """1 for the best and all that do not differ from it significantly, and so on down; None without a value."""


class SystemPair(NamedTuple):
    """Two systems, the one with the better value first."""

    a: str
    b: str
    difference: Difference | None
    p_corrected: float | None
    reason: str | None = None
    """Why there is no difference."""


class Comparison(NamedTuple):
    """Systems by value, every pair tested."""

    metric: str
    heading: str
    systems: tuple[ComparedSystem, ...]
    pairs: tuple[SystemPair, ...]
    n: int
    n_units: int
    unit: str
    resamples: int
    correction: Correction
    warnings: tuple[str, ...]
    first: str = ""
    """The system of the first result given."""
    published: tuple[ReferenceResult, ...] = ()
    """The leaderboards that these results stand beside as one, the best first, their intervals as wide as ours."""
    published_source: str = ""

    def document(self) -> dict[str, Any]:
        """The comparison as `harness compare --json` prints it."""
        systems = [
            {
                "system": system.name,
                "value": system.value.value,
                "low": system.value.low,
                "high": system.value.high,
                "tie_group": system.tie_group,
                **({"reason": system.value.reason} if system.value.value is None else {}),
            }
            for system in self.systems
        ]
        document: dict[str, Any] = {
            "metric": self.metric,
            "systems": systems,
            "pairs": [_pair_document(pair) for pair in self.pairs],
        }
        if self.published:
            document["published"] = {
                "source": self.published_source,
                "systems": [entry._asdict() for entry in self.published],
            }
        return document

    def __str__(self) -> str:
        from harness.compare.tables import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from harness.compare.tables import comparison_html

        return comparison_html(self)


def _pair_document(pair: SystemPair) -> dict[str, Any]:
    found = pair.difference
    said = {
        "a": pair.a,
        "b": pair.b,
        "difference": found.value if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "p": found.p if found else None,
        "p_corrected": pair.p_corrected,
    }
    if found is None:
        return said | {"reason": pair.reason}
    more = {"mcnemar_p": found.mcnemar_p, "folds_p": found.folds_p}
    said |= {"test": found.test, "minimum_detectable_difference": found.detectable}
    return said | {name: p for name, p in more.items() if p is not None}
