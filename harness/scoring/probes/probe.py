"""`harness probe`: edits claims in ways of known effect and shows how the scores of a model or a chain move."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arguments import as_list
from harness.arrays import Bools
from harness.data.labels.tasks import TASKS
from harness.errors import FaultsError, UnknownName, unknown_name
from harness.files import atomic_file
from harness.runner.chain.saved_chain import CHAIN_CARD, ChainModel, load_chain
from harness.runner.models.saved_model import FOLDER, Model, find_model, load_model, untrained_model
from harness.runner.splitting.joined_datasets import JoinedDatasets, load_joined
from harness.runner.verification.evidence_source import evidence_name
from harness.scoring.probes import planted
from harness.scoring.probes.edits import EDITS, Edit
from harness.scoring.probes.held_out import held_out
from harness.scoring.probes.materials import claims_to_detect, claims_to_judge, read_planted
from harness.scoring.probes.measure import measure_edit, score_before
from harness.scoring.probes.probing import ProbedStage, Probing
from harness.scoring.probes.writers import WRITERS

ENGLISH = "en"


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
    only: str | Sequence[str] = (),
    gold: str | None = None,
    seed: int = 13,
    root: str | Path | None = None,
) -> Probing:
    """Edits claims in ways of known effect, and measures how the scores of a model or a chain move.

    Args:
        model: folder of a saved model or a saved chain, or name of a system that needs no training.
        dataset: dataset, in English, whose claims are edited.
        out: file to write: .html (a page) or .jsonl (one edited claim per line).
        only: one or more names of edits to make; empty: all that the model can be probed with.
        gold: rule that turns annotations into gold labels; default: the one that the model was trained with.
        seed: random seed of the edits.
        root: folder of fetched benchmarks.
    Raises: HarnessError: an input is missing or invalid, or does not fit the model; nothing is written.
    """
    target = None if out is None else Path(out)
    if target is not None and target.suffix.lower() not in WRITERS:
        raise UnknownName(f"-o {target}: {unknown_name('suffix', target.suffix, list(WRITERS))}")
    only = as_list(only)
    for name in only:
        if name not in EDITS:
            raise UnknownName(unknown_name("edit", name, list(EDITS)))
    probed = _open(model)
    joined = load_joined([dataset], root)
    english, warnings = _english_rows(joined)
    _check(probed, joined, only)
    stages = tuple(
        _probe_stage(stage, one, joined, english, edits=_edits_for(one, only), gold=gold, seed=seed)
        for stage, one in probed.models
    )
    warnings += [warning for _, one in probed.models for warning in (*one.warnings, *_of_evidence(one))]
    result = Probing(
        name=probed.name,
        dataset=joined.name,
        stages=stages,
        planted=read_planted(probed.detector, probed.judge),
        warnings=tuple(dict.fromkeys(warnings)),
        out=target,
    )
    if target is not None:
        with atomic_file(target) as temporary:
            WRITERS[target.suffix.lower()](temporary, result)
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
        path,
        f"was trained for the task '{model.card.task}', for which no edit has a known effect; known: {probed_tasks}",
    )


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _english_rows(joined: JoinedDatasets) -> tuple[Bools, list[str]]:
    """Which claims are in English, and what to say of the others.

    Raises: FaultsError: none is.
    """
    if not len(joined.claims):
        raise FaultsError.single(joined.datasets[0].folder, "has no claims; name another dataset", code="empty")
    languages = [joined.languages[name] for name in joined.claims.article_id]
    english: Bools = np.array([_primary(language) == ENGLISH for language in languages], dtype=bool)
    others = ", ".join(sorted({language for language in languages if _primary(language) != ENGLISH}))
    if not english.any():
        message = f"is in another language ({others}), and the edits are rules of English; name an English dataset"
        raise FaultsError.single(joined.datasets[0].folder, message, code="language")
    left_out = int((~english).sum())
    return english, [f"{left_out:,} claims in another language ({others}) are left out"] if left_out else []


def _check(probed: _Probed, joined: JoinedDatasets, only: Sequence[str]) -> None:
    """Checks that the models fit the edits and the dataset.

    Raises: FaultsError: a model of another language, of no evidence asked for edits of evidence, or of evidence that
        the dataset lacks; all of them together.
    """
    faults: list[FaultsError] = []
    for _, model in probed.models:
        where = model.folder or model.card.system
        for languages, relation in ((model.card.languages, "was trained on"), (model.card.made_for, "is made for")):
            if languages and ENGLISH not in map(_primary, languages):
                message = (
                    f"{relation} '{', '.join(languages)}', and the edits are rules of English; probe an English model"
                )
                faults.append(FaultsError.single(where, message, code="language"))
                break
    wanted = [name for name in only if EDITS[name].change_evidence is not None]
    readers = [model for _, model in probed.models if model.card.evidence is not None]
    if wanted and not readers:
        message = (
            f"reads no evidence, so that these edits cannot be made: {', '.join(wanted)}; leave them out of --only"
        )
        faults.append(FaultsError.single(probed.name, message, code="no-evidence"))
    (dataset,) = joined.datasets
    if readers and not any(evidence.text.strip() for evidence in dataset.evidence):
        what = "has gold evidence without text" if dataset.evidence else "has no gold evidence (evidence.jsonl)"
        message = f"{what}, and {readers[0].card.system} reads passages with each claim; name a dataset that has: "
        faults.append(FaultsError.single(dataset.folder, f"{message}{planted.DATASET}", code="no-evidence"))
    if faults:
        raise FaultsError(fault for error in faults for fault in error.faults)


def _of_evidence(model: Model) -> list[str]:
    """A warning about a judge that was fitted to other evidence than it is shown here."""
    if model.card.evidence in (None, evidence_name("gold")):
        return []
    return [f"{model.card.system}: fitted to the passages of {model.card.evidence}, and shown gold evidence here"]


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
        material, claims_are = claims_to_judge(model, joined, usable, gold)
        score_of = "the gold verdict"
    else:
        material, claims_are = claims_to_detect(model, joined, usable, gold)
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
        rows=tuple(
            measure_edit(model, material, edit, expected=expected, seed=seed, before=before)
            for edit in edits
            if (expected := edit.expected(is_verdict=model.card.positive is None)) is not None
        ),
    )
