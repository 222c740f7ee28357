"""Texts as vectors of a sentence encoder, computed once per text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from harness.arrays import Vectors
from harness.errors import HarnessError
from harness.features.encoder_files import MINILM, encoder_fingerprint, find_encoder, require_torch
from harness.features.vector_cache import VectorCache, compute_or_load
from harness.files import fingerprint

if TYPE_CHECKING:
    from harness.features.network import TorchEncoder

Pooling = Literal["mean", "cls"]


class EncoderSettings(BaseModel):
    """Which encoder reads a claim, and how."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    model: str = MINILM
    """`all-minilm-l6-v2`, whose weights come with the extra `embeddings`; the folder of an encoder; or a name on the
    Hub."""
    pooling: Pooling = "mean"
    """How the vectors of the tokens become one: their mean, or the first token's."""
    max_length: int = Field(default=128, ge=8)
    """Tokens that are read; what follows is cut. Never more than the encoder takes."""


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder: texts to vectors of length 1."""

    model: str
    pooling: Pooling
    max_length: int
    runtime: Literal["torch", "onnx", "onnx_int8"]
    fingerprint: str
    """Of the encoder's files: with other files the vectors would be others, and are refused."""

    @classmethod
    def of(cls, settings: EncoderSettings, runtime: Literal["torch", "onnx", "onnx_int8"] = "torch") -> Encoder:
        """The encoder that settings name.

        Raises: HarnessError: it is not there.
        """
        found = encoder_fingerprint(find_encoder(settings.model))
        return cls(settings.model, settings.pooling, settings.max_length, runtime, found)

    def encode(self, texts: Sequence[str], cache: VectorCache | None = None) -> Vectors:
        """The vectors of texts; each text's depends on nothing but the text.

        Args:
            texts: any; equal ones are computed once.
            cache: where vectors are kept; default `encodings.sqlite` in the cache folder.
        Returns: shape (n_texts, n_dimensions), rows of Euclidean length 1.
        Raises: HarnessError: the encoder is not there, or is not the one that it was.
        """
        folder = self._folder()
        space = fingerprint((self.fingerprint, self.pooling, self.max_length, self.runtime))
        return compute_or_load(space, texts, lambda some: self._compute(folder, some), cache)

    def encode_anew(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, with nothing looked up and nothing kept: for texts that nobody will ask for again."""
        return self._compute(self._folder(), list(texts))

    def _folder(self) -> Path:
        folder = find_encoder(self.model)
        if encoder_fingerprint(folder) != self.fingerprint:
            raise HarnessError(f"encoder '{self.model}': its files changed since this was fitted; fit again")
        return folder

    def _compute(self, folder: Path, texts: list[str]) -> Vectors:
        if self.runtime == "torch":
            vectors = _network(folder, self.pooling, self.max_length, self.fingerprint).apply(texts)
        else:
            from harness.features.onnx_encoder import encode

            vectors = encode(folder, texts, self.pooling, self.max_length, int8=self.runtime == "onnx_int8")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        scaled: Vectors = vectors / np.maximum(lengths, 1e-12)
        return scaled


@lru_cache(maxsize=2)
def _network(folder: Path, pooling: Pooling, max_length: int, of_files: str) -> TorchEncoder:  # noqa: ARG001
    """The encoder in memory; `of_files` only tells one state of the folder from another."""
    require_torch()
    from harness.features.network import load

    network = load(folder, pooling, max_length)
    network.head = None  # a fine-tuned encoder brings the one that it was trained with
    return network
