"""Where the time of a run goes: reading, featurizing, fitting, scoring and measuring, by system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.display import displayed
from harness.features.stages import Spent, add_up
from harness.text_tables import align_columns

READ, FEATURIZE, FIT, SCORE, MEASURE = STAGES = ("read", "featurize", "fit", "score", "measure")
"""Stages in the order of a run; each is without the others."""
ALL_SYSTEMS = "all systems"


@displayed
class Profile(NamedTuple):
    """The time of the work that a run did; units that were found again took none."""

    read: Spent
    """Reading and splitting the data, and listing and finding the units, for all systems."""
    by_system: Mapping[str, Mapping[str, Spent]]
    """Time by stage of each system, over all processes."""
    wall: float
    """Seconds of the whole run on the clock."""

    def rows(self) -> list[tuple[str, str, Spent]]:
        """System, stage and time, in the order of the systems and the stages."""
        rows = [(ALL_SYSTEMS, READ, self.read)]
        for system, spent in self.by_system.items():
            rows += [(system, name, spent[name]) for name in STAGES if name in spent]
        return rows

    def document(self) -> dict[str, Any]:
        """The profile for `--json`."""
        rows = [
            {"system": system, "stage": name, "wall_seconds": spent.wall, "processor_seconds": spent.processor}
            for system, name, spent in self.rows()
        ]
        return {"wall_seconds": self.wall, "stages": rows}

    def __str__(self) -> str:
        rows = self.rows()
        total = add_up(*({"": spent} for _, _, spent in rows))[""]
        cells = [["system", "stage", "wall s", "processor s", "share"]]
        previous = None
        for system, name, spent in rows:
            share = spent.wall / total.wall if total.wall else 0.0
            cells.append([system if system != previous else "", name, *_seconds(spent), f"{share:.0%}"])
            previous = system
        cells.append(["sum", "", *_seconds(total), ""])
        note = f"{self.wall:.2f} s on the clock, with imports, files and waiting; shares are of the sum over processes"
        return f"{align_columns(cells)}\n{note}"


def _seconds(spent: Spent) -> tuple[str, str]:
    return f"{spent.wall:.2f}", f"{spent.processor:.2f}"
