"""Published leaderboards that stand beside an experiment's own systems, with intervals that their test size implies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.data.benchmark import Published, benchmark_names, load_benchmark
from harness.metrics.intervals import Value


class Implied(NamedTuple):
    """A published value with an interval as wide as ours."""

    system: str
    value: float
    low: float | None
    high: float | None


def published_of(config: dict[str, Any], metrics: Sequence[str]) -> Published | None:
    """The leaderboard of the benchmark, part and metric that an experiment is about; None where there is none.

    Args:
        config: the resolved config.
        metrics: the experiment's, by name.
    """
    name, split = config["dataset"], config["split"]
    if not isinstance(name, str) or name not in benchmark_names():
        return None
    found = load_benchmark(name).published
    same = found is not None and split.get("protocol") == "official" and tuple(split["test"]) == (found.part,)
    return found if same and found and found.metric in metrics else None


def implied(published: Published, ours: Sequence[Value], bounds: tuple[float, float] = (0.0, 1.0)) -> list[Implied]:
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


def _implied(system: str, value: float, ours: Sequence[Value], bounds: tuple[float, float]) -> Implied:
    nearest = min(ours, key=lambda v: abs((v.value or 0.0) - value), default=None)
    if nearest is None or nearest.value is None or nearest.low is None or nearest.high is None:
        return Implied(system, value, None, None)
    low, high = value - (nearest.value - nearest.low), value + (nearest.high - nearest.value)
    return Implied(system, value, max(bounds[0], low), min(bounds[1], high))
