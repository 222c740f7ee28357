"""Output of a comparison as text, Markdown, LaTeX, CSV and HTML."""

from __future__ import annotations

import csv
import io

from harness.compare.comparison import Comparison, SystemPair
from harness.metrics.intervals import Value
from harness.runner.tables import MAX_PUBLISHED_ROWS, format_value
from harness.text_tables import align_columns, format_number, html_table

MAX_PAIRS = 3
"""Number of pairs up to which the text shows the uncorrected tests."""


def _system_rows(comparison: Comparison) -> list[list[str]]:
    rows = [["system", comparison.heading, "tie group"]]
    rows += [
        [system.name, format_value(system.value), "-" if system.tie_group is None else str(system.tie_group)]
        for system in comparison.systems
    ]
    for entry in comparison.published[:MAX_PUBLISHED_ROWS]:
        value = format_value(Value(value=entry.value, low=entry.low, high=entry.high, n_units=0))
        rows.append([f"published: {entry.system}", value, ""])
    return rows


def _pair_rows(comparison: Comparison) -> list[list[str]]:
    rows = [["pair", "difference", "p", "corrected", "detectable"]]
    return [*rows, *([f"{pair.a} - {pair.b}", *_pair_cells(pair)] for pair in comparison.pairs)]


def _pair_cells(pair: SystemPair) -> list[str]:
    difference = pair.difference
    if difference is None or pair.p_corrected is None:
        return ["-", "-", "-", "-"]
    interval = f"[{format_number(difference.low)}, {format_number(difference.high)}]"
    return [
        f"{format_number(difference.value)} {interval}",
        _format_p(difference.p),
        _format_p(pair.p_corrected),
        format_number(difference.detectable),
    ]


def _format_p(value: float) -> str:
    return "<.001" if value < 0.001 else format_number(value)


def comparison_text(comparison: Comparison) -> str:
    """A table of systems, a table of pairs, and notes."""
    differences = [pair.difference for pair in comparison.pairs if pair.difference is not None]
    methods = " or ".join(sorted({difference.method for difference in differences})) or "none"
    tests = " or ".join(sorted({difference.test for difference in differences})) or "none"
    correction = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[comparison.correction]
    lines = [
        f"{comparison.n:,} claims in {comparison.n_units:,} {comparison.unit}s; "
        f"95% confidence intervals of paired differences: {methods}; "
        f"p: {tests}, {comparison.resamples:,} draws of {comparison.unit}s, "
        f"{correction} correction for {len(comparison.pairs)} pairs",
        "tie group: not significantly different (p >= .05) from the best system of the group; "
        "detectable: smallest difference found with 80% power",
        *_other_tests(comparison),
    ]
    if comparison.published:
        borrowed = "interval width borrowed from our system with the closest value"
        lines.append(f"published: {comparison.published_source}; {borrowed}")
    lines += [f"{pair.a} - {pair.b}: no difference: {pair.reason}" for pair in comparison.pairs if pair.reason]
    lines += [f"warning: {warning}" for warning in comparison.warnings]
    lines += [*comparison.notes, *comparison.left_out]
    tables = [align_columns(_system_rows(comparison)), align_columns(_pair_rows(comparison))]
    return "\n\n".join([*tables, "\n".join(lines)])


def _other_tests(comparison: Comparison) -> list[str]:
    """Lines with the uncorrected p-values of other common tests; none for many pairs, which only the JSON lists."""
    if len(comparison.pairs) > MAX_PAIRS:
        return []
    lines = []
    for title, name in (
        ("McNemar's test (treats claims as independent)", "mcnemar_p"),
        ("corrected t-test over folds", "folds_p"),
    ):
        p_values = [(pair, getattr(pair.difference, name)) for pair in comparison.pairs if pair.difference is not None]
        parts = [f"{pair.a} - {pair.b} {_format_p(p)}" for pair, p in p_values if p is not None]
        if parts:
            lines.append(f"{title}, uncorrected p: {', '.join(parts)}")
    return lines


def comparison_markdown(comparison: Comparison) -> str:
    """Two Markdown tables."""
    return "\n\n".join(_markdown(rows) for rows in (_system_rows(comparison), _pair_rows(comparison)))


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def comparison_latex(comparison: Comparison) -> str:
    """A booktabs table of systems, with the best tie group in bold and stars on significantly worse systems.

    The stars mean p < .05, p < .01 and p < .001 against the best system, corrected for the number of pairs.
    """
    best = comparison.systems[0].name if comparison.systems else ""
    p_values = {pair.b: pair.p_corrected for pair in comparison.pairs if pair.a == best}
    lines = ["\\begin{tabular}{lll}", "\\toprule"]
    lines += [f"system & {_tex(comparison.heading)} & tie group \\\\", "\\midrule"]
    rows = _system_rows(comparison)[1:]
    n_systems = len(comparison.systems)
    published_rows = rows[n_systems:]
    for system, row in zip(comparison.systems, rows[:n_systems], strict=True):
        value = f"\\textbf{{{row[1]}}}" if system.tie_group == 1 else row[1]
        lines.append(f"{_tex(row[0])} & {value}{_stars(p_values.get(system.name))} & {row[2]} \\\\")
    lines += ["\\midrule"] if published_rows else []
    lines += [f"{_tex(name)} & {value} & \\\\" for name, value, _ in published_rows]
    legend = f"Significantly worse than {_tex(best)}: * p < .05, ** p < .01, *** p < .001, corrected."
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", f"% {legend}"])


def _stars(p: float | None) -> str:
    stars = 0 if p is None else sum(p < level for level in (0.05, 0.01, 0.001))
    return f"$^{{{'*' * stars}}}$" if stars else ""


def _tex(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "&%$#_{}" else sign for sign in text)


def comparison_csv(comparison: Comparison) -> str:
    """One row per pair, with unrounded numbers."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    rows = comparison.document()["pairs"]
    keys = ["a", "b", "difference", "low", "high", "p", "p_corrected"]
    writer.writerow(["metric", *keys])
    writer.writerows([comparison.metric, *(row[key] for key in keys)] for row in rows)
    return stream.getvalue().rstrip("\n")


def comparison_html(comparison: Comparison) -> str:
    """Two HTML tables, with all text escaped."""
    return "\n".join(
        [
            html_table(_system_rows(comparison), "Systems"),
            html_table(_pair_rows(comparison), f"Pairs by {comparison.heading}"),
        ]
    )


FORMATS = {
    "table": comparison_text,
    "markdown": comparison_markdown,
    "latex": comparison_latex,
    "csv": comparison_csv,
    "html": comparison_html,
}
"""Format name to the function that writes it."""
