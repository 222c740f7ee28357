"""Zip files from strangers: read member by member, refused when they are broken or meant to harm."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from harness.errors import FaultsError

MAX_RATIO = 100
MIN_BOMB_BYTES = 1 << 20
"""A member that unpacks to less than this is no bomb, however well it packs."""


DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError)
"""What a damaged or encrypted member raises."""


class Archive:
    """A zip file held in memory.

    Args:
        path: its name, for messages.
        data: its bytes.
    Raises: FaultsError: no zip, truncated, a name that climbs out of the folder, or 100 times as large unpacked.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
            raise FaultsError.single(path, f"is not a whole zip file ({error}); get it again") from None
        for member in members:
            place = PurePosixPath(member.filename.replace("\\", "/"))
            if place.is_absolute() or ".." in place.parts or ":" in place.parts[:1]:
                raise FaultsError.single(
                    path, f"holds a name that climbs out of its folder: {member.filename!r}; refused"
                )
        unpacked = sum(member.file_size for member in members)
        if unpacked > MIN_BOMB_BYTES and unpacked > MAX_RATIO * max(1, len(data)):
            message = f"unpacks to {unpacked:,} bytes from {len(data):,}, more than {MAX_RATIO} times; refused"
            raise FaultsError.single(path, message)
        self.names = [m.filename for m in members if not m.is_dir() and not _fork(m.filename)]

    def read(self, name: str) -> bytes:
        """The bytes of a member.

        Raises: FaultsError: it is damaged, encrypted, or larger than the zip says.
        """
        try:
            info = self._zip.getinfo(name)
            with self._zip.open(info) as stream:
                data = stream.read(info.file_size + 1)
        except DAMAGE as error:
            raise FaultsError.single(self.path, f"member {name!r} cannot be read: {error}; get the zip again") from None
        if len(data) > info.file_size:
            raise FaultsError.single(self.path, f"member {name!r} is larger than the zip says; refused")
        return data

    def find(self, member: str) -> bytes | None:
        """The bytes of a member by its path, or by its base name where only one member has it; None if absent."""
        if member in self.names:
            return self.read(member)
        alike = [name for name in self.names if PurePosixPath(name).name == PurePosixPath(member).name]
        return self.read(alike[0]) if len(alike) == 1 else None


def _fork(name: str) -> bool:
    """Whether a member is a resource fork that a file manager added."""
    return "__MACOSX" in PurePosixPath(name).parts or PurePosixPath(name).name.startswith("._")
