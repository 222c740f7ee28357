"""Saved chains: the models of the detector and the judge with the retriever between them, in one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from harness.display import displayed
from harness.errors import Fault, FaultsError
from harness.files import atomic_folder, json_document, read_text
from harness.records import Record, explain_validation, preview
from harness.runner.chain.config import Chain
from harness.runner.models.card import CARD
from harness.runner.models.save_models import SavedModel
from harness.runner.models.saved_model import FOLDER, Model, load_model
from harness.runner.verification.evidence_source import FoundEvidence
from harness.statements.build import build_normalizer
from harness.statements.statements import Identity

CHAIN_CARD = "chain-model.json"
CHAIN_FORMAT = 1
DETECT, JUDGE = "detect", "judge"


class ChainCard(Record):
    """The content of `chain-model.json`."""

    format: Literal[1]
    experiment: str
    retrieve: FoundEvidence
    """Retriever between the two models, and the number of passages per claim."""
    measured: dict[str, Any]
    """What `harness run` measured: the document of the chain's losses."""


@displayed
@dataclass(frozen=True)
class ChainModel:
    """A saved chain, ready to read articles."""

    folder: Path
    card: ChainCard
    detector: Model
    judge: Model


def save_chain(folder: Path, chain: Chain, models: Mapping[str, SavedModel], measured: Mapping[str, Any]) -> SavedModel:
    """Writes the folder of a chain completely or not at all.

    Args:
        folder: folder to write.
        chain: the chain.
        models: saved models of the stages `detect` and `judge`.
        measured: document of what was measured.
    Returns: the folder, or the reason why a stage has no model.
    Raises: WriteError: the folder cannot be written.
    """
    for stage, model in models.items():
        if model.folder is None:
            return SavedModel(chain.name, None, f"{stage}: {model.reason}")
    retrieve = chain.retrieve
    if chain.normalize is not None:
        if not isinstance(build_normalizer(chain.normalize), Identity):
            return SavedModel(
                chain.name, None, "normalize: the model runs at an endpoint; keep the config and the cassette"
            )
        retrieve = retrieve.model_copy(update={"query": "text"})  # which is what the identity writes
    card = ChainCard(format=1, experiment=chain.name, retrieve=retrieve, measured=dict(measured))
    with atomic_folder(folder) as temporary:
        for stage, model in models.items():
            shutil.copytree(Path(str(model.folder)), temporary / stage)
        (temporary / CHAIN_CARD).write_text(json_document(card.model_dump(mode="json")), encoding="utf-8")
    return SavedModel(chain.name, folder)


def load_chain(path: str | Path) -> ChainModel:
    """A saved chain.

    Args:
        path: folder of the chain's model, or its run folder.
    Raises: HarnessError: there is no chain, a file was modified or damaged, or it has another format.
    """
    folder = _find_chain(Path(path))
    card = _read_card(folder / CHAIN_CARD)
    detector, judge = load_model(folder / DETECT), load_model(folder / JUDGE)
    if detector.card.positive is None or judge.card.evidence is None:
        raise FaultsError.single(folder, "its models are no detector and judge; save the chain again")
    return ChainModel(folder, card, detector, judge)


def _find_chain(path: Path) -> Path:
    for folder in (path, path / FOLDER):
        if (folder / CHAIN_CARD).exists():  # a pipe or a folder is named as one when it is read
            return folder
    remedy = "give the folder that harness run CHAIN --save-models wrote"
    if not path.exists():
        raise FaultsError.single(path, f"does not exist; {remedy}", code="does-not-exist")
    if any((folder / CARD).is_file() for folder in (path, path / FOLDER)):
        message = f"is the model of one classifier, and a chain has a detector, a retriever and a judge; {remedy}"
    else:
        message = f"contains no saved chain; {remedy}"
    raise FaultsError.single(path, message, code="no-chain")


def _read_card(path: Path) -> ChainCard:
    text = read_text(path)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise FaultsError.single(path, "is not JSON: it is incomplete or was modified; save the chain again") from None
    actual = document.get("format") if isinstance(document, dict) else None
    if actual != CHAIN_FORMAT:
        message = f"expected {CHAIN_FORMAT}, the only format that this version reads, got {preview(actual)}"
        raise FaultsError.single(path, f"{message}; save the chain again", field="format")
    try:
        return ChainCard.model_validate_json(text)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, key_path)), message, code)
            for key_path, message, code, _ in explain_validation(error)
        ) from None
