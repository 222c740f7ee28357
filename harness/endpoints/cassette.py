"""Cassettes: the requests and replies of a run in one file, which scores again without the endpoint or its key."""

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
    """The replies of a cassette by key; the first one where a key is repeated.

    Args:
        path: the file.
        recorded: whether the cassette is still being recorded; an incomplete last line is then ignored.
    Raises: FaultsError: the file cannot be read, or lines are not valid replies or were modified.
    """
    data = read_bytes(path)
    return _parse(data[: _append_position(data)[0]] if recorded else data, path)


def _parse(data: bytes, path: Path) -> dict[str, StoredReply]:
    replies: dict[str, StoredReply] = {}
    faults: list[Fault] = []
    for line_number, line in enumerate(decode(data, path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            reply = StoredReply.model_validate_json(line)
        except ValidationError as error:
            for key_path, message, code, _ in explain_validation(error):
                faults.append(Fault(str(path), line_number, ".".join(map(str, key_path)) or None, message, code))
            continue
        # The key is a hash of the request. A line whose request was edited would otherwise answer the original one.
        if Request.of(reply.endpoint, reply.request, reply.sample).key != reply.key:
            message = (
                "does not match the request: the line was modified after it was recorded; restore it, or record again"
            )
            faults.append(Fault(str(path), line_number, "key", message))
        replies.setdefault(reply.key, reply)
    if faults:
        raise FaultsError(faults)
    return replies


def _append_position(data: bytes) -> tuple[int, bytes]:
    """The offset at which to write further lines, and the bytes to write before them.

    A killed process can leave an incomplete last line, which is overwritten. A complete last line without a line end
    is left as it is and gets its line end.
    """
    last_line_start = data.rfind(b"\n") + 1
    try:
        StoredReply.model_validate_json(data[last_line_start:])
    except ValidationError:
        return last_line_start, b""
    return len(data), b"\n"


def add_to_cassette(path: Path, replies: Iterable[StoredReply]) -> None:
    """Appends the replies that a cassette does not contain yet, in their order: all of them or none.

    Raises: WriteError: the file cannot be written.
    """
    from filelock import FileLock

    make_folder(path.parent)
    with translate_os_errors(path), FileLock(path.with_name(f".{path.name}.lock")):
        # The file is read again under the lock: another process may have added replies since.
        data = read_bytes(path) if path.exists() else b""
        end, separator = _append_position(data)
        recorded_keys = _parse(data[:end], path).keys()
        new_replies = {reply.key: reply for reply in replies if reply.key not in recorded_keys}
        if new_replies:
            lines = "".join(json_line(reply.model_dump()) for reply in new_replies.values())
            _overwrite_from(path, end, separator + lines.encode("utf-8"))


def _overwrite_from(path: Path, start: int, data: bytes) -> None:
    """Replaces everything from offset `start` on by `data`; removes what it wrote if writing fails."""
    with path.open("r+b" if path.exists() else "xb", buffering=0) as stream:
        try:
            stream.truncate(start)
            stream.seek(start)
            remaining = memoryview(data)
            while remaining:
                # An unbuffered write may write only part of the data, for example on a nearly full disk.
                remaining = remaining[stream.write(remaining) :]
            os.fsync(stream.fileno())
        except BaseException:
            stream.truncate(start)
            raise
