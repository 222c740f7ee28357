"""`harness run --save-models`: fits each system of an experiment for use, and keeps it beside its result."""

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
from harness.errors import HarnessError
from harness.files import WriteError
from harness.runner.config import LoadedExperiment, System
from harness.runner.execute import fit
from harness.runner.models.model import (
    FOLDER,
    MODEL_FORMAT,
    ModelCard,
    Training,
    article_count,
    label_counts,
    read_card,
    save_model,
    threshold_of,
)
from harness.runner.plan import ExperimentData, gold_of, training_gold
from harness.runner.provenance import ModelProvenance, classifier_settings, origin_of, schemes_used
from harness.runner.result_files import Result


class SavedModel(NamedTuple):
    """What became of a system's model."""

    system: str
    folder: Path | None
    """Where it is kept; None: it is not."""
    reason: str | None = None
    """Why it is not kept."""


def fit_and_save_models(
    loaded: LoadedExperiment, material: ExperimentData, results: tuple[Result, ...], *, fresh: bool
) -> tuple[SavedModel, ...]:
    """Keeps the model of each result; one that is kept already is left alone unless `fresh`.

    Raises: WriteError: the disk is at fault.
    """
    kept = []
    for system, result in zip(loaded.systems, results, strict=True):
        folder = Path(result.path) / FOLDER
        try:
            if fresh or not _is_whole(folder):
                _fit_and_save(loaded, material, system, result, folder)
            kept.append(SavedModel(system.system_name, folder))
        except WriteError:
            raise
        except HarnessError as error:
            kept.append(SavedModel(system.system_name, None, str(error)))
    return tuple(kept)


def _is_whole(folder: Path) -> bool:
    try:
        read_card(folder)
    except HarnessError:
        return False
    return True


def _fit_and_save(
    loaded: LoadedExperiment, material: ExperimentData, system: System, result: Result, folder: Path
) -> None:
    if system.train_share is not None:
        raise CannotSave("a point of a learning curve saves no model; take split.train_share out of the config")
    if system.classifier.unsavable_reason is not None:
        raise CannotSave(system.classifier.unsavable_reason)
    rows, said = training_rows(material)
    seed = loaded.experiment.random_seeds[0]
    claims, gold = material.claims.take(rows), training_gold(material, Fold("all", rows, rows))
    scorer = fit(system.classifier, claims, gold, seed, _dev(material))
    if scorer.unsavable_reason is not None:
        raise CannotSave(scorer.unsavable_reason)
    training = Training(
        rows=said, claims=len(rows), articles=article_count(claims), labels=label_counts(gold.labels, gold.codes)
    )
    save_model(folder, _card(loaded, material, system, result, training, scorer), scorer)


def _dev(material: ExperimentData) -> tuple[Claims, Gold] | None:
    rows = material.folds[0].dev
    return (material.claims.take(rows), gold_of(material, rows)) if len(rows) else None


def training_rows(material: ExperimentData) -> tuple[Codes, str]:
    """The rows that a saved model is fitted to, and which they are in words.

    One fold: its training claims, so that the model is the one that the result tells of. Several: every claim with
    gold of all folds; the result then tells how systems made so do on articles that they have not seen.
    """
    if len(material.folds) == 1:
        return material.folds[0].train, "the training claims of the split"
    tested = [np.intersect1d(fold.test, material.gold.rows_with_gold, assume_unique=True) for fold in material.folds]
    together = np.unique(np.concatenate([*tested, *(fold.train for fold in material.folds)]))
    return together, f"all claims with gold of {len(material.folds)} folds"


def _card(
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
    trained = {material.joined.languages[name] for name in material.claims.article_id[rows]}
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
        languages=tuple(sorted(trained)),
        threshold=threshold_of(scorer, len(labels)),
        probabilities=scorer.probabilities,
        trained_on=training,
        provenance=provenance,
    )
