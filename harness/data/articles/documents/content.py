"""What a document says, and how it becomes an article."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from harness.data.articles.article_file import InputFile, LoadedArticle, MaskedText, make_article, safe_name
from harness.data.articles.page_blocks import Block, squeezed, text_and_parts
from harness.errors import FaultsError
from harness.files import sha256
from harness.text_tables import count_of

MAX_TITLE = 300
"""Characters of a title; the rest is cut off."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(kw_only=True)
class Document:
    """The text of one article, block by block, and what its file says of it."""

    blocks: list[Block] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    """Number of pieces that were left out, by kind."""
    title: str | None = None
    published: str | None = None
    publisher: str | None = None
    url: str | None = None
    language: str | None = None

    def drop(self, kind: str, n: int = 1) -> None:
        """Counts pieces that are left out."""
        if n:
            self.dropped[kind] = self.dropped.get(kind, 0) + n


def article_of(file: InputFile, document: Document, article_id: str | None = None) -> LoadedArticle:
    """Returns a document as an article.

    Args:
        file: the file that it comes from.
        document: with its text.
        article_id: default: the name of the file.
    Raises: FaultsError: there is no text.
    """
    blocks = [block._replace(text=squeezed(clean(block.text).replace("\n", " "))) for block in document.blocks]
    text, parts = text_and_parts([block for block in blocks if block.text])
    if not text:
        raise FaultsError.single(file.path, "has no text; an article needs text", code="empty")
    article = make_article(
        file.path,
        None,
        article_id=article_id or file.article_id,
        title=squeezed(clean(document.title or "").replace("\n", " "))[:MAX_TITLE] or None,
        text=text,
        published=document.published,
        publisher=clean(document.publisher or "") or None,
        url=clean(document.url or "") or None,
        language=document.language,
    )
    return LoadedArticle(file.path, None, article, MaskedText(text, (), parts, document.dropped))


def clean(text: str) -> str:
    """Returns a text without control characters and lone surrogates."""
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))


def day_of(moment: date | datetime | str | None) -> str | None:
    """Returns the day of a time as ISO 8601; None if it is none."""
    if isinstance(moment, str):
        match = re.match(r"(?:D:)?(\d{4})-?([01]\d)-?([0-3]\d)", moment)
        try:
            moment = date(*map(int, match.groups())) if match else None
        except ValueError:
            moment = None
    if moment is None or moment.year < 1900:
        return None
    return date(moment.year, moment.month, moment.day).isoformat()


class ArticleIds:
    """Ids of the articles of one file, after their addresses, so that a later copy of the file gives the same."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        self._owners: dict[str, str] = {}

    def of(self, url: str | None, text: str) -> str:
        """Returns the id of an article.

        Args:
            url: its address; None names it after the file and a hash of its text.
            text: its text.
        """
        key = url or text
        place = re.sub(r"^[a-z]+://(?:www\.)?", "", (url or "").lower())
        name = safe_name(place, "") if url else f"{self._file.article_id[:80]}-{sha256(text)[:10]}"
        if not name or len(name) >= 100 or self._owners.get(name, key) != key:
            name = f"{(name or self._file.article_id)[:80]}-{sha256(key)[:10]}"
        self._owners[name] = key
        return name


def counted(counts: dict[str, int]) -> str:
    """Returns counts by kind in words, the most frequent first: `3 responses of type image/png, 1 draft post`."""
    items: Iterable[tuple[str, int]] = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    nouns = [(re.match(r"(.*?)((?: of| with| without) .*)?$", kind), n) for kind, n in items]
    return ", ".join(f"{count_of(n, noun[1])}{noun[2] or ''}" for noun, n in nouns if noun)
