"""Rules over a claim and the passages shown with it; nothing is learned but how often each rule meets each label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer
from harness.classifiers.verification.pair_comparison import (
    OPPOSITES,
    SENTENCE_END,
    Sentence,
    is_negation,
    read_sentence,
    stem_of,
)
from harness.classifiers.verification.pair_features import NUMBER, SCALES, STOP_WORDS, WORD, YEAR, words_of
from harness.data.claims import Claims, Gold, ShownPassage

AGREEMENT = (
    (1.0, "all words agree"),
    (0.8, "nearly all words agree"),
    (0.6, "most words agree"),
    (0.4, "half of the words agree"),
    (0.2, "some words agree"),
)
"""Rules of last resort: the least share of the claim's content words that the passages contain, and the rule."""
MIN_SHARED = 0.25
"""Least share of the claim's content words in a sentence from which it speaks of the same, for units and opposites."""
NEGATION_REACH = 3
"""Number of words after a negation that it negates."""
ROUNDING = 0.02
"""Difference between two numbers, as a share of the larger, up to which one is taken for the other rounded."""
_SPELLED = "zero one two three four five six seven eight nine ten eleven twelve"
SPELLED_NUMBERS = {word: str(number) for number, word in enumerate(_SPELLED.split()) if word != "one"}
"""Numbers in words. "one" is most often no number."""
_OF_A_NAME = re.compile(r"(?<=[^\W\d_])-\d+")


class _Number(NamedTuple):
    """A number of a text."""

    digits: str
    thing: str
    """Stem of the word after it, which is what it counts; empty at the end."""

    @property
    def is_year(self) -> bool:
        return YEAR.match(self.digits) is not None

    def equals(self, other: _Number) -> bool:
        """Whether the other is the same number, or the same but for rounding if it is no year."""
        if self.digits == other.digits or self.is_year or other.is_year:
            return self.digits == other.digits
        try:
            a, b = float(self.digits), float(other.digits)
        except ValueError:  # "1,5" or "3.4.5"
            return False
        return abs(a - b) <= ROUNDING * max(a, b)


def _numbers_of(text: str) -> list[_Number]:
    words = words_of(_OF_A_NAME.sub("", text))  # the 19 of COVID-19 is no number
    things = [*map(stem_of, words[1:]), ""]
    return [
        _Number(SPELLED_NUMBERS.get(word, word), thing)
        for word, thing in zip(words, things, strict=True)
        if NUMBER.fullmatch(word) or word in SPELLED_NUMBERS
    ]


def _negated(sentence: Sentence, shared: frozenset[str]) -> set[str]:
    """The stems, of those that claim and passage share, that stand shortly after a negation."""
    return {
        stem
        for place, word in enumerate(sentence.words)
        if is_negation(word)
        for stem in sentence.stems[place + 1 : place + 1 + NEGATION_REACH]
        if stem in shared
    }


def rule_of(claim: str, passages: tuple[ShownPassage, ...]) -> tuple[str, tuple[str, ...]]:
    """The first rule that applies to a claim and its passages, and the words of the claim that it is about."""
    texts = [text for passage in passages for text in SENTENCE_END.split(passage.text) if words_of(text)]
    if not texts:
        return "no passage", ()
    own, shown = read_sentence(claim), [read_sentence(text) for text in texts]
    known = frozenset[str]().union(*(sentence.stems for sentence in shown))
    best = max(shown, key=lambda sentence: len(own.content & sentence.content))
    by_number = _number_rule(_numbers_of(claim), [number for text in texts for number in _numbers_of(text)])
    # Numbers are compared as such, so that "seven" agrees with 7, and 2,310 with 2,300.
    content = own.content - {stem_of(word) for word in own.words if NUMBER.fullmatch(word) or word in SPELLED_NUMBERS}
    overlap = len(content & known) / max(1, len(content))
    if by_number and by_number[0] != "number missing":
        return by_number
    scales = sorted(set(own.words) & SCALES - set[str]().union(*(sentence.words for sentence in shown)))
    if scales and overlap >= MIN_SHARED and any(word in SCALES for sentence in shown for word in sentence.words):
        return "unit differs", tuple(scales)
    return (
        by_number
        or _meaning_rule(own, best)
        or _name_rule(claim, known, overlap)
        or (next((name for least, name in AGREEMENT if overlap >= least), "little in common"), ())
    )


def _number_rule(own: list[_Number], shown: list[_Number]) -> tuple[str, tuple[str, ...]] | None:
    """Whether the passages have another year, another number of the same thing, or lack a number of the claim."""
    missing = [number for number in own if not any(number.equals(other) for other in shown)]
    years = tuple(number.digits for number in missing if number.is_year)
    if years and any(number.is_year for number in shown):
        return "year differs", years
    things = {number.thing for number in shown if not number.is_year} - {""}
    counted = tuple(number.digits for number in missing if number.thing in things and not number.is_year)
    if counted:
        return "number differs", counted
    return ("number missing", tuple(number.digits for number in missing)) if missing else None


def _meaning_rule(own: Sentence, best: Sentence) -> tuple[str, tuple[str, ...]] | None:
    """Whether claim or passage denies what the other says, or one says more where the other says less."""
    shared = own.content & best.content
    by_claim, by_passage = _negated(own, shared), _negated(best, shared)
    if bool(by_claim) != bool(by_passage):
        return ("claim denies" if by_claim else "passage denies"), tuple(sorted(by_claim | by_passage))
    if len(shared) < MIN_SHARED * len(own.content):
        return None
    for name, (more, less) in OPPOSITES.items():
        signs = [
            any(word in more for word in sentence.words) - any(word in less for word in sentence.words)
            for sentence in (own, best)
        ]
        if signs[0] * signs[1] < 0:
            return f"opposite {name}", tuple(word for word in own.words if word in more | less)
    return None


def _name_rule(claim: str, known: frozenset[str], overlap: float) -> tuple[str, tuple[str, ...]] | None:
    """Whether the passages lack a capitalized word of the claim after its first."""
    names = [word for word in WORD.findall(claim)[1:] if word[:1].isupper() and word.lower() not in STOP_WORDS]
    missing = tuple(name.lower() for name in names if stem_of(name.lower()) not in known)
    return (("name missing" if overlap >= MIN_SHARED else "names and words missing"), missing) if missing else None


@dataclass(frozen=True)
class EvidenceRulesScorer(Scorer):
    """Probabilities of the labels by the rule that applies."""

    rules: tuple[str, ...]
    """Rules that training claims met."""
    shares: tuple[tuple[float, ...], ...]
    """Probabilities of the labels under each rule, in the order of `rules`."""
    otherwise: tuple[float, ...]
    """Probabilities under a rule that no training claim met."""
    probabilities = True

    def score(self, claims: Claims) -> ScoreMatrix:
        """The probabilities of the labels under the rule of each claim."""
        by_rule = dict(zip(self.rules, self.shares, strict=True))
        rules = [rule_of(*row)[0] for row in zip(claims.text, claims.evidence, strict=True)]
        return np.array([by_rule.get(rule, self.otherwise) for rule in rules]).reshape(len(rules), len(self.otherwise))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The rule of each claim, with the words that it is about."""
        scores, reasons = self.score(claims), list[tuple[Reason, ...]]()
        for row, (text, shown) in enumerate(zip(claims.text, claims.evidence, strict=True)):
            rule, words = rule_of(text, shown)
            weight = float(scores[row, -1]) - self.otherwise[-1]
            reasons.append((Reason(rule, words[0] if words else "", weight),))
        return reasons


class EvidenceRules(Classifier):
    """Named rules: years, numbers, units, negations, opposites or names that differ between a claim and its passages.

    Numbers are compared by what they count, and but for rounding; a negation counts if it is close to a word that claim
    and passage share; without such a difference, the share of words that agree decides. The first rule that applies
    decides. The training claims say how often each label occurs under a rule (a rule counts as one more claim with the
    label shares of all claims); balanced, so that the most frequent label does not win everywhere. It sees words of the
    claim and of the passages; it cannot see what is said of them. Cost: thousands of claims a second. The rules are not
    taken from a paper.
    """

    reads_evidence: ClassVar[bool] = True
    uses_seed: ClassVar[bool] = False
    packages = ("numpy",)
    saved_types = (EvidenceRulesScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Counts the labels under each rule."""
        rules = [rule_of(*row)[0] for row in zip(claims.text, claims.evidence, strict=True)]
        n_labels = len(gold.labels)
        per_label = np.bincount(gold.codes, minlength=n_labels).astype(np.float64)
        present = (per_label > 0).astype(np.float64)
        otherwise = present / present.sum()
        names, shares = sorted(set(rules)), []
        for name in names:
            codes = gold.codes[np.array([rule == name for rule in rules])]
            # Each label is weighted by the inverse of its frequency, as if all labels were equally frequent.
            counts = np.bincount(codes, minlength=n_labels) / np.maximum(per_label, 1) * per_label.sum() / present.sum()
            counts = counts + otherwise
            shares.append(tuple((counts / counts.sum()).tolist()))
        return EvidenceRulesScorer(tuple(names), tuple(shares), tuple(otherwise.tolist()))
