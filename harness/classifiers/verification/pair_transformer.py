"""Fine-tuned encoders that read a claim and a passage in one input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Integers, Vectors
from harness.classifiers.base import ScoreMatrix, Scorer, class_priors
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.encoders.embedding import EncoderClassifier
from harness.classifiers.encoders.settings import FineTuningSettings
from harness.data.claims import Claims, Gold
from harness.features.encoder_files import find_encoder
from harness.features.vector_cache import compute_or_load

if TYPE_CHECKING:
    from harness.features.network import TorchEncoder

Pairs = list[tuple[str, str]]
"""Claims with one of their passages each."""


def pairs_of(claims: Claims) -> tuple[Pairs, Integers]:
    """Each claim with each of its passages, or with an empty text; and the row of the claim of each pair."""
    rows: list[int] = []
    pairs: Pairs = []
    for row, (text, shown) in enumerate(zip(claims.text, claims.evidence, strict=True)):
        passages: Sequence[str] = [passage.text for passage in shown] or [""]
        pairs += [(str(text), passage) for passage in passages]
        rows += [row] * len(passages)
    return pairs, np.array(rows, dtype=np.int64)


@dataclass(frozen=True)
class PairTransformerScorer(Scorer):
    """Probabilities of a fine-tuned encoder with a linear head over pairs of claim and passage."""

    network: TorchEncoder
    threads: int
    """CPU threads for scoring."""
    chosen: str | None = None
    probabilities = True
    unsavable_reason = "it reads the passages of an experiment, which a saved model does not get"

    def score(self, claims: Claims) -> ScoreMatrix:
        """The softmax of the mean of the head's outputs over the passages of a claim; outputs are cached by pair."""
        from scipy.special import softmax

        from harness.features.network import deterministic

        means = np.zeros((len(claims), self.network.width))
        if not len(claims):
            return means
        pairs, rows = pairs_of(claims)
        with deterministic(0, self.threads):
            # As JSON, because outputs are cached by text.
            logits = compute_or_load(self._cache_space, [json.dumps(pair) for pair in pairs], self._logits)
        for row, of_claim in enumerate(np.split(logits.astype(np.float64), np.flatnonzero(np.diff(rows)) + 1)):
            means[row] = of_claim.mean(axis=0)
        scores: ScoreMatrix = softmax(means, axis=1)
        return scores

    def _logits(self, keys: list[str]) -> Vectors:
        return self.network.apply([tuple(json.loads(key)) for key in keys])

    @cached_property
    def _cache_space(self) -> str:
        """The key of all that the outputs for a pair depend on besides the pair."""
        return f"pairs {self.network.fingerprint()} {self.threads}"


class PairTransformer(EncoderClassifier, FineTuningSettings):
    """An encoder that reads claim and passage in one input, with a linear head; fine-tunes all weights.

    Each passage of a training claim makes one example with the claim's label, so that claims with many passages count
    more; a claim without a passage is read with an empty one. The score of a claim is the softmax of the mean of the
    head's outputs over its passages. It sees the first tokens of claim and passage together, with the knowledge of the
    pretrained encoder. It cannot see what only several passages say together. Cost: that of `transformer`, for each
    passage. Source: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding". If the training claims have one label only, scores are the label shares.
    """

    reads_evidence: ClassVar[bool] = True
    packages = ("torch", "transformers", "tokenizers")
    slow_to_fit = True
    saved_types = (ClassPriorScorer,)

    max_length: int = Field(default=256, ge=8)
    """Maximum number of tokens of claim and passage together; of the longer one, the rest is truncated. The encoder's
    own limit applies if it is lower."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fine-tunes the encoder to all pairs of a training claim and one of its passages."""
        self.check()
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        from harness.classifiers.encoders.fine_tuning import fine_tune

        pairs, rows = pairs_of(claims)
        folder = find_encoder(self.model)
        fine_tuned = fine_tune(self, folder, claims.take(rows), gold.take(rows), seed, pairs=pairs)
        return PairTransformerScorer(fine_tuned.network, self.threads, fine_tuned.chosen)
