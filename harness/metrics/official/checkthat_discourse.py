"""Macro F1 of CheckThat! 2025 task 4a: the F1 of each of three labels of a tweet, and their plain mean.

Source: the organizers' notebook, which takes the F1 of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics.official.labels import OfficialScores


def checkthat_discourse(
    gold: Sequence[Sequence[bool]], predicted: Sequence[Sequence[bool]], names: Sequence[str]
) -> OfficialScores:
    """The F1 of each label and their mean; 0 / 0 is 0.

    Args:
        gold, predicted: whether each label holds of each tweet; the same tweets in the same order.
        names: names of the labels.
    """
    values = {}
    for name, truth, guess in zip(names, zip(*gold, strict=True), zip(*predicted, strict=True), strict=True):
        either = sum(truth) + sum(guess)
        values[f"f1@{name}"] = 2 * sum(map(min, truth, guess)) / either if either else 0.0
    return {"macro_f1": sum(values.values()) / len(values)} | values
