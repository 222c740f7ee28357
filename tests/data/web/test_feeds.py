"""What is a feed, and what its entries hold."""

from __future__ import annotations

import sys
import time

import pytest

from harness.data.web.feeds import MIN_CONTENT, is_feed, read_feed
from harness.errors import FaultsError, MissingExtra

RSS = "<rss version='2.0'><channel><title>News</title>{items}</channel></rss>"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<rss version='2.0'>", True),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><?xsl b?>\n<feed xmlns='x'>", True),
        (b"<!DOCTYPE rss PUBLIC 'a' 'b'><rdf:RDF xmlns='x'>", True),
        (b"<!doctype html><html><body><rss version='2.0'>", False),
        (b"The <rss> element begins a feed.", False),
        (b"<rssx>", False),
        (b"", False),
    ],
)
def test_a_feed_is_known_by_its_first_element(data, expected):
    assert is_feed(data) is expected


def test_a_long_start_takes_no_time():
    begin = time.process_time()
    assert not is_feed(b"<!---->" * 100_000 + b"<html>")
    assert time.process_time() - begin < 0.5


def test_a_long_description_is_the_article_and_a_short_one_is_a_summary():
    def entries(length):
        items = f"<item><title>A</title><description>&lt;p&gt;{'a' * length}&lt;/p&gt;</description></item>"
        return read_feed(RSS.format(items=items).encode(), "feed")

    (entry,) = entries(MIN_CONTENT)
    assert entry.content == f"<p>{'a' * MIN_CONTENT}</p>"
    assert (entry.publisher, entry.url, entry.published) == ("News", None, None)
    (entry,) = entries(MIN_CONTENT - 1)
    assert entry.content is None


def test_a_name_of_a_file_is_not_opened(tmp_path):
    path = tmp_path / "feed.xml"
    path.write_text(RSS.format(items="<item><title>secret</title></item>"), encoding="utf-8")
    with pytest.raises(FaultsError, match="is a feed without entries"):
        read_feed(str(path).encode(), "https://example.org/")


def test_entities_are_refused():
    bomb = "<!DOCTYPE rss [<!ENTITY a 'aaaa'>]>" + RSS.format(items="<item><title>&a;</title></item>")
    with pytest.raises(FaultsError, match="declares entities, which no feed does; refused"):
        read_feed(bomb.encode(), "feed")


def test_the_package_that_reads_feeds_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "feedparser", None)
    with pytest.raises(MissingExtra, match=r"https://example.org/: feeds need feedparser.*claim-harness\[documents\]"):
        read_feed(RSS.encode(), "https://example.org/")
