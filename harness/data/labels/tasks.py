"""The tasks: the question that each asks, its answer by a label scheme, and its default metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats
from harness.data.claims import Claims, Gold
from harness.data.labels.gold import GoldLabels
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.schemes import COMMON_VERDICTS, Scheme, TaskMapping

ANNOTATORS_DISAGREE = "annotators disagree"
"""Reason why a claim has no gold."""
NO_COUNTERPART = "without a counterpart in the other schemes"
"""Reason why a claim of joined datasets has no gold."""
YES_NO = ("no", "yes")
"""Labels of a binary task; the index is the code."""


class Task(NamedTuple):
    """A question that classifiers answer for every claim."""

    name: str
    question: str
    """Question as shown to the user and to language models."""
    binary: bool
    """Whether the answer is yes or no; else it is a label of the scheme's axis."""
    metrics: tuple[str, ...]
    """Default metrics of the task."""
    of_one: str | None = None
    """Question about a single claim, for a task whose `question` is about several; None if `question` is."""


TASKS = {
    task.name: task
    for task in (
        Task(
            "checkability",
            "could public evidence settle this?",
            True,
            ("f1", "macro_f1", "average_precision", "roc_auc", "brier"),
        ),
        Task(
            "check_worthiness",
            "in which order should a desk look at these?",
            True,
            ("mean_average_precision", "r_precision", "precision_at", "average_precision"),
            "should a fact-checker with limited time look at this one?",
        ),
        Task(
            "claim_detection",
            "is it a claim of the kind that the scheme looks for?",
            True,
            ("f1", "precision", "recall", "accuracy", "average_precision"),
        ),
        Task("claim_type", "what kind of claim is it?", False, ("macro_f1", "accuracy")),
        Task(
            "evidence",
            "which passages bear on the claim?",
            False,
            ("recall_at", "ndcg_at", "reciprocal_rank_at", "mean_average_precision", "r_precision", "whole_group_at"),
        ),
        Task("verdict", "what does the evidence say of the claim?", False, ("macro_f1", "accuracy", "brier")),
    )
}


class TaskGold(NamedTuple):
    """The gold labels of a task for the claims of a table."""

    gold: Gold
    """Gold labels of the rows in `rows_with_gold`, in that order."""
    rows_with_gold: np.ndarray[tuple[int], np.dtype[np.int64]]
    """Row numbers of the claims with a gold label for the task, ascending."""
    counts: dict[str, int]
    """Number of claims without a gold label, by reason."""


def mapping_of(task: Task, scheme: Scheme) -> TaskMapping:
    """The mapping of a scheme's labels to the answers of a task.

    Raises: HarnessError: the scheme does not answer the task; the message lists the tasks that it answers.
    """
    mapping = scheme.tasks.get(task.name)
    if mapping is None:
        raise HarnessError(
            f"scheme '{scheme.name}' does not answer the task '{task.name}'; it answers: "
            f"{', '.join(scheme.tasks) or 'none'}"
        )
    return mapping


def task_labels(task: Task, scheme: Scheme) -> tuple[str, ...]:
    """The labels that classifiers predict: no and yes, or the labels of the axis without the abstain label."""
    axis = scheme.axis(mapping_of(task, scheme).axis)
    return YES_NO if task.binary else tuple(label for label in axis.label_names if label != axis.abstain_label)


class Answers(NamedTuple):
    """The labels of a task for one or several label schemes, and what each scheme's own labels mean."""

    labels: tuple[str, ...]
    """Labels that classifiers predict."""
    codes: tuple[Mapping[str, int], ...]
    """For each scheme, the index into `labels` of each own label that answers the task."""


def answers_of(task: Task, schemes: Sequence[Scheme]) -> Answers:
    """The labels of a task.

    Several schemes share the common verdicts that all of them have (`common` in their `tasks`); claims with another
    label have no gold then.

    Args:
        task: any task.
        schemes: label scheme of each dataset; at least one.
    Raises: HarnessError: schemes with different labels have fewer than two verdicts in common.
    """
    mappings = [mapping_of(task, scheme) for scheme in schemes]
    if task.binary:
        codes = [dict.fromkeys(one.negative, 0) | dict.fromkeys(one.positive, 1) for one in mappings]
        return Answers(YES_NO, tuple(codes))
    if len({scheme.name for scheme in schemes}) == 1:
        labels = task_labels(task, schemes[0])
        return Answers(labels, tuple({label: code for code, label in enumerate(labels)} for _ in schemes))
    shared = [verdict for verdict in COMMON_VERDICTS if all(verdict in one.common.values() for one in mappings)]
    if len(shared) < 2:
        names = ", ".join(dict.fromkeys(scheme.name for scheme in schemes))
        raise HarnessError(
            f"task '{task.name}': the schemes {names} have fewer than two verdicts in common, so their datasets cannot "
            f"be joined; a scheme says what its labels mean by tasks.{task.name}.common"
        )
    return Answers(
        tuple(shared),
        tuple(
            {label: shared.index(verdict) for label, verdict in one.common.items() if verdict in shared}
            for one in mappings
        ),
    )


def own_label_names(labels: Sequence[str], mappings: Sequence[TaskMapping]) -> tuple[str, ...]:
    """What schemes call the labels of a task: for yes and no, the labels of the axis that mean them.

    Args:
        labels: labels of the task.
        mappings: the mapping of each dataset's scheme; if they name yes or no differently, both stay as they are.
    """
    names = {(" or ".join(mapping.negative), " or ".join(mapping.positive)) for mapping in mappings}
    if tuple(labels) != YES_NO or len(names) != 1:
        return tuple(labels)
    own = names.pop()
    return own if all(own) else tuple(labels)


def task_gold(
    task: Task, scheme: Scheme, claims: Claims, gold_labels: GoldLabels, answers: Answers | None = None
) -> TaskGold:
    """Convert the gold labels of an axis to the gold of a task, in the order of the table.

    Claims are excluded and counted if their label does not answer the task ("cannot tell"), has no counterpart in the
    other schemes, the gold rule left them undecided, or nobody labeled them.

    Args:
        task, scheme: task, and the label scheme of the claims.
        claims: the claims.
        gold_labels: their gold labels.
        answers: labels that the scheme shares with others, whose first `codes` are those of the scheme; None: its own.
    """
    mapping = mapping_of(task, scheme)
    labels, (code_of, *_) = answers or answers_of(task, [scheme])
    own = answers_of(task, [scheme]).codes[0]
    given = list(map(gold_labels.labels.names.get, claims.claim_id))
    code_of_given = {label: code_of.get(label or "", -1) for label in set(given)}
    codes = np.fromiter(map(code_of_given.__getitem__, given), dtype=np.int64, count=len(given))
    rows_with_gold = np.flatnonzero(codes >= 0)
    counts = {"cannot tell": 0, NO_COUNTERPART: 0, ANNOTATORS_DISAGREE: 0, "not labeled": 0}
    undecided = set(gold_labels.undecided)
    for row in np.flatnonzero(codes < 0).tolist():
        if given[row] is not None:
            counts[NO_COUNTERPART if given[row] in own else "cannot tell"] += 1
        else:
            counts[ANNOTATORS_DISAGREE if claims.claim_id[row] in undecided else "not labeled"] += 1
    gold = Gold(labels, codes[rows_with_gold])
    shares = _vote_shares(gold, claims.claim_id[rows_with_gold], gold_labels.votes, code_of)
    names = own_label_names(labels, [mapping])
    return TaskGold(Gold(labels, gold.codes, shares, names), rows_with_gold, counts)


def _vote_shares(
    gold: Gold, claim_ids: Iterable[str], votes: Mapping[str, Sequence[str]], code_of: Mapping[str, int]
) -> Floats | None:
    """The share of annotators that gave each label, shape (n_claims, n_labels); None if no claim has several.

    Labels that do not answer the task do not count; the gold label of a claim without votes has the share 1.
    """
    if not votes or votes.keys().isdisjoint(claim_ids):
        return None
    shares = np.eye(len(gold.labels))[gold.codes]
    for row, claim_id in enumerate(claim_ids):
        codes = [code_of[label] for label in votes.get(claim_id, ()) if label in code_of]
        if codes:
            shares[row] = np.bincount(codes, minlength=len(gold.labels)) / len(codes)
    return shares


def find_task(name: str) -> Task:
    """The task with a name.

    Raises: UnknownName: there is no such task; the message lists the tasks.
    """
    if name not in TASKS:
        raise UnknownName(unknown_name("task", name, list(TASKS)))
    return TASKS[name]
