"""Published leaderboards next to our own systems, with intervals borrowed from those that are near in value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.benchmarks.benchmark import Published, benchmark_names, load_benchmark
from harness.display import displayed
from harness.metrics import METRICS
from harness.metrics.intervals import Value
from harness.text_tables import format_number

if TYPE_CHECKING:
    from harness.runner.result_files import Result

NEAR = 0.05
"""Largest difference at which a system of ours is near a published value."""
NEAR_SHARE = 0.2
"""Largest difference as a share of the distance between the published value and the closer bound of the metric."""


@displayed
class ReferenceResult(NamedTuple):
    """A published value, with an interval if a system of ours is near."""

    system: str
    """Name of the published system."""
    value: float
    """Published value."""
    low: float | None
    """Lower end of the borrowed interval; None if no system of ours is near."""
    high: float | None
    """Upper end of the borrowed interval; None if no system of ours is near."""
    nearest: str | None
    """Our system with an interval whose value is nearest; None if no system of ours has an interval."""
    difference: float | None
    """Published value minus the value of `nearest`."""
    note: str
    """Where the interval comes from, or the reason why there is none."""


def leaderboards_for(config: dict[str, Any], metrics: Sequence[str] | None = None) -> tuple[Published, ...]:
    """The leaderboards for the benchmark and the test split of an experiment.

    Args:
        config: resolved config.
        metrics: names of the metrics to include; None for all.
    """
    name, split = config["dataset"], config["split"]
    if not isinstance(name, str) or name not in benchmark_names() or split.get("protocol") != "official":
        return ()
    test_parts = tuple(split.get("test") or ())
    # A leaderboard covers exactly one official split; values over several splits together are not comparable.
    leaderboards = [board for board in load_benchmark(name).published if test_parts == (board.part,)]
    return tuple(board for board in leaderboards if metrics is None or board.metric in metrics)


def leaderboard_metrics(config: dict[str, Any], binary: bool) -> tuple[str, ...]:
    """The metrics of the matching leaderboards, which an experiment without `metrics` gets in addition to its task's.

    Args:
        config: resolved config.
        binary: whether the task is a yes-or-no task; otherwise metrics of a positive label are excluded.
    """
    names = dict.fromkeys(board.metric for board in leaderboards_for(config))
    return tuple(name for name in names if binary or not METRICS.get(name).yes_or_no_only)


def with_borrowed_intervals(
    published: Published, ours: Mapping[str, Value], bounds: tuple[float, float] = (0.0, 1.0)
) -> list[ReferenceResult]:
    """Published systems, each with the interval of our nearest system, shifted to the published value, if it is near.

    A published result comes without predictions, so its own interval is unknown. How much a value varies with the test
    articles depends on the articles and on the value itself: a share v varies with sqrt(v (1 - v)). One of our systems
    has the articles in common with the published system, but not the value, unless it is near (`near_distance`).

    Args:
        published: a leaderboard.
        ours: values of our systems for the same metric and claims, by name.
        bounds: lowest and highest value of the metric.
    """
    return [_reference(entry.system, entry.value, ours, bounds) for entry in published.systems]


def references(board: Published, results: Sequence[Result]) -> list[ReferenceResult]:
    """The systems of a leaderboard next to the results of one experiment."""
    ours = {result.system: result.values[board.metric] for result in results}
    return with_borrowed_intervals(board, ours, METRICS.get(board.metric).bounds)


def near_distance(value: float, bounds: tuple[float, float] = (0.0, 1.0)) -> float:
    """The largest difference from a published value at which the width of an interval still carries over.

    At most `NEAR`, and at most a fifth of the distance to the closer bound: within that, sqrt(v (1 - v)), and the width
    of an interval with it, changes by about a tenth at most.
    """
    return min(NEAR, NEAR_SHARE * (value - bounds[0]), NEAR_SHARE * (bounds[1] - value))


def _reference(system: str, value: float, ours: Mapping[str, Value], bounds: tuple[float, float]) -> ReferenceResult:
    candidates = [
        (name, v.value, v.low, v.high)
        for name, v in ours.items()
        if v.value is not None and v.low is not None and v.high is not None
    ]
    if not candidates:
        return ReferenceResult(
            system, value, None, None, None, None, "no interval: no system of ours has one to borrow from"
        )
    name, nearest, low, high = min(candidates, key=lambda candidate: abs(candidate[1] - value))
    difference, limit = value - nearest, near_distance(value, bounds)
    where = f"our system {name} at {format_number(nearest)}"
    # The tolerance keeps a difference that equals the limit but for rounding.
    if abs(difference) > limit + 1e-9:
        limit_text = f"near means at most {_digits(limit)}"
        note = f"no interval: {where} is nearest but differs by {_digits(difference)}, and {limit_text}"
        return ReferenceResult(system, value, None, None, name, difference, note)
    return ReferenceResult(
        system=system,
        value=value,
        low=max(bounds[0], low + difference),
        high=min(bounds[1], high + difference),
        nearest=name,
        difference=difference,
        note=f"interval width borrowed from {where}, which differs by {_digits(difference)}",
    )


def _digits(difference: float) -> str:
    """A difference with four digits, so that one just above its limit does not look equal to it."""
    return f"{abs(difference):.4f}".removeprefix("0")
