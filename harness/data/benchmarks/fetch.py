"""Public benchmarks come in as dataset folders; and datasets are found by name and opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.benchmarks.convert import convert
from harness.data.benchmarks.publisher_files import download_files, download_urls, find_local_files
from harness.data.dataset import Dataset, write_dataset
from harness.errors import FaultsError
from harness.files import folder_lock, gc_paused, remove_partial_files
from harness.folders import data_root


class FetchResult(NamedTuple):
    """What a fetch brought in."""

    folder: Path
    articles: int
    claims: int
    absent: tuple[str, ...]
    """The publisher's files that the local copy does not have."""
    unpinned: tuple[str, ...] = ()
    """Files taken though nobody wrote down what their SHA-256 must be: `PATH (SHA-256)`."""


def fetch(
    name: str,
    source: str | Path | None = None,
    root: str | Path | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    pause_s: float = 1.0,
) -> FetchResult:
    """Brings a benchmark in, as a dataset folder of its name: from its publisher, or from a local copy of the files.

    Args:
        name: a benchmark's name.
        source: a folder with the publisher's files, laid out as published or flat, zipped or not; or one zip. None:
            they are downloaded, going on from where an earlier call was cut.
        root: where fetched benchmarks live; see `data_root`.
        say: told the hosts before the first request.
        pause_s: wait before a second attempt at a download.
    Raises: FaultsError: a file is not the publisher's (its SHA-256 differs), or cannot be read; then nothing is
        written. HarnessError: no such benchmark, none of its files is there, or a host fails.
    """
    benchmark = load_benchmark(name)
    folder = data_root(root) / name
    if source is not None:
        found = find_local_files(benchmark, Path(source))
        with gc_paused():
            return _written(convert(benchmark, folder, found.files), found.absent, found.unpinned)
    wanted = download_urls(benchmark)
    cache = data_root(root) / ".downloads" / name
    with folder_lock(cache, "fetch"):
        download_files(wanted, cache, say=say, pause_s=pause_s)
        try:
            found = find_local_files(benchmark, cache)
        except FaultsError as error:
            for fault in error.faults:  # so that the next call gets it again
                Path(fault.path.partition("!")[0]).unlink(missing_ok=True)
            raise
        with gc_paused():
            return _written(convert(benchmark, folder, found.files), found.absent, found.unpinned)


def _written(dataset: Dataset, absent: tuple[str, ...], unpinned: tuple[str, ...]) -> FetchResult:
    with folder_lock(dataset.folder, "fetch"):
        remove_partial_files(dataset.folder)
        write_dataset(dataset)
    return FetchResult(dataset.folder, len(dataset.articles), len(dataset.claims), absent, unpinned)
