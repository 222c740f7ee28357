"""Reads HTML that is an article and nothing else, as feeds and e-mails hold it: without a search for the main text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.data.articles.documents.content import clean
from harness.data.articles.page_blocks import Block, holds_values, row_blocks
from harness.records import Part

MAX_DEPTH = 150
"""Levels of elements in each other that are read."""
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "p div section article main header footer aside blockquote center hr pre ul ol li dl dt dd figure figcaption "
        "address body html details summary table caption thead tbody tfoot tr td th form fieldset h1 h2 h3 h4 h5 h6",
    )
)
_LEFT_OUT = frozenset(
    ("script", "style", "noscript", "template", "iframe", "object", "button", "select", "svg", "head", "title", "nav")
)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\v]{2,}|[\t\r\n\f\v]")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def blocks_of_html(html: str, leave_out: re.Pattern[str] | None = None) -> tuple[list[Block], int]:
    """Returns the blocks of an HTML text, and the number of elements that were left out.

    Args:
        html: the text.
        leave_out: pattern of the class or id of elements to leave out.
    """
    from lxml.html import document_fromstring

    if not re.search(r"[<&]", html):
        return [Block(line) for line in html.splitlines() if line.strip()], 0
    if not html.strip():
        return [], 0
    try:
        tree = document_fromstring(clean(html).encode(), parser=_parser())
    except Exception:  # nothing but comments, or markup beyond the limits of the parser
        return [Block(re.sub(r"<[^<>]*>", " ", html))], 0
    reader = _Reader(leave_out, _holders_of_blocks(tree))
    blocks = [block for block in reader.read(tree, None, 0) if block.text.strip()]
    return blocks, reader.n_left_out


def _parser() -> Any:
    from lxml.html import HTMLParser

    return HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)


def _holders_of_blocks(tree: Any) -> set[Any]:
    """The elements that have a block in them."""
    holders = set[Any]()
    for block in tree.iter(*_BLOCKS):
        for element in block.iterancestors():
            if element in holders:
                break
            holders.add(element)
    return holders


class _Reader:
    """Walks a tree of HTML."""

    def __init__(self, leave_out: re.Pattern[str] | None, holders: set[Any]) -> None:
        self._leave_out = leave_out
        self._holders = holders
        self.n_left_out = 0

    def read(self, element: Any, part: Part | None, depth: int) -> Iterator[Block]:
        """Yields the blocks of an element."""
        if element.tag == "table" and (rows := _rows(element)) is not None:
            texts = [[" ".join(block.text for block in self._inside(cell, depth)) for cell in row] for row in rows]
            if holds_values(texts):
                headers = [all(cell.tag == "th" for cell in row) and bool(row) for row in rows]
                yield from row_blocks(texts, headers)
                return
        part = _part_of(element, part)
        pieces = [_one_line(element.text, element)]
        for child in element:
            if self._is_left_out(child) or depth > MAX_DEPTH:
                pass
            elif child.tag in _BLOCKS or child in self._holders:
                yield from _lines(pieces, part)
                yield from self.read(child, part, depth + 1)
                pieces = []
            elif child.tag == "br":
                pieces.append("\n")
            else:
                pieces += self._inline(child, depth + 1)
            pieces.append(_one_line(child.tail, element))
        yield from _lines(pieces, part)

    def _inside(self, cell: Any, depth: int) -> list[Block]:
        return [Block(block.text.strip()) for block in self.read(cell, None, depth + 1) if block.text.strip()]

    def _inline(self, element: Any, depth: int) -> Iterator[str]:
        yield _one_line(element.text, element)
        for child in element:
            if child.tag == "br":
                yield "\n"
            elif depth <= MAX_DEPTH and not self._is_left_out(child):
                yield from self._inline(child, depth + 1)
            yield _one_line(child.tail, element)

    def _is_left_out(self, element: Any) -> bool:
        if not isinstance(element.tag, str) or element.tag in _LEFT_OUT or _HIDDEN.search(element.get("style") or ""):
            return True
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if self._leave_out is not None and self._leave_out.search(names):
            self.n_left_out += 1
            return True
        return False


def _rows(table: Any) -> list[list[Any]] | None:
    """The cells of a table by row; None if it holds other tables, and so arranges the page."""
    if next(table.iterdescendants("table"), None) is not None:
        return None
    return [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]


def _part_of(element: Any, part: Part | None) -> Part | None:
    if element.tag in _HEADINGS:
        return "heading"
    if element.tag in ("figcaption", "caption"):
        return "caption"
    return "list item" if element.tag == "li" else part


def _one_line(text: str | None, element: Any) -> str:
    """A text whose line breaks are spaces, as a browser shows it."""
    return (text or "") if element.tag == "pre" else _SPACES.sub(" ", text or "")


def _lines(pieces: list[str], part: Part | None) -> Iterator[Block]:
    for line in "".join(pieces).split("\n"):
        yield Block(line, part)
