"""Reads the entries of feeds (RSS, Atom) and of exports of WordPress (WXR), by feedparser in a process of its own."""

from __future__ import annotations

import html as html_text
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from typing import Any, NamedTuple

from harness.data.articles.article_file import InputFile, LoadedArticle, ReadOptions
from harness.data.articles.documents.content import MAX_TITLE, ArticleIds, Document, article_of, clean, counted
from harness.data.articles.documents.fragment import blocks_of_html
from harness.data.articles.documents.isolated import read_isolated
from harness.data.articles.page_blocks import Block, squeezed
from harness.errors import FaultsError, MissingExtra

MIN_ARTICLE = 1_500
"""Characters of a description from which it is the article, not a summary of it."""
MAX_ENDING = 300
"""Characters at the end of a text that are examined."""
_HEAD = 20_000
"""Bytes at the start of a feed that are examined."""
_BEFORE_ROOT = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>", re.DOTALL)
_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_WORDPRESS = b"wordpress.org/export/"
_CAPTION = re.compile(r"\[caption\b[^\[\]]*+\]((?:[^\[]|\[(?!/?caption\b)){0,3000}+)\[/caption\]")
_IMAGES = re.compile(r"(?:<a\b[^<>]*>\s{0,9})?<img\b[^<>]*>(?:\s*</a>)?")
_SHORTCODE = re.compile(
    r"\[(?:[a-z][\w-]{1,30}\s[^\[\]=]*+=[^\[\]]*+|/[a-z][\w-]{1,30}|(?:gallery|audio|video|embed|playlist)\s*/?)\]"
)
"""A shortcode with settings, or one that ends; `[sic]` is text."""
_REFERENCE = re.compile(r"&(?:amp|quot|lt|gt|nbsp|apos|#\d{2,6}|#x[0-9a-fA-F]{2,5});")
_CLOSED = re.compile(r"\[/([a-z][\w-]{1,30})\]")
_BLOCK_TAG = re.compile(r"(?i)<(?:p|div|h[1-6]|ul|ol|li|table|blockquote|figure|pre|section)\b")
_READ_MORE = re.compile(
    r"\s*(?:\[(?:…|\.\.\.|&hellip;|&#8230;)\]|Continue reading.{0,200}|Read more)\s*$", re.IGNORECASE
)
_THE_POST = re.compile(r"^The post .{1,300} (?:first )?appeared (?:first )?on .{1,200}\.$")


class FeedEntry(NamedTuple):
    """One entry of a feed, or one post of an export."""

    title: str | None
    published: str | None
    """Day, as ISO 8601."""
    author: str | None
    language: str | None
    link: str | None
    """Where the article is, as the feed says it; it may be no URL, or a relative one."""
    publisher: str | None
    """Title of the feed."""
    blocks: list[Block]
    """The text, block by block; empty if the entry has none."""
    is_summary: bool
    """Whether the entry has a summary only, not the whole article."""
    dropped: dict[str, int]
    """Number of pieces that were left out, by kind."""

    @property
    def url(self) -> str | None:
        """The link, if it is an http or https URL."""
        return self.link if re.match(r"https?://\S", self.link or "") else None

    def document(self) -> Document:
        """Returns the entry as a document, to make an article of."""
        return Document(
            blocks=self.blocks,
            dropped=self.dropped,
            title=self.title,
            published=self.published,
            publisher=self.publisher,
            url=self.url,
            language=self.language,
        )


class Feed(NamedTuple):
    """The entries of a feed or an export."""

    entries: list[FeedEntry]
    passed_over: dict[str, int]
    """Number of items of an export that are no published post, by kind (`draft post`, `page`)."""
    damage: str | None
    """Why the feed may be incomplete; None if it is whole."""


def is_feed(data: bytes) -> bool:
    """Returns whether bytes are a feed or an export of WordPress, by their first element.

    Args:
        data: the content of a file or a page.
    """
    head = data[:_HEAD].removeprefix(BOM_UTF8)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    position = 0
    while match := _BEFORE_ROOT.match(head, position):
        position = match.end()
    return _ROOT.match(head, position) is not None


def read_feed(data: bytes, path: str) -> Feed:
    """Returns the entries of a feed (RSS, Atom, RDF) or of an export of WordPress, with and without text.

    Nothing is fetched: what an entry links to is not read.

    Args:
        data: content of the feed.
        path: file or address named in messages.
    Raises: FaultsError: it is no feed, has no entries, declares entities, takes too long, or is damaged before its
        first entry. MissingExtra: feedparser is not installed.
    """
    if find_spec("feedparser") is None:
        raise MissingExtra(f"{path}: reading feeds requires feedparser: pip install 'claim-harness[documents]'")
    if b"<!ENTITY" in data:
        raise FaultsError.single(path, "declares entities, which no feed does; refused", code="hostile")
    if not is_feed(data):
        message = "is no RSS or Atom feed, and no export of WordPress; save the page as .html, or its text as .txt"
        raise FaultsError.single(path, message)
    parsed = read_isolated("feed", data, path)
    if parsed["reason"] and not parsed["entries"]:
        reason = squeezed(clean(parsed["reason"]).replace("\n", " "))[:200]
        raise FaultsError.single(path, f"is damaged: {reason}; get it again", code="damaged")
    if not parsed["entries"]:
        raise FaultsError.single(path, "is a feed without entries; give another feed, or a page", code="empty")
    is_export = _WORDPRESS in data[:_HEAD]
    passed_over = Counter[str]()
    entries = list[FeedEntry]()
    for entry in parsed["entries"]:
        kind = _unpublished(entry) if is_export else None
        if kind is None:
            entries.append(_entry(entry, parsed, is_export=is_export))
        else:
            passed_over[kind] += 1
    damage = squeezed(clean(parsed["damage"]).replace("\n", " "))[:200] if parsed["damage"] else None
    return Feed(entries, dict(passed_over), damage)


def _unpublished(entry: dict[str, Any]) -> str | None:
    """What an item of an export is, if it is no published post: `draft post`, `page`, `attachment`."""
    kind, status = entry.get("wp_post_type") or "post", entry.get("wp_status") or "publish"
    if kind != "post":
        return clean(kind).replace("_", " ")[:50]
    if entry.get("wp_post_password"):
        return "post with a password"
    return None if status == "publish" else f"{clean(status)[:50]} post"


def _entry(entry: dict[str, Any], feed: dict[str, Any], *, is_export: bool) -> FeedEntry:
    contents = sorted((c for c in entry["content"] if _is_text(c)), key=lambda c: -len(c["value"] or ""))
    whole = (contents[0]["value"] if contents else "") or ""
    html = whole or entry["summary"] or ""
    # A feed may repeat its summary as content, with what leads to the page.
    words = re.sub(r"<[^<>]*>", "", html).rstrip()
    is_summary = (not whole and len(words) < MIN_ARTICLE) or bool(_READ_MORE.search(words[-MAX_ENDING:]))
    if is_export:
        html = _paragraphs_of_wordpress(html)
    blocks, _ = blocks_of_html(html)
    dropped = dict[str, int]()
    article = [block for block in _own_text(blocks, dropped) if block.text]
    language = (contents[0]["language"] if contents else None) or feed["language"]
    return FeedEntry(
        title=_title(entry) or None,
        published=_day(entry),
        author=entry["author"] or None,
        language=language if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", language or "") else None,
        link=_address(entry),
        publisher=squeezed((feed["title"] or "").replace("\n", " "))[:MAX_TITLE] or None,
        blocks=article,
        is_summary=is_summary and not is_export,
        dropped=dropped,
    )


def _title(entry: dict[str, Any]) -> str:
    """The title without markup."""
    title = re.sub(r"<[^<>]*>", "", entry["title"] or "").replace("\n", " ")
    is_html = entry["title_type"] != "text/plain"
    # Feeds escape a title twice where the format does not ask for it; a title that shows "&amp;" is hardly meant.
    return squeezed(html_text.unescape(title) if is_html or _REFERENCE.search(title) else title)


def _is_text(content: dict[str, Any]) -> bool:
    return (content["type"] or "text/html") in ("text/html", "text/plain", "application/xhtml+xml")


def _day(entry: dict[str, Any]) -> str | None:
    moment = entry["published"]
    try:
        return date(*moment[:3]).isoformat() if moment and moment[0] >= 1900 else None
    except (ValueError, TypeError):
        return None


def _address(entry: dict[str, Any]) -> str | None:
    """The link of an entry; its id, if that is a URL and it has no link."""
    is_url = re.match(r"https?://\S", entry["id"] or "")
    return (entry["link"] or "").strip() or (entry["id"] if is_url else None)


def _own_text(blocks: list[Block], dropped: dict[str, int]) -> Iterator[Block]:
    """Yields the blocks of an entry without what the feed adds to them."""
    for block in blocks:
        text = squeezed(block.text.replace("\n", " "))
        if _THE_POST.match(text) or re.fullmatch(r"(?i)(?:continue reading|read more|weiterlesen).{0,200}", text):
            dropped["feed line"] = dropped.get("feed line", 0) + 1
        else:
            yield block._replace(text=text[:-MAX_ENDING] + _READ_MORE.sub("", text[-MAX_ENDING:]))


def _paragraphs_of_wordpress(html: str) -> str:
    """The HTML that WordPress makes of a post: captions, no shortcodes, and a paragraph after each empty line."""
    html = _CAPTION.sub(lambda match: f"<figcaption>{_IMAGES.sub('', match[1])}</figcaption>", html)
    names = set(_CLOSED.findall(html))
    html = re.sub(r"\[([a-z][\w-]{1,30})\]", lambda match: "" if match[1] in names else match[0], html)
    html = _SHORTCODE.sub("", html)
    pieces = re.split(r"\n\s*\n", html.replace("\r\n", "\n"))
    return "\n".join(
        piece if _BLOCK_TAG.search(piece) else f"<p>{piece.strip().replace(chr(10), '<br>')}</p>" for piece in pieces
    )


def feed_articles(data: bytes, path: str, reading: ReadOptions, name: str | None = None) -> list[LoadedArticle]:
    """Returns the articles of a feed or an export, and notes what was passed over.

    Args:
        data: content of the feed.
        path: file or address named in messages.
        reading: gets the notes.
        name: file name that articles without an address are named after; default: the last part of `path`.
    Raises: FaultsError: it cannot be read, or has no article.
    """
    file = InputFile(path, name or path.rstrip("/").rpartition("/")[2] or "feed", data, reading)
    feed = read_feed(data, path)
    entries = [entry for entry in feed.entries if entry.blocks]
    without_text = {"entry without text": n} if (n := len(feed.entries) - len(entries)) else {}
    if passed_over := feed.passed_over | without_text:
        reading.note(f"{path}: passed over {counted(passed_over)}")
    if feed.damage:
        reading.note(f"{path}: is damaged ({feed.damage}); its last entries may be missing or incomplete")
    if not entries:
        message = "has no entry with text; give the URL of the feed to fetch the pages of its entries"
        raise FaultsError.single(path, message, code="empty")
    n_summaries = sum(entry.is_summary for entry in entries)
    if n_summaries:
        reading.note(f"{path}: {n_summaries:,} of {len(entries):,} entries hold a summary, not the whole article")
    ids = ArticleIds(file)
    articles = dict[str, LoadedArticle]()
    for entry in entries:
        name = ids.of(entry.url, "\n".join(block.text for block in entry.blocks))
        if name in articles:
            reading.note(f"{path}: passed over later entries with the address or the text of an earlier one")
        else:
            articles[name] = article_of(file, entry.document(), name)
    return list(articles.values())


def read_feed_file(file: InputFile) -> list[LoadedArticle]:
    """Returns the articles of a file that is a feed or an export of WordPress."""
    return feed_articles(file.data, str(file.path), file.reading, file.name)
