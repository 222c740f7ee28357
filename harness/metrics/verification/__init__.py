"""Metrics of the task `evidence`: how well ranked passages hold the gold evidence of claims."""

from harness.metrics.verification.rankings import (
    JudgedRankings,
    PassageMeanAveragePrecision,
    PassageNdcgAt,
    PassagePrecisionAt,
    PassageRecallAt,
    PassageReciprocalRankAt,
    PassageRPrecision,
    RankingMetric,
    SourceRecallAt,
    WholeGroupAt,
)
from harness.registry import Registry

__all__ = ["EVIDENCE_METRICS", "JudgedRankings", "RankingMetric", "SourceRecallAt"]

EVIDENCE_METRICS: Registry[type[RankingMetric]] = Registry(
    "metric of the task 'evidence'",
    {
        metric.name: metric
        for metric in (
            PassageRecallAt,
            PassagePrecisionAt,
            PassageMeanAveragePrecision,
            PassageReciprocalRankAt,
            PassageNdcgAt,
            PassageRPrecision,
            WholeGroupAt,
            SourceRecallAt,
        )
    },
    "harness.evidence_metrics",
)
"""Metric by the name that a config uses."""
