"""Reads the labeled rows of a file: of a table, or of the export of another tool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from harness.data.additions.columns import FIELDS, PASSAGE_FIELDS, ColumnOptions, Columns, column_names
from harness.data.articles.rows import LabeledRow, RowTable, read_rows
from harness.data.dataset import read_info
from harness.data.exchange.claim_review import ratings_as_verdicts
from harness.data.exchange.tool_files import read_tool_file
from harness.data.exchange.tool_labels import VALUE_END, ToolRequest
from harness.data.load import find_scheme
from harness.data.own_tables import TableOptions
from harness.errors import Fault, FaultsError, HarnessError, unknown_name
from harness.schemes import scheme_names

TABLE = "table"
CLAIM_REVIEW = "claimreview"
"""Name of the scheme, and of the tool, of ratings in web pages."""


class SourceOptions(NamedTuple):
    """What the user said about a file of labeled claims."""

    labeler: str | None = None
    """Labeler whose labels are added, if the file is an export with several."""
    file_format: str | None = None
    """Format of the file; None: recognized by its structure."""
    table: TableOptions = TableOptions()
    on_conflict: str | None = None
    """Rule for labels that disagree."""
    ignored: Sequence[str] = ()
    """Columns to pass over."""


class Source(NamedTuple):
    """The labeled rows of a file."""

    path: str
    """File as messages name it."""
    rows: Sequence[LabeledRow]
    scheme: str | None
    """Scheme of the labels; None: the first of the dataset."""
    columns: ColumnOptions
    """What the columns mean."""
    scheme_columns: ColumnOptions
    """Columns that hold the labels of a new scheme."""
    notes: list[str]
    """How the file was read, where the user should know."""
    letters: Mapping[str, str] = {}
    """Letter of each column of a sheet, by name."""

    def located(self, faults: Iterable[Fault], columns: Columns) -> list[Fault]:
        """Returns faults of rows with the addresses of their cells, if the file is a spreadsheet."""
        column_of = dict(columns.fields) | {axis.axis.name: column for column, axis in columns.axes.items()}
        addressed = []
        for fault in faults:
            letter = self.letters.get(column_of.get(fault.field or "", fault.field or ""))
            cell = f"{letter}{fault.line}" if letter is not None and fault.line is not None else None
            addressed.append(replace(fault, cell=cell) if cell else fault)
        return addressed


def read_source(path: Path, folder: Path, scheme: str | None, columns: ColumnOptions, options: SourceOptions) -> Source:
    """Reads a file of labeled claims.

    Args:
        path: file.
        folder: dataset folder; may be absent.
        scheme: scheme of the labels, as the user named it.
        columns: what the user said about the columns.
        options: what the user said about the file.
    Raises: FaultsError: the file cannot be read. HarnessError: an export has several labelers, and none is named.
    """
    listed = read_info(folder).schemes if (folder / "dataset.yaml").exists() else ()
    name = scheme or next(iter(listed), None)
    is_known = name is not None and (name in scheme_names() or (folder / "schemes" / f"{name}.yaml").exists())
    notes: list[str] = []
    request = ToolRequest(
        path,
        find_scheme(folder, name) if name is not None and is_known else None,
        options.labeler,
        options.on_conflict,
        columns.columns,
    )
    expected = {*FIELDS, *PASSAGE_FIELDS, "label", *columns.columns.values()}
    if request.scheme is not None:
        expected |= {axis.name for axis in request.scheme.axes}
    ignored = set[str]()
    letters: dict[str, str] = {}

    def read_table() -> Sequence[LabeledRow]:
        # Without the columns that the user passes over, so that they do not decide which tool wrote the file.
        table = read_rows(path, options.table, names=expected, notes=notes, letters=letters)
        ignored.update(name for name in options.ignored if name in column_names(table))
        return without_columns(str(path), table, sorted(ignored))

    file = read_tool_file(request, options.file_format, read_table)
    notes += [f"{path}: {note}" for note in file.notes]
    rows = without_columns(str(path), file.rows, [name for name in options.ignored if name not in ignored])
    if file.tool == CLAIM_REVIEW:
        scheme = scheme or _rating_scheme(folder, listed)
        if columns.columns:
            return Source(str(path), rows, scheme, columns, columns, notes)
        own_notes: list[str] = []
        rows = _in_scheme(rows, folder, scheme, own_notes)
        notes += [f"{path}: {note}" for note in own_notes]
    if file.tool == TABLE:
        return Source(str(path), rows, scheme, columns, columns, notes, letters)
    # The reader of the export has mapped its questions already: every column that is no field is an axis.
    axes = {column: column for column in column_names(rows) if column not in FIELDS and not column.endswith(VALUE_END)}
    return Source(str(path), rows, scheme, ColumnOptions(), ColumnOptions(axes), notes)


def without_columns(path: str, rows: Sequence[LabeledRow], ignored: Sequence[str]) -> Sequence[LabeledRow]:
    """Returns rows without the columns that the user passes over.

    Raises: FaultsError: there is no such column.
    """
    if not ignored:
        return rows
    names = column_names(rows)
    unknown = [name for name in ignored if name not in names]
    if unknown:
        raise FaultsError(
            Fault(path, None, "--ignore-column", unknown_name("column", name, names), "unknown-name")
            for name in unknown
        )
    return RowTable(
        row._replace(cells={name: cell for name, cell in row.cells.items() if name not in ignored}) for row in rows
    )


def _in_scheme(rows: Sequence[LabeledRow], folder: Path, name: str, notes: list[str]) -> Sequence[LabeledRow]:
    """Returns rows with a rating as rows with a label of a scheme, if that has verdicts and no ratings."""
    if name not in scheme_names() and not (folder / "schemes" / f"{name}.yaml").exists():
        return rows
    scheme = find_scheme(folder, name)
    has_rating = any(axis.name == "rating" for axis in scheme.axes)
    return rows if has_rating or "verdict" not in scheme.tasks else ratings_as_verdicts(rows, scheme, notes)


def _rating_scheme(folder: Path, listed: Sequence[str]) -> str:
    """Returns the first scheme of a dataset with an axis `rating`, else with verdicts; ClaimReview's for a new dataset.

    Raises: HarnessError: the dataset has none.
    """
    if not listed:
        return CLAIM_REVIEW
    for name in listed:
        if any(axis.name == "rating" for axis in find_scheme(folder, name).axes):
            return name
    for name in listed:
        if "verdict" in find_scheme(folder, name).tasks:
            return name
    problem = f"lists no scheme with an axis 'rating' or with verdicts ({', '.join(listed)})"
    raise HarnessError(f"{folder / 'dataset.yaml'}: {problem}; add one: --scheme {CLAIM_REVIEW}")
