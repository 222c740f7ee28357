"""The list of the experiments of a config that has several, in the folder of their run folders."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from harness.errors import FaultsError
from harness.files import state_bytes
from harness.records import Record

FILE_NAME = "several.json"
LIST_FORMAT = 1


class ListedExperiment(Record):
    """One experiment of the list."""

    name: str
    """Name of the experiment, and of its run folder."""
    task: str
    dataset: str
    reason: str | None = None
    """Why it has no result; None if it has."""


class ExperimentList(Record):
    """The content of `several.json`, which lists the experiments of a config with several."""

    format: int
    name: str
    experiments: tuple[ListedExperiment, ...]


def read_experiment_list(folder: Path) -> ExperimentList | None:
    """The experiments whose run folders a folder has; None if it has no list of them.

    Raises: FaultsError: the list is damaged.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        listed = ExperimentList.model_validate_json(state_bytes(path) or b"")
    except ValidationError:
        listed = None
    if listed is None or listed.format != LIST_FORMAT:
        raise FaultsError.single(path, "is damaged or of another version; run the experiments again", code="changed")
    return listed
