"""The append-only label log, and adding labelled claims to it: all or nothing."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.rows import LabelledRow, read_rows
from harness.data.dataset import Dataset, claim_file_contents, read_info
from harness.data.exchange.claim_review import read_claim_reviews
from harness.data.exchange.label_studio import read_studio
from harness.data.jsonl import to_json_lines
from harness.data.labels.annotations import new_annotation
from harness.data.labels.gold import active_annotations
from harness.data.load import find_scheme, open_folder
from harness.data.sentences.claims_of import make_claim
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import folder_lock, read_bytes, remove_partial_files, sha256, write_files
from harness.records import Annotation, Article, Claim, is_unicode, preview
from harness.schemes import Axis, Scheme
from harness.schemes.scheme_files import FEATURE_LABEL

CLAIM_FIELDS = ("claim_id", "article_id", "text", "speaker", "date", "start", "note")
YES_WORDS, NO_WORDS = ("yes", "true", "1"), ("no", "false", "0")


class AddResult(NamedTuple):
    """What an add did, or would do."""

    claims_added: int
    annotations_added: int
    superseded: int
    """Of the annotations added, how many change an earlier label by the same annotator."""
    unchanged: int
    """Labels that this annotator had given already."""


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
    """Adds labelled claims to a dataset folder, all or nothing.

    Args:
        dataset_folder: the folder; its articles need their text.
        rows: a .jsonl, .csv or .tsv file, or mappings. A row names its claim by `claim_id`, or by `article_id`
            and `text` (with `start` where the text occurs more than once), or by `text` alone (a free-standing claim);
            each of its other cells is a label under the name of its axis. In a feature's cell, yes marks it, empty or
            no leaves it out, and other text marks it with that text as its value. Or a Label Studio export (.json),
            or a page (.html) or .jsonld with ClaimReview, whose ratings are labels of the scheme `claimreview`.
        annotator: who labels: a role or a handle, safe as a file name.
        scheme: default: the dataset's first.
        at: the time to record, ISO 8601; default: now.
        worker: whose labels of a Label Studio export to take, where it has several labelers'.
        dry_run: count, and write nothing.
    Raises: FaultsError: every fault of every row; nothing is written then.
    """
    folder = Path(dataset_folder)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", annotator):
        allowed = "letters, digits, dot, underscore and hyphen, as it names a file"
        raise HarnessError(f"annotator: expected {allowed}, got {preview(annotator)}")
    path = rows if isinstance(rows, str | Path) else "row"
    info = read_info(folder)  # before the lock, which would make a folder of a mistyped name
    if isinstance(rows, str | Path):
        listed = _read(Path(rows), scheme or next(iter(info.schemes), ""), labeler)
    else:
        listed = [LabelledRow(number, cells) for number, cells in enumerate(rows, start=1)]
    with nullcontext() if dry_run else folder_lock(folder, "add"):
        dataset = open_folder(folder)
        dataset.require_text()
        adding = _AddSession(dataset, _scheme_of(dataset, scheme), annotator, at or _now())
        faults = [
            Fault(str(path), row.line, name, message) for row in listed for name, message in adding.add(row.cells)
        ]
        if faults:
            raise FaultsError(faults)
        if not dry_run:
            remove_partial_files(folder)
            adding.write()
    return adding.counts()


def _read(path: Path, scheme: str, labeler: str | None) -> list[LabelledRow]:
    """The rows of a file of labelled claims, in our own form or another tool's.

    Raises: FaultsError: it cannot be read. HarnessError: a Label Studio export of several labelers, and none is chosen.
    """
    suffix = path.suffix.lower()
    if suffix in (".html", ".htm", ".jsonld"):
        return [LabelledRow(number, cells) for number, cells in enumerate(read_claim_reviews(path), start=1)]
    if suffix != ".json":
        return read_rows(path)
    by_labeler = read_studio(path, scheme)
    names = ", ".join(by_labeler)
    if labeler is None and len(by_labeler) > 1:
        raise HarnessError(f"{path}: has labels by several labelers ({names}); choose one, each --as a name of its own")
    if labeler is not None and labeler not in by_labeler:
        raise UnknownName(f"{path}: {unknown_name('worker', labeler, list(by_labeler))}")
    chosen = by_labeler[labeler] if labeler is not None else next(iter(by_labeler.values()))
    return [LabelledRow(number, cells) for number, cells in enumerate(chosen, start=1)]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _scheme_of(dataset: Dataset, name: str | None) -> Scheme:
    if not dataset.info.schemes:
        raise HarnessError(f"{dataset.folder}: its dataset.yaml lists no scheme; add one under 'schemes'")
    if name is not None and name not in dataset.info.schemes:
        raise UnknownName(f"{dataset.folder}: {unknown_name('scheme', name, dataset.info.schemes)}")
    return find_scheme(dataset.folder, name or dataset.info.schemes[0])


class _AddSession:
    """Rows on their way into a dataset: collects, and writes at the end."""

    def __init__(self, dataset: Dataset, scheme: Scheme, annotator: str, at: str) -> None:
        self.dataset, self.scheme, self.annotator, self.at = dataset, scheme, annotator, at
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

    def add(self, cells: Mapping[str, Any]) -> list[tuple[str | None, str]]:
        """Takes one row in; what is wrong with it, as (field, message)."""
        labels = {name: cell for name, cell in cells.items() if name not in CLAIM_FIELDS and cell not in (None, "")}
        faults = list(_cell_faults(cells))
        if not labels:
            faults.append((None, f"has no label; give at least one of: {', '.join(self.axes)}"))
        settled = {}
        for name, cell in labels.items():
            if name not in self.axes:
                faults.append((name, unknown_name("axis", name, list(self.axes))))
            else:
                settled[name] = _label_of(self.axes[name], cell)
                if settled[name] is None:
                    faults.append((name, unknown_name("label", str(cell), self.axes[name].label_names)))
        if faults:
            return faults
        claim, fault = self._claim(cells)
        if claim is None:
            return [fault]
        kept = [name for name, answer in settled.items() if not answer and (claim.claim_id, name) in self.present]
        for name, answer in settled.items():
            if answer:
                self._label(claim, name, *answer, note=cells.get("note") or None)
        message = f"'{self.annotator}' marked this claim so already, and a mark is not taken back; leave the cell empty"
        return [(name, message) for name in kept]

    def _claim(self, cells: Mapping[str, Any]) -> tuple[Claim | None, tuple[str | None, str]]:
        claim_id, name, text = (cells.get(field) or None for field in ("claim_id", "article_id", "text"))
        more = {field: cells.get(field) or None for field in ("speaker", "date")}
        none: tuple[str | None, str] = (None, "")
        if claim_id is not None:
            found = self.claims.get(claim_id)
            if found is None:
                return None, ("claim_id", f"no claim '{claim_id}' in claims.jsonl")
            for field, given in (("article_id", name), ("text", text)):
                if given not in (None, getattr(found, field)):
                    known = preview(getattr(found, field))
                    return None, (field, f"is not that of claim '{claim_id}', which is {known}; give claim_id alone")
            return found, none
        if text is None or not text.strip():
            return None, ("text", "is missing; name the claim by claim_id, by article_id and text, or by text")
        if name is None:
            alone = self._free_standing(text.strip())
            return self._keep(make_claim(alone, 0, len(alone.text or ""), **more)), none
        article = self.articles.get(name)
        if article is None:
            return None, ("article_id", unknown_name("article", name, list(self.articles)))
        body = article.text or ""
        if cells.get("start") not in (None, ""):
            start = int(cells["start"])
            if body[start : start + len(text)] != text:
                return None, (
                    "text",
                    f"does not stand at {start} of article '{name}'; found {preview(body[start:][:40])}",
                )
        else:
            times = body.count(text)
            if times != 1:
                return None, (
                    "text",
                    f"occurs {times} times in article '{name}'; "
                    + ("give its start" if times else "it must be verbatim"),
                )
            start = body.index(text)
        return self._keep(make_claim(article, start, start + len(text), **more)), none

    def _free_standing(self, text: str) -> Article:
        article = Article(article_id=f"claim-{sha256(text)[:10]}", text=text)
        return self.articles.setdefault(article.article_id, article)

    def _keep(self, claim: Claim) -> Claim:
        return self.claims.setdefault(claim.claim_id, claim)

    def _label(self, claim: Claim, axis: str, label: str, value: str | None, note: str | None) -> None:
        earlier = self.present.get((claim.claim_id, axis))
        if earlier is not None and (earlier.label, earlier.value) == (label, value):
            self.unchanged += 1
            return
        annotation = new_annotation(
            claim.claim_id,
            self.scheme.name,
            axis,
            label,
            self.annotator,
            self.scheme.version,
            at=self.at,
            value=value,
            note=note,
            supersedes=earlier.annotation_id if earlier else None,
        )
        self.present[(claim.claim_id, axis)] = annotation
        self.new.append(annotation)

    def counts(self) -> AddResult:
        """What was collected."""
        superseded = sum(annotation.supersedes is not None for annotation in self.new)
        claims = len(self.claims) - len(self.dataset.claims)
        return AddResult(claims, len(self.new), superseded, self.unchanged)

    def write(self) -> None:
        """Articles, claims and labels together; the labels after the lines that the log has, which stay as they are."""
        files: dict[Path, bytes] = {}
        if len(self.claims) > len(self.dataset.claims):
            files = claim_file_contents(self.dataset.folder, self.articles.values(), self.claims.values())
        if self.new:
            log = self.dataset.folder / "annotations" / f"{self.annotator}.jsonl"
            earlier = read_bytes(log) if log.exists() else b""
            line_end = b"" if earlier.endswith(b"\n") or not earlier else b"\n"
            files[log] = earlier + line_end + "".join(to_json_lines(self.new)).encode()
        write_files(files)


def _cell_faults(cells: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    for name, cell in cells.items():
        if name == "start":
            if not (cell in (None, "") or re.fullmatch(r"[0-9]{1,12}", str(cell))):
                yield name, f"expected an integer from 0, got {preview(cell)}"
        elif not isinstance(cell, str | None if name in CLAIM_FIELDS else str | bool | int | None):
            yield name, f"expected a text, got {preview(cell)}"
        elif isinstance(cell, str) and not is_unicode(cell):
            yield name, "holds half of a character (a lone surrogate); save the text as UTF-8"


def _label_of(axis: Axis, cell: object) -> tuple[str, str | None] | tuple[()] | None:
    """The label and value that a cell gives: empty where a feature is absent, None where it is not a label."""
    text = {True: "yes", False: "no"}.get(cell, str(cell)) if isinstance(cell, bool) else str(cell).strip()
    if not axis.feature:
        return (text, None) if text in axis.label_names else None
    if text.lower() in YES_WORDS:
        return FEATURE_LABEL, None
    if text.lower() in NO_WORDS:
        return ()
    return (FEATURE_LABEL, text) if axis.value else None
