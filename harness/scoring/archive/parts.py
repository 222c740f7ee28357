"""The folder of scores of an archive: one Parquet file per block of the input, and what they were scored with."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from harness.data.articles.article_file import safe_name
from harness.data.streams.blocks import BLOCK_BYTES, SMALLEST_BLOCK
from harness.data.streams.files import StreamFile
from harness.display import displayed
from harness.errors import FaultsError, HarnessError
from harness.files import check_state_file, file_sha256, make_folder, read_text, translate_os_errors, write_files
from harness.folders import Locked, folder_lock

MANIFEST = "scores.json"
FORMAT = 1
UNFINISHED = ".unfinished-"
"""Start of the names of what a process has in the folder while it scores."""
OPTION_OF = {
    "as_claims": "--claims",
    "columns": "--column",
    "delimiter": "--delimiter",
    "detects": "--language",
    "language": "--language",
}
"""The option, or what is given otherwise, by the setting that it makes."""
BLOCK = "smallest_block"
"""Key of the smallest block of lines or pages, in bytes."""
DIGITS = 16
"""Digits of a fingerprint in a name."""
INFO = b"harness"
"""Key of the metadata of a part under which its `PartInfo` is."""
NAME = re.compile(
    r".+-(?P<key>[0-9a-f]{12})-(?P<block>[0-9]{6,})-(?P<content>[0-9a-f]{16})-(?P<own>[0-9a-f]{16})\.parquet"
)
"""Name of a part: its input, block, the fingerprint of the rows that were read, and that of its own bytes."""


@displayed
@dataclass(frozen=True)
class PartInfo:
    """What a part holds, stored in it."""

    input: str
    """File of the archive."""
    block: int
    """Row group of a Parquet file, else the number of the block of lines or pages, from 0."""
    version: str
    """Fingerprint of what the file system said of the file."""
    content: str
    """Fingerprint of the rows that were read."""
    n_rows: int
    """Rows of the input that were read."""
    n_claims: int
    """Rows of the part."""
    n_empty: int
    """Rows of the input without text."""
    languages: tuple[str, ...] = ()
    """Languages of the rows."""


class PartKey(NamedTuple):
    """Which block of which file a part belongs to."""

    file_key: str
    block: int


def prepare(folder: Path, settings: dict[str, Any]) -> int:
    """Creates the folder of scores, or checks that it holds scores of the same system and options.

    A folder that holds no scores yet, and that no process uses, takes other settings. Call it before the lock of a
    process and again under it, so that none goes on under settings which another has replaced.

    Returns: the smallest block of lines or pages in bytes, which the first command chose for the folder.
    Raises: HarnessError: it holds something else. WriteError: it cannot be written.
    """
    path = folder / MANIFEST
    document = {"format": FORMAT, **settings}
    if path.exists():
        with folder_lock(folder, "settings of scores", name=".settings.lock", wait_s=10):
            return _compare(folder, document, may_replace=True)
    make_folder(folder)
    if any(not entry.name.startswith(".") for entry in folder.iterdir()):
        if path.exists():  # another shard has begun in the meantime
            return _compare(folder, document, may_replace=False)
        raise HarnessError(f"{folder}: is not empty and has no {MANIFEST}; choose another folder for the scores")
    _write_settings(path, {**document, BLOCK: SMALLEST_BLOCK})
    return SMALLEST_BLOCK


def _compare(folder: Path, document: dict[str, Any], *, may_replace: bool) -> int:
    """Compares settings with those of the folder; may replace the latter if nothing depends on them."""
    path = folder / MANIFEST
    try:
        existing = json.loads(read_text(path))
    except ValueError:
        existing = None
    # A folder of an earlier version has blocks of one size, whatever the size of the input.
    smallest = existing.pop(BLOCK, BLOCK_BYTES) if isinstance(existing, dict) else None
    if not isinstance(existing, dict) or type(smallest) is not int or smallest < 1:
        raise HarnessError(f"{path}: is no JSON of these settings; choose another folder, or remove this one")
    changed = [key for key in document.keys() | existing.keys() if document.get(key) != existing.get(key)]
    if not changed:
        return smallest
    if not may_replace or part_paths(folder) or _is_in_use(folder):
        names = ", ".join(sorted({OPTION_OF.get(key, key) for key in changed}))
        raise HarnessError(
            f"{folder}: holds scores made with other settings ({names}); give the same system and options to "
            "continue, or choose another folder"
        )
    _write_settings(path, {**document, BLOCK: SMALLEST_BLOCK})
    return SMALLEST_BLOCK


def _write_settings(path: Path, document: dict[str, Any]) -> None:
    write_files({path: (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()})


def _is_in_use(folder: Path) -> bool:
    """Whether a process is scoring into the folder."""
    for lock in folder.glob(f"{UNFINISHED}*.lock"):
        try:
            with folder_lock(folder, "scoring of the same blocks", name=lock.name):
                pass
        except Locked:
            return True
    return False


def part_paths(folder: Path) -> dict[PartKey, list[Path]]:
    """Returns the parts of a folder by what they belong to; a killed process may have left a part and its follower."""
    paths: dict[PartKey, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if match := NAME.fullmatch(path.name):
            paths.setdefault(PartKey(match["key"], int(match["block"])), []).append(path)
    return paths


def read_part(path: Path) -> PartInfo | None:
    """Returns what a part holds, after comparing all of its bytes with its name; None if it is damaged.

    Raises: FaultsError: what is in its place is no file.
    """
    import pyarrow as pa
    from pyarrow import parquet

    match = NAME.fullmatch(path.name)
    check_state_file(path)
    try:
        if match is None or file_sha256(path)[:DIGITS] != match["own"]:
            return None
        fields = json.loads(parquet.read_metadata(path).metadata[INFO])
        return PartInfo(**fields | {"languages": tuple(fields["languages"])})
    except (FaultsError, pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return None


def input_of(path: Path) -> str:
    """Returns which input a part is from, without reading its rows; the name of the part if it is damaged."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if not path.is_file():  # a pipe would never end
            return path.name
        return str(json.loads(parquet.read_metadata(path).metadata[INFO])["input"])
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return path.name


@contextmanager
def part_writer(folder: Path, staging: Path, schema: Any) -> Iterator[PartWriter]:
    """Yields a writer of one part; the part appears in the folder if the block names it, and else nothing does.

    Args:
        folder: folder of the scores.
        staging: folder on the same file system for what is not finished.
        schema: columns of the part.
    Raises: WriteError: the operating system refuses a write.
    """
    make_folder(staging)
    with translate_os_errors(folder):
        handle, name = tempfile.mkstemp(suffix=".parquet", dir=staging)
        os.close(handle)
    path = Path(name)
    writer = PartWriter(folder, path, schema)
    try:
        yield writer
    finally:
        writer.abandon()
        path.unlink(missing_ok=True)


class PartWriter:
    """Writes one part; see `part_writer`."""

    def __init__(self, folder: Path, path: Path, schema: Any) -> None:
        from pyarrow import parquet

        self._folder, self._path = folder, path
        with translate_os_errors(folder):
            self._writer = parquet.ParquetWriter(path, schema, compression="zstd")
        self.n_claims = 0

    def write(self, table: Any) -> None:
        """Appends rows."""
        with translate_os_errors(self._folder):
            self._writer.write_table(table)
        self.n_claims += table.num_rows

    def finish(self, file: StreamFile, info: PartInfo) -> Path:
        """Writes the part to disk under its name, which is returned."""
        stem = safe_name(PurePosixPath(file.url).name, "input")[:60]
        name = f"{stem}-{file.key}-{info.block:06}-{info.content}"
        with translate_os_errors(self._folder / name):
            self._writer.add_key_value_metadata({INFO.decode(): json.dumps(asdict(info), ensure_ascii=False)})
            self._writer.close()
            with self._path.open("rb+") as stream:
                os.fsync(stream.fileno())
            self._path.chmod(0o644)
            path = self._folder / f"{name}-{file_sha256(self._path)[:DIGITS]}.parquet"
            return self._path.replace(path)

    def abandon(self) -> None:
        """Closes the file, if it is not finished; it may be one that a full disk does not let end."""
        with suppress(OSError):
            self._writer.close()
