"""Reads keys from a terminal, or from a pipe or file: one character each, without waiting for the Enter key."""

from __future__ import annotations

import codecs
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENTER, ESCAPE, BACKSPACE, END = "\n", "\x1b", "\x7f", "\x04"
ESCAPE_WAIT_S = 0.05
"""Time within which a terminal sends the rest of an escape sequence."""


@contextmanager
def standard_input_keys() -> Iterator[Iterator[str]]:
    """Yields the keys of standard input until it ends; a terminal gives each key at once, and shows none."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # closed, or replaced by a program that calls this one
        stream = sys.stdin
        yield keys_of(lambda: stream.read(1).encode("utf-8", "replace") if stream else b"", lambda: True)
        return
    if not os.isatty(descriptor):
        yield keys_of(lambda: os.read(descriptor, 1), lambda: True)
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)

        def has_more() -> bool:
            return bool(select.select([descriptor], [], [], ESCAPE_WAIT_S)[0])

        yield keys_of(lambda: os.read(descriptor, 1), has_more)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def keys_of(read: Callable[[], bytes], has_more: Callable[[], bool]) -> Iterator[str]:
    """Yields the keys of a stream of bytes.

    Keys that send several characters (arrows, F1) are passed over as a whole: `ESC [ 1 ; 5 C` chooses no label.

    Args:
        read: returns the next byte; none at the end.
        has_more: whether a further byte follows at once.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def next_character() -> str:
        while data := read():
            if character := decoder.decode(data):
                return character
        return ""

    while character := next_character():
        if character == END:
            return
        if character == ESCAPE and has_more():
            _pass_over_sequence(next_character)
        else:
            yield {"\r": ENTER, "\b": BACKSPACE}.get(character, character)


def _pass_over_sequence(next_character: Callable[[], str]) -> None:
    first = next_character()
    if first == "[":
        # Parameters, then one final character from @ to ~ (ECMA-48).
        while (character := next_character()) and not "@" <= character <= "~":
            pass
    elif first == "O":
        next_character()
