"""Results as plain-text tables, which look the same in a terminal, a log and a README."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.benchmarks.benchmark import Published
from harness.data.labels.tasks import YES_NO, own_label_names
from harness.metrics.interval_text import describe_intervals, interval_use
from harness.metrics.intervals import Value
from harness.metrics.seed_text import describe_seeds, format_spread, seed_rows
from harness.runner.official.leaderboards import ReferenceResult, references
from harness.runner.result_files import WITHOUT_ANSWER, Result
from harness.runner.tuning.carried_thresholds import threshold_tables
from harness.runner.units.failures import FailedSystem
from harness.runner.verification.reads_evidence import EvidenceGain
from harness.text_tables import align_columns, count_of, fits, format_number, html_table

if TYPE_CHECKING:
    from harness.runner.official.evaluate import Evaluation

MANY_SYSTEMS = 4
"""Number of systems above which a note names metrics that they share once."""
MAX_CHOICES = 3
"""Maximum number of different choices that a table lists per system."""
MAX_PUBLISHED_ROWS = 6
"""Maximum number of published systems per leaderboard."""


def format_value(value: Value) -> str:
    """Formats a value with its standard deviation over seeds and its interval; an undefined value is a dash."""
    if value.value is None:
        return "-"
    text = format_number(value.value) + format_spread(value)
    if value.low is None or value.high is None:
        return text
    return f"{text} [{format_number(value.low)}, {format_number(value.high)}]"


def results_html(
    results: Sequence[Result],
    published: Sequence[Published] = (),
    failed: Sequence[FailedSystem] = (),
    gains: Sequence[EvidenceGain] = (),
) -> str:
    """`results_table` as HTML, for notebooks."""
    first, names, headings = results[0], list(results[0].values), _headings(results[0])
    rows = [["system", *headings.values()]]
    rows += [[result.system, *(format_value(result.values[name]) for name in names)] for result in results]
    rows += [[failure.system, "failed", *([""] * (len(names) - 1))] for failure in failed]
    rows += _published_rows(results, published, names)
    lines = [*_failure_notes(failed), *_notes(results, headings, gains)]
    lines += [*(line for board in published for line in published_notes(board, results))]
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    tables = [html_table(rows, _title(first))]
    if by_seed := _seed_rows(results, headings):
        tables.append(html_table(by_seed, "By random seed"))
    carried = threshold_tables([result.carried_thresholds for result in results], narrow=False)
    below = [html_table(table.rows, "; ".join(table.notes)) for table in carried]
    return "\n".join([*tables, f"<ul>{notes}</ul>", *below])


def results_table(
    results: Sequence[Result],
    published: Sequence[Published] = (),
    failed: Sequence[FailedSystem] = (),
    gains: Sequence[EvidenceGain] = (),
) -> str:
    """Formats results side by side: a title line, values with intervals, notes and warnings.

    Args:
        results: the results of one experiment.
        published: leaderboards; their best rows are listed under the metric that they report.
        failed: systems without a result.
        gains: what systems gain by evidence, for verdicts.
    """
    first = results[0]
    names = list(first.values)
    headings = _headings(first)
    rows = [["system", *headings.values()]]
    rows += [[result.system, *(format_value(result.values[name]) for name in names)] for result in results]
    rows += [[failure.system, "failed", *([""] * (len(names) - 1))] for failure in failed]
    rows += _published_rows(results, published, names)
    by_seed = _seed_rows(results, headings)
    parts = [_title(first), align_columns(rows), *([align_columns(by_seed) + "\n"] if by_seed else [])]
    parts += [*_deduplicated(results, headings), *_slices(results, headings)]
    parts += _threshold_tables(results)
    parts += [*_tie_ranges(results, headings), *_failure_notes(failed), *_notes(results, headings, gains)]
    parts += [f"labels: {line}" for line in first.label_mapping]
    parts += [line for board in published for line in published_notes(board, results)]
    return "\n\n".join(parts[:2]) + "\n" + "".join(f"\n{part}" for part in parts[2:])


def _failure_notes(failed: Sequence[FailedSystem]) -> list[str]:
    """Why each failed system has no result."""
    return [f"{failure.system} failed: {failure.reason}" for failure in failed]


def _headings(result: Result) -> dict[str, str]:
    """Column heading of each metric."""
    return {name: value.short_name for name, value in result.values.items()}


def _seed_rows(results: Sequence[Result], headings: Mapping[str, str]) -> list[list[str]]:
    """The value with each random seed, for systems with several."""
    values = {result.system: [result.values[name] for name in headings] for result in results}
    return seed_rows(list(headings.values()), values)


def _published_rows(results: Sequence[Result], published: Sequence[Published], names: Sequence[str]) -> list[list[str]]:
    rows = []
    for board in published:
        for entry in _references(board, results):
            cell = format_value(Value(value=entry.value, low=entry.low, high=entry.high, n_units=0))
            rows.append([f"published: {entry.system}", *(cell if name == board.metric else "" for name in names)])
    return rows


def _references(board: Published, results: Sequence[Result]) -> list[ReferenceResult]:
    """The best rows of a leaderboard."""
    return references(board, results)[:MAX_PUBLISHED_ROWS]


def published_notes(board: Published, results: Sequence[Result]) -> list[str]:
    """The source of a leaderboard, and where the interval of each of its best rows comes from."""
    return [f"published: {board.source} (over {board.n})", *reference_notes(_references(board, results))]


def reference_notes(entries: Sequence[ReferenceResult]) -> list[str]:
    """Where the intervals of published rows come from; rows with the same note share a line."""
    systems_by_note: dict[str, list[str]] = {}
    for entry in entries:
        systems_by_note.setdefault(entry.note, []).append(entry.system)
    return [f"published {', '.join(systems)}: {note}" for note, systems in systems_by_note.items()]


def _deduplicated(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """The same table without claims that duplicate training claims, if there are any."""
    affected = [(result, result.deduplicated) for result in results if result.deduplicated is not None]
    if not affected:
        return []
    rows = [["without duplicates", "n", *headings.values()]]
    rows += [
        [result.system, f"{without.n:,}", *(format_value(without.values[name]) for name in headings)]
        for result, without in affected
    ]
    return [align_columns(rows) + "\n"]


def _slices(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """The first metric for each slice: one table per kind of slice, with a row per slice and a column per system.

    In a table that would be too wide, the systems are the rows.
    """
    name, heading = next(iter(headings.items()))
    tables = []
    for kind in dict.fromkeys(part.by for part in results[0].slices):
        rows = [[f"{heading} by {kind}", "n", *(result.system for result in results)]]
        for first in (part for part in results[0].slices if part.by == kind):
            matches = [next((p for p in r.slices if (p.by, p.of) == (kind, first.of)), None) for r in results]
            cells = [format_value(match.values[name]) if match else "-" for match in matches]
            marks = (" *" if first.note else "") + (" †" if first.only_label else "")
            rows.append([first.of + marks, f"{first.n:,}", *cells])
        if not fits(rows):
            rows = [list(row) for row in zip(*rows, strict=True)]
        tables.append(align_columns(rows) + "\n")
    if any(part.note for part in results[0].slices):
        tables.append("*: too few units or positive claims for a conclusion\n")
    if any(part.only_label for part in results[0].slices):
        tables.append("†: every claim has the same gold label, so the value says only how often a system gives it\n")
    return tables


def _threshold_tables(results: Sequence[Result]) -> list[str]:
    """Thresholds from each group on each group, for each classifier with a threshold; notes are listed once."""
    tables = threshold_tables([result.carried_thresholds for result in results])
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    return [*(align_columns(table.rows) + "\n" for table in tables), *notes, *([""] if tables else [])]


def _tie_ranges(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """Worst and best value over all orders of equal scores, if the experiment asks for them."""
    lines = []
    for name, heading in headings.items():
        values = [(result.system, result.values[name]) for result in results]
        ranges = [
            f"{system} {format_number(value.worst)} to {format_number(value.best)}"
            for system, value in values
            if value.worst is not None and value.best is not None
        ]
        if ranges:
            lines.append(f"{heading}, worst to best order of equal scores: {', '.join(ranges)}")
    return lines


def _title(result: Result) -> str:
    size = f"{count_of(result.n, 'claim')} in {count_of(result.n_articles, 'article')}"
    parts = [f"{result.task} on {result.dataset}", size]
    if result.n_positive is not None:
        name = own_label_names(YES_NO, [scheme.mapping for scheme in result.provenance.schemes])[-1]
        parts.append(f"{result.n_positive:,} positive" + ("" if name == YES_NO[-1] else f" ({name})"))
    excluded = {reason: count for reason, count in result.excluded.items() if reason != WITHOUT_ANSWER}
    parts += [f"{count:,} excluded ({reason})" for reason, count in excluded.items()]
    parts += [f"trial ({result.trial})"] if result.trial is not None else []
    return " · ".join(parts)


def _notes(results: Sequence[Result], headings: Mapping[str, str], gains: Sequence[EvidenceGain]) -> list[str]:
    """Notes that a reader needs to interpret the numbers, each one once."""
    metrics_by_note: dict[str, dict[str, list[str]]] = {}
    for result in results:
        for name, value in result.values.items():
            for note in [value.reason] if value.reason else (value.note or "").split("; "):
                if note:
                    metrics_by_note.setdefault(note, {}).setdefault(result.system, []).append(headings[name])
    lines = [line] if (line := _interval_line(results, headings)) else []
    lines += list(dict.fromkeys(note for result in results for note in result.evidence_notes))
    if gains:
        unit = results[0].provenance.config.intervals.unit
        lines.append(
            f"macro F1 above the best system that sees the claim alone, and above the evidence alone, "
            f"paired by {unit}; intervals are not corrected for the number of systems:"
        )
        lines += [f"  {gain}" for gain in gains]
    lines += describe_seeds({result.system: result.random_seeds for result in results})
    measured = {
        result.system: [headings[name] for name, value in result.values.items() if value.value is not None]
        for result in results
    }
    lines += [f"{_where(systems, measured, len(headings))}: {note}" for note, systems in metrics_by_note.items()]
    lines += [f"{result.system} chose {chosen}" for result in results if (chosen := chosen_of(result))]
    spent = ((result.system, result.cost.money()) for result in results if result.cost is not None)
    lines += [f"{system}: {money}" for system, money in spent if money is not None]
    warnings: dict[str, list[str]] = {}
    for result in results:
        for warning in result.warnings:
            warnings.setdefault(warning, []).append(result.system)
    for warning, systems in warnings.items():
        whose = "" if len(systems) == len(results) else f"{', '.join(systems)}: "
        lines.append(f"warning: {whose}{warning}")
    return lines


def _interval_line(results: Sequence[Result], headings: Mapping[str, str]) -> str:
    """How the intervals were made; slices and values without duplicates are named where they differ from the rest."""
    uses = [interval_use(headings[name], r.system, value) for r in results for name, value in r.values.items()]
    methods = {(use.subject, use.method) for use in uses}
    first_name = next(iter(headings))
    others = [(first_name, "by slice", r, part.values[first_name]) for r in results for part in r.slices]
    others += [
        (name, "without duplicates", r, value)
        for r in results
        for name, value in (r.deduplicated.values if r.deduplicated else {}).items()
    ]
    uses += [
        interval_use(f"{headings[name]} {where}", result.system, value)
        for name, where, result, value in others
        if (headings[name], value.method) not in methods
    ]
    return describe_intervals(uses, results[0].provenance.config.intervals)


def chosen_of(result: Result) -> str:
    """Choices made in fitting, each once, and the number of fits behind the result; empty if nothing was chosen."""
    choices = list(dict.fromkeys(result.provenance.chosen.values()))
    if not choices:
        return ""
    more = f" | {len(choices) - MAX_CHOICES} more" if len(choices) > MAX_CHOICES else ""
    fits = result.cost.fits if result.cost else None
    counted = f"; {fits:,} fits in all" if fits and fits > 1 else ""
    return " | ".join(choices[:MAX_CHOICES]) + more + counted


def _where(by_system: Mapping[str, Sequence[str]], measured: Mapping[str, Sequence[str]], n_metrics: int) -> str:
    """Names the values that a note is about: metrics if it holds for every system, else systems with their metrics.

    Args:
        by_system: metrics that the note is about, by system.
        measured: metrics with a value, by system; all systems of the table.
        n_metrics: number of metrics of the table.
    """
    with_values = {system: list(metrics) for system, metrics in measured.items() if metrics}
    if n_metrics > 1 and {system: list(metrics) for system, metrics in by_system.items()} == with_values:
        return "all values"
    if len(by_system) == len(measured) and len({tuple(each) for each in by_system.values()}) == 1:
        metrics = next(iter(by_system.values()))
        return "all values" if len(metrics) == n_metrics and n_metrics > 1 else ", ".join(metrics)
    if len(by_system) > MANY_SYSTEMS and len({tuple(each) for each in by_system.values()}) == 1:
        return f"{', '.join(next(iter(by_system.values())))} of {', '.join(by_system)}"
    return "; ".join(f"{system} {', '.join(metrics)}" for system, metrics in by_system.items())


def evaluation_table(evaluation: Evaluation) -> str:
    """Formats official values: one line per file, the mean last, then notes."""
    metrics = list(evaluation.mean)
    listed = [*evaluation.files.items(), ("mean", evaluation.mean)]
    rows = [["file", *metrics]]
    for name, values in listed:
        rows.append([name, *("-" if values.get(m) is None else f"{values[m]:.4f}" for m in metrics)])
    notes = [f"{where}: undefined, {reason}" for where, reason in evaluation.reasons.items()]
    return "\n".join([align_columns(rows), *notes, *([evaluation.note] if evaluation.note else [])])
