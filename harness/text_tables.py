"""Tables of plain text and HTML, and how numbers stand in them."""

from __future__ import annotations

import html
from collections.abc import Sequence


def format_number(value: float) -> str:
    """A number as tables show it: three decimals, no leading zero."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines with columns of equal width, the first row underlined."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def html_table(rows: Sequence[Sequence[str]], caption: str) -> str:
    """Rows as a plain HTML table, the first row its head, every text escaped."""
    head, *body = [[html.escape(text) for text in row] for row in rows]
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>"]
    lines += ["<thead><tr>" + "".join(f'<th scope="col">{text}</th>' for text in head) + "</tr></thead>", "<tbody>"]
    for first, *rest in body:
        lines.append(f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{text}</td>" for text in rest) + "</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])
