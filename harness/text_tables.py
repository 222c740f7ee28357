"""Plain-text and HTML tables, and the number format that both use."""

from __future__ import annotations

import html
from collections.abc import Sequence


def format_number(value: float) -> str:
    """Returns a number as tables show it: three decimals, no leading zero (`.123`)."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def count_of(n: int, noun: str) -> str:
    """A count with its noun: `1 claim`, `1,412 claims`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows as lines of text with aligned columns; the first row is the header and is underlined."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def html_table(rows: Sequence[Sequence[str]], caption: str) -> str:
    """Returns rows as an HTML table; the first row is the header, and all texts are escaped."""
    header, *body = [[html.escape(text) for text in row] for row in rows]
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>"]
    lines += ["<thead><tr>" + "".join(f'<th scope="col">{text}</th>' for text in header) + "</tr></thead>", "<tbody>"]
    for row_name, *values in body:
        lines.append(f'<tr><th scope="row">{row_name}</th>' + "".join(f"<td>{text}</td>" for text in values) + "</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])
