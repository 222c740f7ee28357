"""Any encoder of the transformers library, fine-tuned."""

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
SETTINGS = "transformer.json"


@dataclass(frozen=True)
class TransformerScorer(EncoderScorer):
    """Probabilities of a fine-tuned encoder with its linear head."""

    probabilities: ClassVar[bool] = True
    in_files: ClassVar[tuple[str, ...]] = ("network", "trained_on")
    network: TorchEncoder
    trained_on: TrainingRecord
    threads: int
    chosen: str | None = None

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities: the softmax of the head, which is computed once per text and kept."""
        return self._softmax(list(claims.text), lambda texts: compute_or_load(self._space, texts, self.network.apply))

    def chances(self, texts: list[str]) -> ScoreMatrix:
        """The same for texts, of which nothing is kept."""
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
    def _space(self) -> str:
        return f"{self.network.fingerprint()} {self.threads}"

    def save_files(self, folder: Path) -> None:
        """Writes its settings and the fine-tuned encoder, `encoder/`, which `model:` of an experiment can name."""
        network = self.network
        network.save(folder / ENCODER)
        write_trained_on(folder / ENCODER, self.trained_on)
        settings = {"format": 1, "pooling": network.pooling, "max_length": network.max_length}
        write_text(folder / SETTINGS, json_document(settings))

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """The network that `save_files` wrote, and what it was trained on; nothing in the folder is executed.

        Raises: HarnessError: a file is absent or damaged, or a package is missing.
        """
        require_torch()
        from harness.features.network import load

        path = folder / SETTINGS
        try:
            said = json.loads(read_bytes(path))
            network = load(find_encoder(str(folder / ENCODER)), str(said["pooling"]), int(said["max_length"]))
        except (ValueError, TypeError, KeyError):
            raise FaultsError.single(path, "is not a kept transformer") from None
        if network.head is None:
            raise FaultsError.single(folder / ENCODER, "has no head; it is an encoder, and not a kept transformer")
        return {"network": network, "trained_on": read_trained_on(folder / ENCODER)}


def saved_encoder_folder(scorer: Scorer) -> Path:
    """The folder of a fine-tuned encoder, as the setting `model` of another classifier takes it.

    Raises: HarnessError: the scorer has no encoder, or it cannot be written.
    """
    if not isinstance(scorer, TransformerScorer):
        raise HarnessError("the other dataset's training claims show one label only, so no encoder was fine-tuned")
    return cached_folder(f"encoder-{scorer.network.fingerprint()}", scorer.save_files) / ENCODER


class Transformer(EncoderClassifier, FineTuningSettings):
    """An encoder with a linear head on the pooled vector, all of it fine-tuned to the training claims.

    Sees the claim's first tokens with what pretraining taught the encoder; cannot see what lies outside the sentence.
    Devlin et al. 2019, "BERT"; Mosbach et al. 2021 for the steady recipe: AdamW, linear warm-up and decay, several
    epochs. Same seed, same scores on the same machine. Training claims of one label give the shares of the labels.
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
        tuned = fine_tune(self, folder, claims, gold, seed)
        sources = {str(source) for source in claims.source if source is not None}
        trained_on = extend_training_record(read_trained_on(folder), sources, list(claims.text))
        return TransformerScorer(tuned.network, trained_on, self.threads, tuned.chosen)
