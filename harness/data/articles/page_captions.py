"""Finds the captions and lists of a page that the extraction of its main text leaves out, and puts them back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from harness.data.articles.junk import is_time
from harness.data.articles.main_text.gaps import gaps
from harness.data.articles.main_text.places import INNER_BLOCKS, Places, is_outside, link_share
from harness.data.articles.page_blocks import Block, squeezed
from harness.records import Part

MAX_LINKED = 0.3
"""Share of the characters of a list that are links; a list with more is a menu."""
MAX_CAPTION = 1_000
"""Characters of a caption; a longer one is no caption."""
_CAPTION_CLASS = re.compile(r"(?:^|[\s_-])caption(?:$|[\s_-])(?!.*(?:hidden|toggle|button))", re.IGNORECASE)
_CREDIT_CLASS = re.compile(r"credit|copyright|photographer|byline|attribution", re.IGNORECASE)
_CREDIT = re.compile(
    r"\(?(?:(?:photo|image|picture|video|illustration|graphic|foto|bild|grafik|crédit|photographie)s?\b"
    r"|credits?\b|courtesy\b|source\b|quelle\b|©|\(c\)).*",
    re.IGNORECASE | re.DOTALL,
)
_CREDIT_AT_END = re.compile(
    r"(?<=[.!?”\"»])\s+\(?(?:photo(?:graph)?|image|picture|illustration|graphic|foto|bild|grafik|crédit|credit|photographie)s?"
    r"(?:\s+(?:by|credit|von|de|di))?\s*[:/©–—-]\s*[^.!?]{2,60}\)?\Z",
    re.IGNORECASE,
)
"""Who made the picture, after the sentences of a caption."""
_BREAK = "\u2029"
"""Stands between paragraphs: line breaks of the source are none."""
MAX_CREDIT = 8
"""Words of a line that names only who made a picture."""


def with_captions(tree: Any, blocks: Sequence[Block], dropped: dict[str, int]) -> list[Block]:
    """Returns the blocks of an article with its captions, and with the lists that follow one of its paragraphs.

    A caption stands after the text before its picture. Captions outside the article (of teasers, say) are left out.

    Args:
        tree: root of the page.
        blocks: blocks that were extracted from it.
        dropped: mapping to which the number of times, and of captions that only name a photographer, is added.
    """
    place = Places(tree, blocks)
    if not place.of_element:
        return list(blocks)
    is_caption, added = set[int](), defaultdict[int, list[Block]](list)
    between = gaps(place, blocks)
    container, last = place.container(), -1
    for element in container.iter():
        last = place.of_element.get(element, last)
        if element.tag == "time" and is_time(squeezed(element.text_content())) and not is_outside(element, container):
            dropped["time"] = dropped.get("time", 0) + 1  # the extraction leaves them out
        if _is_caption(element):
            text = _caption_text(element)
            if element in place.of_element:
                is_caption.add(place.of_element[element])
            elif text and not place.has(text) and len(text) <= MAX_CAPTION and not is_outside(element, container):
                if _CREDIT.fullmatch(text) and len(text.split()) <= MAX_CREDIT:
                    dropped["credit"] = dropped.get("credit", 0) + 1
                else:
                    added[last].append(Block(text, "caption"))
        elif element in between:
            added[last] += between[element]
        elif element.tag in ("ul", "ol") and place.follows_text(element) and not _is_menu(element):
            items = [text for item in element.iter("li") for text in _item_texts(item)]
            if not any(map(place.has, items)) and not is_outside(element, container):
                added[last] += [Block(text, "list item") for text in items if text]
    return list(_merged(blocks, is_caption, added))


def _is_caption(element: Any) -> bool:
    if element.tag in ("figcaption", "caption"):
        # Of a caption in a caption, the inner one is the text, and the outer one adds the photographer.
        return not any(map(_is_caption, element.iterdescendants("p", "div", "span")))
    return (
        element.tag in ("p", "div", "span")
        and bool(_CAPTION_CLASS.search(element.get("class") or ""))
        and not any(child.tag in (*INNER_BLOCKS, "img", "figcaption") for child in element)
        and not any(_CAPTION_CLASS.search(inner.get("class") or "") for inner in element.iterdescendants("p", "span"))
        and not _CREDIT_CLASS.search(element.get("class") or "")
    )


def _caption_text(caption: Any) -> str:
    """The text of a caption, without the element that names the photographer, if it has one."""
    caption = deepcopy(caption)
    caption.tail = None
    for element in list(caption.iterdescendants()):
        is_credit = isinstance(element.tag, str) and _CREDIT_CLASS.search(element.get("class") or "")
        if element.tag in ("script", "style", "button") or is_credit:
            element.drop_tree()
        elif element.tag == "br" or element.tag in INNER_BLOCKS:
            element.tail = f" {element.tail or ''}"
    return _CREDIT_AT_END.sub("", squeezed(caption.text_content().replace("\n", " ")))


def _item_texts(item: Any) -> Iterator[str]:
    """Yields the paragraphs of an item, without those of lists in it."""
    item = deepcopy(item)
    for inner in list(item.iter("ul", "ol")):
        inner.drop_tree()
    for element in item.iter("br", *INNER_BLOCKS):
        element.text, element.tail = f"{_BREAK}{element.text or ''}", f"{_BREAK}{element.tail or ''}"
    yield from (" ".join(line.split()) for line in item.text_content().split(_BREAK) if line.strip())


def _is_menu(element: Any) -> bool:
    """Whether a list is made of links or pictures, or lies in another list."""
    nested = next(element.iterancestors("li"), None) is not None
    return nested or link_share(element) > MAX_LINKED or next(element.iter("img"), None) is not None


def _merged(blocks: Sequence[Block], is_caption: set[int], added: dict[int, list[Block]]) -> Iterator[Block]:
    seen = set[str]()  # a picture that is shown twice, or for two sizes of a screen

    def new(extra: list[Block]) -> Iterator[Block]:
        for block in extra:
            if block.part != "caption" or not any(
                block.text.startswith(text) or text.startswith(block.text) for text in seen
            ):
                yield block
            seen.add(block.text)

    yield from new(added.get(-1, []))
    for index, block in enumerate(blocks):
        part: Part | None = "caption" if index in is_caption else block.part
        yield block._replace(part=part)
        yield from new(added.get(index, []))
