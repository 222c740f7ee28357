"""Tables with a header and one labeled text per row: tweets and sentences of CheckThat! 2020 to 2025, LIAR and others.

Options in a benchmark's YAML. A column is given by its name, or by a list of names if its files use several:

    delimiter   `tab` (default) or `comma`
    text        the text; required
    label       the label; required; a file without the column has no labels
    id          the publisher's id; never read as a number; default: the row's number
    topic, speaker, date, url, article
                columns that are read if present; rows with the same `article` are its claims, in order
    values      publisher's spelling of a label: code in the scheme; default: the spelling is the code
    columns     column names for a file without a header
    extra       how many columns a row may have more or fewer than the header, after the columns that are read
    skip_empty  true: skip rows without text, which some publishers' files contain
    quotes      `literal`: a quote is an ordinary character and each line is a row; default: detected

Detection of quotes: a file in which every cell that begins with a quote is a well-formed quoted cell is read as CSV,
with doubled quotes and line breaks inside cells. In any other file, quotes are literal and each line is a row. A quoted
cell that contains both a tab and a line break is several rows joined by unbalanced quotes, so quotes are literal there
too.
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
OPTIONAL_COLUMNS = ("topic", "speaker", "date", "url", "article")
MAX_TABLE_CELL = 1 << 20
"""Maximum number of characters of a quoted cell."""
LABEL_COLUMN = re.compile(r"label|worth|claim|verdict")
"""Pattern of column names that suggest that a file has labels."""


def read_rows(file: SourceFile, delimiter: str) -> list[DelimitedRow]:
    """Returns the rows of a table, including its header; blank lines are skipped.

    Args:
        file: quotes are literal if its option `quotes` is `literal`.
        delimiter: one character.
    Raises: FaultsError: the file is not text, or is comma-separated and not well-formed.
    """
    text = decode(file.data, file.path)
    literal = literal_rows(text, delimiter)
    if file.options.get("quotes") == "literal":
        return literal
    if delimiter == "\t" and not any(cell.startswith('"') for row in literal for cell in row.cells):
        return literal
    quoted = quoted_rows(file.path, io.StringIO(text, newline=""), delimiter, max_cell=MAX_TABLE_CELL)
    try:
        rows = [row for row in quoted if any(cell.strip() for cell in row.cells)]
    except FaultsError:
        # Tweets contain unbalanced quotes, so a tab-separated file that is not well-formed has literal quotes. A
        # comma-separated file has no such second reading: its texts contain commas.
        if delimiter == "\t":
            return literal
        raise
    joined = any("\t" in cell and "\n" in cell for row in rows for cell in row.cells)
    return literal if delimiter == "\t" and joined else rows


class _Columns(NamedTuple):
    """Column indices of a table, from 0."""

    width: int
    """Number of columns."""
    text: int
    label: int | None
    id: int | None
    optional: Mapping[str, int]
    """Index of each optional column that the table has."""

    @property
    def last(self) -> int:
        """Largest index of a column that is read."""
        return max(self.text, self.label or 0, self.id or 0, *self.optional.values(), 0)


def _column_names(option: Any) -> tuple[str, ...]:
    return (option,) if isinstance(option, str) else tuple(option or ())


def _column_index(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _locate_columns(file: SourceFile, header: list[str]) -> _Columns:
    """Returns the indices of the columns that are read.

    Raises: FaultsError: a required column is missing.
    """
    options = file.options
    required = [_column_names(options["text"])]
    # A test file without labels is valid, but a misspelled label column is a fault.
    if any(LABEL_COLUMN.search(name.lower()) for name in header):
        required.append(_column_names(options["label"]))
    missing = missing_columns(header, required)
    if missing is not None:
        raise FaultsError.single(file.path, missing, line=1, code="missing-column")
    optional = {name: _column_index(header, _column_names(options.get(name))) for name in OPTIONAL_COLUMNS}
    return _Columns(
        width=len(header),
        text=next(header.index(name) for name in required[0] if name in header),
        label=_column_index(header, _column_names(options["label"])),
        id=_column_index(header, _column_names(options.get("id"))),
        optional={name: index for name, index in optional.items() if index is not None},
    )


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the texts of one file, as free-standing claims or as the claims of the articles that its rows name.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    options, faults = file.options, FileFaults(file.path)
    rows = read_rows(file, DELIMITERS[options.get("delimiter", "tab")])
    header = [cell.strip() for cell in rows[0].cells] if rows else []
    # The option `columns` applies only to a file without a header; some years of a benchmark have one, others do not.
    if header and options.get("columns") and _column_index(header, _column_names(options["text"])) is None:
        header = list(options["columns"])
    else:
        rows = rows[1:]
    if not header:
        faults.raise_if_any(empty=True, expected="a header and rows")
    columns = _locate_columns(file, header)
    indices = [columns.text, columns.label, columns.id, *columns.optional.values()]
    faults.add_repeated_columns(header, {header[index] for index in indices if index is not None})
    articles: list[SourceArticle] = []
    articles_by_name: dict[str, SourceArticle] = {}
    for number, row in enumerate(rows, start=1):
        article = _read_row(file, row, columns, faults, number=number)
        if article is None:
            continue
        if article.alone:
            articles.append(article)
        elif article.article_id in articles_by_name:
            articles_by_name[article.article_id].claims.extend(article.claims)
        else:
            articles_by_name[article.article_id] = article
            articles.append(article)
    faults.raise_if_any(empty=not articles, expected=f"rows under the header ({', '.join(header)})")
    return articles


def _read_row(
    file: SourceFile, row: DelimitedRow, columns: _Columns, faults: FileFaults, *, number: int
) -> SourceArticle | None:
    """Returns an article with the one claim of a row; None if the row is skipped or a fault was added.

    Args:
        number: number of the row, from 1: the article's id if the table has none.
    """
    cells, options = row.cells, file.options
    width_difference = abs(len(cells) - columns.width)
    if width_difference > options.get("extra", 0) or len(cells) <= columns.last:
        faults.add(row.line, None, wrong_width(len(cells), columns.width))
        return None
    text = cells[columns.text]
    if not text.strip():
        if options.get("skip_empty"):
            file.skipped_rows.append(row.line)
        else:
            faults.add(row.line, "text", "is empty", "empty")
        return None
    labels: tuple[SourceLabel, ...] = ()
    if columns.label is not None:
        spelling = cells[columns.label].strip()
        code = options.get("values", {}).get(spelling, spelling)
        problem = label_fault(file.scheme, code)
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
            return None
        labels = (SourceLabel(code),)
    optional = {name: cells[index].strip() or None for name, index in columns.optional.items()}
    claim = SourceClaim(text, labels, optional.get("speaker"), topic=optional.get("topic"), line=row.line)
    article_name = optional.get("article")
    own_id = cells[columns.id].strip() if columns.id is not None else ""
    return SourceArticle(
        article_id=article_name or own_id or str(number),
        title=None,
        claims=[claim],
        published=optional.get("date"),
        alone=article_name is None,
        url=optional.get("url"),
    )
