"""Tables of plain text: they read the same in a terminal, a log and a README."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from harness.data.benchmarks.benchmark import Published
from harness.metrics.intervals import Value
from harness.runner.official.evaluate import Evaluation
from harness.runner.official.leaderboards import with_borrowed_intervals
from harness.runner.result_files import WITHOUT_ANSWER, Result
from harness.text_tables import align_columns, format_number, html_table

CHOICES = 3
"""Different choices of a system's fits that a table lists."""
PUBLISHED_ROWS = 6


def format_value(value: Value) -> str:
    """A value with its interval; a dash where it is undefined."""
    if value.value is None:
        return "-"
    if value.low is None or value.high is None:
        return format_number(value.value)
    return f"{format_number(value.value)} [{format_number(value.low)}, {format_number(value.high)}]"


def results_html(results: Sequence[Result], published: Sequence[Published] = ()) -> str:
    """`results_table` as HTML, for notebooks."""
    first, names, headings = results[0], list(results[0].values), _headings(results[0])
    rows = [["system", *headings.values()]]
    rows += [[result.system, *(format_value(result.values[name]) for name in names)] for result in results]
    rows += _published_rows(results, published, names)
    said = "".join(f"<li>{html.escape(line)}</li>" for line in _notes(results, headings))
    return f"{html_table(rows, _title(first))}\n<ul>{said}</ul>"


def results_table(results: Sequence[Result], published: Sequence[Published] = ()) -> str:
    """Results side by side: a line of what they are over, values with intervals, notes, warnings.

    Args:
        results: of one experiment.
        published: leaderboards, whose best rows stand beside them under the metric that they report.
    """
    first = results[0]
    names = list(first.values)
    headings = _headings(first)
    rows = [["system", *headings.values()]]
    rows += [[result.system, *(format_value(result.values[name]) for name in names)] for result in results]
    rows += _published_rows(results, published, names)
    parts = [_title(first), align_columns(rows), *_deduplicated(results, headings), *_slices(results, headings)]
    parts += [*_tie_ranges(results, headings), *_notes(results, headings)]
    parts += [f"labels: {line}" for line in first.label_mapping]
    parts += [
        f"published: {board.source}; over {board.n}; intervals as wide as ours of like value" for board in published
    ]
    return "\n\n".join(parts[:2]) + "\n" + "".join(f"\n{part}" for part in parts[2:])


def _headings(result: Result) -> dict[str, str]:
    """Metric to its column heading."""
    return {name: value.short_name for name, value in result.values.items()}


def _published_rows(results: Sequence[Result], published: Sequence[Published], names: Sequence[str]) -> list[list[str]]:
    rows = []
    for board in published:
        for entry in with_borrowed_intervals(board, [result.values[board.metric] for result in results])[
            :PUBLISHED_ROWS
        ]:
            shown = format_value(Value(value=entry.value, low=entry.low, high=entry.high, n_units=0))
            rows.append([f"published: {entry.system}", *(shown if name == board.metric else "" for name in names)])
    return rows


def _deduplicated(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """The same table without the claims that systems were trained on, where there are any."""
    affected = [(result, result.deduplicated) for result in results if result.deduplicated is not None]
    if not affected:
        return []
    rows = [["without copies", "n", *headings.values()]]
    rows += [
        [result.system, f"{without.n:,}", *(format_value(without.values[name]) for name in headings)]
        for result, without in affected
    ]
    return [align_columns(rows) + "\n"]


def _slices(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """The first metric over each slice, a table for each kind: slices down, systems across."""
    name, heading = next(iter(headings.items()))
    tables = []
    for kind in dict.fromkeys(part.by for part in results[0].slices):
        rows = [[f"{heading} by {kind}", "n", *(result.system for result in results)]]
        for part in (part for part in results[0].slices if part.by == kind):
            same = [next((p for p in r.slices if (p.by, p.of) == (kind, part.of)), None) for r in results]
            cells = [format_value(other.values[name]) if other else "-" for other in same]
            rows.append([part.of + (" *" if part.note else ""), f"{part.n:,}", *cells])
        tables.append(align_columns(rows) + "\n")
    if any(part.note for part in results[0].slices):
        tables.append("*: too few units or positive claims to say anything\n")
    return tables


def _tie_ranges(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """The worst and best value over orders of equal scores, where they were asked for."""
    lines = []
    for name, heading in headings.items():
        found = [(result.system, result.values[name]) for result in results]
        said = [
            f"{s} {format_number(v.worst)} to {format_number(v.best)}"
            for s, v in found
            if v.worst is not None and v.best is not None
        ]
        if said:
            lines.append(f"{heading} by order of equal scores, worst to best: {', '.join(said)}")
    return lines


def _title(result: Result) -> str:
    parts = [f"{result.task} on {result.dataset}", f"{result.n:,} claims in {result.n_articles} articles"]
    if result.n_positive is not None:
        parts.append(f"{result.n_positive:,} positive")
    left_out = {reason: count for reason, count in result.excluded.items() if reason != WITHOUT_ANSWER}
    parts += [f"{count:,} left out ({reason})" for reason, count in left_out.items()]
    return " · ".join(parts)


def _notes(results: Sequence[Result], headings: Mapping[str, str]) -> list[str]:
    """What a reader must know about the numbers, each thing once."""
    said: dict[str, dict[str, list[str]]] = {}
    methods: dict[str, list[str]] = {}
    for result in results:
        for name, value in result.values.items():
            if value.method and headings[name] not in methods.setdefault(value.method, []):
                methods[value.method].append(headings[name])
            for part in [value.reason] if value.reason else (value.note or "").split("; "):
                if part:
                    said.setdefault(part, {}).setdefault(result.system, []).append(headings[name])
    intervals = results[0].provenance.config.intervals
    lines = []
    if methods:
        how = "; ".join(f"{method} for {', '.join(found)}" for method, found in methods.items())
        drawn = f"{intervals.resamples:,} resamples of {intervals.unit}s, seed {intervals.random_seed}"
        by = f"{intervals.unit}s left out one by one" if set(methods) == {"jackknife-t"} else drawn
        lines.append(f"[95 percent interval]: {by}; {how}")
    lines += [f"{_where(found, len(results), len(headings))}: {part}" for part, found in said.items()]
    lines += [f"{result.system} chose {chosen}" for result in results if (chosen := chosen_of(result))]
    warnings: dict[str, list[str]] = {}
    for result in results:
        for warning in result.warnings:
            warnings.setdefault(warning, []).append(result.system)
    for warning, systems in warnings.items():
        whose = "" if len(systems) == len(results) else f"{', '.join(systems)}: "
        lines.append(f"warning: {whose}{warning}")
    return lines


def chosen_of(result: Result) -> str:
    """What was chosen in fitting, each choice once, and how many fits the result rests on; empty where nothing was."""
    choices = list(dict.fromkeys(result.provenance.chosen.values()))
    if not choices:
        return ""
    more = f" | {len(choices) - CHOICES} more" if len(choices) > CHOICES else ""
    fits = result.cost.fits if result.cost else None
    counted = f"; {fits:,} fits in all" if fits and fits > 1 else ""
    return " | ".join(choices[:CHOICES]) + more + counted


def _where(found: Mapping[str, Sequence[str]], n_systems: int, n_metrics: int) -> str:
    """The values that a note is about: metrics where it holds for every system, else systems with their metrics."""
    if len(found) == n_systems and len({tuple(metrics) for metrics in found.values()}) == 1:
        metrics = next(iter(found.values()))
        return "all values" if len(metrics) == n_metrics and n_metrics > 1 else ", ".join(metrics)
    return "; ".join(f"{system} {', '.join(metrics)}" for system, metrics in found.items())


def evaluation_table(evaluation: Evaluation) -> str:
    """Official numbers: one line a file, the mean last; below, what a reader must know."""
    metrics = list(evaluation.mean)
    listed = [*evaluation.files.items(), ("mean", evaluation.mean)]
    rows = [["file", *metrics]]
    for name, values in listed:
        rows.append([name, *("-" if values.get(m) is None else f"{values[m]:.4f}" for m in metrics)])
    notes = [f"{where}: undefined, {reason}" for where, reason in evaluation.reasons.items()]
    return "\n".join([align_columns(rows), *notes, *([evaluation.note] if evaluation.note else [])])


def listing_table(found: Mapping[str, str]) -> str:
    """Names with their summaries."""
    width = max((len(name) for name in found), default=0)
    return "\n".join(f"{name.ljust(width)}  {summary}" for name, summary in found.items())
