"""Reads the article of a DOCX file, by python-docx."""

from __future__ import annotations

import io
import re
from typing import Any

from harness.data.articles.article_file import InputFile, LoadedArticle
from harness.data.articles.documents.content import Document, article_of, day_of
from harness.data.articles.documents.package import MAX_COLUMNS, MAX_DEPTH, open_package, table_blocks
from harness.data.articles.page_blocks import Block
from harness.records import Part

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
                    self._document.drop("contents table")
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
            self._document.drop("contents line")
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
