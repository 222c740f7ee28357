"""The claims that a probe edits, with their gold, and what models make of the planted errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.arrays import Bools, Codes
from harness.data.claims import Claims
from harness.data.labels.tasks import TASKS, find_task
from harness.data.load import find_scheme
from harness.runner.models.saved_model import Model
from harness.runner.splitting.joined_datasets import JoinedDatasets, joined_gold, load_joined, schemes_of
from harness.runner.verification.gold_evidence import GoldEvidence
from harness.schemes import COMMON_VERDICTS
from harness.scoring.probes import planted
from harness.scoring.probes.held_out import held_out
from harness.scoring.probes.measure import Material, score_before
from harness.scoring.probes.planted import PlantedErrors, ReadPair, planted_errors

DEFAULT_RULE = "adjudicated"
"""Gold rule for a system that was not trained."""


def _gold_rule(model: Model, gold: str | None) -> str:
    return gold or (model.card.provenance.gold if model.card.provenance else DEFAULT_RULE)


def claims_to_detect(model: Model, joined: JoinedDatasets, usable: Bools, gold: str | None) -> tuple[Material, str]:
    """The claims with the positive label, or all where the dataset does not answer the task."""
    (dataset,) = joined.datasets
    answered = model.card.task is not None and any(
        model.card.task in find_scheme(dataset.folder, name).tasks for name in dataset.info.schemes
    )
    if not answered:
        rows = np.flatnonzero(usable)
        of_task = f" for {model.card.task}" if model.card.task else ""
        return _material(joined.claims, rows, {}), f"all claims, since {joined.name} has no gold{of_task}"
    task = find_task(str(model.card.task))
    task_gold = joined_gold(joined, task, schemes_of(joined, task), _gold_rule(model, gold))
    positive = task_gold.rows_with_gold[task_gold.gold.positive]
    rows = positive[usable[positive]]
    label = str(model.card.positive)
    return _material(joined.claims, rows, dict.fromkeys(rows.tolist(), label)), f"claims with gold '{label}'"


def claims_to_judge(model: Model, joined: JoinedDatasets, usable: Bools, gold: str | None) -> tuple[Material, str]:
    """The claims with a gold verdict that the model has a label for, and with a passage if it reads any."""
    task = TASKS["verdict"]
    (scheme,) = schemes = schemes_of(joined, task)
    task_gold = joined_gold(joined, task, schemes, _gold_rule(model, gold))
    to_common = scheme.tasks["verdict"].common
    label_of = {verdict: label for label, verdict in common_verdicts(model).items()}
    claims = joined.claims
    if model.card.evidence is not None:
        claims = replace(claims, evidence=GoldEvidence(joined).shown().column)
    verdicts: dict[int, str] = {}
    for row, code in zip(task_gold.rows_with_gold.tolist(), task_gold.gold.codes.tolist(), strict=True):
        own = task_gold.gold.labels[code]
        verdict = to_common.get(own, own)
        reads_nothing = model.card.evidence is not None and not claims.evidence[row]
        if usable[row] and verdict in label_of and not reads_nothing:
            verdicts[row] = verdict
    rows = np.array(list(verdicts), dtype=np.int64)
    labels = {row: label_of[verdict] for row, verdict in verdicts.items()}
    with_passages = " and gold evidence, which they are judged by" if model.card.evidence is not None else ""
    material = _material(claims, rows, labels, verdicts)
    return material._replace(label_of=label_of), f"claims with a gold verdict{with_passages}"


def _material(
    claims: Claims, rows: Codes, gold: Mapping[int, str], common: Mapping[int, str] | None = None
) -> Material:
    numbers = rows.tolist()
    return Material(
        claims.take(rows), [gold.get(row) for row in numbers], [(common or {}).get(row) for row in numbers], {}
    )


def common_verdicts(model: Model) -> dict[str, str]:
    """What each label of a judge means in common terms, as its scheme says."""
    common: dict[str, str] = {}
    for use in model.card.schemes:
        common |= use.mapping.common
    return {
        label: common.get(label, label) for label in model.card.labels if common.get(label, label) in COMMON_VERDICTS
    }


def read_planted(detector: Model | None, judge: Model | None) -> PlantedErrors:
    """What the models make of the planted errors, which are always read, whatever the dataset."""
    joined = load_joined([planted.DATASET])
    (dataset,) = joined.datasets
    claims, task = joined.claims, TASKS["verdict"]
    task_gold = joined_gold(joined, task, schemes_of(joined, task), planted.GOLD)
    gold = {
        str(claims.claim_id[row]): task_gold.gold.labels[code]
        for row, code in zip(task_gold.rows_with_gold.tolist(), task_gold.gold.codes.tolist(), strict=True)
    }
    names = [str(name) for name in claims.claim_id]
    picked: dict[str, bool] | None = None
    verdicts: dict[str, str | None] | None = None
    scores: dict[str, float | None] = {}
    if detector is not None:
        before = score_before(detector, claims)
        picked = {name: label == detector.card.positive for name, label in zip(names, before.labels, strict=True)}
        scores = dict(zip(names, before.scores[:, -1].tolist(), strict=True))
    if judge is not None:
        verdicts, scores = _verdicts(judge, joined, names)
    notes = dict.fromkeys(
        held_out(model, dataset, claims.claim_id).sentence for model in (detector, judge) if model is not None
    )
    return planted_errors(claims, gold, ReadPair(picked, verdicts, scores), "; ".join(notes))


def _verdicts(
    judge: Model, joined: JoinedDatasets, names: Sequence[str]
) -> tuple[dict[str, str | None], dict[str, float | None]]:
    """The verdict of each planted sentence in common terms, and its score."""
    claims = joined.claims
    if judge.card.evidence is not None:
        claims = replace(claims, evidence=GoldEvidence(joined).shown().column)
    before, common = score_before(judge, claims), common_verdicts(judge)
    answers = zip(names, before.labels, strict=True)
    verdicts = {name: None if label is None else common.get(label, label) for name, label in answers}
    scores = {
        name: None if label is None else float(before.scores[row, judge.card.labels.index(label)])
        for row, (name, label) in enumerate(zip(names, before.labels, strict=True))
    }
    return verdicts, scores
