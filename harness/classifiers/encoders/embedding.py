"""Logistic regression on the sentence embeddings of a frozen encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Bools, Floats, Vectors
from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, class_priors, two_columns
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
"""Folder of the encoder in a saved model."""
SETTINGS = "encoder.json"
"""File with the settings of the encoder in a saved model."""


class PretrainedClassifier(Classifier):
    """Base of the classifiers that read a claim with a pretrained model from a folder or the Hub."""

    model: str

    def check(self) -> None:
        """Raises: HarnessError: the encoder, or a required package, is missing."""
        require_torch()
        if hub_host(self.model) is None:
            find_encoder(self.model)

    def input_fingerprint(self) -> str:
        """The fingerprint of the files of the encoder."""
        return encoder_fingerprint(find_encoder(self.model))

    def downloads(self) -> tuple[str, ...]:
        """The host of the Hub if the encoder has to be downloaded; otherwise empty."""
        host = hub_host(self.model)
        return () if host is None else (host,)

    def seen_in_pretraining(self, texts: list[str]) -> tuple[Bools, str]:
        """The texts that the encoder was fine-tuned on, according to the training record in its folder."""
        record = read_trained_on(find_encoder(self.model))
        return record.has(texts), f"the encoder '{self.model}' was fine-tuned on {', '.join(record.sources)}"


class EncoderClassifier(EncoderSettings, PretrainedClassifier):
    """Base of the classifiers that read a claim with an encoder."""


@dataclass(frozen=True)
class EmbeddingScorer(EncoderScorer):
    """Probabilities of a logistic regression on embeddings; with more than two labels, one against the rest."""

    probabilities: ClassVar[bool] = True
    in_files: ClassVar[tuple[str, ...]] = ("encoder",)
    encoder: Encoder
    n_labels: int
    labels: tuple[int, ...]
    """Indices of the labels with weights: the positive label, or all labels that occur in the training claims."""
    weights: Floats
    """Shape (n_dimensions, number of labels with weights)."""
    intercepts: Floats
    """Shape (number of labels with weights,)."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label without training claims. Vectors of the texts are cached."""
        return self._probabilities(list(claims.text), self.encoder.encode)

    def score_texts(self, texts: list[str]) -> ScoreMatrix:
        """Probabilities for texts; their vectors are not cached."""
        return self._probabilities(texts, self.encoder.encode_anew)

    def _probabilities(self, texts: list[str], encode: Callable[[list[str]], Vectors]) -> ScoreMatrix:
        from scipy.special import expit

        if not texts:
            return np.zeros((0, self.n_labels))
        vectors = encode(texts).astype(np.float64)
        # Not `@`: a matrix product may add in a different order for a different number of rows, and then the score of a
        # claim would depend in its last digits on the other claims.
        probabilities = expit((vectors[:, :, None] * self.weights[None]).sum(axis=1) + self.intercepts)
        if self.n_labels == 2:
            return two_columns(probabilities[:, 0])
        scores = np.zeros((len(texts), self.n_labels))
        scores[:, self.labels] = probabilities / probabilities.sum(axis=1, keepdims=True)
        return scores

    def save_files(self, folder: Path) -> None:
        """Writes the settings of the encoder, and its files if it is a local folder, which others could not obtain."""
        write_text(folder / SETTINGS, json_document(asdict(self.encoder)))
        if Path(self.encoder.model).expanduser().is_dir():
            copy_encoder(find_encoder(self.encoder.model), folder / ENCODER)

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """Loads the encoder that `save_files` wrote.

        Raises: HarnessError: the file of settings is missing or damaged.
        """
        path = folder / SETTINGS
        try:
            encoder = Encoder(**json.loads(read_bytes(path)))
        except (ValueError, TypeError):
            raise FaultsError.single(path, "does not contain the settings of an encoder") from None
        if (folder / ENCODER).is_dir():
            encoder = replace(encoder, model=str(folder / ENCODER))
        return {"encoder": encoder}


class EmbeddingLogreg(EncoderClassifier):
    """Logistic regression on the sentence embeddings of a frozen encoder, computed once per text.

    Sees the meaning of the first tokens of the claim, beyond shared words. Cannot see the context of the claim, and
    represents exact numbers and names poorly. Reimers and Gurevych 2019, "Sentence-BERT"; the default encoder is MiniLM
    (Wang et al. 2020). If the training claims have one label only, scores are the label shares.
    """

    uses_seed = False
    packages = ("scikit-learn", "torch", "transformers", "tokenizers", "onnxruntime")
    saved_types = (EmbeddingScorer,)

    C: float = Field(default=1.0, gt=0)
    """Inverse strength of regularization: a higher value fits the training claims more closely."""
    class_weight: Literal["balanced"] | None = None
    """Weight of the training claims: "balanced" is the inverse share of the claim's label; null is 1 for all."""
    runtime: Literal["torch", "onnx", "onnx_int8"] = "torch"
    """Runtime of the encoder. `onnx`: equal to `torch` except for rounding, and faster on a CPU; `onnx_int8`: 8-bit
    weights, faster still and less exact. Both require the extra `onnx`."""

    def check(self) -> None:
        """Raises: HarnessError: the encoder, or a required package, is missing."""
        super().check()
        if self.runtime != "torch":
            require_extra("onnx", "onnx", "onnxruntime")

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits one label against the rest: the positive label, or with more than two labels every label."""
        self.check()
        present = np.unique(gold.codes)
        if len(present) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        encoder = Encoder.of(self, self.runtime)
        vectors = encoder.encode(list(claims.text)).astype(np.float64)
        labels = (1,) if len(gold.labels) == 2 else tuple(present.tolist())
        fits = [self._fit_one(vectors, gold.codes == label) for label in labels]
        return EmbeddingScorer(
            encoder=encoder,
            n_labels=len(gold.labels),
            labels=labels,
            weights=np.column_stack([weights for weights, _ in fits]),
            intercepts=np.array([intercept for _, intercept in fits]),
        )

    def _fit_one(self, vectors: Floats, positive: Bools) -> tuple[Floats, float]:
        """Fits one label against the rest; returns the weights, shape (n_dimensions,), and the intercept."""
        from sklearn.linear_model import LogisticRegression

        solver = LogisticRegression(
            C=self.C, class_weight=self.class_weight, solver="newton-cholesky", tol=1e-8, max_iter=1000
        )
        fitted = solver.fit(vectors, positive)
        return fitted.coef_[0], float(fitted.intercept_[0])
