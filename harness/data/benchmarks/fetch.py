"""Fetches public benchmarks and writes them as dataset folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from harness.data.benchmarks.benchmark import Benchmark, load_benchmark
from harness.data.benchmarks.convert import convert
from harness.data.benchmarks.publisher_files import PublisherFiles, download_files, download_urls, find_local_files
from harness.data.benchmarks.renew import write_fetched
from harness.data.dataset import Dataset
from harness.display import displayed
from harness.errors import FaultsError
from harness.folders import data_root, folder_lock
from harness.memory import gc_paused
from harness.progress import Progress, silent


class PartCounts(NamedTuple):
    """Rows of an official part in the publisher's files, and what came of them. Identical texts are not merged."""

    part: str
    rows: int
    claims: int
    """Number of claims; smaller than `rows` by the rows without text."""
    repeated_texts: int
    """Number of texts that several claims of the part have."""
    contradicted_texts: int
    """Number of these texts whose claims have different labels."""


@displayed
class FetchResult(NamedTuple):
    """The result of fetching a benchmark."""

    folder: Path
    """Dataset folder that was written."""
    articles: int
    """Number of articles."""
    claims: int
    """Number of claims."""
    absent: tuple[str, ...]
    """Published paths of the files that are missing from the local copy."""
    unpinned: tuple[str, ...] = ()
    """Files that could not be verified because the benchmark lists no SHA-256 for them, as `PATH (SHA-256)`."""
    parts: tuple[PartCounts, ...] = ()
    """Rows and claims of each official part."""
    additions: tuple[str, ...] = ()
    """Files of the folder with the user's additions to an earlier fetch; they stay as they are."""
    note: str | None = None
    """What its users have to know of the benchmark."""


def fetch(
    name: str,
    source: str | Path | None = None,
    root: str | Path | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    pause_s: float = 1.0,
    progress: Progress = silent,
) -> FetchResult:
    """Fetch a benchmark from its publisher or a local copy, and write it as a dataset folder.

    What the user added to an earlier fetch stays, or nothing is written; see `write_fetched`.

    Args:
        name: the name of the benchmark.
        source: a folder with the publisher's files (laid out as published or flat, zipped or not), or a zip file. None
            downloads them, and resumes an interrupted download.
        root: the folder of fetched benchmarks; see `data_root`.
        say: called with a line that names the hosts, before the first request.
        pause_s: pause before the second attempt at a download, in seconds.
        progress: shows progress over the bytes of each download.
    Raises: FaultsError: a file has another SHA-256 than the publisher's, or cannot be read. HarnessError: there is no
        such benchmark, none of its files is present, a download fails, or the folder has changes that would be lost.
        Nothing is written then.
    """
    benchmark = load_benchmark(name)
    folder = data_root(root) / name
    if source is not None:
        return _convert_and_write(benchmark, folder, find_local_files(benchmark, Path(source)))
    urls = download_urls(benchmark)
    cache = data_root(root) / ".downloads" / name
    with folder_lock(cache, "fetch"):
        download_files(urls, cache, say=say, pause_s=pause_s, progress=progress)
        try:
            files = find_local_files(benchmark, cache)
        except FaultsError as error:
            # Delete the damaged downloads (of a zip member, the whole zip), so that the next call downloads them again.
            for fault in error.faults:
                Path(fault.path.partition("!")[0]).unlink(missing_ok=True)
            raise
        return _convert_and_write(benchmark, folder, files)


def _convert_and_write(benchmark: Benchmark, folder: Path, files: PublisherFiles) -> FetchResult:
    # Conversion creates many small objects, all in use; garbage collection would only slow it down.
    with gc_paused():
        dataset, passages = convert(benchmark, folder, files.files)
        additions = write_fetched(dataset, passages, {name: data for name, (_, data) in files.files.items()})
    return FetchResult(
        folder=folder,
        articles=len(dataset.articles),
        claims=len(dataset.claims),
        absent=files.absent,
        unpinned=files.unpinned,
        parts=tuple(_count_parts(dataset)),
        additions=additions,
        note=benchmark.note,
    )


def _count_parts(dataset: Dataset) -> Iterator[PartCounts]:
    labels: dict[str, set[tuple[str, ...]]] = {}
    for annotation in dataset.annotations:
        labels.setdefault(annotation.claim_id, set()).add((annotation.annotator, annotation.axis, annotation.label))
    by_part: dict[str, dict[str | None, list[str]]] = {part: {} for part in dataset.info.published_rows}
    split = dataset.splits["official"]
    for claim in dataset.claims:
        if (texts := by_part.get(split[claim.claim_id])) is not None:
            texts.setdefault(claim.text, []).append(claim.claim_id)
    for part, claims_by_text in by_part.items():
        repeated = [claim_ids for claim_ids in claims_by_text.values() if len(claim_ids) > 1]
        yield PartCounts(
            part=part,
            rows=dataset.info.published_rows[part],
            claims=sum(map(len, claims_by_text.values())),
            repeated_texts=len(repeated),
            contradicted_texts=sum(
                any(labels.get(claim_id) != labels.get(first) for claim_id in others) for first, *others in repeated
            ),
        )
