"""Lists the files of an archive: paths, folders, patterns and addresses of fsspec (`s3://`, `gs://`, `memory://`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple

from harness.errors import Fault, FaultsError
from harness.files import require_file

COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
"""Compression of a file, by its last suffix."""
KINDS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".wet": "wet",
    ".txt": "text",
}
"""Kind of a file, by its suffix before that of the compression."""


class StreamFile(NamedTuple):
    """A file of an archive."""

    url: str
    """Path, or address with the protocol of its file system."""
    size: int
    """Bytes."""
    version: str
    """Fingerprint of what the file system says of the file: size, time of change, checksum where it has one."""

    @property
    def key(self) -> str:
        """Short name of the address, for names of files."""
        return hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @property
    def compression(self) -> str | None:
        """Name of the compression as fsspec knows it; None: the file is not compressed."""
        return COMPRESSIONS.get(PurePosixPath(self.url).suffix.lower())

    @property
    def suffix(self) -> str:
        """Suffix before that of the compression, in lower case."""
        path = PurePosixPath(self.url)
        return (path.with_suffix("") if self.compression else path).suffix.lower()

    @property
    def kind(self) -> str | None:
        """Kind of the file, one of `KINDS`; None: unknown."""
        return KINDS.get(self.suffix)

    def open(self) -> BinaryIO:
        """Opens the bytes of the file, without compression if it is compressed."""
        import fsspec

        stream: BinaryIO = fsspec.open(self.url, "rb", compression=self.compression).open()
        return stream


def list_files(inputs: Sequence[str]) -> list[StreamFile]:
    """Returns the files that inputs name, each once, in the order of their addresses.

    Args:
        inputs: files, folders (read with their subfolders, so partitions too), glob patterns; as paths or addresses.
    Raises: FaultsError: an input does not exist, or is of no known kind; lists all of them.
    """
    files: dict[str, StreamFile] = {}
    faults: list[Fault] = []
    for name in inputs:
        try:
            files |= {file.url: file for file in _expand(name)}
        except FaultsError as error:
            faults += error.faults
        except (ImportError, ValueError, OSError) as error:
            faults.append(Fault(name, None, None, f"cannot be listed: {_reason(error)}", "cannot-read"))
    if faults:
        raise FaultsError(faults)
    return [files[url] for url in sorted(files)]


def _expand(name: str) -> list[StreamFile]:
    from fsspec.core import has_magic, url_to_fs

    if name.startswith(("http://", "https://")):
        message = "is on the web; download the files, then give their folder, or score single pages with -o FILE"
        raise FaultsError.single(name, message, code="not-a-file")
    if name == "-":
        message = "standard input cannot be continued, so it is not scored into a folder; save it to a file"
        raise FaultsError.single(name, message, code="not-a-file")
    system, path = url_to_fs(name)
    if system.exists(path) and not system.isdir(path):
        return [_known(_stream_file(system, path, system.info(path)))]
    if system.isdir(path):
        details = system.find(path, detail=True)
        start = len(path.rstrip("/")) + 1
    elif has_magic(path):
        details = system.glob(path, detail=True)
        start = len("/".join(takewhile(lambda part: not has_magic(part), path.split("/"))))
    else:
        raise FaultsError.single(name, "does not exist; check the path", code="does-not-exist")
    # Writers of partitioned folders leave files such as `_SUCCESS` and `.part-0.crc` beside the data.
    listed = [
        _stream_file(system, found_path, info)
        for found_path, info in details.items()
        if info["type"] == "file" and not any(part[0] in "_." for part in found_path[start:].split("/") if part)
    ]
    files = [file for file in listed if file.kind is not None]
    if not files:
        kinds = ", ".join(KINDS)
        raise FaultsError.single(
            name, f"has no file of a known kind; known: {kinds}; also as {', '.join(COMPRESSIONS)}"
        )
    return files


def _stream_file(system: Any, path: str, info: dict[str, Any]) -> StreamFile:
    is_local = "file" in ([system.protocol] if isinstance(system.protocol, str) else system.protocol)
    if is_local:
        require_file(Path(path))
    # Reading a local file changes the time of its last access, and linking it the number of its links.
    known = {key: info.get(key) for key in ("size", "mtime")} if is_local else info
    version = hashlib.sha256(repr(sorted(known.items(), key=str)).encode()).hexdigest()
    return StreamFile(path if is_local else system.unstrip_protocol(path), int(info["size"] or 0), version)


def _known(file: StreamFile) -> StreamFile:
    if file.kind is None:
        kinds = ", ".join(KINDS)
        message = f"has no known suffix; known: {kinds}; also as {', '.join(COMPRESSIONS)}"
        raise FaultsError.single(file.url, message, code="unknown-name")
    return file


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:300] or type(error).__name__
