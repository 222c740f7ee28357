"""The reasons for a score in the words of a reader: `word:2` and `char:100` become "a number: 2,100"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from harness.classifiers.base import Reason
from harness.features.cues import COUNTS, CUES
from harness.features.shapes import SHAPES, shapes_of
from harness.text_tables import count_of

_CUES = {cue.name: cue for cue in CUES}
SHAPE_WORDS = {
    "capitalized": "capitalized words after the first",
    "digits": "words with digits",
    "commas": "commas",
    "quotation marks": "quotation marks",
    "positive words": "words of praise",
    "negative words": "words of harm or blame",
    "negation": "negation",
    "second person": "words that speak to somebody",
}
"""What each counted surface feature without characters of its own says; the others are cues."""
MARK_WORDS = {
    "?": "a question mark",
    "!": "an exclamation mark",
    '"': "quotation marks",
    "\u201c": "quotation marks",
    "\u201d": "quotation marks",
    ",": "a comma",
    ".": "a period",
    ":": "a colon",
    ";": "a semicolon",
    "-": "a hyphen",
    "\u2013": "a dash",
    "\u2014": "a dash",
    "%": "a share",
    "$": "an amount of money",
    "(": "a bracket",
    ")": "a bracket",
}
"""What each punctuation mark says."""
TOLD_TOGETHER = ("money", "number", "date", "time_span", "name", "comparison")
"""Cues whose characters several features come from."""
_MEASURES = (
    r"(?:euros?|dollars?|pounds?|cents?|(?:square |cubic |kilo|centi|milli)?(?:met(?:er|re)s?|grams?|lit(?:er|re)s?)|"
    r"(?:square )?(?:miles?|feet|yards?|inch(?:es)?|acres?|hectares?|kilomet(?:er|re)s?)|km2?|kg|tons?|barrels?|"
    r"tonnes?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|degrees?|volts?|watts?|[kMG]W(?:h)?|km/h|mph)"
)
WITH_UNIT = re.compile(rf"(?:\d[\d.,]*|\b(?:{COUNTS}))(?:[\s-](?:{COUNTS}))*[\s-]?{_MEASURES}\b", re.IGNORECASE)
"""A number with its unit."""
SPANNED = (
    (_CUES["percent"].says, _CUES["percent"].pattern),
    ("a number with a unit", WITH_UNIT),
    *(
        (_CUES[name].says, _CUES[name].pattern)
        for name in ("money", "number", "date", "time_span", "name", "comparison")
    ),
)
"""What several features come from the characters of, which then count as one reason; the first that fits is taken."""
MAX_QUOTE = 40
"""Number of characters of the claim that a reason quotes."""


class SpokenReason(NamedTuple):
    """One reason in words."""

    words: str
    weight: float
    """Change of the score; above 0 towards the positive label."""


def in_words(reasons: Iterable[Reason], text: str) -> list[SpokenReason]:
    """Returns the reasons for the score of a claim in words, the strongest first.

    Features that come from the same characters (a number, the number with its comma, its last letters) are one reason,
    whose weight is their sum.

    Args:
        reasons: reasons as a classifier gives them.
        text: text of the claim.
    """
    places = [(says, match.span()) for says, pattern in SPANNED for match in pattern.finditer(text)]
    weights: dict[str, float] = {}
    for reason in reasons:
        words = _words_of(reason, text, places)
        weights[words] = weights.get(words, 0.0) + reason.weight
    spoken = [SpokenReason(words, weight) for words, weight in weights.items()]
    return sorted(spoken, key=lambda reason: -abs(reason.weight))


def _words_of(reason: Reason, text: str, places: Sequence[tuple[str, tuple[int, int]]]) -> str:
    kind, _, name = reason.name.partition(":")
    name = name.strip()
    if kind == "shape" and name not in _CUES:
        return _shape_in_words(name, text)
    if (kind == "shape" and name in _CUES) or kind in _CUES:
        cue = _CUES[name if kind == "shape" else kind]
        if kind == "shape" and not reason.text and not cue.pattern.search(text):
            return f"without {cue.says}"
        return f"{cue.says}: {_quoted(reason.text)}" if reason.text.strip("?") else cue.says
    if kind not in ("word", "char"):
        return " ".join(part for part in (reason.name.replace("_", " "), _quoted(reason.text)) if part)
    said = reason.text.strip()
    start = text.lower().find(said.lower())
    if said in MARK_WORDS and not _always_inside(said, text, places):
        return MARK_WORDS[said]
    if start < 0:
        return f"the letters {_quoted(said)}" if kind == "char" else f"the words {_quoted(said)}"
    end = start + len(said)
    for says, (first, last) in places:
        if first <= start and end <= last + 1:
            return f"{says}: {_quoted(text[first:last])}"
    if kind == "char":  # letters of a word are told as the word
        start, end = _whole_words(text, start, end)
    quoted = text[start:end].strip(' .,;:!?"')
    return f"the {'words' if ' ' in quoted else 'word'} {_quoted(quoted)}"


def _always_inside(mark: str, text: str, places: Sequence[tuple[str, tuple[int, int]]]) -> bool:
    """Whether a mark occurs, and each time inside a number, a date or a name."""
    spots = [spot for spot, character in enumerate(text) if character == mark]
    return bool(spots) and all(any(first <= spot < last for _, (first, last) in places) for spot in spots)


def _shape_in_words(name: str, text: str) -> str:
    value = shapes_of([text])[0][SHAPES.index(name)] if name in SHAPES else None
    if name == "words":
        return f"its length: {count_of(len(text.split()), 'word')}"
    if name == "letters per word" and value is not None:
        return f"its words: {value:.1f} letters on average"
    # A feature that is absent moves the score too: by what its absence says.
    return f"{'without ' if value == 0 else ''}{SHAPE_WORDS.get(name, name)}"


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start and text[start - 1 : start + 1].isalnum():
        start -= 1
    while end < len(text) and text[end - 1 : end + 1].isalnum():
        end += 1
    return start, end


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    shown = text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1]}\u2026"
    return f"\u201c{shown}\u201d" if text else ""
