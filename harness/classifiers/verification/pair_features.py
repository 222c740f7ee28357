"""Reads a claim and the passages shown with it: overlap, numbers, units, names, years and negation."""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.data.claims import ShownPassage

WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*(?:['’]\w+)?")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
YEAR = re.compile(r"^(?:1[5-9]|20)\d\d$")
_NEGATIONS = "no not never none neither nor without cannot nothing nobody n't denied denies "
NEGATIONS = frozenset(_NEGATIONS.split())
_SCALES = (
    "thousand million billion trillion percent meters metres kilometers kilometres miles feet tons tonnes "
    "degrees dollars euros pounds years months weeks days hours minutes "
)
SCALES = frozenset(_SCALES.split())
_STOP_WORDS = (
    "a an and are as at be been but by for from had has have he her his in into is it its of on or she "
    "than that the their them there they this to was were what when which who will with would "
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


class PairReading(NamedTuple):
    """What a comparison of a claim with its passages shows."""

    overlap: float
    """Share of the claim's content words that the passages contain; 0 without passages."""
    best_overlap: float
    """The same for the passage with the largest share."""
    missing_numbers: tuple[str, ...]
    """Numbers of the claim, years left out, that no passage contains."""
    missing_years: tuple[str, ...]
    """Years of the claim that no passage contains."""
    other_numbers: bool
    """Whether a passage with half of the claim's words has a number that the claim lacks."""
    missing_scales: tuple[str, ...]
    """Units and scales of the claim ("million", "miles") that no passage contains, although one has another."""
    missing_names: tuple[str, ...]
    """Capitalized words of the claim, after its first, that no passage contains."""
    negation_differs: bool
    """Whether exactly one of the claim and its best passage has a negation."""


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, numbers without their separators of thousands."""
    return [re.sub(r"(?<=\d),(?=\d{3})", "", word).lower() for word in WORD.findall(text)]


def read_pair(claim: str, passages: tuple[ShownPassage, ...]) -> PairReading:
    """Compares a claim with the passages shown with it."""
    claim_words = set(words_of(claim))
    content = claim_words - STOP_WORDS
    by_passage = [set(words_of(passage.text)) for passage in passages]
    shown = set[str]().union(*by_passage)
    shares = [len(content & words) / len(content) if content else 0.0 for words in by_passage]
    best = by_passage[max(range(len(shares)), key=shares.__getitem__)] if shares else set[str]()
    numbers = {word for word in claim_words if NUMBER.fullmatch(word)}
    missing = sorted(numbers - shown) if passages else []
    scales = claim_words & SCALES
    names = {word.lower() for word in WORD.findall(claim)[1:] if word[:1].isupper() and word.lower() not in STOP_WORDS}
    return PairReading(
        overlap=len(content & shown) / len(content) if content else 0.0,
        best_overlap=max(shares, default=0.0),
        missing_numbers=tuple(number for number in missing if not YEAR.match(number)),
        missing_years=tuple(number for number in missing if YEAR.match(number)),
        other_numbers=any(
            share >= 0.5 and any(NUMBER.fullmatch(word) and word not in numbers for word in words)
            for share, words in zip(shares, by_passage, strict=True)
        ),
        missing_scales=tuple(sorted(scales - shown)) if shown & SCALES else (),
        missing_names=tuple(sorted(names - shown)) if passages else (),
        negation_differs=bool(passages) and bool(claim_words & NEGATIONS) != bool(best & NEGATIONS),
    )
