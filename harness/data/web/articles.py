"""Makes articles of a page or a feed from the web."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from harness.data.articles.article_file import (
    ArticleReader,
    Fetch,
    InputFile,
    LoadedArticle,
    ReadOptions,
    safe_name,
)
from harness.data.articles.documents.content import article_of, counted
from harness.data.articles.documents.feeds import Feed, FeedEntry, is_feed, read_feed
from harness.data.articles.encoding import decode_text
from harness.data.web.addresses import SAVE_IT, check_url, shown
from harness.data.web.client import Fetched
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import sha256

MEDIA_TYPES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
}
"""The suffix whose reader reads a page, by the type that the server declares."""
TEXT_SUFFIXES = (".html", ".txt", ".md")
"""Kinds of page that are read as far as they came if they are cut."""
MAX_CHARACTER = 4
"""Most bytes of a character in UTF-8 and in the encodings of East Asia."""
UNTYPED = ("", "application/octet-stream", "binary/octet-stream")
XML_TYPES = ("application/xml", "text/xml", "application/rss+xml", "application/atom+xml", "application/rdf+xml")


def read_web(url: str, reading: ReadOptions, readers: Mapping[str, ArticleReader]) -> list[LoadedArticle]:
    """Reads the article of a page, or those of a feed.

    Args:
        url: an http or https URL.
        reading: the options for reading; its `web` fetches.
        readers: readers by suffix.
    Raises: FaultsError: the page is not public, not there, or no article. HarnessError: `offline` is set.
    """
    if reading.offline:
        host = check_url(url, any_port=True).host
        raise HarnessError(f"{shown(url)}: needs the network ({host}), which --offline refuses; {SAVE_IT}")
    fetched = reading.web.fetch(url)
    if not is_feed(fetched.data):
        return _read_page(fetched, reading, readers)
    if fetched.is_cut:
        reading.note(_cut_note(fetched))
    return _read_entries(fetched, reading, readers)


def web_id(url: str) -> str:
    """An article id made from a URL: its host, path and query; with a hash where that is too long."""
    parts = urlsplit(url)
    name = f"{parts.hostname or ''}{parts.path}" + (f"-{parts.query}" if parts.query else "")
    readable = safe_name(name, "page")
    return readable if len(readable) < 100 else f"{readable[:89].rstrip('-._')}-{sha256(url)[:10]}"


def _read_page(fetched: Fetched, reading: ReadOptions, readers: Mapping[str, ArticleReader]) -> list[LoadedArticle]:
    """The article of a page; its URL is the page's own (`canonical`) where that is of the same host."""
    suffix = _suffix(fetched, readers)
    path = shown(fetched.url)
    if fetched.is_cut and suffix not in TEXT_SUFFIXES:
        message = f"is longer than {len(fetched.data):,} bytes, and cannot be read in part; {SAVE_IT}"
        raise FaultsError.single(path, message, code="too-long")
    if fetched.is_cut:
        reading.note(_cut_note(fetched))
    whole = fetched._replace(data=_whole_characters(fetched))
    options = replace(reading, encoding=_declared_encoding(whole, reading))
    loaded = readers[suffix](InputFile(path, f"page{suffix}", whole.data, options))
    name = web_id(fetched.final_url)
    articles = []
    for number, one in enumerate(loaded):
        own = _checked(one.article.url, fetched.final_url)
        same_host = own is not None and urlsplit(own).hostname == urlsplit(fetched.final_url).hostname
        update = {
            "article_id": name if not number else f"{name}-{number + 1}",
            "url": own if same_host else fetched.final_url,
        }
        articles.append(one._replace(article=one.article.model_copy(update=update), fetch=_fetch(fetched)))
    return articles


def _checked(link: str | None, base: str) -> str | None:
    """A link of a page or a feed as a URL; None if it is none that could be fetched."""
    try:
        return None if link is None else check_url(urljoin(base, link), any_port=True).url
    except (FaultsError, ValueError):
        return None


def _suffix(fetched: Fetched, readers: Mapping[str, ArticleReader]) -> str:
    """The suffix of the reader for a page.

    Raises: FaultsError: there is none for its type.
    """
    suffix = MEDIA_TYPES.get(fetched.media_type)
    if suffix is None and fetched.media_type in (*UNTYPED, *XML_TYPES):
        head = fetched.data[:1_024].lower()
        suffix = ".html" if b"<html" in head or b"<!doctype html" in head else None
    if suffix not in readers:
        allowed = [media_type for media_type, known in MEDIA_TYPES.items() if known in readers]
        message = (
            f"has the type '{fetched.media_type[:80] or 'none'}'; allowed are {', '.join(allowed)}, RSS and Atom. "
            "Give a page that has the text, or save it as .txt and give the file"
        )
        raise FaultsError.single(shown(fetched.url), message, code="media-type")
    return suffix or ".html"


def _declared_encoding(fetched: Fetched, reading: ReadOptions) -> str | None:
    """The encoding that a server declares, where the page is in it and not in UTF-8."""
    if reading.encoding is not None or fetched.charset is None:
        return reading.encoding
    for name in ("utf-8", fetched.charset):
        try:
            decode_text(fetched.data, shown(fetched.url), name)
        except FaultsError:
            continue
        return None if name == "utf-8" else name
    return None


def _whole_characters(fetched: Fetched) -> bytes:
    """The data of a page without the part of a character at which they were cut off."""
    for name in ("utf-8", fetched.charset or "utf-8") if fetched.is_cut else ():
        try:
            fetched.data.decode(name)
        except UnicodeDecodeError as error:
            if len(fetched.data) - error.start < MAX_CHARACTER:
                return fetched.data[: error.start]
        except (LookupError, ValueError):  # no encoding of text
            continue
    return fetched.data


def _read_entries(fetched: Fetched, reading: ReadOptions, readers: Mapping[str, ArticleReader]) -> list[LoadedArticle]:
    """The articles of a feed: from its own content, else from the page of an entry.

    Raises: FaultsError: no entry has an article.
    """
    place = shown(fetched.url)
    feed = read_feed(fetched.data, place)
    n = min(len(feed.entries), reading.max_articles)
    if reading.one_article and n > 1:
        message = f"is a feed with {len(feed.entries):,} entries; give -o FOLDER for all, or --max-articles 1"
        raise FaultsError.single(place, f"{message} for the first", code="several-articles")
    _note_feed(feed, place, reading, is_cut=fetched.is_cut)
    articles: dict[str, LoadedArticle] = {}
    links = set[str]()
    faults: list[Fault] = []
    for entry in feed.entries[: reading.max_articles]:
        link = _checked(entry.link, fetched.final_url) or entry.link
        if link is not None and link in links:
            reading.note(f"{place}: passed over later entries with the address of an earlier one")
            continue
        links.add(link or "")
        try:
            loaded = _entry_articles(entry, link, fetched, reading, readers)
        except FaultsError as error:
            faults += error.faults
            continue
        for one in loaded:
            articles.setdefault(one.article.article_id, one)
    if not articles:
        raise FaultsError(faults or [Fault(place, None, None, "has no entry that is an article", "empty")])
    if faults:
        reading.note(*(f"{place}: passed over an entry: {fault}" for fault in faults))
    return list(articles.values())


def _note_feed(feed: Feed, place: str, reading: ReadOptions, *, is_cut: bool) -> None:
    """Says what of a feed is not read."""
    if feed.passed_over:
        reading.note(f"{place}: passed over {counted(feed.passed_over)}")
    if feed.damage and not is_cut:
        reading.note(f"{place}: is damaged ({feed.damage}); its last entries may be missing or incomplete")
    if len(feed.entries) > reading.max_articles:
        n = f"{len(feed.entries):,} entries; the first {reading.max_articles:,} are read (--max-articles)"
        reading.note(f"{place}: has {n}")


def _entry_articles(
    entry: FeedEntry, link: str | None, fetched: Fetched, reading: ReadOptions, readers: Mapping[str, ArticleReader]
) -> list[LoadedArticle]:
    """The article of an entry: from the feed if it is there as a whole, or has no page; else from its page.

    Raises: FaultsError: there is neither.
    """
    place = shown(fetched.url)
    if entry.blocks and (link is None or not entry.is_summary):
        if entry.is_summary:
            reading.note(f"{place}: entries without a link hold a summary, not the whole article")
        url = _checked(link, fetched.final_url)
        text = "\n".join(block.text for block in entry.blocks)
        name = web_id(url) if url else safe_name(entry.title or "", f"entry-{sha256(text)[:10]}")
        document = replace(entry.document(), url=url)
        file = InputFile(shown(url or fetched.url), "entry.html", b"", reading)
        return [article_of(file, document, name)._replace(fetch=_fetch(fetched))]
    if link is None:
        raise FaultsError.single(place, f"entry '{(entry.title or '')[:80]}' has neither text nor URL")
    return _read_page(reading.web.fetch(link), reading, readers)  # what is no URL is refused with a message


def _fetch(fetched: Fetched) -> Fetch:
    return Fetch(
        url=shown(fetched.url),
        final_url=fetched.final_url,
        date=fetched.date,
        status=fetched.status,
        media_type=fetched.media_type,
        n_bytes=len(fetched.data),
        is_cut=fetched.is_cut,
        sha256=sha256(fetched.data),
    )


def _cut_note(fetched: Fetched) -> str:
    return f"{shown(fetched.url)}: is longer than {len(fetched.data):,} bytes; what follows was cut off"
