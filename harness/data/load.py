"""Opens dataset folders and checks offsets, ids, labels and references; reports all faults together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.dataset import ClaimPart, Dataset, DatasetInfo, read_info
from harness.data.jsonl import mark_cut_line
from harness.data.packed.columns import Coded, Column, Reference, Spans, ids_of, recoded
from harness.data.packed.log_faults import (
    contradiction_faults,
    duplicate_faults,
    supersede_faults,
    withdrawal_faults,
)
from harness.data.packed.reading import Check, PackedFile, no_faults, packed_file, read_packed
from harness.data.packed.records import PackedRecords, Packer, joined
from harness.errors import Fault, FaultsError, HarnessError, NotFetched, UnknownName, unknown_name
from harness.files import gc_paused, sha256
from harness.folders import data_root, shipped
from harness.records import FLAG_LABEL, Annotation, Article, Claim, Evidence, Name, Record, make_claim_id, preview
from harness.schemes import Scheme, load_scheme, read_scheme

R = TypeVar("R", bound=Record)


def open_folder(folder: Path, annotators: Collection[str] | None = None) -> Dataset:
    """Opens and checks a dataset folder.

    Args:
        folder: dataset folder.
        annotators: annotators whose labels alone are read; default: all.
    Raises: FaultsError: all faults of all files of the folder, each with file and line.
    """
    with gc_paused():
        return _open(folder, annotators)


def _open(folder: Path, annotators: Collection[str] | None) -> Dataset:
    info = read_info(folder)
    articles_path, claims_path, evidence_path = (
        folder / f"{name}.jsonl" for name in ("articles", "claims", "evidence")
    )
    articles = read_packed(articles_path, Packer(Article), partial(_article_faults, articles_path))
    article_ids = list(articles.records.column("article_id"))
    claims = _read_claims(claims_path, articles, Reference(_rows_of(article_ids), article_ids))
    # A line with a fault has no record, and its id is unknown. References into a file with such a line are not checked:
    # they would all be reported as broken after a single typing error.
    claim_ids = ids_of(claims.records.column("claim_id"))
    known = Reference(_rows_of(claim_ids), claim_ids)
    has_all_claims = not claims.unreadable

    def read(path: Path, kind: type[R], check: Check[R] = no_faults, chained: str | None = None) -> PackedFile[R]:
        def check_all(records: Sequence[tuple[int, R]]) -> list[Fault]:
            faults = check(records)
            return faults + _reference_faults(path, records, known.row_of) if has_all_claims else faults

        if not path.exists():
            return packed_file(path, kind)
        packer = Packer(kind, {"claim_id": known}, [chained] if chained else [])
        return read_packed(path, packer, check_all)

    faults = [*articles.unreadable, *claims.unreadable]
    faults += duplicate_faults(articles_path, "article_id", article_ids, articles.lines) + articles.faults
    if len(known.row_of) < len(claim_ids):
        faults += duplicate_faults(claims_path, "claim_id", claim_ids, claims.lines)
    faults += claims.faults
    schemes, scheme_faults = _schemes(folder, info)
    faults += scheme_faults
    logs = []
    for path in sorted((folder / "annotations").glob("*.jsonl")):
        if annotators is None or path.stem in annotators:
            log = read(path, Annotation, _annotation_check(path, schemes, info), "annotation_id")
            faults += mark_cut_line(path, log.unreadable) + _log_faults(log)
            logs.append(log.records)
    splits = {}
    for path in sorted((folder / "splits").glob("*.jsonl")):
        parts = read(path, ClaimPart)
        faults += parts.unreadable + duplicate_faults(path, "claim_id", parts.records.column("claim_id"), parts.lines)
        faults += parts.faults
        splits[path.stem] = dict(zip(*map(parts.records.column, ("claim_id", "part")), strict=True))
    evidence = read(evidence_path, Evidence)
    faults += mark_cut_line(evidence_path, evidence.unreadable)
    evidence_ids = evidence.records.column("evidence_id")
    faults += duplicate_faults(evidence_path, "evidence_id", evidence_ids, evidence.lines) + evidence.faults
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: (fault.path, fault.line or 0)))
    return Dataset(
        folder=folder,
        info=info,
        articles=articles.records,
        claims=_in_order(claims.records),
        annotations=logs[0] if len(logs) == 1 else joined(Annotation, logs, {"claim_id": known}),
        splits=splits,
        evidence=evidence.records,
    )


def _rows_of(ids: Sequence[str]) -> dict[str, int]:
    return {value: row for row, value in enumerate(ids)}


def _read_claims(path: Path, articles: PackedFile[Article], article_of: Reference) -> PackedFile[Claim]:
    """Reads claims; the text of one whose article has its text is a span of it, which the check makes sure of."""
    texts = list(articles.records.column("text"))
    own: dict[int, str] = {}
    n_before = 0

    def check(claims: Sequence[tuple[int, Claim]]) -> list[Fault]:
        nonlocal n_before
        for row, (_, claim) in enumerate(claims, start=n_before):
            article = article_of.row_of.get(claim.article_id)
            if claim.text is not None and (article is None or texts[article] is None):
                own[row] = claim.text
        n_before += len(claims)
        return _claim_faults(path, claims, articles, article_of.row_of)

    def with_texts(columns: dict[str, Column]) -> dict[str, Column]:
        # An article that is not known is a fault, or the consequence of one.
        sources = recoded(columns["article_id"], texts)
        return columns | {"text": Spans(sources, columns["start"], columns["end"], own)}

    packer = Packer(Claim, {"article_id": article_of}, left_out=["text"])
    return read_packed(path, packer, check, with_texts)


def _in_order(claims: PackedRecords[Claim]) -> PackedRecords[Claim]:
    """Claims in the order of their articles, then by offset."""
    articles = claims.column("article_id")
    ranks = articles.codes if isinstance(articles, Coded) else ()
    places = (ranks, claims.column("start"), claims.column("end"))
    if all(left <= right for left, right in pairwise(zip(*places, strict=True))):
        return claims
    keys = list(zip(*places, strict=True))
    return claims.take(sorted(range(len(claims)), key=keys.__getitem__))


def find_scheme(folder: Path, name: str) -> Scheme:
    """Returns a scheme by name: the dataset's own `schemes/NAME.yaml`, or the shipped one.

    Raises: HarnessError: neither exists, or the dataset's own is invalid.
    """
    own = folder / "schemes" / f"{name}.yaml"
    if not own.exists():
        return load_scheme(name)
    scheme = read_scheme(own)
    if scheme.name != name:
        message = f"expected '{name}', the file's name, got '{scheme.name}'"
        raise FaultsError.single(own, message, field="name", code="name-mismatch")
    return scheme


def _article_faults(path: Path, articles: Sequence[tuple[int, Article]]) -> list[Fault]:
    faults = []
    for line, article in articles:
        if article.text is None and article.text_sha256 is None:
            message = "is missing; give text, or text_sha256 for a stand-off dataset"
            faults.append(Fault(str(path), line, "text", message, "missing-field"))
        elif article.text is not None and article.text_sha256 not in (None, sha256(article.text)):
            message = "is not the SHA-256 of text; the text was changed"
            faults.append(Fault(str(path), line, "text_sha256", message, "text-mismatch"))
    return faults


def _claim_faults(
    path: Path, claims: Sequence[tuple[int, Claim]], articles: PackedFile[Article], row_of: Mapping[str, int]
) -> list[Fault]:
    faults = []
    texts = articles.records.column("text")
    for line, claim in claims:
        if claim.statement is not None and not claim.statement.strip():
            faults.append(Fault(str(path), line, "statement", "is empty; remove the field", "empty"))
        row = row_of.get(claim.article_id)
        if row is not None and _is_sound(claim, texts[row]):
            continue
        if row is not None:
            faults += [Fault(str(path), line, *fault) for fault in _span_faults(claim, articles.records[row])]
        elif not articles.unreadable:
            message = f"no article '{claim.article_id}' in articles.jsonl"
            faults.append(Fault(str(path), line, "article_id", message, "unknown-id"))
    return faults


def _is_sound(claim: Claim, article_text: str | None) -> bool:
    """Whether a claim with text has none of the faults below: the common case, decided fast."""
    text, start, end = claim.text, claim.start, claim.end
    return (
        text is not None
        and article_text is not None
        and claim.text_sha256 is None
        and 0 < end - start == len(text)
        and article_text[start:end] == text
        and claim.claim_id == make_claim_id(claim.article_id, start, end, sha256(text))
    )


def _span_faults(claim: Claim, article: Article) -> Iterable[tuple[str, str, str]]:
    """Yields the faults of a claim as a span of its article, as (field, message, code)."""
    digest = sha256(claim.text) if claim.text is not None else claim.text_sha256
    if digest is None:
        yield "text", "is missing; give text, or text_sha256 for a stand-off dataset", "missing-field"
        return
    if claim.text_sha256 not in (None, digest):
        yield "text_sha256", "is not the SHA-256 of text; the text was changed", "text-mismatch"
    if not claim.start < claim.end:
        yield "end", f"expected a number greater than start ({claim.start}), got {claim.end}", "invalid-span"
    elif article.text is not None:
        span_name = f"articles.jsonl '{article.article_id}'[{claim.start}:{claim.end}]"
        span_text = article.text[claim.start : claim.end]
        if claim.end > len(article.text):
            yield "end", f"is {claim.end}, but the article has {len(article.text)} characters", "invalid-span"
        elif claim.text is not None and span_text != claim.text:
            message = f"does not equal {span_name}: found {preview(claim.text)}, the article has {preview(span_text)}"
            yield "text", message, "text-mismatch"
        elif claim.text is None and sha256(span_text) != digest:
            yield "text_sha256", f"is not the SHA-256 of {span_name}", "text-mismatch"
    expected = make_claim_id(claim.article_id, claim.start, claim.end, digest)
    if claim.claim_id != expected:
        message = f"expected '{expected}' (from its article, start, end and text), got '{claim.claim_id}'"
        yield "claim_id", message, "id-mismatch"


def _reference_faults(path: Path, records: Sequence[tuple[int, R]], row_of: Mapping[str, int]) -> list[Fault]:
    ids = [record.__dict__["claim_id"] for _, record in records]
    return [
        Fault(str(path), line, "claim_id", f"no claim '{claim_id}' in claims.jsonl", "unknown-id")
        for (line, _), claim_id in zip(records, ids, strict=True)
        if claim_id not in row_of
    ]


def _schemes(folder: Path, info: DatasetInfo) -> tuple[dict[str, Scheme], list[Fault]]:
    """The schemes of a dataset that can be read, and the faults of the others."""
    schemes: dict[str, Scheme] = {}
    faults: list[Fault] = []
    for name in info.schemes:
        try:
            schemes[name] = find_scheme(folder, name)
        except FaultsError as error:
            faults += error.faults
        except HarnessError as error:
            faults.append(Fault(str(folder / "dataset.yaml"), None, "schemes", str(error), error.code))
    return schemes, faults


def _annotation_check(path: Path, schemes: Mapping[str, Scheme], info: DatasetInfo) -> Check[Annotation]:
    """Returns the check of the lines of a log, each by itself."""
    # Logs repeat a few combinations of scheme, axis and label many times: each is checked once.
    label_faults: dict[tuple[str, str, str, bool], list[tuple[str, str, str]]] = {}
    annotator = path.stem
    has_valid_name = _is_name(annotator)

    def check(log: Sequence[tuple[int, Annotation]]) -> list[Fault]:
        faults: list[Fault] = []
        for line, annotation in log:
            is_flag = annotation.role == "flag" or (annotation.role == "withdraw" and annotation.label == FLAG_LABEL)
            label_key = (annotation.scheme, annotation.axis, annotation.label, is_flag)
            if label_key not in label_faults:
                label_faults[label_key] = list(_label_faults(annotation, schemes, info, is_flag=is_flag))
            faults += [Fault(str(path), line, *fault) for fault in label_faults[label_key]]
            if has_valid_name and annotation.annotator != annotator:
                message = f"expected '{annotator}', the file's name, got '{annotation.annotator}'"
                faults.append(Fault(str(path), line, "annotator", message, "name-mismatch"))
        return faults

    return check


def _log_faults(log: PackedFile[Annotation]) -> list[Fault]:
    """The faults of a log but for those of lines that cannot be read."""
    faults: list[Fault] = []
    if not _is_name(log.path.stem):
        message = "expected the annotator's name as file name: letters, digits, dot, underscore, hyphen; rename it"
        faults.append(Fault(str(log.path), None, None, message, "invalid-name"))
    faults += duplicate_faults(log.path, "annotation_id", log.records.column("annotation_id"), log.lines)
    faults += log.faults
    if not log.unreadable:
        faults += supersede_faults(log)
        faults += withdrawal_faults(log)
    return faults + contradiction_faults(log)


def _is_name(text: str) -> bool:
    try:
        TypeAdapter(Name).validate_python(text)
    except ValidationError:
        return False
    return True


def _label_faults(
    annotation: Annotation, schemes: Mapping[str, Scheme], info: DatasetInfo, *, is_flag: bool
) -> Iterable[tuple[str, str, str]]:
    """Yields the unknown names of an annotation, as (field, message, code)."""
    if annotation.scheme not in info.schemes:
        message = f"{unknown_name('scheme', annotation.scheme, info.schemes)} (dataset.yaml lists them)"
        yield "scheme", message, UnknownName.code
        return
    scheme = schemes.get(annotation.scheme)
    axis = next((axis for axis in scheme.axes if axis.name == annotation.axis), None) if scheme else None
    if scheme is None:
        return
    if axis is None:
        yield "axis", unknown_name("axis", annotation.axis, [axis.name for axis in scheme.axes]), UnknownName.code
        return
    label_names = (FLAG_LABEL,) if is_flag else axis.label_names
    if annotation.label not in label_names:
        yield "label", unknown_name("label", annotation.label, label_names), UnknownName.code


def dataset_names() -> list[str]:
    """Returns the names of the shipped datasets."""
    return sorted(path.parent.name for path in shipped("data").glob("*/dataset.yaml"))


def find_dataset(name_or_folder: str | Path, root: str | Path | None = None) -> Path:
    """Returns the folder of a dataset.

    Args:
        name_or_folder: name of a shipped dataset or a fetched benchmark, or a dataset folder.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: UnknownName: no dataset has this name; the message lists the known names. NotFetched: the benchmark has not
        been downloaded; the message gives the command. FaultsError: the folder does not exist, or is not a dataset
        folder.
    """
    # A shipped dataset or benchmark takes precedence over a folder of the same name in the current folder. A slash, as
    # in ./NAME, always means a folder.
    name = str(name_or_folder)
    candidates = [shipped("data") / name, data_root(root) / name] if "/" not in name else []
    for folder in [*candidates, Path(name)]:
        if (folder / "dataset.yaml").exists():  # a pipe or a folder is named as one when it is read
            return folder
    if name in benchmark_names():
        raise NotFetched(
            f"benchmark '{name}' is not fetched yet (no copy in {data_root(root)}). Run: harness fetch {name}; or with "
            f"your copy of the publisher's files ({load_benchmark(name).source}): harness fetch {name} --from FOLDER"
        )
    if "/" in name and not Path(name).exists():
        raise FaultsError.single(name, "does not exist; check the path", code="does-not-exist")
    if Path(name).is_dir() or "/" in name:
        raise FaultsError.single(name, "is not a dataset folder: it has no dataset.yaml", code="not-a-dataset")
    raise UnknownName(unknown_name("dataset", name, [*dataset_names(), *benchmark_names()]))


def open_dataset(name_or_folder: str | Path, root: str | Path | None = None) -> Dataset:
    """Opens a dataset and checks all its files.

    Args:
        name_or_folder: name of a shipped dataset or a fetched benchmark, or a dataset folder.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: FaultsError: all faults of the folder; HarnessError: no dataset has this name.
    """
    return open_folder(find_dataset(name_or_folder, root))
