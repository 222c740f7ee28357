"""Tables with a header, one labelled text a row: the tweets and sentences of CheckThat! 2020 to 2025, LIAR and others.

Options in a benchmark's YAML, each column given by its name or by several that its files use in turn:

    delimiter   `tab` (default) or `comma`
    text        the text; required
    label       the label; required; a file without the column has no labels
    id          the publisher's id; never read as a number; default: the row's number
    topic, speaker, date, url, article
                columns kept where they are there; rows of one `article` are claims of it, in order
    values      what the publisher writes for a label to the code of the scheme; default: the code itself
    columns     the columns of a file whose first line is no header
    extra       how many columns a row may have more or fewer than the header, after those that are read
    skip_empty  true: rows without text, which the publisher's own files have, are left out
    quotes      `literal`: a quote is a character like any other, a line is a row; default: as the file shows

Quotes, as the file shows: a file where every cell that begins with a quote is a well-formed quoted cell is read as CSV,
with doubled quotes and line breaks inside cells; in any other, quotes are literal and a line is a row. A quoted cell
that holds a tab and a line break is no cell but rows that unbalanced quotes glued, so there quotes are literal too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.data.delimited import DelimitedRow, literal_rows, missing_columns, quoted_rows, wrong_width
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault
from harness.errors import FaultsError
from harness.files import decode

DELIMITERS = {"tab": "\t", "comma": ","}
KEPT = ("topic", "speaker", "date", "url", "article")
MAX_TABLE_CELL = 1 << 20


def read_rows(file: SourceFile, delimiter: str) -> list[DelimitedRow]:
    """The rows of a table, its header among them; blank lines are left out.

    Args:
        file: its option `quotes` may say that quotes are literal.
        delimiter: one character.
    Raises: FaultsError: it is not text, or not well-formed.
    """
    text = decode(file.data, file.path)
    literal = literal_rows(text, delimiter)
    if file.options.get("quotes") == "literal":
        return literal
    if delimiter == "\t" and not any(cell.startswith('"') for row in literal for cell in row.cells):
        return literal
    read = quoted_rows(file.path, io.StringIO(text, newline=""), delimiter, max_cell=MAX_TABLE_CELL)
    try:
        rows = [row for row in read if any(cell.strip() for cell in row.cells)]
    except FaultsError:
        if delimiter == "\t":
            return literal
        raise
    glued = any("\t" in cell and "\n" in cell for row in rows for cell in row.cells)
    return literal if delimiter == "\t" and glued else rows


class _Columns(NamedTuple):
    """Where a table has what."""

    width: int
    text: int
    label: int | None
    id: int | None
    kept: Mapping[str, int]

    @property
    def last(self) -> int:
        return max(self.text, self.label or 0, self.id or 0, *self.kept.values(), 0)


def _named(option: Any) -> tuple[str, ...]:
    return (option,) if isinstance(option, str) else tuple(option or ())


def _place(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _columns(header: list[str], options: Mapping[str, Any], faults: FileFaults) -> _Columns | None:
    required = [_named(options["text"])]
    if any(re.search(r"label|worth|claim|verdict", name.lower()) for name in header):
        required.append(_named(options["label"]))
    missing = missing_columns(header, required)
    if missing is not None:
        faults.add(1, None, missing, "missing-column")
        return None
    text = next(header.index(name) for name in required[0] if name in header)
    label = _place(header, _named(options["label"]))
    kept = {name: place for name in KEPT if (place := _place(header, _named(options.get(name)))) is not None}
    return _Columns(len(header), text, label, _place(header, _named(options.get("id"))), kept)


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The texts of one file: free-standing claims, or the claims of the articles that its rows name.

    Raises: FaultsError: every fault of the file, with its line.
    """
    options, faults = file.options, FileFaults(file.path)
    rows = read_rows(file, DELIMITERS[options.get("delimiter", "tab")])
    header = [cell.strip() for cell in rows[0].cells] if rows else []
    if header and options.get("columns") and _place(header, _named(options["text"])) is None:
        header = list(options["columns"])
    else:
        rows = rows[1:]
    if not header:
        faults.raise_if_any(empty=True, expected="a header and rows")
    columns = _columns(header, options, faults)
    articles = list[SourceArticle]()
    of_article: dict[str, SourceArticle] = {}
    if columns is not None:
        for number, row in enumerate(rows, start=1):
            _take(number, row, columns, file, faults, articles, of_article)
    faults.raise_if_any(empty=not articles, expected=f"rows under the header ({', '.join(header)})")
    return articles


def _take(
    number: int,
    row: DelimitedRow,
    columns: _Columns,
    file: SourceFile,
    faults: FileFaults,
    articles: list[SourceArticle],
    of_article: dict[str, SourceArticle],
) -> None:
    """Adds the claim of a row, to its article or as one of its own."""
    cells, options = row.cells, file.options
    off = abs(len(cells) - columns.width)
    if off > options.get("extra", 0) or len(cells) <= columns.last:
        faults.add(row.line, None, wrong_width(len(cells), columns.width))
        return
    text = cells[columns.text]
    if not text.strip():
        if not options.get("skip_empty"):
            faults.add(row.line, "text", "is empty", "empty")
        return
    labels: tuple[SourceLabel, ...] = ()
    if columns.label is not None:
        code = cells[columns.label].strip()
        code = options.get("values", {}).get(code, code)
        wrong = label_fault(file.scheme, code)
        if wrong is not None:
            faults.add(row.line, "label", wrong, "unknown-name")
            return
        labels = (SourceLabel(code),)
    kept = {name: cells[place].strip() or None for name, place in columns.kept.items()}
    claim = SourceClaim(text, labels, kept.get("speaker"), topic=kept.get("topic"))
    article = kept.get("article")
    if article is None:
        name = cells[columns.id].strip() if columns.id is not None else ""
        alone = SourceArticle(name or str(number), None, [claim], kept.get("date"), alone=True, url=kept.get("url"))
        articles.append(alone)
    elif article in of_article:
        of_article[article].claims.append(claim)
    else:
        of_article[article] = SourceArticle(article, None, [claim], kept.get("date"), url=kept.get("url"))
        articles.append(of_article[article])
