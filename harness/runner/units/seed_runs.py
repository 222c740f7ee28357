"""Runs of a system over all folds: one for each random seed, or one that serves every seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.arrays import Codes
from harness.classifiers.base import QuoteCounts
from harness.runner.plan import Unit
from harness.runner.units.unit_file import Predictions


def join_folds(unit_predictions: Sequence[tuple[Unit, Predictions]]) -> dict[int | None, Predictions]:
    """Joins the predictions of all folds, in the order of the claim table.

    Args:
        unit_predictions: the units of one system with their predictions, ordered by fold, then seed.
    Returns: predictions by random seed; the only key is None if no fit depends on the seed.
    """
    seeds = dict.fromkeys(unit.seed for unit, _ in unit_predictions)
    if len(seeds) > 1:
        seeds.pop(None, None)  # the fit of a fold that does not depend on the seed is part of each run
    return {seed: _join([pair for pair in unit_predictions if pair[0].seed in (seed, None)]) for seed in seeds}


def _join(of_seed: Sequence[tuple[Unit, Predictions]]) -> Predictions:
    """Joins the predictions of all folds of one seed."""
    table_order = np.argsort(np.concatenate([unit.fold.test for unit, _ in of_seed]), kind="stable")
    answers = [answer for _, answer in of_seed]
    return Predictions(
        scores=np.concatenate([answer.scores for answer in answers])[table_order],
        predicted=np.concatenate([answer.predicted for answer in answers])[table_order],
        probabilities=all(answer.probabilities for answer in answers),
        gives_scores=answers[0].gives_scores,
        gives_labels=answers[0].gives_labels,
        n_unanswered=sum(answer.n_unanswered for answer in answers),
        unanswered_by_reason=sum((Counter(answer.unanswered_by_reason) for answer in answers), Counter()),
        quotes=_add_quotes([answer.quotes for answer in answers if answer.quotes is not None]),
        reasons=_join_reasons(answers, table_order),
    )


def _add_quotes(counts: Sequence[QuoteCounts]) -> QuoteCounts | None:
    return QuoteCounts(*map(sum, zip(*counts, strict=True))) if counts else None


def _join_reasons(answers: Sequence[Predictions], order: Codes) -> list[str | None] | None:
    if all(answer.reasons is None for answer in answers):
        return None
    all_reasons = [reason for answer in answers for reason in (answer.reasons or [None] * len(answer.predicted))]
    return [all_reasons[row] for row in order]
