"""Reads the articles of files of word processors: DOCX (by python-docx) and ODT."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.data.archives import Archive
from harness.data.articles.article_file import InputFile, LoadedArticle
from harness.data.articles.documents.content import Document, article_of, day_of
from harness.data.articles.page_blocks import Block, holds_values, row_blocks
from harness.errors import FaultsError
from harness.records import Part

MAX_UNPACKED = 200 << 20
"""Bytes of all members of a file, unpacked."""
MAX_DEPTH = 40
"""Levels of tables, lists and sections in each other that are read."""
MAX_COLUMNS = 200
"""Cells of a row; further ones are left out."""
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_package(file: InputFile, kind: str) -> Archive:
    """Returns the zip file that a document is.

    Args:
        file: the file.
        kind: `DOCX` or `ODT`, for messages.
    Raises: FaultsError: it is encrypted, of another kind, damaged, too large, or declares entities.
    """
    if file.data.startswith(OLD_OFFICE):
        message = f"is encrypted, or in the old format of Word; open it, and save it as {kind} without a password"
        raise FaultsError.single(file.path, message, code="encrypted")
    if not file.data.startswith(b"PK"):
        raise FaultsError.single(
            file.path, f"is no {kind} file, which is a zip file; open it in its program, and save it as {kind}"
        )
    archive = Archive(Path(file.path), file.data)
    if archive.unpacked_size > MAX_UNPACKED:
        message = f"unpacks to {archive.unpacked_size:,} bytes; at most {MAX_UNPACKED:,} are read. Divide it"
        raise FaultsError.single(file.path, message, code="too-large")
    for name in archive.names:
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in (start := archive.read(name)[:10_000]):
            what = "entities" if b"<!ENTITY" in start else "a document type"
            message = f"declares {what} in {name}, which no {kind} file of an office program does; refused"
            raise FaultsError.single(file.path, message, code="hostile")
    return archive


def table_blocks(document: Document, rows: list[list[list[Block]]], are_headers: list[bool]) -> None:
    """Adds a table to a document: a row is a block if the cells are values, else the cells are running text.

    Args:
        document: to add to.
        rows: blocks of each cell of each row.
        are_headers: whether each row names the columns.
    """
    texts = [[" ".join(block.text.strip() for block in cell) for cell in row] for row in rows]
    if holds_values(texts):
        document.blocks += row_blocks(texts, are_headers)
    else:
        document.blocks += [block for row in rows for cell in row for block in cell]


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_CONTENTS = re.compile(r"(?i)toc(?: |$)|table of (?:figures|authorities)|index \d")


def read_docx(file: InputFile) -> list[LoadedArticle]:
    """Returns the article of a DOCX file: its paragraphs, headings, list items, captions and tables.

    Tracked changes count as accepted. Headers, footers, notes, comments, hidden text and tables of contents are left
    out.
    """
    import docx

    open_package(file, "DOCX")
    opened = docx.Document(io.BytesIO(file.data))
    document = Document(published=day_of(opened.core_properties.created))
    reader = _Word(opened, document)
    reader.read(opened.element.body, 0)
    stated = opened.core_properties.title or ""
    document.title = stated.strip() or reader.title
    document.language = re.match(r"[A-Za-z]{2,3}(?:-[A-Za-z]{2})?$", opened.core_properties.language or "") and (
        opened.core_properties.language
    )
    return [article_of(file, document)]


class _Word:
    """Walks the body of a DOCX file."""

    def __init__(self, opened: Any, document: Document) -> None:
        self._document = document
        self._styles = {style.style_id: style for style in opened.styles}
        self.title: str | None = None
        """The paragraph in the style of titles, else the first heading."""

    def read(self, container: Any, depth: int) -> None:
        """Adds the paragraphs and tables of a body, a cell or a text box."""
        if depth > MAX_DEPTH:
            return
        for child in container:
            if child.tag == f"{W}p":
                self._paragraph(child, depth)
            elif child.tag == f"{W}tbl":
                self._table(child, depth)
            elif child.tag == f"{W}sdt":
                gallery = child.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
                if gallery is not None and gallery.get(f"{W}val") == "Table of Contents":
                    self._document.drop("table of contents")
                else:
                    self.read(child.iterchildren(f"{W}sdtContent"), depth)
            elif child.tag in (f"{W}sdtContent", f"{W}ins", f"{W}moveTo", f"{W}customXml"):
                self.read(child, depth + 1)

    def _paragraph(self, paragraph: Any, depth: int) -> None:
        pieces, boxes = list[str](), list[Any]()
        self._collect(paragraph, pieces, boxes, 0)
        text = "".join(pieces).strip()
        names = self._style_names(paragraph)
        part = self._part(paragraph, names)
        if any(map(_CONTENTS.match, names)):
            self._document.drop("line of contents")
        elif text:
            if part == "heading" and (self.title is None or "title" in names):
                self.title = text
            self._document.blocks += [Block(line, part) for line in text.split("\n")]
        for box in boxes:
            self.read(box, depth + 1)

    def _collect(self, element: Any, pieces: list[str], boxes: list[Any], depth: int) -> None:
        """Adds the text of an element to `pieces`, and the text boxes in it to `boxes`."""
        if depth > MAX_DEPTH:
            return
        for child in element.iterchildren():
            tag = child.tag
            if tag == f"{W}t":
                pieces.append(child.text or "")
            elif tag in (f"{W}tab", f"{W}cr", f"{W}br"):
                pieces.append(" " if tag == f"{W}tab" else "\n")
            elif tag == f"{W}noBreakHyphen":
                pieces.append("-")
            elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
                self._document.drop("note")
            elif tag == f"{W}txbxContent":
                boxes.append(child)
            elif tag in (f"{W}pPr", f"{W}del", f"{W}moveFrom", f"{W}rPr", _FALLBACK):
                continue
            elif tag == f"{W}r" and (hidden := child.find(f"{W}rPr/{W}vanish")) is not None and _is_on(hidden):
                self._document.drop("hidden text")
            else:
                self._collect(child, pieces, boxes, depth + 1)

    def _style_names(self, paragraph: Any) -> list[str]:
        """The names of a paragraph's style and of those that it is based on, in lower case; Word keeps them English."""
        element = paragraph.find(f"{W}pPr/{W}pStyle")
        style = self._styles.get(element.get(f"{W}val")) if element is not None else None
        names = list[str]()
        while style is not None and len(names) < MAX_DEPTH:
            names.append((style.name or "").lower())
            style = style.base_style
        return names

    def _part(self, paragraph: Any, names: list[str]) -> Part | None:
        outline = paragraph.find(f"{W}pPr/{W}outlineLvl")
        if any(name.startswith(("heading", "title", "subtitle")) for name in names) or (
            outline is not None and outline.get(f"{W}val", "9") < "9"
        ):
            return "heading"
        if any(name.startswith("caption") for name in names):
            return "caption"
        number = paragraph.find(f"{W}pPr/{W}numPr/{W}numId")
        is_listed = number is not None and number.get(f"{W}val") != "0"
        in_list = any(name.startswith("list") and name != "list paragraph" for name in names)
        return "list item" if is_listed or (in_list and number is None) else None

    def _table(self, table: Any, depth: int) -> None:
        look = table.find(f"{W}tblPr/{W}tblLook")
        first_is_header = look is not None and (look.get(f"{W}firstRow") == "1" or _flags(look) & 0x20)
        rows, are_headers = list[list[list[Block]]](), list[bool]()
        for row in table.iter(f"{W}tr"):
            if next(row.iterancestors(f"{W}tbl")) is not table:
                continue
            cells = list[list[Block]]()
            for cell in row.iterchildren(f"{W}tc"):
                merged = cell.find(f"{W}tcPr/{W}vMerge")
                above = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else []
                continues = merged is not None and merged.get(f"{W}val", "continue") == "continue"
                content = above if continues else self._cell(cell, depth)
                span = cell.find(f"{W}tcPr/{W}gridSpan")
                width = span.get(f"{W}val", "1") if span is not None else "1"
                cells += [content, *([[]] * (int(width) - 1 if width.isdecimal() and len(width) < 4 else 0))]
            rows.append(cells[:MAX_COLUMNS])
            marked = row.find(f"{W}trPr/{W}tblHeader") is not None
            are_headers.append(marked or (bool(first_is_header) and len(rows) == 1 and _names_columns(cells)))
        table_blocks(self._document, rows, are_headers)

    def _cell(self, cell: Any, depth: int) -> list[Block]:
        outer, self._document.blocks = self._document.blocks, []
        self.read(cell, depth + 1)
        content, self._document.blocks = self._document.blocks, outer
        return content


def _is_on(element: Any) -> bool:
    return element.get(f"{W}val", "1") not in ("0", "false", "off")


def _flags(look: Any) -> int:
    value = look.get(f"{W}val", "0")
    return int(value, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,4}", value) else 0


def _names_columns(cells: list[list[Block]]) -> bool:
    """Whether the first row of a table can be names of columns: each cell but the first has text that is no number."""
    texts = [" ".join(block.text for block in cell) for cell in cells]
    return len(texts) > 1 and all(re.search(r"[^\W\d_]", text) or re.fullmatch(r"\d{4}", text) for text in texts[1:])


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
    f"{TEXT}table-of-content": "table of contents",
    f"{TEXT}alphabetical-index": "index",
    f"{TEXT}bibliography": "bibliography",
    f"{TEXT}illustration-index": "table of contents",
    f"{TEXT}tracked-changes": None,
    f"{TEXT}sequence-decls": None,
    f"{TEXT}variable-decls": None,
    f"{OFFICE}forms": None,
}
"""What is left out, and the kind that it is counted as; None: it is no text."""


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
        elif style in ("caption", "illustration", "figure", "table", "text", "drawing") or "caption" in style:
            part = "caption" if style != "text" else part
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
