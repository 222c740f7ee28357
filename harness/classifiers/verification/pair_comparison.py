"""The comparison of a claim with the passages shown with it, as numbers by name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from harness.classifiers.verification.pair_features import NEGATIONS, NUMBER, STOP_WORDS, read_pair, words_of
from harness.data.claims import ShownPassage

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_MORE = (
    "increase increases increased increasing rise rises rising rose grow grows growing grew gain gained exceed exceeds "
    "higher high more most greater larger largest above over up improve improved improves better best faster warmer "
    "warming hotter longer older major many always often majority worse worst strong stronger"
)
_LESS = (
    "decrease decreases decreased decreasing fall falls falling fell decline declines declined declining reduce "
    "reduces reduced reducing lower low less least fewer smaller smallest below under down lose lost slower cooler "
    "cooling colder shorter younger minor few rarely seldom minority weak weaker"
)
_BEFORE = "before prior earlier first earliest begin began begun start started beginning predates"
_AFTER = "after later last latest end ended ending following final finally"
OPPOSITES = {
    "direction": (frozenset(_MORE.split()), frozenset(_LESS.split())),
    "time": (frozenset(_BEFORE.split()), frozenset(_AFTER.split())),
}
"""Words that say the opposite of each other, by what they are about."""
LETTERS = 4
"""Length of the sequences of letters that are compared."""


class Sentence(NamedTuple):
    """A sentence of a claim or a passage."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    """Stem of each word."""
    content: frozenset[str]
    """Stems of the words that carry meaning."""
    pairs: frozenset[tuple[str, str]]
    """Stems that follow each other."""
    letters: frozenset[str]
    """Sequences of letters of the words, blanks included."""


@lru_cache(maxsize=8192)
def read_sentence(text: str) -> Sentence:
    """Reads one sentence."""
    words = tuple(words_of(text))
    stems = tuple(map(stem_of, words))
    joined = " ".join(words)
    return Sentence(
        words,
        stems,
        frozenset(stem for stem, word in zip(stems, words, strict=True) if word not in STOP_WORDS),
        frozenset(pairwise(stems)),
        frozenset(joined[i : i + LETTERS] for i in range(len(joined) - LETTERS + 1)),
    )


def stem_of(word: str) -> str:
    """The first five letters of a word, without the plural s of a short one; numbers as they are."""
    if word[:1].isdigit():
        return word
    return word[:5] if len(word) > 5 else word.removesuffix("s") if len(word) > 3 else word


def comparison(claim: str, passages: tuple[ShownPassage, ...]) -> dict[str, float]:
    """How a claim and its passages differ, as numbers by name; without passages, what is known of the claim alone."""
    own = read_sentence(claim)
    numbers = _reading(claim, own, passages) | {"claim length": math.log1p(len(own.words))}
    shown = [read_sentence(part) for passage in passages for part in SENTENCE_END.split(passage.text) if words_of(part)]
    if not shown:
        return numbers
    best = max(shown, key=lambda sentence: len(own.content & sentence.content))
    known = frozenset[str]().union(*(sentence.stems for sentence in shown))
    return (
        numbers
        | _overlap(own, shown, best, known)
        | _missing_words(own, known)
        | _negations(own, shown, best)
        | _opposites(own, best)
        | _numbers(own, shown)
    )


def tagged_words(claim: str, passages: tuple[ShownPassage, ...]) -> dict[str, float]:
    """The words of claim and passages, tagged by where their stems occur.

    A word of the claim stands as itself and as found or missing, so that the model can tell what a word of a claim
    says alone from what it says if the passages have it, or lack it. Other words of the passages stand as `evidence:`.
    """
    own = read_sentence(claim)
    shown = [read_sentence(part) for passage in passages for part in SENTENCE_END.split(passage.text)]
    known = frozenset[str]().union(*(sentence.stems for sentence in shown))
    tagged = {f"claim:{word}": 1.0 for word in own.words}
    tagged |= {
        f"{'in' if stem in known else 'out'}:{word}": 1.0 for word, stem in zip(own.words, own.stems, strict=True)
    }
    stems = frozenset(own.stems)
    other = (pair for sentence in shown for pair in zip(sentence.words, sentence.stems, strict=True))
    return tagged | {f"evidence:{word}": 1.0 for word, stem in other if stem not in stems}


def _reading(claim: str, own: Sentence, passages: tuple[ShownPassage, ...]) -> dict[str, float]:
    """What the rules compare: whole words, numbers, years, units and names."""
    reading = read_pair(claim, passages)
    return {
        "overlap": reading.overlap,
        "best overlap": reading.best_overlap,
        "numbers missing": float(len(reading.missing_numbers)),
        "years missing": float(len(reading.missing_years)),
        "other numbers": float(reading.other_numbers),
        "units differ": float(len(reading.missing_scales)),
        "names missing": float(len(reading.missing_names)),
        "negation differs": float(reading.negation_differs),
        "claim has number": float(bool(NUMBER.search(claim))),
        "claim has negation": float(bool(_count_negations(own.words))),
        "passages": float(min(len(passages), 5)),
    }


def _overlap(own: Sentence, shown: Sequence[Sentence], best: Sentence, known: frozenset[str]) -> dict[str, float]:
    """How much of the claim the sentences contain, as stems, pairs of them and sequences of letters, and vice versa."""
    n_content = max(1, len(own.content))
    pairs = frozenset[tuple[str, str]]().union(*(sentence.pairs for sentence in shown))
    letters = frozenset[str]().union(*(sentence.letters for sentence in shown))
    return {
        "evidence length": math.log1p(sum(len(sentence.words) for sentence in shown)),
        "stem overlap": len(own.content & known) / n_content,
        "best stem overlap": len(own.content & best.content) / n_content,
        "share of best sentence": len(own.content & best.content) / max(1, len(best.content)),
        "pair overlap": len(own.pairs & pairs) / max(1, len(own.pairs)),
        "letter overlap": len(own.letters & letters) / max(1, len(own.letters)),
        "best letter overlap": max(len(own.letters & sentence.letters) for sentence in shown)
        / max(1, len(own.letters)),
    }


def _missing_words(own: Sentence, known: frozenset[str]) -> dict[str, float]:
    """The words of the claim that no sentence contains: how many, where, and between words that do occur."""
    present = [stem in known for stem in own.stems]
    carries_meaning = [word not in STOP_WORDS for word in own.words]
    missing = [i for i, is_content in enumerate(carries_meaning) if is_content and not present[i]]
    last = len(present) - 1
    replaced = [i for i in missing if (i == 0 or present[i - 1]) and (i == last or present[i + 1])]
    pattern = "".join("x" if is_present else " " for is_present in present)
    return {
        "words missing": float(len(missing)),
        "share missing": len(missing) / max(1, sum(carries_meaning)),
        "words replaced": float(len(replaced)),
        "last word missing": float(bool(present) and not present[-1]),
        "longest run": max(map(len, pattern.split(" "))) / max(1, len(present)),
        "longest run missing": float(max(map(len, pattern.split("x")))),
    }


def _negations(own: Sentence, shown: Sequence[Sentence], best: Sentence) -> dict[str, float]:
    """Negations of the claim, of the best sentence and of all."""
    of_claim, of_best = _count_negations(own.words), _count_negations(best.words)
    of_all = sum(_count_negations(sentence.words) for sentence in shown)
    return {
        "negations": float(of_claim),
        "negations of best sentence": float(of_best),
        "negations of evidence": float(of_all),
        "negations odd": float((of_claim - of_best) % 2),
        "negated in claim alone": float(of_claim > 0 and of_all == 0),
        "negated in evidence alone": float(of_claim == 0 and of_best > 0),
    }


def _opposites(own: Sentence, best: Sentence) -> dict[str, float]:
    """Whether the claim says more where the best sentence says less, before where it says after, or vice versa."""
    numbers = dict[str, float]()
    for name, (one, other) in OPPOSITES.items():
        of_claim, of_best = (
            any(word in one for word in sentence.words) - any(word in other for word in sentence.words)
            for sentence in (own, best)
        )
        numbers |= {name: float(of_claim * of_best), f"{name} of claim": float(of_claim)}
    return numbers


def _numbers(own: Sentence, shown: Sequence[Sentence]) -> dict[str, float]:
    """Numbers that both have, and those of the evidence alone."""
    of_claim = _numerals(own.words)
    of_evidence = _numerals(word for sentence in shown for word in sentence.words)
    return {
        "numbers in": float(len(of_claim & of_evidence)),
        "evidence has other numbers": float(bool(of_evidence - of_claim)),
        "number contradicted": float(bool(of_claim - of_evidence) and bool(of_evidence - of_claim)),
    }


def _numerals(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word for word in words if NUMBER.fullmatch(word))


def _count_negations(words: Iterable[str]) -> int:
    return sum(map(is_negation, words))


def is_negation(word: str) -> bool:
    """Whether a word in lower case is a negation."""
    return word in NEGATIONS or word.endswith(("n't", "n’t"))
