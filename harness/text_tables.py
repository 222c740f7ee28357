"""Plain-text and HTML tables, and the number format that both use."""

from __future__ import annotations

import html
import json
import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial

WIDTH = 120
"""Width of a line where the output is no terminal and `COLUMNS` is not set."""
GAP = "  "
"""Space between two columns."""
MIN_SUMMARY = 20
"""Minimum number of columns for the summaries of a listing."""
JOINERS = "\u200c\u200d\u00ad"
"""Format characters that words and emoji of many languages need: the two joiners and the soft hyphen."""


def format_number(value: float) -> str:
    """Returns a number as tables show it: three decimals, no leading zero (`.123`)."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def count_of(n: int, noun: str) -> str:
    """A count with its noun: `1 claim`, `1,412 claims`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def size_of(n_bytes: int) -> str:
    """A size in decimal units, whole kilobytes below a tenth of a megabyte: `21 kB`, `1,204.5 MB`."""
    return f"{-(-n_bytes // 1000)} kB" if n_bytes < 100_000 else f"{n_bytes / 1e6:,.1f} MB"


def visible(text: str) -> str:
    """Returns a text of unknown origin as it can be shown in a terminal, where it must not act.

    Control characters (and with them escape sequences), and characters that reorder or hide others, become
    `\\x1b` or `\\u202e`. Line breaks stay, and a tab becomes a space.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible_character, text.replace("\r\n", "\n").replace("\r", "\n")))


def one_line(text: str, max_characters: int) -> str:
    """Returns a text as one visible line, shortened to a maximum length."""
    # Cut before the conversion, whose cost grows with the text.
    line = " ".join(visible(text[: max_characters * 2]).split())
    return line if len(line) <= max_characters else line[: max_characters - 1] + "…"


def escape_json(document: str, encoding: str) -> str:
    """Returns a JSON document whose strings have escapes for what a terminal must not get, or an encoding lacks."""
    if document.replace("\n", "").isprintable() and _encodes(document, encoding):
        return document
    return "".join(map(partial(_json_character, encoding=encoding), document))


def _json_character(character: str, encoding: str) -> str:
    is_shown = character == "\n" or not (_acts(character) or character in "\u2028\u2029")
    if is_shown and (character.isascii() or _encodes(character, encoding)):
        return character
    return json.dumps(character)[1:-1]


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _acts(character: str) -> bool:
    """Whether a character controls a terminal, or reorders or hides others."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn") and character not in JOINERS


def _visible_character(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    if character in "\u2028\u2029":
        return "\n"
    if _acts(character):
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


def output_width() -> int:
    """Returns the width of a line of output: `$COLUMNS`, the terminal's width, or `WIDTH` if there is no terminal."""
    return shutil.get_terminal_size((WIDTH, 24)).columns


def fits(rows: Sequence[Sequence[str]], width: int | None = None) -> bool:
    """Returns whether rows fit into lines of a width; None: the output's."""
    return sum(_widths(rows)) + len(GAP) * (len(rows[0]) - 1) <= (output_width() if width is None else width)


def align_columns(rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Returns rows as lines of text with aligned columns; the first row is the header and is underlined.

    Cells are shown as `visible` has them, each on one line. Columns beyond the width stand in further tables below,
    each with the first column.

    Args:
        rows: rows of equal length.
        width: maximum length of a line, if the first column and another one fit into it; None: the output's.
    """
    limit = output_width() if width is None else width
    rows = [[visible(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = _widths(rows)
    tables: list[list[int]] = []
    for column in range(1, len(widths)):
        used = sum(widths[c] + len(GAP) for c in tables[-1]) if tables else limit
        if tables and used + widths[column] <= limit:
            tables[-1].append(column)
        else:
            tables.append([0, column])
    if len(tables) < 2:
        return _aligned(rows, tables[0] if tables else [0], widths)
    return "\n\n".join(_aligned(_rows_of(rows, columns), columns, widths) for columns in tables)


def _rows_of(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> list[Sequence[str]]:
    """The header, and the rows with a text in one of the columns; a row without any text stands in every table."""
    return [rows[0], *(row for row in rows[1:] if any(row[column] for column in columns[1:]) or not any(row[1:]))]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]


def _aligned(rows: Sequence[Sequence[str]], columns: Sequence[int], widths: Sequence[int]) -> str:
    lines = [GAP.join(row[column].ljust(widths[column]) for column in columns).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def listing_table(summaries: Mapping[str, str]) -> str:
    """Formats names with their summaries; a summary that is too long for the output goes on below its beginning."""
    indent = max((len(name) for name in summaries), default=0) + len(GAP)
    width = max(output_width() - indent, MIN_SUMMARY)
    lines = {name: textwrap.wrap(text, width, break_on_hyphens=False) or [""] for name, text in summaries.items()}
    return "\n".join(name.ljust(indent) + f"\n{' ' * indent}".join(wrapped) for name, wrapped in lines.items())


def html_table(rows: Sequence[Sequence[str]], caption: str) -> str:
    """Returns rows as an HTML table; the first row is the header, and all texts are escaped."""
    header, *body = [[html.escape(text) for text in row] for row in rows]
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>"]
    lines += ["<thead><tr>" + "".join(f'<th scope="col">{text}</th>' for text in header) + "</tr></thead>", "<tbody>"]
    for row_name, *values in body:
        lines.append(f'<tr><th scope="row">{row_name}</th>' + "".join(f"<td>{text}</td>" for text in values) + "</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])
