"""PDF: paragraphs in the order of reading, without what runs along the pages; files that cannot be read say why."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from harness import FaultsError
from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents import isolated, worker
from harness.data.articles.documents import pdf as module
from harness.data.articles.documents.pdf import read_pdf

COLUMNS = (60, 320)
LEFT = [
    "The council voted on Tuesday to raise the bud-",
    "get of the ferry by 12 percent. Several mem-",
    "bers said that a well-known shipyard and one",
    "more were asked. The answer of the well-",
    "known firm is late.",
]
RIGHT = [
    "In the harbor nobody knows whether ships come",
    "next year. The mayor said that the ferry will",
    "stop if the answer is no, and that the people",
    "of the islands have to use the old bridge for",
]


def pdf(draw, **options) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, **options)
    draw(canvas)
    canvas.save()
    return buffer.getvalue()


@pytest.fixture
def same_process(monkeypatch):
    """Reads without the process of its own, which takes most of the time."""
    monkeypatch.setattr(module, "read_isolated", lambda _kind, data, _path: worker.pdf(data))


def read(data: bytes):
    reading = ReadOptions()
    (loaded,) = read_pdf(InputFile("a.pdf", "a.pdf", data, reading))
    return loaded, reading


def blocks(loaded):
    return [
        (line, part.part if (part := loaded.marked.part_at(loaded.article.text.index(line))) else None)
        for line in loaded.article.text.split("\n")
    ]


def lines(canvas, left, top, texts, size=10):
    canvas.setFont("Helvetica", size)
    for number, text in enumerate(texts):
        canvas.drawString(left, top - 1.2 * size * number, text)


def newspaper(canvas, *, by_row: bool):
    for page in (1, 2):
        lines(canvas, 60, 800, ["The Harbor Gazette, March 2024"], 8)
        lines(canvas, 290, 30, [f"- {page} -"], 8)
        lines(canvas, 60, 760, ["Ferry traffic grows" if page == 1 else "What comes next"], 20)
        texts = (LEFT, RIGHT) if page == 1 else (["those who cannot pay. The end of it is open."], [])
        if by_row:
            for number in range(max(map(len, texts))):
                for left, column in zip(COLUMNS, texts, strict=True):
                    lines(canvas, left, 700 - 12 * number, column[number : number + 1])
        else:
            for left, column in zip(COLUMNS, texts, strict=True):
                lines(canvas, left, 700, column)
        canvas.showPage()


@pytest.mark.smoke
@pytest.mark.parametrize("by_row", [False, True])
def test_columns_follow_each_other_and_words_are_whole(by_row):
    loaded, reading = read(pdf(lambda canvas: newspaper(canvas, by_row=by_row)))
    assert blocks(loaded) == [
        ("Ferry traffic grows", "heading"),
        (
            "The council voted on Tuesday to raise the budget of the ferry by 12 percent. Several members said that a "
            "well-known shipyard and one more were asked. The answer of the well-known firm is late.",
            None,
        ),
        (
            "In the harbor nobody knows whether ships come next year. The mayor said that the ferry will stop if the "
            "answer is no, and that the people of the islands have to use the old bridge for those who cannot pay. The "
            "end of it is open.",
            None,
        ),
        ("What comes next", "heading"),
    ]
    assert dict(loaded.marked.dropped) == {"running header": 2, "page number": 2}
    assert loaded.article.title == "Ferry traffic grows"
    assert not list(reading.notes)


def test_paragraphs_items_captions_and_contents(same_process):
    def draw(canvas):
        lines(canvas, 60, 700, ["1 Introduction . . . . . . . . . . . . 3", "2 Results . . . . . . . . . . . 14"])
        lines(canvas, 60, 660, ["The ferry carried three million people last year alone.", "It was late."])
        lines(canvas, 60, 636, ["The next paragraph begins after a line that had room."])
        lines(canvas, 60, 600, ["\u2022 First item of the list, which is longer than a line", "  and goes on."])
        lines(canvas, 60, 576, ["\u2022 Second item."])
        lines(canvas, 60, 540, ["Figure 2: The harbor in winter."], 8)

    loaded, _ = read(pdf(draw))
    assert blocks(loaded) == [
        ("The ferry carried three million people last year alone. It was late.", None),
        ("The next paragraph begins after a line that had room.", None),
        ("First item of the list, which is longer than a line and goes on.", "list item"),
        ("Second item.", "list item"),
        ("Figure 2: The harbor in winter.", "caption"),
    ]
    assert dict(loaded.marked.dropped) == {"contents line": 2}


def test_cells_of_a_table_stay_beside_each_other(same_process):
    rows = [(str(year), f"{year - 2000} ferries", "yes") for year in range(2010, 2020)]

    def draw(canvas):
        for number, row in enumerate(rows):
            for left, cell in zip((60, 200, 400), row, strict=True):
                lines(canvas, left, 700 - 20 * number, [cell])

    text = read(pdf(draw))[0].article.text
    assert text.index("2010") < text.index("10 ferries") < text.index("2011") < text.index("11 ferries")


def test_a_page_that_ends_with_a_repeated_sentence_keeps_it(same_process):
    def draw(canvas):
        for _ in range(3):
            lines(canvas, 60, 130, [*[f"Sentence {n} of the page is here." for n in range(5)], "It said so again."])
            canvas.showPage()

    loaded, _ = read(pdf(draw))
    assert loaded.article.text.count("It said so again.") == 3


def test_what_the_file_states(same_process):
    data = pdf(lambda canvas: (canvas.setTitle("Microsoft Word - x.doc"), lines(canvas, 60, 700, ["A sentence here."])))
    loaded, _ = read(data)
    assert loaded.article.title is None
    assert loaded.article.published is not None
    assert loaded.article.article_id == "a"


def picture(canvas):
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    canvas.drawImage(ImageReader(Image.new("RGB", (20, 20), "gray")), 100, 100, 300, 300)
    canvas.showPage()


def scan_with_one_page_of_text(canvas):
    picture(canvas)
    lines(canvas, 60, 700, ["This page has a sentence."])


def test_pages_without_text_are_named(same_process):
    _, reading = read(pdf(scan_with_one_page_of_text))
    assert list(reading.notes) == [
        "a.pdf: pages 1 are pictures without text (OCR, such as ocrmypdf --skip-text, adds it)"
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GIF89a", "is no PDF file: it does not begin with %PDF-; get it again"),
        (b"%PDF-1.7 and nothing else", "is damaged, or is no PDF file; get it again, or save its text as .txt"),
        (pdf(picture), "has no text: its 1 page(s) are pictures, as of a scan, or empty. Add a layer of text by OCR"),
        (
            pdf(lambda canvas: lines(canvas, 60, 700, ["Secret."]), encrypt=StandardEncryption("word")),
            "is encrypted; save a copy without a password (such as qpdf --decrypt",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data, message):
    with pytest.raises(FaultsError) as refused:
        read(data)
    assert str(refused.value).startswith(f"a.pdf: {message}")


def test_limits(monkeypatch, tmp_path):
    source = Path(worker.__file__).read_text()
    small = tmp_path / "worker.py"
    small.write_text(source.replace("MAX_PAGES = 2_000", "MAX_PAGES = 1"))
    monkeypatch.setattr(worker, "__file__", str(small))
    with pytest.raises(FaultsError, match=r"a\.pdf: has 2 pages; at most 2,000 are read\. Divide it"):
        read(pdf(lambda canvas: newspaper(canvas, by_row=False)))
    small.write_text("import sys, os, signal\nos.kill(os.getpid(), signal.SIGXCPU)\n")
    with pytest.raises(FaultsError, match=r"a\.pdf: takes more than 60 seconds to read; divide it"):
        read(b"%PDF-")
    small.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    with pytest.raises(FaultsError, match=r"a\.pdf: is damaged"):
        read(b"%PDF-")
    small.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(isolated, "WAIT", 0.2)
    with pytest.raises(FaultsError, match=r"a\.pdf: takes more than"):
        read(b"%PDF-")
