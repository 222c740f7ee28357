"""Climate-FEVER: claim, verdict, and five Wikipedia sentences, each with a label and up to five votes (null: no vote).

The label of an evidence sentence becomes its stance; the anonymous votes behind it are not read.
"""

from __future__ import annotations

from typing import Any

from harness.data.formats.json_rows import JsonRow, json_rows, required_text
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
    """Returns the claims of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = required_text(row, "claim", faults)
        code = str(row.fields.get("claim_label"))
        problem = label_fault(file.scheme, code)
        if problem is not None:
            faults.add(row.line, "claim_label", problem, "unknown-name")
            continue
        evidence = _evidence(row, faults)
        if text is not None:
            claim = SourceClaim(text, (SourceLabel(code),), evidence=evidence)
            articles.append(SourceArticle(str(row.fields.get("claim_id", number)), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with claim, claim_label and evidences")
    return articles


def _evidence(row: JsonRow, faults: FileFaults) -> tuple[SourceEvidence, ...]:
    """Returns one passage per evidence sentence, each a group of its own; adds a fault at the first invalid one."""
    entries: Any = row.fields.get("evidences", [])
    passages: list[SourceEvidence] = []
    # A value that is not a list is read as one invalid passage, so that it gets the same message.
    for passage in entries if isinstance(entries, list) else [None]:
        fields = passage if isinstance(passage, dict) else {}
        text, label = fields.get("evidence"), str(fields.get("evidence_label"))
        if not isinstance(text, str) or not text.strip() or label not in STANCES:
            expected = f"expected passages with evidence and an evidence_label of {', '.join(STANCES)}"
            faults.add(row.line, "evidences", f"{expected}, got {preview(label)}")
            break
        page = str(fields["article"]) if fields.get("article") else None
        name = str(fields.get("evidence_id", len(passages)))
        source = f"Wikipedia, {page}" if page else "Wikipedia"
        passages.append(SourceEvidence(text, len(passages), name, source=source, stance=STANCES[label]))
    return tuple(passages)
