"""Footnotes of comparisons, the same in every format: how intervals and p-values were made, and what decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from harness.compare.comparison import Comparison, SystemPair
from harness.compare.decision import RULE
from harness.metrics.interval_text import IntervalUse, describe_intervals, interval_use
from harness.metrics.seed_text import describe_seeds, seed_rows
from harness.runner.tables import MAX_PUBLISHED_ROWS, reference_notes
from harness.text_tables import count_of, format_number

CORRECTIONS = {"holm": "Holm", "bh": "Benjamini-Hochberg"}
MAX_NAMED_PAIRS = 5
"""Number of pairs up to which a footnote names all that it is about."""
TIE_GROUP = "tie group: not significantly different (p >= .05) from the best system of the group"


def size_note(comparison: Comparison) -> str:
    """Number of claims and of resampling units."""
    return f"{count_of(comparison.n, 'claim')} in {count_of(comparison.n_units, comparison.unit)}"


def system_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """Footnotes of a leaderboard: intervals of the values, undefined values, notes on values, published results."""
    line = value_interval_line(comparisons)
    return [
        *([line] if line else []),
        *describe_seeds({system.name: system.random_seeds for system in comparisons[0].systems}),
        *_by_metric(comparisons, _value_notes),
        *_by_metric(comparisons, published_notes),
    ]


def values_by_seed(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Rows with the value of each system with each random seed; empty if no system has several."""
    by_name = [{system.name: system.value for system in comparison.systems} for comparison in comparisons]
    values = {name: [of_metric[name] for of_metric in by_name] for name in by_name[0]}
    return seed_rows([comparison.heading for comparison in comparisons], values)


def seed_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """The value of each system with each random seed, a line for each metric; none if no system has several."""
    lines = []
    for comparison in comparisons:
        numbers: dict[str, list[str]] = {}
        for system, _, number in values_by_seed([comparison])[1:]:
            numbers.setdefault(system, []).append(number)
        listed = "; ".join(f"{system} {', '.join(of_system)}" for system, of_system in numbers.items())
        lines += [f"{comparison.heading} with each random seed: {listed}"] if listed else []
    return lines


def value_interval_line(comparisons: Sequence[Comparison]) -> str:
    """How the intervals of the values were made; empty if there is none."""
    several = len(comparisons) > 1
    uses = [
        interval_use(comparison.heading if several else "", system.name, system.value)
        for comparison in comparisons
        for system in comparison.systems
    ]
    return describe_intervals(uses, comparisons[0].intervals, "95% confidence intervals of values")


def pair_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """Footnotes of pairs: intervals, what is detectable, and the footnotes of the decision."""
    tested = [comparison for comparison in comparisons if comparison.n_tested]
    notes = [interval_line(tested), *_by_metric(tested, _detectable)] if tested else []
    return [*notes, *decision_notes(comparisons), *_by_metric(comparisons, _untested)]


def decision_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """Footnotes of what decides: tests and correction, the rule, and the pairs where the interval disagrees."""
    tested = [comparison for comparison in comparisons if comparison.n_tested]
    notes = [*_by_metric(tested, lambda comparison: [test_line(comparison)]), RULE] if tested else []
    notes += dict.fromkeys(comparison.caution for comparison in tested if comparison.caution)
    return [*notes, *_by_metric(comparisons, _disagreements)]


def interval_line(comparisons: Sequence[Comparison]) -> str:
    """How the intervals of the differences were made."""
    uses = [
        IntervalUse(
            subject=comparison.heading if len(comparisons) > 1 else "",
            system=f"{pair.a} - {pair.b}",
            method=pair.difference.method,
            n_units=comparison.n_units,
        )
        for comparison in comparisons
        for pair in comparison.pairs
        if pair.difference is not None
    ]
    return describe_intervals(uses, comparisons[0].intervals, "95% confidence intervals of paired differences")


def test_line(comparison: Comparison) -> str:
    """The tests behind p, what they draw, and the correction."""
    differences = [pair.difference for pair in comparison.pairs if pair.difference is not None]
    strata = comparison.intervals.stratify
    parts = []
    for difference in {difference.test: difference for difference in differences}.values():
        if difference.draws is None:
            ignored = f", ignoring strata by {strata}" if strata else ""
            parts.append(f"jackknife-t, Student's t with the spread of leaving out {comparison.unit}s{ignored}")
        else:
            kept = f", which leaves the strata by {strata} as they are" if strata else ""
            parts.append(f"randomization, {difference.draws:,} exchanges of {comparison.unit}s{kept}")
    correction = f"{CORRECTIONS[comparison.correction]} correction for {count_of(comparison.n_tested, 'pair')}"
    return f"p: {' or '.join(parts)}; {correction}"


def _detectable(comparison: Comparison) -> list[str]:
    drawn = {pair.difference.resamples for pair in comparison.pairs if pair.difference is not None}
    resamples = count_of(max(drawn), "resample")
    return [f"detectable: smallest difference found with 80% power, from {resamples} of {comparison.unit}s"]


def _by_metric(comparisons: Sequence[Comparison], notes_of: Callable[[Comparison], Iterable[str]]) -> list[str]:
    """The notes of every comparison; among several, those that do not hold for all begin with their metric."""
    headings: dict[str, list[str]] = {}
    for comparison in comparisons:
        for note in notes_of(comparison):
            headings.setdefault(note, []).append(comparison.heading)
    return [
        note if len(names) == len(comparisons) else f"{', '.join(names)}: {note}" for note, names in headings.items()
    ]


def _value_notes(comparison: Comparison) -> list[str]:
    systems: dict[str, list[str]] = {}
    for system in comparison.systems:
        value = system.value
        for note in [f"undefined: {value.reason}"] if value.value is None else (value.note or "").split("; "):
            if note:
                systems.setdefault(note, []).append(system.name)
    return [
        note if len(names) == len(comparison.systems) else f"{', '.join(names)}: {note}"
        for note, names in systems.items()
    ]


def published_notes(comparison: Comparison) -> list[str]:
    """The source of the published systems, and where the interval of each comes from."""
    if not comparison.published:
        return []
    return [
        f"published: {comparison.published_source}",
        *reference_notes(comparison.published[:MAX_PUBLISHED_ROWS]),
    ]


def _disagreements(comparison: Comparison) -> list[str]:
    return _pairs_by_text((pair, pair.note) for pair in comparison.pairs)


def _untested(comparison: Comparison) -> list[str]:
    return _pairs_by_text((pair, f"no difference: {pair.reason}") for pair in comparison.pairs if pair.reason)


def _pairs_by_text(texts: Iterable[tuple[SystemPair, str | None]]) -> list[str]:
    pairs: dict[str, list[SystemPair]] = {}
    for pair, text in texts:
        if text:
            pairs.setdefault(text, []).append(pair)
    return [f"{_named(of_text)}: {text}" for text, of_text in pairs.items()]


def _named(pairs: Sequence[SystemPair]) -> str:
    """The names of pairs; of many, those with the smallest p, the number of the others, and where all of them are."""
    p_values = {pair: pair.difference.p for pair in pairs if pair.difference is not None}
    more = ""
    if len(pairs) > MAX_NAMED_PAIRS:
        order = "smallest p first; " if p_values else ""
        more = f" and {len(pairs) - MAX_NAMED_PAIRS:,} more ({order}harness compare --json names all)"
        pairs = sorted(pairs, key=lambda pair: p_values.get(pair, 1.0))
    return ", ".join(f"{pair.a} - {pair.b}" for pair in pairs[:MAX_NAMED_PAIRS]) + more


def format_p(value: float) -> str:
    """Formats a p-value."""
    return "<.001" if value < 0.001 else format_number(value)
