"""Reads and writes files: clear errors, atomic writes and hashes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from harness.errors import EndsRun, FaultsError
from harness.partial_files import replace_folder, temporary_folder

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
Content = bytes | Callable[[], Iterable[bytes]]
"""Content of a file to write: whole, or a function that returns its pieces, so that memory does not grow with it."""


class WriteError(EndsRun):
    """A file or folder could not be written; no partial content remains under its name."""


def read_bytes(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises: FaultsError: the file does not exist, is a folder, or is not readable.
    """
    with opened(path) as file:
        return file.read()


STREAMS = ("/dev/fd", "/dev/stdin", "/dev/null", "/proc/self/fd")
"""Paths that a shell or its user gives on purpose to something that is no file, as in `<(command)`."""


def require_file(path: Path) -> None:
    """Refuses a device, which may never end, and a named pipe or socket, on which nobody may ever write."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode) and not str(path).startswith(STREAMS):
        raise FaultsError.single(path, "is a device or a pipe; expected a file", code="not-a-file")


def require_replaceable(path: Path) -> None:
    """Refuses to put a file in the place of a device, a pipe or a socket.

    Raises: WriteError: the path is one.
    """
    is_special = os.path.exists(path) and not path.is_file() and not path.is_dir()  # noqa: PTH110 - never raises
    if is_special or str(path).startswith((*STREAMS, "/dev/stdout", "/dev/stderr")):
        raise WriteError(f"{path}: cannot be written: is a device or a pipe; choose another path")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Opens a file to read its bytes; see `read_bytes` for the errors."""
    try:
        require_file(path)
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise FaultsError.single(path, "does not exist; check the path", code="does-not-exist") from None
    except IsADirectoryError:
        raise FaultsError.single(path, "is a folder; expected a file", code="is-a-folder") from None
    except PermissionError:
        raise FaultsError.single(
            path, "cannot be read: no permission; check the permissions of the file", code="no-permission"
        ) from None
    except OSError as error:
        raise FaultsError.single(path, f"cannot be read: {error.strerror}", code="cannot-read") from None


def state_bytes(path: Path) -> bytes | None:
    """Returns the bytes of a file that one command keeps for the next; None if there is none.

    Raises: FaultsError: something else is in its place, or it is not readable, so that no command could renew it.
    """
    try:
        return read_bytes(path)
    except FaultsError as error:
        if {fault.code for fault in error.faults} & {"not-a-file", "is-a-folder", "no-permission"}:
            raise
        return None


def check_state_file(path: Path) -> None:
    """Refuses what is no file in the place of one that is not read now, and that no command could renew later.

    Raises: FaultsError: a folder, a pipe or a device is there, or nobody may look.
    """
    with suppress(OSError):  # `state_bytes` puts it in words
        if path.is_file() or not path.exists():
            return
    state_bytes(path)


def decode(data: bytes, path: Path) -> str:
    """Returns the text of UTF-8 bytes, or of UTF-16 bytes with a byte order mark.

    Removes the byte order mark and leaves line ends unchanged.

    Args:
        data: content of the file.
        path: file named in the error.
    Raises: FaultsError: the bytes are not UTF-8 (the message gives the first bad byte and its line), or are binary.
    """
    text = data.removeprefix(b"\xef\xbb\xbf")
    if data[:2] in UTF_16_MARKS:
        # Two bytes are weak evidence of UTF-16: a binary file can begin with them too. Such a file usually does not
        # decode, or decodes with NUL characters; it then gets the error for binary files below.
        with suppress(UnicodeDecodeError):
            utf_16_text = data.decode("utf-16")
            if "\x00" not in utf_16_text:
                return utf_16_text
    nul_offset = text.find(b"\x00")
    if nul_offset >= 0:
        message = f"is not a text file: it has a NUL byte at offset {nul_offset}; save it as UTF-8 text"
        raise FaultsError.single(path, message, code="not-text")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise FaultsError.single(
            path,
            f"is not UTF-8: byte 0x{text[error.start]:02x} at offset {error.start}; save the file as UTF-8",
            line=line,
            code="not-utf-8",
        ) from None


def read_text(path: Path) -> str:
    """Returns the text of a file; see `read_bytes` and `decode` for the errors."""
    return decode(read_bytes(path), path)


def explain_os_error(error: OSError) -> str:
    """Returns the reason of an operating-system error, with a remedy for common causes."""
    reasons = {
        errno.ENOSPC: "the disk is full; free some space and run the same command again",
        errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
        errno.EFBIG: "the file would exceed the file-size limit (ulimit -f); raise it and run the same command again",
        errno.EACCES: "no permission; check the permissions of the file and its folder",
        errno.EPERM: "no permission; check the permissions of the file and its folder",
        errno.EROFS: "the file system is read-only; choose another folder",
        errno.ENOTDIR: "a file exists where a folder is needed; choose another path",
        errno.EEXIST: "a file exists where a folder is needed; choose another path",
        errno.EISDIR: "a folder exists where a file is needed; choose another path",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    }
    reason = reasons.get(error.errno or 0, error.strerror or str(error))
    return f"{error.filename}: {reason}" if error.filename else reason


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Converts operating-system errors of the block into a `WriteError` that names the path."""
    try:
        yield
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be written: {explain_os_error(OSError(error.errno, error.strerror))}"
        ) from None


def make_folder(path: Path) -> None:
    """Creates a folder and its parents if they do not exist."""
    with translate_os_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def pieces(content: Content) -> Iterable[bytes]:
    """Returns the pieces of the content of a file."""
    return (content,) if isinstance(content, bytes) else content()


def write_files(files: Mapping[Path, Content], *, unsynced: Container[Path] = ()) -> None:
    """Writes several files: all of them, or none if one cannot be written.

    Args:
        files: path to content; files appear under their names in this order.
        unsynced: files that may be lost or empty after a power failure, because nothing depends on them.
    Raises: WriteError: a file cannot be written; existing files are unchanged, unless a rename fails after another one
        succeeded.
    """
    # Content goes to temporary files in the same folder first (a rename across file systems is not atomic), synced to
    # disk. Only when all of it is on disk do the renames begin, which need no further disk space.
    staged: list[tuple[Path, Path]] = []
    partial: dict[Path, Path] = {}
    with ExitStack() as folders:
        for path, content in files.items():
            require_replaceable(path)
            make_folder(path.parent)
            with translate_os_errors(path):
                if path.parent not in partial:
                    partial[path.parent] = folders.enter_context(temporary_folder(path.parent))
                temporary = partial[path.parent] / str(len(staged))
                with temporary.open("wb") as stream:
                    stream.writelines(pieces(content))
                    stream.flush()
                    if path not in unsynced:
                        os.fsync(stream.fileno())
                temporary.chmod(0o644)
                staged.append((temporary, path))
        for temporary, path in staged:
            with translate_os_errors(path):
                temporary.replace(path)


def append_bytes(path: Path, data: bytes) -> None:
    """Appends whole lines to a file, which may not exist, and returns when they are on disk.

    A last line without a line end gets one first; existing bytes stay as they are.

    Raises: WriteError: the file cannot be written; it is as it was before.
    """
    make_folder(path.parent)
    with translate_os_errors(path):
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            try:
                # A write can be cut short, for example by a full disk; the next one then gives the reason.
                while data:
                    data = data[os.write(descriptor, data) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Writes the names of new files of a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a temporary path for the block to write; the temporary file replaces `path` when the block succeeds.

    Raises: WriteError: the operating system refuses a write; an existing file is unchanged.
    """
    require_replaceable(path)
    make_folder(path.parent)
    if path.is_dir():
        raise WriteError(f"{path}: cannot be written: a folder exists where a file is needed; choose another path")
    with translate_os_errors(path), temporary_folder(path.parent) as folder:
        temporary = folder / f"0{path.suffix}"
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder for the block to fill; the folder replaces `path` when the block succeeds.

    Raises: WriteError: the operating system refuses a write; an existing folder is unchanged.
    """
    require_replaceable(path)
    make_folder(path.parent)
    with translate_os_errors(path), temporary_folder(path.parent) as folder:
        temporary = folder / "new"
        temporary.mkdir()
        yield temporary
        for file in [entry for entry in temporary.rglob("*") if entry.is_file()]:
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
        temporary.chmod(0o755)
        replace_folder(temporary, path)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file atomically; see `write_files` for the errors."""
    write_files({path: data})


def write_text(path: Path, text: str) -> None:
    """Writes a text as UTF-8, atomically; see `write_files` for the errors."""
    write_bytes(path, text.encode("utf-8"))


_LINES = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": "))
"""Made once: `json.dumps` with settings makes an encoder for every line."""


def json_line(record: dict[str, Any]) -> str:
    """Returns a record as one line of JSON: keys in their given order, newline at the end."""
    return _LINES.encode(record) + "\n"


def json_document(document: Any) -> str:
    """Returns an indented JSON document: keys in their given order, newline at the end."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def sha256(data: bytes | str) -> str:
    """Returns the SHA-256 digest in hex; a text is encoded as UTF-8."""
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 digest of a file in hex; see `read_bytes` for the errors."""
    digest = hashlib.sha256()
    with opened(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(parts: Iterable[object]) -> str:
    """Returns the SHA-256 digest, in hex, of a sequence of texts, numbers and None."""
    # JSON marks where each part ends, so that ("ab", "c") and ("a", "bc") have different digests.
    # Block by block, the digest of the whole list: a million parts are never in memory at once.
    digest, rest, comma = hashlib.sha256(b"["), iter(parts), ""
    while block := list(islice(rest, 10_000)):
        digest.update((comma + _json_items(block)).encode())
        comma = ","
    digest.update(b"]")
    return digest.hexdigest()


def _json_items(parts: list[object]) -> str:
    """Returns the items of a JSON array, without its brackets; faster for texts that need no escapes, and numbers."""
    if type(parts[0]) is str:
        with suppress(TypeError):  # a part is no text
            items = '","'.join(cast("list[str]", parts))
            is_plain = items.isascii() and items.isprintable() and "\\" not in items
            if is_plain and items.count('"') == 2 * (len(parts) - 1):
                return f'"{items}"'
    elif set(map(type, parts)) == {int}:
        return ",".join(map(str, parts))
    return json.dumps(parts, separators=(",", ":"))[1:-1]
