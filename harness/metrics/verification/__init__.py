"""Metrics of the task `evidence`: how well ranked passages hold the gold evidence of claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.registry import Registry

if TYPE_CHECKING:
    from harness.metrics.verification.rankings import RankingMetric

__all__ = ["EVIDENCE_METRICS"]

EVIDENCE_METRICS: Registry[type[RankingMetric]] = Registry(
    "metric of the task 'evidence'",
    {
        "recall_at": "harness.metrics.verification.rankings:PassageRecallAt",
        "precision_at": "harness.metrics.verification.rankings:PassagePrecisionAt",
        "mean_average_precision": "harness.metrics.verification.rankings:PassageMeanAveragePrecision",
        "reciprocal_rank_at": "harness.metrics.verification.rankings:PassageReciprocalRankAt",
        "ndcg_at": "harness.metrics.verification.rankings:PassageNdcgAt",
        "r_precision": "harness.metrics.verification.rankings:PassageRPrecision",
        "whole_group_at": "harness.metrics.verification.rankings:WholeGroupAt",
        "source_recall_at": "harness.metrics.verification.rankings:SourceRecallAt",
    },
    "harness.evidence_metrics",
)
"""Import path of each metric, by the name that a config uses; the module is imported on first use."""
