"""Output of comparisons as a LaTeX table that needs no package but booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.comparison import Comparison
from harness.compare.footnotes import TIE_GROUP, decision_notes, seed_notes, size_note, system_notes
from harness.metrics.intervals import Value
from harness.runner.tables import MAX_PUBLISHED_ROWS
from harness.text_tables import count_of, format_number

ESCAPES = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
        "<": "\\textless{}",
        ">": "\\textgreater{}",
        "|": "\\textbar{}",
        # A row that begins with "[" or "*" would be read as an option of the line break before it.
        "[": "{[}",
        "]": "{]}",
        "*": "{*}",
        "±": "$\\pm$",
    }
)
STAR_LEVELS = (0.05, 0.01, 0.001)


def comparison_latex(comparisons: Sequence[Comparison]) -> str:
    """A booktabs table of systems with a column per metric, and its notes below.

    Bold marks the systems of the best tie group of a column, unless all systems are in it. Stars mark systems that are
    significantly worse than the best of the column. With several metrics the interval stands below its value.
    """
    headings = [comparison.heading for comparison in comparisons]
    caption = f"{', '.join(headings)} of {count_of(len(comparisons[0].systems), 'system')}, {size_note(comparisons[0])}"
    headings += ["tie group"] if _has_group_column(comparisons) else []
    names = [system.name for system in comparisons[0].systems]
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{escape_latex(caption)}.}}",
        f"\\begin{{tabular}}{{{'l' * (1 + len(headings))}}}",
        "\\toprule",
        _row(["system", *map(escape_latex, headings)]),
        "\\midrule",
    ]
    for name in names:
        lines += _rows(escape_latex(name), [_cell(comparison, name) for comparison in comparisons], comparisons, name)
    published = _published_rows(comparisons)
    lines += ["\\midrule", *published] if published else []
    lines += ["\\bottomrule", "\\end{tabular}", "", "\\smallskip", "\\begin{minipage}{\\linewidth}\\footnotesize"]
    lines += [f"{escape_latex(_sentence(note))}\\par" for note in _notes(comparisons)]
    return "\n".join([*lines, "\\end{minipage}", "\\end{table}"])


Cell = tuple[str, str]
"""The marked value, and its standard deviation over seeds with the interval."""


def _cell(comparison: Comparison, name: str) -> Cell:
    system = next(system for system in comparison.systems if system.name == name)
    value, interval = _numbers(system.value)
    if system.tie_group == 1 and _separates(comparison):
        value = f"\\textbf{{{value}}}"
    best = comparison.systems[0].name
    p = next((pair.p_corrected for pair in comparison.pairs if (pair.a, pair.b) == (best, name)), None)
    stars = 0 if p is None else sum(p < level for level in STAR_LEVELS)
    return value + (f"$^{{{'*' * stars}}}$" if stars else ""), interval


def _numbers(value: Value) -> Cell:
    if value.value is None:
        return "--", ""
    spread = "" if value.standard_deviation is None else f" $\\pm$ {_number(value.standard_deviation)}"
    if value.low is None or value.high is None:
        return _number(value.value), spread.strip()
    return _number(value.value), f"{spread} {{[}}{_number(value.low)}, {_number(value.high)}{{]}}".strip()


def _number(number: float) -> str:
    return format_number(number).replace("-", "$-$")


def _separates(comparison: Comparison) -> bool:
    """Whether the best tie group leaves a system out, so that marking it says something."""
    return any(system.tie_group not in (None, 1) for system in comparison.systems)


def _has_group_column(comparisons: Sequence[Comparison]) -> bool:
    """Whether there is room for tie groups, and anything that they tell."""
    return len(comparisons) == 1 and bool(comparisons[0].pairs)


def _rows(title: str, cells: Sequence[Cell], comparisons: Sequence[Comparison], name: str = "") -> list[str]:
    if len(cells) == 1:
        value, interval = cells[0]
        row = [title, f"{value} {interval}".strip()]
        group = next((system.tie_group for system in comparisons[0].systems if system.name == name), None)
        if _has_group_column(comparisons):
            row.append("" if group is None else str(group))
        return [_row(row)]
    values = _row([title, *(value for value, _ in cells)])
    if not any(interval for _, interval in cells):
        return [values]
    return [values, _row(["", *(f"{{\\scriptsize {interval}}}" if interval else "" for _, interval in cells)])]


def _published_rows(comparisons: Sequence[Comparison]) -> list[str]:
    rows = []
    for column, comparison in enumerate(comparisons):
        for entry in comparison.published[:MAX_PUBLISHED_ROWS]:
            cells = [("", "")] * len(comparisons)
            cells[column] = _numbers(Value(value=entry.value, low=entry.low, high=entry.high, n_units=0))
            rows += _rows(f"published: {escape_latex(entry.system)}", cells, comparisons)
    return rows


def _notes(comparisons: Sequence[Comparison]) -> list[str]:
    if not any(comparison.pairs for comparison in comparisons):
        return [*system_notes(comparisons), *seed_notes(comparisons)]
    unmarked = [comparison.heading for comparison in comparisons if not _separates(comparison)]
    lines = ["bold: the best tie group of a column, unless all systems are in it"]
    lines += [f"no bold for {', '.join(unmarked)}: no system differs significantly from the best"] if unmarked else []
    lines.append(
        "stars: significantly worse than the best of the column; * p < .05, ** p < .01, *** p < .001, corrected"
    )
    lines += [TIE_GROUP] if _has_group_column(comparisons) else []
    return [*lines, *system_notes(comparisons), *seed_notes(comparisons), *decision_notes(comparisons)]


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}." if not note.endswith(".") else note


def _row(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def escape_latex(text: str) -> str:
    """Text whose signs LaTeX would otherwise read as commands."""
    return " ".join(text.split()).translate(ESCAPES)
