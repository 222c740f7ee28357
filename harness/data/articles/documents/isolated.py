"""Reads files of strangers in a process of their own, which a damaged one can neither crash nor hang."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.data.articles.documents import worker
from harness.errors import FaultsError

WAIT = 3 * worker.MAX_SECONDS
"""Seconds that a file may take on a busy machine."""


def read_isolated(kind: str, data: bytes, path: str | Path) -> dict[str, Any]:
    """Returns what the worker read of a file.

    Args:
        kind: `pdf`, `rtf` or `feed`.
        data: content of the file.
        path: file named in messages.
    Raises: FaultsError: the file is encrypted, damaged or beyond a limit.
    """
    name = kind if kind == "feed" else f"{kind.upper()} file"
    too_long = f"takes more than {worker.MAX_SECONDS} seconds to read; divide it, or save its text as .txt"
    # Without the folder of the script, whose modules have names of others; with the packages of the user.
    command = [sys.executable, "-P", worker.__file__, kind]
    try:
        process = subprocess.run(command, input=data, capture_output=True, timeout=WAIT, check=False)
    except subprocess.TimeoutExpired:
        raise FaultsError.single(path, too_long, code="too-large") from None
    try:
        result: dict[str, Any] = json.loads(process.stdout)
    except ValueError:
        # Killed for its time, or by a fault of the library, which has no other way to report it.
        if process.returncode in (-24, -9):
            raise FaultsError.single(path, too_long, code="too-large") from None
        result = {"error": "damaged"}
    error = result.get("error")
    if error is None:
        return result
    code, message = {
        "encrypted": (
            "encrypted",
            "is encrypted; save a copy without a password (such as qpdf --decrypt --password=... IN OUT)",
        ),
        "pages": (
            "too-large",
            f"has {result.get('n', 0):,} pages; at most {worker.MAX_PAGES:,} are read. Divide it "
            "(such as qpdf --split-pages=1000 IN OUT)",
        ),
        "entries": (
            "too-large",
            f"has {result.get('n', 0):,} entries; at most {worker.MAX_ENTRIES:,} are read. Divide it",
        ),
        "characters": ("too-large", f"has more than {worker.MAX_CHARACTERS:,} characters; divide it"),
        "memory": ("too-large", f"needs more than {worker.MAX_MEMORY >> 30} GiB of memory; divide it"),
    }.get(error, ("damaged", f"is damaged, or is no {name}; get it again, or save its text as .txt"))
    raise FaultsError.single(path, message, code=code)
