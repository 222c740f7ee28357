"""Splits the text of a document into passages: its paragraphs, with their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]
MAX_PARAGRAPH = 10_000
"""Characters of a passage; a longer paragraph becomes several, which end with a sentence or a word."""
MAX_WRAPPED = 100
"""Characters of a line that may have been broken to fit a page."""
SENTENCE_ENDS = (".", "!", "?", ":", '"', "'", "”", "’", "»", ")", "。", "！", "？")
_BLANK_LINE = re.compile(r"(?:\r\n|\r|\n)[^\S\r\n]*(?:\r\n|\r|\n)")
_LINE = re.compile(r"[^\r\n]+")


def paragraphs(text: str) -> Iterator[Span]:
    """Yields the start and end of each paragraph of a text, without blanks around it.

    Blank lines separate paragraphs. So do line breaks, unless lines were broken to fit a page: then a short line ends
    within a sentence.
    """
    start = 0
    for gap in (*_BLANK_LINE.finditer(text), None):
        end = len(text) if gap is None else gap.start()
        lines = [(line.start(), line.end()) for line in _LINE.finditer(text, start, end)]
        is_wrapped = any(_is_broken(text[begin:stop]) for begin, stop in lines[:-1])
        for span in [(lines[0][0], lines[-1][1])] if is_wrapped else lines:
            yield from _pieces(text, *span)
        start = end


def _is_broken(line: str) -> bool:
    line = line.rstrip()
    return len(line) <= MAX_WRAPPED and bool(line) and not line.endswith(SENTENCE_ENDS)


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """Yields a paragraph without blanks around it, in pieces that are not too long."""
    while end - start > MAX_PARAGRAPH:
        limit = start + MAX_PARAGRAPH
        cut = max(text.rfind(mark, start, limit) + 1 for mark in (". ", "! ", "? ", "\n"))
        cut = cut if cut > start else text.rfind(" ", start, limit)
        cut = cut if cut > start else limit
        yield from _trimmed(text, start, cut)
        start = cut
    yield from _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    if piece.strip():
        yield start, start + len(piece.strip())
