"""Articles of pages and feeds from a real server, in a dataset and as scores."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest
from web_server import PAGE

from harness.data.articles.article_file import ReadOptions
from harness.data.articles.sources import read_articles
from harness.data.web.articles import web_id
from harness.data.web.client import WebClient
from harness.errors import FaultsError, HarnessError

SUMMARY = "The company published its figures."
LONG = "<p>The ferry carried 90,000 people in 2023. It ran 412 times, and nobody was hurt.</p>"


def rss(*items: str) -> str:
    return (
        '<?xml version="1.0"?>\n<!-- a feed --><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Island News</title><language>en</language>{''.join(items)}</channel></rss>"
    )


def item(title: str, link: str, content: str = "") -> str:
    whole = f"<content:encoded><![CDATA[{content}]]></content:encoded>" if content else ""
    date = "<pubDate>Mon, 04 Mar 2024 10:00:00 GMT</pubDate>"
    return f"<item><title>{title}</title><link>{link}</link><description>{SUMMARY}</description>{date}{whole}</item>"


def read(web, url, **options):
    reading = ReadOptions(web=web.client(), **options)
    return read_articles([url], reading), list(reading.notes)


def refusal(web, url):
    with pytest.raises(FaultsError) as refused:
        read(web, url)
    return refused.value.faults[0]


def test_a_page_is_read_like_a_local_file(web, tmp_path):
    page = PAGE.format(title="Ferry")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    [local] = read_articles([tmp_path / "page.html"])
    web.redirect("/old", "/2024/ferry.html?id=5")
    web.page("/2024/ferry.html?id=5", page, Content_Type="text/html; charset=utf-8")
    (loaded,), notes = read(web, web.url("/old"))
    assert (loaded.article.text, loaded.article.title, loaded.marked) == (
        local.article.text,
        local.article.title,
        local.marked,
    )
    assert loaded.article.article_id == "news.test-2024-ferry.html-id-5"
    assert loaded.article.url == web.url("/2024/ferry.html?id=5")
    assert (loaded.fetch.url, loaded.fetch.final_url) == (web.url("/old"), web.url("/2024/ferry.html?id=5"))
    assert loaded.fetch.sha256 == sha256(page.encode()).hexdigest()
    assert notes == []


@pytest.mark.parametrize(
    ("canonical", "is_taken"),
    [("http://news.test/ferry", True), ("http://evil.test/", False), ("http://[", False), ("javascript:x()", False)],
)
def test_a_page_names_its_own_url_but_none_of_another_site(web, canonical, is_taken):
    page = PAGE.format(title="Ferry").replace("<title>", f"<link rel='canonical' href='{canonical}'><title>")
    url = web.page("/a", page)
    (loaded,), _ = read(web, url)
    assert loaded.article.url == (canonical if is_taken else url)


def test_the_encoding_that_the_server_declares(web):
    page = PAGE.format(title="Fähre").replace("island", "Łódź").encode("iso-8859-2")
    (loaded,), _ = read(web, web.page("/a", page, Content_Type="text/html; charset=iso-8859-2"))
    assert "Łódź" in loaded.article.text
    (loaded,), _ = read(web, web.page("/b", PAGE.format(title="x"), Content_Type="text/html; charset=nonsense"))
    assert loaded.encoding == "utf-8"


@pytest.mark.parametrize("charset", ["unicode_escape", "idna", "rot13", "hex"])
def test_what_is_no_encoding_of_a_text_is_passed_over(web, charset):
    page = PAGE.format(title="x").replace("island", "é").encode("cp1252")
    (loaded,), _ = read(web, web.page("/a", page, Content_Type=f"text/html; charset={charset}"))
    assert "é" in loaded.article.text


@pytest.mark.parametrize("declared", ["", "; charset=utf-8", "; charset=latin1"])
@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_a_page_that_is_cut_within_a_character_keeps_its_encoding(web, kind, declared):
    text = "Die Fähre fuhr 412 Mal, 7 % öfter als 2022. "
    page = PAGE.format(title="x").split("<p>")[0] + f"<p>{text * 20}" if kind == "text/html" else text * 20
    url = web.page("/a", f"{page}ä".encode(), Content_Type=f"{kind}{declared}")
    client = web.client(limits={"max_bytes": len(f"{page}ä".encode()) - 1})
    [loaded] = read_articles([url], ReadOptions(web=client))
    assert loaded.fetch.is_cut
    assert loaded.article.text.strip() == (text * 20).strip()


def test_plain_text_and_what_is_no_text(web):
    (loaded,), _ = read(web, web.page("/a.txt", "The ferry ran 412 times.", Content_Type="text/plain"))
    assert loaded.article.text == "The ferry ran 412 times."
    fault = refusal(web, web.page("/a.png", b"\x89PNG", Content_Type="image/png"))
    assert fault.code == "media-type"
    assert fault.message.startswith(
        "has the type 'image/png'; allowed are text/html, application/xhtml+xml, text/plain"
    )
    assert "RSS and Atom" in fault.message
    assert refusal(web, web.page("/a.zip", b"PK", Content_Type="application/octet-stream")).code == "media-type"
    (loaded,), _ = read(web, web.page("/b", PAGE.format(title="x"), Content_Type="application/octet-stream"))
    assert loaded.article.title == "x"


def test_a_page_that_never_ends_is_read_up_to_the_limit(web):
    url = web.endless("/", PAGE.format(title="Ferry").replace("</body></html>", "").encode() * 20)
    reading = ReadOptions(web=web.client(limits={"max_bytes": 20_000}))
    [loaded] = read_articles([url], reading)
    assert "412 times" in loaded.article.text
    assert loaded.fetch.is_cut
    assert list(reading.notes) == [f"{url}: is longer than 20,000 bytes; what follows was cut off"]


def test_entries_with_their_text_are_read_from_the_feed(web):
    url = web.page("/feed", rss(item("One", "/one", LONG), item("Two", "/two", LONG.replace("412", "7"))))
    articles, notes = read(web, url)
    assert web.paths == ["/feed"]
    assert [loaded.article.article_id for loaded in articles] == ["news.test-one", "news.test-two"]
    first = articles[0].article
    assert (first.title, first.published, first.publisher) == ("One", "2024-03-04", "Island News")
    assert (first.url, first.language) == (web.url("/one"), "en")
    assert "carried 90,000 people" in first.text
    assert articles[0].fetch.final_url == url
    assert notes == []


def test_pages_of_entries_with_summaries_are_fetched_up_to_a_number(web):
    items = [item(f"Page {number}", web.url(f"/{number}")) for number in range(4)]
    web.page("/0", PAGE.format(title="Zero"))
    web.page("/2", PAGE.format(title="Two"))
    url = web.page("/feed.xml", rss(*items), Content_Type="application/rss+xml")
    articles, notes = read(web, url, max_articles=3)
    assert web.paths == ["/feed.xml", "/0", "/1", "/2"]
    assert len(web.waits) == 3
    assert [loaded.article.title for loaded in articles] == ["Zero", "Two"]
    assert notes == [
        f"{url}: has 4 entries; the first 3 are read (--max-articles)",
        f"{url}: passed over an entry: {web.url('/1')}: the server responded 404: there is no such page; check the URL",
    ]


def test_where_one_article_is_asked_for_no_page_of_a_feed_is_fetched(web):
    url = web.page("/feed", rss(item("One", "/one"), item("Two", "/two")))
    with pytest.raises(FaultsError) as refused:
        read(web, url, one_article=True)
    assert str(refused.value) == (
        f"{url}: is a feed with 2 entries; give -o FOLDER for all, or --max-articles 1 for the first"
    )
    assert web.paths == ["/feed"]
    web.page("/one", PAGE.format(title="One"))
    (loaded,), _ = read(web, url, one_article=True, max_articles=1)
    assert loaded.article.title == "One"


def test_entries_that_are_there_twice_or_have_no_page(web):
    entries = [item("One", "/one", LONG), item("Again", "/one"), item("None", ""), item("Two", "/two", LONG)]
    url = web.page("/feed", rss(*entries))
    articles, notes = read(web, url)
    assert web.paths == ["/feed"]
    assert [loaded.article.text for loaded in articles] == [articles[0].article.text, SUMMARY, articles[0].article.text]
    assert notes == [
        f"{url}: passed over later entries with the address of an earlier one",
        f"{url}: entries without a link hold a summary, not the whole article",
    ]


def test_an_entry_that_leads_to_a_private_host_is_not_fetched(web):
    url = web.page("/feed", rss(item("One", "http://10.0.0.1/"), item("Two", "file:///etc/passwd")))
    with pytest.raises(FaultsError) as refused:
        read(web, url)
    assert [fault.code for fault in refused.value.faults] == ["not-public", "scheme"]


@pytest.mark.parametrize("link", ["http://[", "javascript:x()", "http://ann:pw@news.test/"])
def test_links_of_entries_that_are_no_urls(web, link):
    (loaded,), _ = read(web, web.page("/feed", rss(item("One", link, LONG))))
    assert (loaded.article.url, loaded.article.title) == (None, "One")
    fault = refusal(web, web.page("/feed", rss(item("One", link))))
    assert fault.code in ("url", "scheme")
    assert "pw@" not in str(fault)


def test_atom(web):
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>News</title><entry><title>A &amp; B</title>'
        f'<link href="{web.url("/a")}"/><updated>2024-03-04T10:00:00Z</updated>'
        f'<content type="html">{LONG.replace("<", "&lt;")}</content></entry></feed>'
    )
    (loaded,), _ = read(web, web.page("/atom", feed, Content_Type="text/xml"))
    assert (loaded.article.title, loaded.article.published) == ("A & B", "2024-03-04")
    assert "412 times" in loaded.article.text


def test_offline_resolves_nothing(web):
    client = WebClient(resolver=lambda _: pytest.fail("resolved"))
    with pytest.raises(HarnessError, match=r"needs the network \(example\.org\), which --offline refuses"):
        read_articles(["https://example.org/a"], ReadOptions(offline=True, web=client))


def test_ids_of_urls():
    assert web_id("https://example.org/") == "example.org"
    assert web_id("https://example.org/a/b?c=1&d") == "example.org-a-b-c-1-d"
    first, second = (web_id(f"https://example.org/{'a' * 200}{end}") for end in "xy")
    assert first != second
    assert len(first) == 100


def test_the_command_refuses_this_machine_whatever_the_environment_says(web, harness):
    web.page("/", PAGE.format(title="x"))
    done = harness("ingest", "http://127.0.0.1/", "--into", "d", HTTP_PROXY=web.url("/", host="127.0.0.1"))
    assert done.returncode == 2
    assert "http://127.0.0.1/: 127.0.0.1 is of this machine (loopback)" in done.stderr
    done = harness("ingest", "https://example.org/", "--into", "d", "--offline")
    assert "https://example.org/: needs the network (example.org), which --offline refuses" in done.stderr
    assert "network:" not in done.stderr
    done = harness("score", "--system", "rules", "http://10.0.0.1/a?b=*")
    assert "10.0.0.1 is private" in done.stderr
    assert web.requests == []


def test_what_was_fetched_is_recorded(web, harness, tmp_path, monkeypatch):
    client = web.client()
    fetch = client.fetch
    monkeypatch.setattr(WebClient, "fetch", lambda _, url: fetch(re.sub("http://news.test/", web.url("/"), url)))
    page = PAGE.format(title="Ferry")
    web.redirect("/old", "/ferry")
    web.page("/ferry", page)
    done = harness("ingest", "http://news.test/old", "--into", "d")
    assert (done.returncode, done.stderr) == (0, "network: news.test\n")
    [entry] = map(json.loads, (tmp_path / "d" / "fetched.jsonl").read_text().splitlines())
    date = entry.pop("date")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", date)
    assert entry == {
        "article_id": "news.test-ferry",
        "url": web.url("/old"),
        "final_url": web.url("/ferry"),
        "status": 200,
        "media_type": "text/html",
        "n_bytes": len(page),
        "is_cut": False,
        "sha256": sha256(page.encode()).hexdigest(),
    }
    done = harness("ingest", "http://news.test/old", "--into", "d")
    assert "0 articles added (0 claims); 1 already present" in done.stdout
    assert len((tmp_path / "d" / "fetched.jsonl").read_text().splitlines()) == 1
    done = harness("score", "--system", "rules", "http://news.test/old", "--json")
    assert [fetch["final_url"] for fetch in json.loads(done.stdout)["fetched"]] == [web.url("/ferry")]
    assert f"fetched: {web.url('/ferry')} (" in done.stderr
    assert harness("check", "d").returncode == 0
    done = harness("ingest", "http://news.test/old", "--into", "c", "--as-corpus")
    assert done.returncode == 0
    assert (tmp_path / "c" / "fetched.jsonl").is_file()
