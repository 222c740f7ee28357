"""What a run would do, unit by unit, and what it would take by the costs of earlier fits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.display import displayed
from harness.runner.cost import Cost, read_cost
from harness.runner.external_calls import Forecast
from harness.runner.plan import Unit
from harness.runner.storage.current import results_in
from harness.runner.units.unit_file import unit_path


@displayed
class PlannedUnit(NamedTuple):
    """One fit of a plan."""

    unit_id: str
    system: str
    fold: str
    random_seed: int | None
    """None if the fit does not depend on a seed."""
    done: bool
    """Whether the run folder has it, whole."""
    seconds: float | None
    """Time of fitting and scoring, as measured if it is done, else that of earlier fits of the system, or of its
    classifier; None if there are none."""


@displayed
class UnitEstimate(NamedTuple):
    """What the units that are left would take in one process."""

    seconds: float | None
    """None if it is unknown for a unit."""
    megabytes: float | None
    """Peak memory of earlier fits; None if it is unknown for a unit."""
    unknown_units: int
    """Number of units that are left and have no earlier fit to judge by."""


def plan_units(
    units: Sequence[Unit], done: Collection[str], folder: Path
) -> tuple[tuple[PlannedUnit, ...], UnitEstimate]:
    """Lists units with their costs, and estimates what is left.

    Args:
        units: each once.
        done: ids of the units that are finished.
        folder: the run folder.
    """
    measured = {unit.unit_id: read_cost(unit_path(folder, unit.unit_id)) for unit in units if unit.unit_id in done}
    by_system, by_classifier = dict[str, list[Cost]](), dict[str, list[Cost]]()
    for unit in units:
        if (cost := measured.get(unit.unit_id)) is not None:
            by_system.setdefault(unit.system.system_name, []).append(cost)
            by_classifier.setdefault(unit.system.name, []).append(cost)
    if len(done) < len(units):
        for name, cost in _costs_of_results(folder):
            by_classifier.setdefault(name, []).append(cost)
    planned, peaks = list[PlannedUnit](), list[float | None]()
    for unit in units:
        system, is_done = unit.system, unit.unit_id in done
        known = measured.get(unit.unit_id)
        costs = [known] if known is not None else []
        if not is_done:
            costs = by_system.get(system.system_name) or by_classifier.get(system.name) or []
            peaks.append(max((cost.peak_megabytes for cost in costs if cost.peak_megabytes), default=None))
        seconds = sum(map(_seconds, costs)) / len(costs) if costs else None
        planned.append(PlannedUnit(unit.unit_id, system.system_name, unit.fold.name, unit.seed, is_done, seconds))
    left = [unit.seconds for unit in planned if not unit.done]
    times, sizes = [time for time in left if time is not None], [peak for peak in peaks if peak is not None]
    return tuple(planned), UnitEstimate(
        seconds=sum(times) if len(times) == len(left) else None,
        megabytes=max(sizes, default=0.0) if len(sizes) == len(peaks) else None,
        unknown_units=len(left) - len(times),
    )


def _seconds(cost: Cost) -> float:
    return cost.fit_seconds + cost.score_seconds


def _costs_of_results(folder: Path) -> list[tuple[str, Cost]]:
    """The mean cost of a unit by classifier, for each earlier full result, such as one with other settings."""
    costs = []
    for entry in results_in(folder):
        result = entry.result
        if result is None or result.cost is None or result.trial is not None or not result.provenance.units:
            continue
        n = len(result.provenance.units)
        each = {name: getattr(result.cost, name) / n for name in ("fit_seconds", "score_seconds")}
        costs.append((result.provenance.classifier.name, result.cost.model_copy(update=each)))
    return costs


def join_estimates(estimates: Sequence[UnitEstimate]) -> UnitEstimate:
    """What several parts of a run would take, one after the other."""
    times = [each.seconds for each in estimates if each.seconds is not None]
    peaks = [each.megabytes for each in estimates if each.megabytes is not None]
    return UnitEstimate(
        seconds=sum(times) if len(times) == len(estimates) else None,
        megabytes=max(peaks, default=0.0) if len(peaks) == len(estimates) else None,
        unknown_units=sum(each.unknown_units for each in estimates),
    )


def plan_document(units: Sequence[PlannedUnit], estimate: UnitEstimate, forecast: Forecast) -> Mapping[str, object]:
    """The part of `harness run --dry-run --json` that lists units and estimates what is left; money is in dollars."""
    money = None if forecast.unpriced else forecast.dollars
    return {
        "estimate": {**estimate._asdict(), "calls": forecast.calls, "tokens": forecast.tokens, "money": money},
        **({"warnings": [*forecast.warnings]} if forecast.warnings else {}),
        "unit_list": [unit._asdict() for unit in units],
    }
