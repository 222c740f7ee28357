"""`harness suspects`: labels that are likely wrong, as a queue to review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from harness.arguments import as_list
from harness.arrays import Floats
from harness.compare.compare import with_label_names
from harness.compare.dataset_diff import task_gold_by_claim
from harness.compare.more_labels.confident_learning import (
    confident_joint,
    likely_errors,
    normalized_margin,
    self_confidence,
)
from harness.compare.results import ResultEntry, ResultTable, read_table
from harness.data.claims import Column
from harness.data.labels.gold import active_annotations, parse_rule
from harness.data.labels.tasks import YES_NO
from harness.data.load import open_dataset
from harness.display import Rows, displayed
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import json_line, write_text
from harness.runner.result_files import Result
from harness.runner.splitting.split_config import SystemAtShare
from harness.schemes import TaskMapping

RankBy = Literal["margin", "self_confidence"]


class Suspect(NamedTuple):
    """A claim whose gold label is likely wrong."""

    claim_id: str
    score: float
    """How much speaks against the gold label, in [0, 1]; the highest first."""
    gold: str
    """Label that the claim has."""
    suggested: str
    """Label that the systems are confident of."""
    self_confidence: float
    """Probability of the gold label."""
    margin: float
    """Probability of the gold label minus the highest of the other labels."""
    annotators: tuple[str, ...]
    """Who gave the gold label: annotators and adjudicators whose label it is."""
    text: str
    scheme: str | None
    """Scheme of the gold label; None: nobody gives it any more."""
    axis: str | None
    """Axis of the gold label, which `harness label --from-scores` asks."""


class PairOfLabels(NamedTuple):
    """Claims of one gold label that likely have another."""

    gold: str
    true: str
    listed: int
    """Number of claims in the queue."""
    estimated: float
    """Estimated number of claims, by the joint distribution of given and true labels."""


@displayed
class SuspectQueue(NamedTuple):
    """Labels that are likely wrong, those that most speaks against first."""

    dataset: str
    systems: tuple[str, ...]
    """Systems whose mean probabilities were used."""
    gold_rule: str
    """Rule of the results that makes gold of the annotators' labels."""
    n: int
    """Number of claims with gold and probabilities."""
    error_rate: float
    """Estimated share of claims whose gold label is wrong."""
    pairs: Sequence[PairOfLabels]
    suspects: Sequence[Suspect]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Returns the queue as `harness suspects --json` prints it."""
        rows = {name: [row._asdict() for row in getattr(self, name)] for name in ("pairs", "suspects")}
        return self._asdict() | rows | {"notes": list(self.notes)}


def suspects(
    results: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    systems: str | Sequence[str] = (),
    rank_by: RankBy = "margin",
    dataset: str | Path | None = None,
    root: str | Path | None = None,
) -> SuspectQueue:
    """Lists claims whose gold label is likely wrong, by confident learning.

    A claim is listed if the mean probability of another label, by systems that were fitted without the claim, reaches
    the mean that claims of that label have.

    Args:
        results: result folders, or run folders, over the same claims.
        out: file to write, a JSON line per claim with `claim_id` and `score`, the highest score first; None: no file.
        systems: systems to use; default: all that give probabilities, by their mean.
        rank_by: `margin`: probability of the gold label minus the highest of the others; `self_confidence`: that of the
            gold label alone. The order is the same if there are two labels.
        dataset: dataset folder with the texts and the annotators; default: the dataset of the results.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: no system gives probabilities, the results differ in claims, or the dataset is not there.
    """
    table = with_label_names(read_table(results, least=1))
    entries, notes = _chosen(table, as_list(systems))
    given, names, probabilities = table.gold.codes, table.gold.names, _mean_probabilities(entries)
    joint, confidence = confident_joint(given, probabilities), self_confidence(given, probabilities)
    margin = normalized_margin(given, probabilities)
    score = (1 - margin) / 2 if rank_by == "margin" else 1 - confidence
    rows = np.flatnonzero(likely_errors(given, probabilities, joint))
    rows = rows[np.argsort(-score[rows], kind="stable")]
    now, claim_ids = _read_dataset(entries[0].result, dataset, root), _scored_ids(entries[0])
    queue = [
        Suspect(
            claim_id=claim_ids[row],
            score=float(score[row]),
            gold=names[given[row]],
            suggested=names[joint.suggested[row]],
            self_confidence=float(confidence[row]),
            margin=float(margin[row]),
            annotators=now.annotators.get(claim_ids[row], ()),
            text=now.texts[claim_ids[row]],
            scheme=now.asked.get(claim_ids[row], (None, None))[0],
            axis=now.asked.get(claim_ids[row], (None, None))[1],
        )
        for row in rows.tolist()
        if now.gold.get(claim_ids[row]) == table.gold.labels[given[row]]
    ]
    if len(queue) < len(rows):
        notes.append(f"{len(rows) - len(queue):,} left out: the gold label is another one now, or the claim is gone")
    gold_rule = entries[0].result.provenance.config.gold
    notes += _rule_notes(gold_rule)
    if out is not None:
        write_text(Path(out), "".join(json_line(suspect._asdict()) for suspect in queue))
    return SuspectQueue(
        dataset=entries[0].result.dataset,
        systems=tuple(entry.name for entry in entries),
        gold_rule=gold_rule,
        n=len(given),
        error_rate=joint.error_rate,
        pairs=Rows(_pairs(queue, names, joint.joint * len(given))),
        suspects=Rows(queue),
        notes=(*notes, *table.notes),
    )


def _rule_notes(rule: str) -> list[str]:
    """Says where labels by another annotator cannot change the gold of a rule."""
    name, annotator, *_ = parse_rule(rule)
    if name != "single":
        return []
    if not annotator:
        return [
            "gold rule single: it allows no second annotator of a claim; before others label, set another rule in the "
            "config, such as gold: adjudicated"
        ]
    return [
        f"gold rule {rule}: labels by other annotators cannot change this gold; {annotator} can answer again (harness "
        f"label DATASET --as {annotator} --claim ID), or set another rule in the config, such as gold: adjudicated"
    ]


def _pairs(queue: Sequence[Suspect], names: Sequence[str], estimated: Floats) -> list[PairOfLabels]:
    """The pairs of gold and true label that any claim is estimated to have, the most claims first."""
    listed = Counter((suspect.gold, suspect.suggested) for suspect in queue)
    pairs = [
        PairOfLabels(gold, true, listed[gold, true], float(estimated[row, column]))
        for row, gold in enumerate(names)
        for column, true in enumerate(names)
        if row != column and estimated[row, column] > 0
    ]
    return sorted(pairs, key=lambda pair: -pair.estimated)


def _chosen(table: ResultTable, names: Sequence[str]) -> tuple[list[ResultEntry], list[str]]:
    """The systems whose probabilities are used, and a note on the others.

    Raises: UnknownName: there is no such system. HarnessError: a system gives no probabilities, or none does.
    """
    if table.entries[0].result.task == "evidence":
        raise HarnessError("suspects: a ranking of passages has no labels; give results of a task with labels")
    known = [entry.name for entry in table.entries]
    for name in names:
        if name not in known:
            raise UnknownName(f"suspects: --system: {unknown_name('system of these results', name, known)}")
    chosen = [entry for entry in table.entries if entry.name in names] or list(table.entries)
    with_all = [entry for entry in chosen if names or not _is_at_share(entry)]
    entries = [entry for entry in with_all if entry.result.provenance.gives_probabilities]
    without = [entry.name for entry in with_all if not entry.result.provenance.gives_probabilities]
    if without and (names or not entries):
        remedy = "set calibration for it in the config, or take another system"
        raise HarnessError(f"suspects: the scores of {', '.join(without)} are no probabilities; {remedy}")
    if not entries:
        raise HarnessError("suspects: every system has a share of the training claims only; name one with --system")
    notes = [f"{name}: gives no probabilities, and is left out" for name in without]
    if len(with_all) < len(chosen):
        notes.append("systems with a share of the training claims are left out; --system NAME takes one")
    return entries, notes


def _is_at_share(entry: ResultEntry) -> bool:
    system = SystemAtShare.parse(entry.name)
    return system is not None and system.share < 1


def _mean_probabilities(entries: Sequence[ResultEntry]) -> Floats:
    """The mean over systems, and random seeds, of the probabilities of the claims with gold."""
    of_systems = [np.mean([run.scores for run in entry.runs if run.scores is not None], axis=0) for entry in entries]
    mean: Floats = np.mean(of_systems, axis=0)
    return mean


def _scored_ids(entry: ResultEntry) -> Column:
    """Ids of the claims with gold, each once."""
    columns = entry.columns
    has_gold = np.array([label is not None for label in columns["gold"]], dtype=bool)
    ids: Column = columns["claim_id"][has_gold & (columns["random_seed"] == columns["random_seed"][0])]
    return ids


class _DatasetNow(NamedTuple):
    """What the dataset of the results says now."""

    texts: dict[str, str]
    gold: dict[str, str]
    """Gold label of each claim, among the labels of the task."""
    annotators: dict[str, tuple[str, ...]]
    """Who gives each claim its gold label."""
    asked: dict[str, tuple[str, str]]
    """Scheme and axis of the gold label of each claim."""


def _read_dataset(result: Result, dataset: str | Path | None, root: str | Path | None) -> _DatasetNow:
    """Reads the dataset of a result as it is now.

    Raises: HarnessError: a dataset cannot be opened; the message says how to name it.
    """
    now = _DatasetNow({}, {}, {}, {})
    provenance = result.provenance
    mappings = {use.name: use.mapping for use in provenance.schemes}
    for name in provenance.config.datasets if dataset is None else [dataset]:
        try:
            opened = open_dataset(name, root)
        except HarnessError as error:
            raise HarnessError(f"suspects: {error}; name the folder of the dataset with --dataset") from None
        gold = task_gold_by_claim(result, opened)
        now.gold.update(gold)
        now.texts.update((claim.claim_id, " ".join((claim.text or "").split())) for claim in opened.current)
        for annotation in active_annotations(opened.annotations):
            mapping, claim_id = mappings.get(annotation.scheme), annotation.claim_id
            if mapping is None or annotation.axis != mapping.axis:
                continue
            if gold.get(claim_id) in _answers(mapping, annotation.label):
                now.asked[claim_id] = annotation.scheme, annotation.axis
                now.annotators[claim_id] = (*now.annotators.get(claim_id, ()), annotation.annotator)
    return now


def _answers(mapping: TaskMapping, label: str) -> tuple[str, ...]:
    """What a label of a scheme can be among the labels of a task."""
    yes_or_no = YES_NO[label in mapping.positive] if label in (*mapping.positive, *mapping.negative) else label
    return yes_or_no, mapping.common.get(label, label)
