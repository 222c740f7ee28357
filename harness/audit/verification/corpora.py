"""Checks of a corpus: rationales that are a placeholder, and documents that are extracts of one source."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from harness.audit.base import Check, CheckResult, Severity
from harness.audit.near_duplicates import text_key
from harness.audit.sentences import SentenceTable
from harness.audit.verification.table import MIN_ROWS, VerificationTable, components_of, verification_tables
from harness.data.corpora.passages import Passage

PLACEHOLDER_SHARE = 0.9
"""Share of rationales at one place of their documents, from which the place is a placeholder."""
MAX_CHANCE = 0.6
"""Maximum share of rationales at that place if annotators chose passages at random; above it, documents are short."""
MIN_WORDS = 6
"""Words that a sentence needs to show that two documents have one source; shorter ones repeat by chance."""
MAX_DOCUMENTS = 50
"""Documents that share a sentence, above which it is boilerplate (a license, a menu)."""
WARNING_SHARE = 0.05
"""Share of documents with a sentence of another, from which it is a warning."""
MAX_GROUPS = 3
"""Maximum number of groups in a message."""
MAX_MEMBERS = 4
"""Maximum number of documents of a group in a message."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def _find_placeholders(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, table in verification_tables(sentences):
        documents = dict[str, list[str]]()
        document_of = dict[str, str]()
        for passage in table.source.passages:
            documents.setdefault(passage.document_id, []).append(passage.passage_id)
            document_of[passage.passage_id] = passage.document_id
        of_documents = [(documents[name], cited) for name, cited in _rationales(table, document_of)]
        rationales_by_unit = {
            "passage of its document": of_documents,
            "sentence of its passage": list(_marked_sentences(table)),
        }
        for unit, place in itertools.product(rationales_by_unit, ("first", "last")):
            rationales = [(members, cited) for members, cited in rationales_by_unit[unit] if len(members) > 1]
            chances = [1 / len(members) for members, _ in rationales]
            places, total = Counter(_place(members, cited) for members, cited in rationales), len(rationales)
            chance = sum(chances) / total if total else 1.0
            if total >= MIN_ROWS and places[place] >= PLACEHOLDER_SHARE * total and chance <= MAX_CHANCE:
                message = (
                    f"the evidence is the {place} {unit} alone in {places[place]:,} of {total:,} "
                    f"cases ({places[place] / total:.1%}; chance: {chance:.1%}): it may be a placeholder, and a "
                    f"system that always chooses that one finds it"
                )
                yield CheckResult("warning", table.source.name, places[place], message)


def _place(members: list[str], cited: list[str]) -> str:
    """Whether the passages cited from a document are its first alone, its last alone, or others."""
    if cited == members[:1]:
        return "first"
    return "last" if cited == members[-1:] else "other"


def _marked_sentences(table: VerificationTable) -> Iterator[tuple[list[str], list[str]]]:
    """The numbers of the sentences of each passage, and of those that annotators marked in it."""
    for item in itertools.chain.from_iterable(table.evidence):
        if item.sentences:
            yield [str(number) for number in range(len(_SENTENCE_END.split(item.text)))], item.sentences.split(",")


def _rationales(table: VerificationTable, document_of: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The passages that each claim cites, per document of the corpus."""
    for evidence in table.evidence:
        by_document = dict[str, list[str]]()
        for item in evidence:
            name = item.passage_id or item.evidence_id
            if name in document_of:
                by_document.setdefault(document_of[name], []).append(name)
        for document, names in by_document.items():
            yield document, list(dict.fromkeys(names))


def same_source_groups(passages: Sequence[Passage]) -> list[tuple[str, ...]]:
    """Returns groups of documents that share a sentence, directly or through others, the largest first.

    Relevance by source counts every document of a group as the one that is relevant.

    Args:
        passages: passages of a corpus.
    Returns: ids of the documents of each group of two or more, in the order of the corpus.
    """
    documents_of = dict[str, set[str]]()
    for passage in passages:
        for sentence in _SENTENCE_END.split(passage.text):
            # A sentence with fewer blanks has fewer words; the test is cheap and spares most of the work.
            if sentence.count(" ") + 1 >= MIN_WORDS:
                documents_of.setdefault(text_key(sentence), set()).add(passage.document_id)
    shared_by = dict[str, list[str]]()
    for key, documents in documents_of.items():
        if 1 < len(documents) <= MAX_DOCUMENTS and key.count(" ") + 1 >= MIN_WORDS:
            for document in documents:
                shared_by.setdefault(document, []).append(key)
    names = [name for name in dict.fromkeys(passage.document_id for passage in passages) if name in shared_by]
    groups = dict[int, list[str]]()
    for name, component in zip(names, components_of([shared_by[name] for name in names]).tolist(), strict=True):
        groups.setdefault(component, []).append(name)
    return sorted(map(tuple, groups.values()), key=len, reverse=True)


def _find_extracts(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, table in verification_tables(sentences):
        groups = same_source_groups(table.source.passages)
        if groups:
            n_documents = len({passage.document_id for passage in table.source.passages})
            n_rows = sum(map(len, groups))
            examples = "; ".join(map(_members, groups[:MAX_GROUPS]))
            message = (
                f"{n_rows:,} of {n_documents:,} documents share a sentence with another document, in {len(groups):,} "
                f"groups ({examples}): retrieval of the right source under another id counts as wrong"
            )
            severity: Severity = "warning" if n_rows >= WARNING_SHARE * n_documents else "note"
            yield CheckResult(severity, table.source.name, n_rows, message, tuple(groups))


def _members(group: tuple[str, ...]) -> str:
    more = f" and {len(group) - MAX_MEMBERS:,} more" if len(group) > MAX_MEMBERS else ""
    return ", ".join(f"'{name}'" for name in group[:MAX_MEMBERS]) + more


CHECKS = (
    Check("A24", "evidence that is a placeholder", _find_placeholders),
    Check("A25", "documents that are extracts of one source", _find_extracts),
)
