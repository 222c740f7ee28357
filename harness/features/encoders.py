"""Sentence-encoder vectors of texts, computed once per text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from harness.arrays import Vectors
from harness.display import displayed
from harness.errors import HarnessError
from harness.features.encoder_files import MINILM, encoder_fingerprint, find_encoder, require_torch
from harness.features.stages import in_stage
from harness.features.threads import SAMPLE, best_threads
from harness.features.vector_cache import VectorCache, compute_or_load
from harness.files import fingerprint

if TYPE_CHECKING:
    from harness.features.network import TorchEncoder

Pooling = Literal["mean", "cls"]


@displayed
class EncoderSettings(BaseModel):
    """Settings of the encoder that turns a claim into a vector."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    model: str = MINILM
    """Encoder: `all-minilm-l6-v2` (weights in the extra `embeddings`), an encoder folder, or a name on the Hub."""
    pooling: Pooling = "mean"
    """Rule that combines the token vectors: their mean (`mean`) or the first token's vector (`cls`)."""
    max_length: int = Field(default=128, ge=8)
    """Maximum number of tokens; the rest is truncated. The encoder's own limit applies if it is lower."""


@displayed
@dataclass(frozen=True)
class Encoder:
    """A frozen encoder that maps texts to vectors of length 1."""

    model: str
    """Encoder name or folder, as in `EncoderSettings`."""
    pooling: Pooling
    """Rule that combines the token vectors."""
    max_length: int
    """Maximum number of tokens."""
    runtime: Literal["torch", "onnx", "onnx_int8"]
    """Library that computes the vectors."""
    fingerprint: str
    """Fingerprint of the encoder's files; if they change, the vectors change, and `encode` refuses to run."""

    @classmethod
    def of(cls, settings: EncoderSettings, runtime: Literal["torch", "onnx", "onnx_int8"] = "torch") -> Encoder:
        """Returns the encoder that settings name.

        Raises: HarnessError: the encoder does not exist or cannot be downloaded.
        """
        files_fingerprint = encoder_fingerprint(find_encoder(settings.model))
        return cls(settings.model, settings.pooling, settings.max_length, runtime, files_fingerprint)

    @in_stage("featurize")
    def encode(self, texts: Sequence[str], cache: VectorCache | None = None) -> Vectors:
        """Returns the vectors of texts; each depends on its own text only.

        Args:
            texts: texts to encode; equal texts are computed once.
            cache: cache of the vectors; default: `encodings.sqlite` in the cache folder.
        Returns: shape (n_texts, n_dimensions), rows of Euclidean length 1.
        Raises: HarnessError: the encoder is missing, or its files have changed.
        """
        folder = self._folder()
        space = fingerprint((self.fingerprint, self.pooling, self.max_length, self.runtime))
        return compute_or_load(space, texts, lambda batch: self._compute(folder, batch), cache)

    def encode_anew(self, texts: Sequence[str]) -> Vectors:
        """Returns the same vectors as `encode` without reading or writing the cache, for texts that are used once."""
        return self._compute(self._folder(), list(texts))

    def _folder(self) -> Path:
        folder = find_encoder(self.model)
        if encoder_fingerprint(folder) != self.fingerprint:
            raise HarnessError(f"encoder '{self.model}': files changed since the classifier was fitted; fit it again")
        return folder

    def _compute(self, folder: Path, texts: list[str]) -> Vectors:
        if self.runtime == "torch":
            network = _network(folder, self.pooling, self.max_length, self.fingerprint)
            with best_threads(len(texts), lambda: network.apply(texts[:: max(1, len(texts) // SAMPLE)][:SAMPLE])):
                vectors = network.apply(texts)
        else:
            from harness.features.onnx_encoder import encode

            vectors = encode(folder, texts, self.pooling, self.max_length, int8=self.runtime == "onnx_int8")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # The floor avoids a division by zero: a zero vector stays zero instead of turning into NaN.
        scaled: Vectors = vectors / np.maximum(lengths, 1e-12)
        return scaled


@lru_cache(maxsize=2)
def _network(folder: Path, pooling: Pooling, max_length: int, files_fingerprint: str) -> TorchEncoder:  # noqa: ARG001
    """The encoder in memory; `files_fingerprint` only keeps the cache from returning an older state of the folder."""
    require_torch()
    from harness.features.network import load

    network = load(folder, pooling, max_length)
    network.head = None  # the folder of a fine-tuned encoder includes its classification head; only vectors are needed
    return network
