"""FEVER: claim, label, and evidence sets of (annotation, evidence, Wikipedia page, sentence number).

All ids in the scorer's sample are 0. The evidence sentences themselves are in the publisher's Wikipedia dump, so a
passage is identified by its page and sentence number. A submission has one line per claim, in order, with
`predicted_label` and `predicted_evidence`, a list of (page, sentence number).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.formats.json_rows import JsonRow, json_rows, plain_rows, required_text
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceEvidence,
    SourceFile,
    SourceLabel,
    label_fault,
)
from harness.data.formats.submissions import Submission, SubmissionEntry
from harness.records import preview
from harness.schemes import Scheme

STANCES = {"SUPPORTS": "supports", "REFUTES": "refutes"}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = required_text(row, "claim", faults)
        labels: tuple[SourceLabel, ...] = ()
        if "label" in row.fields:
            problem = label_fault(file.scheme, str(row.fields["label"]))
            if problem is not None:
                faults.add(row.line, "label", problem, "unknown-name")
                continue
            labels = (SourceLabel(str(row.fields["label"])),)
        if text is not None:
            claim = SourceClaim(text, labels, evidence=_evidence(row))
            articles.append(SourceArticle(str(row.fields.get("id") or number), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with a claim and a label")
    return articles


def _evidence(row: JsonRow) -> tuple[SourceEvidence, ...]:
    """Returns one passage per page and sentence; an evidence set is a group. A claim without evidence has none."""
    stance = STANCES.get(str(row.fields.get("label")))
    references = []
    sets: Any = row.fields.get("evidence")
    for group, passages in enumerate(sets if isinstance(sets, list) else ()):
        for passage in passages if isinstance(passages, list) else ():
            if isinstance(passage, list) and len(passage) == 4 and isinstance(passage[2], str):
                name = f"{passage[2]}:{passage[3]}"
                text = f"Wikipedia, {passage[2].replace('_', ' ')}, sentence {passage[3]}"
                references.append(SourceEvidence(text, group, name, source="Wikipedia", stance=stance))
    # A set may name a sentence twice; dict.fromkeys drops the repeat and preserves the order.
    return tuple(dict.fromkeys(references))


Passage = tuple[Any, Any]
"""A Wikipedia page and the number of a sentence on it."""


class GoldVerdict(NamedTuple):
    """The gold label of a claim, and its groups of passages; each group is sufficient evidence."""

    label: str
    groups: tuple[tuple[Passage, ...], ...]


class PredictedVerdict(NamedTuple):
    """A predicted label and the predicted passages, the best first."""

    label: str
    evidence: tuple[Passage, ...]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the gold verdicts by claim id; ids need not be unique.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        label = _label(row, "label", file, faults)
        groups = row.fields.get("evidence")
        if not _are_groups(groups):
            expected = "expected groups of [annotation, evidence, page, sentence number]"
            faults.add(row.line, "evidence", f"{expected}, got {preview(groups)}")
        elif label is not None:
            entries.append(SubmissionEntry(row.line, _id(row.fields), GoldVerdict(label, _groups(groups))))
    faults.raise_if_any(empty=not entries, expected="JSON objects with a label and evidence")
    return entries


def read_predictions(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the predicted verdicts of a submission.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        label = _label(row, "predicted_label", file, faults)
        evidence = row.fields.get("predicted_evidence")
        if not _are_passages(evidence):
            expected = 'expected a list of ["page", sentence number]'
            faults.add(row.line, "predicted_evidence", f"{expected}, got {preview(evidence)}")
        elif label is not None:
            entries.append(SubmissionEntry(row.line, _id(row.fields), PredictedVerdict(label, _passages(evidence))))
    faults.raise_if_any(empty=not entries, expected="JSON objects with predicted_label and predicted_evidence")
    return entries


class VerdictPair(NamedTuple):
    """One line of a gold file and the line beside it in a submission."""

    gold_id: str
    gold: GoldVerdict
    predicted_id: str
    predicted: PredictedVerdict


def verdict_pairs(gold: Path, predictions: Path, scheme: Scheme) -> Iterator[VerdictPair | None]:
    """Reads a gold file and a submission side by side, so that memory does not grow with the files.

    Args:
        gold: gold file with one object per line.
        predictions: submission.
        scheme: label scheme whose codes are the allowed labels.
    Yields: a pair for each line. None, then nothing more, once a line is not valid or one file is longer; only
        `read_gold` and `read_predictions` say what is wrong.
    """
    codes = {label.code for label in scheme.axes[0].labels if label.code is not None}
    for truth, verdict in zip_longest(plain_rows(gold), plain_rows(predictions)):
        if truth is None or verdict is None:
            yield None
            return
        label, predicted = truth.get("label"), verdict.get("predicted_label")
        groups, passages = truth.get("evidence"), verdict.get("predicted_evidence")
        label, predicted = (code.upper() if isinstance(code, str) else "" for code in (label, predicted))
        if label not in codes or predicted not in codes or not _are_groups(groups) or not _are_passages(passages):
            yield None
            return
        gold_verdict = GoldVerdict(label, _groups(groups))
        yield VerdictPair(_id(truth), gold_verdict, _id(verdict), PredictedVerdict(predicted, _passages(passages)))


def _id(fields: dict[str, Any]) -> str:
    return str(fields.get("id", ""))


def _groups(groups: Any) -> tuple[tuple[Passage, ...], ...]:
    return tuple(tuple((passage[2], passage[3]) for passage in group) for group in groups)


def _passages(evidence: Any) -> tuple[Passage, ...]:
    return tuple((page, number) for page, number in evidence)


def _label(row: JsonRow, name: str, file: SourceFile, faults: FileFaults) -> str | None:
    """Returns the label in capitals, as the official program compares it; None after adding a fault."""
    spelling = row.fields.get(name)
    code = spelling.upper() if isinstance(spelling, str) else ""
    problem = label_fault(file.scheme, code)
    if problem is None:
        return code
    # The message must quote the label as the file spells it, not in capitals.
    message = "is missing" if name not in row.fields else problem.replace(preview(code), preview(spelling))
    faults.add(row.line, name, message)
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
        and not isinstance(passage[1], bool)  # bool is a subclass of int
        for passage in evidence
    )


SUBMISSION = Submission(read_gold, read_predictions, "id", by_position=True)
