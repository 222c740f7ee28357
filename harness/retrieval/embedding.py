"""Retrieval by the vectors of a frozen encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Vectors
from harness.data.corpora import Corpus
from harness.errors import HarnessError
from harness.features.encoder_files import MINILM
from harness.features.encoders import Encoder, EncoderSettings, Pooling
from harness.retrieval.base import Arrays, Retriever, ScoringIndex, full_texts

ROWS_PER_BLOCK = 16_384
"""Number of passages whose vectors are in memory at once, in 64 bits."""
DIGITS = 9
"""Number of decimals of a score; vectors have about seven."""


class Embedding(Retriever):
    """Cosine of the vectors of a frozen sentence encoder, over title and text; exact."""

    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers")

    model: str = MINILM
    """Encoder: `all-minilm-l6-v2` (weights in the extra `embeddings`), an encoder folder, or a name on the Hub."""
    pooling: Pooling = "mean"
    """Rule that combines the token vectors: their mean (`mean`) or the first token's vector (`cls`)."""
    max_length: int = Field(default=256, ge=8)
    """Maximum number of tokens; the rest is truncated. The encoder's own limit applies if it is lower."""

    def index(self, corpus: Corpus) -> EmbeddingIndex:
        """Indexes a corpus."""
        encoder = self._encoder()
        return EmbeddingIndex(encoder, len(corpus), encoder.encode(list(full_texts(corpus))))

    def from_arrays(self, arrays: Arrays, n_passages: int) -> EmbeddingIndex:
        """Returns the index of stored arrays; refuses an encoder whose files have changed."""
        encoder = self._encoder()
        if arrays["encoder"].tobytes().decode() != encoder.fingerprint:
            raise HarnessError(f"encoder '{self.model}': files changed since the corpus was indexed; index it again")
        return EmbeddingIndex(encoder, n_passages, arrays["vectors"])

    def _encoder(self) -> Encoder:
        return Encoder.of(EncoderSettings(model=self.model, pooling=self.pooling, max_length=self.max_length))


@dataclass(frozen=True)
class EmbeddingIndex(ScoringIndex):
    """A corpus as vectors of length 1."""

    encoder: Encoder
    n_passages: int
    vectors: Vectors
    """Vector of each passage, shape (n_passages, n_dimensions)."""

    def arrays(self) -> Arrays:
        """Returns the vectors, and the fingerprint of the encoder."""
        return {"vectors": self.vectors, "encoder": np.frombuffer(self.encoder.fingerprint.encode(), dtype=np.uint8)}

    def scores(self, texts: Sequence[str]) -> Floats:
        """Returns the score of each passage; see `ScoringIndex.scores`."""
        vectors = self.encoder.encode(texts).astype(np.float64)
        scores = np.empty((len(texts), self.n_passages))
        for start in range(0, self.n_passages, ROWS_PER_BLOCK):
            block = self.vectors[start : start + ROWS_PER_BLOCK].astype(np.float64)
            # A product rounds equal rows differently, depending on where they stand, and copies of a passage must tie.
            scores[:, start : start + ROWS_PER_BLOCK] = (vectors @ block.T).round(DIGITS)
        return scores
