"""Exact reimplementation of the official FEVEROUS scorer.

It reproduces the edge cases: evidence is required for every label; a prediction without evidence has precision 1; a
piece predicted twice counts twice. F1 is undefined where precision and recall are both 0; the official program divides
by zero there.

Source: Aly et al. 2021, and the scorer published with the shared task.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.data.formats.verification.feverous_jsonl import FeverousClaim, Piece
from harness.errors import Undefined
from harness.metrics.official.labels import OfficialScores

CELL_KINDS = ("cell", "item", "table_caption", "header_cell")
MAX_CELLS = 25
"""Number of predicted cells, items, captions and header cells that count."""
MAX_SENTENCES = 5
"""Number of predicted pieces of the other kinds that count."""


def feverous(claims: Sequence[FeverousClaim]) -> OfficialScores:
    """The five values that the official program prints.

    Args:
        claims: at least one.
    """
    n = len(claims)
    right_label = [claim.label.lower() == claim.predicted_label.lower() for claim in claims]
    predicted = [_first_pieces(claim.predicted) for claim in claims]
    covered = [
        any(set(group) <= set(pieces) for group in claim.groups)
        for claim, pieces in zip(claims, predicted, strict=True)
    ]
    precision = sum(_precision(claim, pieces) for claim, pieces in zip(claims, predicted, strict=True)) / n
    recall = sum(covered) / n
    total = precision + recall
    return {
        "Strict score": sum(label and evidence for label, evidence in zip(right_label, covered, strict=True)) / n,
        "Label Accuracy": sum(right_label) / n,
        "Retrieval Precision": precision,
        "Retrieval Recall": recall,
        "Retrieval F1": 2.0 * precision * recall / total if total else Undefined("precision and recall are 0"),
    }


def _first_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces that count, in the order of the prediction."""
    counts, first_pieces = {True: 0, False: 0}, []
    for piece in pieces:
        is_cell = piece[1] in CELL_KINDS
        counts[is_cell] += 1
        if counts[is_cell] <= (MAX_CELLS if is_cell else MAX_SENTENCES):
            first_pieces.append(piece)
    return first_pieces


def _precision(claim: FeverousClaim, pieces: Sequence[Piece]) -> float:
    """The share of predicted pieces that are in any gold group; 1 without a prediction."""
    gold = {piece for group in claim.groups for piece in group}
    return sum(piece in gold for piece in pieces) / len(pieces) if pieces else 1.0
