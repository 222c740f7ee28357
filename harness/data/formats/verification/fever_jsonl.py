"""FEVER: claim, label, and evidence sets of (annotation, evidence, Wikipedia page, sentence number).

Ids in the scorer's sample are all 0. The sentences of the evidence are in the publisher's Wikipedia dump, not here, so
a passage is named by its page and number. A submission is a line for each claim, in order: `predicted_label`, and
`predicted_evidence` as a list of (page, sentence number).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.data.formats.json_rows import JsonRow, json_rows, text_of
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceEvidence,
    SourceFile,
    SourceLabel,
    label_fault,
)
from harness.data.formats.submissions import SubmissionEntry
from harness.records import preview

STANCES = {"SUPPORTS": "supports", "REFUTES": "refutes"}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The claims of one file.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = text_of(row, "claim", faults)
        labels: tuple[SourceLabel, ...] = ()
        if "label" in row.fields:
            wrong = label_fault(file.scheme, str(row.fields["label"]))
            if wrong is not None:
                faults.add(row.line, "label", wrong, "unknown-name")
                continue
            labels = (SourceLabel(str(row.fields["label"])),)
        if text is not None:
            claim = SourceClaim(text, labels, evidence=_evidence(row))
            articles.append(SourceArticle(str(row.fields.get("id") or number), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with a claim and a label")
    return articles


def _evidence(row: JsonRow) -> tuple[SourceEvidence, ...]:
    """One passage per page and sentence, sets as groups; a claim without evidence has none."""
    stance = STANCES.get(str(row.fields.get("label")))
    found = []
    sets: Any = row.fields.get("evidence")
    for group, passages in enumerate(sets if isinstance(sets, list) else ()):
        for passage in passages if isinstance(passages, list) else ():
            if isinstance(passage, list) and len(passage) == 4 and isinstance(passage[2], str):
                name = f"{passage[2]}:{passage[3]}"
                text = f"Wikipedia, {passage[2].replace('_', ' ')}, sentence {passage[3]}"
                found.append(SourceEvidence(text, group, name, source="Wikipedia", stance=stance))
    return tuple(dict.fromkeys(found))


Passage = tuple[Any, Any]
"""A Wikipedia page and the number of a sentence."""


class GoldVerdict(NamedTuple):
    """The label of a claim, and the groups of passages each of which settles it."""

    label: str
    groups: tuple[tuple[Passage, ...], ...]


class PredictedVerdict(NamedTuple):
    """A predicted label and passages, the best first."""

    label: str
    evidence: tuple[Passage, ...]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """The claims of a gold file by their ids, which need not be unique.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, found = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        label, groups = _label(row, "label", file, faults), row.fields.get("evidence")
        if not _are_groups(groups):
            wanted = "expected groups of [annotation, evidence, page, sentence number]"
            faults.add(row.line, "evidence", f"{wanted}, got {preview(groups)}")
        elif label is not None:
            passages = tuple(tuple((passage[2], passage[3]) for passage in group) for group in groups or ())
            found.append(SubmissionEntry(row.line, str(row.fields.get("id", "")), GoldVerdict(label, passages)))
    faults.raise_if_any(empty=not found, expected="JSON objects with a label and evidence")
    return found


def read_predictions(file: SourceFile) -> list[SubmissionEntry]:
    """The verdicts of a submission.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, found = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        label, evidence = _label(row, "predicted_label", file, faults), row.fields.get("predicted_evidence")
        if not _are_passages(evidence):
            wanted = 'expected a list of ["page", sentence number]'
            faults.add(row.line, "predicted_evidence", f"{wanted}, got {preview(evidence)}")
        elif label is not None:
            passages = tuple((page, number) for page, number in evidence or ())
            found.append(SubmissionEntry(row.line, str(row.fields.get("id", "")), PredictedVerdict(label, passages)))
    faults.raise_if_any(empty=not found, expected="JSON objects with predicted_label and predicted_evidence")
    return found


def _label(row: JsonRow, name: str, file: SourceFile, faults: FileFaults) -> str | None:
    """The label in capitals, as the official program compares it."""
    written = row.fields.get(name)
    code = written.upper() if isinstance(written, str) else ""
    wrong = label_fault(file.scheme, code)
    if wrong is None:
        return code
    faults.add(
        row.line, name, "is missing" if name not in row.fields else wrong.replace(preview(code), preview(written))
    )
    return None


def _are_groups(groups: Any) -> bool:
    return isinstance(groups, list) and all(
        isinstance(group, list) and all(isinstance(passage, list) and len(passage) == 4 for passage in group)
        for group in groups
    )


def _are_passages(evidence: Any) -> bool:
    return isinstance(evidence, list) and all(
        isinstance(passage, list)
        and len(passage) == 2
        and isinstance(passage[0], str)
        and isinstance(passage[1], int)
        and not isinstance(passage[1], bool)
        for passage in evidence
    )
