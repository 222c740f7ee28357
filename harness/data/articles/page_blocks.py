"""Divides the main text of a web page, as it was extracted, into blocks by kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.data.articles.article_file import PartSpan
from harness.records import Part

MAX_CELL = 200
"""Characters of a cell; a table with a longer one, or with one column, holds text, and its rows are no claims."""
_COMMENT_MARK = re.compile(r"#?cmnt_ref\d+")
_COMMENT_BODY = re.compile(r"cmnt\d+")


class Block(NamedTuple):
    """One line of an article's text."""

    text: str
    part: Part | None = None
    whole: bool = False
    """Whether the line is one claim."""


def drop_comments(tree: Any, dropped: dict[str, int]) -> None:
    """Removes the marks of comments ([a]) and the comments at the end of a page that Google Docs exported.

    Args:
        tree: root of the page.
        dropped: mapping to which the number of marks is added.
    """
    for anchor in list(tree.iter("a")):
        name = anchor.get("id") or anchor.get("name") or ""
        element = anchor
        if _COMMENT_BODY.fullmatch(name):
            # The comment is the anchor's paragraph, and the box around it if it holds nothing else.
            while (parent := element.getparent()) is not None and parent.tag in ("p", "sup", "div"):
                if parent.tag == "div" and any(_is_mark(other) for other in parent.iter("a")):
                    break
                element = parent
        elif not _is_mark(anchor):
            continue
        else:
            dropped["comment mark"] = dropped.get("comment mark", 0) + 1
        if element.getparent() is not None:
            element.drop_tree()


def _is_mark(anchor: Any) -> bool:
    return bool(_COMMENT_MARK.fullmatch(anchor.get("id") or anchor.get("name") or ""))


_BLOCKS = frozenset(("p", "head", "list", "item", "table", "row", "cell", "quote", "div", "code", "body", "main"))


def blocks_of(body: Any) -> list[Block]:
    """Returns the blocks of an extracted text, in order.

    Args:
        body: the extracted text as trafilatura's tree.
    """
    return [block for block in _blocks(body, None) if block.text]


def _blocks(element: Any, part: Part | None) -> Iterator[Block]:
    if element.tag == "table":
        yield from _table_blocks(element)
        return
    part = _part_of(element) or part
    pieces = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS:
            yield from _lines("".join(pieces), part)
            yield from _blocks(child, part)
            pieces = [child.tail or ""]
        else:
            pieces += ["\n" if child.tag == "lb" else "".join(_inline(child)), child.tail or ""]
    yield from _lines("".join(pieces), part)


def _inline(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield "\n" if child.tag == "lb" else ""
        yield from _inline(child)
        yield child.tail or ""


def _part_of(element: Any) -> Part | None:
    # Google Docs exports the title of a document as a paragraph.
    is_title = element.tag == "p" and not {"title", "subtitle"}.isdisjoint((element.get("class") or "").split())
    if element.tag == "head" or is_title:
        return "heading"
    return "list item" if element.tag == "item" else None


def _lines(text: str, part: Part | None) -> Iterator[Block]:
    for line in text.split("\n"):
        yield Block(squeezed(line), part)


_SPACES = re.compile(r"[ \t\r\f\v]{2,}|[\t\r\f\v]")
"""Runs of spaces but for the single one, which is most of them and stays."""


def squeezed(text: str) -> str:
    """Returns a text with one space for each run of spaces, tabs and line breaks, and none at its ends."""
    return _SPACES.sub(" ", text).strip()


def _table_blocks(table: Any) -> Iterator[Block]:
    """Yields one block per row (`Year: 2022; Spent: 3 million`), or the text of a table that only arranges a page."""
    rows = [list(row.iterchildren("cell")) for row in table.iter("row")]
    texts = [[" ".join(block.text for block in _blocks(cell, None) if block.text) for cell in row] for row in rows]
    if not holds_values(texts):
        for cell in (cell for row in rows for cell in row):
            yield from _blocks(cell, None)
        return
    yield from row_blocks(texts, [_is_header(row, cells) for row, cells in zip(rows, texts, strict=True)])


def holds_values(rows: list[list[str]]) -> bool:
    """Returns whether the cells of a table are values; else it only arranges a page, and its cells are text.

    Args:
        rows: texts of the cells.
    """
    return max(map(len, rows), default=0) >= 2 and not any(len(text) > MAX_CELL for row in rows for text in row)


def row_blocks(rows: list[list[str]], are_headers: list[bool]) -> Iterator[Block]:
    """Yields one block per row of a table of values; a row with one value below a header gives none.

    Args:
        rows: texts of the cells.
        are_headers: whether each row names the columns; the first such row is used.
    """
    names: list[str] = []
    for cells, is_header in zip(rows, are_headers, strict=True):
        if is_header and not names:
            names = cells
        elif len(filled := [text for text in cells if text]) > 1 or (filled and not names):
            yield Block(in_words(cells, names), "table cell", whole=True)


def _is_header(row: list[Any], cells: list[str]) -> bool:
    """Whether a row names the columns: each cell with text is marked as a header."""
    return any(cells) and all(cell.get("role") == "head" for cell, text in zip(row, cells, strict=True) if text)


def in_words(cells: list[str], names: list[str]) -> str:
    """Returns a row of a table as a text: `Year: 2022; Spent: 3 million`; without names of columns, `2022; 3 million`.

    Args:
        cells: texts of the cells; empty ones are left out.
        names: names of the columns, or nothing.
    """
    names = names + [""] * (len(cells) - len(names))
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell)


def text_and_parts(blocks: list[Block]) -> tuple[str, tuple[PartSpan, ...]]:
    """Returns the text of an article, one block per line, and which spans of it are no running text."""
    parts, offset = list[PartSpan](), 0
    for block in blocks:
        if block.part is not None:
            parts.append(PartSpan(offset, offset + len(block.text), block.part, block.whole))
        offset += len(block.text) + 1
    return "\n".join(block.text for block in blocks), tuple(parts)
