"""Adds labeled claims to a dataset folder and its append-only label log."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.rows import LabeledRow, read_rows
from harness.data.dataset import Dataset, claim_file_contents, read_info
from harness.data.exchange.claim_review import read_claim_reviews
from harness.data.exchange.label_studio import read_studio
from harness.data.jsonl import to_json_lines
from harness.data.labels.annotations import new_annotation
from harness.data.labels.gold import active_annotations
from harness.data.load import find_scheme, open_folder
from harness.data.sentences.claims_of import make_claim
from harness.display import displayed
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import folder_lock, read_bytes, remove_partial_files, sha256, write_files
from harness.records import Annotation, Article, Claim, is_unicode, preview
from harness.schemes import Axis, Scheme
from harness.schemes.scheme_files import FEATURE_LABEL

CLAIM_FIELDS = ("claim_id", "article_id", "text", "speaker", "date", "start", "note")
"""Columns that describe the claim; every other column is an axis."""
YES_WORDS = ("yes", "true", "1")
NO_WORDS = ("no", "false", "0")

FieldMessage = tuple[str | None, str]
"""Field of a fault (None for the whole row) and its message."""


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


def add_claims(
    dataset_folder: str | Path,
    rows: str | Path | Sequence[Mapping[str, Any]],
    annotator: str,
    *,
    scheme: str | None = None,
    at: str | None = None,
    labeler: str | None = None,
    dry_run: bool = False,
) -> AddResult:
    """Adds labeled claims to a dataset folder: all of them, or none if a row has a fault.

    Args:
        dataset_folder: dataset folder; the text of its articles must be present.
        rows: a .jsonl, .csv or .tsv file, or mappings. A row identifies its claim by `claim_id`, or by `article_id` and
            `text` (with `start` if the text occurs more than once), or by `text` alone (a free-standing claim). Every
            other column is an axis, and its cell the label. In the column of a feature, yes marks the feature, an empty
            cell or no does not, and any other text marks it and becomes its value. Also a Label Studio export (.json),
            or a page (.html, .jsonld) with ClaimReview, whose ratings become labels of the scheme `claimreview`.
        annotator: role or handle of the annotator, safe as a file name.
        scheme: name of the label scheme; default: the first scheme of the dataset.
        at: time to record, ISO 8601; default: now.
        labeler: name of the labeler whose labels are added; required if a Label Studio export has several labelers.
        dry_run: whether to check and count only, and write nothing.
    Raises: FaultsError: all faults of all rows. HarnessError: the annotator, scheme or labeler is invalid. In both
        cases nothing is written.
    """
    folder = Path(dataset_folder)
    # The name becomes a file name: the same rule as `harness.records.Name`.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", annotator):
        allowed = "letters, digits, dot, underscore and hyphen, as it names a file"
        raise HarnessError(f"annotator: expected {allowed}, got {preview(annotator)}")
    path = rows if isinstance(rows, str | Path) else "row"
    # Reading the description first keeps the lock from creating a folder for a mistyped name.
    info = read_info(folder)
    if isinstance(rows, str | Path):
        labeled_rows = _read(Path(rows), scheme or next(iter(info.schemes), ""), labeler)
    else:
        labeled_rows = [LabeledRow(number, cells) for number, cells in enumerate(rows, start=1)]
    with nullcontext() if dry_run else folder_lock(folder, "add"):
        dataset = open_folder(folder)
        dataset.require_text()
        session = _AddSession(dataset, _find_dataset_scheme(dataset, scheme), annotator, at or _now())
        faults = [
            Fault(str(path), row.line, field, message)
            for row in labeled_rows
            for field, message in session.add(row.cells)
        ]
        if faults:
            raise FaultsError(faults)
        if not dry_run:
            remove_partial_files(folder)
            session.write()
    return session.counts()


def _read(path: Path, scheme: str, labeler: str | None) -> list[LabeledRow]:
    """Returns the rows of a file of labeled claims: a table, a Label Studio export or a page with ClaimReview.

    Raises: FaultsError: the file cannot be read. HarnessError: a Label Studio export has several labelers, and
        `labeler` is None or not one of them.
    """
    suffix = path.suffix.lower()
    if suffix in (".html", ".htm", ".jsonld"):
        return [LabeledRow(number, cells) for number, cells in enumerate(read_claim_reviews(path), start=1)]
    if suffix != ".json":
        return read_rows(path)
    by_labeler = read_studio(path, scheme)
    names = ", ".join(by_labeler)
    if labeler is None and len(by_labeler) > 1:
        message = f"has labels by several labelers ({names}); add them one by one: --labeler NAME --as ANNOTATOR"
        raise HarnessError(f"{path}: {message}")
    if labeler is not None and labeler not in by_labeler:
        raise UnknownName(f"{path}: {unknown_name('labeler', labeler, list(by_labeler))}")
    labels = by_labeler[labeler] if labeler is not None else next(iter(by_labeler.values()))
    return [LabeledRow(number, cells) for number, cells in enumerate(labels, start=1)]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _find_dataset_scheme(dataset: Dataset, name: str | None) -> Scheme:
    if not dataset.info.schemes:
        raise HarnessError(f"{dataset.folder}: dataset.yaml lists no scheme; add one under 'schemes'")
    if name is not None and name not in dataset.info.schemes:
        raise UnknownName(f"{dataset.folder}: {unknown_name('scheme', name, dataset.info.schemes)}")
    return find_scheme(dataset.folder, name or dataset.info.schemes[0])


class _AddSession:
    """Collects labeled rows for a dataset, and writes all of them at the end."""

    def __init__(self, dataset: Dataset, scheme: Scheme, annotator: str, at: str) -> None:
        self.dataset = dataset
        self.scheme = scheme
        self.annotator = annotator
        self.at = at
        self.axes = {axis.name: axis for axis in scheme.axes}
        self.articles = {article.article_id: article for article in dataset.articles}
        self.claims = {claim.claim_id: claim for claim in dataset.claims}
        self.present = {
            (a.claim_id, a.axis): a
            for a in active_annotations(dataset.annotations)
            if a.annotator == annotator and a.scheme == scheme.name and a.role == "label"
        }
        self.new: list[Annotation] = []
        self.unchanged = 0

    def add(self, cells: Mapping[str, Any]) -> list[FieldMessage]:
        """Adds one row; returns its faults. A session with faults must not be written."""
        labels = {name: cell for name, cell in cells.items() if name not in CLAIM_FIELDS and cell not in (None, "")}
        faults = list(_cell_faults(cells))
        if not labels:
            faults.append((None, f"has no label; give at least one of: {', '.join(self.axes)}"))
        answers = {}
        for name, cell in labels.items():
            if name not in self.axes:
                faults.append((name, unknown_name("axis", name, list(self.axes))))
                continue
            answers[name] = _parse_label(self.axes[name], cell)
            if answers[name] is None:
                faults.append((name, unknown_name("label", str(cell), self.axes[name].label_names)))
        if faults:
            return faults
        try:
            claim = self._find_or_add_claim(cells)
        except _RowError as error:
            return [(error.field, error.message)]
        # A "no" for a feature that the log marks as present would have to delete a line of the append-only log.
        unmarked = [name for name, answer in answers.items() if not answer and (claim.claim_id, name) in self.present]
        for name, answer in answers.items():
            if answer:
                self._add_label(claim, name, *answer, note=cells.get("note") or None)
        message = f"'{self.annotator}' already marked this claim, and marks cannot be removed; leave the cell empty"
        return [(name, message) for name in unmarked]

    def _find_or_add_claim(self, cells: Mapping[str, Any]) -> Claim:
        """Returns the claim that a row identifies; adds it if it is new.

        Raises: _RowError: the row identifies no claim.
        """
        claim_id, article_id, text = (cells.get(field) or None for field in ("claim_id", "article_id", "text"))
        if claim_id is not None:
            return self._find_claim(claim_id, {"article_id": article_id, "text": text})
        if text is None or not text.strip():
            raise _RowError("text", "is missing; identify the claim by claim_id, by article_id and text, or by text")
        if article_id is None:
            article = self._free_standing_article(text.strip())
            start, end = 0, len(article.text or "")
        elif article_id not in self.articles:
            raise _RowError("article_id", unknown_name("article", article_id, list(self.articles)))
        else:
            article = self.articles[article_id]
            start = _find_start(article, text, cells.get("start"))
            end = start + len(text)
        details = {field: cells.get(field) or None for field in ("speaker", "date")}
        claim = make_claim(article, start, end, **details)
        return self.claims.setdefault(claim.claim_id, claim)

    def _find_claim(self, claim_id: str, cells: Mapping[str, str | None]) -> Claim:
        claim = self.claims.get(claim_id)
        if claim is None:
            raise _RowError("claim_id", f"no claim '{claim_id}' in claims.jsonl")
        for field, cell in cells.items():
            if cell not in (None, getattr(claim, field)):
                expected = preview(getattr(claim, field))
                raise _RowError(
                    field,
                    f"is not that of claim '{claim_id}': expected {expected}, got {preview(cell)}; give claim_id alone",
                )
        return claim

    def _free_standing_article(self, text: str) -> Article:
        """Returns an article that contains only this text, and whose id depends on the text alone."""
        article = Article(article_id=f"claim-{sha256(text)[:10]}", text=text)
        return self.articles.setdefault(article.article_id, article)

    def _add_label(self, claim: Claim, axis: str, label: str, value: str | None, note: str | None) -> None:
        earlier = self.present.get((claim.claim_id, axis))
        if earlier is not None and (earlier.label, earlier.value) == (label, value):
            self.unchanged += 1
            return
        annotation = new_annotation(
            claim_id=claim.claim_id,
            scheme=self.scheme.name,
            axis=axis,
            label=label,
            annotator=self.annotator,
            guideline=self.scheme.version,
            at=self.at,
            value=value,
            note=note,
            supersedes=earlier.annotation_id if earlier else None,
        )
        self.present[(claim.claim_id, axis)] = annotation
        self.new.append(annotation)

    def counts(self) -> AddResult:
        """Returns the numbers of collected claims and labels."""
        superseded = sum(annotation.supersedes is not None for annotation in self.new)
        claims_added = len(self.claims) - len(self.dataset.claims)
        return AddResult(claims_added, len(self.new), superseded, self.unchanged)

    def write(self) -> None:
        """Writes articles, claims and labels together."""
        files: dict[Path, bytes] = {}
        if len(self.claims) > len(self.dataset.claims):
            files = claim_file_contents(self.dataset.folder, self.articles.values(), self.claims.values())
        if self.new:
            log = self.dataset.folder / "annotations" / f"{self.annotator}.jsonl"
            # The log is append-only: existing bytes stay as they are, even if the last line has no line end.
            existing = read_bytes(log) if log.exists() else b""
            line_end = b"" if existing.endswith(b"\n") or not existing else b"\n"
            files[log] = existing + line_end + "".join(to_json_lines(self.new)).encode()
        write_files(files)


class _RowError(Exception):
    """A row that identifies no claim."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def _find_start(article: Article, text: str, start_cell: Any) -> int:
    """Returns the offset of a verbatim text in an article.

    Raises: _RowError: the text is not at the given start, or occurs several times or never and no start is given.
    """
    body = article.text or ""
    if start_cell not in (None, ""):
        start = int(start_cell)
        if body[start : start + len(text)] != text:
            actual = preview(body[start:][:40])
            message = f"is not the text at start {start} of article '{article.article_id}', which has {actual}"
            raise _RowError("text", message)
        return start
    count = body.count(text)
    if count != 1:
        remedy = "give its start" if count else "give the exact characters of the article"
        raise _RowError("text", f"occurs {count} times in article '{article.article_id}'; {remedy}")
    return body.index(text)


def _cell_faults(cells: Mapping[str, Any]) -> Iterator[FieldMessage]:
    for name, cell in cells.items():
        if name == "start":
            if not (cell in (None, "") or re.fullmatch(r"[0-9]{1,12}", str(cell))):
                yield name, f"expected an integer from 0, got {preview(cell)}"
        elif not isinstance(cell, str | None if name in CLAIM_FIELDS else str | bool | int | None):
            yield name, f"expected a text, got {preview(cell)}"
        elif isinstance(cell, str) and not is_unicode(cell):
            yield name, "contains half a character (a lone surrogate); save the text as UTF-8"


def _parse_label(axis: Axis, cell: object) -> tuple[str, str | None] | tuple[()] | None:
    """Returns the label and value of a cell: an empty tuple for an absent feature, None for an unknown label."""
    # JSON rows can have true and false.
    text = ("yes" if cell else "no") if isinstance(cell, bool) else str(cell).strip()
    if not axis.feature:
        return (text, None) if text in axis.label_names else None
    if text.lower() in YES_WORDS:
        return FEATURE_LABEL, None
    if text.lower() in NO_WORDS:
        return ()
    return (FEATURE_LABEL, text) if axis.value else None
