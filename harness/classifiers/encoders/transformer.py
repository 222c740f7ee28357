"""Fine-tuned encoders of the transformers library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.arrays import Vectors
from harness.classifiers.base import ScoreMatrix, Scorer, class_priors
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.encoders.embedding import EncoderClassifier
from harness.classifiers.encoders.occlusion import EncoderScorer
from harness.classifiers.encoders.settings import FineTuningSettings
from harness.classifiers.storage.fit_cache import cached_folder
from harness.data.claims import Claims, Gold
from harness.errors import FaultsError, HarnessError
from harness.features.encoder_files import (
    TrainingRecord,
    extend_training_record,
    find_encoder,
    read_trained_on,
    require_torch,
    write_trained_on,
)
from harness.features.vector_cache import compute_or_load
from harness.files import json_document, read_bytes, write_text

if TYPE_CHECKING:
    from harness.features.network import TorchEncoder

ENCODER = "encoder"
"""Folder of the encoder in a saved model."""
SETTINGS = "transformer.json"
"""File with the settings of the encoder in a saved model."""


@dataclass(frozen=True)
class TransformerScorer(EncoderScorer):
    """Probabilities of a fine-tuned encoder with a linear head."""

    probabilities: ClassVar[bool] = True
    in_files: ClassVar[tuple[str, ...]] = ("network", "trained_on")
    network: TorchEncoder
    trained_on: TrainingRecord
    """Record of all texts that the encoder was fine-tuned on, including earlier fits."""
    threads: int
    """CPU threads for scoring."""
    chosen: str | None = None

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities: the softmax of the head's outputs, which are cached by text."""
        return self._softmax(
            list(claims.text), lambda texts: compute_or_load(self._cache_space, texts, self.network.apply)
        )

    def score_texts(self, texts: list[str]) -> ScoreMatrix:
        """Probabilities for texts; nothing is cached."""
        return self._softmax(texts, self.network.apply)

    def _softmax(self, texts: list[str], apply: Callable[[list[str]], Vectors]) -> ScoreMatrix:
        from scipy.special import softmax

        from harness.features.network import deterministic

        if not texts:
            return np.zeros((0, self.network.head.out_features))
        with deterministic(0, self.threads):
            scores: ScoreMatrix = softmax(apply(texts).astype(np.float64), axis=1)
        return scores

    @cached_property
    def _cache_space(self) -> str:
        """The key of all that the outputs for a text depend on besides the text."""
        return f"{self.network.fingerprint()} {self.threads}"

    def save_files(self, folder: Path) -> None:
        """Writes the settings and the fine-tuned encoder; its folder `encoder/` is a valid `model` of an experiment."""
        network = self.network
        network.save(folder / ENCODER)
        write_trained_on(folder / ENCODER, self.trained_on)
        settings = {"format": 1, "pooling": network.pooling, "max_length": network.max_length}
        write_text(folder / SETTINGS, json_document(settings))

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """Loads the network and the training record that `save_files` wrote; runs no code from the folder.

        Raises: HarnessError: a file is missing or damaged, or a package is not installed.
        """
        require_torch()
        from harness.features.network import load

        path = folder / SETTINGS
        try:
            settings = json.loads(read_bytes(path))
            network = load(find_encoder(str(folder / ENCODER)), str(settings["pooling"]), int(settings["max_length"]))
        except (ValueError, TypeError, KeyError):
            raise FaultsError.single(path, "does not contain the settings of a saved transformer") from None
        if network.head is None:
            raise FaultsError.single(folder / ENCODER, "is an encoder without a head, not a saved transformer")
        return {"network": network, "trained_on": read_trained_on(folder / ENCODER)}


def saved_encoder_folder(scorer: Scorer) -> Path:
    """Saves the encoder of a scorer to a cache; returns its folder, for the setting `model` of another classifier.

    Raises: HarnessError: the scorer has no encoder, or the folder cannot be written.
    """
    if not isinstance(scorer, TransformerScorer):
        raise HarnessError("the training claims of the other dataset have one label only, so no encoder was fine-tuned")
    return cached_folder(f"encoder-{scorer.network.fingerprint()}", scorer.save_files) / ENCODER


class Transformer(EncoderClassifier, FineTuningSettings):
    """An encoder with a linear head on the pooled vector; fine-tunes all weights to the training claims.

    Sees the first tokens of the claim, with the knowledge of the pretrained encoder; cannot see the context of the
    claim. Devlin et al. 2019, "BERT"; training as in Mosbach et al. 2021 for stable results: AdamW, linear warm-up and
    decay, several epochs. The same seed gives the same scores on the same machine. If the training claims have one
    label only, scores are the label shares.
    """

    packages = ("torch", "transformers", "tokenizers")
    slow_to_fit = True
    saved_types = (TransformerScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fine-tunes the encoder."""
        self.check()
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        from harness.classifiers.encoders.fine_tuning import fine_tune

        folder = find_encoder(self.model)
        fine_tuned = fine_tune(self, folder, claims, gold, seed)
        sources = {str(source) for source in claims.source if source is not None}
        trained_on = extend_training_record(read_trained_on(folder), sources, list(claims.text))
        return TransformerScorer(fine_tuned.network, trained_on, self.threads, fine_tuned.chosen)
