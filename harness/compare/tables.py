"""A comparison as text, Markdown, LaTeX, CSV and HTML."""

from __future__ import annotations

import csv
import io

from harness.compare.comparison import Comparison, SystemPair
from harness.metrics.intervals import Value
from harness.runner.tables import MAX_PUBLISHED_ROWS, format_value
from harness.text_tables import align_columns, format_number, html_table

MAX_PAIRS = 3


def _systems(comparison: Comparison) -> list[list[str]]:
    rows = [["system", comparison.heading, "tie group"]]
    rows += [
        [s.name, format_value(s.value), "-" if s.tie_group is None else str(s.tie_group)] for s in comparison.systems
    ]
    for entry in comparison.published[:MAX_PUBLISHED_ROWS]:
        shown = format_value(Value(value=entry.value, low=entry.low, high=entry.high, n_units=0))
        rows.append([f"published: {entry.system}", shown, ""])
    return rows


def _pairs(comparison: Comparison) -> list[list[str]]:
    rows = [["pair", "difference", "p", "corrected", "detectable"]]
    return [*rows, *([f"{pair.a} - {pair.b}", *_cells(pair)] for pair in comparison.pairs)]


def _cells(pair: SystemPair) -> list[str]:
    found = pair.difference
    if found is None or pair.p_corrected is None:
        return ["-", "-", "-", "-"]
    interval = f"{format_number(found.value)} [{format_number(found.low)}, {format_number(found.high)}]"
    return [interval, _p(found.p), _p(pair.p_corrected), format_number(found.detectable)]


def _p(value: float) -> str:
    return "<.001" if value < 0.001 else format_number(value)


def comparison_text(comparison: Comparison) -> str:
    """Two tables, systems and pairs, and what to know of them."""
    tests = sorted({pair.difference.test for pair in comparison.pairs if pair.difference is not None})
    how = " or ".join(sorted({pair.difference.method for pair in comparison.pairs if pair.difference is not None}))
    corrections = {"holm": "Holm", "bh": "Benjamini-Hochberg"}
    lines = [
        f"{comparison.n:,} claims in {comparison.n_units:,} {comparison.unit}s; "
        f"[95 percent interval]: {how or 'none'}, paired, "
        f"{comparison.resamples:,} draws of {comparison.unit}s; p by {' or '.join(tests) or 'no test'}, "
        f"{corrections[comparison.correction]} over {len(comparison.pairs)} pairs",
        "tie group: not significantly worse (.05) than the first of the group; detectable: found with probability .8",
        *_other_tests(comparison),
        *(
            [f"published: {comparison.published_source}; intervals as wide as ours of like value"]
            if comparison.published
            else []
        ),
        *(f"{pair.a} - {pair.b}: no difference: {pair.reason}" for pair in comparison.pairs if pair.reason),
        *(f"warning: {warning}" for warning in comparison.warnings),
    ]
    return "\n\n".join([align_columns(_systems(comparison)), align_columns(_pairs(comparison)), "\n".join(lines)])


def _other_tests(comparison: Comparison) -> list[str]:
    """Tests that others report, uncorrected; of a table of many pairs, the JSON document has them."""
    if len(comparison.pairs) > MAX_PAIRS:
        return []
    lines = []
    for title, name in (("McNemar, claims taken as independent", "mcnemar_p"), ("corrected t over folds", "folds_p")):
        found = [(pair, getattr(pair.difference, name)) for pair in comparison.pairs if pair.difference is not None]
        said = [f"{pair.a} - {pair.b} {_p(p)}" for pair, p in found if p is not None]
        if said:
            lines.append(f"{title} (uncorrected): {', '.join(said)}")
    return lines


def comparison_markdown(comparison: Comparison) -> str:
    """Two Markdown tables."""
    return "\n\n".join(_markdown(rows) for rows in (_systems(comparison), _pairs(comparison)))


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def comparison_latex(comparison: Comparison) -> str:
    """A booktabs table of systems; the best tie group in bold, and marks on those that the best one beats.

    * p < .05, ** p < .01, *** p < .001, corrected for the number of pairs.
    """
    best = comparison.systems[0].name if comparison.systems else ""
    p_values = {pair.b: pair.p_corrected for pair in comparison.pairs if pair.a == best}
    lines = ["\\begin{tabular}{lll}", "\\toprule"]
    lines += [f"system & {_tex(comparison.heading)} & tie group \\\\", "\\midrule"]
    rows = _systems(comparison)[1:]
    ours, others = rows[: len(comparison.systems)], rows[len(comparison.systems) :]
    for system, row in zip(comparison.systems, ours, strict=True):
        value = f"\\textbf{{{row[1]}}}" if system.tie_group == 1 else row[1]
        lines.append(f"{_tex(row[0])} & {value}{_marks(p_values.get(system.name))} & {row[2]} \\\\")
    lines += ["\\midrule"] if others else []
    lines += [f"{_tex(name)} & {value} & \\\\" for name, value, _ in others]
    said = f"Significantly worse than {_tex(best)}: * p < .05, ** p < .01, *** p < .001, corrected."
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", f"% {said}"])


def _marks(p: float | None) -> str:
    stars = 0 if p is None else sum(p < level for level in (0.05, 0.01, 0.001))
    return f"$^{{{'*' * stars}}}$" if stars else ""


def _tex(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "&%$#_{}" else sign for sign in text)


def comparison_csv(comparison: Comparison) -> str:
    """One row a pair, numbers unrounded."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    rows = comparison.document()["pairs"]
    keys = ["a", "b", "difference", "low", "high", "p", "p_corrected"]
    writer.writerow(["metric", *keys])
    writer.writerows([comparison.metric, *(row[key] for key in keys)] for row in rows)
    return stream.getvalue().rstrip("\n")


def comparison_html(comparison: Comparison) -> str:
    """Two HTML tables, every text escaped."""
    return "\n".join(
        [html_table(_systems(comparison), "Systems"), html_table(_pairs(comparison), f"Pairs by {comparison.heading}")]
    )


FORMATS = {
    "table": comparison_text,
    "markdown": comparison_markdown,
    "latex": comparison_latex,
    "csv": comparison_csv,
    "html": comparison_html,
}
"""Format name to what writes it."""
