"""How files are read and written: the one place that knows."""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.errors import FaultsError, HarnessError

TEMPORARY_PREFIX = ".partial-"


class WriteError(HarnessError):
    """A file that could not be written; nothing half-written is left under its name."""


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises: FaultsError: it does not exist, is a folder, or may not be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FaultsError.single(path, "does not exist; check the path", code="does-not-exist") from None
    except IsADirectoryError:
        raise FaultsError.single(path, "is a folder, a file is expected", code="is-a-folder") from None
    except PermissionError:
        raise FaultsError.single(path, "may not be read; check its permissions", code="no-permission") from None
    except OSError as error:
        raise FaultsError.single(path, f"cannot be read: {error.strerror}", code="cannot-read") from None


def decode(data: bytes, path: Path) -> str:
    """UTF-8 text (or UTF-16 with its byte order mark), the mark removed; line ends stay as they are.

    Raises: FaultsError: not UTF-8 (the message names the first bad byte and its line), or binary.
    """
    text = data.removeprefix(b"\xef\xbb\xbf")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        with suppress(UnicodeDecodeError):
            wide = data.decode("utf-16")
            if "\x00" not in wide:
                return wide
    nul = text.find(b"\x00")
    if nul >= 0:
        message = f"is not a text file: it has a NUL byte at offset {nul}; save it as UTF-8 text"
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
    """`decode` of `read_bytes`."""
    return decode(read_bytes(path), path)


def explain_os_error(error: OSError) -> str:
    """An operating-system error in words, with its remedy where one is known."""
    reasons = {
        errno.ENOSPC: "the disk is full; free some space and run the same command again",
        errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
        errno.EFBIG: "the file would exceed the file-size limit (ulimit -f); raise it and run the same command again",
        errno.EACCES: "no permission; check the permissions of the file and its folder",
        errno.EPERM: "no permission; check the permissions of the file and its folder",
        errno.EROFS: "the file system is read-only; choose another folder",
        errno.ENOTDIR: "a file stands where a folder is needed; choose another path",
        errno.EEXIST: "a file stands where a folder is needed; choose another path",
        errno.EISDIR: "a folder stands where a file is needed; choose another path",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    }
    reason = reasons.get(error.errno or 0, error.strerror or str(error))
    return f"{error.filename}: {reason}" if error.filename else reason


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Turns operating-system errors of the block into a `WriteError` that names the path."""
    try:
        yield
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be written: {explain_os_error(OSError(error.errno, error.strerror))}"
        ) from None


def make_folder(path: Path) -> None:
    """Creates a folder and its parents, if absent."""
    with translate_os_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Writes files all or none: each to a temporary file beside its place, synced; then all renamed, in their order.

    Raises: WriteError: one cannot be written; then every file is as it was.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in files.items():
            make_folder(path.parent)
            with translate_os_errors(path):
                handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
                staged.append((Path(name), path))
                with os.fdopen(handle, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).chmod(0o644)
        for temporary, path in staged:
            with translate_os_errors(path):
                temporary.replace(path)
    except BaseException:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink()
        raise


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Makes a file whole or not at all: the block fills a temporary one beside its place, which then takes it.

    Raises: WriteError: the disk is at fault; then the file is as it was.
    """
    make_folder(path.parent)
    if path.is_dir():
        raise WriteError(f"{path}: cannot be written: a folder stands where a file is needed; choose another path")
    with translate_os_errors(path):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
        os.close(handle)
    temporary = Path(name)
    try:
        with translate_os_errors(path):
            yield temporary
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Makes a folder whole or not at all: the block fills a temporary one beside its place, which then takes it.

    Raises: WriteError: the disk is at fault; then the folder is as it was.
    """
    make_folder(path.parent)
    with translate_os_errors(path):
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=path.parent))
    try:
        with translate_os_errors(path):
            yield temporary
            for file in [found for found in temporary.rglob("*") if found.is_file()]:
                with file.open("rb+") as stream:
                    os.fsync(stream.fileno())
            temporary.chmod(0o755)
            if path.exists():
                path.rename(temporary.with_suffix(".old"))
            temporary.rename(path)
    finally:
        for left in (temporary, temporary.with_suffix(".old")):
            shutil.rmtree(left, ignore_errors=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    write_files({path: data})


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of the UTF-8 bytes."""
    write_bytes(path, text.encode("utf-8"))


def json_line(record: dict[str, Any]) -> str:
    """One record as one line of JSON, keys in their given order, with the line end."""
    return json.dumps(record, ensure_ascii=False, separators=(", ", ": ")) + "\n"


def json_document(document: Any) -> str:
    """A JSON document for people and machines: indented, keys in their given order, with the line end."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


@contextmanager
def folder_lock(folder: Path, purpose: str) -> Iterator[None]:
    """Holds a folder for one process, until the block ends or the process dies.

    Args:
        folder: created if absent.
        purpose: what holds it, for the message ("a run", "ingest").

    Raises: WriteError: another process holds it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    make_folder(folder)
    lock = FileLock(folder / ".lock", blocking=False)
    with translate_os_errors(folder):
        try:
            lock.acquire()
        except Timeout:
            raise WriteError(
                f"{folder}: another process is writing here ({purpose}); wait until it ends, or choose another folder"
            ) from None
    try:
        yield
    finally:
        lock.release()


def remove_partial_files(folder: Path) -> None:
    """Removes what a killed process left half-written; call only while holding the folder."""
    for path in folder.rglob(TEMPORARY_PREFIX + "*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink()


@contextmanager
def gc_paused() -> Iterator[None]:
    """Keeps the garbage collector from looking again and again at many records while they are made: a third faster."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def sha256(data: bytes | str) -> str:
    """SHA-256 in hex; of the UTF-8 bytes for text."""
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def fingerprint(parts: Iterable[object]) -> str:
    """SHA-256 over a sequence of texts, numbers and None, each told apart from its neighbors."""
    return sha256(json.dumps(list(parts), separators=(",", ":")))
