"""Opens a dataset folder with everything checked: offsets, ids, labels, references. All faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.dataset import ClaimPart, Dataset, DatasetInfo, read_info, sort_claims, with_text
from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError, HarnessError, NotFetched, UnknownName, unknown_name
from harness.files import gc_paused, sha256
from harness.folders import data_root, shipped
from harness.records import Annotation, Article, Claim, Evidence, Name, Record, make_claim_id, preview
from harness.schemes import Scheme, load_scheme, read_scheme

R = TypeVar("R", bound=Record)
Numbered = Sequence[tuple[int, R]]


def open_folder(folder: Path) -> Dataset:
    """The dataset of a folder.

    Raises: FaultsError: every fault of every file of the folder, each with file and line.
    """
    with gc_paused():
        return _opened(folder)


def _opened(folder: Path) -> Dataset:
    info = read_info(folder)
    faults: list[Fault] = []
    broken: set[Path] = set()

    def records(path: Path, kind: type[R], *, required: bool = False) -> Numbered[R]:
        if not path.exists() and not required:
            return []
        found, wrong = read_records(path, kind)
        faults.extend(wrong)
        if wrong:
            broken.add(path)
        return found

    of_articles, of_claims = folder / "articles.jsonl", folder / "claims.jsonl"
    articles = records(of_articles, Article, required=True)
    claims = records(of_claims, Claim, required=True)
    annotations = {path: records(path, Annotation) for path in sorted((folder / "annotations").glob("*.jsonl"))}
    splits = {path: records(path, ClaimPart) for path in sorted((folder / "splits").glob("*.jsonl"))}
    evidence = records(folder / "evidence.jsonl", Evidence)

    # What a line with a fault would have said is not known, so nothing is said to be missing from such a file.
    known = {claim.claim_id for _, claim in claims} if of_claims not in broken else None
    by_id = {article.article_id: article for _, article in articles}
    faults += _article_faults(of_articles, articles)
    faults += _claim_faults(of_claims, claims, by_id, complete=of_articles not in broken)
    faults += _annotation_faults(folder, info, annotations, known, broken)
    references = {path: [(line, part.claim_id) for line, part in parts] for path, parts in splits.items()}
    for path, lines in references.items():
        faults += _repeated(path, "claim_id", lines)
    references[folder / "evidence.jsonl"] = [(line, passage.claim_id) for line, passage in evidence]
    for path, lines in references.items() if known is not None else ():
        faults += _reference_faults(path, lines, known or set())
    faults += _repeated(folder / "evidence.jsonl", "evidence_id", [(line, e.evidence_id) for line, e in evidence])
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: (fault.path, fault.line or 0)))
    kept = tuple(article for _, article in articles)
    return Dataset(
        folder=folder,
        info=info,
        articles=kept,
        claims=sort_claims(kept, (with_text(claim, by_id[claim.article_id]) for _, claim in claims)),
        annotations=tuple(annotation for found in annotations.values() for _, annotation in found),
        splits={path.stem: {part.claim_id: part.part for _, part in parts} for path, parts in splits.items()},
        evidence=tuple(passage for _, passage in evidence),
    )


def find_scheme(folder: Path, name: str) -> Scheme:
    """A scheme by name: the dataset's own `schemes/NAME.yaml`, else the shipped one.

    Raises: HarnessError: neither exists, or the dataset's own is wrong.
    """
    own = folder / "schemes" / f"{name}.yaml"
    if not own.exists():
        return load_scheme(name)
    scheme = read_scheme(own)
    if scheme.name != name:
        message = f"expected '{name}', the file's name, got '{scheme.name}'"
        raise FaultsError.single(own, message, field="name", code="name-mismatch")
    return scheme


def _repeated(path: Path, name: str, ids: Iterable[tuple[int, str]]) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for line, value in ids:
        if value in first:
            faults.append(
                Fault(
                    str(path),
                    line,
                    name,
                    f"'{value}' stands in line {first[value]} already; remove one",
                    "duplicate-id",
                )
            )
        first.setdefault(value, line)
    return faults


def _article_faults(path: Path, articles: Numbered[Article]) -> list[Fault]:
    faults = _repeated(path, "article_id", [(line, article.article_id) for line, article in articles])
    for line, article in articles:
        if article.text is None and article.text_sha256 is None:
            faults.append(
                Fault(
                    str(path),
                    line,
                    "text",
                    "is missing; give text, or text_sha256 for a stand-off dataset",
                    "missing-field",
                )
            )
        elif article.text is not None and article.text_sha256 not in (None, sha256(article.text)):
            faults.append(
                Fault(
                    str(path), line, "text_sha256", "is not the SHA-256 of text; the text was changed", "text-mismatch"
                )
            )
    return faults


def _claim_faults(path: Path, claims: Numbered[Claim], articles: dict[str, Article], *, complete: bool) -> list[Fault]:
    faults = _repeated(path, "claim_id", [(line, claim.claim_id) for line, claim in claims])
    for line, claim in claims:
        article = articles.get(claim.article_id)
        if article is None and complete:
            faults.append(
                Fault(str(path), line, "article_id", f"no article '{claim.article_id}' in articles.jsonl", "unknown-id")
            )
        elif article is not None:
            faults += [Fault(str(path), line, *fault) for fault in _span_faults(claim, article)]
    return faults


def _span_faults(claim: Claim, article: Article) -> Iterable[tuple[str, str, str]]:
    """What is wrong with a claim as a span of its article, as (field, message, code)."""
    digest = sha256(claim.text) if claim.text is not None else claim.text_sha256
    if digest is None:
        yield "text", "is missing; give text, or text_sha256 for a stand-off dataset", "missing-field"
        return
    if claim.text_sha256 not in (None, digest):
        yield "text_sha256", "is not the SHA-256 of text; the text was changed", "text-mismatch"
    if not claim.start < claim.end:
        yield "end", f"expected more than start ({claim.start}), got {claim.end}", "invalid-span"
    elif article.text is not None:
        where = f"articles.jsonl '{article.article_id}'[{claim.start}:{claim.end}]"
        found = article.text[claim.start : claim.end]
        if claim.end > len(article.text):
            yield "end", f"is {claim.end}, but the article has {len(article.text)} characters", "invalid-span"
        elif claim.text is not None and found != claim.text:
            message = f"does not equal {where}: found {preview(claim.text)}, the article has {preview(found)}"
            yield "text", message, "text-mismatch"
        elif claim.text is None and sha256(found) != digest:
            yield "text_sha256", f"is not the SHA-256 of {where}", "text-mismatch"
    expected = make_claim_id(claim.article_id, claim.start, claim.end, digest)
    if claim.claim_id != expected:
        message = f"expected '{expected}' (from its article, start, end and text), got '{claim.claim_id}'"
        yield "claim_id", message, "id-mismatch"


def _reference_faults(path: Path, lines: Iterable[tuple[int, str]], known: set[str]) -> list[Fault]:
    return [
        Fault(str(path), line, "claim_id", f"no claim '{claim_id}' in claims.jsonl", "unknown-id")
        for line, claim_id in lines
        if claim_id not in known
    ]


def _annotation_faults(
    folder: Path,
    info: DatasetInfo,
    files: dict[Path, Numbered[Annotation]],
    known: set[str] | None,
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
    verdicts: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for path, found in files.items():
        owner = path.stem
        named = _is_name(owner)
        if not named:
            message = "expected the annotator's name as file name: letters, digits, dot, underscore, hyphen; rename it"
            faults.append(Fault(str(path), None, None, message, "invalid-name"))
        faults += _repeated(path, "annotation_id", [(line, a.annotation_id) for line, a in found])
        for line, annotation in found:
            said = (annotation.scheme, annotation.axis, annotation.label)
            if said not in verdicts:
                verdicts[said] = list(_label_faults(annotation, schemes, info))
            faults += [Fault(str(path), line, *fault) for fault in verdicts[said]]
            if named and annotation.annotator != owner:
                message = f"expected '{owner}', the file's name, got '{annotation.annotator}'"
                faults.append(Fault(str(path), line, "annotator", message, "name-mismatch"))
            if known is not None and annotation.claim_id not in known:
                message = f"no claim '{annotation.claim_id}' in claims.jsonl"
                faults.append(Fault(str(path), line, "claim_id", message, "unknown-id"))
        if path not in broken:
            faults += _supersede_faults(path, found)
        faults += _contradictions(path, found)
    return faults


def _is_name(text: str) -> bool:
    try:
        TypeAdapter(Name).validate_python(text)
    except ValidationError:
        return False
    return True


def _supersede_faults(path: Path, found: Numbered[Annotation]) -> Iterable[Fault]:
    """An annotation supersedes an earlier line of its own log, on the same question: never one another."""
    earlier: dict[str, Annotation] = {}
    for line, a in found:
        other = earlier.get(a.supersedes or "")
        if a.supersedes is not None and other is None:
            message = f"no annotation '{a.supersedes}' in an earlier line of this file"
            yield Fault(str(path), line, "supersedes", message, "unknown-id")
        elif other is not None and _question(other) != _question(a):
            message = f"annotation '{a.supersedes}' is about another claim, scheme, axis or role"
            yield Fault(str(path), line, "supersedes", message, "other-question")
        earlier[a.annotation_id] = a


def _question(annotation: Annotation) -> tuple[str, str, str, str]:
    return annotation.claim_id, annotation.scheme, annotation.axis, annotation.role


def _label_faults(
    annotation: Annotation, schemes: dict[str, Scheme], info: DatasetInfo
) -> Iterable[tuple[str, str, str]]:
    """Which names of an annotation are not known, as (field, message, code)."""
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
    elif annotation.label not in axis.label_names:
        yield "label", unknown_name("label", annotation.label, axis.label_names), UnknownName.code


def _contradictions(path: Path, found: Numbered[Annotation]) -> list[Fault]:
    superseded = {annotation.supersedes for _, annotation in found}
    first: dict[tuple[str, str, str, str], int] = {}
    faults = []
    for line, a in found:
        if a.annotation_id in superseded:
            continue
        key = _question(a)
        if key in first:
            message = (
                f"'{a.annotator}' labelled this claim on axis '{a.axis}' in line {first[key]} already; "
                "a changed label names the earlier annotation in supersedes"
            )
            faults.append(Fault(str(path), line, "claim_id", message, "contradiction"))
        first.setdefault(key, line)
    return faults


def dataset_names() -> list[str]:
    """The shipped datasets."""
    return sorted(path.parent.name for path in shipped("data").glob("*/dataset.yaml"))


def find_dataset(name_or_folder: str | Path, root: str | Path | None = None) -> Path:
    """The folder of a dataset: a shipped one, a fetched benchmark, or a folder.

    Args:
        name_or_folder: what a config or a command line says.
        root: where fetched benchmarks live; see `data_root`.
    Raises: UnknownName: nothing of that name; the message says what there is. NotFetched: a benchmark that is not on
        this machine; the message says the command that fetches it. FaultsError: a folder that is no dataset's.
    """
    name = str(name_or_folder)
    candidates = [shipped("data") / name, data_root(root) / name] if "/" not in name else []
    for folder in [*candidates, Path(name)]:
        if (folder / "dataset.yaml").is_file():
            return folder
    if name in benchmark_names():
        raise NotFetched(
            f"benchmark '{name}' is not fetched yet (looked in {data_root(root)}). Run: harness fetch {name}; or with "
            f"your copy of the publisher's files ({load_benchmark(name).source}): harness fetch {name} --from FOLDER"
        )
    if "/" in name and not Path(name).exists():
        raise FaultsError.single(name, "does not exist; check the path", code="does-not-exist")
    if Path(name).is_dir() or "/" in name:
        raise FaultsError.single(name, "is not a dataset folder: it has no dataset.yaml", code="not-a-dataset")
    raise UnknownName(unknown_name("dataset", name, [*dataset_names(), *benchmark_names()]))


def open_dataset(name_or_folder: str | Path, root: str | Path | None = None) -> Dataset:
    """Opens a dataset with everything checked.

    Args: see `find_dataset`.
    Raises: FaultsError: every fault of the folder; HarnessError: nothing of that name.
    """
    return open_folder(find_dataset(name_or_folder, root))
