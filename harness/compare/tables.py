"""Output of comparisons as text, Markdown, CSV and HTML: a leaderboard with a column per metric, and the pairs."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Sequence

from harness.compare.comparison import Comparison, SystemPair
from harness.compare.footnotes import TIE_GROUP, format_p, pair_notes, size_note, system_notes, values_by_seed
from harness.compare.latex import comparison_latex
from harness.metrics.intervals import Value
from harness.runner.tables import MAX_PUBLISHED_ROWS, format_value
from harness.text_tables import align_columns, format_number, html_table

MAX_PAIRS = 3
"""Number of pairs up to which the text shows the uncorrected tests."""


def _system_rows(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """A row per system, best by the first metric first, then published systems; two columns per metric."""
    rows = [["system", *(name for comparison in comparisons for name in (comparison.heading, "tie group"))]]
    by_name = [{system.name: system for system in comparison.systems} for comparison in comparisons]
    for name in by_name[0]:
        systems = [systems[name] for systems in by_name]
        rows.append([name])
        for system in systems:
            rows[-1] += [format_value(system.value), "-" if system.tie_group is None else str(system.tie_group)]
    for column, comparison in enumerate(comparisons):
        for entry in comparison.published[:MAX_PUBLISHED_ROWS]:
            value = format_value(Value(value=entry.value, low=entry.low, high=entry.high, n_units=0))
            cells = [""] * (2 * len(comparisons))
            cells[2 * column] = value
            rows.append([f"published: {entry.system}", *cells])
    return rows


def _pair_tables(comparisons: Sequence[Comparison]) -> list[list[list[str]]]:
    """A table of pairs for each metric that has any."""
    tables = []
    for comparison in comparisons:
        first = "pair" if len(comparisons) == 1 else f"pair by {comparison.heading}"
        rows = [[f"{pair.a} - {pair.b}", *_pair_cells(pair)] for pair in comparison.pairs]
        if rows:
            tables.append([[first, "difference", "p", "corrected", "detectable"], *rows])
    return tables


def _pair_cells(pair: SystemPair) -> list[str]:
    difference = pair.difference
    if difference is None or pair.p_corrected is None:
        return ["-", "-", "-", "-"]
    interval = f"[{format_number(difference.low)}, {format_number(difference.high)}]"
    return [
        f"{format_number(difference.value)} {interval}",
        format_p(difference.p),
        format_p(pair.p_corrected),
        format_number(difference.detectable),
    ]


def _notes(comparisons: Sequence[Comparison]) -> list[str]:
    """Every footnote, in the order of the tables."""
    has_pairs = any(comparison.pairs for comparison in comparisons)
    lines = [size_note(comparisons[0]), *system_notes(comparisons)]
    lines += [TIE_GROUP, *pair_notes(comparisons)] if has_pairs else []
    for comparison in comparisons:
        lines += _other_tests(comparison, len(comparisons) > 1)
    warnings = dict.fromkeys(warning for comparison in comparisons for warning in comparison.warnings)
    lines += [f"warning: {warning}" for warning in warnings]
    # The choice of results is the same whatever the metric, except for the note on metrics that were computed.
    return lines + list(dict.fromkeys(line for each in comparisons for line in (*each.notes, *each.left_out)))


def _other_tests(comparison: Comparison, is_one_of_several: bool) -> list[str]:
    """Lines with the uncorrected p-values of other common tests; none for many pairs, which only the JSON lists."""
    if len(comparison.pairs) > MAX_PAIRS:
        return []
    metric = f"{comparison.heading}: " if is_one_of_several else ""
    lines = []
    for title, name in (
        ("McNemar's test (treats claims as independent)", "mcnemar_p"),
        ("corrected t-test over folds", "folds_p"),
    ):
        p_values = [(pair, getattr(pair.difference, name)) for pair in comparison.pairs if pair.difference is not None]
        parts = [f"{pair.a} - {pair.b} {format_p(p)}" for pair, p in p_values if p is not None]
        if parts:
            lines.append(f"{metric}{title}, uncorrected p: {', '.join(parts)}")
    return lines


def _tables(comparisons: Sequence[Comparison]) -> list[list[list[str]]]:
    """Systems, their values with each random seed if there are several, and the pairs of each metric."""
    by_seed = values_by_seed(comparisons)
    return [_system_rows(comparisons), *([by_seed] if by_seed else []), *_pair_tables(comparisons)]


def comparison_text(comparisons: Sequence[Comparison]) -> str:
    """A table of systems, a table of pairs for each metric, and notes."""
    tables = [align_columns(rows) for rows in _tables(comparisons)]
    return "\n\n".join([*tables, "\n".join(_notes(comparisons))])


def comparison_markdown(comparisons: Sequence[Comparison]) -> str:
    """Markdown tables, and the notes as a list."""
    tables = [markdown_table(rows) for rows in _tables(comparisons)]
    notes = "\n".join(f"- {markdown_text(note)}" for note in _notes(comparisons))
    return "\n\n".join([*tables, notes])


def markdown_table(rows: list[list[str]]) -> str:
    """Rows as a Markdown table; the first one is the header."""
    lines = ["| " + " | ".join(markdown_text(text) for text in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def markdown_text(text: str) -> str:
    """Text whose signs Markdown would otherwise read as a column, emphasis, code or markup."""
    for sign in "\\|*<>`":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


CSV_COLUMNS = ("metric", "a", "b", "difference", "low", "high", "p", "p_corrected")
CSV_MORE = ("decided_by", "kind", "system", "value", "tie_group", "method", "note", "standard_deviation", "random_seed")


def comparison_csv(comparisons: Sequence[Comparison]) -> str:
    """One row per pair, system, random seed of a system and published system (`kind`), with unrounded numbers."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, (*CSV_COLUMNS, *CSV_MORE), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for comparison in comparisons:
        document = comparison.document()
        rows = [
            *({"kind": "pair"} | row for row in document["pairs"]),
            *({"kind": "system"} | row for row in document["systems"]),
            *(
                {"kind": "seed", "system": system["system"]} | seed_value
                for system in document["systems"]
                for seed_value in system.get("seed_values", [])
            ),
            *({"kind": "published"} | row for row in document.get("published", {}).get("systems", [])),
        ]
        for row in rows:
            note = row.get("note") or row.get("reason")
            # The difference of a published system to ours is part of its note; the column is for pairs.
            difference = row.get("difference") if row["kind"] == "pair" else None
            writer.writerow(row | {"metric": comparison.metric, "note": note, "difference": difference})
    return stream.getvalue().rstrip("\n")


def comparison_html(comparisons: Sequence[Comparison]) -> str:
    """HTML tables and a list of notes, with all text escaped."""
    by_seed = values_by_seed(comparisons)
    tables = [html_table(_system_rows(comparisons), "Systems")]
    tables += [html_table(by_seed, "By random seed")] if by_seed else []
    tables += [html_table(rows, _pair_caption(rows, comparisons)) for rows in _pair_tables(comparisons)]
    notes = "\n".join(f"<li>{html.escape(note)}</li>" for note in _notes(comparisons))
    return "\n".join([*tables, f"<ul>\n{notes}\n</ul>"])


def _pair_caption(rows: list[list[str]], comparisons: Sequence[Comparison]) -> str:
    return f"Pairs by {comparisons[0].heading}" if len(comparisons) == 1 else rows[0][0].replace("pair", "Pairs", 1)


FORMATS: dict[str, Callable[[Sequence[Comparison]], str]] = {
    "table": comparison_text,
    "markdown": comparison_markdown,
    "latex": comparison_latex,
    "csv": comparison_csv,
    "html": comparison_html,
}
"""Format name to the function that writes it."""
