"""Finds the part of a page that holds its article where the extraction passed it over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from harness.data.articles.main_text.places import INNER_BLOCKS, is_outside, key, link_share
from harness.data.articles.page_blocks import Block

MIN_TEXT = 500
"""Characters of paragraphs that were passed over, below which they may be a notice (about cookies, say)."""
MIN_PARAGRAPH = 40
"""Characters of a paragraph that counts; white space is not counted here and above."""
MAX_LINKED = 0.3
"""Share of the characters of a paragraph that are links; one with more does not count."""


def missed_article(tree: Any, blocks: Sequence[Block]) -> Any:
    """Returns a copy of a page that contains only its article; None if the extraction found the article.

    The extraction drops an element by its name: of class `comments`, `teaser` or `related`, say. Some pages have their
    article in such an element. It is taken for the article if the paragraphs and list items in it, of which none was
    extracted, are longer than the whole text that was.

    Args:
        tree: root of the page.
        blocks: extracted blocks.
    """
    text = "".join(key(block.text) for block in blocks)
    missed = defaultdict[Any, int](int)
    for element in tree.iter("p", "li"):
        parent, length = element.getparent(), _length(element)
        if parent is None or length < MIN_PARAGRAPH or is_outside(element, None):
            continue
        own = key(element.text_content())
        if own[:MIN_PARAGRAPH] not in text and own[-MIN_PARAGRAPH:] not in text:
            missed[parent] += length
    element = max(missed, key=missed.__getitem__, default=None)
    if element is None or missed[element] <= (max(len(text), MIN_TEXT) if text else 0):
        return None
    return _page_of(tree, element)


def _length(element: Any) -> int:
    """Characters of a paragraph; 0 for one that holds others, or is made of links."""
    if element.tag == "li" and any(child.tag in INNER_BLOCKS for child in element):
        return 0
    return len(key(element.text_content())) if link_share(element) <= MAX_LINKED else 0


def _page_of(tree: Any, element: Any) -> Any:
    """A page with one element, without the names for which it was dropped."""
    page, element = deepcopy(tree), deepcopy(element)
    body = page.find(".//body")
    if body is None:
        return None
    element.tail = None
    for name in ("class", "id"):
        element.attrib.pop(name, None)
    if element.tag not in ("ul", "ol"):
        element.tag = "article"
    body.clear()
    body.append(element)
    return page
