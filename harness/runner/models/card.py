"""The card of a saved model, `model.json`: what the model is, and the checks of its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from harness.classifiers.storage.serialize import ARRAYS, FILES
from harness.errors import Fault, FaultsError
from harness.files import file_sha256, json_document, read_text, sha256
from harness.records import Record, Sha256, explain_validation, preview
from harness.runner.provenance import ClassifierSettings, ModelProvenance, SchemeUse

MODEL_FORMAT = 2
CARD = "model.json"


class Training(Record):
    """The claims that a model was fitted to."""

    rows: str
    """Description of the claims."""
    claims: int
    """Number of claims."""
    articles: int
    """Number of articles."""
    labels: dict[str, int]
    """Number of claims by label."""


class ModelCard(Record):
    """The description of a model in `model.json`."""

    format: int
    system: str
    classifier: ClassifierSettings
    task: str | None
    """Task that the model was trained for; None: it was not trained."""
    labels: tuple[str, ...] = Field(min_length=2)
    """Labels in the order of the score columns; in a yes-or-no task the last is the positive one."""
    positive: str | None
    """Positive label; None: the task has more than two labels."""
    schemes: tuple[SchemeUse, ...]
    """Label scheme of each training dataset; empty: the model was not trained."""
    made_for: tuple[str, ...] = ()
    """Languages that the classifier supports; empty: any."""
    languages: tuple[str, ...] = ()
    """Languages of the training claims."""
    threshold: float | None
    """Lowest score of the positive label at which it is predicted; None: the label with the highest score is."""
    probabilities: bool
    """Whether scores are probabilities over the labels."""
    evidence: str | None = None
    """Source of the passages that it was fitted to and reads with each claim; None: it sees the claim alone."""
    trained_on: Training | None = None
    provenance: ModelProvenance | None = None
    """Origin of the model; None: it was not trained."""


class _SavedCard(ModelCard):
    """All content of `model.json`."""

    format: Literal[2]
    scorer: Any
    """Structure of the fitted scorer; see `harness.classifiers.storage.serialize`."""
    files: dict[str, Sha256]
    """SHA-256 of every other file of the folder."""
    fingerprint: Sha256
    """SHA-256 of this document without this field."""


def write_card(folder: Path, card: ModelCard, structure: Any) -> None:
    """Writes `model.json`, with the SHA-256 of every file in the folder."""
    files = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    document = card.model_dump(mode="json") | {"scorer": structure, "files": files}
    document["fingerprint"] = _fingerprint(document)
    (folder / CARD).write_text(json_document(document), encoding="utf-8")


def read_card(folder: Path) -> tuple[ModelCard, Any]:
    """The card of a model's folder and the structure of its scorer; checks every file by its SHA-256.

    Raises: FaultsError: the model was modified or damaged, or has another format.
    """
    path = folder / CARD
    try:
        text = read_text(path)
        document = json.loads(text)
    except (ValueError, RecursionError):
        message = "is not JSON: the file is incomplete or was modified; save the model again"
        raise FaultsError.single(path, message) from None
    # Check the format first: the fields of another format would give misleading messages.
    if not isinstance(document, dict) or document.get("format") != MODEL_FORMAT:
        actual = preview(document.get("format")) if isinstance(document, dict) else "no JSON object"
        message = (
            f"expected {MODEL_FORMAT}, the only format that this version reads, got {actual}; save the model again"
        )
        raise FaultsError.single(path, message, field="format")
    try:
        card = _SavedCard.model_validate_json(text)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, key_path)), message, code)
            for key_path, message, code, _ in explain_validation(error)
        ) from None
    if _fingerprint(document) != card.fingerprint:
        message = "was modified after it was saved; run the experiment again with --save-models"
        raise FaultsError.single(path, message, field="fingerprint")
    faults = [fault for name, digest in card.files.items() for fault in _file_faults(folder, name, digest)]
    faults += [_unlisted_file(folder, name) for name in _scorer_files(folder) if name not in card.files]
    if faults:
        raise FaultsError(faults)
    return card, card.scorer


def _scorer_files(folder: Path) -> list[str]:
    """The files from which a scorer is loaded: everything where `serialize` writes, including links to folders.

    Whoever can write to the folder can also compute new hashes, so hashes alone do not stop a link that leads out of
    the folder.
    """
    paths = [folder / ARRAYS, *(folder / FILES).rglob("*")]
    return [path.relative_to(folder).as_posix() for path in paths if path.is_symlink() or not path.is_dir()]


def _unlisted_file(folder: Path, name: str) -> Fault:
    message = f"unexpected file '{name}' (not listed in {CARD}); delete it, or save the model again"
    return Fault(str(folder / CARD), None, "files", message)


def _file_faults(folder: Path, name: str, digest: str) -> list[Fault]:
    path = folder / name
    if not _is_inside(path, folder):
        message = f"'{name}' is outside of the model's folder and is not read; save the model again"
        return [Fault(str(folder / CARD), None, "files", message)]
    if not path.exists():
        return [Fault(str(path), None, None, "is missing; copy the whole folder, or save the model again")]
    try:
        is_same = file_sha256(path) == digest
    except FaultsError as error:
        return list(error.faults)
    if not is_same:
        message = f"was modified after it was saved: its SHA-256 differs from {CARD}; save the model again"
        return [Fault(str(path), None, None, message)]
    return []


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a path, with links resolved, is inside a folder; False for invalid paths and circular links."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _fingerprint(document: dict[str, Any]) -> str:
    # Sorted ASCII JSON, so that the hash does not depend on key order, indentation or the encoding of the file.
    content = {key: value for key, value in document.items() if key != "fingerprint"}
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=True))
