"""Metrics: gold and a run in, a number with its interval out."""

from harness.metrics.article_means import WholeArticles
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.confusion import (
    BalancedAccuracy,
    CohenKappa,
    Coverage,
    LabelF1,
    LabelPrecision,
    LabelRecall,
    LabelSpecificity,
    MacroPrecision,
    MacroRecall,
    MatthewsCorrelation,
    WeightedF1,
    WeightedPrecision,
    WeightedRecall,
)
from harness.metrics.intervals import Intervals, Value, mean_over_seeds, measure
from harness.metrics.labels import F1, Accuracy, FBeta, MacroF1, Precision, Recall
from harness.metrics.official.checkthat import (
    CheckThatAveragePrecision,
    CheckThatPrecisionAt,
    CheckThatReciprocalRank,
    CheckThatRPrecision,
)
from harness.metrics.probabilities import (
    Brier,
    BrierReliability,
    BrierResolution,
    BrierUncertainty,
    ExpectedCalibrationError,
    LogLoss,
)
from harness.metrics.ranking_per_article import (
    MeanAveragePrecision,
    Ndcg,
    PrecisionAt,
    RecallAt,
    ReciprocalRank,
    RPrecision,
)
from harness.metrics.ranking_pooled import AveragePrecision, RocAuc
from harness.metrics.soft import SoftAccuracy, SoftBrier, SoftLogLoss
from harness.metrics.verification.risk_coverage import AccuracyAtCoverage, RiskCoverageArea
from harness.metrics.verification.strict import (
    AveritecScore,
    SciFactAbstractLabelOnly,
    SciFactAbstractRationalized,
    SciFactSentenceLabel,
    SciFactSentenceSelection,
    VerdictWithEvidence,
)
from harness.metrics.workload import ClaimsReadPerHit, PooledPrecisionAt, PooledRecallAt, RecallAtTextFraction
from harness.registry import Registry

__all__ = ["METRICS", "Intervals", "Metric", "ResamplingGroups", "Run", "Value", "mean_over_seeds", "measure"]

METRICS: Registry[type[Metric]] = Registry(
    "metric",
    {
        "accuracy": Accuracy,
        "precision": Precision,
        "recall": Recall,
        "f1": F1,
        "f_beta": FBeta,
        "macro_precision": MacroPrecision,
        "macro_recall": MacroRecall,
        "macro_f1": MacroF1,
        "weighted_precision": WeightedPrecision,
        "weighted_recall": WeightedRecall,
        "weighted_f1": WeightedF1,
        "label_precision": LabelPrecision,
        "label_recall": LabelRecall,
        "label_specificity": LabelSpecificity,
        "label_f1": LabelF1,
        "balanced_accuracy": BalancedAccuracy,
        "mcc": MatthewsCorrelation,
        "cohen_kappa": CohenKappa,
        "coverage": Coverage,
        "average_precision": AveragePrecision,
        "mean_average_precision": MeanAveragePrecision,
        "roc_auc": RocAuc,
        "r_precision": RPrecision,
        "precision_at": PrecisionAt,
        "recall_at": RecallAt,
        "ndcg": Ndcg,
        "reciprocal_rank": ReciprocalRank,
        "pooled_precision_at": PooledPrecisionAt,
        "pooled_recall_at": PooledRecallAt,
        "claims_read_per_hit": ClaimsReadPerHit,
        "recall_at_text_fraction": RecallAtTextFraction,
        "brier": Brier,
        "brier_reliability": BrierReliability,
        "brier_resolution": BrierResolution,
        "brier_uncertainty": BrierUncertainty,
        "log_loss": LogLoss,
        "expected_calibration_error": ExpectedCalibrationError,
        "whole_articles": WholeArticles,
        "verdict_with_evidence": VerdictWithEvidence,
        "averitec_score": AveritecScore,
        "scifact_abstract_label_only": SciFactAbstractLabelOnly,
        "scifact_abstract_rationalized": SciFactAbstractRationalized,
        "scifact_sentence_selection": SciFactSentenceSelection,
        "scifact_sentence_label": SciFactSentenceLabel,
        "risk_coverage_area": RiskCoverageArea,
        "accuracy_at_coverage": AccuracyAtCoverage,
        "soft_accuracy": SoftAccuracy,
        "soft_brier": SoftBrier,
        "soft_log_loss": SoftLogLoss,
        "checkthat_average_precision": CheckThatAveragePrecision,
        "checkthat_reciprocal_rank": CheckThatReciprocalRank,
        "checkthat_r_precision": CheckThatRPrecision,
        "checkthat_precision_at": CheckThatPrecisionAt,
    },
    "harness.metrics",
)
