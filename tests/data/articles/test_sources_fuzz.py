"""Whatever a file holds, reading it ends soon, in articles or in faults said in words."""

from __future__ import annotations

import io
import json
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents.kinds import KINDS
from harness.data.articles.encoding import decode_text
from harness.data.articles.html import read_page
from harness.data.articles.markup import mask_markdown, mask_transcript
from harness.data.articles.sources import READERS, read_file
from harness.data.dataset import Segmentation
from harness.data.sentences.claims_of import claims_of
from harness.errors import HarnessError

SLOWEST = 5.0
PIECES = {
    ".md": "# |## |- |* |1. |> |```|~~~|**|_|`|[a](|)|](http://x. y|<b>|</b>|<!--|-->|---|===|[x] |![|  |\\|title: ",
    ".txt": "A: |B. C: |(x)|[12:30] |: |. |\u2028|\x85|\t|http:|Mr. |ANN|?: ",
    ".csv": 'text|"|""|,|;|title|article_id|speaker|language|a b|\x00',
    ".tsv": 'text|"|\t|\t\t|title|article_id|published|x',
    ".jsonl": '{|}|"article_id"|: |"a"|, |"text"|"b. c"|[|]|null|1e999|\\ud800|"replaces"|1',
    ".html": "<p>|</p>|<article>|<html>|<body>|<script>|</script>|&#xd800;|&lt;b&gt;|<!--|-->|<![CDATA[|A sentence. "
    "|<a href=|<meta charset=|utf-16|windows-1252|>|<svg>|<table>|<template>|\x00|<?xml version='1.0' encoding='x'?>",
}


def texts(suffix: str) -> st.SearchStrategy[str]:
    pieces = [*PIECES[suffix].split("|"), "|", "\n", "\r\n", "\r", " "]
    return st.lists(st.sampled_from(pieces) | st.text(max_size=5), max_size=40).map("".join)


def datas(suffix: str) -> st.SearchStrategy[bytes]:
    written = texts(suffix).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return written | st.binary(max_size=300) | st.tuples(written, st.binary(max_size=5)).map(b"".join)


def outcome(suffix: str, data: bytes, **options: object) -> None:
    """Reads a file and cuts its claims: articles that hold their claims, or faults."""
    start = time.monotonic()
    found, said = [], f"a{suffix}"
    try:
        found = read_file(InputFile(f"a{suffix}", f"a{suffix}", data, ReadOptions(**options)))  # type: ignore[arg-type]
    except HarnessError as error:
        said = str(error)
    assert said.startswith(f"a{suffix}")
    for article in found:
        text = article.article.text or ""
        text.encode()
        assert article.marked is None or len(article.marked.text) == len(text)
        for claim in claims_of(article.article, Segmentation(), "en", article.marked):
            assert text[claim.start : claim.end] == claim.text
    assert time.monotonic() - start < SLOWEST


@pytest.mark.parametrize("transcript", [False, True])
@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".tsv", ".jsonl"])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(data=st.data())
def test_no_file_breaks_its_reader(suffix, transcript, data):
    outcome(suffix, data.draw(datas(suffix)), transcript=transcript)


@pytest.mark.soak
@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".tsv", ".jsonl", ".html"])
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=10_000)
@given(data=st.data(), transcript=st.booleans())
def test_no_file_of_ten_thousand_breaks_its_reader(suffix, data, transcript):
    outcome(suffix, data.draw(datas(suffix)), transcript=transcript and suffix != ".html")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)
@example(b"<html><body>" + b"<div>" * 5000 + b"A sentence.")
@example(b"<html><body><p>" + b"A sentence of some length &#xd800; &#xdc00; here. " * 20)
@given(datas(".html"))
def test_no_page_breaks_its_reader(data):
    outcome(".html", data)


@settings(deadline=None, max_examples=100)
@given(
    datas(".txt"), st.none() | st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-7", "punycode", "zlib", "idna", ""])
)
def test_bytes_become_text_or_a_fault(data, encoding):
    try:
        text, said = decode_text(data, "a", encoding).text, "a: "
    except HarnessError as error:
        text, said = "", str(error)
    assert isinstance(text, str)
    assert said.startswith("a: ")


def real_parquet() -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    sink = io.BytesIO()
    table = pa.table({"text": ["One. Two.", "Three."], "article_id": ["a", "b"], "title": ["t", None]})
    parquet.write_table(table, sink, compression="none")
    return sink.getvalue()


DAMAGE = (st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4), st.integers(0, 2000))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(*DAMAGE)
def test_a_damaged_parquet_file_is_read_or_refused(changes, cut):
    damaged(changes, cut)


@pytest.mark.soak
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=10_000)
@given(*DAMAGE)
def test_ten_thousand_damaged_parquet_files(changes, cut):
    damaged(changes, cut)


def damaged(changes, cut):
    data = bytearray(real_parquet())
    for place, byte in changes:
        data[place % len(data)] = byte
    outcome(".parquet", bytes(data[: len(data) - cut if cut % 3 == 0 else len(data)]))


HARD = {
    ".md": [
        *("*" * 200_000, "`" * 200_000, "[" * 200_000, "> " * 100_000, "](" * 100_000, "<!--" * 50_000),
        "<a> " * 60_000 + "x",
        "| " * 100_000 + "x",
        "-" * 200_000 + "x",
        " " * 200_000 + "x",
        "---\r\n" + "a\r\n" * 90_000,
        "# " + "# " * 100_000 + "x",
        "![](" * 50_000,
        "<b" * 100_000,
        "- [ ] " * 50_000,
        "**a " * 50_000,
        "](a " * 50_000,
    ],
    ".txt": [
        "A " * 100_000 + ":",
        ":" * 200_000,
        "ANN: " * 50_000,
        "(" * 200_000,
        "A:\n" * 50_000,
        " " * 200_000 + "A: x",
    ],
    ".csv": ['text\n"' + "a" * 200_000, "text\n" + '""' * 100_000, "text," * 2_000 + "\n", "text\n" + "," * 200_000],
    ".jsonl": ["[" * 100_000, '{"a":' * 50_000, '"' + "\\u0000" * 50_000, "1" * 200_000],
    ".html": ["<p>" * 20_000 + "A. B.", "<" * 200_000, "&amp;" * 50_000, "<a href='" * 20_000, "A sentence. " * 20_000],
}


@pytest.mark.parametrize(
    ("suffix", "number"), [(suffix, n) for suffix, listed in HARD.items() for n in range(len(listed))]
)
def test_no_file_takes_long(suffix, number):
    outcome(suffix, HARD[suffix][number].encode(), transcript=suffix == ".txt")


@given(st.text(alphabet=" \t\r\n#*_-+>|`~[]()<>!\\.:ab1=", max_size=200))
def test_marked_text_is_as_long_as_the_text(text):
    marked = mask_markdown(text).text
    assert len(marked) == len(text)
    assert all(a == b or b in " x" for a, b in zip(text, marked, strict=True))
    try:
        spoken = mask_transcript(text, "a").text
    except HarnessError:
        return
    assert len(spoken) == len(text)


def test_every_suffix_is_fuzzed():
    # Damaged .xlsx files: tests/data/test_own_tables.py. Documents: tests/soak/document_structures.py.
    also = {".text": ".txt", ".markdown": ".md", ".htm": ".html", ".ndjson": ".jsonl"}
    assert {also.get(suffix, suffix) for suffix in READERS.keys() - KINDS.keys()} == {
        *PIECES,
        ".parquet",
        ".xlsx",
    }  # .xlsx: test_own_tables.py


def test_a_page_is_never_kept_as_markup():
    """What a page holds as markup is gone; what it shows as characters stays characters."""
    script = (
        "<script>alert('x. y.')</script><style>p {}</style><iframe src='x'>in. it.</iframe><img src=x onerror='a. b.'>"
    )
    body = f"<p>The price rose by five per cent in a year, she said.{script} It is a long sentence.</p>" * 4
    text = read_page(f"<html><body><article>{body}</article></body></html>".encode(), "a").fields["text"] or ""
    assert "The price rose by five" in text
    for part in ("<", "alert", "onerror", "src="):
        assert part not in text, json.dumps(text)
