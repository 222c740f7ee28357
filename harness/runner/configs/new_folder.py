"""Starts a dataset folder with a config whose keys an editor knows: the function behind `harness new`."""

from __future__ import annotations

import json
from pathlib import Path

from harness.data.new_dataset import NewDataset
from harness.data.new_dataset import new as new_dataset
from harness.runner.configs.schema import schema


def new(
    folder: str | Path,
    *,
    language: str | None = None,
    source: str | Path | None = None,
    labels: bool = False,
    root: str | Path | None = None,
) -> NewDataset:
    """Creates a valid dataset folder: a copy of a dataset, or an empty one with a scheme, a config and its JSON Schema.

    Args:
        folder: new or empty folder; its name becomes the name of the dataset (and of the scheme, unless it is a copy).
        language: BCP 47 code of the articles; default: en.
        source: dataset to copy: shipped, fetched, or a folder. The copy has its articles, claims, schemes, splits,
            corpus, license and citation, and its name in `ancestry`.
        labels: whether a copy also has the labels and the evidence of its dataset; default: it is to be labeled anew.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: FaultsError: the folder is not empty, or the dataset to copy has faults; HarnessError: the language is not a
        BCP 47 code, or no dataset has the name.
    """
    config_schema = "" if source is not None else json.dumps(schema(), ensure_ascii=False) + "\n"
    return new_dataset(folder, language=language, source=source, labels=labels, root=root, config_schema=config_schema)
