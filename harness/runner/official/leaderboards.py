"""Published leaderboards that stand beside an experiment's own systems, with intervals that their test size implies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.data.benchmarks.benchmark import Published, benchmark_names, load_benchmark
from harness.metrics import METRICS
from harness.metrics.intervals import Value


class ReferenceResult(NamedTuple):
    """A published value with an interval as wide as ours."""

    system: str
    value: float
    low: float | None
    high: float | None


def leaderboards_for(config: dict[str, Any], metrics: Sequence[str] | None = None) -> tuple[Published, ...]:
    """The leaderboards of the benchmark and part that an experiment is about.

    Args:
        config: the resolved config.
        metrics: those that a leaderboard may report, by name; None: any.
    """
    name, split = config["dataset"], config["split"]
    if not isinstance(name, str) or name not in benchmark_names() or split.get("protocol") != "official":
        return ()
    tested = tuple(split.get("test") or ())
    found = [board for board in load_benchmark(name).published if tested == (board.part,)]
    return tuple(board for board in found if metrics is None or board.metric in metrics)


def leaderboard_metrics(config: dict[str, Any], binary: bool) -> tuple[str, ...]:
    """The metrics of those leaderboards, which an experiment that names no metric has beside those of its task.

    Args:
        config: the resolved config.
        binary: whether the task is answered by yes or no; else metrics of a positive label are left out.
    """
    listed = dict.fromkeys(board.metric for board in leaderboards_for(config))
    return tuple(name for name in listed if binary or not METRICS.get(name).yes_or_no_only)


def with_borrowed_intervals(
    published: Published, ours: Sequence[Value], bounds: tuple[float, float] = (0.0, 1.0)
) -> list[ReferenceResult]:
    """Published systems with the interval of our system nearest in value, moved to theirs.

    A published result comes without its predictions, so its own interval cannot be known; how far a value varies with
    the test articles depends on these and on its height, and a system of ours of like height on the same claims shows
    both.

    Args:
        ours: values of our systems in the same metric, on the same claims.
        bounds: of the metric.
    """
    known = [v for v in ours if v.value is not None and v.low is not None and v.high is not None]
    return [_implied(entry.system, entry.value, known, bounds) for entry in published.systems]


def _implied(system: str, value: float, ours: Sequence[Value], bounds: tuple[float, float]) -> ReferenceResult:
    nearest = min(ours, key=lambda v: abs((v.value or 0.0) - value), default=None)
    if nearest is None or nearest.value is None or nearest.low is None or nearest.high is None:
        return ReferenceResult(system, value, None, None)
    low, high = value - (nearest.value - nearest.low), value + (nearest.high - nearest.value)
    return ReferenceResult(system, value, max(bounds[0], low), min(bounds[1], high))
