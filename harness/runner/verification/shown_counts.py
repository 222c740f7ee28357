"""What metrics count of the passages that a system is shown."""

from __future__ import annotations

from collections.abc import Iterable

from harness.arrays import Codes, Floats
from harness.data.claims import Column
from harness.data.corpora import Corpus
from harness.data.corpora.passages import corpus_of
from harness.metrics.base import Metric
from harness.metrics.verification.evidence_counts import EVIDENCE_COUNTS
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.gold_evidence import GoldEvidence


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
