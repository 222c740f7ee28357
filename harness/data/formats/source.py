"""Input and output of the format readers: a publisher's file in, articles of labeled claims out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.data.archives import InputFile
from harness.data.corpora.passages import Passage
from harness.data.delimited import repeated_column, repeated_columns
from harness.errors import Fault, FaultsError
from harness.records import preview
from harness.schemes import Scheme


@dataclass(frozen=True)
class SourceFile(InputFile):
    """One file of a publisher and the settings for reading it."""

    scheme: Scheme
    """Label scheme whose codes are the allowed labels of the file."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Value of `options` in the benchmark's YAML."""
    companions: Mapping[str, bytes] = field(default_factory=dict)
    """Contents of the benchmark's companion files that are present, by file name."""
    passages: Mapping[str, Passage] | None = None
    """Passages of the publisher's corpus, by their id; None without a corpus."""
    skipped_rows: list[int] = field(default_factory=list)
    """Lines of rows that a reader leaves out because they have no text; readers append to it."""


class SourceLabel(NamedTuple):
    """One label from a publisher's file."""

    code: str
    """Code of the scheme's axis, spelled as the publisher writes it; `yes` for a feature."""
    axis: str | None = None
    """Axis of the scheme; None: its first axis."""
    annotator: str = "publisher"
    value: str | None = None
    note: str | None = None
    role: Literal["label", "adjudicate"] = "label"
    url: str | None = None
    """Address of the page that gave the label."""


class SourceEvidence(NamedTuple):
    """One passage of evidence for a claim; the passages of one group are sufficient only together."""

    text: str
    group: int = 0
    passage_id: str | None = None
    question: str | None = None
    source: str | None = None
    url: str | None = None
    stance: str | None = None
    sentences: str | None = None
    """Numbers of the sentences that annotators marked in a passage of several, from 0, as in `2,5`."""


class SourceClaim(NamedTuple):
    """One sentence of a publisher's file, with its labels."""

    text: str
    labels: tuple[SourceLabel, ...] = ()
    """Labels of the sentence; empty if the file has none."""
    speaker: str | None = None
    order: int = 0
    """Position in the article, for publishers that spread the sentences of one article over several files."""
    date: str | None = None
    topic: str | None = None
    evidence: tuple[SourceEvidence, ...] = ()
    line: int | None = None
    """Line of the file, from 1, if it is known."""
    statement: str | None = None
    """Claim reworded to be understood without context, where the publisher has it."""


class SourceArticle(NamedTuple):
    """One article of a publisher's file (such as a debate or a tweet), with its sentences in order."""

    article_id: str
    """Publisher's id. Articles with the same id in several files are merged, unless `alone` is true."""
    title: str | None
    claims: list[SourceClaim]
    published: str | None = None
    alone: bool = False
    """Whether the article is one free-standing claim, which is never merged with another of the same id."""
    publisher: str | None = None
    url: str | None = None
    passages: tuple[Passage, ...] = ()
    """Passages to search that the file gives with the claims, beside their evidence; equal ids are one passage."""


class FileFaults:
    """Collects the faults of one file and raises them together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[Fault] = []

    def add(self, line: int | None, field_name: str | None, message: str, code: str = Fault.code) -> None:
        """Adds one fault, with its line (from 1) and its field if they are known."""
        self.faults.append(Fault(str(self.path), line, field_name, message, code))

    def add_repeated_columns(self, header: Sequence[str], names: Collection[str], line: int = 1) -> None:
        """Adds a fault for each name, of those that are read, that several columns have."""
        for name in repeated_columns(header):
            if name in names:
                self.add(line, name, repeated_column(header, name), "repeated-column")

    def raise_if_any(self, *, empty: bool, expected: str) -> None:
        """Raises the collected faults.

        Args:
            empty: whether the file has no content; an empty file without another fault is a fault.
            expected: what the file should contain, for the message about an empty file.
        Raises: FaultsError: a fault was added, or the file is empty.
        """
        if empty and not self.faults:
            self.add(None, None, f"is empty; expected {expected}", "empty")
        if self.faults:
            raise FaultsError(self.faults)


def label_fault(scheme: Scheme, code: str, axis: str | None = None) -> str | None:
    """Returns the message for a code that is not a label of an axis, or None if it is one.

    Args:
        scheme: label scheme.
        code: code from a publisher's file.
        axis: axis of the scheme; default: its first axis.
    """
    checked_axis = scheme.axis(axis) if axis else scheme.axes[0]
    if checked_axis.feature or checked_axis.coded(code) is not None:
        return None
    codes = [label.code for label in checked_axis.labels if label.code is not None]
    return f"expected one of {', '.join(codes)}, got {preview(code)}"
