"""The claims of a dataset with their verdicts and their gold evidence, as the checks of verification see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.arrays import Codes
from harness.audit.near_duplicates import MIN_WORDS, text_key
from harness.audit.sentences import AuditedDataset, QuestionLabels, SentenceTable
from harness.records import Evidence

MIN_ROWS = 30
"""Minimum number of rows for a statement about labels."""
MIN_GROUPS = 10
"""Minimum number of groups of claims for a statement about labels: fewer cannot be divided into folds."""
MAX_GROUP_SHARE = 0.5
"""Maximum share of rows in one group: with more, too few rows remain for the other folds."""
STANDING_WORDS = 8
"""Number of words from which a passage is no standing phrase."""
STANDING_ARTICLES = 10
"""Number of articles from which a short passage is a standing phrase."""
NO_STANCE = "no stance"
"""Label of a passage whose stance is not stated."""


@dataclass(frozen=True, eq=False)
class LabeledTexts:
    """Rows with one label each, a text of the claim and a text of the evidence: claims, or claims with one passage."""

    where: str
    """Location in messages: the dataset and the question."""
    rows: Codes
    """Claim of each row, as an index into the claims of the dataset; shape (n_rows,)."""
    evidence: tuple[tuple[Evidence, ...], ...]
    """Evidence of each row."""
    labels: tuple[str, ...]
    """Possible labels; each occurs."""
    codes: Codes
    """Label of each row as an index into `labels`; shape (n_rows,)."""
    groups: Codes
    """Group of each row; rows of two groups share no claim text, no article and, if possible, no passage."""
    evidence_groups: Codes
    """The same for looking at evidence: rows of two groups share no passage and, if possible, no text or article."""

    @cached_property
    def evidence_texts(self) -> list[str]:
        """All evidence of each row in one text, with the questions that it answers."""
        return [
            " ".join(part for passage in passages for part in (passage.question, passage.text) if part)
            for passages in self.evidence
        ]


class VerificationTable:
    """The claims of one dataset with the keys of their texts and of their passages."""

    def __init__(self, source: AuditedDataset, claim_keys: Codes) -> None:
        self.source = source
        self.claim_keys = claim_keys
        self.evidence = source.evidence or ((),) * len(source.claims)

    @cached_property
    def key_of(self) -> dict[str, str]:
        """Normalized text of each passage, by its text."""
        texts = dict.fromkeys(passage.text for passages in self.evidence for passage in passages)
        return {text: text_key(text) for text in texts}

    @cached_property
    def passage_keys(self) -> list[frozenset[str]]:
        """Normalized texts of the passages of each claim; passages without words are left out."""
        return [frozenset(self.key_of[p.text] for p in passages) - {""} for passages in self.evidence]

    @cached_property
    def _standing_phrases(self) -> frozenset[str]:
        """Short texts that stand for evidence in many articles, such as "No answer could be found."; they tie none."""
        articles = dict[str, set[str]]()
        for row, keys in enumerate(self.passage_keys):
            for key in keys:
                if len(key.split()) < STANDING_WORDS:
                    articles.setdefault(key, set()).add(str(self.source.claims.article_id[row]))
        return frozenset(key for key, names in articles.items() if len(names) >= STANDING_ARTICLES)

    def _groups(self, tokens: Sequence[Sequence[str]], passages: Sequence[Sequence[str]]) -> tuple[Codes, Codes]:
        """Groups of rows by tokens of their claims and by passages, for looking at claims and at evidence.

        If both together put most rows into one group, claims are grouped by their tokens and evidence by passages.
        """
        both = components_of([[*own, *shown] for own, shown in zip(tokens, passages, strict=True)])
        if _largest_share(both) <= MAX_GROUP_SHARE:
            return both, both
        return components_of(tokens), components_of(passages)

    def claim_id(self, row: int) -> str:
        """Returns the id of a claim."""
        return str(self.source.claims.claim_id[row])

    def verdicts(self) -> Iterator[QuestionLabels]:
        """Yields the questions whose labels are verdicts, and that have gold."""
        for answers in self.source.answers:
            if answers.is_verdict and (answers.codes >= 0).any():
                yield answers

    def labeled(self) -> Iterator[LabeledTexts]:
        """Yields the claims with a verdict, per question; without verdicts, the pairs of a claim and a passage."""
        for answers in self.verdicts():
            rows = np.flatnonzero(answers.codes >= 0)
            evidence = tuple(self.evidence[row] for row in rows)
            labels = [answers.labels[code] for code in answers.codes[rows]]
            yield self._texts(f"{self.source.name}, {answers.name}", rows, evidence, labels)
        if self.has_several_stances and not any(True for _ in self.verdicts()):
            pairs = [(row, passage) for row, passages in enumerate(self.evidence) for passage in passages]
            stances = [passage.stance or NO_STANCE for _, passage in pairs]
            rows = np.array([row for row, _ in pairs], dtype=np.int64)
            yield self._texts(f"{self.source.name}, stances", rows, tuple((p,) for _, p in pairs), stances)

    @cached_property
    def has_several_stances(self) -> bool:
        """Whether passages have a stance of their own: some claim has passages of two stances."""
        return any(len({passage.stance for passage in passages}) > 1 for passages in self.evidence)

    def _texts(
        self, where: str, rows: Codes, evidence: tuple[tuple[Evidence, ...], ...], labels: Sequence[str]
    ) -> LabeledTexts:
        names = sorted(set(labels))
        code_of = {label: code for code, label in enumerate(names)}
        codes = np.array([code_of[label] for label in labels], dtype=np.int64)
        tokens = [[f"a{self.source.claims.article_id[row]}", f"t{self.claim_keys[row]}"] for row in rows]
        standing = self._standing_phrases
        passages = [
            [f"p{key}" for p in shown if is_long(key := self.key_of[p.text]) and key not in standing]
            for shown in evidence
        ]
        return LabeledTexts(where, rows, evidence, tuple(names), codes, *self._groups(tokens, passages))


def verification_tables(sentences: SentenceTable) -> Iterator[tuple[int, VerificationTable]]:
    """Yields the index and the table of every dataset that has verdicts or evidence."""
    for number, source in enumerate(sentences.sources):
        if source.evidence or any(answers.is_verdict for answers in source.answers):
            yield number, VerificationTable(source, sentences.key[sentences.rows(number)])


def is_long(key: str) -> bool:
    """Returns whether a normalized passage is too long to be repeated by chance, unlike "No answer".

    Args:
        key: a key of `text_key`.
    """
    return key.count(" ") + 1 >= MIN_WORDS


def components_of(tokens_by_row: Sequence[Sequence[str]]) -> Codes:
    """Returns the component of each row, from 0: rows that share a token, directly or through others, are in one.

    Args:
        tokens_by_row: tokens of each row.
    Returns: shape (n_rows,).
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    numbers: dict[str, int] = {}
    flat = [numbers.setdefault(token, len(numbers)) for tokens in tokens_by_row for token in tokens]
    n = len(tokens_by_row)
    rows = np.repeat(np.arange(n), [len(tokens) for tokens in tokens_by_row])
    size = n + len(numbers)
    edges = (np.ones(len(flat), dtype=np.int8), (rows, n + np.array(flat, dtype=np.int64)))
    _, components = connected_components(csr_matrix(edges, shape=(size, size)), directed=False)
    return components[:n].astype(np.int64)


def _largest_share(components: Codes) -> float:
    return max(Counter(components.tolist()).values(), default=0) / max(len(components), 1)
