"""A cassette: the exchanges of a run in one file, with which anyone scores again without endpoint or key."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from harness.endpoints.calls import Request, StoredReply
from harness.errors import Fault, FaultsError
from harness.files import decode, json_line, make_folder, read_bytes, translate_os_errors
from harness.records import explain_validation


def read_cassette(path: Path, *, recorded: bool = False) -> dict[str, StoredReply]:
    """The exchanges of a cassette by key; of equals the first.

    Args:
        recorded: it is being added to, so that a last line which was cut off as it was written is passed over.
    Raises: FaultsError: the file cannot be read, or every line that is no exchange, or not the one that was recorded.
    """
    data = read_bytes(path)
    return _exchanges(data[: _end(data)[0]] if recorded else data, path)


def _exchanges(data: bytes, path: Path) -> dict[str, StoredReply]:
    found: dict[str, StoredReply] = {}
    faults: list[Fault] = []
    for number, line in enumerate(decode(data, path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            kept = StoredReply.model_validate_json(line)
        except ValidationError as error:
            for place, message, code, _ in explain_validation(error):
                faults.append(Fault(str(path), number, ".".join(map(str, place)) or None, message, code))
            continue
        if Request.of(kept.endpoint, kept.request, kept.sample).key != kept.key:
            message = (
                "is not that of the request: the line was changed after it was recorded; put it back, or record anew"
            )
            faults.append(Fault(str(path), number, "key", message))
        found.setdefault(kept.key, kept)
    if faults:
        raise FaultsError(faults)
    return found


def _end(data: bytes) -> tuple[int, bytes]:
    """Where further lines belong, and what has to stand before them: a last line that was cut off is no part of it."""
    begun = data.rfind(b"\n") + 1
    try:
        StoredReply.model_validate_json(data[begun:])
    except ValidationError:
        return begun, b""
    return len(data), b"\n"


def add_to_cassette(path: Path, replies: Iterable[StoredReply]) -> None:
    """Appends the exchanges that a cassette does not have yet, in their order; one process at a time; all or none.

    Raises: WriteError: the file cannot be written.
    """
    from filelock import FileLock

    make_folder(path.parent)
    with translate_os_errors(path), FileLock(path.with_name(f".{path.name}.lock")):
        data = read_bytes(path) if path.exists() else b""
        end, before = _end(data)
        there = _exchanges(data[:end], path)
        fresh = {reply.key: reply for reply in replies if reply.key not in there}
        if fresh:
            lines = "".join(json_line(reply.model_dump()) for reply in fresh.values())
            _write_at(path, end, before + lines.encode("utf-8"))


def _write_at(path: Path, start: int, data: bytes) -> None:
    """Puts data in place of all that stands from `start` on; where it cannot all be written, nothing of it is left."""
    with path.open("r+b" if path.exists() else "xb", buffering=0) as stream:
        try:
            stream.truncate(start)
            stream.seek(start)
            left = memoryview(data)
            while left:
                left = left[stream.write(left) :]
            os.fsync(stream.fileno())
        except BaseException:
            stream.truncate(start)
            raise
