"""Reads the article of a PDF file."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from harness.data.articles.article_file import InputFile, LoadedArticle
from harness.data.articles.documents.content import Document, article_of, day_of
from harness.data.articles.documents.isolated import read_isolated
from harness.data.articles.documents.pdf_layout import (
    Line,
    Paragraph,
    in_reading_order,
    paragraphs_of,
    without_margins,
)
from harness.data.articles.page_blocks import Block
from harness.errors import FaultsError
from harness.records import Part

LARGER = 1.12
"""Height of the lines of a heading, in heights of most lines."""
MAX_HEADING = 250
"""Characters of a heading."""
MIN_SENTENCE = 60
"""Characters of a paragraph that ends with a period and is no heading."""
MAX_NAMED = 5
"""Number of pages that a note names."""
_CAPTION = re.compile(
    r"(?i:figure|fig\.|table|chart|photo|map|abbildung|abb\.|tabelle|grafik|tableau|figura|tabla|gráfico|tabella|рис\.|"
    r"рисунок|таблица|таблиця)\s*\d+(?:\.\d+)*\s*[.:–—|]"
)


def read_pdf(file: InputFile) -> list[LoadedArticle]:
    """Returns the article of a PDF file: its paragraphs, headings, list items and captions.

    Raises: FaultsError: it is encrypted, damaged, too large, or has pictures of text only.
    """
    if b"%PDF-" not in file.data[:1024]:
        raise FaultsError.single(file.path, "is no PDF file: it does not begin with %PDF-; get it again")
    content = read_isolated("pdf", file.data, file.path)
    pages: list[dict[str, Any]] = content["pages"]
    lines = [[Line._make((*line, number)) for line in page["lines"]] for number, page in enumerate(pages)]
    if not any(lines):
        message = (
            f"has no text: its {len(pages):,} page(s) are pictures, as of a scan, or empty. Add a layer of text "
            "by OCR (such as ocrmypdf IN.pdf OUT.pdf), and ingest that file"
        )
        raise FaultsError.single(file.path, message, code="empty")
    _note_pages(file, pages, lines)
    dropped = Counter[str]()
    heights = [page["height"] for page in pages]
    ordered = list[Line]()
    by_page: dict[int, list[Line]] = {}
    for line in without_margins(lines, heights, dropped):
        by_page.setdefault(line.page, []).append(line)
    for page_lines in by_page.values():
        ordered += in_reading_order(page_lines)
    paragraphs = paragraphs_of(ordered)
    usual = _usual_size(ordered)
    metadata = content["metadata"]
    document = Document(
        blocks=[Block(paragraph.text, _part_of(paragraph, usual)) for paragraph in paragraphs],
        dropped=dict(dropped),
        title=_title(metadata.get("Title", ""), paragraphs, usual),
        published=day_of(metadata.get("CreationDate")),
    )
    return [article_of(file, document)]


def _note_pages(file: InputFile, pages: list[dict[str, Any]], lines: list[list[Line]]) -> None:
    """Says which pages have no text that can be read."""
    for reason, numbers in {
        "are pictures without text (OCR, such as ocrmypdf --skip-text, adds it)": [
            number for number, page in enumerate(pages, 1) if page.get("shows") and not lines[number - 1]
        ],
        "are damaged": [number for number, page in enumerate(pages, 1) if page.get("damaged")],
    }.items():
        if numbers:
            more = f" and {len(numbers) - MAX_NAMED:,} more" if len(numbers) > MAX_NAMED else ""
            file.reading.note(f"{file.path}: pages {', '.join(map(str, numbers[:MAX_NAMED]))}{more} {reason}")


def _usual_size(lines: list[Line]) -> float:
    """The height of the lines that most characters are in."""
    sizes = Counter[float]()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0


def _part_of(paragraph: Paragraph, usual: float) -> Part | None:
    if paragraph.is_item:
        return "list item"
    if _CAPTION.match(paragraph.text):
        return "caption"
    is_sentence = paragraph.text.endswith((".", ",")) and len(paragraph.text) > MIN_SENTENCE
    is_large = paragraph.size >= LARGER * usual and len(paragraph.text) <= MAX_HEADING
    return "heading" if is_large and not is_sentence else None


def _title(stated: str, paragraphs: list[Paragraph], usual: float) -> str | None:
    """The title that the file states, if its first pages show it; else the largest heading of the first page."""
    first = [paragraph for paragraph in paragraphs if paragraph.lines[0].page == 0]
    shown = _letters(" ".join(paragraph.text for paragraph in first))
    if len(_letters(stated)) > 3 and _letters(stated) in shown:
        return stated
    headings = [paragraph for paragraph in first if _part_of(paragraph, usual) == "heading"]
    return max(headings, key=lambda paragraph: round(paragraph.size)).text if headings else None


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()
