"""Saved models: fitted systems in folders, loaded to score new claims."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from harness.arrays import Codes
from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Reason, ScoreMatrix, Scorer
from harness.classifiers.storage.scorer_types import ScorerTypes, scorer_types
from harness.classifiers.storage.serialize import deserialize, serialize
from harness.data.claims import Claims, codes_of
from harness.data.labels.tasks import YES_NO
from harness.display import displayed
from harness.errors import FaultsError, HarnessError, unknown_name
from harness.files import atomic_folder
from harness.runner.models.card import CARD, MODEL_FORMAT, ModelCard, read_card, write_card
from harness.runner.provenance import ClassifierSettings
from harness.runner.tuning.calibrate import CalibratedScorer, CalibrationMap
from harness.runner.tuning.tune import SettingsSearchScorer

FOLDER = "model"
SCORER_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions that a scorer raises if its parts do not match."""
HALF = 0.5
"""Threshold on probabilities of two labels: above it the positive label is the more probable one."""


@displayed
@dataclass(frozen=True)
class Model:
    """A fitted system, ready to score claims."""

    card: ModelCard
    scorer: Scorer
    folder: Path | None = None
    """Folder of a saved model; None: a system that needs no training."""
    warnings: tuple[str, ...] = ()

    def score(self, claims: Claims) -> ScoreMatrix:
        """One number per claim and label; shape (n_claims, n_labels), columns as in `card.labels`.

        Raises: HarnessError: the content of the model's folder is inconsistent.
        """
        try:
            scores = np.asarray(self.scorer.score(claims), dtype=np.float64)
        except SCORER_ERRORS as error:
            raise self._explain(error) from error
        if scores.shape != (len(claims), len(self.card.labels)) or not np.isfinite(scores).all():
            raise HarnessError(f"{self._name}: the scores are not finite, or not one per claim and label")
        return scores

    def predict(self, claims: Claims, scores: ScoreMatrix) -> list[str | None]:
        """The predicted label of each claim; None for a claim without an answer."""
        if not self.scorer.gives_labels:
            return [None] * len(claims)
        try:
            codes = self.scorer.predict(claims, scores)
            return [self.card.labels[code] if code >= 0 else None for code in codes.tolist()]
        except SCORER_ERRORS as error:
            raise self._explain(error) from error

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The reasons for each claim's score, the strongest first; None if the system cannot explain scores."""
        try:
            return self.scorer.explain(claims)
        except SCORER_ERRORS as error:
            raise self._explain(error) from error

    @property
    def _name(self) -> str:
        return self.card.system if self.folder is None else str(self.folder)

    def _explain(self, error: Exception) -> Exception:
        """A message about a model from a folder, whose files may contain anything; else the error itself, a bug."""
        if self.folder is None:
            return error
        return HarnessError(
            f"{self._name}: the parts of the model do not match ({type(error).__name__}: {error}); save the model again"
        )


def untrained_model(name: str) -> Model:
    """The model of a system that needs no training: a registered name, or `module:Class`.

    Raises: HarnessError: there is no such system, or it must be trained.
    """
    # The reason of a class that contains other classifiers is a property, known only of its instances.
    reason = CLASSIFIERS.get(name).unsavable_reason if name in CLASSIFIERS.names() else None
    if isinstance(reason, str):
        raise HarnessError(f"system '{name}' cannot score new articles: {reason}")
    try:
        classifier = build(name, {})
        scorer = classifier.untrained_scorer()
    except ValidationError:
        scorer = None
    if scorer is None:
        raise HarnessError(
            f"system '{name}' must be trained: run harness run CONFIG --only {name} --save-models, then give the "
            "model's folder, which the run prints"
        )
    card = ModelCard(
        format=MODEL_FORMAT,
        system=name,
        classifier=ClassifierSettings(name=name, settings=classifier.model_dump(mode="json")),
        task=None,
        labels=YES_NO,
        positive=YES_NO[-1],
        schemes=(),
        made_for=classifier.languages,
        threshold=threshold_of(scorer, len(YES_NO)),
        probabilities=scorer.probabilities,
    )
    return Model(card, scorer)


def threshold_of(scorer: Scorer, n_labels: int) -> float | None:
    """The lowest score of the positive label at which it is predicted; None if no single number decides."""
    if scorer.cutoff is not None or n_labels > 2:
        return scorer.cutoff if n_labels == 2 else None
    # Calibration and search pass predictions on to the scorer that they contain, whose rule therefore counts.
    inner = scorer
    while isinstance(inner, (CalibratedScorer, SettingsSearchScorer)):
        inner = inner.scorer
    has_own_rule = type(inner).predict is not Scorer.predict
    return HALF if inner.probabilities and inner.gives_labels and not has_own_rule else None


def save_model(folder: Path, card: ModelCard, scorer: Scorer) -> None:
    """Writes a model's folder completely or not at all.

    Raises: CannotSave: a part of the scorer could not be loaded again. WriteError: the folder cannot be written.
    """
    with atomic_folder(folder) as temporary:
        structure = serialize(scorer, temporary, _scorer_types())
        write_card(temporary, card, structure)


def load_model(path: str | Path) -> Model:
    """A saved model.

    Args:
        path: the model's folder, the folder of its result, or a run folder that contains one model only.
    Raises: HarnessError: there is no model, it was modified or damaged, has another format, or contains types that
        are not listed; the message says which.
    """
    folder = find_model(Path(path))
    card, structure = read_card(folder)
    scorer = deserialize(structure, folder, _scorer_types())
    return Model(card, scorer, folder, tuple(_version_warnings(card)))


def _scorer_types() -> ScorerTypes:
    """The types that a saved model may contain: those of classifiers, of calibration and of search."""
    own = (CalibrationMap, CalibratedScorer, SettingsSearchScorer)
    return scorer_types({type_.__name__: f"{type_.__module__}:{type_.__name__}" for type_ in own})


def find_model(path: Path) -> Path:
    """The folder of the model that a path refers to.

    Raises: HarnessError: there is no model, or there are several.
    """
    if path.name == CARD and path.is_file():
        return path.parent
    for folder in (path, path / FOLDER):
        if (folder / CARD).exists():  # a pipe or a folder is named as one when it is read
            return folder
    if not path.exists():
        # The path may be a misspelled name of a system.
        systems = [name for name in CLASSIFIERS.names() if name != "from_file"]
        hint = "" if "/" in str(path) else f" ({unknown_name('system', str(path), systems)})"
        raise FaultsError.single(path, f"does not exist; give the folder of a saved model{hint}")
    folders = sorted(card.parent for card in path.glob(f"results/*/{FOLDER}/{CARD}"))
    if not folders:
        message = "contains no saved model; to save one: harness run CONFIG --save-models"
        raise FaultsError.single(path, message)
    if len(folders) > 1:
        list_of_folders = "".join(f"\n  {folder}" for folder in folders)
        raise HarnessError(f"{path}: contains {len(folders)} saved models; give the folder of one:{list_of_folders}")
    return folders[0]


def _version_warnings(card: ModelCard) -> list[str]:
    """A warning for each package of which the model was made with a newer version than the one installed."""
    warnings = []
    for package, model_version in card.provenance.versions.items() if card.provenance else ():
        try:
            installed_version = version(package)
        except (PackageNotFoundError, ValueError):  # not installed, or not a valid name of a package
            continue
        if _release(model_version) > _release(installed_version):
            warnings.append(
                f"the model was made with {package} {model_version}, but {installed_version} is installed; scores may "
                "differ or fail"
            )
    return warnings


def _release(text: str) -> list[int]:
    """The release numbers of a version, for comparison; empty if it has none."""
    numbers = re.match(r"\d+(?:\.\d+)*", text)
    return [int(number) for number in numbers.group().split(".")] if numbers else []


def label_counts(labels: Sequence[str], codes: Codes) -> dict[str, int]:
    """The number of claims of each label."""
    counts = np.bincount(codes, minlength=len(labels))
    return {label: int(count) for label, count in zip(labels, counts, strict=True)}


def article_count(claims: Claims) -> int:
    """The number of articles that the claims come from."""
    return len(np.unique(codes_of(claims.article_id)))
