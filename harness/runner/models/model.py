"""Saved models: a system fitted for use, in a folder that says what it is and what made it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from harness.arrays import Codes
from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Reason, ScoreMatrix, Scorer
from harness.classifiers.storage.scorer_types import Kinds, declared_types, registry_of
from harness.classifiers.storage.serialize import ARRAYS, FILES, deserialize, serialize
from harness.data.claims import Claims, codes_of
from harness.data.labels.tasks import YES_NO
from harness.errors import Fault, FaultsError, HarnessError, unknown_name
from harness.files import atomic_folder, json_document, read_text, sha256
from harness.records import Record, Sha256, explain_validation, preview
from harness.runner.provenance import ClassifierSettings, ModelProvenance, SchemeUse
from harness.runner.tuning.calibrate import CalibratedScorer, CalibrationMap
from harness.runner.tuning.tune import SettingsSearchScorer

MODEL_FORMAT = 2
FOLDER = "model"
CARD = "model.json"
SCORER_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a scorer raises whose parts do not fit together."""
HALF = 0.5
"""The probability of the positive label above which it is the likelier of two."""


class Training(Record):
    """What a model was fitted to."""

    rows: str
    """Which claims, in words."""
    claims: int
    articles: int
    labels: dict[str, int]
    """Claims of each label."""


class ModelCard(Record):
    """What `model.json` says of a model."""

    format: int
    system: str
    classifier: ClassifierSettings
    task: str | None
    """None: it was not trained for one."""
    labels: tuple[str, ...] = Field(min_length=2)
    """In the order of the score columns; in a yes-or-no task the last is the positive one."""
    positive: str | None
    """None: the task has more than two labels."""
    schemes: tuple[SchemeUse, ...]
    """The label scheme of each dataset that it was trained on; none: it was not trained."""
    made_for: tuple[str, ...] = ()
    """The languages that the classifier was made for; empty: any."""
    languages: tuple[str, ...] = ()
    """The languages that it was trained on."""
    threshold: float | None
    """The score of the positive label from which it is predicted; None: the label with the highest score is."""
    probabilities: bool
    """Whether scores are probabilities over the labels."""
    trained_on: Training | None = None
    provenance: ModelProvenance | None = None
    """None: it was not trained."""


class _SavedCard(ModelCard):
    """The whole file."""

    format: Literal[2]
    scorer: Any
    """The structure of the fitted scorer; see `harness.classifiers.storage.serialize`."""
    files: dict[str, Sha256]
    """SHA-256 of every other file of the folder."""
    fingerprint: Sha256
    """SHA-256 of this document without this field."""


@dataclass(frozen=True)
class Model:
    """A fitted system, ready to score claims."""

    card: ModelCard
    scorer: Scorer
    folder: Path | None = None
    """Where it is kept; None: a system that needs no training."""
    warnings: tuple[str, ...] = ()

    def score(self, claims: Claims) -> ScoreMatrix:
        """One number per claim and label; shape (n_claims, n_labels), columns as in `card.labels`.

        Raises: HarnessError: what the folder holds does not fit together.
        """
        try:
            scores = np.asarray(self.scorer.score(claims), dtype=np.float64)
        except SCORER_ERRORS as error:
            raise self._misfit(error) from error
        if scores.shape != (len(claims), len(self.card.labels)) or not np.isfinite(scores).all():
            raise HarnessError(f"{self._name}: it gave scores that are not finite, or not one per claim and label")
        return scores

    def predict(self, claims: Claims, scores: ScoreMatrix) -> list[str | None]:
        """The predicted label of each claim; None where it has no answer."""
        if not self.scorer.gives_labels:
            return [None] * len(claims)
        try:
            codes = self.scorer.predict(claims, scores)
            return [self.card.labels[code] if code >= 0 else None for code in codes.tolist()]
        except SCORER_ERRORS as error:
            raise self._misfit(error) from error

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The reasons of each claim, the strongest first; None where the system cannot say."""
        try:
            return self.scorer.explain(claims)
        except SCORER_ERRORS as error:
            raise self._misfit(error) from error

    @property
    def _name(self) -> str:
        return self.card.system if self.folder is None else str(self.folder)

    def _misfit(self, error: Exception) -> Exception:
        """For a model from a folder, which may hold anything, a message; else the error itself, a bug."""
        if self.folder is None:
            return error
        return HarnessError(f"{self._name}: its parts do not fit together ({type(error).__name__}: {error})")


def untrained_model(name: str) -> Model:
    """A registered system that needs no training, or `module:Class` of one.

    Raises: HarnessError: no such system, or it has to be trained.
    """
    never = CLASSIFIERS.get(name).unsavable_reason if name in CLASSIFIERS.names() else None
    if isinstance(never, str):  # of a class that wraps others, it is known of its instances only
        raise HarnessError(f"system '{name}' cannot score new articles: {never}")
    try:
        classifier = build(name, {})
        scorer = classifier.untrained_scorer()
    except ValidationError:
        scorer = None
    if scorer is None:
        raise HarnessError(
            f"system '{name}' has to be trained: harness run CONFIG --only {name} --save-models, then give --system "
            "the model's folder, which the run prints"
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
    """The score of the positive label from which it is predicted; None where there is no such number."""
    if scorer.cutoff is not None or n_labels > 2:
        return scorer.cutoff if n_labels == 2 else None
    inner = scorer
    while isinstance(inner, (CalibratedScorer, SettingsSearchScorer)):
        inner = inner.scorer
    own_rule = type(inner).predict is not Scorer.predict
    return HALF if inner.probabilities and inner.gives_labels and not own_rule else None


def save_model(folder: Path, card: ModelCard, scorer: Scorer) -> None:
    """Writes a model's folder, whole or not at all.

    Raises: CannotSave: the scorer has a part that could not be loaded again. WriteError: the disk is at fault.
    """
    with atomic_folder(folder) as temporary:
        structure = serialize(scorer, temporary, _kinds())
        files = {
            path.relative_to(temporary).as_posix(): sha256(path.read_bytes())
            for path in sorted(temporary.rglob("*"))
            if path.is_file()
        }
        document = card.model_dump(mode="json") | {"scorer": structure, "files": files}
        document["fingerprint"] = _fingerprint(document)
        (temporary / CARD).write_text(json_document(document), encoding="utf-8")


def load_model(path: str | Path) -> Model:
    """A saved model.

    Args:
        path: its folder, the folder of its result, or a run folder that holds one model only.
    Raises: HarnessError: there is none, it was changed or damaged, is of another format, or asks for types that are
        not listed; the message says which.
    """
    folder = find_model(Path(path))
    card, structure = read_card(folder)
    scorer = deserialize(structure, folder, _kinds())
    return Model(card, scorer, folder, tuple(_newer(card)))


@cache
def _kinds() -> Kinds:
    """The types that a saved model may be made of: those of classifiers, of calibration and of search."""
    return registry_of(*declared_types(), CalibrationMap, CalibratedScorer, SettingsSearchScorer)


def find_model(path: Path) -> Path:
    """The folder of the model that a path means.

    Raises: HarnessError: there is no model, or there are several.
    """
    if path.name == CARD and path.is_file():
        return path.parent
    for folder in (path, path / FOLDER):
        if (folder / CARD).is_file():
            return folder
    if not path.exists():
        known = [name for name in CLASSIFIERS.names() if name != "from_file"]
        hint = "" if "/" in str(path) else f" ({unknown_name('system', str(path), known)})"
        raise FaultsError.single(path, f"does not exist; give the folder of a saved model{hint}")
    found = sorted(card.parent for card in path.glob(f"results/*/{FOLDER}/{CARD}"))
    if not found:
        message = "holds no saved model; make one: harness run CONFIG --save-models"
        raise FaultsError.single(path, message)
    if len(found) > 1:
        listed = "".join(f"\n  {folder}" for folder in found)
        raise HarnessError(f"{path}: holds {len(found)} saved models; name one of them:{listed}")
    return found[0]


def read_card(folder: Path) -> tuple[ModelCard, Any]:
    """What a model's folder says of it, and the structure of its scorer, every file checked by its SHA-256.

    Raises: FaultsError: it was changed or damaged, or is of another format.
    """
    path = folder / CARD
    try:
        text = read_text(path)
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise FaultsError.single(path, "is not JSON: it was cut short or changed; save the model again") from None
    if not isinstance(document, dict) or document.get("format") != MODEL_FORMAT:
        found = preview(document.get("format")) if isinstance(document, dict) else "no JSON object"
        message = f"expected {MODEL_FORMAT}, got {found}; this version reads that format only: save the model again"
        raise FaultsError.single(path, message, field="format")
    try:
        card = _SavedCard.model_validate_json(text)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, place)), message, code)
            for place, message, code, _ in explain_validation(error)
        ) from None
    if _fingerprint(document) != card.fingerprint:
        raise FaultsError.single(path, "was changed after it was made; save the model again", field="fingerprint")
    faults = [fault for name, digest in card.files.items() for fault in _file_faults(folder, name, digest)]
    faults += [fault for name in _loadable(folder) if name not in card.files for fault in _unlisted(folder, name)]
    if faults:
        raise FaultsError(faults)
    return card, card.scorer


def _loadable(folder: Path) -> list[str]:
    """What a scorer is made of: all that stands where `serialize` writes, links to folders among it."""
    found = [folder / ARRAYS, *(folder / FILES).rglob("*")]
    return [path.relative_to(folder).as_posix() for path in found if path.is_symlink() or not path.is_dir()]


def _unlisted(folder: Path, name: str) -> list[Fault]:
    message = f"does not list '{name}', so it is not what was kept; take it out, or save the model again"
    return [Fault(str(folder / CARD), None, "files", message)]


def _file_faults(folder: Path, name: str, digest: str) -> list[Fault]:
    path = folder / name
    if not _lies_in(path, folder):
        return [Fault(str(folder / CARD), None, "files", f"'{name}' lies outside of the model's folder; refused")]
    if not path.is_file():
        return [Fault(str(path), None, None, "is missing; copy the whole folder, or save the model again")]
    if sha256(path.read_bytes()) != digest:
        return [
            Fault(str(path), None, None, "is not the file that was kept: its SHA-256 differs; save the model again")
        ]
    return []


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file that may be a link lies in a folder; no for what is no path, and for links that go round."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _fingerprint(document: dict[str, Any]) -> str:
    said = {key: value for key, value in document.items() if key != "fingerprint"}
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=True))


def _newer(card: ModelCard) -> list[str]:
    """A warning for each package that was newer where the model was made."""
    warnings = []
    for package, made in card.provenance.versions.items() if card.provenance else ():
        try:
            here = version(package)
        except (PackageNotFoundError, ValueError):  # a name that no package can have
            continue
        if _release(made) > _release(here):
            warnings.append(
                f"the model was made with {package} {made}, and {here} is installed: scores may differ, or fail"
            )
    return warnings


def _release(text: str) -> list[int]:
    """The numbers of a version, for comparing; empty where it has none."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return [int(part) for part in found.group().split(".")] if found else []


def label_counts(labels: Sequence[str], codes: Codes) -> dict[str, int]:
    """How many claims have each label."""
    counts = np.bincount(codes, minlength=len(labels))
    return {label: int(count) for label, count in zip(labels, counts, strict=True)}


def article_count(claims: Claims) -> int:
    """How many articles the claims are of."""
    return len(np.unique(codes_of(claims.article_id)))
