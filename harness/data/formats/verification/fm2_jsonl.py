"""Fool Me Twice: statements of a game, with gold sentences and a retrieved pool, both from one page of Wikipedia.

The statements on a page are an article, so that a split by article keeps the page whole. The gold sentences are always
in the retrieved pool of their statement, so that a search is one over the pools of all pages. The label is that of the
player who wrote the statement; it is the adjudication of the guesses of others, the annotators `vote-1` and on. Only
the number of right guesses is published: these come first, so the annotators are places, not persons.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.data.corpora.passages import Passage
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

STANCES = {"SUPPORTS": "supports", "REFUTES": "refutes"}
MAX_VOTES = 1000
"""Maximum number of guesses of a statement; each is an annotator of its own."""


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the statements of one file by their page, with the sentences of the page as passages.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for row in json_rows(file, faults):
        text, page = required_text(row, "text", faults), required_text(row, "wikipedia_page", faults)
        gold, pool = _sentences(row, "gold_evidence", faults), _sentences(row, "retrieved_evidence", faults)
        code = row.fields.get("label")
        problem = None if code is None else label_fault(file.scheme, str(code))
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
        elif text is not None and page is not None:
            labels = () if code is None else _labels(row, str(code), faults)
            articles.append(_article(row, _Statement(text, page, labels), gold, pool))
    faults.raise_if_any(empty=not articles, expected="JSON objects with text, label, gold_evidence and wikipedia_page")
    return merged_by_id(articles)


class _Statement(NamedTuple):
    """A statement with its page, its label and the guesses of players."""

    text: str
    page: str
    labels: tuple[SourceLabel, ...]


def _labels(row: JsonRow, code: str, faults: FileFaults) -> tuple[SourceLabel, ...]:
    """Returns the label of the statement and what players guessed; without guesses after adding a fault."""
    right, total = (row.fields.get(name, 0) for name in ("correct_votes", "total_votes"))
    # Not isinstance: a bool is an int too.
    if not (type(right) is int and type(total) is int and 0 <= right <= total <= MAX_VOTES):
        expected = f"expected numbers with 0 <= correct_votes <= total_votes <= {MAX_VOTES}"
        faults.add(row.line, "total_votes", f"{expected}, got {preview(right)} and {preview(total)}")
        right = total = 0
    wrong = next(other for other in STANCES if other != code)
    guesses = (SourceLabel(code if n <= right else wrong, annotator=f"vote-{n}") for n in range(1, total + 1))
    return (SourceLabel(code, role="adjudicate"), *guesses)


def _sentences(row: JsonRow, name: str, faults: FileFaults) -> list[str]:
    """Returns the texts of a list of sentences; empty if there is none, or after adding a fault."""
    entries = row.fields.get(name)
    texts = [entry.get("text") if isinstance(entry, dict) else None for entry in _list(entries)]
    if (entries is None or isinstance(entries, list)) and all(isinstance(text, str) and text.strip() for text in texts):
        return [str(text).strip() for text in texts]
    faults.add(row.line, name, f"expected a list of objects with a text, got {preview(entries)}")
    return []


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _article(row: JsonRow, statement: _Statement, gold: list[str], pool: list[str]) -> SourceArticle:
    page, category = statement.page.strip(), row.fields.get("category")
    stance = STANCES[statement.labels[0].code] if statement.labels else None
    evidence = tuple(
        SourceEvidence(text, passage_id=_passage_id(page, text), source=f"Wikipedia, {page}", stance=stance)
        for text in dict.fromkeys(gold)
    )
    claim = SourceClaim(
        statement.text,
        statement.labels,
        topic=category if isinstance(category, str) and category.strip() else None,
        evidence=evidence,
        line=row.line,
    )
    passages = tuple(
        Passage(passage_id=_passage_id(page, text), document_id=page, text=text, title=page)
        for text in dict.fromkeys([*gold, *pool])
    )
    return SourceArticle(id_of_texts("page", page), page, [claim], passages=passages)


def _passage_id(page: str, text: str) -> str:
    return id_of_texts("passage", page, text)
