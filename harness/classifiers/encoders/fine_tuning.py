"""The training loop of a fine-tuned encoder. Imports torch, so import this module lazily."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from harness.arrays import Integers
from harness.classifiers.encoders.settings import FineTuningSettings
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import grouped_folds
from harness.display import displayed
from harness.features.network import TorchEncoder, deterministic, fast_bfloat16, load, new_head, torch_device
from harness.features.pair_network import Pair, PairEncoder

BATCHES_PER_SORT = 32
"""Number of batches whose claims are sorted by length together, which reduces the padding within a batch."""


@displayed
class FineTunedNetwork(NamedTuple):
    """A fine-tuned encoder."""

    network: TorchEncoder
    chosen: str | None
    """Description of the chosen epoch; None without early stopping."""


def fine_tune(
    settings: FineTuningSettings,
    folder: Path,
    claims: Claims,
    gold: Gold,
    seed: int,
    *,
    pairs: Sequence[Pair] | None = None,
) -> FineTunedNetwork:
    """Fine-tunes an encoder.

    Args:
        settings: settings of the training.
        folder: folder of the encoder to start from.
        claims: training claims.
        gold: their gold, with at least two labels.
        seed: random seed; the same seed gives the same network on the same machine.
        pairs: pairs of texts to read instead of the texts of the claims, in their order.
    """
    texts: list[Any] = [str(text) for text in claims.text] if pairs is None else [*pairs]
    train, held_out = _split_rows(settings, claims, gold, seed)
    with deterministic(seed, settings.threads):
        network = load(folder, settings.pooling, settings.max_length)
        network = network if pairs is None else PairEncoder.of(network)
        network.head = new_head(network.encoder.config.hidden_size, len(gold.labels))
        training = _Training(settings, network, gold, _label_weights(settings, gold.take(train)))
        tokens = network.tokens(texts)
        n_batches = -(-len(train) // settings.batch_size)
        optimizer, schedule = training.optimizer(n_batches * settings.epochs)
        random = np.random.default_rng(seed % 2**63)
        best = _BestEpoch()
        for epoch in range(1, settings.epochs + 1):
            network.encoder.train()
            for rows in _shuffled_batches(train, tokens, settings.batch_size, random):
                training.step(network.batch(rows, tokens, len(rows)), optimizer, schedule)
            if len(held_out):
                loss = training.log_loss([texts[row] for row in held_out], held_out)
                best.update(epoch, loss, network)
                if epoch - best.epoch >= (settings.patience or settings.epochs):
                    break
        best.restore(network)
    network.encoder.eval()
    if not len(held_out):
        return FineTunedNetwork(network, None)
    n_articles = len(np.unique(claims.article_id[held_out].astype(str)))
    chosen = f"epoch {best.epoch} of {settings.epochs} by log loss {best.loss:.4f} on {n_articles} held-out articles"
    return FineTunedNetwork(network, chosen)


def _split_rows(settings: FineTuningSettings, claims: Claims, gold: Gold, seed: int) -> tuple[Integers, Integers]:
    """The rows to train on and the rows to hold out for early stopping.

    Holds out nothing without `patience`, or if there is only one article, or if training would see only one label.
    """
    all_rows = np.arange(len(claims))
    no_rows = np.zeros(0, dtype=np.int64)
    n_articles = len(np.unique(claims.article_codes()))
    if settings.patience is None or n_articles < 2:
        return all_rows, no_rows
    # The first of k folds has about 1/k of the claims, and folds keep articles whole.
    k = min(max(2, round(1 / settings.held_out)), n_articles)
    fold = grouped_folds(claims, k=k, by="article", seed=seed)[0]
    if len(np.unique(gold.codes[fold.train])) < 2:
        return all_rows, no_rows
    return fold.train, fold.test


def _label_weights(settings: FineTuningSettings, gold: Gold) -> torch.Tensor | None:
    """The weight of each label in the loss, on the torch device; None: all labels count equally."""
    if settings.class_weight is None:
        return None
    counts = np.bincount(gold.codes, minlength=len(gold.labels)).astype(np.float32)
    present = counts > 0
    weights = np.zeros_like(counts)
    # As scikit-learn's "balanced", but over the labels that occur, so that an absent label does not divide by 0.
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return torch.from_numpy(weights).to(torch_device())


def _shuffled_batches(
    rows: Integers, tokens: list[list[int]], batch_size: int, random: np.random.Generator
) -> Iterator[Integers]:
    """Yields batches of rows in random order; the claims of a batch have similar lengths."""
    lengths = np.array([len(token_ids) for token_ids in tokens], dtype=np.int64)
    order = random.permutation(rows)
    batches = []
    # Sorting all claims by length would form the same batches in every epoch. Sorting within random chunks keeps most
    # of the randomness and removes most of the padding.
    for start in range(0, len(order), batch_size * BATCHES_PER_SORT):
        chunk = order[start : start + batch_size * BATCHES_PER_SORT]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches += [chunk[first : first + batch_size] for first in range(0, len(chunk), batch_size)]
    for index in random.permutation(len(batches)):
        yield batches[index]


class _Training:
    """A network with the settings, gold and label weights of its training."""

    def __init__(
        self, settings: FineTuningSettings, network: TorchEncoder, gold: Gold, weights: torch.Tensor | None
    ) -> None:
        self.settings = settings
        self.network = network
        self.weights = weights
        self.mixed = settings.precision == "mixed" or (settings.precision == "auto" and fast_bfloat16())
        self.codes = torch.from_numpy(np.ascontiguousarray(gold.codes))
        self.parameters = [*network.encoder.parameters(), *network.head.parameters()]

    def optimizer(self, n_steps: int) -> tuple[Any, Any]:
        """AdamW, and a schedule of its learning rate: linear warm-up, then linear decay to 0."""
        warmup = int(n_steps * self.settings.warmup_share)
        optimizer = torch.optim.AdamW(
            self.parameters, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay, fused=True
        )

        def rate_factor(step: int) -> float:
            # `step + 1`, because a factor of 0 would waste the first step.
            return (step + 1) / (warmup + 1) if step < warmup else (n_steps - step) / max(1, n_steps - warmup)

        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, rate_factor)

    def step(self, batch: Any, optimizer: Any, schedule: Any) -> None:
        """Takes one optimizer step on the loss of a batch."""
        optimizer.zero_grad()
        with torch.autocast(torch_device(), dtype=torch.bfloat16, enabled=self.mixed):
            logits = self.network.head(self.network.vectors(batch))
        codes = self.codes[batch.rows].to(logits.device)
        # The loss is computed in 32 bits: a softmax in bfloat16 loses too much precision.
        loss = torch.nn.functional.cross_entropy(logits.float(), codes, weight=self.weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        optimizer.step()
        schedule.step()

    def log_loss(self, texts: list[Any], rows: Integers) -> float:
        """The mean loss on held-out claims, with the label weights of training."""
        logits = torch.from_numpy(self.network.apply(texts))
        weights = None if self.weights is None else self.weights.cpu()
        return float(torch.nn.functional.cross_entropy(logits, self.codes[rows], weight=weights))


class _BestEpoch:
    """The epoch with the lowest loss so far, and its weights."""

    def __init__(self) -> None:
        self.epoch = 0
        self.loss = float("inf")
        self.states: tuple[Any, Any] | None = None

    def update(self, epoch: int, loss: float, network: TorchEncoder) -> None:
        """Stores a copy of the weights if the loss is the lowest so far, and after the first epoch in any case."""
        if loss < self.loss or self.states is None:
            self.epoch, self.loss = epoch, loss
            self.states = copy.deepcopy((network.encoder.state_dict(), network.head.state_dict()))

    def restore(self, network: TorchEncoder) -> None:
        """Loads the stored weights into the network; does nothing if no epoch was compared."""
        if self.states is not None:
            network.encoder.load_state_dict(self.states[0])
            network.head.load_state_dict(self.states[1])
