"""Starts a dataset folder: description, guideline, and a config that runs once claims are labeled."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.article_file import safe_name
from harness.data.dataset import DatasetInfo, Segmentation, info_file_contents
from harness.display import displayed
from harness.errors import FaultsError, HarnessError
from harness.files import folder_lock, write_files
from harness.records import preview


@displayed
class NewDataset(NamedTuple):
    """A new dataset folder and the next steps."""

    folder: Path
    files: tuple[Path, ...]
    """Files that were written."""
    steps: tuple[str, ...]
    """Next steps, each a command to run or a file to edit."""


def new(folder: str | Path, *, language: str = "en") -> NewDataset:
    """Creates an empty, valid dataset folder with a scheme `schemes/NAME.yaml` and a config `experiment.yaml`.

    Args:
        folder: new or empty folder; its name becomes the name of the dataset and of the scheme.
        language: BCP 47 code of the articles.
    Raises: FaultsError: the folder is not empty; HarnessError: the language is not a BCP 47 code.
    """
    path = Path(folder)
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", language):
        raise HarnessError(f"language: expected a BCP 47 code such as en or pt-BR, got {preview(language)}")
    if path.exists() and not path.is_dir():
        raise FaultsError.single(path, "is a file; give a folder that does not exist yet")
    # An earlier call that was killed can leave the lock file behind.
    if path.is_dir() and any(entry.name != ".lock" for entry in path.iterdir()):
        raise FaultsError.single(path, "is not empty; nothing was written: give a folder that does not exist yet")
    name = safe_name(path.resolve().name, "dataset")
    info = DatasetInfo(
        format=2,
        name=name,
        version="0.1",
        title=name,
        license="not stated",
        language=language,
        schemes=(name,),
        segmentation=Segmentation(split_quotations=True),
    )
    texts = {
        path / "articles.jsonl": "",
        path / "claims.jsonl": "",
        path / "schemes" / f"{name}.yaml": SCHEME.format(name=name, language=language),
        path / "experiment.yaml": CONFIG.format(name=name, dataset=_yaml_quoted(_config_name(path))),
        path / "README.md": CARD.format(name=name),
    }
    files = {file_path: text.encode() for file_path, text in texts.items()}
    with folder_lock(path, "new"):
        write_files(files | info_file_contents(path, info))
    steps = (
        f"read and edit the guideline {path / 'schemes' / f'{name}.yaml'}",
        f"harness ingest YOUR_ARTICLES... --into {path}",
        f"harness add {path} --claims LABELS.csv --as YOU",
        f"harness run {path / 'experiment.yaml'}",
    )
    return NewDataset(path, tuple(files), steps)


def _config_name(path: Path) -> str:
    """Returns the folder as a config names it."""
    # A name without a slash could be the name of a shipped dataset.
    text = path.as_posix()
    return text if "/" in text else f"./{text}"


def _yaml_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SCHEME = """\
# The guideline of this dataset. Edit the axes, labels, definitions and examples for your study. Raise the version
# whenever a change could change a label; every label records the version of its guideline.
name: {name}
version: "0.1"
title: Guideline of {name}
source: Written for this dataset.
license: not stated
language: {language}

axes:
  - name: checkable
    question: Could publicly available evidence settle what the sentence says?
    definition: >-
      A patient stranger with the article, a library and public records could reach a verdict.
    labels:
      - name: "yes"
        definition: Evidence that settles it exists in public, and it is clear what is claimed of whom and when.
        examples:
          - The library lent 41,000 books in 2023.
      - name: "no"
        definition: It states nothing, or only what nobody but the speaker can know, or nothing definite enough.
        examples:
          - I have always felt at home among books.
      - name: cannot tell
        definition: Whether public evidence exists depends on something that the annotator cannot find out.
        examples:
          - It was decided behind closed doors.
    abstain_label: cannot tell

tasks:
  checkability: {{axis: checkable, positive: ["yes"], negative: ["no"]}}

guideline: |
  Read the whole article first. Then take its sentences in order.
  Label what the sentence asserts, in its context, as a fair reader would take it; not whether it is true.
"""

CONFIG = """\
# Compares baselines that predict which claims are checkable. Runs once claims of two or more articles are labeled.
name: {name}
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2, by: article}}   # k: 5 once there are five articles or more
classifiers:
  - majority
  - length
  - tfidf_logreg
metrics: [f1, macro_f1, average_precision]
random_seeds: [13]
intervals: {{method: auto, resamples: 1000, unit: article}}
"""

CARD = """\
# {name}

What the articles are and where they come from; who may use them (`license` in `dataset.yaml`); who labeled them, and
under which guideline (`schemes/{name}.yaml`).
"""
