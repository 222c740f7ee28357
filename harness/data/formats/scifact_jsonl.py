"""SciFact: claim, and per cited abstract its rationales with a label; an empty object is "not enough info".

The publisher's data writes REFUTE, its scorer CONTRADICT. The abstracts are in another file, so a passage is named by
its abstract and sentence numbers.
"""

from __future__ import annotations

from typing import Any

from harness.data.formats.json_rows import JsonRow, json_rows, text_of
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceEvidence, SourceFile, SourceLabel
from harness.records import shown

CODES = {"SUPPORT": "SUPPORT", "REFUTE": "CONTRADICT", "CONTRADICT": "CONTRADICT"}
STANCES = {"SUPPORT": "supports", "CONTRADICT": "refutes"}
NOTHING = "NOT_ENOUGH_INFO"


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The claims of one file; a test file has no evidence, and no labels.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = text_of(row, "claim", faults)
        found = _rationales(row, faults)
        if text is None or found is None:
            continue
        codes = {code for _, code, _ in found}
        if len(codes) > 1:
            faults.add(row.line, "evidence", "both supports and refutes; SciFact's claims have one verdict")
            continue
        labels: tuple[SourceLabel, ...] = ()
        if "evidence" in row.fields:
            labels = (SourceLabel(next(iter(codes), NOTHING)),)
        evidence = tuple(
            SourceEvidence(
                f"Abstract {document}, sentences {', '.join(map(str, sentences))}",
                group,
                f"{document}:{','.join(map(str, sentences))}",
                source="S2ORC abstract",
                stance=STANCES[code],
            )
            for group, (document, code, sentences) in enumerate(found)
        )
        claim = SourceClaim(text, labels, evidence=evidence)
        articles.append(SourceArticle(str(row.fields.get("id", number)), None, [claim], alone=True))
    faults.settle(empty=not articles, expected="JSON objects with a claim and its evidence")
    return articles


def _rationales(row: JsonRow, faults: FileFaults) -> list[tuple[str, str, list[Any]]] | None:
    """Abstract, code and sentences of each rationale; None, and a fault, where they are something else."""
    evidence = row.fields.get("evidence", {})
    found = []
    if not isinstance(evidence, dict):
        faults.add(row.line, "evidence", "expected an object of abstracts")
        return None
    for document, rationales in evidence.items():
        for rationale in rationales if isinstance(rationales, list) else [None]:
            fields = rationale if isinstance(rationale, dict) else {}
            code, sentences = CODES.get(str(fields.get("label"))), fields.get("sentences")
            if code is None or not isinstance(sentences, list):
                wanted = "expected rationales with sentences and a label of SUPPORT, REFUTE, CONTRADICT"
                faults.add(row.line, "evidence", f"{wanted}, got {shown(fields.get('label'))}")
                return None
            found.append((document, code, sentences))
    return found
