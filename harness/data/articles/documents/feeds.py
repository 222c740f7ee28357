"""Reads the articles of feeds (RSS, Atom) and of exports of WordPress (WXR), by feedparser."""

from __future__ import annotations

import html as html_text
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from xml.sax import SAXParseException

from harness.data.articles.article_file import InputFile, LoadedArticle, ReadOptions
from harness.data.articles.documents.content import ArticleIds, Document, article_of, counted
from harness.data.articles.documents.fragment import blocks_of_html
from harness.data.articles.page_blocks import Block, squeezed
from harness.errors import FaultsError

MAX_ENTRIES = 100_000
MAX_ENDING = 300
"""Characters at the end of a text that are examined."""
_ROOT = re.compile(rb"<(?:\w+:)?(rss|feed|RDF)\b[^>]*>")
_WORDPRESS = b"wordpress.org/export/"
_CAPTION = re.compile(r"\[caption\b[^\[\]]*\](.{0,3000}?)\[/caption\]", re.DOTALL)
_IMAGES = re.compile(r"(?:<a\b[^<>]*>\s{0,9})?<img\b[^<>]*>(?:\s*</a>)?")
_SHORTCODE = re.compile(
    r"\[(?:[a-z][\w-]{1,30}\s[^\[\]]*=[^\[\]]*|/[a-z][\w-]{1,30}|(?:gallery|audio|video|embed|playlist)\s*/?)\]"
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
    url: str | None
    publisher: str | None
    """Title of the feed."""
    blocks: list[Block]
    """The text, block by block."""
    is_summary: bool
    """Whether the entry has a summary only, not the whole article."""
    dropped: dict[str, int]
    """Number of pieces that were left out, by kind."""


class Feed(NamedTuple):
    """The entries of a feed or an export."""

    entries: list[FeedEntry]
    passed_over: dict[str, int]
    """Number of entries that are no article, by kind (`draft post`, `page`, `entry without text`)."""
    damage: str | None
    """Why the feed may be incomplete; None if it is whole."""


def is_feed(data: bytes) -> bool:
    """Returns whether the content of a file is a feed or an export of WordPress.

    Args:
        data: the content.
    """
    return _ROOT.search(data[:20_000]) is not None


def read_feed(data: bytes, path: str) -> Feed:
    """Returns the entries of a feed (RSS, Atom, RDF) or of an export of WordPress.

    Nothing is fetched: what an entry links to is not read.

    Args:
        data: content of the feed.
        path: file or address named in messages.
    Raises: FaultsError: it is no feed, it declares entities, or it is damaged before its first entry.
    """
    import feedparser

    if b"<!ENTITY" in data:
        raise FaultsError.single(path, "declares entities, which no feed does; refused", code="hostile")
    if not is_feed(data):
        message = "is no RSS or Atom feed, and no export of WordPress; save the page as .html, or its text as .txt"
        raise FaultsError.single(path, message)
    # Of bytes or a text, feedparser would take an address or a file name, and open it.
    # Markup is not cleaned, which takes long: nothing of it is kept.
    parsed = feedparser.parse(io.BytesIO(data), resolve_relative_uris=False, sanitize_html=False)
    if parsed.bozo and not parsed.entries:
        reason = " ".join(str(parsed.get("bozo_exception", "")).split())[:200]
        raise FaultsError.single(path, f"is damaged: {reason}; get it again", code="damaged")
    if len(parsed.entries) > MAX_ENTRIES:
        message = f"has {len(parsed.entries):,} entries; at most {MAX_ENTRIES:,} are read. Divide it"
        raise FaultsError.single(path, message, code="too-large")
    is_export = _WORDPRESS in data[:20_000]
    passed_over = Counter[str]()
    entries = list[FeedEntry]()
    for entry in parsed.entries:
        kind = _unpublished(entry) if is_export else None
        read = _entry(entry, parsed.feed, is_export=is_export) if kind is None else None
        if read is not None and read.blocks:
            entries.append(read)
        else:
            passed_over[kind or "entry without text"] += 1
    error = parsed.get("bozo_exception")
    damage = " ".join(str(error.getMessage()).split()) if isinstance(error, SAXParseException) else None
    return Feed(entries, dict(passed_over), damage)


def _unpublished(entry: Any) -> str | None:
    """What an item of an export is, if it is no published post: `draft post`, `page`, `attachment`."""
    kind, status = entry.get("wp_post_type") or "post", entry.get("wp_status") or "publish"
    if kind != "post":
        return kind.replace("_", " ")
    if entry.get("wp_post_password"):
        return "post with a password"
    return None if status == "publish" else f"{status} post"


def _entry(entry: Any, feed: Any, *, is_export: bool) -> FeedEntry:
    contents = sorted((c for c in entry.get("content", []) if _is_text(c)), key=lambda c: -len(c.get("value") or ""))
    whole = contents[0].get("value") if contents else ""
    summary = entry.get("summary") or ""
    html = whole or summary
    # A feed may repeat its summary as content.
    is_summary = not whole or bool(_READ_MORE.search(re.sub(r"<[^<>]*>", "", whole).rstrip()[-MAX_ENDING:]))
    if is_export:
        html = _paragraphs_of_wordpress(html)
    blocks, _ = blocks_of_html(html)
    dropped = dict[str, int]()
    article = list(_own_text(blocks, dropped))
    language = (contents[0].get("language") if contents else None) or feed.get("language")
    return FeedEntry(
        title=_title(entry) or None,
        published=_day(entry),
        author=entry.get("author") or None,
        language=language if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", language or "") else None,
        url=_address(entry),
        publisher=squeezed((feed.get("title") or "").replace("\n", " ")) or None,
        blocks=article,
        is_summary=is_summary and not is_export,
        dropped=dropped,
    )


def _title(entry: Any) -> str:
    """The title without markup."""
    title = re.sub(r"<[^<>]*>", "", entry.get("title") or "").replace("\n", " ")
    is_html = (entry.get("title_detail") or {}).get("type") != "text/plain"
    # Feeds escape a title twice where the format does not ask for it; a title that shows "&amp;" is hardly meant.
    return squeezed(html_text.unescape(title) if is_html or _REFERENCE.search(title) else title)


def _is_text(content: Any) -> bool:
    return (content.get("type") or "text/html") in ("text/html", "text/plain", "application/xhtml+xml")


def _day(entry: Any) -> str | None:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return date(*moment[:3]).isoformat() if moment and moment[0] >= 1900 else None
    except (ValueError, TypeError):
        return None


def _address(entry: Any) -> str | None:
    for address in (entry.get("link"), entry.get("id")):
        if re.match(r"https?://\S", address or ""):
            return str(address)
    return None


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
    if feed.passed_over:
        reading.note(f"{path}: passed over {counted(feed.passed_over)}")
    if feed.damage:
        reading.note(f"{path}: is damaged ({feed.damage}); its last entries may be missing or incomplete")
    if not feed.entries:
        raise FaultsError.single(path, "has no entry with text", code="empty")
    n_summaries = sum(entry.is_summary for entry in feed.entries)
    if n_summaries:
        reading.note(f"{path}: {n_summaries:,} of {len(feed.entries):,} entries hold a summary, not the whole article")
    ids = ArticleIds(file)
    articles, seen = list[LoadedArticle](), dict[str, int]()
    for entry in feed.entries:
        document = Document(
            blocks=entry.blocks,
            dropped=entry.dropped,
            title=entry.title,
            published=entry.published,
            publisher=entry.publisher,
            url=entry.url,
            language=entry.language,
        )
        article = article_of(file, document, ids.of(entry.url, "\n".join(block.text for block in entry.blocks)))
        if seen.setdefault(article.article.article_id, len(articles)) == len(articles):
            articles.append(article)
        else:
            reading.note(f"{path}: passed over later entries with the address of an earlier one")
    return articles


def read_feed_file(file: InputFile) -> list[LoadedArticle]:
    """Returns the articles of a file that is a feed or an export of WordPress."""
    return feed_articles(file.data, str(file.path), file.reading, file.name)
