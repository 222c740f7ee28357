"""Reads the article of an ODT file.

By lxml, which is installed anyway: the libraries for ODT give plain text, not which kind of text it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.data.articles.article_file import InputFile, LoadedArticle
from harness.data.articles.documents.content import Document, article_of, day_of
from harness.data.articles.documents.package import MAX_COLUMNS, MAX_DEPTH, open_package, table_blocks
from harness.data.articles.page_blocks import Block
from harness.errors import FaultsError
from harness.records import Part

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
DC = "{http://purl.org/dc/elements/1.1/}"
META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_LEFT_OUT = {
    f"{TEXT}note": "note",
    f"{OFFICE}annotation": "comment",
    f"{OFFICE}annotation-end": None,
    f"{TEXT}table-of-content": "contents table",
    f"{TEXT}alphabetical-index": "keyword list",
    f"{TEXT}bibliography": "reference list",
    f"{TEXT}illustration-index": "contents table",
    f"{TEXT}tracked-changes": None,
    f"{TEXT}sequence-decls": None,
    f"{TEXT}variable-decls": None,
    f"{OFFICE}forms": None,
}
"""What is left out, and the kind that it is counted as; None: it is no text."""


_CAPTION_STYLES = ("illustration", "figure", "table", "drawing")
"""Styles that LibreOffice gives to captions, beside that of the name."""


def read_odt(file: InputFile) -> list[LoadedArticle]:
    """Returns the article of an ODT file: its paragraphs, headings, list items, captions and tables.

    Tracked changes count as accepted. Headers, footers, notes, comments, and tables of contents are left out.
    """
    archive = open_package(file, "ODT")
    if b"encryption-data" in (archive.find("META-INF/manifest.xml") or b""):
        message = "is encrypted; open it, and save a copy without a password"
        raise FaultsError.single(file.path, message, code="encrypted")
    content = archive.find("content.xml")
    if content is None:
        raise FaultsError.single(file.path, "is no ODT file: it has no content.xml; open it, and save it as ODT")
    root = _parse(content)
    body = root.find(f"{OFFICE}body/{OFFICE}text")
    if body is None:
        raise FaultsError.single(file.path, "is no text document; save its text as ODT, or its table as .csv")
    meta = _parse(archive.find("meta.xml") or b"<meta/>")
    document = Document(published=day_of(meta.findtext(f".//{META}creation-date")))
    document.language = meta.findtext(f".//{DC}language") or None
    reader = _OpenText(root, document)
    reader.read(body, 0, None)
    document.title = (meta.findtext(f".//{DC}title") or "").strip() or reader.title
    return [article_of(file, document)]


def _parse(data: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))


class _OpenText:
    """Walks the body of an ODT file."""

    def __init__(self, root: Any, document: Document) -> None:
        self._document = document
        self.title: str | None = None
        """The paragraph in the style of titles, else the first heading."""
        # An automatic style ("P1") stands for the changes that a writer made to a named one.
        self._parents = {
            style.get(f"{STYLE}name"): style.get(f"{STYLE}parent-style-name") for style in root.iter(f"{STYLE}style")
        }

    def read(self, container: Any, depth: int, part: Part | None) -> None:
        """Adds the paragraphs, lists and tables of an element."""
        if depth > MAX_DEPTH:
            return
        for child in container.iterchildren():
            if child.tag in _LEFT_OUT:
                self._leave_out(child)
            elif child.tag in (f"{TEXT}p", f"{TEXT}h"):
                self._paragraph(child, depth, part)
            elif child.tag == f"{TEXT}list":
                for item in child.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
                    self.read(item, depth + 1, "list item")
            elif child.tag == f"{TABLE}table":
                self._table(child, depth)
            else:
                self.read(child, depth + 1, part)

    def _leave_out(self, element: Any) -> None:
        kind = _LEFT_OUT[element.tag]
        if kind is not None:
            self._document.drop(kind)

    def _paragraph(self, paragraph: Any, depth: int, part: Part | None) -> None:
        pieces, boxes = list[str](), list[Any]()
        self._collect(paragraph, pieces, boxes, 0)
        text = "".join(pieces).strip()
        style = (paragraph.get(f"{TEXT}style-name") or "").replace("_20_", " ")
        style = (self._parents.get(style) or style).replace("_20_", " ").lower()
        if paragraph.tag == f"{TEXT}h" or style in ("title", "subtitle"):
            part = "heading"
        elif style in _CAPTION_STYLES or "caption" in style:
            part = "caption"
        if text:
            if part == "heading" and (self.title is None or style == "title"):
                self.title = text
            self._document.blocks += [Block(line, part) for line in text.split("\n")]
        for box in boxes:
            self.read(box, depth + 1, None)

    def _collect(self, element: Any, pieces: list[str], boxes: list[Any], depth: int) -> None:
        """Adds the text of an element to `pieces`, and the text boxes in it to `boxes`."""
        pieces.append(element.text or "")
        for child in element.iterchildren():
            if child.tag == f"{TEXT}s" or child.tag == f"{TEXT}tab":
                pieces.append(" ")
            elif child.tag == f"{TEXT}line-break":
                pieces.append("\n")
            elif child.tag in _LEFT_OUT:
                self._leave_out(child)
            elif child.tag == f"{DRAW}text-box":
                boxes.append(child)
            elif child.tag in (f"{TEXT}ruby-text", "{http://www.w3.org/2000/svg}title"):
                pass
            elif depth < MAX_DEPTH:
                self._collect(child, pieces, boxes, depth + 1)
            pieces.append(child.tail or "")

    def _table(self, table: Any, depth: int) -> None:
        rows, are_headers = list[list[list[Block]]](), list[bool]()
        for row in table.iter(f"{TABLE}table-row"):
            if next(row.iterancestors(f"{TABLE}table")) is not table:
                continue
            cells = [
                self._cell(cell, depth) for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
            ]
            rows.append(cells[:MAX_COLUMNS])
            marked = next(row.iterancestors(f"{TABLE}table-header-rows"), None) is not None
            are_headers.append(marked or (len(rows) == 1 and _heads_columns(row)))
        table_blocks(self._document, rows, are_headers)

    def _cell(self, cell: Any, depth: int) -> list[Block]:
        outer, self._document.blocks = self._document.blocks, []
        self.read(cell, depth + 1, None)
        content, self._document.blocks = self._document.blocks, outer
        return content


def _heads_columns(row: Any) -> bool:
    """Whether the paragraphs of a row are in the style of the names of columns."""
    styles: Iterator[str] = (text.get(f"{TEXT}style-name") or "" for text in row.iter(f"{TEXT}p"))
    return all(re.fullmatch(r"(?i)table(?:_20_| )heading", style) for style in styles)
