"""Web archives: each HTML page with the text of an article is one; the other records are counted by kind."""

from __future__ import annotations

import gzip
import io

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from harness import FaultsError
from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents import web_archive
from harness.data.articles.documents.web_archive import read_warc

SENTENCE = "The ferry carried {} million people in the year, which is more than ever before in its history."
PAGE = (
    '<html lang="en"><head><title>Ferry</title></head><body><article><h1>Ferry</h1>'
    + "".join(f"<p>{SENTENCE.format(number)}</p>" for number in range(4))
    + "</article></body></html>"
).encode()
MENU = b"<html><body><nav>Home</nav></body></html>"


def archive(*records, compressed=True) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=compressed)
    written = [writer.create_warcinfo_record("a.warc", {"software": "x"})]
    for url, body, more in records:
        headers = [("Content-Type", more.get("type", "text/html; charset=utf-8"))]
        headers += [("Content-Encoding", "gzip")] * more.get("gzip", False)
        headers += [("Content-Encoding", more["encoding"])] if "encoding" in more else []
        http = StatusAndHeaders(more.get("status", "200 OK"), headers, protocol="HTTP/1.1")
        dates = {"WARC-Date": more.get("date", "2024-03-05T10:00:00Z")}
        payload = io.BytesIO(gzip.compress(body) if more.get("gzip") else body)
        arguments = {"payload": payload, "http_headers": http, "warc_headers_dict": dates}
        written.append(writer.create_warc_record(url, "response", **arguments))
    for record in written:
        writer.write_record(record)
        record.raw_stream.close()  # warcio leaves its copy of the content open
    return buffer.getvalue()


def read(data):
    reading = ReadOptions()
    articles = read_warc(InputFile("a.warc.gz", "a.warc.gz", data, reading))
    return [loaded.article for loaded in articles], list(reading.notes)


@pytest.mark.parametrize("compressed", [True, False])
def test_pages_and_other_records(monkeypatch, compressed):
    monkeypatch.setattr(web_archive, "MAX_PAGE", 1 << 20)
    data = archive(
        ("https://x.org/ferry", PAGE, {}),
        ("https://x.org/ferry", PAGE.replace(b"more", b"less"), {"date": "2024-03-06T10:00:00Z"}),
        ("https://x.org/packed", PAGE, {"gzip": True}),
        ("https://x.org/bomb", b" " * 3_000_000, {"gzip": True}),
        ("https://x.org/gone", PAGE, {"status": "404 Not Found"}),
        ("https://x.org/a.png", b"x", {"type": "image/png"}),
        ("https://x.org/menu", MENU, {}),
        compressed=compressed,
    )
    (ferry, packed), notes = read(data)
    assert (ferry.article_id, ferry.url, ferry.published) == ("x.org-ferry", "https://x.org/ferry", "2024-03-06")
    assert SENTENCE.format(3).replace("more", "less") in ferry.text
    assert packed.article_id == "x.org-packed"
    assert packed.language == "en"
    assert notes == [
        "a.warc.gz: passed over 1 earlier capture of a page, 1 page of more than 1 MiB, 1 page without the text of an "
        "article, 1 response of type image/png, 1 response with status 404, 1 warcinfo record"
    ]


def test_an_archive_that_is_cut_off_says_so():
    data = archive(("https://x.org/a", PAGE, {}), ("https://x.org/b", PAGE, {}), compressed=False)
    articles, notes = read(data[:-200])
    assert "x.org-a" in {article.article_id for article in articles}
    assert "pages (its last record is cut off); the rest was not read" in notes[0]


def test_limits(monkeypatch):
    data = archive(("https://x.org/a", PAGE, {}), ("https://x.org/b.png", b"x" * 3_000, {"type": "image/png"}))
    monkeypatch.setattr(web_archive, "MAX_UNPACKED", 2_000)
    with pytest.raises(FaultsError, match=r"a\.warc\.gz: unpacks to more than 2,000 bytes, or has more than 1,000,000"):
        read(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no web archive", "is damaged, or is no web archive (Unknown archive format"),
        (archive(("https://x.org/menu", MENU, {})), "has no HTML page with the text of an article"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data, message):
    with pytest.raises(FaultsError) as refused:
        read(data)
    assert str(refused.value).startswith(f"a.warc.gz: {message}")


def test_a_page_that_cannot_be_unpacked_is_passed_over(capsys):
    data = archive(
        ("https://x.org/a\x1b]0;x\x07", PAGE, {}),
        ("https://x.org/b", b"\x8b\x00", {"encoding": "br"}),
        compressed=False,
    )
    longer = data.replace(b"warcinfo\r\n", b"warcinfo\r\nX-A: b\r\n").replace(b"software: x", b"software: x longer")
    (page,), notes = read(longer)
    assert page.url == "https://x.org/a ]0;x "
    assert "1 page that cannot be unpacked" in notes[-1]
    assert capsys.readouterr().err == ""
