"""The gold evidence of an experiment: the passages that annotators cited for each claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Bools, Codes
from harness.data.claims import Column, ShownPassage, no_evidence
from harness.data.corpora import Corpus
from harness.errors import HarnessError
from harness.files import fingerprint
from harness.records import NEUTRAL, Evidence
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.evidence_source import evidence_name
from harness.text_tables import count_of

if TYPE_CHECKING:
    from harness.metrics.verification.evidence_counts import ClaimEvidence

Ranked = Sequence[Sequence[ShownPassage]]
"""Passages for each claim, best first."""


class ShownEvidence(NamedTuple):
    """What one source shows with the claims of an experiment."""

    column: Column
    """Tuples of `ShownPassage`; shape (n_claims,)."""
    fingerprint: str
    """Fingerprint of all that is shown."""
    notes: tuple[str, ...]
    """How much is shown, for the reader of the table."""
    warnings: tuple[str, ...] = ()
    corpus: Corpus | None = None
    """Passages among which it was looked for; None for gold evidence."""


def prefixes_of(joined: JoinedDatasets) -> list[str]:
    """What the claim ids of each dataset begin with in the table."""
    return [f"{dataset.info.name}:" if len(joined.datasets) > 1 else "" for dataset in joined.datasets]


def is_later(passage: str | None, claim: str | None) -> bool:
    """Whether a passage was published after a claim, as far as both dates go; False where one is missing.

    Args:
        passage, claim: dates in ISO 8601; of a year and a day, only the years are compared.
    """
    n_known = min(len(passage or ""), len(claim or ""), 10)
    return (passage or "")[:n_known] > (claim or "")[:n_known]


def later_passages(claim_days: Iterable[str | None], passage_days: Iterable[str | None]) -> Bools:
    """Whether a passage was published after a claim, see `is_later`; shape (n_claims, n_passages)."""
    distinct: list[list[str | None]] = []
    codes: list[Codes] = []
    for days in (claim_days, passage_days):
        numbers = defaultdict[str | None, int](count().__next__)
        codes.append(np.fromiter(map(numbers.__getitem__, days), dtype=np.int64))
        distinct.append(list(numbers))
    # Few days are distinct, so each pair of them is compared once.
    table = [[is_later(passage, claim) for passage in distinct[1]] for claim in distinct[0]]
    later: Bools = np.array(table, dtype=bool).reshape(len(distinct[0]), len(distinct[1]))[np.ix_(*codes)]
    return later


class GoldEvidence:
    """The passages that annotators cited for each claim."""

    def __init__(self, joined: JoinedDatasets) -> None:
        self.claims = joined.claims
        self.by_claim = dict[str, list[Evidence]]()
        for dataset, prefix in zip(joined.datasets, prefixes_of(joined), strict=True):
            for evidence in dataset.evidence:
                self.by_claim.setdefault(prefix + evidence.claim_id, []).append(evidence)

    def shown(self) -> ShownEvidence:
        """Every gold passage of each claim, after the question that it answers, if it has one.

        Raises: HarnessError: no claim has one, or none has a text.
        """
        if not self.by_claim:
            raise HarnessError("evidence: the dataset has no gold evidence (evidence.jsonl); set evidence: none")
        if not any(e.text.strip() for passages in self.by_claim.values() for e in passages):
            raise HarnessError(
                "evidence: the gold evidence has no text, because the publisher gives its ids alone (evidence.jsonl); "
                "set evidence: none, or retrieve from your own corpus: {retriever: bm25}"
            )
        name = evidence_name("gold")
        per_claim = [self.by_claim.get(claim_id, []) for claim_id in self.claims.claim_id]
        column = evidence_column([[ShownPassage(_id(e), _shown_text(e)) for e in passages] for passages in per_claim])
        late = sum(
            any(is_later(e.published, day) for e in passages)
            for passages, day in zip(per_claim, self.claims.published, strict=True)
        )
        note = f"{name}: the passages that annotators cited, which no system has when it reads a new claim"
        warning = f"{count_of(late, 'claim')} with evidence that was published after the claim"
        return ShownEvidence(column, fingerprint_of(column), (note,), (warning,) if late else ())

    def groups_of(self, claim_id: str) -> list[frozenset[str]]:
        """The ids of the passages of each evidence group of a claim; empty if no passage settles it.

        Neutral passages belong to no group.
        """
        groups = dict[int, set[str]]()
        for evidence in self.by_claim.get(claim_id, ()):
            if evidence.stance != NEUTRAL:
                groups.setdefault(evidence.group, set()).add(_id(evidence))
        return [frozenset(group) for group in groups.values()]

    def with_shown(self, claim_id: str, shown: Sequence[ShownPassage], document_of: Mapping[str, str]) -> ClaimEvidence:
        """The gold evidence of a claim beside the passages that it is shown with.

        Args:
            claim_id: id of the claim.
            shown: the passages, best first.
            document_of: document of each passage; any other passage is a document of its own.
        """
        from harness.metrics.verification.evidence_counts import ClaimEvidence, GoldPassage

        cited = self.by_claim.get(claim_id, [])
        return ClaimEvidence(
            gold=tuple(
                GoldPassage(_id(e), document_of.get(_id(e), _id(e)), e.group, e.stance)
                for e in cited
                if e.stance != NEUTRAL
            ),
            gold_texts=tuple(_shown_text(e) for e in cited),
            shown=tuple((document_of.get(p.passage_id, p.passage_id), p.passage_id) for p in shown),
            shown_texts=tuple(passage.text for passage in shown),
        )

    def coverage(self, column: Column, known: Collection[str]) -> str:
        """For how many claims a whole group of gold passages is shown; empty if no claim has gold evidence.

        Args:
            column: what is shown with each claim.
            known: ids of the passages of the corpus.
        """
        with_gold = complete = 0
        absent = set[str]()
        for claim_id, passages in zip(self.claims.claim_id, column, strict=True):
            groups = self.groups_of(claim_id)
            absent |= {name for group in groups for name in group if name not in known}
            with_gold += bool(groups)
            shown = {passage.passage_id for passage in passages}
            complete += any(group <= shown for group in groups)
        if not with_gold:
            return ""
        missing = f"; {count_of(len(absent), 'gold passage')} not in the corpus" if absent else ""
        return f"; a whole group of gold passages shown for {complete:,} of {with_gold:,} claims that have one{missing}"


def gold_groups(joined: JoinedDatasets) -> list[list[list[str]]]:
    """The ids of the passages of each evidence group of each claim, sorted; a claim without gold evidence has none."""
    gold = GoldEvidence(joined)
    return [sorted(sorted(group) for group in gold.groups_of(claim_id)) for claim_id in joined.claims.claim_id]


def shows_whole_group(joined: JoinedDatasets, column: Column) -> Bools:
    """Whether a whole gold group is among the first passages shown with each claim; True for one without gold evidence.

    Args:
        joined: the datasets.
        column: passages that are shown with each claim of the datasets.
    """
    from harness.metrics.verification.strict import STRICT_PASSAGES

    gold, shows = GoldEvidence(joined), np.ones(len(column), dtype=bool)
    for row, (claim_id, passages) in enumerate(zip(joined.claims.claim_id, column, strict=True)):
        first = {passage.passage_id for passage in passages[:STRICT_PASSAGES]}
        groups = gold.groups_of(claim_id)
        shows[row] = not groups or any(group <= first for group in groups)
    return shows


def _id(evidence: Evidence) -> str:
    return evidence.passage_id or evidence.evidence_id


def _shown_text(evidence: Evidence) -> str:
    return f"{evidence.question} {evidence.text}" if evidence.question else evidence.text


def evidence_column(ranked: Ranked) -> Column:
    """The passages of each claim as a column of tuples; shape (n_claims,)."""
    column = no_evidence(len(ranked))
    for row, passages in enumerate(ranked):
        column[row] = tuple(passages)
    return column


def fingerprint_of(column: Column) -> str:
    """Fingerprint of all that is shown with claims."""
    # Scores are a part, because classifiers can read them.
    return fingerprint([[list(passage) for passage in passages] for passages in column])
