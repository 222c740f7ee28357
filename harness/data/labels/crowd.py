"""Models that infer the true label of each item and how far each annotator can be trusted: Dawid-Skene and MACE.

Both see only which annotator gave which item which label, and estimate by expectation maximization. Every step is a
product with one sparse matrix, so that a crowd of a million labels takes seconds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.special import digamma

from harness.arrays import Bools, Codes, Floats

DAWID_SKENE_ITERATIONS = 1000
"""Maximum number of iterations of Dawid-Skene."""
DAWID_SKENE_TOLERANCE = 1e-3
"""Dawid-Skene stops when no probability changes by more."""
SMALLEST = 1e-10
"""Least value of a prior and of a count of labels in Dawid-Skene, so that no logarithm is of 0."""
MACE_ITERATIONS = 50
MACE_STARTS = 10
"""Random starts of MACE; the one with the greatest likelihood counts."""
MACE_NOISE = 0.5
COMPETENCE_PRIOR = 0.5
"""Both parameters of the beta prior of how often an annotator knows."""
STRATEGY_PRIOR = 10.0
"""Parameter of the symmetric Dirichlet prior of what an annotator says who does not know."""
SEED = 0
"""Random seed of the first start; the others have the seeds after it."""
NO_CHANGE = 1e-11
"""Largest change of a probability at which MACE stops before its last iteration."""
SETTLED = 0.01
"""Largest change of a probability in the last iteration up to which a model counts as settled."""


class Crowd(NamedTuple):
    """The labels of a crowd: entry i says which annotator gave which item which label. Repeated entries all count."""

    items: Codes
    annotators: Codes
    labels: Codes
    """Indices of the labels; each label is used at least once."""

    def table(self) -> csr_array:
        """Returns how often each annotator gave each item each label, shape (n_items, n_annotators * n_labels)."""
        cells = self.annotators * (int(self.labels.max()) + 1) + self.labels
        shape = (int(self.items.max()) + 1, (int(self.annotators.max()) + 1) * (int(self.labels.max()) + 1))
        return csr_array((np.ones(len(cells)), (self.items, cells)), shape=shape)

    def shares(self) -> Floats:
        """Returns the share of the annotators of each item that gave each label, shape (n_items, n_labels)."""
        n_labels = int(self.labels.max()) + 1
        counts = np.bincount(self.items * n_labels + self.labels, minlength=(int(self.items.max()) + 1) * n_labels)
        return _normalized(counts.reshape(-1, n_labels).astype(float))


class Consensus(NamedTuple):
    """What a model infers from the labels of a crowd."""

    probabilities: Floats
    """Probability of each label of each item, shape (n_items, n_labels)."""
    reliability: Floats
    """Probability that a label of the annotator is right, as the model sees it, shape (n_annotators,)."""
    iterations: int
    change: float
    """Largest change of a probability in the last iteration."""
    likelihood: float
    """Log-likelihood of the labels."""
    is_stable: Bools
    """Whether every random start gives the item the same most probable label, shape (n_items,)."""

    @property
    def is_settled(self) -> bool:
        """Whether another iteration would change no probability by more than `SETTLED`."""
        return self.change <= SETTLED


Model = Callable[[Crowd], Consensus]


def dawid_skene(
    crowd: Crowd, *, iterations: int = DAWID_SKENE_ITERATIONS, tolerance: float = DAWID_SKENE_TOLERANCE
) -> Consensus:
    """Infers the true labels by the model of Dawid and Skene (1979): each annotator has a confusion matrix.

    Maximum likelihood by expectation maximization, from the shares of the labels and without smoothing. Nothing is
    random.

    Args:
        crowd: the labels.
        iterations: maximum number of iterations.
        tolerance: the model stops when no probability changes by more; 0 for all iterations.
    """
    table = crowd.table()
    probabilities = crowd.shares()
    n_labels = probabilities.shape[1]
    is_given = np.asarray(table.sum(axis=0)).reshape(-1, n_labels, 1) > 0
    change, likelihood, iteration = np.inf, -np.inf, 0
    while iteration < iterations and change > tolerance:
        iteration += 1
        priors = np.maximum(probabilities.mean(axis=0), SMALLEST)
        # By annotator, label that was given and true label. A label that an annotator never gave has no probability.
        counts = np.asarray(table.T @ probabilities).reshape(-1, n_labels, n_labels)
        errors = np.where(is_given, np.maximum(counts, SMALLEST), 0.0)
        errors /= errors.sum(axis=1, keepdims=True)
        logs = np.log(errors, out=np.zeros_like(errors), where=is_given).reshape(-1, n_labels)
        joint = np.log(priors) + table @ logs
        before = probabilities
        probabilities, likelihood = _posterior(joint)
        change = float(np.abs(probabilities - before).max())
    counts = np.asarray(table.T @ probabilities).reshape(-1, n_labels, n_labels)
    reliability = np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))
    return Consensus(probabilities, reliability, iteration, change, likelihood, _all_stable(probabilities))


def mace(crowd: Crowd, *, iterations: int = MACE_ITERATIONS, starts: int = MACE_STARTS, seed: int = SEED) -> Consensus:
    """Infers the true labels by MACE (Hovy et al. 2013): an annotator knows the label, or says what they always say.

    Variational Bayes, from several random starts, of which the one with the greatest likelihood counts.

    Args:
        crowd: the labels.
        iterations: number of iterations of each start.
        starts: number of random starts.
        seed: seed of the first start; the others have the seeds after it.
    """
    results = [_mace_start(crowd, iterations, seed + start) for start in range(starts)]
    best_labels = np.stack([result.probabilities.argmax(axis=1) for result in results])
    best = max(results, key=lambda result: result.likelihood)
    return best._replace(is_stable=(best_labels == best_labels[0]).all(axis=0))


def _mace_start(crowd: Crowd, iterations: int, seed: int) -> Consensus:
    """Runs MACE from one random start."""
    table = crowd.table()
    n_labels = int(crowd.labels.max()) + 1
    n_annotators = table.shape[1] // n_labels
    # The generator and the order of its numbers are those of crowd-kit: the first start is its start.
    knowing = _normalized(1 + (1 + MACE_NOISE) * np.random.RandomState(seed).uniform(size=(n_annotators, 2)))
    strategy = _normalized(1 + (1 + MACE_NOISE) * np.random.RandomState(seed).uniform(size=(n_annotators, n_labels)))
    is_given = np.tile(np.eye(n_labels, dtype=bool), (n_annotators, 1))
    probabilities, change, likelihood = crowd.shares(), np.inf, -np.inf
    for iteration in range(iterations + 1):
        guessed = (knowing[:, :1] * strategy).reshape(-1, 1)
        known = np.repeat(knowing[:, 1], n_labels).reshape(-1, 1)
        by_truth = guessed + known * is_given
        joint = table @ np.log(by_truth) - np.log(n_labels)
        before = probabilities
        probabilities, likelihood = _posterior(joint)
        change = float(np.abs(probabilities - before).max())
        if iteration == iterations or change < NO_CHANGE:
            break
        counts = np.asarray(table.T @ probabilities)
        guesses = (counts * guessed / by_truth).sum(axis=1).reshape(-1, n_labels)
        knows = (counts * is_given * known / by_truth).sum(axis=1).reshape(-1, n_labels)
        knowing = _variational(np.stack([guesses.sum(axis=1), knows.sum(axis=1)], axis=1), COMPETENCE_PRIOR)
        strategy = _variational(guesses, STRATEGY_PRIOR)
    reliability = _normalized(knowing)[:, 1]
    return Consensus(probabilities, reliability, iteration, change, likelihood, _all_stable(probabilities))


def _all_stable(probabilities: Floats) -> Bools:
    return np.ones(len(probabilities), dtype=bool)


def _posterior(joint: Floats) -> tuple[Floats, float]:
    """Returns probabilities and the log-likelihood from joint log-probabilities, shape (n_items, n_labels)."""
    # Column by column: a reduction over few labels is slow in NumPy, and this step takes most of the time.
    highest = functools.reduce(np.maximum, joint.T)
    probabilities: Floats = np.exp(joint - highest[:, np.newaxis])
    totals = functools.reduce(np.add, probabilities.T)
    probabilities /= totals[:, np.newaxis]
    return probabilities, float((np.log(totals) + highest).sum())


def _normalized(rows: Floats) -> Floats:
    shares: Floats = rows / rows.sum(axis=1, keepdims=True)
    return shares


def _variational(counts: Floats, prior: float) -> Floats:
    """Returns the expected parameters of a multinomial under its variational posterior, which do not sum to 1."""
    total: Floats = np.exp(digamma(counts + prior) - digamma((counts + prior).sum(axis=1, keepdims=True)))
    return total


MODELS: dict[str, Model] = {"dawid_skene": dawid_skene, "mace": mace}
