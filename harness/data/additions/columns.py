"""Decides what each column of a table of labeled claims means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.data.additions.labels import is_blank
from harness.data.articles.rows import LabeledRow
from harness.data.exchange.tool_labels import VALUE_END
from harness.errors import Fault, FaultsError, unknown_name
from harness.schemes import Axis, Scheme

CLAIM_FIELDS = (
    *("claim_id", "article_id", "text", "start", "speaker", "date", "topic", "statement"),
    *("note", "confidence", "at", "guideline"),
)
"""Fields of a row that describe the claim or its labels."""
ARTICLE_FIELDS = ("title", "published", "publisher", "url", "language", "license")
"""Fields of a row that describe its article; used for a new article."""
FIELDS = CLAIM_FIELDS + ARTICLE_FIELDS
PASSAGE_MARKS = ("evidence", "passage_id")
"""Fields of which a row needs one to bring a passage of evidence: its text, or its id in the corpus."""
PASSAGE_FIELDS = (*PASSAGE_MARKS, "group", "stance", "source", "url", "published")
"""Fields of a row that describe a passage of evidence; `url` and `published` are then not those of the article."""
EXPORTED = ("end", "annotations", "evidence", "context")
"""Further columns that `harness export` writes; they are passed over, as are its columns `split.NAME`."""


class SchemeAxis(NamedTuple):
    """One axis of one scheme."""

    scheme: Scheme
    axis: Axis


class Columns(NamedTuple):
    """What the columns of a table mean."""

    fields: Mapping[str, str]
    """Field of a claim or article to the column that holds it."""
    axes: Mapping[str, SchemeAxis]
    """Column to the axis whose labels it holds."""
    ignored: tuple[str, ...]
    """Columns that are passed over because the user said so."""
    faults: tuple[Fault, ...] = ()
    """Columns that are neither a field nor an axis; no column with labels."""
    values: Mapping[str, SchemeAxis] = {}
    """Column to the axis whose free-text values it holds."""

    @property
    def have_evidence(self) -> bool:
        """Whether rows bring passages of evidence: several rows can then describe one claim."""
        return any(field in self.fields for field in PASSAGE_MARKS)


class ColumnOptions(NamedTuple):
    """What the user said about the columns of a table."""

    columns: Mapping[str, str] = {}
    """Field or axis to column."""
    ignore_other: bool = False
    """Whether columns that are neither a field nor an axis are passed over."""


def column_names(rows: Iterable[LabeledRow]) -> list[str]:
    """Returns the columns of all rows, in order of first appearance; without unnamed columns that are empty."""
    names: dict[str, bool] = {}
    for row in rows:
        for name, cell in row.cells.items():
            if not (fold_name(name) == "evidence" and _is_exported(cell)):
                names[name] = names.get(name, False) or cell not in (None, "")
    return [name for name, has_content in names.items() if name.strip() or has_content]


def named_columns(path: str, names: Sequence[str], options: ColumnOptions) -> dict[str, str]:
    """Returns field or axis to column, for the columns that the user named or whose name is that of a field.

    Raises: FaultsError: the table has no such column, or one column is named for two fields.
    """
    faults = [
        Fault(path, None, f"--column {field}={column}", unknown_name("column", column, names), "unknown-name")
        for field, column in options.columns.items()
        if column not in names
    ]
    column_list = list(options.columns.values())
    faults += [
        Fault(path, None, "--column", f"column '{column}' is given for two fields; give it for one")
        for column in sorted({column for column in column_list if column_list.count(column) > 1})
    ]
    if faults:
        raise FaultsError(faults)
    # Of two columns that differ only in case or blanks, the one that is written exactly as the field is the field.
    by_folded_name: dict[str, str] = {}
    for name in names:
        folded = fold_name(name)
        if folded not in by_folded_name or name == folded:
            by_folded_name[folded] = name
    free = {folded: name for folded, name in by_folded_name.items() if name not in column_list}
    fields = known_fields([*options.columns, *(name for name in ("evidence",) if name in free)])
    return {field: free[field] for field in fields if field in free} | dict(options.columns)


def known_fields(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the fields that a table can have: with a column of passages, those of passages too.

    Args:
        names: fields and axes that the table has columns for.
    """
    return tuple(dict.fromkeys((*FIELDS, *PASSAGE_FIELDS))) if set(PASSAGE_MARKS) & set(names) else FIELDS


def _is_exported(cell: object) -> bool:
    """Whether a cell holds evidence as `harness export` writes it: a list of records, or its JSON."""
    return isinstance(cell, list) or (isinstance(cell, str) and cell.startswith(("[{", "[]")))


def resolve_columns(path: str, names: Sequence[str], schemes: Sequence[Scheme], options: ColumnOptions) -> Columns:
    """Returns what the columns of a table mean.

    Args:
        path: file named in faults.
        names: columns of the table.
        schemes: schemes of the dataset; the axes of the first need no prefix `SCHEME.`.
        options: what the user said about the columns.
    Raises: FaultsError: an option names an unknown field, axis or column, or two columns are one axis.
    """
    field_columns = named_columns(path, names, options)
    axes, known = _axes_by_name(schemes), known_fields(field_columns)
    passage_only = set(known) - set(FIELDS)
    faults = [
        Fault(path, None, f"--column {field}={column}", unknown_name("field or axis", field, [*known, *axes]))
        for field, column in options.columns.items()
        if field not in known and field not in axes
    ]
    axis_columns = {
        column: axes[name] for name, column in field_columns.items() if name in axes and name not in passage_only
    }
    taken = set(field_columns.values())
    value_axes = {f"{name}{VALUE_END}": axis for name, axis in axes.items() if axis.axis.value}
    values: dict[str, SchemeAxis] = {}
    others = []
    for name in names:
        if name in taken:
            continue
        axis = axes.get(name) or axes.get(fold_name(name))
        if axis is not None:
            axis_columns[name] = axis
        elif fold_name(name) in value_axes:
            values[name] = value_axes[fold_name(name)]
        elif not (fold_name(name) in EXPORTED or fold_name(name).startswith("split.")):
            others.append(name)
    for axis in _twice(axis_columns.values()):
        columns = " and ".join(f"'{column}'" for column, other in axis_columns.items() if other == axis)
        faults.append(Fault(path, None, axis.axis.name, f"has two columns, {columns}; give one of them"))
    if faults:
        raise FaultsError(faults)
    if others and not options.ignore_other:
        faults.append(Fault(path, None, None, _no_axis(others, schemes, known, bool(axis_columns)), "unknown-name"))
    elif not axis_columns and not {*PASSAGE_MARKS, "statement"} & field_columns.keys():
        axis_names = ", ".join(axis.name for axis in schemes[0].axes)
        message = f"has no label; give at least one of: {axis_names}{_new_scheme_hint(others)}"
        faults.append(Fault(path, None, None, message, "missing-field"))
    fields = {field: column for field, column in field_columns.items() if field in known and column not in axis_columns}
    return Columns(fields, axis_columns, tuple(others), tuple(faults), values)


def fold_name(name: str) -> str:
    """Returns the name of a column in lower case, without blanks around it."""
    return name.strip().lower()


def fields_of(cells: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Returns the fields of a row that are not empty; all but texts and notes without blanks around them."""
    fields = {}
    for field, column in columns.fields.items():
        cell = cells.get(column)
        if isinstance(cell, str) and field not in ("text", "note"):
            cell = cell.strip()
        if cell not in (None, "") if field == "note" else not is_blank(cell):
            fields[field] = cell
    return fields


def _axes_by_name(schemes: Sequence[Scheme]) -> dict[str, SchemeAxis]:
    """Returns the axes by the names that a column may have: `AXIS` of the first scheme, and `SCHEME.AXIS`."""
    axes = {f"{scheme.name}.{axis.name}": SchemeAxis(scheme, axis) for scheme in schemes for axis in scheme.axes}
    return {axis.name: SchemeAxis(schemes[0], axis) for axis in schemes[0].axes} | axes


def _twice(axes: Iterable[SchemeAxis]) -> list[SchemeAxis]:
    seen: list[SchemeAxis] = []
    repeated: list[SchemeAxis] = []
    for axis in axes:
        (repeated if axis in seen else seen).append(axis)
    return repeated


def _no_axis(others: Sequence[str], schemes: Sequence[Scheme], fields: Sequence[str], has_axis: bool) -> str:
    """Returns the message for columns that are neither a field nor an axis."""
    scheme = schemes[0]
    names = ", ".join(f"'{name}'" for name in others)
    subject = f"column {names} is" if len(others) == 1 else f"columns {names} are"
    known = [axis.name for axis in scheme.axes]
    pairs = ((name, difflib.get_close_matches(fold_name(name), [*known, *fields], n=1, cutoff=0.7)) for name in others)
    close = next((f" Did you mean '{match[0]}' by '{name}'?" for name, match in pairs if match), "")
    return (
        f"{subject} neither an axis of the scheme '{scheme.name}' ({', '.join(known)}) nor a field "
        f"({', '.join(fields)}).{close} Name the columns to read with --column FIELD=COLUMN, and pass over "
        f"the others with --ignore-other-columns{'' if has_axis else _new_scheme_hint(others)}"
    )


def _new_scheme_hint(others: Sequence[str]) -> str:
    return "; --new-scheme NAME makes a scheme from the labels of --column label=COLUMN" if others else ""
