"""The gold, the groups and the runs behind a result, read back from its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools, Codes, Floats
from harness.data.claims import Gold, codes_of
from harness.errors import HarnessError
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals
from harness.runner.result_files import Columns, Result
from harness.runner.verification.count_columns import COUNT_PREFIX, evidence_counts_in


class ScoredClaims(NamedTuple):
    """The claims of a result that have gold."""

    gold: Gold
    groups: ResamplingGroups
    """Article and resampling unit of these claims."""
    has_gold: Bools
    """Which rows of the predictions have gold; every claim stands there once per random seed."""
    is_scored: Bools
    """The same, for the rows of the first random seed only."""


def scored_claims(result: Result, columns: Columns) -> ScoredClaims:
    """The claims with gold of a result, from its predictions.

    Raises: HarnessError: the predictions lack a column that the intervals need.
    """
    labels = tuple(column.removeprefix("score:") for column in columns if column.startswith("score:"))
    # The table lists every claim once per random seed; gold and groups need one of these copies.
    is_first_seed = columns["random_seed"] == columns["random_seed"][0]
    has_gold = np.array([label is not None for label in columns["gold"]], dtype=bool)
    is_scored = is_first_seed & has_gold
    rows = {name: column[is_scored] for name, column in columns.items()}
    code_of = {label: code for code, label in enumerate(labels)}
    # The gold of a ranking is a text of passages, and its score columns are the values of metrics.
    labels_of_rows = [labels[0]] * int(is_scored.sum()) if result.task == "evidence" else rows["gold"]
    codes = np.array([code_of[label] for label in labels_of_rows], dtype=np.int64)
    article = codes_of(rows["article_id"])
    unit = _unit_codes(rows, article, result.provenance.config.intervals)
    return ScoredClaims(
        gold=Gold(labels, codes, _label_shares(rows, labels)),
        groups=ResamplingGroups(article, unit, rows.get("length"), rows.get("stratum")),
        has_gold=has_gold,
        is_scored=is_scored,
    )


def runs_of(result: Result, columns: Columns, scored: ScoredClaims) -> tuple[Run, ...]:
    """The output for the claims with gold, one run per random seed; one for all if the seed changes nothing.

    Args:
        result, columns: the result, and its predictions.
        scored: the claims with gold, of this result or of another over the same claims.
    """
    provenance, labels, has_gold = result.provenance, scored.gold.labels, scored.has_gold
    code_of: dict[str | None, int] = {label: code for code, label in enumerate(labels)}
    runs, count_columns = [], {name for name in columns if name.startswith(COUNT_PREFIX)}
    for seed in dict.fromkeys(columns["random_seed"].tolist()):
        seed_rows = np.flatnonzero(columns["random_seed"] == seed)
        # Every seed lists the same claims in the same order, so the first block of the mask fits each of them.
        rows = seed_rows[has_gold[: len(seed_rows)]]
        scores = np.column_stack([columns[f"score:{label}"][rows] for label in labels]).astype(np.float64)
        predicted = np.array([code_of.get(label, -1) for label in columns["predicted"][rows]], dtype=np.int64)
        random_seed = seed if seed in result.random_seeds else None
        gives_scores, gives_probabilities = provenance.gives_scores, provenance.gives_probabilities
        shown = columns["has_evidence"][rows].astype(bool) if "has_evidence" in columns else None
        counts = evidence_counts_in({name: column[rows] for name, column in columns.items() if name in count_columns})
        runs.append(Run(scores if gives_scores else None, predicted, gives_probabilities, random_seed, shown, counts))
    return tuple(runs)


def _label_shares(rows: Columns, labels: Sequence[str]) -> Floats | None:
    """The share of annotators per label, shape (n_claims, n_labels); None if the results do not record it."""
    names = [f"share:{label}" for label in labels]
    return np.column_stack([rows[name] for name in names]) if names[0] in rows else None


def _unit_codes(rows: Columns, article: Codes, intervals: Intervals) -> Codes:
    """The resampling unit of each claim; shape (n_claims,)."""
    if intervals.unit == "claim":
        return np.arange(len(article), dtype=np.int64)
    if intervals.unit == "article":
        return article
    if intervals.unit not in rows:
        raise HarnessError(f"compare: the results have no column of {intervals.unit}s; run the experiment again")
    pairs = zip(rows[intervals.unit], rows["article_id"], strict=True)
    # A claim without a speaker (topic) falls back to its article. Tuples of different length keep a speaker apart from
    # an article of the same name; they need an object array, as NumPy would turn a list of tuples into a matrix.
    keys = np.empty(len(article), dtype=object)
    keys[:] = [(name,) if name else (None, article_id) for name, article_id in pairs]
    return codes_of(keys)
