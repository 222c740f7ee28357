"""DOCX: paragraphs, headings, items, captions and tables; what is no text of the article is left out."""

from __future__ import annotations

import datetime
import io

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents.word import read_docx


def read(document):
    buffer = io.BytesIO()
    document.save(buffer)
    (loaded,) = read_docx(InputFile("a.docx", "a.docx", buffer.getvalue(), ReadOptions()))
    text = loaded.article.text
    offsets = [sum(len(line) + 1 for line in text.split("\n")[:number]) for number in range(text.count("\n") + 1)]
    parts = [part.part if (part := loaded.marked.part_at(offset)) else None for offset in offsets]
    return loaded, list(zip(text.split("\n"), parts, strict=True))


def add_table(container, rows, **options):
    table = container.add_table(len(rows), len(rows[0]), **options)
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    return table


def test_parts_and_properties():
    document = docx.Document()
    document.core_properties.title = "Ferry report"
    document.core_properties.created = datetime.datetime(2024, 3, 5, 12)
    document.add_heading("Ferry traffic grows", 0)
    document.add_heading("Numbers", 1)
    document.add_paragraph("The ferry carried ").add_run("3 million people.").bold = True
    document.add_paragraph("First item. More.", style="List Bullet")
    document.add_paragraph("Paragraph in the style of lists, without a bullet.", style="List Paragraph")
    add_table(document, [("Year", "Spent"), ("2022", "3 million"), ("2023", "")])
    document.add_paragraph("Figure 1: A ferry.", style="Caption")
    document.sections[0].header.paragraphs[0].text = "HEADER"
    loaded, blocks = read(document)
    assert blocks == [
        ("Ferry traffic grows", "heading"),
        ("Numbers", "heading"),
        ("The ferry carried 3 million people.", None),
        ("First item. More.", "list item"),
        ("Paragraph in the style of lists, without a bullet.", None),
        ("Year: 2022; Spent: 3 million", "table cell"),
        ("Figure 1: A ferry.", "caption"),
    ]
    assert (loaded.article.title, loaded.article.published) == ("Ferry report", "2024-03-05")


def test_tables_that_arrange_a_page_merged_cells_and_numbers_only():
    document = docx.Document()
    document.add_paragraph("Text.")
    add_table(document, [("A long text. " * 20, "Beside it.")])
    table = add_table(document, [("2021", "1"), ("2022", "2"), ("2023", "3")])
    table.cell(0, 0).merge(table.cell(1, 0)).text = "both"
    inner = document.add_table(1, 1).cell(0, 0)
    inner.text = "Outer."
    add_table(inner, [("a", "b"), ("c", "d")])
    _, blocks = read(document)
    assert blocks == [
        ("Text.", None),
        (("A long text. " * 20).strip(), None),
        ("Beside it.", None),
        ("both; 1", "table cell"),
        ("both; 2", "table cell"),
        ("2023; 3", "table cell"),
        ("Outer.", None),
        ("a: c; b: d", "table cell"),
    ]


def element(tag, *children, text=None, **attributes):
    made = OxmlElement(tag)
    made.extend(children)
    if text is not None:
        made.text = text
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def run(text, tag="w:t", *properties):
    return element("w:r", element("w:rPr", *properties), element(tag, text=text))


def test_changes_count_as_accepted_and_notes_hidden_text_and_contents_are_left_out():
    document = docx.Document()
    paragraph = document.add_paragraph("The ferry ")._p
    paragraph.append(element("w:del", run("old", "w:delText")))
    paragraph.append(element("w:ins", run("is new")))
    paragraph.append(element("w:r", element("w:footnoteReference", id="2")))
    paragraph.append(run(" hidden", "w:t", element("w:vanish")))
    paragraph.append(element("w:r", element("w:tab"), element("w:t", text="and blue."), element("w:br")))
    paragraph.append(element("w:hyperlink", run("Second line.")))
    box = element("w:r", element("w:pict", element("w:txbxContent", element("w:p", run("A box.")))))
    paragraph.append(box)
    gallery = element("w:docPartObj", element("w:docPartGallery", val="Table of Contents"))
    contents = element("w:sdt", element("w:sdtPr", gallery), element("w:sdtContent", element("w:p", run("1 Ferry"))))
    control = element("w:sdt", element("w:sdtContent", element("w:p", run("In a control."))))
    document.element.body.insert(1, contents)
    document.element.body.insert(2, control)
    document.add_heading("The end", 2)
    loaded, blocks = read(document)
    assert blocks == [
        ("The ferry is new and blue.", None),
        ("Second line.", None),
        ("A box.", None),
        ("In a control.", None),
        ("The end", "heading"),
    ]
    assert dict(loaded.marked.dropped) == {"note": 1, "hidden text": 1, "contents table": 1}
    assert loaded.article.title == "The end"
