"""Explains scores by occlusion: leaves out each word in turn and measures the change of the score."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats
from harness.classifiers.base import N_REASONS, Reason, ScoreMatrix, Scorer
from harness.data.claims import Claims
from harness.display import displayed

MAX_WORDS = 60
"""Maximum number of distinct words of a claim that are left out; encoders hardly read further."""
MAX_CHARACTERS = 2_000
"""Number of characters of a claim that are searched for words."""
TEXTS_PER_CALL = 4_096
"""Number of texts scored at once, which bounds memory."""
PROBABILITY_EPSILON = 1e-9
"""Distance from 0 and 1 to which probabilities are clipped, so that log-odds are finite."""
_WORD = re.compile(r"\w+(?:['’.,:-]\w+)*|[%$€£¥?!]")
"""A word or number with its inner punctuation ("U.S", "3,5"), or a sign with a meaning of its own."""

ScoreTexts = Callable[[list[str]], Floats]
"""A function from texts to the probabilities of a label, shape (n_texts,)."""


@displayed
class Occlusion(NamedTuple):
    """The texts to score for the explanation of one claim."""

    words: dict[str, str]
    """Distinct words in lower case, and how each is first written in the claim."""
    texts: list[str]
    """The claim, and then for each word the claim without it."""


class EncoderScorer(Scorer):
    """Base of scorers that read text with a network, whose weights do not belong to words."""

    @abstractmethod
    def score_texts(self, texts: list[str]) -> ScoreMatrix:
        """The return value of `score` for claims with these texts, without a cache; shape (n_texts, n_labels)."""

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The words whose removal changes the score of the last label most; see `occlusion_reasons`."""
        return occlusion_reasons(lambda texts: self.score_texts(texts)[:, -1], claims)


def occlusion_reasons(score_texts: ScoreTexts, claims: Claims) -> list[tuple[Reason, ...]]:
    """The decrease of the log-odds of a label when a word is left out, at all its occurrences in the claim.

    Words interact in a network, so the reasons of a claim do not add up to its score. Scores a claim once for each of
    its words. Source: Li, Monroe and Jurafsky 2016, "Understanding neural networks through representation erasure".

    Args:
        score_texts: function from texts to the probabilities of the label, shape (n_texts,).
        claims: n_claims rows.
    Returns: at most ten reasons per claim, strongest first.
    """
    reasons: list[tuple[Reason, ...]] = []
    # The texts of several claims go to the network together, because one claim has too few texts to keep it busy.
    batch: list[Occlusion] = []
    n_texts = 0
    for text in claims.text:
        batch.append(_occlude(str(text)))
        n_texts += len(batch[-1].texts)
        if n_texts >= TEXTS_PER_CALL:
            reasons += _batch_reasons(score_texts, batch)
            batch, n_texts = [], 0
    return reasons + _batch_reasons(score_texts, batch)


def _occlude(text: str) -> Occlusion:
    matches_by_word: dict[str, list[re.Match[str]]] = {}
    for match in _WORD.finditer(text[:MAX_CHARACTERS]):
        matches_by_word.setdefault(match.group().lower(), []).append(match)
    texts = [text]
    words = {}
    for word, matches in list(matches_by_word.items())[:MAX_WORDS]:
        words[word] = matches[0].group()
        # The text between the occurrences of the word: from the end of each to the start of the next.
        ends = [0, *(match.end() for match in matches)]
        starts = [*(match.start() for match in matches), len(text)]
        texts.append("".join(text[end:start] for end, start in zip(ends, starts, strict=True)))
    return Occlusion(words, texts)


def _batch_reasons(score_texts: ScoreTexts, batch: list[Occlusion]) -> list[tuple[Reason, ...]]:
    if not batch:
        return []
    probabilities = score_texts([text for occlusion in batch for text in occlusion.texts])
    clipped = np.clip(probabilities, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON)
    log_odds = np.log(clipped / (1 - clipped))
    batch_reasons = []
    start = 0
    for words, texts in batch:
        # The first text of a claim is the claim itself.
        decreases = log_odds[start] - log_odds[start + 1 : start + len(texts)]
        start += len(texts)
        reasons = [
            Reason(f"word:{word}", written, decrease)
            for (word, written), decrease in zip(words.items(), decreases.tolist(), strict=True)
            if decrease
        ]
        reasons.sort(key=lambda reason: (-abs(reason.weight), reason.name))
        batch_reasons.append(tuple(reasons[:N_REASONS]))
    return batch_reasons
