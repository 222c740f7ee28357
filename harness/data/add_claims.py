"""Adds labeled claims to a dataset folder and its append-only label log."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.arguments import as_list
from harness.data.additions.columns import ColumnOptions, column_names, resolve_columns
from harness.data.additions.labels import TIME_EXPECTED, ConflictRule, is_time
from harness.data.additions.new_labels import AddOptions, NewLabels
from harness.data.additions.reading import Source, SourceOptions, read_source, without_columns
from harness.data.additions.session import AddSession
from harness.data.additions.target import Target, TargetOptions, open_target
from harness.data.articles.rows import LabeledRow
from harness.data.dataset import read_info
from harness.data.delimited import MAX_BOOK_CELL, MAX_CELL
from harness.data.jsonl import line_blocks, to_json_bytes
from harness.data.labels.annotations import time_now
from harness.data.new_dataset import GIT_FILES
from harness.data.own_tables import TableOptions
from harness.display import displayed
from harness.errors import FaultsError, HarnessError
from harness.files import Content, opened, write_files
from harness.folders import folder_lock
from harness.memory import gc_paused
from harness.partial_files import is_temporary, remove_partial_files
from harness.records import Record, check_name, preview
from harness.text_tables import count_of

WRITTEN = (
    "articles.jsonl",
    "claims.jsonl",
    "corpus.jsonl",
    "evidence.jsonl",
    "README.md",
    "experiment.yaml",
    *GIT_FILES,
)
"""Files of a new dataset, but for labels, schemes, and the description, which is written last."""
FLEETING = ("at", "annotation_id")
"""Fields of a label that differ between calls with the same rows."""
MAX_LINES = 6
"""Number of articles or sentences, and of lines of each, that a note names."""


@displayed
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
    evidence_added: int = 0
    """Number of new citations: a passage of evidence for a claim."""
    passages_added: int = 0
    """Number of new passages in the corpus of the dataset."""
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
    positive: str | Sequence[str] = (),
    language: str | None = None,
    columns: Mapping[str, str] | None = None,
    ignore_columns: str | Sequence[str] = (),
    ignore_other_columns: bool = False,
    labels: Mapping[str, str] | None = None,
    on_conflict: ConflictRule | None = None,
    at: str | None = None,
    role: Literal["label", "adjudicate", "suggest"] = "label",
    labeler: str | None = None,
    file_format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    dry_run: bool = False,
) -> AddResult:
    """Adds labeled claims to a dataset folder: all of them, or none if a row has a fault.

    Args:
        dataset_folder: dataset folder; the text of its articles must be present. A file of rows creates it if absent.
        rows: a .jsonl, .csv, .tsv or .xlsx file, or mappings. A row identifies its claim by `claim_id`, by
            `article_id` and `text` (with `start` if the text occurs more than once), or by `text` alone (a
            free-standing claim). The rows of an article that the dataset does not have make it, one a line. Every other
            column is an axis, and its cell the label. In the column of a feature, yes marks the feature, an empty cell
            or no does not, and any other text marks it and becomes its value. Columns `note`, `confidence` (0 to 1) and
            `at` are stored with the labels of a row. A column `statement` holds the claim in words that stand alone. A
            column `evidence` holds a passage of
            evidence for the claim of the row, and several rows of one claim bring several; `passage_id`, `group`,
            `stance`, `source`, `url` and `published` then describe the passage. Also an export of doccano (.jsonl,
            .csv), Prodigy (.jsonl) or Label Studio (.json, .csv, .tsv), and ClaimReview in a page (.html, .jsonld,
            .json) or an answer of the Fact Check Tools API (.json), whose ratings become labels of the scheme
            `claimreview`.
        annotator: role or handle of the annotator, safe as a file name.
        scheme: name of the label scheme; default: the first scheme of the dataset. Registered if it is not listed.
        new_scheme: name of a scheme to make from the labels; default for a new dataset without `scheme`: its name.
        task: task that a new scheme answers; default: claim_detection for yes and no, else claim_type.
        positive: one or more labels of a new scheme that mean yes.
        language: BCP 47 code of a new dataset; default: en.
        columns: field or axis to the column of a table, or the question of an export, that holds it.
        ignore_columns: one or more columns to pass over.
        ignore_other_columns: whether to pass over all columns that are neither a field nor an axis.
        labels: value in the rows to label.
        on_conflict: rule for rows that give one claim different labels: majority, newest (by `at`), first or last;
            default: a fault.
        at: time of labels whose rows have no `at`, ISO 8601; default: now.
        role: `label`; `adjudicate` for decisions where annotators differ, which the gold rule `adjudicated` takes; or
            `suggest` for proposals, such as those of a model, which count nowhere.
        labeler: name of the labeler whose labels are added; required if an export has several labelers. With
            ClaimReview the name of the publisher.
        file_format: `table`, `doccano`, `prodigy`, `label-studio` or `claimreview`; default: recognized by the
            structure of the file.
        delimiter: delimiter of a table, by its name (comma, semicolon, tab, at, pipe) or itself; default: detected.
        encoding: encoding of a text file; default: detected.
        sheet: name of the sheet of an .xlsx file; default: the first.
        dry_run: whether to check and count only, and write nothing.
    Raises: FaultsError: all faults of all rows. HarnessError: an argument is invalid. In both cases nothing is written.
    """
    folder, ignored = Path(dataset_folder), as_list(ignore_columns)
    _check_arguments(annotator, scheme, new_scheme, at)
    is_file = isinstance(rows, str | Path)
    # Reading the description first keeps the lock from creating a folder for a mistyped name.
    is_new = _is_new(folder, creatable=is_file or new_scheme is not None)
    meaning = ColumnOptions(columns or {}, ignore_other_columns)
    if isinstance(rows, str | Path):
        # A passage can be longer than the longest cell after which a stray quote is suspected.
        max_cell = MAX_BOOK_CELL if "evidence" in meaning.columns else MAX_CELL
        table = TableOptions(delimiter=delimiter, encoding=encoding, sheet=sheet, max_cell=max_cell)
        source_options = SourceOptions(labeler, file_format, table, on_conflict, ignored)
        source = read_source(Path(rows), folder, new_scheme or scheme, meaning, source_options)
    else:
        numbered = [LabeledRow(number, cells) for number, cells in enumerate(rows, start=1)]
        source = Source("row", without_columns("row", numbered, ignored), scheme, meaning, meaning, [])
    target_options = TargetOptions(None if new_scheme else source.scheme, new_scheme, task, as_list(positive), language)
    options = AddOptions(annotator, at or time_now(), labels or {}, on_conflict, role)
    with nullcontext() if dry_run or is_new else folder_lock(folder, "add"), gc_paused():
        target = open_target(folder, source, options.values, target_options)
        resolved = resolve_columns(source.path, column_names(source.rows), target.schemes, source.columns)
        session = AddSession(target.dataset, resolved, options, source.path)
        session.add_all(source.rows)
        if resolved.faults or session.faults:
            raise FaultsError((*resolved.faults, *source.located(session.faults, resolved)))
        if not dry_run:
            with folder_lock(folder, "add") if is_new else nullcontext():
                if is_new and not _is_new(folder, creatable=True):
                    message = "another command created this dataset meanwhile; nothing was added, run the command again"
                    raise FaultsError.single(folder, message, code="changed-meanwhile")
                remove_partial_files(folder)
                _write(target, session)
    return _result(target, session, source.notes, (*ignored, *resolved.ignored))


def _check_arguments(annotator: str, scheme: str | None, new_scheme: str | None, at: str | None) -> None:
    # These names become file names.
    for option, name in (("annotator", annotator), ("--new-scheme", new_scheme)):
        if name is not None:
            check_name(option, name)
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
    # What a call that was killed can leave behind; `_write` checks the content of files with these names.
    for path in _present(folder):
        if path.name not in WRITTEN and path.parent not in (folder / "annotations", folder / "schemes"):
            read_info(folder)
    return True


def _present(folder: Path) -> Iterator[Path]:
    """The files of a folder, but for locks and what is not finished."""
    files = (path for path in folder.rglob("*") if not path.is_dir())
    return (path for path in files if path.name != ".lock" and not is_temporary(path))


def _require_ours(folder: Path, files: Mapping[Path, Content]) -> None:
    """Refuses a folder that is no dataset, and has a file with other content than this call writes.

    Raises: FaultsError: there is such a file.
    """
    for path in _present(folder):
        if path.name in GIT_FILES:  # written only where there is none
            continue
        if path not in files or not _is_written(path, files[path]):
            read_info(folder)


def _is_written(path: Path, content: Content) -> bool:
    """Whether a file has this content, but for the times of labels and the ids that contain them."""
    # Line by line: neither content has to fit into memory.
    with opened(path) as present:
        new = io.BytesIO(content) if isinstance(content, bytes) else content()
        pairs = itertools.zip_longest(present, new, fillvalue=b"")
        return all(one == other or _lasting(path, one) == _lasting(path, other) for one, other in pairs)


def _lasting(path: Path, line: bytes) -> object:
    """The content of a line without the time of a label and the id that contains it: they differ between calls."""
    if path.parent.name != "annotations":
        return line
    try:
        label = json.loads(line)
    except (ValueError, RecursionError):  # somebody else's file
        return line
    return {name: value for name, value in label.items() if name not in FLEETING} if isinstance(label, dict) else line


def _write(target: Target, session: AddSession) -> None:
    """Writes articles, claims, labels and descriptions together."""
    folder = target.dataset.folder
    files: dict[Path, Content] = {}
    finder = session.finder
    if target.is_new or len(finder.claims) > len(target.dataset.claims) or finder.statements_added:
        # Articles come first because claims refer to them: a write that is cut short leaves no broken reference.
        files[folder / "articles.jsonl"] = lambda: to_json_bytes(finder.articles.values())
        files[folder / "claims.jsonl"] = lambda: to_json_bytes(finder.claims.in_order())
    if session.new:
        files |= _appended(folder / "annotations" / f"{session.options.annotator}.jsonl", session.new, target)
    if session.evidence is not None:
        # Passages come before the evidence that cites them.
        files |= _appended(folder / "corpus.jsonl", session.evidence.passages, target)
        files |= _appended(folder / "evidence.jsonl", session.evidence.new, target)
    files |= target.files(len(finder.articles))
    if target.is_new:
        _require_ours(folder, files)
    write_files(files)


def _appended(path: Path, records: Sequence[Record] | NewLabels, target: Target) -> dict[Path, Content]:
    """The content of a file with records added at its end; nothing without records."""
    if not records:
        return {}
    # Existing bytes stay as they are, even if the last line has no line end.
    has_lines = path.exists() and not target.is_new

    def content() -> Iterator[bytes]:
        last = b"\n"
        for block in line_blocks(path) if has_lines else ():
            yield block
            last = block
        if not last.endswith(b"\n"):
            yield b"\n"
        yield from to_json_bytes(records)

    return {path: content}


def _result(target: Target, session: AddSession, notes: list[str], ignored: Sequence[str]) -> AddResult:
    notes += target.notes
    if ignored:
        notes.append(f"columns passed over: {', '.join(ignored)}")
    if session.finder.statements_added:
        notes.append(f"statements added: {session.finder.statements_added:,}")
    if session.unlabeled:
        unit = "rows" if session.evidence is None else "claims"
        notes.append(f"{unit} without a label: {session.unlabeled:,}")
    notes += [
        f"labels by version {version} of the guideline of '{scheme}', which is now {current}: {count:,}; "
        "they are added as labels of that version"
        for (scheme, version, current), count in session.other_guidelines.items()
    ]
    if session.replaced_articles:
        notes.append(_replaced_note(session.replaced_articles))
    if session.by_rule:
        rule = session.options.on_conflict
        notes.append(
            f"rows disagree on {count_of(session.by_rule, 'label')}, set by the rule '{rule}' (see their notes)"
        )
    if session.repeated:
        notes.append(_repeated_note(session.repeated))
    evidence = session.evidence
    notes += [] if evidence is None else evidence.notes()
    return AddResult(
        claims_added=len(session.finder.claims) - len(target.dataset.claims),
        annotations_added=len(session.new),
        superseded=session.superseded,
        unchanged=session.unchanged,
        articles_added=session.finder.documents_added,
        evidence_added=0 if evidence is None else len(evidence.new),
        passages_added=0 if evidence is None else evidence.n_new_passages,
        notes=tuple(notes),
        steps=target.steps(),
    )


def _replaced_note(newest: Mapping[str, str]) -> str:
    """Says which articles of the labels a newer version replaces."""
    pairs = [f"'{new}' replaces '{old}'" for old, new in newest.items()]
    more = f" and {len(pairs) - MAX_LINES:,} more" if len(pairs) > MAX_LINES else ""
    versions = f"{', '.join(pairs[:MAX_LINES])}{more}"
    return f"no run uses labels of an earlier version of an article; give the article_id of the newest ({versions})"


def _repeated_note(repeated: Sequence[Sequence[int | None]]) -> str:
    """Says which sentences occur several times in a document with different labels."""
    several = len(repeated) > 1
    subject = f"{len(repeated):,} sentences occur" if several else "a sentence occurs"
    times = "twice" if all(len(lines) == 2 for lines in repeated) else "several times"
    lines = "; ".join(", ".join(map(str, lines[:MAX_LINES])) for lines in repeated[:MAX_LINES])
    more = f" and {len(repeated) - MAX_LINES:,} more" if len(repeated) > MAX_LINES else ""
    return (
        f"{subject} {times} in a document with different labels (lines {lines}{more}): each row is a claim of its own; "
        "correct the table if the rows mean the same claim"
    )
