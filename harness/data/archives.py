"""Reads zip files from untrusted sources; refuses damaged and malicious ones."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import FaultsError
from harness.files import read_bytes

MAX_RATIO = 100
"""Maximum ratio of unpacked to packed bytes; ordinary text packs to a tenth or so."""
MIN_BOMB_BYTES = 1 << 20
"""Unpacked bytes up to which the ratio does not matter: repetitive small files pack very well."""

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(RuntimeError, NotImplementedError, EOFError, OSError, ValueError),
)
"""Exceptions that `zipfile` raises for a damaged or encrypted member."""


MAX_UNPACKED_BYTES = 200 * 1024 * 1024
"""Largest unpacked size of a member that is read by its name."""


@dataclass(frozen=True)
class InputFile:
    """A file, or a member of a zip file, in memory."""

    path: Path
    """Path for messages and ids; a member of a zip file is `archive.zip!member`."""
    data: bytes


def open_input(name: str | Path) -> InputFile:
    """Reads a file, or a member of a zip file (`a.zip!path`).

    Raises: FaultsError: it is missing, unreadable or too large.
    """
    return InputFile(Path(name), read_contents(str(name)))


def read_contents(name: str) -> bytes:
    """The bytes of a file, or of a member of a zip file (`a.zip!path`)."""
    archive, separator, member = name.rpartition("!")
    if not separator:
        return read_bytes(Path(name))
    # This call reports a missing or unreadable archive in the same words as any other file.
    read_bytes(Path(archive))
    try:
        with zipfile.ZipFile(archive) as opened:
            size = opened.getinfo(member).file_size
            if size > MAX_UNPACKED_BYTES:
                message = f"is {size:,} bytes unpacked; the limit is {MAX_UNPACKED_BYTES:,} bytes"
                raise FaultsError.single(name, message, code="too-large")
            return opened.read(member)
    except KeyError:
        raise FaultsError.single(archive, f"has no member '{member}'", code="missing-member") from None
    except DAMAGE as error:
        raise FaultsError.single(archive, f"is not a readable zip file: {error}", code="damaged-zip") from None


class Archive:
    """A zip file held in memory.

    Args:
        path: file named in messages.
        data: content of the zip file.
    Raises: FaultsError: the data are not a zip file or are truncated, a member has a path outside the folder, or the
        unpacked size exceeds `MAX_RATIO` times the packed size.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except DAMAGE as error:
            raise FaultsError.single(path, f"is not a complete zip file ({error}); get it again") from None
        for member in members:
            # Windows tools write backslashes, and treat them as separators when they unpack.
            member_path = PurePosixPath(member.filename.replace("\\", "/"))
            if member_path.is_absolute() or ".." in member_path.parts or ":" in member_path.parts[:1]:
                message = f"has a member with a path outside its folder: {member.filename!r}; refused"
                raise FaultsError.single(path, message)
        self.unpacked_size = unpacked = sum(member.file_size for member in members)
        if unpacked > MIN_BOMB_BYTES and unpacked > MAX_RATIO * max(1, len(data)):
            message = f"unpacks from {len(data):,} to {unpacked:,} bytes, more than {MAX_RATIO} times its size; refused"
            raise FaultsError.single(path, message)
        self.names = [m.filename for m in members if not m.is_dir() and not _is_resource_fork(m.filename)]

    def read(self, name: str) -> bytes:
        """Returns the bytes of a member.

        Raises: FaultsError: the member is damaged or encrypted, or is larger than its header states.
        """
        try:
            info = self._zip.getinfo(name)
            with self._zip.open(info) as stream:
                # The header can lie about the size. One byte more than it states is enough to tell, and reading no
                # further keeps a zip bomb out of memory.
                data = stream.read(info.file_size + 1)
        except DAMAGE as error:
            raise FaultsError.single(self.path, f"member {name!r} cannot be read: {error}; get the zip again") from None
        if len(data) > info.file_size:
            raise FaultsError.single(self.path, f"member {name!r} is larger than its header states; refused")
        return data

    def find(self, member: str) -> bytes | None:
        """Returns the bytes of the member with this path, else of the only member with this base name, else None."""
        if member in self.names:
            return self.read(member)
        same_base_name = [name for name in self.names if PurePosixPath(name).name == PurePosixPath(member).name]
        return self.read(same_base_name[0]) if len(same_base_name) == 1 else None


def _is_resource_fork(name: str) -> bool:
    """Returns whether a member is metadata that the macOS Finder adds to zip files."""
    return "__MACOSX" in PurePosixPath(name).parts or PurePosixPath(name).name.startswith("._")
