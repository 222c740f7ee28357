"""COVID-Fact: claims and their counter-claims, each with one to five sentences that settle it together.

A counter-claim has the evidence of the claim that it was made from, so the claims with one list of evidence are an
article: a split by article keeps them together.
"""

from __future__ import annotations

from harness.data.formats.json_rows import JsonRow, json_rows, required_text
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault
from harness.data.formats.verification.evidence_texts import id_of_texts, joint_evidence, merged_by_id
from harness.records import preview

STANCES = {"SUPPORTED": "supports", "REFUTED": "refutes"}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file by their evidence; the address is the source of the first claim of each list.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for row in json_rows(file, faults):
        text, sentences, code = required_text(row, "claim", faults), _sentences(row, faults), row.fields.get("label")
        problem = None if code is None else label_fault(file.scheme, str(code))
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
        elif text is not None and sentences is not None:
            labels = () if code is None else (SourceLabel(str(code)),)
            evidence = joint_evidence(sentences, STANCES.get(str(code)))
            claim = SourceClaim(text, labels, topic=_optional(row, "flair"), evidence=evidence, line=row.line)
            # A claim without evidence shares it with no other.
            name = id_of_texts("evidence", *sentences) if sentences else id_of_texts("claim", text.strip())
            articles.append(SourceArticle(name, None, [claim], url=_optional(row, "gold_source")))
    faults.raise_if_any(empty=not articles, expected="JSON objects with claim, label and evidence")
    return merged_by_id(articles)


def _sentences(row: JsonRow, faults: FileFaults) -> list[str] | None:
    """Returns the evidence of a claim; None after adding a fault."""
    sentences = row.fields.get("evidence")
    if isinstance(sentences, list) and all(isinstance(text, str) and text.strip() for text in sentences):
        return sentences
    message = f"expected a list of sentences, got {preview(sentences)}"
    faults.add(row.line, "evidence", message if "evidence" in row.fields else "is missing")
    return None


def _optional(row: JsonRow, name: str) -> str | None:
    value = row.fields.get(name)
    return value.strip() or None if isinstance(value, str) else None
