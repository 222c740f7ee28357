"""Opens dataset folders and checks offsets, ids, labels and references; reports all faults together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.dataset import ClaimPart, Dataset, DatasetInfo, read_info, sort_claims, with_text
from harness.data.jsonl import mark_cut_line, read_records
from harness.data.labels.annotations import question_of
from harness.errors import Fault, FaultsError, HarnessError, NotFetched, UnknownName, unknown_name
from harness.files import gc_paused, sha256
from harness.folders import data_root, shipped
from harness.records import FLAG_LABEL, Annotation, Article, Claim, Evidence, Name, Record, make_claim_id, preview
from harness.schemes import Scheme, load_scheme, read_scheme

R = TypeVar("R", bound=Record)
Numbered = Sequence[tuple[int, R]]
"""Records with their lines, from 1."""


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
    faults: list[Fault] = []
    broken: set[Path] = set()

    def read(path: Path, kind: type[R], *, required: bool = False) -> Numbered[R]:
        if not path.exists() and not required:
            return []
        records, file_faults = read_records(path, kind)
        if kind in (Annotation, Evidence):  # the files that commands append to
            file_faults = mark_cut_line(path, file_faults)
        faults.extend(file_faults)
        if file_faults:
            broken.add(path)
        return records

    articles_path = folder / "articles.jsonl"
    claims_path = folder / "claims.jsonl"
    evidence_path = folder / "evidence.jsonl"
    articles = read(articles_path, Article, required=True)
    claims = read(claims_path, Claim, required=True)
    logs = sorted((folder / "annotations").glob("*.jsonl"))
    annotations = {path: read(path, Annotation) for path in logs if annotators is None or path.stem in annotators}
    splits = {path: read(path, ClaimPart) for path in sorted((folder / "splits").glob("*.jsonl"))}
    evidence = read(evidence_path, Evidence)

    # A line with a fault has no record, and its id is unknown. References into a file with such a line are not checked:
    # they would all be reported as broken after a single typing error.
    claim_ids = {claim.claim_id for _, claim in claims} if claims_path not in broken else None
    by_id = {article.article_id: article for _, article in articles}
    faults += _article_faults(articles_path, articles)
    faults += _claim_faults(claims_path, claims, by_id, complete=articles_path not in broken)
    faults += _annotation_faults(folder, info, annotations, claim_ids, broken)
    references = {path: [(line, part.claim_id) for line, part in parts] for path, parts in splits.items()}
    for path, lines in references.items():
        faults += _duplicate_faults(path, "claim_id", lines)
    faults += _duplicate_faults(evidence_path, "evidence_id", [(line, e.evidence_id) for line, e in evidence])
    references[evidence_path] = [(line, passage.claim_id) for line, passage in evidence]
    if claim_ids is not None:
        for path, lines in references.items():
            faults += _reference_faults(path, lines, claim_ids)
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: (fault.path, fault.line or 0)))
    all_articles = tuple(article for _, article in articles)
    return Dataset(
        folder=folder,
        info=info,
        articles=all_articles,
        claims=sort_claims(
            all_articles,
            (claim if claim.text is not None else with_text(claim, by_id[claim.article_id]) for _, claim in claims),
        ),
        annotations=tuple(annotation for log in annotations.values() for _, annotation in log),
        splits={path.stem: {part.claim_id: part.part for _, part in parts} for path, parts in splits.items()},
        evidence=tuple(passage for _, passage in evidence),
    )


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


def _duplicate_faults(path: Path, field: str, ids: Iterable[tuple[int, str]]) -> list[Fault]:
    ids = list(ids)
    if len({value for _, value in ids}) == len(ids):
        return []
    first_line: dict[str, int] = {}
    faults = []
    for line, value in ids:
        if value in first_line:
            message = f"duplicate id '{value}' (first on line {first_line[value]}); remove one of the two"
            faults.append(Fault(str(path), line, field, message, "duplicate-id"))
        first_line.setdefault(value, line)
    return faults


def _article_faults(path: Path, articles: Numbered[Article]) -> list[Fault]:
    faults = _duplicate_faults(path, "article_id", [(line, article.article_id) for line, article in articles])
    for line, article in articles:
        if article.text is None and article.text_sha256 is None:
            message = "is missing; give text, or text_sha256 for a stand-off dataset"
            faults.append(Fault(str(path), line, "text", message, "missing-field"))
        elif article.text is not None and article.text_sha256 not in (None, sha256(article.text)):
            message = "is not the SHA-256 of text; the text was changed"
            faults.append(Fault(str(path), line, "text_sha256", message, "text-mismatch"))
    return faults


def _claim_faults(path: Path, claims: Numbered[Claim], articles: dict[str, Article], *, complete: bool) -> list[Fault]:
    faults = _duplicate_faults(path, "claim_id", [(line, claim.claim_id) for line, claim in claims])
    for line, claim in claims:
        if claim.statement is not None and not claim.statement.strip():
            faults.append(Fault(str(path), line, "statement", "is empty; remove the field", "empty"))
        article = articles.get(claim.article_id)
        if article is not None and _is_sound(claim, article.text):
            continue
        if article is None and complete:
            message = f"no article '{claim.article_id}' in articles.jsonl"
            faults.append(Fault(str(path), line, "article_id", message, "unknown-id"))
        elif article is not None:
            faults += [Fault(str(path), line, *fault) for fault in _span_faults(claim, article)]
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


def _reference_faults(path: Path, lines: Iterable[tuple[int, str]], claim_ids: set[str]) -> list[Fault]:
    return [
        Fault(str(path), line, "claim_id", f"no claim '{claim_id}' in claims.jsonl", "unknown-id")
        for line, claim_id in lines
        if claim_id not in claim_ids
    ]


def _annotation_faults(
    folder: Path,
    info: DatasetInfo,
    files: dict[Path, Numbered[Annotation]],
    claim_ids: set[str] | None,
    broken: set[Path],
) -> list[Fault]:
    schemes: dict[str, Scheme] = {}
    faults: list[Fault] = []
    for name in info.schemes:
        try:
            schemes[name] = find_scheme(folder, name)
        except FaultsError as error:
            faults += error.faults
        except HarnessError as error:
            faults.append(Fault(str(folder / "dataset.yaml"), None, "schemes", str(error), error.code))
    # Logs repeat a few combinations of scheme, axis and label many times: each is checked once.
    label_faults: dict[tuple[str, str, str, bool], list[tuple[str, str, str]]] = {}
    for path, log in files.items():
        annotator = path.stem
        has_valid_name = _is_name(annotator)
        if not has_valid_name:
            message = "expected the annotator's name as file name: letters, digits, dot, underscore, hyphen; rename it"
            faults.append(Fault(str(path), None, None, message, "invalid-name"))
        faults += _duplicate_faults(path, "annotation_id", [(line, a.annotation_id) for line, a in log])
        for line, annotation in log:
            is_flag = annotation.role == "flag" or (annotation.role == "withdraw" and annotation.label == FLAG_LABEL)
            label_key = (annotation.scheme, annotation.axis, annotation.label, is_flag)
            if label_key not in label_faults:
                label_faults[label_key] = list(_label_faults(annotation, schemes, info, is_flag=is_flag))
            faults += [Fault(str(path), line, *fault) for fault in label_faults[label_key]]
            if has_valid_name and annotation.annotator != annotator:
                message = f"expected '{annotator}', the file's name, got '{annotation.annotator}'"
                faults.append(Fault(str(path), line, "annotator", message, "name-mismatch"))
            if claim_ids is not None and annotation.claim_id not in claim_ids:
                message = f"no claim '{annotation.claim_id}' in claims.jsonl"
                faults.append(Fault(str(path), line, "claim_id", message, "unknown-id"))
        if path not in broken:
            faults += _supersede_faults(path, log)
            faults += _withdrawal_faults(path, log)
        faults += _contradiction_faults(path, log)
    return faults


def _is_name(text: str) -> bool:
    try:
        TypeAdapter(Name).validate_python(text)
    except ValidationError:
        return False
    return True


def _supersede_faults(path: Path, log: Numbered[Annotation]) -> Iterable[Fault]:
    """Yields annotations that supersede no earlier annotation of the same log on the same question."""
    # Earlier lines only: two annotations that supersede each other would leave the question without a label.
    earlier: dict[str, Annotation] = {}
    for line, a in log:
        superseded = earlier.get(a.supersedes or "")
        if a.supersedes is not None and superseded is None:
            message = f"no annotation '{a.supersedes}' in an earlier line of this file"
            yield Fault(str(path), line, "supersedes", message, "unknown-id")
        elif superseded is not None and question_of(superseded) != question_of(a):
            message = f"annotation '{a.supersedes}' is about another claim, scheme, axis or role"
            yield Fault(str(path), line, "supersedes", message, "other-question")
        earlier[a.annotation_id] = a


def _withdrawal_faults(path: Path, log: Numbered[Annotation]) -> Iterable[Fault]:
    """Yields withdrawals of what is no earlier annotation of the same log on the same question."""
    earlier: dict[str, Annotation] = {}
    for line, a in log:
        if a.role != "withdraw":
            earlier[a.annotation_id] = a
            if a.withdraws is not None:
                message = f"expected none with role {a.role}; a line that takes another back has role withdraw"
                yield Fault(str(path), line, "withdraws", message, "other-role")
            continue
        if a.withdraws is None:
            message = "is missing; give the id of the annotation that this line takes back"
            yield Fault(str(path), line, "withdraws", message, "missing-field")
            continue
        withdrawn = earlier.get(a.withdraws)
        if withdrawn is None:
            message = f"no annotation '{a.withdraws}' in an earlier line of this file"
            yield Fault(str(path), line, "withdraws", message, "unknown-id")
        elif question_of(withdrawn)[:3] != question_of(a)[:3]:
            message = f"annotation '{a.withdraws}' is about another claim, scheme or axis"
            yield Fault(str(path), line, "withdraws", message, "other-question")


def _label_faults(
    annotation: Annotation, schemes: dict[str, Scheme], info: DatasetInfo, *, is_flag: bool
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


def _contradiction_faults(path: Path, log: Numbered[Annotation]) -> list[Fault]:
    """Returns the annotations that answer a question again without superseding the earlier answer."""
    superseded = {annotation.supersedes for _, annotation in log}
    withdrawn = {annotation.withdraws for _, annotation in log}
    first_line: dict[tuple[str, str, str, str], int] = {}
    faults = []
    for line, a in log:
        if a.role in ("withdraw", "repeat") or a.annotation_id in superseded or a.annotation_id in withdrawn:
            continue
        key = question_of(a)
        if key in first_line:
            message = (
                f"'{a.annotator}' already labeled this claim on axis '{a.axis}' (line {first_line[key]}); "
                "to change the label, put the id of the earlier annotation in supersedes"
            )
            faults.append(Fault(str(path), line, "claim_id", message, "contradiction"))
        first_line.setdefault(key, line)
    return faults


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
