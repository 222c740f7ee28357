"""Forms of a text that say the same: without traces of how data were made, such as capitals or spaces before commas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Literal, get_args

Form = Literal["case", "spacing", "marks", "markers"]
"""What is made alike: `case` (lower case), `spacing` (one space between words, none before punctuation), `marks`
(typographic quotation marks, dashes and compatible characters; no full stop at the end), `markers` (`<|cit|>`, `-LRB-`,
`&amp;`)."""
FORMS: tuple[Form, ...] = get_args(Form)

MARKER = re.compile(r"<[^<>\s]{1,30}>|-[LR][RSC]B-|&#?\w{2,8};|\[[A-Z][A-Z_]*\]|\\[nt]|``|''|\ufffd")
"""Markers that tools leave in texts."""
_TRANSCRIBED = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&nbsp;": " ",
    "``": '"',
    "''": '"',
}
"""Markers that stand for a character; any other marker stands for nothing."""
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    }
)
_CLOSING = "\"'\u2019\u201d\u00bb)"


def _without_markers(text: str) -> str:
    return MARKER.sub(lambda match: _TRANSCRIBED.get(match.group(), " "), text)


def _plain_marks(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_PLAIN).rstrip().rstrip(".")


def _even_spacing(text: str) -> str:
    text = re.sub(rf"\s+(?=[.,;:!?%)\]}}](?:[\s{_CLOSING}]|$))", "", text)
    text = re.sub(r"(?<=[(\[{])\s+", "", text)
    # Tokenized text also has a space before the ending of "don't" and "ship's".
    text = re.sub(r"(?<=\w) (?=(?:n't|'(?:s|re|ve|ll|d|m))\b)", "", text, flags=re.IGNORECASE)
    return " ".join(text.split())


_STEPS: dict[Form, Callable[[str], str]] = {
    "markers": _without_markers,
    "marks": _plain_marks,
    "spacing": _even_spacing,
    "case": str.lower,
}
"""In the order in which they are applied: markers leave spaces behind."""


def normalize_text(text: str, forms: Collection[Form]) -> str:
    """Returns a text in which some forms are made alike.

    Args:
        text: any text.
        forms: what is made alike; nothing else changes.
    """
    for form, step in _STEPS.items():
        if form in forms:
            text = step(text)
    return text
