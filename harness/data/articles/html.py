"""Extracts the main text of a web page."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.encoding import UTF_8, DecodedText, decode_text
from harness.errors import FaultsError

EXTRACTION = {"favor_precision": True, "include_tables": True, "include_comments": False}
"""Options of trafilatura, chosen with tests/benchmarks/article_text.py. Tables are included because many pages place
their article in one."""
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_TRUSTED_PREFIXES = (
    "windows-",
    "cp1",
    "iso-8859-",
    "latin",
    "koi8",
    "mac",
    "gb",
    "big5",
    "euc-",
    "shift",
    "sjis",
    "tis-620",
)
"""Prefixes of the declared encodings that are accepted: those that browsers support."""
_HEAD_BYTES = 4096
"""Bytes at the start of a page that are searched for its declared encoding; browsers search 1,024."""


class WebPage(NamedTuple):
    """The article of a web page and the encoding of the page."""

    fields: dict[str, str | None]
    """Fields of an article: title, text, published, publisher and url."""
    encoding: str


def read_page(data: bytes, path: str | Path, encoding: str | None = None) -> WebPage:
    """Extract the article of a web page: its main text, found by trafilatura, without reader comments.

    Raises: FaultsError: the file is binary or empty, or contains no article text.
    """
    if b"\x00" in data[:1024] and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise FaultsError.single(path, "is not a text file; an HTML file is expected")
    if not data.strip():
        raise FaultsError.single(path, "is empty; an article needs text", code="empty")
    html, encoding = _decode_page(data, path, encoding)
    document = _extract(html)
    # From a page without an article, trafilatura returns menu entries, which contain no end of a sentence.
    if document is None or not re.search(r"[.!?…。！？।؟]", document.text or ""):
        raise FaultsError.single(
            path,
            "contains no article text, only menus or boilerplate; save the text as .txt and ingest that file",
            code="empty",
        )
    fields = {
        "title": document.title or None,
        "text": document.text,
        "published": document.date or None,
        "publisher": document.sitename or None,
        "url": document.url or None,
    }
    return WebPage({name: _replace_surrogates(value) for name, value in fields.items()}, encoding)


def _decode_page(data: bytes, path: str | Path, encoding: str | None) -> DecodedText:
    """Decode as UTF-8 if valid, else as the page declares, else by a guess."""
    if encoding is None:
        try:
            return DecodedText(data.decode("utf-8-sig"), UTF_8)
        except UnicodeDecodeError:
            declared = _CHARSET.search(data[:_HEAD_BYTES])
        name = declared[1].decode("ascii").lower() if declared else ""
        if name.startswith(_TRUSTED_PREFIXES):
            with suppress(FaultsError):  # a wrong declaration is ignored, as if there were none
                return decode_text(data, path, name)
    return decode_text(data, path, encoding)


def _extract(html: str):  # type: ignore[no-untyped-def]  # trafilatura exports no type for its document
    import logging

    import trafilatura

    logging.getLogger("trafilatura").addHandler(
        logging.NullHandler()
    )  # keep its log lines off stderr: our error has a message
    try:
        return trafilatura.bare_extraction(html, with_metadata=True, **EXTRACTION)
    except Exception:  # a malformed page can raise any error in the parser; treat it as a page without an article
        return None


def _replace_surrogates(text: str | None) -> str | None:
    """Replace lone surrogates, which a numeric character reference can produce and UTF-8 cannot encode."""
    return None if text is None else re.sub(r"[\ud800-\udfff]", "\ufffd", text)
