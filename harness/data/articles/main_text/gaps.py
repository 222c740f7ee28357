"""Finds paragraphs, headings and quotations that stand between the extracted blocks of a page and are none of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from harness.data.articles.junk import is_time
from harness.data.articles.main_text.places import Places, key, link_share
from harness.data.articles.main_text.trim import is_offer
from harness.data.articles.page_blocks import Block, squeezed

MIN_PARENT = 0.2
"""Share of the extracted text that stands directly in an element; in one with less, nothing is added."""
MAX_LINKED = 0.75
"""Share of the characters of a paragraph that are links; one with more points to other pages."""
MIN_START = 20
"""Characters, without white space, by which a paragraph that was extracted in part is recognized."""
_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_LINE_BREAK = "\u2029"


def gaps(place: Places, blocks: Sequence[Block]) -> dict[Any, list[Block]]:
    """Returns what the extraction left out between two of its blocks, by the element that holds it.

    Added are paragraphs, headings and quotations (posts of others, too) that are siblings of extracted paragraphs and
    stand between the first and the last of them.

    Args:
        place: places of the blocks.
        blocks: extracted blocks.
    """
    known = "".join(key(block.text) for block in blocks)
    added = dict[Any, list[Block]]()
    for parent in _parents(place, blocks):
        children = list(parent)
        at = [index for index, child in enumerate(children) if child in place.of_element]
        for child in children[at[0] : at[-1]]:
            if child not in place.of_element and isinstance(child.tag, str):
                new = [
                    block
                    for block in _blocks(child)
                    if block.text and key(block.text) not in known and not is_offer(block)
                ]
                if new:
                    added[child] = new
    return added


def with_links(tree: Any, blocks: Sequence[Block]) -> list[Block]:
    """Returns the blocks with the texts of links that the extraction dropped out of their sentences.

    Args:
        tree: root of the page.
        blocks: extracted blocks.
    """
    place = Places(tree, blocks)
    unplaced = set(range(len(blocks))) - set(place.of_element.values())
    starts = {key(blocks[index].text)[:MIN_START]: index for index in unplaced if blocks[index].part is None}
    restored = list(blocks)
    for element in tree.iter("p", "li", "blockquote") if starts else ():
        index = starts.get(key(element.text_content())[:MIN_START])
        if index is None or element in place.of_element:
            continue
        shown = key(blocks[index].text)
        rest = deepcopy(element)
        for link in list(rest.iter("a")):
            if key(link.text_content()) not in shown:
                link.drop_tree()
        if key(rest.text_content()) == shown:
            restored[index] = blocks[index]._replace(text=" ".join(filter(None, _lines(element))))
    return restored


def _parents(place: Places, blocks: Sequence[Block]) -> list[Any]:
    """The elements in which a good part of the article stands directly."""
    length = Counter[Any]()
    for element, index in place.of_element.items():
        length[element.getparent()] += len(blocks[index].text)
    return [parent for parent, n in length.items() if parent is not None and n >= MIN_PARENT * length.total()]


def _blocks(element: Any) -> Iterator[Block]:
    if element.tag in _HEADINGS:
        yield from (Block(line, "heading") for line in _lines(element))
    elif element.tag == "p" and link_share(element) <= MAX_LINKED:
        yield from map(Block, _lines(element))
    elif element.tag == "blockquote" or (element.tag == "div" and element.find(".//blockquote") is not None):
        for quote in element.iter("blockquote"):
            if next(quote.iterancestors("blockquote"), None) is None and link_share(quote) <= MAX_LINKED:
                yield from map(Block, _lines(quote))


def _lines(element: Any) -> list[str]:
    """The lines of an element, without what a browser does not show."""
    element = deepcopy(element)
    element.tail = None
    for hidden in list(element.iter("script", "style", "noscript", "button", "template")):
        hidden.drop_tree()
    for time in list(element.iter("time")):
        if is_time(squeezed(time.text_content())):  # the extraction leaves them out, and the captions count them
            time.drop_tree()
    for inner in element.iter("br", "p", "div", "li"):
        inner.tail = f"{_LINE_BREAK}{inner.tail or ''}"
    return [squeezed(re.sub(r"\s+", " ", line)) for line in element.text_content().split(_LINE_BREAK)]
