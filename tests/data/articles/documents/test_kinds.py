"""Documents in general: limits, damaged and hostile files, missing libraries, and the doors that take them."""

from __future__ import annotations

import io
import os
import zipfile
from importlib.metadata import version

import docx
import pytest

import harness
from harness import FaultsError, ingest, open_dataset
from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents import kinds
from harness.data.articles.documents.kinds import KINDS, read_document
from harness.data.articles.sources import read_articles
from harness.errors import MissingExtra


def zipped(members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
HOSTILE = [
    ("a.docx", b"PK\x03\x04 and nothing", "is not a complete zip file"),
    ("a.docx", b"Text.", "is no DOCX file, which is a zip file; open it in its program, and save it as DOCX"),
    ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is encrypted, or in the old format of Word"),
    ("a.docx", zipped({"word/document.xml": b" " * 3_000_000}), "unpacks from "),
    ("a.docx", zipped({"word/document.xml": "<w/>"}), "is damaged, or is no DOCX file ("),
    ("a.odt", zipped({"content.xml": ENTITIES}), "declares entities in content.xml, which no ODT file"),
    ("a.odt", zipped({"content.xml": "<a>" * 90_000 + "</a>" * 90_000}), "is damaged, or is no ODT file ("),
    (
        "a.odt",
        zipped({"META-INF/manifest.xml": "<m><encryption-data/></m>", "content.xml": "x"}),
        "is encrypted; open it",
    ),
    ("a.odt", zipped({"content.xml": "<a/>"}), "is no text document"),
    ("a.odt", zipped({"a": "b"}), "is no ODT file: it has no content.xml"),
    ("a.eml", b" \n", "is empty; an article needs text"),
]


@pytest.mark.parametrize(("name", "data", "message"), HOSTILE)
def test_hostile_and_damaged_files_say_why(name, data, message):
    with pytest.raises(FaultsError) as refused:
        read_document(InputFile(name, name, data, ReadOptions()))
    assert str(refused.value).startswith(f"{name}: {message}")


@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.touch()
    os.truncate(path, KINDS[suffix].max_bytes + 1)
    with pytest.raises(FaultsError, match=rf"a{suffix}: has [\d,]+ bytes; a \w+ file may have [\d,]+\. Divide it"):
        read_articles([path])


@pytest.mark.parametrize("suffix", [suffix for suffix, kind in KINDS.items() if kind.module])
def test_a_missing_library_is_named_with_its_extra(monkeypatch, suffix):
    monkeypatch.setattr(kinds, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"files requires .*: pip install 'claim-harness\[documents\]'"):
        read_document(InputFile(f"a{suffix}", f"a{suffix}", b"x", ReadOptions()))


def word(*paragraphs):
    buffer, document = io.BytesIO(), docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(buffer)
    return buffer.getvalue()


SENTENCES = ("The ferry carried 3 million people in 2023.", "It cost 90 million euros.")


@pytest.mark.smoke
def test_ingest_stores_the_text_and_counts_what_was_dropped(tmp_path):
    (tmp_path / "Ferry report.DOCX").write_bytes(word(*SENTENCES, "By Ann Smith"))
    (tmp_path / "a.eml").write_bytes(b"Subject: News\n\nThe bridge is 20 meters long.\n-- \nAnn\n")
    result = ingest([tmp_path / "Ferry report.DOCX", tmp_path / "a.eml"], tmp_path / "d")
    dataset = open_dataset(tmp_path / "d")
    assert [article.article_id for article in dataset.articles] == ["Ferry-report", "a"]
    texts = {article.article_id: article.text or "" for article in dataset.articles}
    assert [claim.text for claim in dataset.claims] == [*SENTENCES, "The bridge is 20 meters long."]
    assert all(texts[claim.article_id][claim.start : claim.end] == claim.text for claim in dataset.claims)
    assert result.dropped == {"byline": 1, "signature": 1}
    assert f"DOCX files are read by python-docx {version('python-docx')}" in result.notes


def test_a_folder_goes_on_after_a_file_that_fails(tmp_path):
    (tmp_path / "a.docx").write_bytes(word(*SENTENCES))
    (tmp_path / "b.docx").write_bytes(b"PK damaged")
    (tmp_path / "c.eml").write_bytes(b"nothing")
    with pytest.raises(FaultsError) as refused:
        read_articles([tmp_path])
    first, *faults = refused.value.faults
    assert [os.path.basename(fault.path) for fault in faults] == ["b.docx", "c.eml"]  # noqa: PTH119
    assert first.path == str(tmp_path)
    assert first.message.startswith("2 of its 3 files cannot be read: b.docx, c.eml. Nothing was taken from the others")


def test_a_folder_says_how_many_files_need_a_library(tmp_path, monkeypatch):
    for name in ("a.pdf", "b.PDF", "c.docx", "d.txt", "e.odt"):
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(kinds, "find_spec", lambda name: None if name == "pypdfium2" else name)
    with pytest.raises(MissingExtra) as refused:
        read_articles([tmp_path])
    assert str(refused.value) == (
        f"{tmp_path}: to read its 2 PDF files, pypdfium2 must be installed: pip install 'claim-harness[documents]'; "
        f"or give a pattern of the other files, such as '{tmp_path}/*.txt'"
    )


def test_score_takes_documents(tmp_path):
    (tmp_path / "a.docx").write_bytes(word(*SENTENCES))
    result = harness.score(tmp_path / "a.docx", "length")
    assert result.n == 2
