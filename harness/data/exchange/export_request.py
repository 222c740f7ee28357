"""What one export is asked for, and what it writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from harness.data.dataset import Dataset
from harness.data.load import find_scheme
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

    @property
    def gold(self) -> str:
        """Rule for the gold label of a claim with several annotators."""
        return self.rule or DEFAULT_RULE

    @property
    def schemes(self) -> list[Scheme]:
        """Label schemes of the dataset."""
        return [find_scheme(self.dataset.folder, name) for name in self.dataset.info.schemes]


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
