"""Metrics: gold and a run in, a number with its interval out."""

from harness.metrics.base import Groups, Metric, Run
from harness.metrics.checkthat import (
    CheckThatAveragePrecision,
    CheckThatPrecisionAt,
    CheckThatReciprocalRank,
    CheckThatRPrecision,
)
from harness.metrics.intervals import Intervals, Value, mean_values, measure
from harness.metrics.labels import F1, Accuracy, MacroF1, Precision, Recall
from harness.metrics.pooled import AveragePrecision, RocAuc
from harness.metrics.probabilities import Brier
from harness.metrics.ranking import MeanAveragePrecision, PrecisionAt, ReciprocalRank, RPrecision
from harness.registry import Registry

__all__ = ["METRICS", "Groups", "Intervals", "Metric", "Run", "Value", "mean_values", "measure"]

METRICS: Registry[type[Metric]] = Registry(
    "metric",
    {
        "accuracy": Accuracy,
        "precision": Precision,
        "recall": Recall,
        "f1": F1,
        "macro_f1": MacroF1,
        "average_precision": AveragePrecision,
        "mean_average_precision": MeanAveragePrecision,
        "roc_auc": RocAuc,
        "r_precision": RPrecision,
        "precision_at": PrecisionAt,
        "reciprocal_rank": ReciprocalRank,
        "brier": Brier,
        "checkthat_average_precision": CheckThatAveragePrecision,
        "checkthat_reciprocal_rank": CheckThatReciprocalRank,
        "checkthat_r_precision": CheckThatRPrecision,
        "checkthat_precision_at": CheckThatPrecisionAt,
    },
    "harness.metrics",
)
