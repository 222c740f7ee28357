"""The types that a saved scorer may contain: those that a registered classifier declares, and no others."""

from __future__ import annotations

from collections.abc import Mapping

from harness.registry import Registry

GROUP = "harness.scorers"
"""Entry-point group in which another package declares the types of its scorers."""

ScorerTypes = Registry[type]
ROOMS = {
    "classifiers.base": ("ConstantScorer",),
    "classifiers.baselines.rules": ("RulesScorer",),
    "classifiers.baselines.trivial": ("ClassPriorScorer", "LengthScorer", "PositionScorer", "PriorRandomScorer"),
    "classifiers.composite.ensemble": ("EnsembleScorer",),
    "classifiers.composite.transfer": ("SummedProbabilityScorer",),
    "classifiers.encoders.embedding": ("EmbeddingScorer",),
    "classifiers.encoders.transformer": ("TransformerScorer",),
    "classifiers.ngram_models.boosted": ("BoostedScorer", "Trees"),
    "classifiers.ngram_models.claimbuster_features": ("FeatureScorer",),
    "classifiers.ngram_models.context": ("ContextFeatures", "ContextScorer"),
    "classifiers.ngram_models.linear": ("LogregScorer", "SvmScorer"),
    "classifiers.ngram_models.sklearn_estimator": ("EstimatorScorer", "ProbabilityScorer"),
    "classifiers.verification.evidence_rules": ("EvidenceRulesScorer",),
    "classifiers.verification.pair_models": ("PairScorer", "PairWeightsScorer"),
    "features.ngrams": ("CharNgrams", "Ngrams", "WordNgrams"),
    "features.weights": ("BinaryNgrams", "Tfidf"),
}
"""The types that this project's classifiers declare in `saved_types`, by the module of each.

Only the types that a file names are imported, not every classifier.
"""


def scorer_types(others: Mapping[str, str] | None = None) -> ScorerTypes:
    """The types that a saved scorer of any classifier may contain, by name; each is imported on first use.

    A file can name one of these types, including those of installed packages; it cannot name a module.

    Args:
        others: further types of this project, as `module:Name` by name.
    """
    table = {name: f"harness.{module}:{name}" for module, names in ROOMS.items() for name in names}
    return Registry("type of a saved scorer", dict(sorted((table | dict(others or {})).items())), GROUP)
