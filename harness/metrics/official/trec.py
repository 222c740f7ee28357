"""The retrieval metrics of trec_eval: ranking by 32-bit score, then by document id, both descending.

Source: trec_eval, as pytrec_eval-terrier 0.5.11 computes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from harness.arrays import Floats

METRICS = ("map", "recip_rank", "ndcg_cut_10", "recall_5", "recall_10", "recall_100")


def trec_ranking(scores: Mapping[str, float]) -> list[str]:
    """The documents of a query, best first, as trec_eval ranks them."""
    by_score: dict[float, list[str]] = {}
    for document, score in scores.items():
        by_score.setdefault(float(np.float32(score)), []).append(document)
    ranking = []
    for score in sorted(by_score, reverse=True):
        ranking += sorted(by_score[score], key=str.encode, reverse=True)
    return ranking


def trec_query(grades: Mapping[str, int], scores: Mapping[str, float]) -> dict[str, float]:
    """The metrics of one query.

    Args:
        grades: grade of each judged document; 1 and above is relevant.
        scores: score of each returned document.
    """
    gains = [grades.get(document, 0) for document in trec_ranking(scores)]
    relevant = np.array([gain >= 1 for gain in gains], dtype=bool)
    n_relevant = sum(grade >= 1 for grade in grades.values())
    ranks = np.flatnonzero(relevant) + 1
    ideal = _dcg(sorted(grades.values(), reverse=True)[:10])
    values = {
        "map": float((np.arange(1, len(ranks) + 1) / ranks).sum() / n_relevant) if n_relevant else 0.0,
        "recip_rank": 1.0 / float(ranks[0]) if len(ranks) else 0.0,
        "ndcg_cut_10": _dcg(gains[:10]) / ideal if ideal else 0.0,
    }
    return values | {f"recall_{k}": float((ranks <= k).sum() / n_relevant) if n_relevant else 0.0 for k in (5, 10, 100)}


def trec(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], dict[str, float]]:
    """The means over the queries that are in both run and qrels, and over all queries of the qrels.

    Args:
        qrels: grade of each judged document, by query.
        run: score of each returned document, by query; at least one query of the qrels.
    """
    per_query = {query: trec_query(qrels[query], run[query]) for query in qrels if query in run}
    columns: dict[str, Floats] = {
        name: np.array([values[name] for values in per_query.values()], dtype=np.float64) for name in METRICS
    }
    answered = {name: float(column.mean()) for name, column in columns.items()}
    return answered, {name: float(column.sum() / len(qrels)) for name, column in columns.items()}


def _dcg(gains: list[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1) if gain > 0)
