"""Public benchmarks come in as dataset folders; and datasets are found by name and opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from harness.data.benchmark import benchmark_names, load_benchmark
from harness.data.check import open_folder
from harness.data.convert import convert
from harness.data.dataset import Dataset, write_dataset
from harness.data.publisher_files import addresses, downloaded, local_files
from harness.errors import FaultsError, HarnessError, unknown_name
from harness.files import clear_partial, collector_paused, locked


class Fetched(NamedTuple):
    """What a fetch brought in."""

    folder: Path
    articles: int
    claims: int
    absent: tuple[str, ...]
    """The publisher's files that the local copy does not have."""
    unpinned: tuple[str, ...] = ()
    """Files taken though nobody wrote down what their SHA-256 must be: `PATH (SHA-256)`."""


def data_root(chosen: str | Path | None = None) -> Path:
    """Where fetched benchmarks live: `chosen`, else `$HARNESS_DATA_ROOT`, else the platform's user cache folder."""
    if chosen is not None:
        return Path(chosen)
    if os.environ.get("HARNESS_DATA_ROOT"):
        return Path(os.environ["HARNESS_DATA_ROOT"])
    import platformdirs

    return Path(platformdirs.user_cache_dir("claim-harness"))


def fetch(
    name: str,
    source: str | Path | None = None,
    root: str | Path | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    pause_s: float = 1.0,
) -> Fetched:
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
        found = local_files(benchmark, Path(source))
        with collector_paused():
            return _written(convert(benchmark, folder, found.files), found.absent, found.unpinned)
    wanted = addresses(benchmark)
    cache = data_root(root) / ".downloads" / name
    with locked(cache, "fetch"):
        downloaded(wanted, cache, say=say, pause_s=pause_s)
        try:
            found = local_files(benchmark, cache)
        except FaultsError as error:
            for fault in error.faults:  # so that the next call gets it again
                Path(fault.path.partition("!")[0]).unlink(missing_ok=True)
            raise
        with collector_paused():
            return _written(convert(benchmark, folder, found.files), found.absent, found.unpinned)


def _written(dataset: Dataset, absent: tuple[str, ...], unpinned: tuple[str, ...]) -> Fetched:
    with locked(dataset.folder, "fetch"):
        clear_partial(dataset.folder)
        write_dataset(dataset)
    return Fetched(dataset.folder, len(dataset.articles), len(dataset.claims), absent, unpinned)


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
            f"benchmark '{name}' is not fetched yet (looked in {data_root(root)}). Run: harness fetch {name}; or with "
            f"your copy of the publisher's files ({load_benchmark(name).source}): harness fetch {name} --from FOLDER"
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
