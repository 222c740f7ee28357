"""Reads the entries of a feed (RSS, Atom)."""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.errors import FaultsError, MissingExtra

MIN_CONTENT = 1_500
"""Characters of the text of a description from which it counts as the article, where an entry has no content apart."""
_BEFORE_ROOT = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>", re.DOTALL)
_ROOT = re.compile(rb"<(rss|feed|rdf:RDF)[\s>]")
_HEAD_BYTES = 4_096


class FeedEntry(NamedTuple):
    """An entry of a feed."""

    title: str | None
    url: str | None
    published: str | None
    """ISO 8601 date and time (UTC)."""
    publisher: str | None
    """Title of the feed."""
    language: str | None
    content: str | None
    """HTML of the article; None if the feed has a summary of it only, or nothing."""


def is_feed(data: bytes) -> bool:
    """Whether bytes are a feed, by their first element."""
    head = data[:_HEAD_BYTES].removeprefix(BOM_UTF8)
    position = 0
    while match := _BEFORE_ROOT.match(head, position):
        position = match.end()
    return _ROOT.match(head, position) is not None


def read_feed(data: bytes, path: str) -> list[FeedEntry]:
    """The entries of a feed, in its order.

    Args:
        data: the feed.
        path: where it is from, for messages.
    Raises: FaultsError: it has no entries, or declares entities. MissingExtra: feedparser is not installed.
    """
    try:
        import feedparser
    except ImportError:
        message = "feeds need feedparser; install it with: pip install 'claim-harness[documents]'"
        raise MissingExtra(f"{path}: {message}") from None
    if b"<!ENTITY" in data:
        raise FaultsError.single(path, "declares entities, which no feed does; refused", code="hostile")
    feed = feedparser.parse(io.BytesIO(data))  # bytes alone would be tried as the name of a file
    if not feed.entries:
        raise FaultsError.single(path, "is a feed without entries; check the URL", code="empty")
    publisher, language = feed.feed.get("title"), feed.feed.get("language")
    return [
        FeedEntry(
            title=entry.get("title") or None,
            url=entry.get("link") or None,
            published=_iso(entry.get("published_parsed") or entry.get("updated_parsed")),
            publisher=publisher or None,
            language=language or None,
            content=_content(entry),
        )
        for entry in feed.entries
    ]


def _content(entry: Mapping[str, Any]) -> str | None:
    parts = [part.get("value") for part in entry.get("content", ())]
    longest = max((part for part in parts if part), key=len, default=None)
    if longest is not None:
        return str(longest)
    summary = str(entry.get("summary") or "")
    return summary if len(re.sub(r"<[^>]*>", "", summary)) >= MIN_CONTENT else None


def _iso(parsed: tuple[int, ...] | None) -> str | None:
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
