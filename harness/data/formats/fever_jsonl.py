"""FEVER: claim, label, and evidence sets of (annotation, evidence, Wikipedia page, sentence number).

Ids in the scorer's sample are all 0. The sentences of the evidence are in the publisher's Wikipedia dump, not here, so
a passage is named by its page and number.
"""

from __future__ import annotations

from typing import Any

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
                faults.add(row.line, "label", wrong)
                continue
            labels = (SourceLabel(str(row.fields["label"])),)
        if text is not None:
            claim = SourceClaim(text, labels, evidence=_evidence(row))
            articles.append(SourceArticle(str(row.fields.get("id") or number), None, [claim], alone=True))
    faults.settle(empty=not articles, expected="JSON objects with a claim and a label")
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
