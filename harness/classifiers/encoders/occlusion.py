"""Which words moved the score of a system that cannot say it by itself: each is left out in turn."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from harness.arrays import Floats
from harness.classifiers.base import N_REASONS, Reason, ScoreMatrix, Scorer
from harness.data.claims import Claims

MAX_WORDS = 60
"""Different words of a claim that are tried, the first ones; encoders hardly read further."""
MAX_CHARACTERS = 2_000
"""Characters of a claim in which words are looked for."""
TEXTS_AT_A_TIME = 4_096
PROBABILITY_EPSILON = 1e-9
_WORD = re.compile(r"\w+(?:['’.,:-]\w+)*|[%$€£¥?!]")
"""Words and numbers as a reader sees them, and the few signs that say something by themselves."""


class EncoderScorer(Scorer):
    """Base of scorers that read a claim's text with a network: no weight of theirs belongs to a word."""

    @abstractmethod
    def chances(self, texts: list[str]) -> ScoreMatrix:
        """What `score` gives for claims with these texts, computed anew; shape (n_texts, n_labels)."""

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The words without which the score of the last label would move most; see `occlusion_reasons`."""
        return occlusion_reasons(lambda texts: self.chances(texts)[:, -1], claims)


def occlusion_reasons(chances: Callable[[list[str]], Floats], claims: Claims) -> list[tuple[Reason, ...]]:
    """How far the log-odds of each claim's label fall where a word is left out, wherever it stands in the claim.

    Words act together in a network, so that the reasons of a claim do not add up to its score. Costs as much as scoring
    a claim once for each of its words. Source: Li, Monroe and Jurafsky 2016, "Understanding neural networks through
    representation erasure".

    Args:
        chances: texts to probabilities of the label, shape (n_texts,).
        claims: n_claims rows.
    Returns: at most ten reasons a claim, the strongest first.
    """
    found: list[tuple[Reason, ...]] = []
    waiting: list[tuple[dict[str, str], list[str]]] = []
    size = 0
    for text in claims.text:
        waiting.append(_without(str(text)))
        size += len(waiting[-1][1])
        if size >= TEXTS_AT_A_TIME:
            found += _reasons(chances, waiting)
            waiting, size = [], 0
    return found + _reasons(chances, waiting)


def _without(text: str) -> tuple[dict[str, str], list[str]]:
    """The different words of a text, as first written there, and the text: whole, and then without each."""
    places: dict[str, list[re.Match[str]]] = {}
    for match in _WORD.finditer(text[:MAX_CHARACTERS]):
        places.setdefault(match.group().lower(), []).append(match)
    texts, words = [text], {}
    for word, matches in list(places.items())[:MAX_WORDS]:
        words[word] = matches[0].group()
        ends = [0, *(match.end() for match in matches)]
        starts = [*(match.start() for match in matches), len(text)]
        texts.append("".join(text[end:start] for end, start in zip(ends, starts, strict=True)))
    return words, texts


def _reasons(
    chances: Callable[[list[str]], Floats], waiting: list[tuple[dict[str, str], list[str]]]
) -> list[tuple[Reason, ...]]:
    if not waiting:
        return []
    likely = np.clip(
        chances([text for _, texts in waiting for text in texts]), PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON
    )
    odds, start, found = np.log(likely / (1 - likely)), 0, []
    for words, texts in waiting:
        fall = odds[start] - odds[start + 1 : start + len(texts)]
        start += len(texts)
        listed = zip(words.items(), fall.tolist(), strict=True)
        reasons = [Reason(f"word:{word}", written, moved) for (word, written), moved in listed if moved]
        found.append(tuple(sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.name))[:N_REASONS]))
    return found
