"""How intervals were made, in words, from what each value records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from harness.metrics.intervals import RESAMPLING_METHODS, Intervals, Method, Value
from harness.text_tables import count_of
from harness.uncertainty.resampling import JACKKNIFE_BLOCKS

MAX_NAMED = 5
"""Number of systems up to which those with the most frequent method are named."""


def describe_method(method: Method, n_units: int, intervals: Intervals) -> str:
    """What was drawn or left out for an interval: "from 1,000 resamples of articles, seed 13".

    Args:
        method: method of the interval.
        n_units: number of resampling units of the value.
        intervals: settings that the result records: unit, number of resamples and random seed.
    """
    if method in RESAMPLING_METHODS:
        strata = "" if intervals.stratify is None else f" within strata by {intervals.stratify}"
        count = count_of(intervals.resamples, "resample")
        return f"from {count} of {intervals.unit}s{strata}, seed {intervals.random_seed}"
    if method == "clopper-pearson":
        return "exact, nothing is resampled"
    if n_units > JACKKNIFE_BLOCKS:
        return f"leaving out one of {JACKKNIFE_BLOCKS} groups of {intervals.unit}s at a time"
    return f"leaving out one {intervals.unit} at a time"


class IntervalUse(NamedTuple):
    """An interval of a table: what it is for, and how it was made."""

    subject: str
    """Heading of the metric; empty if the table has a single one."""
    system: str
    """System or row of the table."""
    method: Method | None
    """Method; None without an interval."""
    n_units: int
    """Number of resampling units."""


def interval_use(subject: str, system: str, value: Value) -> IntervalUse:
    """The use of an interval by a value of a table."""
    return IntervalUse(subject, system, value.method, value.n_units)


def describe_intervals(
    uses: Iterable[IntervalUse], intervals: Intervals, what: str = "95% confidence intervals"
) -> str:
    """One line on the intervals of a table, which names each method with what it is used for.

    Systems are named only if the method differs between them; of the method that most have, only their number if they
    are many.

    Args:
        uses: every value of the table; those without an interval are passed over.
        intervals: settings that the results record: unit, number of resamples and random seed.
        what: the first words.
    Returns: "95% confidence intervals, leaving out one article at a time: jackknife-t for F1, AP"; empty if there is no
        interval.
    """
    systems_of: dict[tuple[str, Method], dict[str, list[str]]] = {}
    for use in uses:
        if use.method is not None:
            how = describe_method(use.method, use.n_units, intervals)
            systems = systems_of.setdefault((how, use.method), {}).setdefault(use.subject, [])
            if use.system not in systems:
                systems.append(use.system)
    if not systems_of:
        return ""
    n_ways = Counter(subject for by_subject in systems_of.values() for subject in by_subject)
    most: dict[str, list[str]] = {}
    for by_subject in systems_of.values():
        for subject, systems in by_subject.items():
            most[subject] = max(most.get(subject, []), systems, key=len)
    methods_by_how: dict[str, list[str]] = {}
    for (how, method), by_subject in systems_of.items():
        named = [
            " of ".join(filter(None, (subject, _named(systems, most[subject]) if n_ways[subject] > 1 else "")))
            for subject, systems in by_subject.items()
        ]
        named = [name for name in named if name]
        methods_by_how.setdefault(how, []).append(f"{method} for {', '.join(named)}" if named else method)
    parts = [f"{how}: {'; '.join(methods)}" for how, methods in methods_by_how.items()]
    return f"{what}{' ' if parts[0].startswith('from') else ', '}{'; '.join(parts)}"


def _named(systems: list[str], most: list[str]) -> str:
    """The names of the systems with a method; only their number if they are many, and those that most have."""
    return f"the other {len(systems)}" if systems is most and len(systems) > MAX_NAMED else ", ".join(systems)
