"""Networks that read two texts in one input: encoders, and sequence classifiers of the transformers library.

Import this module only where torch is needed: the import takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import torch
import transformers

from harness.errors import HarnessError
from harness.features.encoder_files import most_tokens
from harness.features.network import (
    TokenBatch,
    TorchEncoder,
    load_tokenizer,
    torch_device,
    translate_loading_errors,
    valid_text,
)

Pair = tuple[str, str]
"""Two texts that are read in one input, in this order."""


@dataclass
class PairEncoder(TorchEncoder):
    """An encoder that reads pairs of texts; where both do not fit, the longer one is truncated first."""

    @classmethod
    def of(cls, network: TorchEncoder) -> Self:
        """Returns the same network for pairs."""
        return cls(**{field.name: getattr(network, field.name) for field in fields(TorchEncoder)})

    def tokens(self, texts: Sequence[Any]) -> list[list[int]]:
        """Returns the token ids of pairs; plus `_offset` for a second text, if the tokenizer tells it apart."""
        if not texts:
            return []
        first, second = ([valid_text(pair[side]) for pair in texts] for side in (0, 1))
        limit = int(min(self.max_length, self.tokenizer.model_max_length))
        encoded = self.tokenizer(first, second, truncation=True, max_length=limit)
        types = encoded.get("token_type_ids") or [[0] * len(ids) for ids in encoded["input_ids"]]
        return [
            [token + self._offset * kind for token, kind in zip(ids, kinds, strict=True)]
            for ids, kinds in zip(encoded["input_ids"], types, strict=True)
        ]

    def inputs(self, batch: TokenBatch) -> dict[str, torch.Tensor]:
        """Returns the arguments of the model, with the kind of each token if the model has kinds."""
        inputs = {"input_ids": batch.ids % self._offset, "attention_mask": batch.mask}
        if getattr(self.encoder.config, "type_vocab_size", 0) > 1:
            inputs["token_type_ids"] = batch.ids // self._offset
        return inputs

    @property
    def _offset(self) -> int:
        """A number above every token id."""
        return max(len(self.tokenizer), int(self.encoder.config.vocab_size))


@dataclass
class SequenceClassifier(PairEncoder):
    """A fine-tuned model that gives one number per label for a pair of texts."""

    @property
    def width(self) -> int:
        """Number of labels."""
        return int(self.encoder.config.num_labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, as the model's config has them."""
        names = self.encoder.config.id2label
        return tuple(str(names[number]) for number in range(self.width))

    def vectors(self, batch: TokenBatch) -> torch.Tensor:
        """Returns the logit of each label, shape (n_rows, n_labels)."""
        logits: torch.Tensor = self.encoder(**self.inputs(batch)).logits
        return logits


def load_sequence_classifier(folder: Path, max_length: int) -> SequenceClassifier:
    """Loads a sequence classifier from its folder.

    Raises: HarnessError: the transformers library cannot read it, its weights are pickled, or it is an encoder without
        trained weights for labels.
    """
    tokenizer = load_tokenizer(folder)
    with translate_loading_errors(folder):
        model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        raise HarnessError(
            f"model '{folder}': is no sequence classifier: it has no trained weights for {missing}; give a model that "
            "was fine-tuned to label pairs of texts"
        )
    model = model.eval().to(torch_device())
    return SequenceClassifier(model, tokenizer, "cls", min(max_length, most_tokens(folder)))
