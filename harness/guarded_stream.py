"""The guard between the texts of others and a terminal or log."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable
from typing import Any, TextIO

from harness.text_tables import visible


class GuardedStream:
    """A text stream that writes control characters, and those that reorder or hide others, as escapes.

    It stands between every text of others (a dataset, a config, a file name, a server's reply) and the terminal or log.
    What draws with control sequences itself writes to `unguarded`, and makes the texts of others visible before.
    """

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream
        self.buffer = _GuardedBytes(self)

    def write(self, text: str) -> int:
        """Writes a text; see `visible`. Tabs stay."""
        self.unguarded.write("\t".join(map(visible, text.split("\t"))))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)


class _GuardedBytes(io.RawIOBase):
    """Writes bytes of UTF-8 through a guard, for libraries that know only of bytes."""

    def __init__(self, guard: GuardedStream) -> None:
        self._guard = guard
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._guard.write(self._decoder.decode(bytes(data)))
        return len(data)

    def flush(self) -> None:
        self._guard.flush()


def unguarded(stream: TextIO) -> TextIO:
    """Returns the stream for output with control sequences of its own, such as a progress bar."""
    return stream.unguarded if isinstance(stream, GuardedStream) else stream
