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
from harness.data.packed.text_faults import article_faults, claim_faults, reference_faults, rows_to_look_at
from harness.errors import Fault, FaultsError, HarnessError, NotFetched, UnknownName, unknown_name
from harness.folders import data_root, shipped
from harness.memory import gc_paused
from harness.records import FLAG_LABEL, Annotation, Article, Claim, Evidence, Name, Record
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
    articles = read_packed(articles_path, Packer(Article), partial(article_faults, articles_path))
    article_ids = list(articles.records.column("article_id"))
    claims = _read_claims(claims_path, articles, Reference(_rows_of(article_ids), article_ids))
    # A line with a fault has no record, and its id is unknown. References into a file with such a line are not checked:
    # they would all be reported as broken after a single typing error.
    claim_ids = ids_of(claims.records.column("claim_id"))
    known = Reference(_rows_of(claim_ids), claim_ids)
    has_all_claims = not claims.unreadable

    def read(path: Path, kind: type[R], check: Check[R] = no_faults, chained: str | None = None) -> PackedFile[R]:
        def check_all(lines: Sequence[int], records: PackedRecords[R]) -> list[Fault]:
            faults = check(lines, records)
            return faults + reference_faults(path, lines, records, known.row_of) if has_all_claims else faults

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

    def check(lines: Sequence[int], claims: PackedRecords[Claim]) -> list[Fault]:
        nonlocal n_before
        faults = []
        for row in rows_to_look_at(claims, texts, article_of.row_of):
            claim = claims[row]
            article = article_of.row_of.get(claim.article_id)
            if claim.text is not None and (article is None or texts[article] is None):
                own[n_before + row] = claim.text
            faults += [Fault(str(path), lines[row], *fault) for fault in claim_faults(claim, articles, article)]
        n_before += len(claims)
        return faults

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
    # Logs repeat a few combinations of fields many times: each is checked once in a block.
    annotator = path.stem
    has_valid_name = _is_name(annotator)

    def check(lines: Sequence[int], log: PackedRecords[Annotation]) -> list[Fault]:
        names = ("scheme", "axis", "label", "role", "annotator")
        given = list(zip(*(log.column(name) for name in names), strict=True))
        faults_of = {fields: list(faults_of_fields(*fields)) for fields in set(given)}
        if not any(faults_of.values()):
            return []
        return [
            Fault(str(path), line, *fault)
            for line, fields in zip(lines, given, strict=True)
            for fault in faults_of[fields]
        ]

    def faults_of_fields(scheme: str, axis: str, label: str, role: str, name: str) -> Iterable[tuple[str, str, str]]:
        is_flag = role == "flag" or (role == "withdraw" and label == FLAG_LABEL)
        yield from _label_faults((scheme, axis, label), schemes, info, is_flag=is_flag)
        if has_valid_name and name != annotator:
            yield "annotator", f"expected '{annotator}', the file's name, got '{name}'", "name-mismatch"

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
    names: tuple[str, str, str], schemes: Mapping[str, Scheme], info: DatasetInfo, *, is_flag: bool
) -> Iterable[tuple[str, str, str]]:
    """Yields the unknown names among the scheme, axis and label of an annotation, as (field, message, code)."""
    scheme_name, axis_name, label = names
    if scheme_name not in info.schemes:
        message = f"{unknown_name('scheme', scheme_name, info.schemes)} (dataset.yaml lists them)"
        yield "scheme", message, UnknownName.code
        return
    scheme = schemes.get(scheme_name)
    axis = next((axis for axis in scheme.axes if axis.name == axis_name), None) if scheme else None
    if scheme is None:
        return
    if axis is None:
        yield "axis", unknown_name("axis", axis_name, [axis.name for axis in scheme.axes]), UnknownName.code
        return
    label_names = (FLAG_LABEL,) if is_flag else axis.label_names
    if label not in label_names:
        yield "label", unknown_name("label", label, label_names), UnknownName.code


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
