"""Published leaderboards for comparison with our own systems, with intervals borrowed from these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.data.benchmarks.benchmark import Published, benchmark_names, load_benchmark
from harness.display import displayed
from harness.metrics import METRICS
from harness.metrics.intervals import Value


@displayed
class ReferenceResult(NamedTuple):
    """A published value with a borrowed interval."""

    system: str
    """Name of the published system."""
    value: float
    """Published value."""
    low: float | None
    """Lower end of the borrowed interval; None if no system of ours has an interval."""
    high: float | None
    """Upper end of the borrowed interval; None if no system of ours has an interval."""


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
    published: Published, ours: Sequence[Value], bounds: tuple[float, float] = (0.0, 1.0)
) -> list[ReferenceResult]:
    """Published systems, each with the interval of our closest system, shifted to the published value.

    A published result comes without predictions, so its own interval is unknown. How much a value varies with the test
    articles depends on the articles and on the value itself; one of our systems with a similar value on the same claims
    has both in common with the published system.

    Args:
        published: a leaderboard.
        ours: values of our systems for the same metric and claims.
        bounds: lowest and highest value of the metric.
    """
    with_interval = [v for v in ours if v.value is not None and v.low is not None and v.high is not None]
    return [_with_borrowed_interval(entry.system, entry.value, with_interval, bounds) for entry in published.systems]


def _with_borrowed_interval(
    system: str, value: float, ours: Sequence[Value], bounds: tuple[float, float]
) -> ReferenceResult:
    nearest = min(ours, key=lambda v: abs((v.value or 0.0) - value), default=None)
    if nearest is None or nearest.value is None or nearest.low is None or nearest.high is None:
        return ReferenceResult(system, value, None, None)
    low = value - (nearest.value - nearest.low)
    high = value + (nearest.high - nearest.value)
    return ReferenceResult(system, value, max(bounds[0], low), min(bounds[1], high))
