"""A dataset folder to start from: its head, a guideline of one's own, a config that runs once claims are labelled."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.reading import safe_name
from harness.data.dataset import DatasetInfo, Segmentation, info_file_contents
from harness.errors import FaultsError, HarnessError
from harness.files import folder_lock, write_files
from harness.records import preview


class NewDataset(NamedTuple):
    """A new dataset folder."""

    folder: Path
    files: tuple[Path, ...]
    """What was written."""
    steps: tuple[str, ...]
    """What to do next, a command or a file a line."""


def new(folder: str | Path, *, language: str = "en") -> NewDataset:
    """Starts a dataset: an empty, valid folder with a scheme pack `schemes/NAME.yaml` and a config `experiment.yaml`.

    Args:
        folder: absent or empty; its name becomes the dataset's and the scheme's.
        language: BCP 47 code of the articles to come.
    Raises: FaultsError: something is there already; HarnessError: the language is no such code.
    """
    place = Path(folder)
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", language):
        raise HarnessError(f"language: expected a BCP 47 code such as en or pt-BR, got {preview(language)}")
    if place.exists() and not place.is_dir():
        raise FaultsError.single(place, "is a file; give a folder that does not exist yet")
    if place.is_dir() and any(path.name != ".lock" for path in place.iterdir()):
        raise FaultsError.single(place, "is not empty; give a folder that does not exist yet, nothing is overwritten")
    name = safe_name(place.resolve().name, "dataset")
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
    written = {
        place / "articles.jsonl": "",
        place / "claims.jsonl": "",
        place / "schemes" / f"{name}.yaml": SCHEME.format(name=name, language=language),
        place / "experiment.yaml": CONFIG.format(name=name, dataset=_in_quotes(_as_config(place))),
        place / "README.md": CARD.format(name=name),
    }
    files = {path: text.encode() for path, text in written.items()}
    with folder_lock(place, "new"):
        write_files(files | info_file_contents(place, info))
    steps = (
        f"read and change the guideline {place / 'schemes' / f'{name}.yaml'}",
        f"harness ingest YOUR_ARTICLES... --into {place}",
        f"harness add {place} --claims LABELS.csv --as YOU",
        f"harness run {place / 'experiment.yaml'}",
    )
    return NewDataset(place, tuple(files), steps)


def _as_config(place: Path) -> str:
    """The folder as a config names it: with a slash, so that it is never taken for a shipped dataset's name."""
    text = place.as_posix()
    return text if "/" in text else f"./{text}"


def _in_quotes(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SCHEME = """\
# The guideline of this dataset. Change it to what you study: axes, labels, definitions, examples. Raise the version
# whenever a change could change a label; every label remembers the version that it was given under.
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
# How well do baselines tell which claims are checkable? Runs once claims of two or more articles are labelled.
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

What the articles are and where they come from; who may use them (`license` in `dataset.yaml`); who labelled them, and
under which guideline (`schemes/{name}.yaml`).
"""
