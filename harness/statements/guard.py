"""The guard of what a model writes in the place of a claim: what is no statement of the claim is never used.

Nothing here knows what is true. It refuses what is no single sentence, what is about something else or in another
language, and numbers and names that neither the claim nor its article has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.data.sentences.segment import sentences, supported

EMPTY, MARKUP, SEVERAL = "empty", "markup", "several sentences"
INSTRUCTIONS, ELSEWHERE, INVENTED = "words to the reader", "another language or another claim", "invented"
"""Reasons why a statement is not used."""
MIN_SHARED = 0.25
"""Least share of the words of a statement that its claim or article has; fewer are another language or another text."""
MIN_WORDS = 4
"""Fewest words of a statement whose share counts."""

_SCRIPTS_WITHOUT_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_SCRIPTS_WITHOUT_BLANKS}]|[^\W_{_SCRIPTS_WITHOUT_BLANKS}]+(?:[.'’][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*")
_MARKUP = re.compile(r"</?[a-z][^>]*>|```|\*\*|__|[{}\[\]|]|https?://", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[-*#>|]+|\d+[.)])\s")
_TO_READER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.*\b(?:instructions?|prompts?|above|rules)\b"
    r"|\b(?:as an ai|language model|system prompt)\b|^(?:sure|certainly|of course|here is|here's)\b"
    r"|^(?:i cannot|i can't|sorry)\b"
    r"|\b(?:rewritten|reworded|normalized|decontextualized) (?:claim|statement|sentence)\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = {
    word: str(number)
    for number, word in [
        *enumerate(
            ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
        ),
        *(
            (10 * tens, word)
            for tens, word in enumerate(
                ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
            )
        ),
        *((100, "hundred"), (1_000, "thousand"), (1_000_000, "million"), (1_000_000_000, "billion")),
    ]
}
"""Words for numbers; one is left out, because it mostly counts nothing."""


def refusal(
    statement: str, claim: str, material: Iterable[str], language: str = "en"
) -> tuple[str | None, tuple[str, ...]]:
    """Returns why a statement is not used, and the numbers and names that it invents; (None, ()) if it is used.

    Args:
        statement: what the model wrote.
        claim: text of the claim.
        material: what else the statement may take numbers and names from: article, title, speaker, date.
        language: language of the claim.

    >>> refusal("The mayor of Bonn resigned in 2019.", "He resigned.", ["The mayor of Bonn left office."])
    ('invented', ('2019',))
    """
    known = " ".join([claim, *material])
    if not any(character.isalnum() for character in statement):
        return EMPTY, ()
    if _new_match(_MARKUP, statement, known) or (_BULLET.match(statement) and not _BULLET.match(claim)):
        return MARKUP, ()
    if _new_match(_TO_READER, statement, known):
        return INSTRUCTIONS, ()
    if "\n" in statement.strip() or len(sentences(statement, language=language if supported(language) else "en")) > 1:
        return SEVERAL, ()
    if not _is_about(statement, claim, known):
        return ELSEWHERE, ()
    invented = (*_invented_numbers(statement, known), *_invented_names(statement, known))
    return (INVENTED, invented) if invented else (None, ())


def _new_match(pattern: re.Pattern[str], statement: str, known: str) -> bool:
    """Whether a statement has what a pattern matches and the claim and its article do not."""
    return any(match.group().strip().lower() not in known.lower() for match in pattern.finditer(statement))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _is_about(statement: str, claim: str, known: str) -> bool:
    """Whether a statement has a word of its claim, and enough words of the claim and its article."""
    words, of_claim, of_all = _words(statement), set(_words(claim)), set(_words(known))
    if len(of_claim) >= MIN_WORDS and of_claim.isdisjoint(words):
        return False
    plain = [word for word in words if not word.isdigit()]
    return len(plain) < MIN_WORDS or sum(word in of_all for word in plain) >= MIN_SHARED * len(plain)


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    """Each number of a text, as it is written and without marks between its digits."""
    for match in _NUMBER.finditer(text):
        yield match.group(), re.sub(r"\D", "", match.group())
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _NUMBER_WORDS:
            yield word, _NUMBER_WORDS[word]


def _invented_numbers(statement: str, known: str) -> Iterator[str]:
    given = {digits for _, digits in _numbers(known)}
    return (written for written, digits in dict(_numbers(statement)).items() if digits not in given)


def _invented_names(statement: str, known: str) -> Iterator[str]:
    """Words with a capital letter, but for the first, that the claim and its article have in no form."""
    given = {_base(word) for word in _words(known)}
    written = dict.fromkeys(match.group() for match in _WORD.finditer(statement) if match.start() > 0)
    return (word for word in written if word[0].isupper() and _base(word.lower()) not in given)


def _base(word: str) -> str:
    """A word without the marks of an abbreviation and a possessive."""
    return re.sub(r"['’]s$", "", word).replace(".", "")
