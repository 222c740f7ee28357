"""What a format reader is given, and what it gives: articles made of labelled claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.errors import Fault, FaultsError
from harness.records import preview
from harness.schemes import Scheme


@dataclass(frozen=True)
class SourceFile:
    """One file of a publisher, as a reader is given it."""

    path: Path
    """Its name, for messages and ids; a member of a zip is `archive.zip!member`."""
    data: bytes
    scheme: Scheme
    """Its labels' codes are those that the file may hold."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the benchmark's YAML says under `options`."""
    companions: Mapping[str, bytes] = field(default_factory=dict)
    """The benchmark's companion files that are there, by name."""


class SourceLabel(NamedTuple):
    """One label as the publisher gives it."""

    code: str
    """As the publisher writes it; a code of the scheme's axis. A feature's is `yes`."""
    axis: str | None = None
    """None: the scheme's first axis."""
    annotator: str = "publisher"
    value: str | None = None
    note: str | None = None
    role: Literal["label", "adjudicate"] = "label"


class SourceEvidence(NamedTuple):
    """One passage that the publisher gives for a claim; passages of one group settle it together."""

    text: str
    group: int = 0
    passage_id: str | None = None
    question: str | None = None
    source: str | None = None
    url: str | None = None
    stance: str | None = None


class SourceClaim(NamedTuple):
    """One sentence of a publisher's file."""

    text: str
    labels: tuple[SourceLabel, ...] = ()
    """Empty where the file has none for it."""
    speaker: str | None = None
    order: int = 0
    """Place in the article, where several files of a publisher hold sentences of one article."""
    date: str | None = None
    topic: str | None = None
    evidence: tuple[SourceEvidence, ...] = ()


class SourceArticle(NamedTuple):
    """One article of a publisher's file (a debate, a tweet), its sentences in order."""

    article_id: str
    """The publisher's; the same id in several files is one article, unless it stands alone."""
    title: str | None
    claims: list[SourceClaim]
    published: str | None = None
    alone: bool = False
    """A free-standing claim: its id need not be unique, and never joins it to another."""
    publisher: str | None = None
    url: str | None = None


class FileFaults:
    """Collects the faults of one file, and raises them together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[Fault] = []

    def add(self, line: int | None, field_name: str | None, message: str, code: str = Fault.code) -> None:
        """One fault, at a line (from 1) and in a field, where these are known."""
        self.found.append(Fault(str(self.path), line, field_name, message, code))

    def raise_if_any(self, *, empty: bool, expected: str) -> None:
        """Raises: FaultsError: there are faults, or nothing was found in the file."""
        if empty and not self.found:
            self.add(None, None, f"is empty; {expected} are expected", "empty")
        if self.found:
            raise FaultsError(self.found)


def label_fault(scheme: Scheme, code: str, axis: str | None = None) -> str | None:
    """What is wrong with a code as a label of an axis (default: the scheme's first); None if nothing is."""
    found = scheme.axis(axis) if axis else scheme.axes[0]
    if found.feature or found.coded(code) is not None:
        return None
    known = [label.code for label in found.labels if label.code is not None]
    return f"expected one of {', '.join(known)}, got {preview(code)}"
