"""The official SciFact scorer, digit for digit: micro precision, recall and F1 over abstracts and over sentences.

Its corners, kept: an abstract counts as rationalized by its first three sentences only, while all its sentences count
at the sentence level; a sentence counts only if the whole gold rationale that it belongs to is predicted; an abstract
predicted as not enough info counts nowhere. A ratio of nothing is 0. Its defect, left out: gold of claims that a
submission lacks is not counted as missed; here they are refused.

Source: Wadden et al. 2020, and the evaluator published with the leaderboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.data.formats.verification.scifact_jsonl import NOT_ENOUGH_INFO, Abstract, GoldAbstract

FIRST_SENTENCES = 3


class _AbstractCounts(NamedTuple):
    """What one predicted abstract has right."""

    label: bool
    rationalized: bool
    sentences: int
    """Those of whole gold rationales."""
    labelled_sentences: int


def scifact(
    gold: Sequence[Mapping[str, GoldAbstract]], predicted: Sequence[Mapping[str, Abstract]]
) -> dict[str, float]:
    """The twelve numbers of the scorer, all in [0, 1].

    Args:
        gold: abstracts of each claim, by their ids.
        predicted: as many, of the same claims.
    """
    there = [abstract for abstracts in gold for abstract in abstracts.values()]
    given = [
        (truth.get(document), abstract)
        for truth, abstracts in zip(gold, predicted, strict=True)
        for document, abstract in abstracts.items()
        if abstract.label != NOT_ENOUGH_INFO
    ]
    found = [_found(truth, abstract) for truth, abstract in given]
    n_sentences = sum(len(abstract.sentences) for _, abstract in given)
    gold_sentences = sum(len(rationale) for abstract in there for rationale in abstract.rationales)
    return {
        **_ratios("abstract_label_only", sum(f.label for f in found), len(given), len(there)),
        **_ratios("abstract_rationalized", sum(f.rationalized for f in found), len(given), len(there)),
        **_ratios("sentence_selection", sum(f.sentences for f in found), n_sentences, gold_sentences),
        **_ratios("sentence_label", sum(f.labelled_sentences for f in found), n_sentences, gold_sentences),
    }


def _found(gold: GoldAbstract | None, predicted: Abstract) -> _AbstractCounts:
    if gold is None:
        return _AbstractCounts(False, False, 0, 0)
    right, first = gold.label == predicted.label, set(predicted.sentences[:FIRST_SENTENCES])
    whole = [rationale for rationale in gold.rationales if rationale <= set(predicted.sentences)]
    sentences = len(frozenset().union(*whole))
    rationalized = right and any(rationale <= first for rationale in gold.rationales)
    return _AbstractCounts(right, rationalized, sentences, sentences if right else 0)


def _ratios(name: str, right: int, given: int, there: int) -> dict[str, float]:
    precision, recall = right / given if given else 0.0, right / there if there else 0.0
    both = precision + recall
    return {
        f"{name}_precision": precision,
        f"{name}_recall": recall,
        f"{name}_f1": 2 * precision * recall / both if both else 0.0,
    }
