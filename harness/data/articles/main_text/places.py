"""Finds the elements of a page that the blocks of its main text come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from harness.data.articles.page_blocks import Block

INNER_BLOCKS = ("p", "div", "ul", "ol", "table", "blockquote", "figure", "section", "article")
_TEXT_TAGS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "blockquote", "div")
_OUTSIDE = frozenset(("nav", "aside", "footer", "form", "button", "noscript", "template"))


class Places:
    """Which element of a page each extracted block comes from."""

    def __init__(self, tree: Any, blocks: Sequence[Block]) -> None:
        self._indices = defaultdict[str, list[int]](list)
        for index, block in reversed(list(enumerate(blocks))):
            self._indices[key(block.text)].append(index)
        self._texts = frozenset(self._indices)
        self.of_element: dict[Any, int] = {}
        """Index of its block, by element."""
        for element in tree.iter(*_TEXT_TAGS, "figcaption", "caption"):
            if element.tag in ("div", "li", "td") and any(child.tag in INNER_BLOCKS for child in element):
                continue
            indices = self._indices.get(key(element.text_content()))
            if indices:
                self.of_element[element] = indices.pop()

    def has(self, text: str) -> bool:
        """Whether a text is a block."""
        return key(text) in self._texts

    def follows_text(self, element: Any) -> bool:
        """Whether the element before a list is part of the article."""
        previous = element.getprevious()
        return previous is not None and previous in self.of_element

    def container(self) -> Any:
        """The element that holds the article: the smallest one around its blocks, or the `article` around that."""
        chains = [list(element.iterancestors()) or [element] for element in self.of_element]
        common = chains[0]
        for chain in chains[1:]:
            members = set(chain)
            common = [element for element in common if element in members]
        return next((element for element in common if element.tag in ("article", "main")), common[0])


def key(text: str) -> str:
    """Returns a text without white space, which extraction changes."""
    return "".join(text.split())


def is_outside(element: Any, container: Any) -> bool:
    """Whether an element lies in a part of its container that is no running text: a menu, an aside, a form."""
    for ancestor in element.iterancestors():
        if ancestor is container:
            return False
        if ancestor.tag in _OUTSIDE:
            return True
    return False


def link_share(element: Any) -> float:
    """Returns the share of the characters of an element that are links; 1 if it has no text."""
    length = len(key(element.text_content()))
    return sum(len(key(link.text_content())) for link in element.iter("a")) / length if length else 1.0
