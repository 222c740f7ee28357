"""Adds labeled claims to a dataset folder and its append-only label log."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.additions.columns import FIELDS, ColumnOptions, column_names, resolve_columns
from harness.data.additions.labels import ConflictRule
from harness.data.additions.session import TIME_EXPECTED, AddOptions, AddSession, is_time
from harness.data.additions.target import Target, TargetOptions, open_target
from harness.data.articles.rows import LabeledRow, read_rows
from harness.data.dataset import claim_file_contents, read_info
from harness.data.exchange.claim_review import SCHEME as CLAIM_REVIEW
from harness.data.exchange.tool_files import read_tool_file
from harness.data.exchange.tool_labels import ToolRequest
from harness.data.exchange.tool_rows import ToolRows
from harness.data.jsonl import to_json_lines
from harness.data.load import find_scheme
from harness.data.own_tables import TableOptions
from harness.errors import FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import folder_lock, read_bytes, remove_partial_files, write_files
from harness.records import preview
from harness.schemes import Scheme
from harness.text_tables import count_of


class AddResult(NamedTuple):
    """Numbers of claims and labels that `add_claims` added, or would add in a dry run."""

    claims_added: int
    """Number of new claims."""
    annotations_added: int
    """Number of new labels."""
    superseded: int
    """Number of new labels that replace an earlier label by the same annotator."""
    unchanged: int
    """Number of labels that the annotator had already given; they are not added again."""
    articles_added: int = 0
    """Number of new articles that are documents; those of free-standing claims are not counted."""
    notes: tuple[str, ...] = ()
    """What else the user should know, each a sentence: what was created, passed over, or chosen by a rule."""
    steps: tuple[str, ...] = ()
    """Next steps after a dataset was created, each a command to run or a file to edit."""


def add_claims(
    dataset_folder: str | Path,
    rows: str | Path | Sequence[Mapping[str, Any]],
    annotator: str,
    *,
    scheme: str | None = None,
    new_scheme: str | None = None,
    task: str | None = None,
    positive: Sequence[str] = (),
    language: str | None = None,
    columns: Mapping[str, str] | None = None,
    ignore_columns: Sequence[str] = (),
    ignore_other_columns: bool = False,
    labels: Mapping[str, str] | None = None,
    on_conflict: ConflictRule | None = None,
    at: str | None = None,
    labeler: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    file_format: str | None = None,
    dry_run: bool = False,
) -> AddResult:
    """Adds labeled claims to a dataset folder: all of them, or none if a row has a fault.

    Args:
        dataset_folder: dataset folder; the text of its articles must be present. A file of rows creates it if absent.
        rows: a .jsonl, .csv, .tsv or .xlsx file, or mappings. A row identifies its claim by `claim_id`, by
            `article_id` and `text` (with `start` if the text occurs more than once), or by `text` alone (a
            free-standing claim). The rows of an article that the dataset does not have make it, one a line. Every other
            column is an axis, and its cell the label. In the column of a feature, yes marks the feature, an empty cell
            or no does not, and any other text marks it and becomes its value. Also an export of doccano (.jsonl, .csv),
            Prodigy (.jsonl) or Label Studio (.json, .csv, .tsv), and ClaimReview in a page (.html, .jsonld, .json) or
            an answer of the Fact Check Tools API (.json), whose ratings become labels of the scheme `claimreview`.
        annotator: role or handle of the annotator, safe as a file name.
        scheme: name of the label scheme; default: the first scheme of the dataset. Registered if it is not listed.
        new_scheme: name of a scheme to make from the labels; default for a new dataset without `scheme`: its name.
        task: task that a new scheme answers; default: claim_detection for yes and no, else claim_type.
        positive: labels of a new scheme that mean yes.
        language: BCP 47 code of a new dataset; default: en.
        columns: field or axis to the column that holds it.
        ignore_columns: columns to pass over.
        ignore_other_columns: whether to pass over all columns that are neither a field nor an axis.
        labels: value in the rows to label.
        on_conflict: rule for rows that give one claim different labels: majority, first, last or newest (by the column
            `at`, or the time that the export states); default: a fault.
        at: time of labels whose rows have no `at`, ISO 8601; default: now.
        labeler: name of the labeler whose labels are added; required if an export has several labelers. With
            ClaimReview the name of the publisher.
        delimiter: delimiter of a table, by its name (comma, semicolon, tab, at, pipe) or itself; default: detected.
        encoding: encoding of a text file; default: detected.
        sheet: name of the sheet of an .xlsx file; default: the first.
        file_format: `table`, `doccano`, `prodigy`, `label-studio` or `claimreview`; default: recognized by the
            structure of the file.
        dry_run: whether to check and count only, and write nothing.
    Raises: FaultsError: all faults of all rows. HarnessError: an argument is invalid. In both cases nothing is written.
    """
    folder = Path(dataset_folder)
    _check_arguments(annotator, scheme, new_scheme, at)
    is_file = isinstance(rows, str | Path)
    path = str(rows) if is_file else "row"
    # Reading the description first keeps the lock from creating a folder for a mistyped name.
    is_new = _is_new(folder, creatable=is_file or new_scheme is not None)
    column_options = ColumnOptions(columns or {}, ignore_other_columns)
    notes: list[str] = []
    if isinstance(rows, str | Path):
        source = _Source(
            Path(rows),
            None if new_scheme is not None else _default_scheme(folder, scheme, is_new=is_new),
            table=TableOptions(delimiter=delimiter, encoding=encoding, sheet=sheet),
            ignored=ignore_columns,
            file_format=file_format,
        )
        file = _read(source, column_options, _ToolArguments(labeler, on_conflict), notes)
        if file.tool == CLAIM_REVIEW and scheme is None and new_scheme is None:
            scheme = _rating_scheme(folder, is_new=is_new)
        if file.tool != "table":
            # The reader of the tool has applied them; its rows have the axes as columns.
            axis_columns = {name: name for name in column_options.columns if name not in FIELDS}
            column_options = column_options._replace(columns=axis_columns)
        labeled_rows = file.rows
    else:
        labeled_rows = [LabeledRow(number, cells) for number, cells in enumerate(rows, start=1)]
        labeled_rows = _without_columns(path, labeled_rows, ignore_columns)
    target_options = TargetOptions(scheme, new_scheme, task, positive, language)
    with nullcontext() if dry_run or is_new else folder_lock(folder, "add"):
        target = open_target(folder, path, labeled_rows, column_options, labels or {}, options=target_options)
        meanings = resolve_columns(path, column_names(labeled_rows), target.schemes, column_options)
        options = AddOptions(annotator, at or _now(), labels or {}, on_conflict)
        session = AddSession(target.dataset, meanings, options, path)
        session.add_all(labeled_rows)
        if meanings.faults or session.faults:
            raise FaultsError((*meanings.faults, *session.faults))
        if not dry_run:
            with folder_lock(folder, "add") if is_new else nullcontext():
                remove_partial_files(folder)
                _write(target, session)
    return _result(target, session, notes, (*ignore_columns, *meanings.ignored))


def _check_arguments(annotator: str, scheme: str | None, new_scheme: str | None, at: str | None) -> None:
    # These names become file names: the same rule as `harness.records.Name`.
    for option, name in (("annotator", annotator), ("--new-scheme", new_scheme)):
        if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", name):
            allowed = "letters, digits, dot, underscore and hyphen, as it names a file"
            raise HarnessError(f"{option}: expected {allowed}, got {preview(name)}")
    if scheme is not None and new_scheme is not None:
        raise HarnessError("give --scheme for a scheme that exists, or --new-scheme to make one; not both")
    if at is not None and not is_time(at):
        raise HarnessError(f"--at: {TIME_EXPECTED}, got {preview(at)}")


def _is_new(folder: Path, *, creatable: bool) -> bool:
    """Whether the dataset folder is to be created.

    Raises: FaultsError: the folder is no dataset, and is not empty or must exist.
    """
    if (folder / "dataset.yaml").exists():
        return False
    if not creatable or (folder.exists() and not folder.is_dir()):
        read_info(folder)
    # An earlier call that was killed can leave the lock file behind.
    if folder.is_dir() and any(entry.name != ".lock" for entry in folder.iterdir()):
        read_info(folder)
    return True


def _without_columns(path: str, rows: Sequence[LabeledRow], ignored: Sequence[str]) -> list[LabeledRow]:
    """Returns the rows without the columns that the user passes over."""
    if not ignored:
        return list(rows)
    names = column_names(rows)
    unknown = [name for name in ignored if name not in names]
    if unknown:
        message = "\n".join(f"{path}: --ignore-column: {unknown_name('column', name, names)}" for name in unknown)
        raise UnknownName(message)
    return [row._replace(cells={name: cell for name, cell in row.cells.items() if name not in ignored}) for row in rows]


class _Source(NamedTuple):
    """A file of labeled claims and how to read it."""

    path: Path
    scheme: Scheme | None
    """Scheme of the labels; None: one is made from them."""
    table: TableOptions
    ignored: Sequence[str]
    """Columns of a table to pass over."""
    file_format: str | None


class _ToolArguments(NamedTuple):
    """What the user said about the labels of an export of another tool."""

    labeler: str | None
    on_conflict: ConflictRule | None


def _read(source: _Source, columns: ColumnOptions, arguments: _ToolArguments, notes: list[str]) -> ToolRows:
    """Returns the rows of a file of labeled claims: a table, an export of another tool, or ClaimReview.

    Args:
        source: file and how to read it.
        columns: columns that the user named.
        arguments: what the user said about the labels of an export.
        notes: list to which is appended how the file was read, where the user should know.
    Raises: FaultsError: the file cannot be read. HarnessError: an export has several labelers, and `labeler` is None or
        not one of them.
    """
    path = source.path

    def read_table() -> list[LabeledRow]:
        names = {*FIELDS, "label", *columns.columns.values()}
        return _without_columns(str(path), read_rows(path, source.table, names=names, notes=notes), source.ignored)

    request = ToolRequest(path, source.scheme, *arguments, columns.columns)
    file = read_tool_file(request, source.file_format, read_table)
    notes += file.notes
    return file


def _default_scheme(folder: Path, name: str | None, *, is_new: bool) -> Scheme | None:
    """Returns the scheme of the labels, by default the first of the dataset; None if there is none yet."""
    if name is None and not is_new:
        name = next(iter(read_info(folder).schemes), None)
    return None if name is None else find_scheme(folder, name)


def _rating_scheme(folder: Path, *, is_new: bool) -> str:
    """Returns the first scheme of a dataset with an axis `rating`; that of ClaimReview for a new dataset.

    Raises: HarnessError: the dataset lists no such scheme.
    """
    if is_new:
        return CLAIM_REVIEW
    names = read_info(folder).schemes
    for name in names:
        if any(axis.name == "rating" for axis in find_scheme(folder, name).axes):
            return name
    message = f"lists no scheme with an axis 'rating' ({', '.join(names)}); register one: --scheme {CLAIM_REVIEW}"
    raise HarnessError(f"{folder / 'dataset.yaml'}: {message}")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(target: Target, session: AddSession) -> None:
    """Writes articles, claims, labels and descriptions together."""
    folder = target.dataset.folder
    files: dict[Path, bytes] = {}
    finder = session.finder
    if target.is_new or len(finder.claims) > len(target.dataset.claims):
        files = claim_file_contents(folder, finder.articles.values(), finder.claims.values())
    if session.new:
        log = folder / "annotations" / f"{session.options.annotator}.jsonl"
        # The log is append-only: existing bytes stay as they are, even if the last line has no line end.
        existing = read_bytes(log) if log.exists() else b""
        line_end = b"" if existing.endswith(b"\n") or not existing else b"\n"
        files[log] = existing + line_end + "".join(to_json_lines(session.new)).encode()
    write_files(files | target.files(len(finder.articles)))


def _result(target: Target, session: AddSession, notes: list[str], ignored: Sequence[str]) -> AddResult:
    notes += target.notes
    if ignored:
        notes.append(f"columns passed over: {', '.join(ignored)}")
    if session.unlabeled:
        notes.append(f"rows without a label: {session.unlabeled:,}")
    if session.by_rule:
        rule = session.options.on_conflict
        notes.append(
            f"rows disagree on {count_of(session.by_rule, 'label')}, set by the rule '{rule}' (see their notes)"
        )
    superseded = sum(annotation.supersedes is not None for annotation in session.new)
    return AddResult(
        claims_added=len(session.finder.claims) - len(target.dataset.claims),
        annotations_added=len(session.new),
        superseded=superseded,
        unchanged=session.unchanged,
        articles_added=session.finder.documents_added,
        notes=tuple(notes),
        steps=target.steps(),
    )
