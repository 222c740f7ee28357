"""Edits of the wording of a claim that leave its meaning: paraphrases, typing errors, and case."""

from __future__ import annotations

import re
from random import Random

_NUMBER = r"(?=(?:about |around )?[$€£]?\d|(?:two|three|four|five|six|seven|eight|nine|ten|twenty|hundred|half)\b)"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
PARAPHRASES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"\bmore than {_NUMBER}", "over "),
        (rf"(?<=[a-z] )over {_NUMBER}", "more than "),
        (rf"\babout {_NUMBER}", "approximately "),
        (rf"\b(?:approximately|roughly) {_NUMBER}", "about "),
        (rf"\bless than {_NUMBER}", "under "),
        (rf"\bnearly {_NUMBER}", "almost "),
        (rf"\balmost {_NUMBER}", "nearly "),
        (r"(?<=\d)%", " percent"),
        (r"(?<=\d) per ?cent\b", "%"),
        (rf"\b({_MONTHS}) (\d{{1,2}}), (\d{{4}})\b,?", r"\2 \1 \3"),
        (rf"\b(\d{{1,2}}) ({_MONTHS}) (\d{{4}})\b", r"\2 \1, \3"),
        (r"(?<=\d )kilometers\b", "km"),
        (r"(?<=\d )kilograms\b", "kg"),
        (r"\bbecause of\b", "due to"),
        (r"\bdue to\b", "because of"),
        (r"\bin order to\b", "to"),
        (r"\bbegan\b", "started"),
        (r"\bstarted\b", "began"),
        (r"\bbuilt\b", "constructed"),
        (r"\bbought\b", "purchased"),
        (r"\blargest\b", "biggest"),
        (r"\bbiggest\b", "largest"),
        (r"\bneeds to\b", "has to"),
        (r"\bseveral\b", "a number of"),
        (r"\bthe United States\b", "the US"),
        (r"\bthe United Kingdom\b", "the UK"),
        (r"\bthe European Union\b", "the EU"),
        (r"\b(is|was|are|were|has|have|had|did|does|do)n['’]t\b", r"\1 not"),
        (r"\b(is|was|are|were|has|have|had|did|does|do) not\b", r"\1n't"),
    )
)
"""Replacements, of which each that fits is made once; two that undo each other are never both made."""


def paraphrase(text: str, random: Random) -> str | None:
    """The claim with some words replaced by others of the same meaning."""
    del random
    spans = list[tuple[int, int, str]]()
    for pattern, replacement in PARAPHRASES:
        match = pattern.search(text)
        if match is not None and all(match.end() <= start or end <= match.start() for start, end, _ in spans):
            spans.append((*match.span(), match.expand(replacement)))
    if not spans:
        return None
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def typo(text: str, random: Random) -> str | None:
    """The claim with two neighboring letters exchanged inside a word of five or more lower-case letters."""
    places = [
        match.start() + offset
        for match in re.finditer(r"\b[a-z]{5,}\b", text)
        for offset in range(1, len(match.group()) - 2)
        if match.group()[offset] != match.group()[offset + 1]
    ]
    if not places:
        return None
    place = random.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def lower_case(text: str, random: Random) -> str | None:
    """The claim in lower case."""
    del random
    return _if_changed(text, text.lower())


def upper_case(text: str, random: Random) -> str | None:
    """The claim in capitals, as a headline."""
    del random
    return _if_changed(text, text.upper())


def _if_changed(text: str, changed: str) -> str | None:
    return None if changed == text else changed
