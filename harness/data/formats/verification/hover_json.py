"""HoVer: claims that take facts of several Wikipedia pages; a fact is a page and the number of a sentence on it.

The texts of the facts are in the publisher's Wikipedia dump. Claims that were made from one question of HotpotQA are an
article, so that a split by article keeps them together.
"""

from __future__ import annotations

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
from harness.data.formats.verification.evidence_texts import id_of_texts, merged_by_id
from harness.records import preview

STANCES = {"SUPPORTED": "supports"}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file by their question; the facts of a claim are one group, and have no text.

    Raises: FaultsError: the file is invalid; lists every fault.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for row in json_rows(file, faults):
        code, text, evidence = row.fields.get("label"), required_text(row, "claim", faults), _facts(row, faults)
        problem = None if code is None else label_fault(file.scheme, str(code))
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
        elif text is not None and evidence is not None:
            labels = () if code is None else (SourceLabel(str(code)),)
            question, hops = row.fields.get("hpqa_id"), row.fields.get("num_hops")
            name = id_of_texts("question", question) if isinstance(question, str) else id_of_texts("claim", text)
            topic = f"{hops} hops" if type(hops) is int else None  # not isinstance: a bool is an int too
            claim = SourceClaim(text, labels, topic=topic, evidence=evidence, line=row.line)
            articles.append(SourceArticle(name, None, [claim]))
    faults.raise_if_any(empty=not articles, expected="a list of claims with label and supporting_facts")
    return merged_by_id(articles)


def _facts(row: JsonRow, faults: FileFaults) -> tuple[SourceEvidence, ...] | None:
    """Returns the facts of a claim; None after adding a fault."""
    facts = row.fields.get("supporting_facts", [])
    names = [_name(fact) for fact in facts] if isinstance(facts, list) else [None]
    if None in names:
        expected = 'expected a list of ["page", sentence number]'
        faults.add(row.line, "supporting_facts", f"{expected}, got {preview(facts)}")
        return None
    stance = STANCES.get(str(row.fields.get("label")))
    return tuple(
        SourceEvidence("", passage_id=name, source="Wikipedia", stance=stance) for name in dict.fromkeys(names)
    )


def _name(fact: object) -> str | None:
    """The id of a fact's sentence; None if it is no fact."""
    match fact:
        case [str() as page, int() as number] if page.strip() and type(number) is int:
            return f"{page}:{number}"
    return None
