"""Exact reimplementation of the official SciFact scorer: micro precision, recall and F1 of abstracts and of sentences.

It reproduces the edge cases: only the first three sentences of an abstract can rationalize it (more if the shortest
gold rationale is longer), while all its sentences count at the sentence level; a sentence counts only if its whole
gold rationale is predicted; an abstract predicted as NOT_ENOUGH_INFO does not count. A ratio with denominator 0 is 0.
It does not reproduce a defect: the official scorer ignores the gold of claims missing from a submission; here, such a
submission is refused.

Source: Wadden et al. 2020, and the evaluator published with the leaderboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.data.formats.verification.scifact_jsonl import NOT_ENOUGH_INFO, Abstract, GoldAbstract
from harness.metrics.official.labels import accuracy, f1_by_label

LABELS = ("CONTRADICT", NOT_ENOUGH_INFO, "SUPPORT")
"""Labels of a claim."""
FIRST_SENTENCES = 3
"""Number of predicted sentences of an abstract that can rationalize it, unless all its gold rationales are longer."""


class AbstractCounts(NamedTuple):
    """Correct parts of one predicted abstract."""

    label: bool
    """Whether the label is correct."""
    rationalized: bool
    """Whether the label is correct and the first sentences contain a whole gold rationale."""
    sentences: int
    """Number of predicted sentences in completely predicted gold rationales."""
    labeled_sentences: int
    """The same number if the label is correct, else 0."""


def scifact(
    gold: Sequence[Mapping[str, GoldAbstract]], predicted: Sequence[Mapping[str, Abstract]]
) -> dict[str, float]:
    """The twelve metrics of the scorer, all in [0, 1].

    Args:
        gold: abstracts of each claim, by document id.
        predicted: abstracts of the same claims, in the same order.
    """
    gold_abstracts = [abstract for abstracts in gold for abstract in abstracts.values()]
    pairs = [
        (truth.get(document), abstract)
        for truth, abstracts in zip(gold, predicted, strict=True)
        for document, abstract in abstracts.items()
        if abstract.label != NOT_ENOUGH_INFO
    ]
    counts = [count_correct(truth, abstract) for truth, abstract in pairs]
    n_predicted, n_gold = len(pairs), len(gold_abstracts)
    n_sentences = sum(len(abstract.sentences) for _, abstract in pairs)
    n_gold_sentences = sum(len(rationale) for abstract in gold_abstracts for rationale in abstract.rationales)
    return {
        **_ratios("abstract_label_only", sum(c.label for c in counts), n_predicted, n_gold),
        **_ratios("abstract_rationalized", sum(c.rationalized for c in counts), n_predicted, n_gold),
        **_ratios("sentence_selection", sum(c.sentences for c in counts), n_sentences, n_gold_sentences),
        **_ratios("sentence_label", sum(c.labeled_sentences for c in counts), n_sentences, n_gold_sentences),
    }


def scifact_claims(
    gold: Sequence[Mapping[str, GoldAbstract]], predicted: Sequence[Mapping[str, Abstract]]
) -> dict[str, float]:
    """F1 of the three labels over claims, their plain mean and the accuracy: what the four F1s leave out.

    Claims without enough information count here. The label of a claim is that of its first abstract with another label
    than NOT_ENOUGH_INFO.

    Args:
        gold: abstracts of each claim, by document id.
        predicted: abstracts of the same claims, in the same order.
    """
    truth, guesses = ([_claim_label(abstracts) for abstracts in claims] for claims in (gold, predicted))
    f1 = f1_by_label(truth, guesses, LABELS)
    return f1 | {"macro_f1": sum(f1.values()) / len(f1), "accuracy": accuracy(truth, guesses)}


def _claim_label(abstracts: Mapping[str, GoldAbstract] | Mapping[str, Abstract]) -> str:
    labels = (abstract.label for abstract in abstracts.values())
    return next((label for label in labels if label != NOT_ENOUGH_INFO), NOT_ENOUGH_INFO)


def count_correct(gold: GoldAbstract | None, predicted: Abstract) -> AbstractCounts:
    """The correct parts of a predicted abstract; `gold` is None if the abstract is not evidence for the claim."""
    if gold is None:
        return AbstractCounts(False, False, 0, 0)
    is_correct = gold.label == predicted.label
    n_first = max(FIRST_SENTENCES, min(map(len, gold.rationales), default=0))
    first_sentences = set(predicted.sentences[:n_first])
    whole_rationales = [rationale for rationale in gold.rationales if rationale <= set(predicted.sentences)]
    # A union, because rationales may share sentences and each counts once.
    sentences = len(frozenset().union(*whole_rationales))
    is_rationalized = is_correct and any(rationale <= first_sentences for rationale in gold.rationales)
    return AbstractCounts(is_correct, is_rationalized, sentences, sentences if is_correct else 0)


def _ratios(name: str, n_correct: int, n_predicted: int, n_gold: int) -> dict[str, float]:
    precision = n_correct / n_predicted if n_predicted else 0.0
    recall = n_correct / n_gold if n_gold else 0.0
    denominator = precision + recall
    return {
        f"{name}_precision": precision,
        f"{name}_recall": recall,
        f"{name}_f1": 2 * precision * recall / denominator if denominator else 0.0,
    }
