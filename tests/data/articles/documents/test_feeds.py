"""Feeds and exports of WordPress: each entry with text is an article; what is none is counted."""

from __future__ import annotations

import codecs
import time

import pytest

from harness import FaultsError
from harness.data.articles.article_file import ReadOptions
from harness.data.articles.documents import isolated
from harness.data.articles.documents.feeds import MIN_ARTICLE, feed_articles, is_feed, read_feed
from harness.errors import MissingExtra

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Gazette</title><language>de-DE</language>
<item><title>F&#228;hre &amp;amp; Co</title><link>https://www.x.org/news/ferry?id=1</link>
<dc:creator>Ann</dc:creator>
<pubDate>Tue, 05 Mar 2024 10:00:00 +0100</pubDate><description>Short.</description>
<content:encoded><![CDATA[<p>The ferry carried 3&nbsp;million.</p><ul><li>One item.</li></ul>
<figure><img src="a.png"><figcaption>A ferry.</figcaption></figure><script>x</script>
<p>The post Ferry appeared first on Gazette.</p>]]></content:encoded></item>
<item><title>B</title><link>https://x.org/news/b</link>
<description>Only a summary. [&amp;hellip;]</description></item>
<item><title>C</title><link>https://x.org/news/c</link></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>G</title><entry><title>T</title>
<id>urn:1</id><updated>2024-03-05T10:00:00Z</updated><author><name>Zoe</name></author>
<content type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml"><p>The text is here.</p></div></content></entry></feed>"""


WORDPRESS = (
    '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>{items}</channel></rss>'
)
CONTENT = "<item><title>A</title><content:encoded><![CDATA[{text}]]></content:encoded></item>"


def read(data, path="feeds/a.rss"):
    reading = ReadOptions()
    return feed_articles(data.encode() if isinstance(data, str) else data, path, reading), list(reading.notes)


@pytest.mark.smoke
def test_rss():
    (ferry, summary), notes = read(RSS)
    article = ferry.article
    assert article.model_dump(exclude_none=True) == {
        "article_id": "x.org-news-ferry-id-1",
        "title": "Fähre & Co",
        "text": "The ferry carried 3\u00a0million.\nOne item.\nA ferry.",
        "published": "2024-03-05",
        "publisher": "Gazette",
        "url": "https://www.x.org/news/ferry?id=1",
        "language": "de-DE",
    }
    assert [part.part for part in ferry.marked.parts] == ["list item", "caption"]
    assert dict(ferry.marked.dropped) == {"feed line": 1}
    assert summary.article.text == "Only a summary."
    assert notes == [
        "feeds/a.rss: passed over 1 entry without text",
        "feeds/a.rss: 1 of 2 entries hold a summary, not the whole article",
    ]


def test_entries_with_their_authors():
    (entry,) = read_feed(ATOM.encode(), "a").entries
    assert (entry.title, entry.author, entry.published, entry.url) == ("T", "Zoe", "2024-03-05", None)
    assert [block.text.strip() for block in entry.blocks if block.text.strip()] == ["The text is here."]
    assert not entry.is_summary


def test_an_entry_without_an_address_is_named_after_file_and_text():
    (first,), _ = read(ATOM)
    (again,), _ = read(ATOM.replace(">T<", ">Other<"))
    assert first.article.article_id == again.article.article_id
    assert first.article.article_id.startswith("a-")


def test_a_feed_that_is_cut_off_says_so():
    articles, notes = read(RSS[: RSS.index("<item><title>C")])
    assert len(articles) == 2
    assert "its last entries may be missing or incomplete" in notes[0]


def item(title, status, kind, content):
    return (
        f"<item><title>{title}</title><link>https://w.org/{title}</link>"
        f"<description></description><content:encoded><![CDATA[{content}]]></content:encoded>"
        f"<excerpt:encoded><![CDATA[An excerpt.]]></excerpt:encoded><wp:status>{status}</wp:status>"
        f"<wp:post_type>{kind}</wp:post_type></item>"
    )


def test_export_of_wordpress():
    classic = (
        'First paragraph. Two.\n\nSecond <b>one</b>\nline.\n\n[caption id="a" width="3"]'
        '<img src="a.png" /> A ferry.[/caption]\n\n[gallery ids="1"] End. He said [sic] so. [box]Text.[/box]'
    )
    blocks = "<!-- wp:paragraph -->\n<p>Block text.</p>\n<!-- /wp:paragraph -->\n\n<ul><li>Item</li></ul>"
    items = [("one", "publish", "post", classic), ("two", "publish", "post", blocks), ("d", "draft", "post", "x")]
    items += [("p", "publish", "page", "x"), ("a", "inherit", "attachment", "x"), ("f", "private", "post", "x")]
    data = (
        '<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">'
        f"<channel><title>Blog</title>{''.join(item(*fields) for fields in items)}</channel></rss>"
    )
    (first, second), notes = read(data, "a.xml")
    assert first.article.text.split("\n") == [
        "First paragraph. Two.",
        "Second one",
        "line.",
        "A ferry.",
        "End. He said [sic] so. Text.",
    ]
    assert [part.part for part in first.marked.parts] == ["caption"]
    assert second.article.text == "Block text.\nItem"
    assert notes == ["a.xml: passed over 1 attachment, 1 draft post, 1 page, 1 private post"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("<a/>", "is no RSS or Atom feed, and no export of WordPress"),
        ('<!DOCTYPE a [<!ENTITY x "aa">]><rss><channel/></rss>', "declares entities, which no feed does; refused"),
        ("<rss><channel><title>x", "is damaged: "),
        ("<rss><channel><item><title>x</title></item></channel></rss>", "has no entry with text"),
    ],
)
def test_a_feed_that_cannot_be_read_says_why(data, message):
    with pytest.raises(FaultsError) as refused:
        read(data)
    assert str(refused.value).startswith(f"feeds/a.rss: {message}")


def test_bytes_that_are_an_address_or_a_path_are_not_opened(tmp_path):
    (tmp_path / "a.rss").write_text(RSS)
    with pytest.raises(FaultsError, match="is no RSS or Atom feed"):
        read(str(tmp_path / "a.rss"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<rss version='2.0'>", True),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><?xsl b?>\n<feed xmlns='x'>", True),
        (b"<!DOCTYPE rss PUBLIC 'a' 'b'><rdf:RDF xmlns='x'>", True),
        (codecs.BOM_UTF16_LE + "<?xml version='1.0'?><atom:feed >".encode("utf-16-le"), True),
        (b"<!doctype html><html><body><rss version='2.0'>", False),
        (b"The <rss> element begins a feed.", False),
        (b"<rssx>", False),
        (b"", False),
    ],
)
def test_a_feed_is_known_by_its_first_element(data, expected):
    assert is_feed(data) is expected


def test_what_is_a_summary():
    long = f"&lt;p&gt;{'a' * MIN_ARTICLE}&lt;/p&gt;"
    entries = [
        (long, ""),
        (long.replace("a", "", 1), ""),
        ("Short.", "<p>The whole article.</p>"),
        ("Short.", "<p>The beginning. [&hellip;]</p>"),
    ]
    items = [
        f"<item><description>{description}</description><content:encoded><![CDATA[{content}]]></content:encoded></item>"
        for description, content in entries
    ]
    data = f"{RSS[: RSS.index('<item>')]}{''.join(items)}</channel></rss>"
    assert [entry.is_summary for entry in read_feed(data.encode(), "a").entries] == [False, True, False, True]


def test_a_feed_that_takes_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(isolated, "WAIT", 0.01)
    with pytest.raises(FaultsError, match=r"^feeds/a\.rss: takes more than 60 seconds to read; divide it"):
        read(RSS)


def test_the_library_is_named(monkeypatch):
    monkeypatch.setattr("harness.data.articles.documents.feeds.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"^https://a\.org/: .*requires feedparser: pip install 'claim-harness\[doc"):
        read_feed(RSS.encode(), "https://a.org/")


def test_odd_content_takes_no_time():
    odd = ("[ab " + "=" * 50_000, "[caption]" * 20_000, "<p>" + "<span>" * 90 + "<i>x</i>" * 5_000)
    begin = time.process_time()
    articles, _ = read(WORDPRESS.format(items="".join(CONTENT.format(text=text) for text in odd)))
    assert len(articles) == len(odd)
    assert time.process_time() - begin < 1.5
