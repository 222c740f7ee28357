"""Public benchmarks: their descriptions, and bringing the publisher's own files in as dataset folders."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from harness.data.annotations import new_annotation
from harness.data.check import open_folder
from harness.data.dataset import Dataset, DatasetInfo, in_order, write_dataset
from harness.data.formats import READERS
from harness.data.formats.source import SourceArticle, SourceClaim
from harness.data.ingest import make_claim
from harness.errors import Fault, FaultsError, HarnessError, unknown_name
from harness.files import clear_partial, locked, read_bytes, sha256
from harness.records import Annotation, Article, Claim, Name, Record, Sha256, explain_validation
from harness.schemes import load_scheme
from harness.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "benchmarks"


class Official(Record):
    """The official metric, by its name among the metrics."""

    metric: str
    cutoffs: tuple[int, ...] = ()


class PublishedResult(Record):
    """One system of a published leaderboard."""

    system: str
    value: float


class Published(Record):
    """Published results to stand beside ours."""

    source: str
    metric: str
    part: str
    n: str
    systems: tuple[PublishedResult, ...] = Field(min_length=1)


class Benchmark(Record):
    """A public benchmark, as its YAML file describes it."""

    name: Name
    title: str
    summary: str
    source: str
    licence: str
    language: str
    citation: str
    format: str
    scheme: Name
    parts: dict[str, dict[str, Sha256]] = Field(default_factory=dict)
    """Part name to the publisher's files, each with the SHA-256 that it must have."""
    official: Official | None = None
    published: Published | None = None


class Fetched(NamedTuple):
    """What a fetch brought in."""

    folder: Path
    articles: int
    claims: int
    absent: tuple[str, ...]
    """The publisher's files that the local copy does not have."""


def benchmark_names() -> list[str]:
    """The benchmarks that are described."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def load_benchmark(name: str) -> Benchmark:
    """The description of a benchmark.

    Raises: HarnessError: no such benchmark; FaultsError: its file is wrong.
    """
    if name not in benchmark_names():
        raise HarnessError(unknown_name("benchmark", name, benchmark_names()))
    path = FOLDER / f"{name}.yaml"
    try:
        return Benchmark.model_validate_json(read_yaml(path).json)
    except ValidationError as error:
        faults = [Fault(str(path), None, ".".join(map(str, loc)), text) for loc, text in explain_validation(error)]
        raise FaultsError(faults) from None


def data_root(chosen: str | Path | None = None) -> Path:
    """Where fetched benchmarks live: `chosen`, else `$HARNESS_DATA_ROOT`, else the platform's user cache folder."""
    if chosen is not None:
        return Path(chosen)
    if os.environ.get("HARNESS_DATA_ROOT"):
        return Path(os.environ["HARNESS_DATA_ROOT"])
    import platformdirs

    return Path(platformdirs.user_cache_dir("claim-harness"))


def fetch(name: str, source: str | Path | None = None, root: str | Path | None = None) -> Fetched:
    """Brings a benchmark in from a local copy of its publisher's files, as a dataset folder of its name.

    Args:
        name: a benchmark's name.
        source: the folder of the publisher's files, laid out as published or flat.
        root: where fetched benchmarks live; see `data_root`.
    Raises: FaultsError: a file is not the publisher's (its SHA-256 differs), or cannot be read; then nothing is
        written. HarnessError: no such benchmark, or none of its files is there.
    """
    benchmark = load_benchmark(name)
    if not benchmark.parts:
        raise HarnessError(f"benchmark '{name}' is for scoring submissions only (harness evaluate {name} ...)")
    if source is None:
        raise HarnessError(
            f"'{name}' has to come from a copy of yours: get the publisher's files from {benchmark.source} "
            f"({benchmark.licence}), then: harness fetch {name} --from FOLDER"
        )
    parts, absent = _publisher_files(benchmark, Path(source))
    folder = data_root(root) / name
    dataset = _converted(benchmark, folder, parts)
    with locked(folder, "fetch"):
        clear_partial(folder)
        write_dataset(dataset)
    return Fetched(folder, len(dataset.articles), len(dataset.claims), absent)


def _publisher_files(benchmark: Benchmark, source: Path) -> tuple[dict[str, list[Path]], tuple[str, ...]]:
    if not source.is_dir():
        raise HarnessError(f"{source}: is not a folder; --from names the folder that holds the publisher's files")
    parts: dict[str, list[Path]] = {}
    faults, absent = [], []
    for part, files in benchmark.parts.items():
        for name, digest in files.items():
            path = next((p for p in (source / name, source / Path(name).name) if p.is_file()), None)
            if path is None:
                absent.append(name)
            elif sha256(read_bytes(path)) != digest:
                message = f"is not the publisher's file: its SHA-256 is not {digest}; take an unchanged copy"
                faults.append(Fault(str(path), None, None, f"{message} from {benchmark.source}"))
            else:
                parts.setdefault(part, []).append(path)
    if faults:
        raise FaultsError(faults)
    if not parts:
        raise HarnessError(f"{source}: holds none of the files of '{benchmark.name}': {', '.join(absent[:3])}, ...")
    return parts, tuple(absent)


def _converted(benchmark: Benchmark, folder: Path, parts: dict[str, list[Path]]) -> Dataset:
    gathered: dict[str, SourceArticle] = {}
    lines: dict[str, list[tuple[str, SourceClaim]]] = {}
    for part, paths in parts.items():
        for path in paths:
            for source in READERS[benchmark.format](path):
                gathered.setdefault(source.article_id, source)
                lines.setdefault(source.article_id, []).extend((part, claim) for claim in source.claims)
    axis = load_scheme(benchmark.scheme).axes[0]
    version = load_scheme(benchmark.scheme).version
    articles, claims, annotations = list[Article](), list[Claim](), list[Annotation]()
    official: dict[str, str] = {}
    for name, found_article in gathered.items():
        of_article = sorted(lines[name], key=lambda line: line[1].order)
        text = "\n".join(claim.text for _, claim in of_article)
        article = Article(article_id=name, title=found_article.title, text=text, published=found_article.published)
        articles.append(article)
        start = 0
        for part, found in of_article:
            left = start + len(found.text) - len(found.text.lstrip())
            claim = make_claim(article, left, left + len(found.text.strip()), speaker=found.speaker)
            start += len(found.text) + 1
            claims.append(claim)
            official[claim.claim_id] = part
            label = axis.coded(found.code) if found.code is not None else None
            if label is not None:
                annotations.append(
                    new_annotation(claim.claim_id, benchmark.scheme, axis.name, label, "publisher", version)
                )
    info = DatasetInfo(
        format=1,
        name=benchmark.name,
        version=version,
        title=benchmark.title,
        licence=benchmark.licence,
        language=benchmark.language,
        schemes=(benchmark.scheme,),
        citation=benchmark.citation,
    )
    return Dataset(
        folder, info, tuple(articles), in_order(articles, claims), tuple(annotations), {"official": official}
    )


def shipped(kind: str) -> Path:
    """The folder of what ships with the project: `data` or `experiments`; in the wheel, else in the clone."""
    package = Path(__file__).parents[1]
    inside = package / "shipped" / kind
    return inside if inside.is_dir() else package.parent / kind


def dataset_names() -> list[str]:
    """The shipped datasets."""
    return sorted(path.parent.name for path in shipped("data").glob("*/dataset.yaml"))


def find_dataset(name_or_folder: str | Path, root: str | Path | None = None) -> Path:
    """The folder of a dataset: a shipped one, a fetched benchmark, or a folder.

    Args:
        name_or_folder: what a config or a command line says.
        root: where fetched benchmarks live; see `data_root`.
    Raises: HarnessError: nothing of that name; the message says what there is, or the command that fetches it.
    """
    name = str(name_or_folder)
    candidates = [shipped("data") / name, data_root(root) / name] if "/" not in name else []
    for folder in [*candidates, Path(name)]:
        if (folder / "dataset.yaml").is_file():
            return folder
    if name in benchmark_names():
        raise HarnessError(
            f"benchmark '{name}' is not fetched yet (looked in {data_root(root)}). Get the publisher's files from "
            f"{load_benchmark(name).source}, then: harness fetch {name} --from FOLDER"
        )
    if "/" in name and not Path(name).exists():
        raise FaultsError.one(name, "does not exist; check the path")
    if Path(name).is_dir() or "/" in name:
        raise FaultsError.one(name, "is not a dataset folder: it has no dataset.yaml")
    raise HarnessError(unknown_name("dataset", name, [*dataset_names(), *benchmark_names()]))


def open_dataset(name_or_folder: str | Path, root: str | Path | None = None) -> Dataset:
    """Opens a dataset with everything checked.

    Args: see `find_dataset`.
    Raises: FaultsError: every fault of the folder; HarnessError: nothing of that name.
    """
    return open_folder(find_dataset(name_or_folder, root))
