"""A tiny, randomly initialized encoder and its tokenizer, written to disk as the transformers library reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS

MODULES = ("torch", "transformers", "safetensors")


def skip_without_torch() -> None:
    """Skips, and says so, where the extra `transformers` is not installed."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as require_torch does: before torch is imported
    for module in MODULES:
        pytest.importorskip(module, reason=f"{module} is absent: pip install 'claim-harness[transformers]'")


def make_sequence_classifier(folder: Path, labels: Sequence[str] | None, n_labels: int = 3, seed: int = 0) -> Path:
    """Writes the encoder with a random layer from pairs of texts to labels; None: labels without names."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    make_encoder(folder, seed)
    names = (
        {}
        if labels is None
        else {"id2label": dict(enumerate(labels)), "label2id": dict(zip(labels, range(9), strict=False))}
    )
    # Large weights, so that every pair has another answer.
    config = BertConfig.from_pretrained(folder, initializer_range=0.5, **(names or {"num_labels": n_labels}))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def make_encoder(folder: Path, seed: int = 0, max_tokens: int = 66) -> Path:
    """Writes an encoder of two layers of 32 numbers over the words of the test tables."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    texts = " ".join(OPINIONS + FORECASTS + STATISTICS).lower()
    words = sorted(set(re.findall(r"\w+|[^\w\s]", texts)))
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    plain.normalizer = normalizers.Lowercase()
    plain.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    plain.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=max_tokens,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
