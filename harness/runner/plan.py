"""An experiment and its data become units: one fit each, named by everything that its predictions depend on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.classifiers.base import Classifier
from harness.data.claims import Claims, Gold
from harness.data.labels.tasks import TaskGold, find_task, mapping_of
from harness.data.splits.folds import Fold
from harness.errors import HarnessError
from harness.files import fingerprint, sha256
from harness.runner.config import Experiment, LoadedExperiment, System
from harness.runner.splitting.joined_datasets import (
    JoinedDatasets,
    joined_gold,
    joined_label_codes,
    label_mapping_lines,
    load_joined,
    schemes_of,
)
from harness.runner.splitting.protocols import make_folds, transfer_folds, with_training_share
from harness.schemes import Scheme

UNIT_FORMAT = 1


class ExperimentData(NamedTuple):
    """The data of an experiment: claims, gold and folds."""

    joined: JoinedDatasets
    schemes: tuple[Scheme, ...]
    """The scheme of each dataset of the pool."""
    claims: Claims
    gold: TaskGold
    folds: tuple[Fold, ...]
    """Rows to train on (all with gold) and rows to score."""
    warnings: tuple[str, ...]
    label_mapping: tuple[str, ...] = ()
    """How each dataset's labels answer the task, and what that loses."""
    duplicate_rows: Codes = np.zeros(0, dtype=np.int64)
    """Rows, in order, that are scored by a system which was trained on their text, or nearly; see check A01."""


class Unit(NamedTuple):
    """One fit: a system, a fold, a random seed."""

    unit_id: str
    system: System
    fold: Fold
    seed: int
    explain: bool = False
    """Whether what drove each score is kept too."""


def load_data(loaded: LoadedExperiment, root: str | Path | None = None, limit: int | None = None) -> ExperimentData:
    """Opens the dataset of an experiment and splits it.

    Args:
        loaded: an experiment with its components built.
        root: where fetched benchmarks live.
        limit: at most this many training and test claims per fold, for a quick trial.
    Raises: HarnessError: the data is absent or wrong, or does not fit the task or the split.
    """
    experiment = loaded.experiment
    pool, task = load_joined(experiment.datasets, root), find_task(experiment.task)
    claims, schemes = pool.claims, schemes_of(pool, task, experiment.scheme)
    gold = joined_gold(pool, task, schemes, experiment.gold)
    if not len(gold.rows_with_gold):
        raise HarnessError(f"dataset '{pool.name}' has no gold label for the task '{experiment.task}'")
    split = make_folds(experiment.split, pool, joined_label_codes(pool, gold))
    folds = []
    for fold in split.folds:
        train = np.intersect1d(fold.train, gold.rows_with_gold, assume_unique=True)
        test = fold.test
        if limit is not None:
            train, test = train[:limit], test[:limit]
        if not len(train) or not len(np.intersect1d(test, gold.rows_with_gold, assume_unique=True)):
            raise HarnessError(f"split: {fold.name} has no labelled claim to train on, or none to test on")
        folds.append(
            Fold(fold.name, train, test, np.intersect1d(fold.dev, gold.rows_with_gold, assume_unique=True)[:limit])
        )
    warnings = [*_warnings(loaded.experiment, limit), *split.warnings]
    warnings += _shared_articles(claims, folds, loaded.experiment)
    lines, copied = label_mapping_lines(pool, task, schemes), find_duplicate_rows(pool, folds)
    return ExperimentData(pool, schemes, claims, gold, tuple(folds), tuple(warnings), lines, copied)


def find_duplicate_rows(pool: JoinedDatasets, folds: Sequence[Fold]) -> Codes:
    """The rows, in order, whose text is that of a training row of their fold, or nearly; shape (n,)."""
    found = [fold.test[pool.sentences.have_duplicates(fold.test, fold.train, near=True)] for fold in folds]
    return np.sort(np.concatenate(found))


def expand_transfer(loaded: LoadedExperiment, material: ExperimentData) -> LoadedExperiment:
    """The experiment with, for `transfer`, one system per group that it is fitted to."""
    if loaded.experiment.split.protocol != "transfer":
        return loaded
    systems = []
    for system in loaded.systems:
        for fold in material.folds:
            name = system.system_name
            label = f"{name.removesuffix(']')}{',' if name.endswith(']') else '['}train_on={fold.name}]"
            systems.append(system._replace(system_name=label, train_on=fold.name))
    return loaded._replace(systems=tuple(systems))


def data_for_system(system: System, material: ExperimentData, experiment: Experiment) -> ExperimentData:
    """The material as one system sees it: with its share of the training claims, or those of one group, and copies."""
    if system.train_on is not None:
        group = next(fold for fold in material.folds if fold.name == system.train_on)
        found = transfer_folds(experiment.split, group, material.claims)
        of_group = tuple(
            fold._replace(train=np.intersect1d(fold.train, material.gold.rows_with_gold)) for fold in found
        )
        material = material._replace(folds=of_group, duplicate_rows=find_duplicate_rows(material.joined, of_group))
    if system.train_share is None:
        return _with_pretraining(system, material)
    split = with_training_share(experiment.split, system.train_share, material.claims, material.folds)
    copied = find_duplicate_rows(material.joined, split.folds)
    folds, warnings = tuple(split.folds), (*material.warnings, *split.warnings)
    return _with_pretraining(system, material._replace(folds=folds, warnings=warnings, duplicate_rows=copied))


def _with_pretraining(system: System, material: ExperimentData) -> ExperimentData:
    """The material with the test claims that a pretrained part of the system saw counted as copied."""
    rows = np.sort(np.concatenate([fold.test for fold in material.folds]))
    seen, said = system.classifier.seen_in_pretraining(list(material.claims.text[rows]))
    if not seen.any():
        return material
    warning = (
        f"{said}, and {int(seen.sum()):,} of {len(rows):,} test claims are among it; "
        "the values without them stand below the table"
    )
    copied = np.union1d(material.duplicate_rows, rows[seen])
    return material._replace(duplicate_rows=copied, warnings=(*material.warnings, warning))


def _warnings(experiment: Experiment, limit: int | None) -> list[str]:
    warnings = []
    if experiment.split.protocol == "random_folds":
        warnings.append(
            "random split: claims of one article stand on both sides, so the numbers are too high for new articles; "
            "use protocol: grouped_folds"
        )
    if limit is not None:
        warnings.append(f"limited to {limit} claims per side of each fold: a trial, not a result")
    return warnings


def _shared_articles(claims: Claims, folds: list[Fold], experiment: Experiment) -> list[str]:
    """A warning where articles that are tested on are trained on too."""
    if experiment.split.protocol == "random_folds":
        return []
    article = claims.article_codes()
    both = sum(len(np.intersect1d(article[fold.train], article[fold.test])) for fold in folds)
    tested = sum(len(np.unique(article[fold.test])) for fold in folds)
    if not both:
        return []
    return [
        f"{both} of {tested} test articles have other claims in training, so the numbers are too high for new articles"
    ]


def _claims_of(fold: Fold, material: ExperimentData) -> dict[str, str]:
    """What a unit's id says of its fold."""
    claim_ids = material.claims.claim_id
    dev = {}
    if len(fold.dev):
        dev = {
            "dev": fingerprint(claim_ids[fold.dev]),
            "dev_gold": fingerprint(gold_of(material, fold.dev).codes.tolist()),
        }
    return dev | {
        "train": fingerprint(claim_ids[fold.train]),
        "gold": fingerprint(training_gold(material, fold).codes.tolist()),
        "test": fingerprint(claim_ids[fold.test]),
    }


def unit_of(
    system: System, material: ExperimentData, experiment: Experiment, fold: Fold, seed: int, of_fold: dict[str, str]
) -> Unit:
    """The unit of a system, a fold and a seed, with its id.

    The id is a hash of the classifier and its settings, the task and the scheme's mapping, the claims and gold trained
    on, the claims scored, the seed, and the versions of the packages that fit.
    """
    task = find_task(experiment.task)
    classifier = system.classifier
    said = {
        "format": UNIT_FORMAT,
        "classifier": f"{type(classifier).__module__}:{type(classifier).__qualname__}",
        "name": system.name,
        "settings": classifier.model_dump(mode="json"),
        "inputs": classifier.input_fingerprint(),
        "task": task.name,
        "schemes": [[scheme.name, scheme.version] for scheme in material.schemes],
        "mappings": [mapping_of(task, scheme).model_dump(mode="json") for scheme in material.schemes],
        "data": material.joined.fingerprint,
        "seed": seed,
        "versions": package_versions(classifier),
    }
    said |= {"explain": True} if experiment.explain else {}
    unit_id = sha256(json.dumps(said | of_fold, sort_keys=True))[:20]
    return Unit(unit_id, system, fold, seed, experiment.explain)


def training_gold(material: ExperimentData, fold: Fold) -> Gold:
    """The gold of a fold's training rows, in their order: the labels alone, as a unit's id knows nothing else."""
    return gold_of(material, fold.train)


def gold_of(material: ExperimentData, rows: Codes) -> Gold:
    """The labels of rows that all have gold, in their order."""
    gold = material.gold.gold
    return Gold(gold.labels, gold.codes[np.searchsorted(material.gold.rows_with_gold, rows)])


def package_versions(classifier: Classifier) -> dict[str, str]:
    """The versions of the packages that a classifier's fits depend on, this one's among them."""
    versions = {}
    for package in ("claim-harness", "numpy", *classifier.packages):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed as a package"
    return versions


def units_of(loaded: LoadedExperiment, material: ExperimentData) -> list[Unit]:
    """Every unit of an experiment: systems in the config's order, then folds, then seeds."""
    of_folds: dict[tuple[float | None, str | None], list[tuple[Fold, dict[str, str]]]] = {}
    for system in loaded.systems:
        if (system.train_share, system.train_on) not in of_folds:
            folds = data_for_system(system, material, loaded.experiment).folds
            of_folds[system.train_share, system.train_on] = [(fold, _claims_of(fold, material)) for fold in folds]
    return [
        unit_of(system, material, loaded.experiment, fold, seed, of_fold)
        for system in loaded.systems
        for fold, of_fold in of_folds[system.train_share, system.train_on]
        for seed in loaded.experiment.random_seeds
    ]
