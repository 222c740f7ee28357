"""The training loop of a fine-tuned encoder. Import this module only where torch is needed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from harness.classifiers.encoders.settings import FineTuningSettings
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import grouped_folds
from harness.features.network import TorchEncoder, deterministic, fast_bfloat16, load, new_head, torch_device

SORTED_AT_A_TIME = 32
"""Batches whose claims are sorted by length together, so that a batch has little padding."""

Rows = npt.NDArray[np.int64]


class FineTunedNetwork(NamedTuple):
    """A fine-tuned encoder."""

    network: TorchEncoder
    chosen: str | None
    """Which epoch, where one was chosen."""


def fine_tune(settings: FineTuningSettings, folder: Path, claims: Claims, gold: Gold, seed: int) -> FineTunedNetwork:
    """Fine-tunes an encoder to claims and gold of at least two labels."""
    train, held_out = _sides(settings, claims, gold, seed)
    with deterministic(seed, settings.threads):
        network = load(folder, settings.pooling, settings.max_length)
        network.head = new_head(network.encoder.config.hidden_size, len(gold.labels))
        training = _Training(settings, network, gold, _label_weights(settings, gold.take(train)))
        tokens = network.tokens(list(claims.text))
        n_batches = -(-len(train) // settings.batch_size)
        optimizer, schedule = training.optimizer(n_batches * settings.epochs)
        random = np.random.default_rng(seed % 2**63)
        best = _Best()
        for epoch in range(1, settings.epochs + 1):
            network.encoder.train()
            for rows in _shuffled(train, tokens, settings.batch_size, random):
                training.step(network.batch(rows, tokens, len(rows)), optimizer, schedule)
            if len(held_out):
                best.look(epoch, training.log_loss([str(text) for text in claims.text[held_out]], held_out), network)
                if epoch - best.epoch >= (settings.patience or settings.epochs):
                    break
        best.restore(network)
    network.encoder.eval()
    articles = len(np.unique(claims.article_id[held_out].astype(str)))
    chosen = f"epoch {best.epoch} of {settings.epochs} by log loss {best.loss:.4f} on {articles} held-out articles"
    return FineTunedNetwork(network, chosen if len(held_out) else None)


def _sides(settings: FineTuningSettings, claims: Claims, gold: Gold, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows held out; none are without `patience`, or where too little is there to hold out."""
    every, none = np.arange(len(claims)), np.zeros(0, dtype=np.int64)
    articles = len(np.unique(claims.article_codes()))
    if settings.patience is None or articles < 2:
        return every, none
    k = min(max(2, round(1 / settings.held_out)), articles)
    fold = grouped_folds(claims, k=k, by="article", seed=seed)[0]
    if len(np.unique(gold.codes[fold.train])) < 2:
        return every, none
    return fold.train, fold.test


def _label_weights(settings: FineTuningSettings, gold: Gold) -> torch.Tensor | None:
    if settings.class_weight is None:
        return None
    counts = np.bincount(gold.codes, minlength=len(gold.labels)).astype(np.float32)
    there = counts > 0
    weights = np.zeros_like(counts)
    weights[there] = counts.sum() / (there.sum() * counts[there])
    return torch.from_numpy(weights).to(torch_device())


def _shuffled(rows: Rows, tokens: list[list[int]], batch_size: int, random: np.random.Generator) -> Iterator[Rows]:
    """Batches in random order, of claims about as long as each other."""
    lengths = np.array([len(found) for found in tokens], dtype=np.int64)
    order = random.permutation(rows)
    batches = []
    for start in range(0, len(order), batch_size * SORTED_AT_A_TIME):
        some = order[start : start + batch_size * SORTED_AT_A_TIME]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[at : at + batch_size] for at in range(0, len(some), batch_size)]
    for number in random.permutation(len(batches)):
        yield batches[number]


class _Training:
    """What a step needs."""

    def __init__(
        self, settings: FineTuningSettings, network: TorchEncoder, gold: Gold, weights: torch.Tensor | None
    ) -> None:
        self.settings, self.network, self.weights = settings, network, weights
        self.mixed = settings.precision == "mixed" or (settings.precision == "auto" and fast_bfloat16())
        self.codes = torch.from_numpy(np.ascontiguousarray(gold.codes))
        self.parameters = [*network.encoder.parameters(), *network.head.parameters()]

    def optimizer(self, n_steps: int) -> tuple[Any, Any]:
        """AdamW, its learning rate rising in a line and then falling to 0."""
        warmup = int(n_steps * self.settings.warmup_share)
        optimizer = torch.optim.AdamW(
            self.parameters, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay, fused=True
        )

        def share(step: int) -> float:
            return (step + 1) / (warmup + 1) if step < warmup else (n_steps - step) / max(1, n_steps - warmup)

        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)

    def step(self, batch: Any, optimizer: Any, schedule: Any) -> None:
        """One step down the gradient of a batch."""
        optimizer.zero_grad()
        with torch.autocast(torch_device(), dtype=torch.bfloat16, enabled=self.mixed):
            logits = self.network.head(self.network.vectors(batch))
        codes = self.codes[batch.rows].to(logits.device)
        loss = torch.nn.functional.cross_entropy(logits.float(), codes, weight=self.weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        optimizer.step()
        schedule.step()

    def log_loss(self, texts: list[str], rows: Rows) -> float:
        """The mean loss on held-out claims, weighted as in training."""
        logits = torch.from_numpy(self.network.apply(texts))
        weights = None if self.weights is None else self.weights.cpu()
        return float(torch.nn.functional.cross_entropy(logits, self.codes[rows], weight=weights))


class _Best:
    """The epoch with the lowest loss so far, and its weights."""

    def __init__(self) -> None:
        self.epoch, self.loss = 0, float("inf")
        self.states: tuple[Any, Any] | None = None

    def look(self, epoch: int, loss: float, network: TorchEncoder) -> None:
        """Keeps the weights if the loss is the lowest so far; the first epoch in any case."""
        if loss < self.loss or self.states is None:
            self.epoch, self.loss = epoch, loss
            self.states = copy.deepcopy((network.encoder.state_dict(), network.head.state_dict()))

    def restore(self, network: TorchEncoder) -> None:
        """Puts the kept weights back."""
        if self.states is not None:
            network.encoder.load_state_dict(self.states[0])
            network.head.load_state_dict(self.states[1])
