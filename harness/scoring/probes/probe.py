"""`harness probe`: edits claims in ways of known effect and shows how the scores of a model or a chain move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Bools
from harness.data.claims import Claims
from harness.data.dataset import Dataset
from harness.data.labels.tasks import TASKS, find_task
from harness.data.load import find_scheme
from harness.display import displayed
from harness.errors import FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import atomic_file, json_line
from harness.runner.chain.saved_chain import CHAIN_CARD, ChainModel, load_chain
from harness.runner.models.saved_model import FOLDER, Model, find_model, load_model, untrained_model
from harness.runner.splitting.joined_datasets import JoinedDatasets, joined_gold, load_joined, schemes_of
from harness.runner.verification.gold_evidence import GoldEvidence
from harness.schemes import COMMON_VERDICTS
from harness.scoring.probes import planted
from harness.scoring.probes.edits import EDITS, Edit
from harness.scoring.probes.held_out import held_out
from harness.scoring.probes.measure import EditShift, Material, measure_edit, score_before
from harness.scoring.probes.planted import PlantedErrors, ReadPair, planted_errors

ENGLISH = "en"
MIN_ANNOTATOR_RULE = "adjudicated"


@displayed
@dataclass(frozen=True)
class ProbedStage:
    """One model of what is probed: a detector or a judge."""

    stage: str
    """`detect` or `judge`."""
    system: str
    task: str
    score_of: str
    """What the score is that shifts."""
    n_claims: int
    """Number of claims that may be edited."""
    claims_are: str
    """Which claims these are."""
    in_training: bool
    """Whether the model was trained on these claims."""
    held_out: str
    """What is known of that."""
    rows: tuple[EditShift, ...]

    def document(self) -> dict[str, Any]:
        """The stage as `harness probe --json` prints it."""
        fields = ("stage", "system", "task", "score_of", "n_claims", "claims_are", "in_training", "held_out")
        return {name: getattr(self, name) for name in fields} | {"edits": [row.document() for row in self.rows]}


@displayed
@dataclass(frozen=True)
class Probing:
    """How the scores of a model or a chain move under edits of known effect."""

    name: str
    """Folder or name of what is probed."""
    dataset: str
    stages: tuple[ProbedStage, ...]
    planted: PlantedErrors | None
    """The planted errors; None: the shipped dataset has another content than expected."""
    warnings: tuple[str, ...]
    out: Path | None = None

    def document(self) -> dict[str, Any]:
        """The document that `harness probe --json` prints."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "stages": [stage.document() for stage in self.stages],
            "planted_errors": None if self.planted is None else self.planted.document(),
            "warnings": list(self.warnings),
            "out": None if self.out is None else str(self.out),
        }


class _Probed(NamedTuple):
    """What is probed."""

    name: str
    detector: Model | None
    judge: Model | None

    @property
    def models(self) -> list[tuple[str, Model]]:
        """The models by stage."""
        stages = (("detect", self.detector), ("judge", self.judge))
        return [(stage, model) for stage, model in stages if model is not None]


def probe(
    model: str | Path,
    dataset: str | Path = planted.DATASET,
    out: str | Path | None = None,
    *,
    only: Sequence[str] = (),
    gold: str | None = None,
    seed: int = 13,
    root: str | Path | None = None,
) -> Probing:
    """Edits claims in ways of known effect, and measures how the scores of a model or a chain move.

    Args:
        model: folder of a saved model or a saved chain, or name of a system that needs no training.
        dataset: dataset, in English, whose claims are edited.
        out: file to write: .html (a page) or .jsonl (one edited claim per line).
        only: names of edits to make; empty: all that the model can be probed with.
        gold: rule that turns annotations into gold labels; default: the one that the model was trained with.
        seed: random seed of the edits.
        root: folder of fetched benchmarks.
    Raises: HarnessError: an input is missing or invalid, or does not fit the model; nothing is written.
    """
    from harness.scoring.probes.writers import WRITERS

    target = None if out is None else Path(out)
    if target is not None and target.suffix.lower() not in WRITERS:
        raise UnknownName(f"-o {target}: {unknown_name('suffix', target.suffix, list(WRITERS))}")
    for name in only:
        if name not in EDITS:
            raise UnknownName(unknown_name("edit", name, list(EDITS)))
    probed = _open(model)
    joined = load_joined([dataset], root)
    english, warnings = _english_rows(joined)
    _check(probed, joined, english, only)
    stages = tuple(
        _probe_stage(stage, one, joined, english, edits=_edits_for(one, only), gold=gold, seed=seed)
        for stage, one in probed.models
    )
    warnings += [warning for _, one in probed.models for warning in one.warnings]
    result = Probing(
        name=probed.name,
        dataset=joined.name,
        stages=stages,
        planted=_planted(probed),
        warnings=tuple(dict.fromkeys(warnings)),
        out=target,
    )
    if target is not None:
        write: Callable[[Path, Probing], None] = WRITERS[target.suffix.lower()]
        with atomic_file(target) as temporary:
            write(temporary, result)
    return result


def _open(name: str | Path) -> _Probed:
    """The models to probe.

    Raises: HarnessError: there is no such model, or one whose task has no probes.
    """
    path = Path(name)
    if any((folder / CHAIN_CARD).is_file() for folder in (path, path / FOLDER)):
        chain: ChainModel = load_chain(path)
        return _Probed(str(chain.folder), chain.detector, chain.judge)
    if isinstance(name, str) and "/" not in name and not path.exists():
        return _Probed(name, untrained_model(name), None)
    model = load_model(find_model(path))
    if model.card.positive is not None:
        return _Probed(str(model.folder), model, None)
    if model.card.task == "verdict":
        return _Probed(str(model.folder), None, model)
    probed_tasks = ", ".join(task.name for task in TASKS.values() if task.binary or task.name == "verdict")
    raise FaultsError.single(
        path, f"was trained for the task '{model.card.task}', for which no edit has a known effect; known: {probed_tasks}"
    )


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _english_rows(joined: JoinedDatasets) -> tuple[Bools, list[str]]:
    """Which claims are in English, and what to say of the others.

    Raises: FaultsError: none is.
    """
    languages = [joined.languages[name] for name in joined.claims.article_id]
    english: Bools = np.array([_primary(language) == ENGLISH for language in languages], dtype=bool)
    others = ", ".join(sorted({language for language in languages if _primary(language) != ENGLISH}))
    if not english.any():
        message = f"is in another language ({others}), and the edits are rules of English; name an English dataset"
        raise FaultsError.single(joined.datasets[0].folder, message, code="language")
    left_out = int((~english).sum())
    return english, [f"{left_out:,} claims in another language ({others}) are left out"] if left_out else []


def _check(probed: _Probed, joined: JoinedDatasets, english: Bools, only: Sequence[str]) -> None:
    """Checks that the models fit the edits and the dataset.

    Raises: FaultsError: a model of another language, of no evidence asked for edits of evidence, or of evidence that
        the dataset lacks; all of them together.
    """
    faults: list[FaultsError] = []
    for _, model in probed.models:
        where = model.folder or model.card.system
        for languages, relation in ((model.card.languages, "was trained on"), (model.card.made_for, "is made for")):
            if languages and ENGLISH not in map(_primary, languages):
                message = f"{relation} '{', '.join(languages)}', and the edits are rules of English; probe an English model"
                faults.append(FaultsError.single(where, message, code="language"))
                break
    wanted = [name for name in only if EDITS[name].change_evidence is not None]
    readers = [model for _, model in probed.models if model.card.evidence is not None]
    if wanted and not readers:
        message = f"reads no evidence, so that these edits cannot be made: {', '.join(wanted)}; leave them out of --only"
        faults.append(FaultsError.single(probed.name, message, code="no-evidence"))
    (dataset,) = joined.datasets
    if readers and not any(evidence.text.strip() for evidence in dataset.evidence):
        what = "has gold evidence without text" if dataset.evidence else "has no gold evidence (evidence.jsonl)"
        message = f"{what}, and {readers[0].card.system} reads passages with each claim; name a dataset that has: "
        faults.append(FaultsError.single(dataset.folder, f"{message}{planted.DATASET}", code="no-evidence"))
    if faults:
        raise FaultsError(fault for error in faults for fault in error.faults)


def _edits_for(model: Model, only: Sequence[str]) -> list[Edit]:
    """The edits that a model can be probed with, in the order of the table."""
    reads, is_verdict = model.card.evidence is not None, model.card.positive is None
    return [
        edit
        for edit in EDITS.values()
        if (not only or edit.name in only)
        and edit.expected(is_verdict=is_verdict) is not None
        and (reads or edit.change_evidence is None)
    ]


def _probe_stage(
    stage: str,
    model: Model,
    joined: JoinedDatasets,
    english: Bools,
    *,
    edits: Sequence[Edit],
    gold: str | None,
    seed: int,
) -> ProbedStage:
    (dataset,) = joined.datasets
    unseen = held_out(model, dataset, joined.claims.claim_id)
    usable: Bools = english & unseen.rows
    if model.card.positive is None:
        material, claims_are = _claims_to_judge(model, joined, usable, gold)
        score_of = "the gold verdict"
    else:
        material, claims_are = _claims_to_detect(model, joined, usable, gold)
        score_of = f"'{model.card.positive}'"
    if not len(material.claims):
        raise FaultsError.single(dataset.folder, f"no claim to edit: {claims_are}; name another dataset", code="empty")
    before = score_before(model, material.claims)
    return ProbedStage(
        stage=stage,
        system=model.card.system,
        task=model.card.task or "detection",
        score_of=score_of + ("" if model.card.probabilities else " (not a probability)"),
        n_claims=len(material.claims),
        claims_are=claims_are,
        in_training=unseen.in_training,
        held_out=unseen.sentence,
        rows=tuple(measure_edit(model, material, edit, seed, before) for edit in edits),
    )


def _gold_rule(model: Model, gold: str | None) -> str:
    return gold or (model.card.provenance.gold if model.card.provenance else MIN_ANNOTATOR_RULE)


def _claims_to_detect(
    model: Model, joined: JoinedDatasets, usable: Bools, gold: str | None
) -> tuple[Material, str]:
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


def _claims_to_judge(model: Model, joined: JoinedDatasets, usable: Bools, gold: str | None) -> tuple[Material, str]:
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
    claims: Claims, rows: np.ndarray[Any, Any], gold: Mapping[int, str], common: Mapping[int, str] | None = None
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


def _planted(probed: _Probed) -> PlantedErrors | None:
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
    if probed.detector is not None:
        before = score_before(probed.detector, claims)
        picked = {name: label == probed.detector.card.positive for name, label in zip(names, before.labels, strict=True)}
        scores = dict(zip(names, before.scores[:, -1].tolist(), strict=True))
    if probed.judge is not None:
        verdicts, scores = _verdicts(probed.judge, joined, names)
    notes = dict.fromkeys(f"{held_out(model, dataset, claims.claim_id).sentence}" for _, model in probed.models)
    return planted_errors(claims, gold, ReadPair(picked, verdicts, scores), "; ".join(notes))


def _verdicts(
    judge: Model, joined: JoinedDatasets, names: Sequence[str]
) -> tuple[dict[str, str | None], dict[str, float | None]]:
    """The verdict of each planted sentence in common terms, and its score."""
    claims = joined.claims
    if judge.card.evidence is not None:
        claims = replace(claims, evidence=GoldEvidence(joined).shown().column)
    before, common = score_before(judge, claims), common_verdicts(judge)
    verdicts = {name: None if label is None else common.get(label, label) for name, label in zip(names, before.labels, strict=True)}
    scores = {
        name: None if label is None else float(before.scores[row, judge.card.labels.index(label)])
        for row, (name, label) in enumerate(zip(names, before.labels, strict=True))
    }
    return verdicts, scores


def edited_claims(result: Probing) -> Iterator[dict[str, Any]]:
    """Yields every edited claim as a line of `harness probe -o out.jsonl`."""
    for stage in result.stages:
        for row in stage.rows:
            for claim in row.claims:
                yield {"stage": stage.stage, "edit": row.edit, "expected": row.expected} | claim._asdict()


__all__ = ["Probing", "probe"]
