"""What is counted of the passages shown with a claim, before any verdict: the input of metrics of verdict and evidence.

Each count is a table of one row per claim, so that a result can keep it and a comparison read it back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats
from harness.data.formats.verification.scifact_jsonl import Abstract, GoldAbstract
from harness.metrics.official.averitec import MAX_STRINGS, evidence_score
from harness.metrics.official.meteor import shared_meteor
from harness.metrics.official.scifact import count_correct

STANCES = ("supports", "refutes", None)
"""What a gold passage says of the claim; None if only the verdict on the claim says it."""
SCIFACT_COLUMNS = 3 * len(STANCES) + 4
"""For each of `STANCES`: documents, rationalized documents and sentences that are right under that verdict; then
documents and sentences shown, and those of gold."""


class GoldPassage(NamedTuple):
    """A passage that an annotator cited."""

    passage_id: str
    document_id: str
    group: int
    stance: str | None


class ClaimEvidence(NamedTuple):
    """The gold evidence of a claim and the passages that it is shown with."""

    gold: tuple[GoldPassage, ...]
    """Passages that settle the claim; neutral ones are left out."""
    gold_texts: tuple[str, ...]
    """Every gold passage after its question, neutral ones too."""
    shown: tuple[tuple[str, str], ...]
    """Document and passage id of each passage shown, best first."""
    shown_texts: tuple[str, ...]


def scifact_counts(claims: Sequence[ClaimEvidence]) -> Floats:
    """What SciFact's scorer counts; shape (n_claims, SCIFACT_COLUMNS)."""
    return np.array([_scifact_row(claim) for claim in claims], dtype=np.float64).reshape(-1, SCIFACT_COLUMNS)


def _scifact_row(claim: ClaimEvidence) -> list[int]:
    numbers = dict[str, int]()
    shown, gold = dict[str, list[int]](), dict[str, dict[int, set[int]]]()
    stances = dict[str, str | None]()
    for document, passage in claim.shown:
        shown.setdefault(document, []).append(numbers.setdefault(passage, len(numbers)))
    for cited in claim.gold:
        number = numbers.setdefault(cited.passage_id, len(numbers))
        gold.setdefault(cited.document_id, {}).setdefault(cited.group, set()).add(number)
        stances.setdefault(cited.document_id, cited.stance if cited.stance in STANCES else None)
    counts = {stance: [0, 0, 0] for stance in STANCES}
    for document, rationales in gold.items():
        truth = GoldAbstract("", tuple(map(frozenset, rationales.values())))
        if document in shown:
            right = count_correct(truth, Abstract("", tuple(shown[document])))
            of_stance = counts[stances[document]]
            of_stance[:] = [of_stance[0] + 1, of_stance[1] + right.rationalized, of_stance[2] + right.sentences]
    n_gold_sentences = sum(len(rationale) for rationales in gold.values() for rationale in rationales.values())
    return [*(n for three in counts.values() for n in three), len(shown), len(claim.shown), len(gold), n_gold_sentences]


def averitec_counts(claims: Sequence[ClaimEvidence]) -> Floats:
    """The evidence score of AVeriTeC's program; shape (n_claims, 1).

    Raises: HarnessError: nltk or its data are missing.
    """
    meteor = shared_meteor()
    scores = [evidence_score(claim.shown_texts[:MAX_STRINGS], claim.gold_texts, meteor) for claim in claims]
    return np.array(scores, dtype=np.float64).reshape(-1, 1)


EVIDENCE_COUNTS: dict[str, Callable[[Sequence[ClaimEvidence]], Floats]] = {
    "scifact": scifact_counts,
    "averitec": averitec_counts,
}
"""Function by the name that a metric lists in `evidence_counts`."""
