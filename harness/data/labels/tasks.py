"""The tasks: which question is asked, how a scheme answers it, and the metrics that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats
from harness.data.claims import Claims, Gold
from harness.data.labels.gold import GoldLabels
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.schemes import Scheme, TaskMapping

YES_NO = ("no", "yes")


class Task(NamedTuple):
    """A question asked of every claim."""

    name: str
    question: str
    binary: bool
    """Whether it is answered by yes or no; else by the labels of the scheme's axis."""
    metrics: tuple[str, ...]
    """The default metrics."""
    of_one: str | None = None
    """The question as it is asked of one claim, where it is asked of several."""


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
    )
}


class TaskGold(NamedTuple):
    """The gold of a task for the claims of a table."""

    gold: Gold
    """Of the settled rows only."""
    rows_with_gold: np.ndarray[tuple[int], np.dtype[np.int64]]
    """Row numbers of the claims that have gold for the task."""
    counts: dict[str, int]
    """Claims left out, by reason."""


def mapping_of(task: Task, scheme: Scheme) -> TaskMapping:
    """How a scheme answers a task.

    Raises: HarnessError: it does not; the message lists the tasks that it does answer.
    """
    mapping = scheme.tasks.get(task.name)
    if mapping is None:
        raise HarnessError(
            f"scheme '{scheme.name}' does not answer the task '{task.name}'; it answers: "
            f"{', '.join(scheme.tasks) or 'none'}"
        )
    return mapping


def task_labels(task: Task, scheme: Scheme) -> tuple[str, ...]:
    """The labels that are predicted: no and yes, or the axis's own."""
    axis = scheme.axis(mapping_of(task, scheme).axis)
    return YES_NO if task.binary else tuple(label for label in axis.label_names if label != axis.abstain_label)


def task_gold(task: Task, scheme: Scheme, claims: Claims, found: GoldLabels) -> TaskGold:
    """The gold labels of an axis as the gold of a task, in the order of the table.

    Claims whose label settles nothing ("cannot tell"), that the gold rule left undecided, or that nobody labelled are
    left out and counted.
    """
    mapping = mapping_of(task, scheme)
    labels = task_labels(task, scheme)
    if task.binary:
        code = dict.fromkeys(mapping.negative, 0) | dict.fromkeys(mapping.positive, 1)
    else:
        code = {label: number for number, label in enumerate(labels)}
    rows, codes = list[int](), list[int]()
    counts = {"unsettled": 0, "undecided": 0, "unlabelled": 0}
    undecided = set(found.undecided)
    for row, claim_id in enumerate(claims.claim_id):
        gold_label = found.labels.get(claim_id)
        if gold_label is not None and gold_label.label in code:
            rows.append(row)
            codes.append(code[gold_label.label])
        elif gold_label is not None:
            counts["unsettled"] += 1
        else:
            counts["undecided" if claim_id in undecided else "unlabelled"] += 1
    settled = np.array(rows, dtype=np.int64)
    gold = Gold(labels, np.array(codes, dtype=np.int64))
    votes = [found.votes.get(claim_id, ()) for claim_id in claims.claim_id[settled]]
    return TaskGold(Gold(labels, gold.codes, _shares(gold, votes, code)), settled, counts)


def _shares(gold: Gold, votes: Sequence[Sequence[str]], code: Mapping[str, int]) -> Floats | None:
    """The share of annotators who gave each label, shape (n_claims, n_labels); None where no claim has several.

    Labels that settle nothing do not count; a claim with one annotator has that one's label whole.
    """
    if not any(votes):
        return None
    shares = np.eye(len(gold.labels))[gold.codes]
    for row, given in enumerate(votes):
        counted = [code[label] for label in given if label in code]
        if counted:
            shares[row] = np.bincount(counted, minlength=len(gold.labels)) / len(counted)
    return shares


def find_task(name: str) -> Task:
    """The task of a name.

    Raises: HarnessError: no such task.
    """
    if name not in TASKS:
        raise UnknownName(unknown_name("task", name, list(TASKS)))
    return TASKS[name]
