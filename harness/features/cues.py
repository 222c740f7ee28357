"""Cues: named patterns in a claim's surface that bear on whether it states a checkable fact."""

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
    """What finding it suggests, in words."""
    pattern: re.Pattern[str]


def _cue(name: str, says: str, pattern: str, *, cased: bool = False) -> Cue:
    return Cue(name, says, re.compile(pattern, 0 if cased else re.IGNORECASE))


CUES: tuple[Cue, ...] = (
    _cue("percent", "a share", r"\d[\d.,]*\s?(?:%|percent\b|per cent\b|percentage points?\b)|\bpercent\b"),
    _cue("money", "an amount of money", r"[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:dollars?|euros?|pounds|cents)\b"),
    _cue("number", "a number", rf"\b\d[\d.,]*\b|\b(?:{COUNTS})\b"),
    _cue("date", "a date or a year", rf"\b(?:1[5-9]|20)\d\d\b|\b(?:{MONTHS})\b(?=\s+\d|\s+of\b|,)", cased=True),
    _cue(
        "time_span",
        "a time that is named",
        r"\b(?:last|past|this|since|in the last)\s+(?:year|month|week|decade|century)",
    ),
    _cue(
        "name",
        "a name, by its shape, after the first word",
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
        "a change that is measured",
        r"\b(?:rose|risen|fell|fallen|grew|grown|increas\w+|decreas\w+|declin\w+|dropped|cut|lost|gained|doubled|"
        r"created|spent|cost|raised|reduced)\b",
    ),
    _cue(
        "attribution",
        "somebody's words or a source",
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
        "a belief, a wish or a value judgment",
        r"\b(?:I|we) (?:think|believe|hope|feel|want|know|wish|like|love|guess|suppose)\b|"
        r"\b(?:should|ought|must|hopefully|wonderful|terrible|great|disgrace\w*|shame\w*|beautiful|sad(?:ly)?|proud|"
        r"fortunately|wrong|right thing)\b",
    ),
    _cue(
        "plan",
        "a promise, a plan or a prediction",
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
        "thanks, a greeting or an order",
        r"^\W*(?:thanks?|thank you|welcome|hello|good (?:morning|evening|night)|please|let['’]?s|let us|look|listen|"
        r"well|yes|no|okay|ok|sir|ladies)\b|\b(?:excuse me|thank you)\b|^\W*\([^()]*\)\W*$",
    ),
)


class CueMatch(NamedTuple):
    """A cue in a text."""

    name: str
    says: str
    text: str
    """The characters of its first occurrence."""
    times: int


def find_cues(text: str) -> list[CueMatch]:
    """The cues of a text, in the order of `CUES`."""
    found = []
    for cue in CUES:
        matches = [match.group() for match in cue.pattern.finditer(text)]
        if matches:
            found.append(CueMatch(cue.name, cue.says, matches[0], len(matches)))
    return found
