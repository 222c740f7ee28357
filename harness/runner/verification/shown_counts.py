"""What metrics count of the passages that a system is shown, and its columns in a table of predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from harness.arrays import Codes, Floats
from harness.data.claims import Column
from harness.data.corpora import Corpus
from harness.data.corpora.passages import corpus_of
from harness.metrics.base import Metric
from harness.metrics.verification.evidence_counts import EVIDENCE_COUNTS
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.gold_evidence import GoldEvidence

COUNT_PREFIX = "evidence_counts:"


def count_evidence(
    metrics: Iterable[Metric], joined: JoinedDatasets, column: Column, corpus: Corpus | None, rows: Codes
) -> dict[str, Floats]:
    """What the metrics count of the passages shown with some claims, by name; shape (n_rows, n_counts).

    Args:
        metrics: metrics of the experiment.
        joined: the datasets.
        column: passages that are shown with each claim of the datasets.
        corpus: passages among which they were looked for; None: the corpus of each dataset, if it has one.
        rows: claims to count.
    """
    names = sorted({name for metric in metrics for name in metric.evidence_counts})
    if not names:
        return {}
    corpora = [corpus] if corpus else [own for dataset in joined.datasets if (own := corpus_of(dataset.folder))]
    document_of = {passage.passage_id: passage.document_id for each in corpora for passage in each.passages}
    gold = GoldEvidence(joined)
    claims = [gold.with_shown(joined.claims.claim_id[row], column[row], document_of) for row in rows]
    return {name: EVIDENCE_COUNTS[name](claims) for name in names}


def count_columns(counts: Mapping[str, Floats]) -> dict[str, Floats]:
    """The columns of a table of predictions that hold the counts."""
    return {f"{COUNT_PREFIX}{name}:{n}": table[:, n] for name, table in counts.items() for n in range(table.shape[1])}


def evidence_counts_in(columns: Mapping[str, Column]) -> dict[str, Floats]:
    """The counts by name, from their columns in a table of predictions."""
    by_name = dict[str, list[Floats]]()
    for column, values in columns.items():
        name = column.removeprefix(COUNT_PREFIX).rpartition(":")[0]
        by_name.setdefault(name, []).append(values.astype(np.float64))
    return {name: np.stack(values, axis=1) for name, values in by_name.items()}
