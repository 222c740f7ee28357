"""The publisher's files of a benchmark: found in a local copy or downloaded, each checked by its SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from harness.data.archives import Archive
from harness.data.benchmarks.benchmark import Benchmark
from harness.data.benchmarks.download import download, host_of
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import read_bytes, sha256


class PublisherFiles(NamedTuple):
    """What was found of a benchmark's files."""

    files: dict[str, tuple[Path, bytes]]
    """Published path to where it lies (`archive.zip!member` in a zip) and its bytes."""
    absent: tuple[str, ...]
    unpinned: tuple[str, ...]
    """Found, but nobody has written down what its SHA-256 must be: `PATH (SHA-256)`."""


def find_local_files(benchmark: Benchmark, source: Path) -> PublisherFiles:
    """The files that a local copy has: a folder laid out as published, unpacked, or flat; or one zip file.

    Raises: FaultsError: a file is not the publisher's; HarnessError: no folder, or none of the files is in it.
    """
    if not source.exists():
        raise FaultsError.single(source, "does not exist; --from names the folder (or zip) with the publisher's files")
    found, absent, unpinned, faults = dict[str, tuple[Path, bytes]](), list[str](), list[str](), list[Fault]()
    look = _Copy(source)
    for name, digest in benchmark.files().items():
        if "*" in name:
            matching = look.matching(name)
            found |= matching
            unpinned += [f"{match} ({sha256(data)})" for match, (_, data) in matching.items()]
            absent += [] if matching else [name]
            continue
        try:
            candidates = list(look.candidates(name))
        except FaultsError as error:
            faults += error.faults
            continue
        right = [(path, data) for path, data in candidates if digest in (None, sha256(data))]
        if right:
            found[name] = right[0]
            if digest is None:
                unpinned.append(f"{name} ({sha256(right[0][1])})")
        elif candidates:
            message = f"is not the publisher's file: its SHA-256 is not {digest}; take an unchanged copy"
            faults.append(Fault(str(candidates[0][0]), None, None, f"{message} from {benchmark.source}"))
        else:
            absent.append(name)
    if faults:
        raise FaultsError(faults)
    if not set(found) - set(benchmark.companions):
        some = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        raise HarnessError(f"{source}: holds none of the files of '{benchmark.name}': {some}")
    return PublisherFiles(found, tuple(absent), tuple(unpinned))


class _Copy:
    """A local copy: looks a published path up in it."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.archives: dict[Path, Archive] = {}
        self.by_name: dict[str, list[Path]] = {}
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and not path.name.startswith("._") and "__MACOSX" not in path.parts:
                self.by_name.setdefault(path.name, []).append(path)

    def candidates(self, name: str) -> Iterator[tuple[Path, bytes]]:
        """Files that may be the one: at its published place first, then any of its base name; then in its zip."""
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
        """The members of a zip that a pattern names (`archive.zip!*.tsv`), or the files of its folder unpacked."""
        archive, _, members = pattern.partition("!")
        found = {}
        for path in self.by_name.get(Path(archive).name, []):
            for name in self._archive(path).names:
                if fnmatch(name, members):
                    found[f"{archive}!{name}"] = (Path(f"{path}!{name}"), self._archive(path).read(name))
        for paths in self.by_name.values() if not found else ():
            for path in paths:
                if Path(archive).stem in path.relative_to(self.source).parts[:-1] and fnmatch(path.name, members):
                    found[f"{archive}!{path.name}"] = (path, read_bytes(path))
        return dict(sorted(found.items()))

    def _archive(self, path: Path) -> Archive:
        if path not in self.archives:
            self.archives[path] = Archive(path, read_bytes(path))
        return self.archives[path]


def download_urls(benchmark: Benchmark) -> dict[str, str]:
    """The path of each file (or of the zip that holds it) to its address.

    Raises: HarnessError: the benchmark has none; the message says how to bring in a copy.
    """
    paths = dict.fromkeys(name.partition("!")[0] for name in benchmark.files())
    found = {path: address for path in paths if (address := benchmark.address(path)) is not None}
    if not found:
        raise HarnessError(
            f"'{benchmark.name}' has to come from a copy of yours: get the publisher's files from {benchmark.source} "
            f"({benchmark.license}), then: harness fetch {benchmark.name} --from FOLDER"
        )
    return found


def download_files(
    wanted: Mapping[str, str], folder: Path, *, say: Callable[[str], None], pause_s: float = 1.0
) -> None:
    """Brings files into a folder, which is then a local copy.

    Args:
        wanted: path in the folder to address; see `download_urls`.
        folder: what is there already is kept, a cut file is gone on from.
        say: told the hosts before the first request.
        pause_s: see `download`.
    Raises: HarnessError: a host fails.
    """
    say(f"fetching from {', '.join(sorted({host_of(address) for address in wanted.values()}))}")
    for name, address in wanted.items():
        path = folder / name
        if not path.exists():
            download(address, path, pause_s=pause_s)
