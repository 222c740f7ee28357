"""Extracts the main text of a web page."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.article_file import MaskedText
from harness.data.articles.encoding import UTF_8, DecodedText, decode_text
from harness.data.articles.main_text.gaps import with_links
from harness.data.articles.main_text.missed import missed_article
from harness.data.articles.main_text.places import key
from harness.data.articles.main_text.spans import expand_spans
from harness.data.articles.main_text.trim import trimmed
from harness.data.articles.page_blocks import Block, blocks_of, drop_comments, text_and_parts
from harness.data.articles.page_captions import with_captions
from harness.data.articles.page_data import article_object, body_paragraphs, declared_language, json_ld
from harness.errors import FaultsError

EXTRACTION = {"favor_precision": True, "include_tables": True, "include_comments": False}
"""Options of trafilatura, chosen with tests/benchmarks/article_text.py. Tables are included because many pages place
their article in one."""
AMP = (
    "amp-ad",
    "amp-auto-ads",
    "amp-consent",
    "amp-embed",
    "amp-list",
    "amp-sidebar",
    "amp-sticky-ad",
    "amp-user-notification",
)
"""Elements of AMP pages that are no part of an article."""
FALLBACK = {"favor_recall": True, "include_tables": True, "include_comments": False}
"""Options for a page in which those find nothing."""
MIN_SHOWN = 0.3
"""Share of the text in the JSON-LD of a page that the page shows; if it shows less, the text of the JSON-LD is read."""
MAX_MENU = 0.5
"""Share of a text without ends of sentences that is links; one with more is a menu."""
MIN_UNENDED = 100
"""Characters of a text without ends of sentences (a table, a poem, Thai), below which it is no article."""
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
MAX_BROKEN = 0.5
"""Share of the characters beyond ASCII that are broken in UTF-8; a page with more is in another encoding."""
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_NEW_YEAR = (
    r"{year}[-/.]?0?1[-/.]?0?1(?!\d)|(?<!\d)0?1[-/.]\s?0?1[-/.]\s?{year}"
    r"|(?<!\d)1(?:st|er|º|\.)?\s(?:de\s)?(?:j|ene|gen|янв|січ|st|ocak|sty|led)\w*\.?,?\s(?:de\s)?{year}|\bjan\w*\.?\s1,?\s{year}"
)
"""The first day of a year, as pages write it."""
_HEAD_BYTES = 4096
"""Bytes at the start of a page that are searched for its declared encoding; browsers search 1,024."""


class WebPage(NamedTuple):
    """The article of a web page and the encoding of the page."""

    fields: dict[str, str | None]
    """Fields of an article: title, text, published, publisher, url and language."""
    encoding: str
    marked: MaskedText
    """The text, its parts that are no running text, and the number of comment marks that were removed."""


class _Content(NamedTuple):
    """What was found on a page."""

    blocks: list[Block]
    title: str | None = None
    published: str | None = None
    publisher: str | None = None
    url: str | None = None


def read_page(data: bytes, path: str | Path, encoding: str | None = None) -> WebPage:
    """Extract the article of a web page: its main text, found by trafilatura, without reader comments.

    A page whose text stands in the `articleBody` of its JSON-LD only is read from there.

    Raises: FaultsError: the file is binary or empty, or contains no article text.
    """
    if b"\x00" in data[:1024] and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise FaultsError.single(path, "is not a text file; an HTML file is expected")
    if not data.strip():
        raise FaultsError.single(path, "is empty; an article needs text", code="empty")
    html, encoding = _decode_page(data, path, encoding)
    dropped = dict[str, int]()
    tree = _parse(html)
    objects = [] if tree is None else json_ld(tree)
    language = None if tree is None else declared_language(tree, objects)
    content = _content_of_data(_extract(tree, dropped), article_object(objects))
    text, parts = text_and_parts(content.blocks)
    if not text or _is_menu(tree, content.blocks):
        raise FaultsError.single(
            path,
            "contains no article text, only menus or boilerplate; save the text as .txt and ingest that file",
            code="empty",
        )
    fields = {
        "title": content.title,
        "text": text,
        "published": content.published,
        "publisher": content.publisher,
        "url": content.url,
    }
    fields = {name: _replace_surrogates(value or None) for name, value in fields.items()}
    return WebPage(fields | {"language": language}, encoding, MaskedText(fields["text"] or "", (), parts, dropped))


def _is_menu(tree: Any, blocks: list[Block]) -> bool:
    """Whether a text is made of the page's links: from a page without an article, trafilatura returns menu entries."""
    if tree is None or any(re.search(r"[.!?…。！？।؟]", block.text) for block in blocks):
        return False
    links = {key(link.text_content()) for link in tree.iter("a", "button", "option")}
    linked = sum(len(block.text) for block in blocks if key(block.text) in links)
    length = sum(len(block.text) for block in blocks)
    return length < MIN_UNENDED or linked > MAX_MENU * length


def _decode_page(data: bytes, path: str | Path, encoding: str | None) -> DecodedText:
    """Decode as UTF-8 if valid, or nearly so; else as the page declares; else by a guess."""
    if encoding is None:
        try:
            return DecodedText(data.decode("utf-8-sig"), UTF_8)
        except UnicodeDecodeError:
            declared = _CHARSET.search(data[:_HEAD_BYTES])
        text = data.decode("utf-8-sig", "replace")
        # A cut or broken character makes no other encoding of a page: its other characters would turn into two or more.
        if text.count("\ufffd") <= MAX_BROKEN * sum(map(len, _NON_ASCII.findall(text))):
            return DecodedText(text, UTF_8)
        name = declared[1].decode("ascii").lower() if declared else ""
        if name.startswith(_TRUSTED_PREFIXES):
            with suppress(FaultsError):  # a wrong declaration is ignored, as if there were none
                return decode_text(data, path, name)
    return decode_text(data, path, encoding)


def _parse(html: str) -> Any:
    """The root of a page; None if it cannot be parsed."""
    import trafilatura

    try:
        return trafilatura.load_html(html)
    except Exception:  # a malformed page can raise any error in the parser; treat it as a page without an article
        return None


def _extract(tree: Any, dropped: dict[str, int]) -> _Content:
    """The article of a page, by trafilatura; empty if none is found."""
    import logging

    logging.getLogger("trafilatura").addHandler(
        logging.NullHandler()
    )  # keep its log lines off stderr: our error has a message
    if tree is None:
        return _Content([])
    drop_comments(tree, dropped)
    for element in list(tree.iter(*AMP)):
        element.drop_tree()
    content = _extract_with(tree, EXTRACTION)
    if (part := missed_article(tree, content.blocks)) is not None:
        content = max(content, content._replace(blocks=_extract_with(part, EXTRACTION).blocks), key=_length)
    if not content.blocks:
        content = _extract_with(tree, FALLBACK)
    blocks = trimmed(tree, with_links(tree, content.blocks), content.title, dropped)
    return content._replace(blocks=with_captions(tree, blocks, dropped))


def _extract_with(tree: Any, options: dict[str, bool]) -> _Content:
    import trafilatura

    shown = deepcopy(tree)
    for caption in list(shown.iter("caption")):
        caption.drop_tree()  # it would become a row of the table
    for table in shown.iter("table"):
        expand_spans(table)
    try:
        document = trafilatura.bare_extraction(shown, with_metadata=True, **options)
    except Exception:  # a malformed page can raise any error in the parser; treat it as a page without an article
        return _Content([])
    if document is None or document.body is None:
        return _Content([])
    date = None if _is_guessed(document.date, tree) else document.date
    return _Content(blocks_of(document.body), document.title, date, document.sitename, document.url)


def _is_guessed(date: str | None, tree: Any) -> bool:
    """Whether a date is the first day of a year that the page only mentions: trafilatura makes a date of it."""
    if date is None or not date.endswith("-01-01"):
        return False
    from lxml import html

    source = html.tostring(tree, encoding="unicode")
    return re.search(_NEW_YEAR.format(year=date[:4]), source, re.IGNORECASE) is None


def _length(content: _Content) -> int:
    return sum(len(block.text) for block in content.blocks)


def _content_of_data(content: _Content, article: dict[str, Any] | None) -> _Content:
    """The article of a page, from its JSON-LD where the page itself shows less than a part of it."""
    if article is None:
        return content
    paragraphs = body_paragraphs(article["articleBody"])
    if _length(content) >= MIN_SHOWN * sum(map(len, paragraphs)):
        return content
    headline, published = article.get("headline"), article.get("datePublished")
    return content._replace(
        blocks=[Block(paragraph) for paragraph in paragraphs],
        title=headline if isinstance(headline, str) else content.title,
        published=published if isinstance(published, str) else content.published,
    )


def _replace_surrogates(text: str | None) -> str | None:
    """Replace lone surrogates, which a numeric character reference can produce and UTF-8 cannot encode."""
    return None if text is None else re.sub(r"[\ud800-\udfff]", "\ufffd", text)
