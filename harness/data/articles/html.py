"""The main text of a web page."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.encoding import UTF_8, DecodedText, decoded
from harness.errors import FaultsError

EXTRACTION = {"favor_precision": True, "include_tables": True, "include_comments": False}
"""Measured by tests/benchmarks/article_text.py; many pages lay their article out as a table."""
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_BELIEVED = ("windows-", "cp1", "iso-8859-", "latin", "koi8", "mac", "gb", "big5", "euc-", "shift", "sjis", "tis-620")
"""How the names begin of the encodings that a page may declare: those of browsers."""
_HEAD = 4096
"""Bytes in which a page has to declare its encoding; browsers look at 1,024."""


class WebPage(NamedTuple):
    """What a web page says of its article."""

    fields: dict[str, str | None]
    """title, text, published, publisher, url."""
    encoding: str


def read_page(data: bytes, path: str | Path, encoding: str | None = None) -> WebPage:
    """The article of a web page: its main text, by trafilatura; comments left out.

    Raises: FaultsError: not a text file, or no article that could be told from menus.
    """
    if b"\x00" in data[:1024] and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise FaultsError.single(path, "is not a text file; an HTML file is expected")
    if not data.strip():
        raise FaultsError.single(path, "is empty; an article needs text")
    html, encoding = _text_of(data, path, encoding)
    found = _extracted(html)
    # Without an article, what is found are the words of its menus: no sentence ends there.
    if found is None or not re.search(r"[.!?…。！？।؟]", found.text or ""):
        raise FaultsError.single(
            path,
            "has no article text that could be told from menus and boilerplate; save the text as .txt and ingest that",
        )
    fields = {
        "title": found.title or None,
        "text": found.text,
        "published": found.date or None,
        "publisher": found.sitename or None,
        "url": found.url or None,
    }
    return WebPage({name: _sound(value) for name, value in fields.items()}, encoding)


def _text_of(data: bytes, path: str | Path, encoding: str | None) -> DecodedText:
    """UTF-8 where it is that, else what the page declares, else a guess."""
    if encoding is None:
        try:
            return DecodedText(data.decode("utf-8-sig"), UTF_8)
        except UnicodeDecodeError:
            declared = _CHARSET.search(data[:_HEAD])
        name = declared[1].decode("ascii").lower() if declared else ""
        if name.startswith(_BELIEVED):
            with suppress(FaultsError):  # a page that errs about itself is guessed like one that says nothing
                return decoded(data, path, name)
    return decoded(data, path, encoding)


def _extracted(html: str):  # type: ignore[no-untyped-def]  # the library's own document
    import logging

    import trafilatura

    logging.getLogger("trafilatura").addHandler(logging.NullHandler())  # our message says it; theirs stay off stderr
    try:
        return trafilatura.bare_extraction(html, with_metadata=True, **EXTRACTION)
    except Exception:  # a hostile page can break the parser anywhere; it has no article then
        return None


def _sound(text: str | None) -> str | None:
    """Half characters, which a numeric entity can make, as the replacement character."""
    return None if text is None else re.sub(r"[\ud800-\udfff]", "\ufffd", text)
