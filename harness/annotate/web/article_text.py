"""An article as HTML: its whole text with one claim marked, every character at a place that the page can tell."""

from __future__ import annotations

import html
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from harness.records import Article
from harness.text_tables import visible

MAX_PIECE = 2_000
"""Number of characters of a piece; a line that is longer becomes several pieces."""
SHOWN = 120_000
"""Number of characters that are shown before and after a claim; all of almost every article."""
NEAR = 10_000
"""Number of characters around a claim that the page must have; with fewer it gets another window."""


class Window(NamedTuple):
    """The pieces of an article that the page holds, from the first one to before the last one."""

    article_id: str
    first: int
    last: int


class ArticleText:
    """The text of an article in pieces, so that only those that change are sent to the page.

    Args:
        article: an article with its text.
    """

    def __init__(self, article: Article) -> None:
        self.article_id = article.article_id
        self.text = article.text or ""
        self.starts = list(_piece_starts(self.text))
        """Offset of each piece."""

    def window(self, start: int, end: int, held: Window | None = None) -> Window:
        """Returns the window that shows a claim: the one that the page holds, if the claim is well inside it."""
        n = len(self.starts)
        if held is not None and held.article_id == self.article_id and 0 <= held.first < held.last <= n:
            near = self._pieces(start - NEAR, end + NEAR)
            if held.first <= near[0] and near[1] <= held.last:
                return held
        return Window(self.article_id, *self._pieces(start - SHOWN, end + SHOWN))

    def is_whole(self, window: Window) -> bool:
        """Whether a window shows the whole article."""
        return (window.first, window.last) == (0, len(self.starts))

    def html(self, window: Window, start: int, end: int) -> str:
        """Returns all pieces of a window, with the claim marked."""
        return "".join(
            f'<span id="p{index}" data-start="{self.starts[index]}">{self._piece(index, start, end)}</span>'
            for index in range(window.first, window.last)
        )

    def marked_pieces(self, start: int, end: int) -> list[tuple[int, str]]:
        """Returns the pieces that hold the claim, each with its number, with the claim marked."""
        first, last = self._pieces(start, end)
        return [(index, self._piece(index, start, end)) for index in range(first, last)]

    def _pieces(self, start: int, end: int) -> tuple[int, int]:
        """Returns the range of pieces between two offsets."""
        first = max(0, bisect_right(self.starts, max(0, start)) - 1)
        return first, max(first + 1, bisect_right(self.starts, max(0, end - 1)))

    def _piece(self, index: int, start: int, end: int) -> str:
        first = self.starts[index]
        last = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.text)
        marked_from, marked_to = max(first, min(start, last)), max(first, min(end, last))
        if marked_from >= marked_to:
            return to_html(self.text[first:last])
        before, claim, after = (
            to_html(self.text[a:b]) for a, b in ((first, marked_from), (marked_from, marked_to), (marked_to, last))
        )
        return f"{before}<mark>{claim}</mark>{after}"


def to_html(text: str) -> str:
    """Returns a text as HTML that shows it and does nothing.

    A character that would control, reorder or hide others becomes an element of the class `sign`, which counts as one
    character, so that the page can tell offsets.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return html.escape(text)
    return "".join(map(_character, text))


def _character(character: str) -> str:
    # A browser would turn a carriage return into a line break, and so change offsets.
    if character == "\r":
        return '<span class="sign"></span>'
    seen = visible(character)
    if seen == character:
        return html.escape(character)
    return f'<span class="sign">{seen}</span>' if seen.strip() else f'<span class="sign blank">{seen}</span>'


def _piece_starts(text: str) -> Iterator[int]:
    start = 0
    yield start
    while start < len(text):
        line_end = text.find("\n", start, start + MAX_PIECE)
        start = line_end + 1 if line_end >= 0 else start + MAX_PIECE
        if start < len(text):
            yield start
