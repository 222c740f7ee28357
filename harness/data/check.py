"""Opens a dataset folder with everything checked: offsets, ids, labels, references. All faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from harness.data.dataset import ClaimPart, Dataset, DatasetInfo, in_order, read_info
from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError, HarnessError, unknown_name
from harness.files import sha256
from harness.records import Annotation, Article, Claim, Evidence, Record, make_claim_id, shown
from harness.schemes import Scheme, load_scheme, read_scheme

R = TypeVar("R", bound=Record)
Numbered = Sequence[tuple[int, R]]


def open_folder(folder: Path) -> Dataset:
    """The dataset of a folder.

    Raises: FaultsError: every fault of every file of the folder, each with file and line.
    """
    info = read_info(folder)
    faults: list[Fault] = []

    def records(path: Path, kind: type[R], *, required: bool = False) -> Numbered[R]:
        if not path.exists() and not required:
            return []
        found, wrong = read_records(path, kind)
        faults.extend(wrong)
        return found

    articles = records(folder / "articles.jsonl", Article, required=True)
    claims = records(folder / "claims.jsonl", Claim, required=True)
    annotations = {path: records(path, Annotation) for path in sorted((folder / "annotations").glob("*.jsonl"))}
    splits = {path: records(path, ClaimPart) for path in sorted((folder / "splits").glob("*.jsonl"))}
    evidence = records(folder / "evidence.jsonl", Evidence)

    known = {claim.claim_id for _, claim in claims}
    whole = not faults
    faults += _article_faults(folder / "articles.jsonl", articles)
    faults += _claim_faults(folder / "claims.jsonl", claims, {a.article_id: a for _, a in articles})
    faults += _annotation_faults(folder, info, annotations, known if whole else None)
    of_claims = {path: [(line, part.claim_id) for line, part in parts] for path, parts in splits.items()}
    for path, lines in of_claims.items():
        faults += _repeated(path, "claim_id", lines)
    of_claims[folder / "evidence.jsonl"] = [(line, passage.claim_id) for line, passage in evidence]
    for path, lines in of_claims.items() if whole else ():
        faults += _reference_faults(path, lines, known)
    faults += _repeated(folder / "evidence.jsonl", "evidence_id", [(line, e.evidence_id) for line, e in evidence])
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: (fault.path, fault.line or 0)))
    kept = tuple(article for _, article in articles)
    return Dataset(
        folder=folder,
        info=info,
        articles=kept,
        claims=in_order(kept, (claim for _, claim in claims)),
        annotations=tuple(annotation for found in annotations.values() for _, annotation in found),
        splits={path.stem: {part.claim_id: part.part for _, part in parts} for path, parts in splits.items()},
        evidence=tuple(passage for _, passage in evidence),
    )


def find_scheme(folder: Path, name: str) -> Scheme:
    """A scheme by name: the dataset's own `schemes/NAME.yaml`, else the shipped one.

    Raises: HarnessError: neither exists, or the dataset's own is wrong.
    """
    own = folder / "schemes" / f"{name}.yaml"
    return read_scheme(own) if own.exists() else load_scheme(name)


def _repeated(path: Path, name: str, ids: Iterable[tuple[int, str]]) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for line, value in ids:
        if value in first:
            faults.append(Fault(str(path), line, name, f"'{value}' stands in line {first[value]} already; remove one"))
        first.setdefault(value, line)
    return faults


def _article_faults(path: Path, articles: Numbered[Article]) -> list[Fault]:
    faults = _repeated(path, "article_id", [(line, article.article_id) for line, article in articles])
    for line, article in articles:
        if article.text is None and article.text_sha256 is None:
            faults.append(
                Fault(str(path), line, "text", "is missing; give text, or text_sha256 for a stand-off dataset")
            )
        elif article.text is not None and article.text_sha256 not in (None, sha256(article.text)):
            faults.append(Fault(str(path), line, "text_sha256", "is not the SHA-256 of text; the text was changed"))
    return faults


def _claim_faults(path: Path, claims: Numbered[Claim], articles: dict[str, Article]) -> list[Fault]:
    faults = _repeated(path, "claim_id", [(line, claim.claim_id) for line, claim in claims])
    for line, claim in claims:
        article = articles.get(claim.article_id)
        if article is None:
            faults.append(Fault(str(path), line, "article_id", f"no article '{claim.article_id}' in articles.jsonl"))
        else:
            faults += [Fault(str(path), line, name, message) for name, message in _span_faults(claim, article)]
    return faults


def _span_faults(claim: Claim, article: Article) -> Iterable[tuple[str, str]]:
    digest = sha256(claim.text) if claim.text is not None else claim.text_sha256
    if digest is None:
        yield "text", "is missing; give text, or text_sha256 for a stand-off dataset"
        return
    if claim.text_sha256 not in (None, digest):
        yield "text_sha256", "is not the SHA-256 of text; the text was changed"
    if not claim.start < claim.end:
        yield "end", f"expected more than start ({claim.start}), got {claim.end}"
    elif article.text is not None:
        where = f"articles.jsonl '{article.article_id}'[{claim.start}:{claim.end}]"
        found = article.text[claim.start : claim.end]
        if claim.end > len(article.text):
            yield "end", f"is {claim.end}, but the article has {len(article.text)} characters"
        elif claim.text is not None and found != claim.text:
            yield "text", f"does not equal {where}: found {shown(claim.text)}, the article has {shown(found)}"
        elif claim.text is None and sha256(found) != digest:
            yield "text_sha256", f"is not the SHA-256 of {where}"
    expected = make_claim_id(claim.article_id, claim.start, claim.end, digest)
    if claim.claim_id != expected:
        yield "claim_id", f"expected '{expected}' (from its article, start, end and text), got '{claim.claim_id}'"


def _reference_faults(path: Path, lines: Iterable[tuple[int, str]], known: set[str]) -> list[Fault]:
    return [
        Fault(str(path), line, "claim_id", f"no claim '{claim_id}' in claims.jsonl")
        for line, claim_id in lines
        if claim_id not in known
    ]


def _annotation_faults(
    folder: Path, info: DatasetInfo, files: dict[Path, Numbered[Annotation]], known: set[str] | None
) -> list[Fault]:
    schemes: dict[str, Scheme] = {}
    faults: list[Fault] = []
    for name in info.schemes:
        try:
            schemes[name] = find_scheme(folder, name)
        except FaultsError as error:
            faults += error.faults
        except HarnessError as error:
            faults.append(Fault(str(folder / "dataset.yaml"), None, "schemes", str(error)))
    everywhere = {annotation.annotation_id for found in files.values() for _, annotation in found}
    for path, found in files.items():
        faults += _repeated(path, "annotation_id", [(line, a.annotation_id) for line, a in found])
        for line, annotation in found:
            for name, message in _label_faults(annotation, schemes, info):
                faults.append(Fault(str(path), line, name, message))
            if annotation.annotator != path.stem:
                message = f"expected '{path.stem}', the file's name, got '{annotation.annotator}'"
                faults.append(Fault(str(path), line, "annotator", message))
            if known is not None and annotation.claim_id not in known:
                message = f"no claim '{annotation.claim_id}' in claims.jsonl"
                faults.append(Fault(str(path), line, "claim_id", message))
            if annotation.supersedes is not None and annotation.supersedes not in everywhere:
                faults.append(Fault(str(path), line, "supersedes", f"no annotation '{annotation.supersedes}'"))
        faults += _contradictions(path, found)
    return faults


def _label_faults(annotation: Annotation, schemes: dict[str, Scheme], info: DatasetInfo) -> Iterable[tuple[str, str]]:
    if annotation.scheme not in info.schemes:
        yield "scheme", f"{unknown_name('scheme', annotation.scheme, info.schemes)} (dataset.yaml lists them)"
        return
    scheme = schemes.get(annotation.scheme)
    axis = next((axis for axis in scheme.axes if axis.name == annotation.axis), None) if scheme else None
    if scheme is None:
        return
    if axis is None:
        yield "axis", unknown_name("axis", annotation.axis, [axis.name for axis in scheme.axes])
    elif annotation.label not in axis.label_names:
        yield "label", unknown_name("label", annotation.label, axis.label_names)


def _contradictions(path: Path, found: Numbered[Annotation]) -> list[Fault]:
    superseded = {annotation.supersedes for _, annotation in found}
    first: dict[tuple[str, str, str, str], int] = {}
    faults = []
    for line, a in found:
        if a.annotation_id in superseded:
            continue
        key = (a.claim_id, a.scheme, a.axis, a.role)
        if key in first:
            message = (
                f"'{a.annotator}' labelled this claim on axis '{a.axis}' in line {first[key]} already; "
                "a changed label names the earlier annotation in supersedes"
            )
            faults.append(Fault(str(path), line, "claim_id", message))
        first.setdefault(key, line)
    return faults
