"""Starts a dataset folder with a config whose keys an editor knows: the function behind `harness new`."""

from __future__ import annotations

import json
from pathlib import Path

from harness.data.new_dataset import NewDataset
from harness.data.new_dataset import new as new_dataset
from harness.runner.configs.schema import schema


def new(folder: str | Path, *, language: str = "en") -> NewDataset:
    """Creates an empty, valid dataset folder with a scheme, a config `experiment.yaml`, and the JSON Schema of configs.

    Args:
        folder: new or empty folder; its name becomes the name of the dataset and of the scheme.
        language: BCP 47 code of the articles.
    Raises: FaultsError: the folder is not empty; HarnessError: the language is not a BCP 47 code.
    """
    return new_dataset(folder, language=language, config_schema=json.dumps(schema(), ensure_ascii=False) + "\n")
