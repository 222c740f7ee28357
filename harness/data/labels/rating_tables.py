"""Reads a table of ratings, for people who have no dataset.

It has one rating a row, or one item a row and one annotator a column. A rating is an item, an annotator and a label,
with its time and its article where the table has them.
"""

from __future__ import annotations

import io
import itertools
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.arguments import as_list
from harness.data.articles.encoding import decode_text
from harness.data.articles.rows import LabeledRow, json_rows
from harness.data.delimiters import SAMPLE_CHARACTERS, find_delimiter, parse_delimiter, sample_rows
from harness.data.own_tables import OwnTable, TableOptions
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import read_bytes

FIELDS = {
    "item": ("item", "item_id", "claim_id", "claim", "task", "task_id", "unit", "unit_id", "sentence_id", "id"),
    "annotator": ("annotator", "annotator_id", "worker", "worker_id", "coder", "rater", "labeler", "judge", "user"),
    "label": ("label", "rating", "answer", "category", "judgment", "annotation", "value"),
    "at": ("at", "time", "timestamp", "created_at", "date"),
    "article": ("article", "article_id", "document", "document_id"),
}
"""Accepted names of the columns by what they hold, the first that the table has; case does not matter."""
MISSING = ("", "nan", "na", "n/a", "<na>", "null")
"""Cells without a label, in lower case: empty ones, and what pandas, R and databases write for them."""
REMARKS = ("comment", "comments", "note", "notes", "remark", "remarks")
"""Names of columns that are no annotator's, unless the user says so; case does not matter."""
MAX_LABELS = 50
"""Largest number of labels; beyond it a column holds something else, such as texts."""
NAME_COLUMNS = (
    "name what the columns hold: --column item=NAME --column annotator=NAME --column label=NAME, or one column "
    "an annotator: --annotator NAME --annotator NAME (without names in the first row: --no-header)"
)
RATING_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl")
"""Suffixes by which a file of ratings is told from the name of a dataset."""


@dataclass(frozen=True, kw_only=True)
class RatingOptions:
    """How to read a table of ratings, where the user says it."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Column by what it holds: item, annotator, label, at (time) or article."""
    annotators: Sequence[str] = ()
    """Columns of the annotators, for a table with one item a row; default: all columns that hold nothing else."""
    labels: Sequence[str] = ()
    """Labels that the annotators could choose from; default: those of the table."""
    header: bool = True
    """Whether the first row names the columns; without it, they are called 1, 2, 3, ..."""
    table: TableOptions = field(default_factory=TableOptions)
    """Delimiter, encoding and sheet."""


def rating_options(
    *,
    columns: Mapping[str, str] | None = None,
    annotators: str | Sequence[str] = (),
    labels: str | Sequence[str] = (),
    header: bool = True,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> RatingOptions:
    """Returns what the user says about a file of ratings; see `harness.agreement`."""
    return RatingOptions(
        columns=columns or {},
        annotators=tuple(as_list(annotators)),
        labels=tuple(as_list(labels)),
        header=header,
        table=TableOptions(delimiter=delimiter, encoding=encoding, sheet=sheet),
    )


def is_rating_file(dataset: str | Path) -> bool:
    """Returns whether a file of ratings is meant, and not a dataset; the file may be absent."""
    path = Path(dataset)
    return path.is_file() or (path.suffix.lower() in RATING_SUFFIXES and not path.is_dir())


class RatingTable(NamedTuple):
    """The ratings of a table."""

    ratings: list[tuple[str, str, str]]
    """Item, annotator, label; in the order of the table."""
    labels: tuple[str, ...]
    times: Mapping[tuple[str, str], str]
    """Time by item and annotator."""
    article_of: Mapping[str, str]
    """Article by item; the item itself in a table without articles."""
    unit: str
    """What can be resampled: article or item."""
    notes: tuple[str, ...]
    """How the table was read, where the user should know."""


class _Rating(NamedTuple):
    line: int
    item: str
    annotator: str
    label: str
    at: str
    article: str


def read_ratings(path: str | Path, options: RatingOptions | None = None) -> RatingTable:
    """Reads a table of ratings: CSV and its relatives, .xlsx, or .jsonl.

    Args:
        path: the file.
        options: columns, labels and delimiter, where the user can name them.
    Raises: FaultsError: all faults of the table.
    """
    path = Path(path)
    options = options or RatingOptions()
    notes: list[str] = []
    rows = _read_rows(path, options, notes)
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    places = _find_columns(path, columns, options)
    is_long = "annotator" in places and "label" in places
    annotators = [] if is_long else _annotator_columns(path, columns, places, options)
    cells = list(_ratings(rows, places, annotators))
    rated = _without_fractions([one for one in cells if one.label.lower() not in MISSING])
    faults = _faults(path, rated, options)
    if not (faults or options.labels):
        is_chosen = not annotators or bool(options.annotators)
        faults = _too_many_labels(path, rated) if is_chosen else _no_annotators(path, rated, "item" in places)
    if faults:
        raise FaultsError(faults)
    notes += _notes(path, cells, rated, annotators)
    passed_over = [name for name in columns if name.lower() in REMARKS and name not in (*annotators, *places.values())]
    if annotators and passed_over and not options.annotators:
        notes.append(f"{path}: passed over: {', '.join(passed_over)} (--annotator NAME reads it as an annotator's)")
    has_articles = "article" in places
    return RatingTable(
        [(one.item, one.annotator, one.label) for one in rated],
        tuple(options.labels) or tuple(sorted({one.label for one in rated})),
        {(one.item, one.annotator): one.at for one in rated if one.at},
        {one.item: one.article if has_articles else one.item for one in rated},
        "article" if has_articles else "item",
        tuple(notes),
    )


def _read_rows(path: Path, options: RatingOptions, notes: list[str]) -> list[LabeledRow]:
    data = read_bytes(path)
    faults: list[Fault] = []
    if path.suffix.lower() == ".jsonl":
        rows = json_rows(path, decode_text(data, path, options.table.encoding)[0], faults)
    else:
        names = {*itertools.chain(*FIELDS.values()), *options.columns.values(), *options.annotators}
        suffix = path.suffix if path.suffix.lower() in (".csv", ".tsv", ".xlsx") else ".tsv"
        if options.header:
            table = OwnTable(path, data, options.table, suffix=suffix, names=names, faults=faults)
            rows = [LabeledRow(line, cells) for line, cells in table]
        else:
            text = decode_text(data, path, options.table.encoding)[0]
            sample = text[:SAMPLE_CHARACTERS]
            given = options.table.delimiter
            delimiter = find_delimiter(sample, suffix) if given is None else parse_delimiter(given)
            width = Counter(map(len, sample_rows(sample, delimiter))).most_common(1)[0][0] if sample.strip() else 0
            header = delimiter.join(str(number) for number in range(1, width + 1))
            numbered = TableOptions(delimiter=delimiter)
            table = OwnTable(path, io.StringIO(f"{header}\n{text}", newline=""), numbered, suffix=suffix, faults=faults)
            rows = [LabeledRow(line - 1, cells) for line, cells in table]
            faults[:] = [Fault(f.path, f.line and f.line - 1, f.field, f.message, f.code) for f in faults]
        notes += table.notes
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; expected a table of ratings"))
    if faults:
        raise FaultsError(faults)
    return [LabeledRow(row.line, {name.strip(): _text(cell) for name, cell in row.cells.items()}) for row in rows]


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _find_columns(path: Path, columns: Sequence[str], options: RatingOptions) -> dict[str, str]:
    """Returns the column of each field that the table has.

    Raises: FaultsError: the user names a column or a field that there is not, or an item is missing.
    """
    chosen = options.columns
    faults = [
        Fault(str(path), None, "--column", unknown_name("field", field, list(FIELDS)), "unknown-name")
        for field in chosen
        if field not in FIELDS
    ]
    faults += [
        Fault(str(path), None, option, unknown_name("column", name, columns), "unknown-name")
        for option, names in (("--column", chosen.values()), ("--annotator", options.annotators))
        for name in names
        if name not in columns
    ]
    by_lower_case = {name.lower(): name for name in reversed(columns)}
    places = {
        field: next(by_lower_case[name] for name in accepted if name in by_lower_case)
        for field, accepted in FIELDS.items()
        if any(name in by_lower_case for name in accepted)
    } | dict(chosen)
    if options.annotators:  # one column an annotator: whatever is called annotator or label is neither
        places = {field: name for field, name in places.items() if field not in ("annotator", "label")}
    if not faults and "annotator" in places and "label" in places and "item" not in places:
        others = [name for name in columns if name not in places.values() and name.lower() not in REMARKS]
        named = f"--column {shlex.quote(f'item={others[0]}')}" if len(others) == 1 else "--column item=NAME"
        message = f"needs a column of items, such as 'item'; name it with {named} (its columns: {', '.join(columns)})"
        faults.append(Fault(str(path), None, None, message, "missing-column"))
    if faults:
        raise FaultsError(faults)
    return places


def _annotator_columns(
    path: Path, columns: Sequence[str], places: Mapping[str, str], options: RatingOptions
) -> list[str]:
    """Returns the columns of the annotators of a table with one item a row."""
    if options.annotators:
        return list(options.annotators)
    others = {places[field] for field in ("item", "at", "article") if field in places}
    names = [name for name in columns if name not in others and name.lower() not in REMARKS]
    if not names:
        message = f"has no column of an annotator (its columns: {', '.join(columns)}); name them with --annotator NAME"
        raise FaultsError.single(path, message, code="missing-column")
    return names


def _ratings(rows: Iterable[LabeledRow], places: Mapping[str, str], annotators: Sequence[str]) -> Iterable[_Rating]:
    """Yields every cell with a label, and those without one."""
    for row in rows:
        line = row.line or 0
        cells = {field: str(row.cells.get(name, "")) for field, name in places.items()}
        more = cells.get("at", ""), cells.get("article", "")
        if annotators:
            item = cells.get("item") or f"row {line}"
            for name in annotators:
                yield _Rating(line, item, name, str(row.cells.get(name, "")), *more)
        else:
            yield _Rating(line, cells["item"], cells["annotator"], cells["label"], *more)


def _faults(path: Path, rated: Sequence[_Rating], options: RatingOptions) -> list[Fault]:
    """Returns what keeps a table from being ratings."""
    if not rated:
        return [Fault(str(path), None, None, "has no label; every cell is empty", "missing-field")]
    faults = [
        Fault(str(path), one.line, None, f"has no {field}; expected one beside every label", "missing-field")
        for one in rated
        for field, cell in (("item", one.item), ("annotator", one.annotator))
        if not cell
    ]
    if options.labels:
        known = set(options.labels)
        return faults + [
            Fault(str(path), one.line, one.annotator, unknown_name("label", one.label, options.labels), "unknown-name")
            for one in rated
            if one.label not in known
        ]
    return faults


def _too_many_labels(path: Path, rated: Iterable[_Rating]) -> list[Fault]:
    return [
        Fault(str(path), None, None, f"{_too_many(name, labels)}; {NAME_COLUMNS}", "too-many-labels")
        for name, labels in _labels_by_annotator(rated).items()
        if len(labels) > MAX_LABELS
    ]


def _too_many(name: str, labels: Collection[str]) -> str:
    return f"'{name}' has {len(labels):,} different labels, more than {MAX_LABELS}"


def _no_annotators(path: Path, rated: Sequence[_Rating], has_items: bool) -> list[Fault]:
    """Returns the fault of columns that were taken for annotators and hold something else, with what reads the table.

    Args:
        path: the file.
        rated: labels of a table with one item a row.
        has_items: whether the column of the items is known.
    """
    labels = _labels_by_annotator(rated)
    n_rows = len({one.line for one in rated})
    has_pairs = n_rows < len(rated)
    reasons: dict[str, str] = {}
    for name, own in labels.items():
        if len(own) > MAX_LABELS:
            reasons[name] = _too_many(name, own)
        elif has_pairs and len(labels) > 1 and not any(own & other for who, other in labels.items() if who != name):
            reasons[name] = f"the column '{name}' has no label in common with another column"
    if not reasons:
        return []
    alike = [name for name in labels if name not in reasons]
    remedy = NAME_COLUMNS
    if len(alike) > 1:
        n_cells = Counter(one.annotator for one in rated)
        full = [name for name in reasons if n_cells[name] == n_rows and 2 * len(labels[name]) > n_rows]
        items = [] if has_items else sorted(full, key=lambda name: -len(labels[name]))[:1]
        options = [f"--column {shlex.quote(f'item={name}')}" for name in items]
        if len(items) < len(reasons):
            options += [f"--annotator {shlex.quote(name)}" for name in alike]
        remedy = f"give {' '.join(options)}"
    code = "too-many-labels" if any(len(labels[name]) > MAX_LABELS for name in reasons) else "no-common-label"
    return [Fault(str(path), None, None, f"{', and '.join(reasons.values())}; {remedy}", code)]


def _labels_by_annotator(rated: Iterable[_Rating]) -> dict[str, set[str]]:
    labels: dict[str, set[str]] = {}
    for one in rated:
        labels.setdefault(one.annotator, set()).add(one.label)
    return labels


def _notes(path: Path, cells: Sequence[_Rating], rated: Sequence[_Rating], annotators: Sequence[str]) -> list[str]:
    """Returns what the user should know about how the table was read."""
    notes = []
    if annotators:
        notes.append(f"{path}: one item a row; annotators: {', '.join(annotators)}")
    missing = Counter(one.label for one in cells if one.label.lower() in MISSING)
    if missing:
        written = ", ".join(f"'{text}' {n:,}" if text else f"empty {n:,}" for text, n in missing.most_common())
        notes.append(f"{path}: cells without a label: {written}")
    labels = {one.label for one in rated}
    alike = sorted(label for label in labels if sum(label.lower() == other.lower() for other in labels) > 1)
    if alike:
        notes.append(f"{path}: labels that differ in case alone count as different: {', '.join(alike)}")
    return notes


def _without_fractions(rated: Sequence[_Rating]) -> list[_Rating]:
    """Writes 1.0 as 1 if all labels are whole numbers: programs write a column so that has an empty cell."""
    labels = {one.label for one in rated}
    try:
        whole = {label: float(label) for label in labels}
    except ValueError:
        return list(rated)
    if not all(number.is_integer() for number in whole.values()):
        return list(rated)
    return [one._replace(label=str(int(whole[one.label]))) for one in rated]
