"""Finds a publisher's files in a local copy or downloads them, and verifies their SHA-256."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from harness.data.archives import Archive
from harness.data.benchmarks.benchmark import Benchmark
from harness.data.benchmarks.download import download, host_of
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import read_bytes, sha256
from harness.progress import Progress, silent


class PublisherFiles(NamedTuple):
    """The present and the missing files of a benchmark in a local copy."""

    files: dict[str, tuple[Path, bytes]]
    """Published path to local path (`archive.zip!member` in a zip) and bytes."""
    absent: tuple[str, ...]
    """Published paths of the missing files."""
    unpinned: tuple[str, ...]
    """Files that cannot be verified because the benchmark lists no SHA-256 for them, as `PATH (SHA-256)`."""


def find_local_files(benchmark: Benchmark, source: Path) -> PublisherFiles:
    """Find and verify a benchmark's files in a local copy.

    Args:
        benchmark: the description of the benchmark.
        source: a folder laid out as published, unpacked, or flat; or a zip file.
    Raises: FaultsError: `source` does not exist, or a file has another SHA-256 than the publisher's; HarnessError: none
        of the files is present.
    """
    if not source.exists():
        raise FaultsError.single(
            source, "does not exist; --from expects the folder or zip file with the publisher's files"
        )
    files: dict[str, tuple[Path, bytes]] = {}
    absent: list[str] = []
    unpinned: list[str] = []
    faults: list[Fault] = []
    copy = _LocalCopy(source)
    for name, digest in benchmark.files().items():
        if "*" in name:
            matching = copy.matching(name)
            files |= matching
            unpinned += [f"{match} ({sha256(data)})" for match, (_, data) in matching.items()]
            absent += [] if matching else [name]
            continue
        try:
            candidates = list(copy.candidates(name))
            if not candidates and name in benchmark.renamed:
                candidates = list(copy.candidates(benchmark.renamed[name]))
        except FaultsError as error:
            faults += error.faults
            continue
        verified = [(path, data) for path, data in candidates if digest in (None, sha256(data))]
        if verified:
            files[name] = verified[0]
            if digest is None:
                unpinned.append(f"{name} ({sha256(verified[0][1])})")
        elif candidates:
            message = (
                f"is not the publisher's file: its SHA-256 is not {digest}; "
                f"get an unmodified copy from {benchmark.source}"
            )
            faults.append(Fault(str(candidates[0][0]), None, None, message))
        else:
            absent.append(name)
    if faults:
        raise FaultsError(faults)
    if not set(files) - set(benchmark.companions) - set(benchmark.corpus):
        missing = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        raise HarnessError(f"{source}: contains none of the files of '{benchmark.name}': {missing}")
    return PublisherFiles(files, tuple(absent), tuple(unpinned))


class _LocalCopy:
    """Looks up published paths in a local copy, however it is laid out."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.archives: dict[Path, Archive] = {}
        self.by_name: dict[str, list[Path]] = {}
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            # macOS adds ._NAME and __MACOSX to folders and zips: metadata under the names of real files.
            if path.is_file() and not path.name.startswith("._") and "__MACOSX" not in path.parts:
                self.by_name.setdefault(path.name, []).append(path)

    def candidates(self, name: str) -> Iterator[tuple[Path, bytes]]:
        """Yield files that may be the published one: at its path first, then of its base name, then in zip files."""
        archive, _, member = name.partition("!")
        inner = member or name
        exact = self.source / inner
        paths = [exact] if exact.is_file() else []
        paths += [path for path in self.by_name.get(Path(inner).name, ()) if path != exact]
        for path in paths:
            yield path, read_bytes(path)
        zips = self.by_name.get(Path(archive).name, []) if member else []
        if self.source.suffix.lower() == ".zip" and self.source.is_file():
            zips = [self.source]
        for path in zips:
            data = self._archive(path).find(inner)
            if data is not None:
                yield Path(f"{path}!{inner}"), data

    def matching(self, pattern: str) -> dict[str, tuple[Path, bytes]]:
        """The members of a zip that match a pattern (`archive.zip!*.tsv`), or the files of the unpacked zip."""
        archive, _, members = pattern.partition("!")
        files: dict[str, tuple[Path, bytes]] = {}
        for path in self.by_name.get(Path(archive).name, []):
            for name in self._archive(path).names:
                if fnmatch(name, members):
                    files[f"{archive}!{name}"] = (Path(f"{path}!{name}"), self._archive(path).read(name))
        if not files:
            for path in itertools.chain.from_iterable(self.by_name.values()):
                # An unpacked zip is a folder with the zip's name.
                if Path(archive).stem in path.relative_to(self.source).parts[:-1] and fnmatch(path.name, members):
                    files[f"{archive}!{path.name}"] = (path, read_bytes(path))
        # Sorted, so that the dataset does not depend on the order of the zip or the file system.
        return dict(sorted(files.items()))

    def _archive(self, path: Path) -> Archive:
        """Open a zip file once."""
        if path not in self.archives:
            self.archives[path] = Archive(path, read_bytes(path))
        return self.archives[path]


def download_urls(benchmark: Benchmark) -> dict[str, str]:
    """The download URL of each file, by published path; of a zip member, that of the zip.

    Raises: HarnessError: the benchmark cannot be downloaded; the message says how to use a local copy.
    """
    paths = dict.fromkeys(name.partition("!")[0] for name in benchmark.files())
    urls = {path: address for path in paths if (address := benchmark.address(path)) is not None}
    if not urls:
        raise HarnessError(
            f"'{benchmark.name}' cannot be downloaded automatically: get the publisher's files from {benchmark.source} "
            f"(license: {benchmark.license}), then run: harness fetch {benchmark.name} --from FOLDER"
        )
    return urls


def download_files(
    urls: Mapping[str, str],
    folder: Path,
    *,
    say: Callable[[str], None],
    pause_s: float = 1.0,
    progress: Progress = silent,
) -> None:
    """Download files into a folder, which is then a local copy.

    Args:
        urls: path in the folder to URL; see `download_urls`.
        folder: the folder; files that it already has are not downloaded again, and partial files are resumed.
        say: called with a line that names the hosts, before the first request.
        pause_s: pause before the second attempt, in seconds; see `download`.
        progress: shows progress over the bytes of each download.
    Raises: HarnessError: a download fails.
    """
    say(f"fetching from {', '.join(sorted({host_of(address) for address in urls.values()}))}")
    for name, address in urls.items():
        path = folder / name
        if not path.exists():
            download(address, path, pause_s=pause_s, progress=progress)
