"""ODT: paragraphs, headings, items, captions and tables; notes, comments and changes are left out."""

from __future__ import annotations

import datetime
import io

import odfdo

from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents.open_text import read_odt


def read(document):
    buffer = io.BytesIO()
    document.save(buffer)
    (loaded,) = read_odt(InputFile("a.odt", "a.odt", buffer.getvalue(), ReadOptions()))
    return loaded


def test_parts_and_properties():
    document = odfdo.Document("text")
    document.body.clear()
    document.meta.title = "Ferry report"
    document.meta.creation_date = datetime.datetime(2024, 3, 5)
    document.body.append(odfdo.Header(1, "Ferry traffic grows"))
    paragraph = odfdo.Paragraph("The ferry carried 3 million  people.")
    paragraph.insert_note(after="ferry", note_id="n1", citation="1", body="A note.")
    paragraph.insert_annotation(after="carried", body="A comment.", creator="X")
    document.body.append(paragraph)
    document.body.append(odfdo.List(["First item.", "Second."]))
    table = odfdo.Table("Numbers", width=2, height=2)
    table.set_values([["Year", "Spent"], ["2022", "3 million"]])
    document.body.append(table)
    document.body.append(odfdo.Paragraph("Figure 1: A ferry.", style="Illustration"))
    loaded = read(document)
    text = loaded.article.text
    assert text.split("\n") == [
        "Ferry traffic grows",
        "The ferry carried 3 million people.",
        "First item.",
        "Second.",
        "Year; Spent",
        "2022; 3 million",
        "Figure 1: A ferry.",
    ]
    assert [(text[part.start : part.end], part.part) for part in loaded.marked.parts] == [
        ("Ferry traffic grows", "heading"),
        ("First item.", "list item"),
        ("Second.", "list item"),
        ("Year; Spent", "table cell"),
        ("2022; 3 million", "table cell"),
        ("Figure 1: A ferry.", "caption"),
    ]
    assert dict(loaded.marked.dropped) == {"note": 1, "comment": 1}
    assert (loaded.article.title, loaded.article.published) == ("Ferry report", "2024-03-05")


def test_a_table_with_headings_names_its_columns():
    document = odfdo.Document("text")
    document.body.clear()
    table = odfdo.Table("Numbers", width=2, height=2)
    table.set_values([["Year", "Spent"], ["2022", "3 million"]])
    for paragraph in table.get_elements("descendant::table:table-row[1]//text:p"):
        paragraph.set_attribute("text:style-name", "Table_20_Heading")
    document.body.append(table)
    assert read(document).article.text == "Year: 2022; Spent: 3 million"
