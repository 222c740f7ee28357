"""What one export is asked for, and what it writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from harness.data.dataset import Dataset
from harness.data.load import find_scheme
from harness.records import Annotation
from harness.schemes import Scheme

T = TypeVar("T")
DEFAULT_RULE = "adjudicated"
Files = dict[Path, bytes]


class ExportRequest(NamedTuple):
    """Arguments of one export."""

    dataset: Dataset
    path: Path
    labels: bool
    """Whether tasks for Label Studio include the labels."""
    rule: str | None
    """Rule for the gold label of a claim with several annotators, where the user named one."""
    byte_order_mark: bool
    """Whether a csv file begins with a byte order mark."""
    addresses: Mapping[str, str] = {}
    """Email address of an annotator in Label Studio, by name."""
    spans: bool = False
    """Whether tasks for doccano and Prodigy are articles with their claims as marked spans."""
    scheme: str | None = None
    """Scheme of the labels of tasks; None: all of the dataset."""

    @property
    def gold(self) -> str:
        """Rule for the gold label of a claim with several annotators."""
        return self.rule or DEFAULT_RULE

    @property
    def schemes(self) -> list[Scheme]:
        """Label schemes of the labels."""
        names = self.dataset.info.schemes if self.scheme is None else (self.scheme,)
        return [find_scheme(self.dataset.folder, name) for name in names]


class Exported(NamedTuple):
    """Files of an export."""

    files: Files
    written: int
    """Number of claims or reviews in the files."""
    notes: tuple[str, ...] = ()


def shuffled(tasks: Iterable[T], task_id: Callable[[T], str]) -> list[T]:
    """Returns tasks in a shuffled order that a second export repeats, and that does not hint at labels.

    Args:
        tasks: tasks.
        task_id: returns the id of the claim, or of the article, of a task.
    """
    return sorted(tasks, key=lambda task: hashlib.sha256(task_id(task).encode()).hexdigest())


def shared_details(annotations: Collection[Annotation]) -> tuple[str | None, float | None]:
    """Returns the note and the confidence of labels that a tool stores together: what all of them have in common."""
    notes, sure = {a.note for a in annotations}, {a.confidence for a in annotations}
    return notes.pop() if len(notes) == 1 else None, sure.pop() if len(sure) == 1 else None
