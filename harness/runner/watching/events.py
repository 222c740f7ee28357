"""A line of JSON for each change of state of a run, for other programs; see docs/how-to/follow-a-run.md."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harness.display import brief
from harness.errors import HarnessError
from harness.files import explain_os_error

Event = Literal[
    "run_started",
    "unit_started",
    "unit_finished",
    "unit_failed",
    "unit_found",
    "result_written",
    "run_ended",
]
EVENT_FORMAT = 1
Say = Callable[[str], None]


def no_word(_: str) -> None:
    """Says nothing."""


class EventLog:
    """Appends events to a file, one whole line at a time; an error while writing ends the log, never the run.

    Args:
        path: the file; it is created, and what it has stays. None: no file, and events go nowhere.
        say: called once with what ended the log.
    Raises: HarnessError: the file cannot be opened.
    """

    def __init__(self, path: str | Path | None, say: Say = no_word) -> None:
        self._path, self._say = path, say
        self._file: int | None = None if path is None else _open(Path(path))

    @property
    def is_written(self) -> bool:
        """Whether events go to a file."""
        return self._file is not None

    def write(self, event: Event, at: float | None = None, **facts: Any) -> None:
        """Appends an event, with the time in UTC and with what is known of it.

        Args:
            at: when it happened, in seconds since 1970; None: now.
            facts: what is known; None is left out.
        """
        if self._file is None:
            return
        time = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
        known = {name: value for name, value in facts.items() if value is not None}
        line = {"format": EVENT_FORMAT, "event": event, "time": time.isoformat(timespec="milliseconds"), **known}
        data = (json.dumps(line, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace")
        try:
            while data:  # one call, unless the disk or the pipe takes a part only
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self._say(f"--events {self._path}: {explain_os_error(error)}; the run goes on without further events")
            self.close()

    def say(self, line: str) -> None:
        """Says a line to the user, which is no event."""
        self._say(line)

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError:  # a full disk may be reported here as well
                return

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(path: Path) -> int:
    """Opens a file to append to.

    Raises: HarnessError: it cannot be opened, or is a pipe that nobody reads.
    """
    try:
        # Without O_NONBLOCK, a pipe that nobody reads would keep the run waiting for ever.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o644)
        if stat.S_ISFIFO(os.fstat(file).st_mode):
            os.set_blocking(file, True)
    except OSError as error:
        reason = f"{explain_os_error(error)}; name a file in a folder that exists"
        if error.errno == errno.ENXIO:
            reason = "nobody reads this pipe; start its reader first"
        raise HarnessError(f"--events {path}: {reason}") from None
    except ValueError as error:  # a null character
        raise HarnessError(f"--events: {brief(path)}: {error}") from None
    return file


NO_EVENTS = EventLog(None)
"""The log of a run whose events nobody asked for."""
