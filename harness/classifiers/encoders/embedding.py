"""Sentence embeddings of a frozen encoder, with a linear head."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.arrays import Floats, Vectors
from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, as_two_columns, class_priors
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.encoders.occlusion import EncoderScorer
from harness.data.claims import Claims, Gold
from harness.errors import FaultsError
from harness.features.encoder_files import (
    copy_encoder,
    encoder_fingerprint,
    find_encoder,
    hub_host,
    read_trained_on,
    require_extra,
    require_torch,
)
from harness.features.encoders import Encoder, EncoderSettings
from harness.files import json_document, read_bytes, write_text

ENCODER = "encoder"
SETTINGS = "encoder.json"


class EncoderClassifier(Classifier, EncoderSettings):
    """Base of the classifiers that read a claim with an encoder."""

    def check(self) -> None:
        """Raises: HarnessError: the encoder, or a package that it needs, is not there."""
        require_torch()
        if hub_host(self.model) is None:
            find_encoder(self.model)

    def input_fingerprint(self) -> str:
        """The fingerprint of the encoder's files."""
        return encoder_fingerprint(find_encoder(self.model))

    def downloads(self) -> tuple[str, ...]:
        """The Hub, where the encoder has to be downloaded."""
        host = hub_host(self.model)
        return () if host is None else (host,)

    def seen_in_pretraining(self, texts: list[str]) -> tuple[npt.NDArray[np.bool_], str]:
        """The texts that the encoder was fine-tuned on, as it says itself."""
        found = read_trained_on(find_encoder(self.model))
        return found.has(texts), f"the encoder '{self.model}' was fine-tuned on {', '.join(found.sources)}"


@dataclass(frozen=True)
class EmbeddingScorer(EncoderScorer):
    """Probabilities of a logistic regression on embeddings; with more than two labels, of one against the rest."""

    probabilities: ClassVar[bool] = True
    in_files: ClassVar[tuple[str, ...]] = ("encoder",)
    encoder: Encoder
    n_labels: int
    labels: tuple[int, ...]
    """The labels that have weights: the positive one, or those that occur in the training claims."""
    weights: Floats
    """Shape (n_dimensions, n_labels that have weights)."""
    intercepts: Floats

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label that no training claim had."""
        return self._chances(list(claims.text), self.encoder.encode)

    def chances(self, texts: list[str]) -> ScoreMatrix:
        """The same for texts, whose vectors are not kept."""
        return self._chances(texts, self.encoder.encode_anew)

    def _chances(self, texts: list[str], encode: Callable[[list[str]], Vectors]) -> ScoreMatrix:
        from scipy.special import expit

        if not texts:
            return np.zeros((0, self.n_labels))
        vectors = encode(texts).astype(np.float64)
        # Not a matrix product: that may add in another order for another number of rows.
        chances = expit((vectors[:, :, None] * self.weights[None]).sum(axis=1) + self.intercepts)
        if self.n_labels == 2:
            return as_two_columns(chances[:, 0])
        scores = np.zeros((len(texts), self.n_labels))
        scores[:, self.labels] = chances / chances.sum(axis=1, keepdims=True)
        return scores

    def save_files(self, folder: Path) -> None:
        """Writes which encoder it is, and the encoder itself where it is nothing but a folder of this machine."""
        write_text(folder / SETTINGS, json_document(asdict(self.encoder)))
        if Path(self.encoder.model).expanduser().is_dir():
            copy_encoder(find_encoder(self.encoder.model), folder / ENCODER)

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """The encoder that `save_files` wrote.

        Raises: HarnessError: the record is absent or damaged.
        """
        path = folder / SETTINGS
        try:
            encoder = Encoder(**json.loads(read_bytes(path)))
        except (ValueError, TypeError):
            raise FaultsError.single(path, "is no record of an encoder") from None
        if (folder / ENCODER).is_dir():
            encoder = replace(encoder, model=str(folder / ENCODER))
        return {"encoder": encoder}


class EmbeddingLogreg(EncoderClassifier):
    """Logistic regression on the sentence embeddings of a frozen encoder, computed once per text.

    Sees what a pretrained encoder makes of the claim's first tokens: meaning beyond shared words. Cannot see what lies
    outside the sentence, and sees exact numbers and names dimly. Reimers and Gurevych 2019, "Sentence-BERT"; the
    default encoder is MiniLM (Wang et al. 2020). Training claims of one label give the shares of the labels.
    """

    packages = ("scikit-learn", "torch", "transformers", "tokenizers", "onnxruntime")
    saved_types = (EmbeddingScorer,)

    C: float = Field(default=1.0, gt=0)
    """Inverse strength of regularization: higher fits the training claims closer."""
    class_weight: Literal["balanced"] | None = None
    """"balanced" weighs each training claim by the inverse share of its label; null counts all alike."""
    runtime: Literal["torch", "onnx", "onnx_int8"] = "torch"
    """What computes the embeddings. `onnx`: the same numbers but for rounding, faster on a processor; `onnx_int8`: with
    weights of eight bits, faster still and less exact. Both need the extra `onnx`."""

    def check(self) -> None:
        """Raises: HarnessError: the encoder, or a package that it needs, is not there."""
        super().check()
        if self.runtime != "torch":
            require_extra("onnx", "onnx", "onnxruntime")

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Learns one label against the rest: the positive one, or with more than two labels each."""
        self.check()
        present = np.unique(gold.codes)
        if len(present) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        encoder = Encoder.of(self, self.runtime)
        vectors = encoder.encode(list(claims.text)).astype(np.float64)
        labels = (1,) if len(gold.labels) == 2 else tuple(present.tolist())
        fits = [self._fit_one(vectors, gold.codes == label) for label in labels]
        weights = np.column_stack([weights for weights, _ in fits])
        intercepts = np.array([intercept for _, intercept in fits])
        return EmbeddingScorer(encoder, len(gold.labels), labels, weights, intercepts)

    def _fit_one(self, vectors: Floats, positive: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
        from sklearn.linear_model import LogisticRegression

        solver = LogisticRegression(
            C=self.C, class_weight=self.class_weight, solver="newton-cholesky", tol=1e-8, max_iter=1000
        )
        fitted = solver.fit(vectors, positive)
        return fitted.coef_[0], float(fitted.intercept_[0])
