"""Plans an experiment as units: one fit each, with an id that hashes everything its predictions depend on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.classifiers.base import package_versions
from harness.data.claims import Claims, Gold
from harness.data.labels.tasks import TaskGold, answers_of, find_task, mapping_of
from harness.data.splits.folds import Fold
from harness.errors import HarnessError
from harness.files import fingerprint, sha256
from harness.memory import gc_paused
from harness.runner.config import Experiment, LoadedExperiment, System
from harness.runner.runs.trial import FULL, Trial, restrict
from harness.runner.splitting.joined_datasets import (
    JoinedDatasets,
    joined_gold,
    joined_label_codes,
    label_mapping_lines,
    load_joined,
    published_rows_warnings,
    schemes_of,
)
from harness.runner.splitting.protocols import make_folds, with_training_share
from harness.runner.splitting.transfer import name_trained_on, training_groups, transfer_folds
from harness.runner.tuning.calibrate import CalibratedClassifier
from harness.runner.verification.evidence_source import evidence_key
from harness.runner.verification.gold_evidence import ShownEvidence
from harness.runner.verification.people import agreement_notes
from harness.runner.verification.retrieval_systems import retrieval_gold
from harness.runner.verification.shown_evidence import gather_evidence
from harness.schemes import Scheme
from harness.user_code.local_code import code_fingerprint

UNIT_FORMAT = 3


class ExperimentData(NamedTuple):
    """The data of an experiment: claims, gold and folds."""

    joined: JoinedDatasets
    schemes: tuple[Scheme, ...]
    """Label scheme of each dataset."""
    claims: Claims
    gold: TaskGold
    folds: tuple[Fold, ...]
    """Rows for training (all with gold) and rows to score."""
    warnings: tuple[str, ...]
    label_mapping: tuple[str, ...] = ()
    """How the labels of each dataset answer the task, and which distinctions are lost."""
    duplicate_rows: Codes = np.zeros(0, dtype=np.int64)
    """Scored rows, in order, that are exact or near duplicates of training rows of their fold; see check A01."""
    trial: Trial = FULL
    """Which part of the claims is used."""
    evidence: Mapping[str, ShownEvidence] = MappingProxyType({})
    """What each source of evidence shows, by its `evidence_key`; empty for tasks without evidence."""

    shows_evidence: bool = False
    """Whether passages are shown with claims: the task is `verdict`."""

    people: tuple[str, ...] = ()
    """How far annotators agree on verdicts, a line for each dataset with several."""

    def evidence_of(self, system: System) -> ShownEvidence | None:
        """What a system is shown with the claims; None if nothing is."""
        return self.evidence.get(evidence_key(system.evidence))

    def claims_of(self, system: System) -> Claims:
        """The claims with the passages that a system is shown."""
        shown = self.evidence_of(system)
        return self.claims if shown is None else replace(self.claims, evidence=shown.column)


class Unit(NamedTuple):
    """One fit: a system, a fold, a random seed."""

    unit_id: str
    system: System
    fold: Fold
    seed: int | None
    """Random seed of the fit; None if the fit does not depend on it, so that it serves every seed."""
    explain: bool = False
    """Whether the reasons for each score are stored too."""

    @property
    def title(self) -> str:
        """System with its settings, fold and seed, for progress."""
        return f"{self.system.system_name} {self.name}"

    @property
    def name(self) -> str:
        """Fold and seed."""
        return self.fold.name if self.seed is None else f"{self.fold.name}, seed {self.seed}"

    @property
    def fit_seed(self) -> int:
        """The number that the fit is given as its seed."""
        return 0 if self.seed is None else self.seed


def load_data(loaded: LoadedExperiment, root: str | Path | None = None, trial: Trial = FULL) -> ExperimentData:
    """Opens the dataset of an experiment and splits it.

    Args:
        loaded: the experiment with its components built.
        root: folder of fetched benchmarks.
        trial: which part of the claims is used.
    Raises: HarnessError: the data are missing or invalid, or do not fit the task or the split.
    """
    with gc_paused():  # which would go through all claims and labels again and again
        return _load_data(loaded, root, trial)


def _load_data(loaded: LoadedExperiment, root: str | Path | None, trial: Trial) -> ExperimentData:
    experiment = loaded.experiment
    task = find_task(experiment.task)
    joined = load_joined(experiment.datasets, root, experiment.same_form)
    claims = joined.claims
    sources = [system.evidence for system in loaded.systems]
    if task.name == "evidence":
        return _retrieval_data(loaded, joined, root, trial)
    schemes = schemes_of(joined, task, experiment.scheme)
    gold = joined_gold(joined, task, schemes, experiment.gold)
    if not len(gold.rows_with_gold):
        raise HarnessError(f"dataset '{joined.name}' has no gold label for the task '{experiment.task}'")
    split = make_folds(experiment.split, joined, joined_label_codes(joined, gold))
    chosen, choices = restrict(split.folds, claims, trial, experiment.random_seeds[0])
    folds = labeled_folds(chosen, gold, trial)
    if task.name == "verdict":  # a claim that nobody judged has no evidence to read, and a model may charge for it
        folds = [fold._replace(test=np.intersect1d(fold.test, gold.rows_with_gold)) for fold in folds]
    warnings = [
        *_warnings(experiment, trial.limit),
        *choices,
        *split.warnings,
        *_shared_articles(claims, folds, experiment),
    ]
    if experiment.split.protocol == "transfer":
        warnings += training_groups(experiment.split, folds, claims, gold.rows_with_gold).warnings
    warnings += published_rows_warnings(joined, np.concatenate([fold.test for fold in folds]))
    return ExperimentData(
        joined=joined,
        schemes=schemes,
        claims=claims,
        gold=gold,
        folds=tuple(folds),
        warnings=tuple(warnings),
        label_mapping=label_mapping_lines(joined, task, schemes),
        duplicate_rows=find_duplicate_rows(joined, folds),
        trial=trial,
        shows_evidence=task.name == "verdict",
        people=agreement_notes(joined, task, schemes, np.concatenate([fold.test for fold in folds]))
        if task.name == "verdict"
        else (),
        evidence=gather_evidence(sources, joined, experiment.corpus, root),
    )


def _retrieval_data(
    loaded: LoadedExperiment, joined: JoinedDatasets, root: str | Path | None, trial: Trial
) -> ExperimentData:
    """The data of a retrieval experiment, which has the test claims of its split and trains on none.

    Raises: HarnessError: no test claim has gold evidence.
    """
    experiment = loaded.experiment
    gold = retrieval_gold(joined, list(loaded.metrics))
    split = make_folds(experiment.split, joined, np.zeros(len(joined.claims), dtype=np.int64))
    chosen, choices = restrict(split.folds, joined.claims, trial, experiment.random_seeds[0])
    tested = np.unique(np.concatenate([fold.test for fold in chosen]))
    rows: Codes = np.intersect1d(tested, gold.rows_with_gold)[: trial.limit]
    limited = [] if trial.limit is None else [f"limited to {trial.limit} claims: a trial, not a result"]
    if not len(rows):
        raise HarnessError(f"split: no test claim of dataset '{joined.name}' has gold evidence")
    return ExperimentData(
        joined=joined,
        schemes=(),
        claims=joined.claims,
        gold=gold._replace(counts={"without gold evidence": int((~np.isin(tested, gold.rows_with_gold)).sum())}),
        folds=(Fold("test", np.zeros(0, dtype=np.int64), rows),),
        warnings=(*limited, *choices),
        trial=trial,
        evidence=gather_evidence(
            [system.evidence for system in loaded.systems], joined, experiment.corpus, root, split.folds
        ),
    )


def labeled_folds(folds: Sequence[Fold], gold: TaskGold, trial: Trial = FULL) -> list[Fold]:
    """The folds with training claims that have gold, at most `trial.limit` of each side.

    Raises: HarnessError: a fold has no labeled training or test claim.
    """
    labeled, limit = [], trial.limit
    for fold in folds:
        train = np.intersect1d(fold.train, gold.rows_with_gold, assume_unique=True)
        test = fold.test
        if limit is not None:
            train, test = train[:limit], test[:limit]
        if not len(train) or not len(np.intersect1d(test, gold.rows_with_gold, assume_unique=True)):
            remedy = f"; {trial.name} leaves none, so choose more claims" if trial.name else ""
            raise HarnessError(f"split: {fold.name} has no labeled training claim or no labeled test claim{remedy}")
        dev = np.intersect1d(fold.dev, gold.rows_with_gold, assume_unique=True)[:limit]
        labeled.append(Fold(fold.name, train, test, dev))
    return labeled


def find_duplicate_rows(joined: JoinedDatasets, folds: Sequence[Fold]) -> Codes:
    """Test rows, in order, that are exact or near duplicates of training rows of their fold; shape (n,)."""
    duplicates = [fold.test[joined.copies.among(fold.test, fold.train)] for fold in folds]
    return np.sort(np.concatenate(duplicates))


def expand_transfer(loaded: LoadedExperiment, data: ExperimentData) -> LoadedExperiment:
    """Expands the systems of a `transfer` experiment to one per training group; other experiments stay as they are."""
    if loaded.experiment.split.protocol != "transfer":
        return loaded
    sources = training_groups(loaded.experiment.split, data.folds, data.claims, data.gold.rows_with_gold).folds
    systems = []
    for system in loaded.systems:
        for fold in sources:
            label = name_trained_on(system.system_name, fold.name)
            systems.append(system._replace(system_name=label, train_on=fold.name))
    return loaded._replace(systems=tuple(systems))


def data_for_system(system: System, data: ExperimentData, experiment: Experiment) -> ExperimentData:
    """The data as one system sees them: its share of the training claims or its training group, and its duplicates."""
    shown = data.evidence_of(system)
    if shown is not None:
        data = data._replace(warnings=(*data.warnings, *shown.warnings))
    if system.train_on is not None:
        group = next(fold for fold in data.folds if fold.name == system.train_on)
        folds = transfer_folds(experiment.split, group, data.folds, data.claims, data.gold.rows_with_gold)
        data = data._replace(folds=tuple(folds), duplicate_rows=find_duplicate_rows(data.joined, folds))
    if system.train_share is None:
        return _with_pretraining(system, data)
    split = with_training_share(experiment.split, system.train_share, data.claims, data.folds)
    data = data._replace(
        folds=tuple(split.folds),
        warnings=(*data.warnings, *split.warnings),
        duplicate_rows=find_duplicate_rows(data.joined, split.folds),
    )
    return _with_pretraining(system, data)


def _with_pretraining(system: System, data: ExperimentData) -> ExperimentData:
    """Adds the test claims that a pretrained part of the system saw to the duplicates."""
    rows = np.sort(np.concatenate([fold.test for fold in data.folds]))
    seen, origin = system.classifier.seen_in_pretraining(list(data.claims.text[rows]))
    if not seen.any():
        return data
    warning = (
        f"{origin}, and {int(seen.sum()):,} of {len(rows):,} test claims are among it; "
        "the values without them are shown below the table"
    )
    duplicate_rows = np.union1d(data.duplicate_rows, rows[seen])
    return data._replace(duplicate_rows=duplicate_rows, warnings=(*data.warnings, warning))


def _warnings(experiment: Experiment, limit: int | None) -> list[str]:
    warnings = []
    if experiment.split.protocol == "random_folds":
        warnings.append(
            "random split: training and test share articles, so the values are too high for new articles; "
            "use protocol: grouped_folds"
        )
    if experiment.same_form:
        warnings.append(
            f"claims and passages are normalized ({', '.join(sorted(experiment.same_form))}), so the values do not "
            "compare with those of the published form"
        )
    if limit is not None:
        size = f"{limit} training and {limit} test claims per fold"
        if experiment.split.protocol == "transfer":
            size = f"{limit} claims per {experiment.split.by}"
        warnings.append(f"limited to {size}: a trial, not a result")
    return warnings


def _shared_articles(claims: Claims, folds: list[Fold], experiment: Experiment) -> list[str]:
    """Warns if test articles have claims in the training data."""
    if experiment.split.protocol == "random_folds":
        return []
    article = claims.article_codes()
    n_shared = sum(len(np.intersect1d(article[fold.train], article[fold.test])) for fold in folds)
    n_tested = sum(len(np.unique(article[fold.test])) for fold in folds)
    if not n_shared:
        return []
    return [
        f"{n_shared} of {n_tested} test articles have other claims in the training data, "
        "so the values are too high for new articles"
    ]


def _fold_identity(fold: Fold, data: ExperimentData, sources: str) -> dict[str, str]:
    """The part of a unit id that depends on its fold.

    Args:
        sources: fingerprint of the publishers, which classifiers see and the fingerprint of the data lacks.
    """
    claim_ids = data.claims.claim_id
    dev = {}
    if len(fold.dev):
        dev = {
            "dev": fingerprint(claim_ids[fold.dev]),
            "dev_gold": fingerprint(gold_of(data, fold.dev).codes.tolist()),
        }
    return dev | {
        "train": fingerprint(claim_ids[fold.train]),
        "gold": fingerprint(training_gold(data, fold).codes.tolist()),
        "test": fingerprint(claim_ids[fold.test]),
        "sources": sources,
    }


def unit_of(
    system: System,
    data: ExperimentData,
    experiment: Experiment,
    *,
    fold: Fold,
    seed: int | None,
    fold_identity: dict[str, str],
    inputs: Sequence[str],
) -> Unit:
    """Makes the unit of a system, a fold and a seed, with its id.

    The id is a hash of the classifier and its settings, the source of the user's own code, the task and the mapping of
    the scheme, the training claims and their gold, the test claims, the seed if the fit depends on it, and the versions
    of the packages that fit.

    Args:
        fold_identity: the part of the id that depends on the fold.
        inputs: fingerprints of the files, stored replies and user's own code that the classifier depends on.
    """
    task = find_task(experiment.task)
    classifier = system.classifier
    identity = {
        "format": UNIT_FORMAT,
        "classifier": f"{type(classifier).__module__}:{type(classifier).__qualname__}",
        "name": system.name,
        "settings": classifier.model_dump(mode="json"),
        "inputs": inputs,
        "task": task.name,
        "schemes": [[scheme.name, scheme.version] for scheme in data.schemes],
        "mappings": [mapping_of(task, scheme).model_dump(mode="json", exclude={"common"}) for scheme in data.schemes],
        "data": data.joined.fingerprint,
        "seed": seed,
        "versions": package_versions(classifier),
    }
    if len({scheme.name for scheme in data.schemes}) > 1 and not task.binary:
        identity["answers"] = [answers_of(task, data.schemes).labels, *answers_of(task, data.schemes).codes]
    identity |= {"explain": True} if experiment.explain else {}
    shown = data.evidence_of(system)
    identity |= {} if shown is None else {"evidence": shown.fingerprint}
    unit_id = sha256(json.dumps(identity | fold_identity, sort_keys=True))[:20]
    return Unit(unit_id, system, fold, seed, experiment.explain)


def training_gold(data: ExperimentData, fold: Fold) -> Gold:
    """Gold labels of the training rows of a fold, in their order, without shares, which the unit id does not cover."""
    return gold_of(data, fold.train)


def gold_of(data: ExperimentData, rows: Codes) -> Gold:
    """Gold labels of rows that all have gold, in their order."""
    return take_gold(data.gold, rows)


def take_gold(task_gold: TaskGold, rows: Codes) -> Gold:
    """Gold labels of rows that all have gold, in their order, without shares."""
    gold = task_gold.gold
    return Gold(gold.labels, gold.codes[np.searchsorted(task_gold.rows_with_gold, rows)])


def units_of(loaded: LoadedExperiment, data: ExperimentData) -> list[Unit]:
    """Every unit of an experiment: systems in the order of the config, then folds, then seeds; none for retrievers."""
    if loaded.experiment.task == "evidence":
        return []
    sources = fingerprint(data.claims.source)
    folds_by_training: dict[tuple[float | None, str | None], list[tuple[Fold, dict[str, str]]]] = {}
    for system in loaded.systems:
        if (system.train_share, system.train_on) not in folds_by_training:
            folds = data_for_system(system, data, loaded.experiment).folds
            folds_by_training[system.train_share, system.train_on] = [
                (fold, _fold_identity(fold, data, sources)) for fold in folds
            ]
    inputs = {
        system.system_name: [
            system.classifier.input_fingerprint(),
            code_fingerprint(system.classifier.code_modules()),
        ]
        for system in loaded.systems
    }
    return [
        unit_of(
            system,
            data,
            loaded.experiment,
            fold=fold,
            seed=seed,
            fold_identity=fold_identity,
            inputs=inputs[system.system_name],
        )
        for system in loaded.systems
        for fold, fold_identity in folds_by_training[system.train_share, system.train_on]
        for seed in _seeds_of(system, fold, loaded.experiment)
    ]


def _seeds_of(system: System, fold: Fold, experiment: Experiment) -> tuple[int | None, ...]:
    """The seeds that a system is fitted with: those of the experiment, or None if the fit does not depend on them."""
    classifier = system.classifier
    if len(fold.dev) and isinstance(classifier, CalibratedClassifier):
        classifier = classifier.classifier  # calibrated on the dev part, without folds that the seed draws
    return experiment.random_seeds if classifier.uses_seed else (None,)
