"""Climate-FEVER: claim, verdict, and five Wikipedia sentences each with a label and up to five votes; null is no vote.

Votes are of evidence sentences by numbered, unnamed voters; a sentence's label becomes its stance.
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
from harness.records import preview

STANCES = {"SUPPORTS": "supports", "REFUTES": "refutes", "NOT_ENOUGH_INFO": None}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The claims of one file.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text, code = text_of(row, "claim", faults), str(row.fields.get("claim_label"))
        wrong = label_fault(file.scheme, code)
        if wrong is not None:
            faults.add(row.line, "claim_label", wrong, "unknown-name")
            continue
        evidence = _evidence(row, faults)
        if text is not None:
            claim = SourceClaim(text, (SourceLabel(code),), evidence=evidence)
            articles.append(SourceArticle(str(row.fields.get("claim_id", number)), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with claim, claim_label and evidences")
    return articles


def _evidence(row: JsonRow, faults: FileFaults) -> tuple[SourceEvidence, ...]:
    listed: Any = row.fields.get("evidences", [])
    found = list[SourceEvidence]()
    for passage in listed if isinstance(listed, list) else [None]:
        fields = passage if isinstance(passage, dict) else {}
        text, label = fields.get("evidence"), str(fields.get("evidence_label"))
        if not isinstance(text, str) or not text.strip() or label not in STANCES:
            wanted = f"expected passages with evidence and an evidence_label of {', '.join(STANCES)}"
            faults.add(row.line, "evidences", f"{wanted}, got {preview(label)}")
            break
        page = str(fields["article"]) if fields.get("article") else None
        name = str(fields.get("evidence_id", len(found)))
        source = f"Wikipedia, {page}" if page else "Wikipedia"
        found.append(SourceEvidence(text, len(found), name, source=source, stance=STANCES[label]))
    return tuple(found)
