"""`harness run --save-models`: fits each system of an experiment for use and saves it next to its result."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.classifiers.base import Scorer
from harness.classifiers.storage.serialize import CannotSave
from harness.data.claims import Claims, Gold
from harness.data.labels.tasks import find_task
from harness.data.splits.folds import Fold
from harness.display import displayed
from harness.errors import HarnessError
from harness.files import WriteError
from harness.runner.config import LoadedExperiment, System
from harness.runner.execute import fit
from harness.runner.models.card import MODEL_FORMAT, ModelCard, Training, read_card
from harness.runner.models.saved_model import FOLDER, article_count, label_counts, save_model, threshold_of
from harness.runner.plan import ExperimentData, data_for_system, gold_of, training_gold
from harness.runner.provenance import ModelProvenance, classifier_settings, origin_of, schemes_used
from harness.runner.result_files import Result
from harness.runner.verification.evidence_source import evidence_name


@displayed
class SavedModel(NamedTuple):
    """A system's model, or the reason why it was not saved."""

    system: str
    folder: Path | None
    """Folder of the model; None: it was not saved."""
    reason: str | None = None
    """Reason why the model was not saved."""


def fit_and_save_models(
    loaded: LoadedExperiment, material: ExperimentData, results: tuple[Result, ...], *, fresh: bool
) -> tuple[SavedModel, ...]:
    """Fits and saves the model of each result; skips models that are saved already unless `fresh`.

    Raises: WriteError: a model's folder cannot be written.
    """
    saved_models = []
    for system, result in zip(loaded.systems, results, strict=True):
        folder = Path(result.path) / FOLDER
        try:
            if fresh or not _is_intact(folder):
                _fit_and_save(loaded, _seen_by(system, material, loaded), system, result, folder)
            saved_models.append(SavedModel(system.system_name, folder))
        except WriteError:
            raise  # a full disk stops the run; any other problem concerns this model only
        except HarnessError as error:
            saved_models.append(SavedModel(system.system_name, None, str(error)))
    return tuple(saved_models)


def _seen_by(system: System, material: ExperimentData, loaded: LoadedExperiment) -> ExperimentData:
    """The data of a saved model; for a system that is trained on one group, with the fold of that whole group only."""
    if system.train_on is None:
        return material
    whole_group, *_ = data_for_system(system, material, loaded.experiment).folds
    return material._replace(folds=(whole_group,))


def _is_intact(folder: Path) -> bool:
    """Whether a folder contains a complete, unmodified model."""
    try:
        read_card(folder)
    except HarnessError:
        return False
    return True


def _fit_and_save(
    loaded: LoadedExperiment, material: ExperimentData, system: System, result: Result, folder: Path
) -> None:
    if system.train_share is not None:
        raise CannotSave("models are not saved for learning-curve runs; remove split.train_share")
    if material.joined.normalized:
        raise CannotSave("models are not saved with same_form, because articles to score come as they are; remove it")
    if system.classifier.unsavable_reason is not None:
        raise CannotSave(system.classifier.unsavable_reason)
    rows, description = training_rows(material)
    if system.train_on is not None:
        description = f"the claims with gold of {system.train_on}"
    all_claims = material.claims_of(system)
    claims = all_claims.take(rows)
    gold = training_gold(material, Fold("all", rows, rows))
    seed = loaded.experiment.random_seeds[0]
    scorer = fit(system, claims, gold, seed, _dev_set(material, all_claims))
    # Only the fitted scorer tells the reason of a search, whose candidates can be different classifiers.
    if scorer.unsavable_reason is not None:
        raise CannotSave(scorer.unsavable_reason)
    training = Training(
        rows=description,
        claims=len(rows),
        articles=article_count(claims),
        labels=label_counts(gold.labels, gold.codes),
    )
    card = _card(loaded=loaded, material=material, system=system, result=result, training=training, scorer=scorer)
    save_model(folder, card, scorer)


def _dev_set(material: ExperimentData, claims: Claims) -> tuple[Claims, Gold] | None:
    rows = material.folds[0].dev
    return (claims.take(rows), gold_of(material, rows)) if len(rows) else None


def training_rows(material: ExperimentData) -> tuple[Codes, str]:
    """The rows that a saved model is fitted to, and a description of them.

    With one fold, its training claims, so that the saved model is the one that the result measures. With several
    folds, all claims with gold of all folds; the result then estimates how such models do on unseen articles.
    """
    if len(material.folds) == 1:
        return material.folds[0].train, "the training claims of the split"
    test_rows = [np.intersect1d(fold.test, material.gold.rows_with_gold, assume_unique=True) for fold in material.folds]
    all_rows = np.unique(np.concatenate([*test_rows, *(fold.train for fold in material.folds)]))
    return all_rows, f"all claims with gold of {len(material.folds)} folds"


def _card(
    *,
    loaded: LoadedExperiment,
    material: ExperimentData,
    system: System,
    result: Result,
    training: Training,
    scorer: Scorer,
) -> ModelCard:
    labels = material.gold.gold.labels
    binary = find_task(loaded.experiment.task).binary
    rows, _ = training_rows(material)
    languages = {material.joined.languages[article_id] for article_id in material.claims.article_id[rows]}
    provenance = ModelProvenance(
        **dict(origin_of(material, system)),
        experiment=loaded.experiment.name,
        result_id=result.result_id,
        random_seed=loaded.experiment.random_seeds[0],
        gold=loaded.experiment.gold,
        chosen=scorer.chosen,
        warnings=result.warnings,
    )
    return ModelCard(
        format=MODEL_FORMAT,
        system=system.system_name,
        classifier=classifier_settings(system),
        task=loaded.experiment.task,
        labels=labels,
        positive=labels[-1] if binary else None,
        schemes=schemes_used(loaded, material),
        made_for=system.classifier.languages,
        languages=tuple(sorted(languages)),
        threshold=threshold_of(scorer, len(labels)),
        probabilities=scorer.probabilities,
        evidence=None if system.evidence == "none" else evidence_name(system.evidence),
        trained_on=training,
        provenance=provenance,
    )
