"""The passages that an annotator judges: those that a claim cites, and those of the corpus that match it best."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from harness.data.corpora.passages import CORPUS_FILES, Passage, cited_id, open_corpus
from harness.data.dataset import Dataset
from harness.data.labels.evidence_file import EvidenceFile
from harness.records import Claim

if TYPE_CHECKING:
    from harness.data.corpora import Corpus
    from harness.retrieval import Index

MAX_PASSAGES = 9
"""Number of passages that are shown, so that one digit chooses one."""


class JudgedPassage(NamedTuple):
    """A passage, and what the evidence of a claim says of it."""

    passage: Passage
    is_cited: bool
    stance: str | None
    """Stance of the citation; None: none is stored."""


class EvidenceDesk:
    """Finds passages for claims, and stores what they say of them in `evidence.jsonl`.

    Args:
        dataset: dataset with a corpus or with evidence; see `has_passages`.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._file = EvidenceFile(dataset.folder)
        self._has_corpus = any((dataset.folder / name).is_file() for name in CORPUS_FILES)

    def passages(self, claim: Claim, words: str | None = None) -> list[JudgedPassage]:
        """Returns the passages that a claim cites, then those that BM25 ranks best.

        Args:
            claim: the claim.
            words: words to look for; default: those of the claim. With words, cited passages come only if they match.
        Raises: FaultsError: all faults of the corpus, or of the evidence.
        """
        cited = {cited_id(evidence): evidence for evidence in self._file.cited(claim.claim_id)}
        row_of = self._corpus.row_of
        rows = [] if words else [row_of[passage_id] for passage_id in cited if passage_id in row_of]
        ranked = self._index.search([words or claim.statement or claim.text or ""], MAX_PASSAGES).rows[0]
        if self._has_corpus or words:
            rows += [int(row) for row in ranked if row >= 0 and row not in rows]
        judged = []
        for row in rows[:MAX_PASSAGES]:
            passage = self._corpus.passages[row]
            evidence = cited.get(passage.passage_id)
            judged.append(JudgedPassage(passage, evidence is not None, evidence.stance if evidence else None))
        return judged

    def judge(self, claim: Claim, passage: Passage, stance: str | None) -> None:
        """Stores what a passage says of a claim; returns when that is on disk.

        Args:
            claim: the claim.
            passage: the passage.
            stance: one of `STANCES`; None: the passage is no evidence for the claim.
        Raises: WriteError: the file cannot be written, and is as it was before.
        """
        self._file.set_stance(claim.claim_id, passage, stance)

    @cached_property
    def _corpus(self) -> Corpus:
        return open_corpus(self._file.folder if self._has_corpus else self._file.path)

    @cached_property
    def _index(self) -> Index:
        from harness.retrieval import build_retriever

        return build_retriever("bm25", {}).index(self._corpus)


def has_passages(dataset: Dataset) -> bool:
    """Whether a dataset has passages to judge: a corpus, or evidence with text."""
    has_corpus = any((dataset.folder / name).is_file() for name in CORPUS_FILES)
    return has_corpus or any(evidence.text.strip() for evidence in dataset.evidence)
