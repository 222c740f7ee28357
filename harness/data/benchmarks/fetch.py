"""Fetches public benchmarks and writes them as dataset folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from harness.data.benchmarks.benchmark import Benchmark, load_benchmark
from harness.data.benchmarks.convert import convert
from harness.data.benchmarks.publisher_files import PublisherFiles, download_files, download_urls, find_local_files
from harness.data.dataset import write_dataset
from harness.display import displayed
from harness.errors import FaultsError
from harness.files import folder_lock, gc_paused, remove_partial_files
from harness.folders import data_root


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


def fetch(
    name: str,
    source: str | Path | None = None,
    root: str | Path | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    pause_s: float = 1.0,
) -> FetchResult:
    """Fetch a benchmark from its publisher or a local copy, and write it as a dataset folder.

    Args:
        name: the name of the benchmark.
        source: a folder with the publisher's files (laid out as published or flat, zipped or not), or a zip file. None
            downloads them, and resumes an interrupted download.
        root: the folder of fetched benchmarks; see `data_root`.
        say: called with a line that names the hosts, before the first request.
        pause_s: pause before the second attempt at a download, in seconds.
    Raises: FaultsError: a file has another SHA-256 than the publisher's, or cannot be read; nothing is written then.
        HarnessError: there is no such benchmark, none of its files is present, or a download fails.
    """
    benchmark = load_benchmark(name)
    folder = data_root(root) / name
    if source is not None:
        return _convert_and_write(benchmark, folder, find_local_files(benchmark, Path(source)))
    urls = download_urls(benchmark)
    cache = data_root(root) / ".downloads" / name
    with folder_lock(cache, "fetch"):
        download_files(urls, cache, say=say, pause_s=pause_s)
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
        dataset = convert(benchmark, folder, files.files)
        with folder_lock(folder, "fetch"):
            remove_partial_files(folder)
            write_dataset(dataset)
    return FetchResult(
        folder=folder,
        articles=len(dataset.articles),
        claims=len(dataset.claims),
        absent=files.absent,
        unpinned=files.unpinned,
    )
