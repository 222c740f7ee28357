"""The events of units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import HarnessError
from harness.features.stages import Spent
from harness.runner.plan import Unit
from harness.runner.units.leases import LEASE_S
from harness.runner.watching.events import NO_EVENTS, EventLog
from harness.text_tables import count_of


class UnitEvents:
    """Tells what happens to units; in a worker process, which gets a copy, it tells nothing.

    Args:
        events: takes the events.
        experiment: name of the experiment of the units.
    """

    def __init__(self, events: EventLog, experiment: str) -> None:
        self._events, self._experiment = events, experiment
        self._told = set[str]()

    def __getstate__(self) -> dict[str, Any]:
        return {"experiment": self._experiment}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._events, self._experiment, self._told = NO_EVENTS, state["experiment"], set()

    def started(self, unit: Unit, at: float | None = None) -> None:
        """A fit has begun, now or at a time."""
        if unit.unit_id not in self._told:
            self._told.add(unit.unit_id)
            self._events.write("unit_started", at, **self._facts(unit))

    def finished(self, unit: Unit, spent: Mapping[str, Spent], began_at: float | None) -> None:
        """A unit is fitted and written; its begin is told first if another process fitted it."""
        self.started(unit, began_at)
        seconds = {f"{name}_seconds": times.wall for name, times in spent.items()}
        self._events.write("unit_finished", **self._facts(unit), seconds=sum(seconds.values()), **seconds)

    def failed(self, unit: Unit, error: HarnessError) -> None:
        """A unit could not be fitted."""
        self.started(unit)
        self._events.write("unit_failed", **self._facts(unit), reason=str(error), code=error.code)

    def found(self, unit: Unit) -> None:
        """A unit was fitted before, or by another run."""
        self._events.write("unit_found", **self._facts(unit))

    def awaited(self, n: int) -> None:
        """Other processes say that they fit the last units."""
        self._events.say(
            f"waits for {count_of(n, 'unit')} that other processes are fitting; one that gives no sign of life for "
            f"{LEASE_S:.0f} s is taken over"
        )

    def _facts(self, unit: Unit) -> dict[str, Any]:
        return {
            "experiment": self._experiment,
            "unit": unit.unit_id,
            "system": unit.system.system_name,
            "fold": unit.fold.name,
            "seed": unit.seed,
        }
