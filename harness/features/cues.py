"""Cues: named surface patterns that suggest whether a claim states a checkable fact."""

from __future__ import annotations

import re
from typing import NamedTuple

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
COUNTS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundred|thousand|million|billion|trillion|dozen"
)


class Cue(NamedTuple):
    """One named pattern."""

    name: str
    says: str
    """Description of what a match suggests, as explanations show it."""
    pattern: re.Pattern[str]
    """Regular expression that finds the cue."""


def _cue(name: str, says: str, pattern: str, *, cased: bool = False) -> Cue:
    return Cue(name, says, re.compile(pattern, 0 if cased else re.IGNORECASE))


CUES: tuple[Cue, ...] = (
    _cue("percent", "a share", r"\d[\d.,]*\s?(?:%|percent\b|per cent\b|percentage points?\b)|\bpercent\b"),
    _cue("money", "an amount of money", r"[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:dollars?|euros?|pounds|cents)\b"),
    _cue("number", "a number", rf"\b\d[\d.,]*\b|\b(?:{COUNTS})\b"),
    # Case matters: "may" is a verb. Even "May" counts as a month only before a number, "of", or a comma.
    _cue("date", "a date or a year", rf"\b(?:1[5-9]|20)\d\d\b|\b(?:{MONTHS})\b(?=\s+\d|\s+of\b|,)", cased=True),
    _cue(
        "time_span",
        "a named period of time",
        r"\b(?:last|past|this|since|in the last)\s+(?:year|month|week|decade|century)",
    ),
    # The lookbehind requires text before the name, because the first word of any sentence is capitalized. The pronoun
    # "I" is excluded; acronyms of at least two letters count anywhere.
    _cue(
        "name",
        "a capitalized name after the first word",
        r"(?<=[\w,;:] )(?!I\b|I['’])(?:[A-Z][\w'’.-]+)(?:\s+(?:of|the|and|de|van|von)?\s?[A-Z][\w'’.-]+)*|"
        r"\b[A-Z]{2,}\b",
        cased=True,
    ),
    _cue(
        "comparison",
        "a comparison or a ranking",
        r"\b(?:more|less|fewer|higher|lower|greater|larger|smaller|faster|slower|better|worse) than\b|\b\w+er than\b|"
        r"\b(?:the|our|its|their) (?:first|last|only|most|least|highest|lowest|largest|biggest|smallest|fastest|best|"
        r"worst|oldest|youngest)\b|\b(?:twice|half|double[ds]?|tripled?|as (?:many|much) as)\b|\brecord\b",
    ),
    _cue(
        "change",
        "a measured change",
        r"\b(?:rose|risen|fell|fallen|grew|grown|increas\w+|decreas\w+|declin\w+|dropped|cut|lost|gained|doubled|"
        r"created|spent|cost|raised|reduced)\b",
    ),
    _cue(
        "attribution",
        "quoted words or a source",
        r"\b(?:said|says|told|according to|reported|announced|claimed|claims|stated|testified|found that|showed that|"
        r"estimates? that|wrote|admitted|a (?:study|report|survey|poll))\b",
    ),
    _cue(
        "cause",
        "a cause",
        r"\b(?:because(?: of)?|caus(?:e|es|ed|ing)|due to|led to|leads to|result(?:s|ed)? (?:in|from)|thanks to|"
        r"prevent(?:s|ed)?|linked to)\b",
    ),
    _cue(
        "rule",
        "a law or a rule",
        r"\b(?:laws?|legislation|bill|treaty|court|constitution|amendment|regulations?|banned|illegal|legal|required?s?|"
        r"tax(?:es|ed)?|voted|signed|passed|vetoed)\b",
    ),
    _cue(
        "past",
        "a past event",
        r"\b(?:was|were|had|did|has been|have been|became|began|went|took|came|made|gave|sent|won|built|died|killed)\b",
    ),
    _cue(
        "hedge", "a weakened claim", r"\b(?:may|might|could|perhaps|maybe|probably|possibly|apparently|seems?|about)\b"
    ),
    _cue(
        "first_person",
        "the speaker's own view or life",
        r"\b(?:I|I['’]m|I['’]ve|I['’]ll|I['’]d|me|my|myself)\b",
        cased=True,
    ),
    _cue(
        "belief",
        "a belief, a wish, or a value judgment",
        r"\b(?:I|we) (?:think|believe|hope|feel|want|know|wish|like|love|guess|suppose)\b|"
        r"\b(?:should|ought|must|hopefully|wonderful|terrible|great|disgrace\w*|shame\w*|beautiful|sad(?:ly)?|proud|"
        r"fortunately|wrong|right thing)\b",
    ),
    _cue(
        "plan",
        "a promise, a plan, or a prediction",
        r"\b(?:will|['’]ll|won['’]t|going to|gonna|shall|plans? to|promise\w*|expects? to)\b",
    ),
    _cue(
        "vague",
        "a vague quantity",
        r"\b(?:many|some|several|a lot(?: of)?|lots of|a few|numerous|countless|most people)\b",
    ),
    _cue("question", "a question", r"\?[\"”’')\]]*\s*$"),
    _cue(
        "address",
        "thanks, a greeting, or an order",
        r"^\W*(?:thanks?|thank you|welcome|hello|good (?:morning|evening|night)|please|let['’]?s|let us|look|listen|"
        r"well|yes|no|okay|ok|sir|ladies)\b|\b(?:excuse me|thank you)\b|^\W*\([^()]*\)\W*$",
    ),
)


class CueMatch(NamedTuple):
    """One cue that occurs in a text."""

    name: str
    """Name of the cue."""
    says: str
    """Description of what the cue suggests."""
    text: str
    """Characters of the first occurrence."""
    times: int
    """Number of occurrences."""


def find_cues(text: str) -> list[CueMatch]:
    """Returns the cues that occur in a text, in the order of `CUES`."""
    cue_matches = []
    for cue in CUES:
        occurrences = [match.group() for match in cue.pattern.finditer(text)]
        if occurrences:
            cue_matches.append(CueMatch(cue.name, cue.says, occurrences[0], len(occurrences)))
    return cue_matches
