"""Reads keys from a terminal, or from a pipe or file: one character each, without waiting for the Enter key."""

from __future__ import annotations

import codecs
import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.guarded_stream import unguarded

ENTER, ESCAPE, BACKSPACE, END = "\n", "\x1b", "\x7f", "\x04"
PASTE, PASTE_END, TELL_PASTES, TELL_NO_PASTES = "200~", "\x1b[201~", "\x1b[?2004h", "\x1b[?2004l"
"""Bracketed paste: what surrounds a pasted text, and what turns this on and off in a terminal."""
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
        unguarded(sys.stdout).write(TELL_PASTES)

        def has_more() -> bool:
            return bool(select.select([descriptor], [], [], ESCAPE_WAIT_S)[0])

        yield keys_of(lambda: os.read(descriptor, 1), has_more)
    finally:
        unguarded(sys.stdout).write(TELL_NO_PASTES)
        sys.stdout.flush()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def keys_of(read: Callable[[], bytes], has_more: Callable[[], bool]) -> Iterator[str]:
    """Yields the keys of a stream of bytes.

    Keys that send several characters (arrows, F1) are passed over as a whole: `ESC [ 1 ; 5 C` chooses no label. A text
    that is pasted into a terminal is one key.

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
            if _read_sequence(next_character) == PASTE and (text := _pasted(next_character)):
                yield text
        else:
            yield {"\r": ENTER, "\b": BACKSPACE}.get(character, character)


def _read_sequence(next_character: Callable[[], str]) -> str:
    """Reads the rest of an escape sequence; returns its parameters and final character if it begins with `ESC [`."""
    first = next_character()
    if first == "[":
        # Parameters, then one final character from @ to ~ (ECMA-48).
        sequence = ""
        while character := next_character():
            sequence += character
            if "@" <= character <= "~":
                break
        return sequence
    if first == "O":
        next_character()
    return ""


def _pasted(next_character: Callable[[], str]) -> str:
    text = ""
    while not text.endswith(PASTE_END) and (character := next_character()):
        text += character
    return re.sub(r"\s*[\r\n]\s*", " ", text.removesuffix(PASTE_END))
