"""A cassette: the exchanges of a run in one file, with which anyone scores again without endpoint or key."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from harness.classifiers.language_models.calls import Kept
from harness.errors import Fault, FaultsError
from harness.files import json_line, make_folder, read_text, writing
from harness.records import explain_validation


def read_cassette(path: Path) -> dict[str, Kept]:
    """The exchanges of a cassette by key; of equals the first.

    Raises: FaultsError: the file cannot be read, or every line that is no exchange.
    """
    found: dict[str, Kept] = {}
    faults: list[Fault] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            kept = Kept.model_validate_json(line)
            found.setdefault(kept.key, kept)
        except ValidationError as error:
            for place, message in explain_validation(error):
                faults.append(Fault(str(path), number, ".".join(map(str, place)) or None, message))
    if faults:
        raise FaultsError(faults)
    return found


def add_to_cassette(path: Path, replies: Iterable[Kept]) -> None:
    """Appends the exchanges that a cassette does not have yet, in their order; one process at a time.

    Raises: WriteError: the file cannot be written.
    """
    from filelock import FileLock

    make_folder(path.parent)
    with writing(path), FileLock(path.with_name(f".{path.name}.lock")):
        there = read_cassette(path) if path.exists() else {}
        fresh = {reply.key: reply for reply in replies if reply.key not in there}
        if fresh:
            with path.open("ab") as stream:
                stream.write("".join(json_line(reply.model_dump()) for reply in fresh.values()).encode("utf-8"))
                stream.flush()
                os.fsync(stream.fileno())
