"""Climate-FEVER: claim, verdict, and five Wikipedia sentences, each with a label and up to five votes (null: no vote).

The label of a sentence is its stance. Votes are about a sentence, not about the claim: with option `items: pairs`, each
claim with one of its sentences is an item of its own, with the sentence's votes as labels of the annotators `vote-1` to
`vote-5` and the label that the publisher derived from them as adjudication. The pairs of a claim are one article.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
from harness.files import sha256
from harness.records import NEUTRAL, preview

STANCES = {"SUPPORTS": "supports", "REFUTES": "refutes", "NOT_ENOUGH_INFO": NEUTRAL}


class _Sentence(NamedTuple):
    """A sentence of evidence, with what annotators said of it."""

    evidence: SourceEvidence
    label: str
    votes: tuple[str | None, ...]


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file, or its pairs of a claim and a sentence.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    are_pairs, codes = file.options.get("items") == "pairs", file.options.get("values", {})
    texts = dict[str, str]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = required_text(row, "claim", faults)
        code = str(row.fields.get("claim_label"))
        problem = None if are_pairs else label_fault(file.scheme, code)
        if problem is not None:
            faults.add(row.line, "claim_label", problem, "unknown-name")
            continue
        sentences = _sentences(row, texts, faults)
        if text is None:
            continue
        if are_pairs:
            claims = [
                SourceClaim(text, _labels(sentence, codes), evidence=(sentence.evidence,)) for sentence in sentences
            ]
        else:
            claims = [SourceClaim(text, (SourceLabel(code),), evidence=tuple(s.evidence for s in sentences))]
        articles.append(SourceArticle(str(row.fields.get("claim_id", number)), None, claims, alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with claim, claim_label and evidences")
    return articles


def _labels(sentence: _Sentence, codes: dict[str, str]) -> tuple[SourceLabel, ...]:
    votes = [(number, vote) for number, vote in enumerate(sentence.votes, start=1) if vote is not None]
    return (
        SourceLabel(codes.get(sentence.label, sentence.label), role="adjudicate"),
        *(SourceLabel(codes.get(vote, vote), annotator=f"vote-{number}") for number, vote in votes),
    )


def _sentences(row: JsonRow, texts: dict[str, str], faults: FileFaults) -> list[_Sentence]:
    """Returns the sentences of a claim, each a group of its own; adds a fault at the first invalid one.

    Args:
        row: the claim.
        texts: text of each passage so far, by its id; receives those of the claim.
        faults: receives the fault.
    """
    entries: Any = row.fields.get("evidences", [])
    sentences: list[_Sentence] = []
    # A value that is not a list is read as one invalid passage, so that it gets the same message.
    for passage in entries if isinstance(entries, list) else [None]:
        fields = passage if isinstance(passage, dict) else {}
        text, label, votes = fields.get("evidence"), str(fields.get("evidence_label")), fields.get("votes", [])
        if not isinstance(text, str) or not text.strip() or label not in STANCES:
            expected = f"expected passages with evidence and an evidence_label of {', '.join(STANCES)}"
            faults.add(row.line, "evidences", f"{expected}, got {preview(label)}")
            break
        if not isinstance(votes, list) or not all(vote is None or vote in [*STANCES] for vote in votes):
            expected = f"expected a list of {', '.join(STANCES)} or null"
            faults.add(row.line, "evidences.votes", f"{expected}, got {preview(votes)}")
            break
        page = str(fields["article"]) if fields.get("article") else None
        evidence = SourceEvidence(
            text,
            len(sentences),
            _passage_id(fields.get("evidence_id"), text, texts),
            source=f"Wikipedia, {page}" if page else "Wikipedia",
            stance=STANCES[label],
        )
        sentences.append(_Sentence(evidence, label, tuple(votes)))
    return sentences


def _passage_id(name: Any, text: str, texts: dict[str, str]) -> str | None:
    """The publisher's id; with a digest of the text if an earlier passage of the id has another text."""
    if name is None:
        return None
    first = texts.setdefault(str(name), text)
    return str(name) if first == text else f"{name}:{sha256(text)[:8]}"
