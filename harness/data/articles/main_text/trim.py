"""Removes from the extracted blocks of a page what is no part of its article: its title, links to others, offers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from harness.data.articles.main_text.places import Places, key, link_share
from harness.data.articles.page_blocks import Block

MIN_LINKED = 0.8
"""Share of the characters of a line that are links, for the line to be a link to another page."""
MIN_HEADINGS = 3
"""Headings in a row, without a text between them, that are titles of other articles."""
_POINTER = re.compile(
    r"(?:(?:more|related|see also|see more|read (?:more|also|next)|also read|also see|don'?t miss|watch|recommended"
    r"|mehr zum thema|lesen sie auch|siehe auch|lire aussi|à lire aussi|voir aussi|lee también|lea también|ver también"
    r"|leggi anche|leia (?:mais|também)|lees ook|läs också|czytaj także|читайте также|читайте також)\b)",
    re.IGNORECASE,
)
"""The start of a line that points to another page."""
_CLOSING = re.compile(
    r"(?:filed under|posted in|tagged|tags?|categories|source)\s*:.{0,80}"
    r"|(?:sources?|quelle|fuente|fonte):? .{2,40}"
    r"|(?:copyright|©|\(c\)).{0,120}|comments?|advertisement|you (?:may|might) also like\W*"
    r"|.{0,60}\b(?:subscribe|sign up|newsletters?)\b.{0,200}"
    r"|(?:follow|like|join) .{0,80}\b(?:twitter|facebook|instagram|youtube|whatsapp|telegram)\b.{0,120}"
    r"|(?:listen|click here|have a tip).{0,250}",
    re.IGNORECASE,
)
"""A line at the end of a page that says something of the page or offers something."""


_OFFER = re.compile(
    r"(?:subscribe|sign up) (?:now|today|here|to (?:our|the|my)|for (?:our|the|a|free|just|only|\d))\b.{0,150}"
    r"|(?:already|not) a (?:subscriber|member)\b.{0,80}|(?:log|sign) in(?: to (?:continue|read)\b.{0,60}|[.!]?)"
    r"|this (?:article|story|content|post) is (?:only |exclusively )?(?:for|available to|reserved for) .{0,30}"
    r"(?:subscribers|members)\b.{0,60}|by (?:signing up|subscribing|registering),? you (?:agree|consent)\b.{0,150}"
    r"|we (?:and our .{1,40} )?use cookies\b.{0,200}"
    r"|(?:jetzt |newsletter )abonnieren\b.{0,80}|dieser artikel ist .{0,40}abonnent.{0,60}|wir verwenden cookies\b.*"
    r"|(?:abonnez|inscrivez)-vous\b.{0,120}|(?:cet )?article (?:est )?réservé aux abonnés.{0,60}|déjà abonné\b.{0,60}"
    r"|suscríbete\b.{0,120}|(?:este )?(?:artículo|contenido) (?:es )?(?:exclusivo )?para suscriptores.{0,60}",
    re.IGNORECASE,
)
"""A line, wherever it stands, that offers a newsletter or a subscription, or asks for consent."""


class Page(NamedTuple):
    """What rules look at."""

    blocks: Sequence[Block]
    titles: frozenset[str]
    """Texts of the page's titles, without white space."""
    link_shares: dict[int, float]
    """Share of links of a block, by index; blocks whose element is unknown are left out."""


def _title(page: Page) -> Iterator[int]:
    """The title of the page, which is a field of its own, before the text."""
    for index, block in enumerate(page.blocks[:3]):
        if key(block.text) in page.titles:
            yield index


def _headings_in_a_row(page: Page) -> Iterator[int]:
    """Titles of other articles."""
    for part, group in groupby(range(len(page.blocks)), lambda index: page.blocks[index].part):
        run = list(group)
        if part == "heading" and len(run) >= MIN_HEADINGS:
            yield from run


def _pointers(page: Page) -> Iterator[int]:
    """Lines with a link to another article: `Related: ...`."""
    for index, share in page.link_shares.items():
        if share >= MIN_LINKED and _POINTER.match(page.blocks[index].text):
            yield index


def _offers(page: Page) -> Iterator[int]:
    """Offers of newsletters and subscriptions, and pointers that are no links (`Read more: ...`)."""
    for index, block in enumerate(page.blocks):
        if is_offer(block):
            yield index


def is_offer(block: Block) -> bool:
    """Whether a line, wherever it stands, offers something or points to another page, and is no link."""
    pointer = _POINTER.match(block.text)
    is_pointer = pointer and block.text[pointer.end() :].lstrip()[:1] == ":" and block.text[-1] not in ".!"
    return block.part is None and bool(is_pointer or _OFFER.fullmatch(block.text))


def _closing_lines(page: Page) -> Iterator[int]:
    """Credits, offers and links to other articles at the end."""
    for index in reversed(range(len(page.blocks))):
        block, is_link = page.blocks[index], page.link_shares.get(index, 0) >= MIN_LINKED
        if not is_link and (block.part == "list item" or not _CLOSING.fullmatch(block.text)):
            return
        yield index


TITLE = "title"
RULES: dict[str, Callable[[Page], Iterator[int]]] = {
    TITLE: _title,
    "headings in a row": _headings_in_a_row,
    "pointer": _pointers,
    "offer": _offers,
    "closing line": _closing_lines,
}


def trimmed(tree: Any, blocks: Sequence[Block], title: str | None, dropped: dict[str, int]) -> list[Block]:
    """Returns the blocks without those that are no part of the article.

    Args:
        tree: root of the page.
        blocks: extracted blocks.
        title: title of the page.
        dropped: mapping to which the number of lines that each rule removed is added.
    """
    titles = {key(title or "")}
    shares = {index: link_share(element) for element, index in Places(tree, blocks).of_element.items()}
    page = Page(blocks, frozenset(titles) - {""}, shares)
    out = set[int]()
    for name, rule in RULES.items():
        new = set(rule(page)) - out
        if new and name != TITLE:  # it is not lost
            dropped[name] = dropped.get(name, 0) + len(new)
        out |= new
    if len(out) == len(blocks):
        return list(blocks)
    return [block for index, block in enumerate(blocks) if index not in out]
