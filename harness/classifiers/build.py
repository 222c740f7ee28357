"""From a classifier's name and settings, as a config gives them, to the classifier."""

from __future__ import annotations

import json
from inspect import isabstract
from typing import Any

from harness.classifiers.base import Classifier
from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator
from harness.registry import Registry, UnknownComponent, import_object

CLASSIFIERS: Registry[type[Classifier]] = Registry(
    "classifier",
    {
        "majority": "harness.classifiers.baselines.trivial:Majority",
        "prior_random": "harness.classifiers.baselines.trivial:PriorRandom",
        "length": "harness.classifiers.baselines.trivial:Length",
        "position": "harness.classifiers.baselines.trivial:Position",
        "rules": "harness.classifiers.baselines.rules:Rules",
        "claimbuster_features": "harness.classifiers.ngram_models.claimbuster_features:ClaimbusterFeatures",
        "boosted_features": "harness.classifiers.ngram_models.boosted:BoostedFeatures",
        "tfidf_logreg": "harness.classifiers.ngram_models.linear:TfidfLogreg",
        "tfidf_svm": "harness.classifiers.ngram_models.linear:TfidfSvm",
        "nb_logreg": "harness.classifiers.ngram_models.linear:NbLogreg",
        "complement_nb": "harness.classifiers.ngram_models.linear:ComplementNb",
        "context_logreg": "harness.classifiers.ngram_models.context:ContextLogreg",
        "embedding_logreg": "harness.classifiers.encoders.embedding:EmbeddingLogreg",
        "transformer": "harness.classifiers.encoders.transformer:Transformer",
        "ensemble": "harness.classifiers.composite.ensemble:Ensemble",
        "transfer": "harness.classifiers.composite.transfer:Transfer",
        "language_model": "harness.classifiers.language_models.language_model:LanguageModel",
        "from_file": "harness.classifiers.external.from_file:FromFile",
    },
    "harness.classifiers",
)
"""Where each classifier is, which is imported when it is asked for."""


def build(name: str, settings: dict[str, Any]) -> Classifier:
    """The classifier of a name with its settings, before any data is read.

    Args:
        name: a registered name, or `module:Class` of a Classifier or of a scikit-learn classifier.
        settings: as they stand in a config, without the name.
    Raises:
        UnknownComponent: no such name, or it cannot be imported.
        pydantic.ValidationError: a setting is unknown or out of range; its place is the setting's name.
    """
    found: object = import_object(name, "classifier") if ":" in name else CLASSIFIERS.get(name)
    if isinstance(found, type) and issubclass(found, Classifier) and not isabstract(found):
        return found.model_validate_json(json.dumps(settings, default=str))  # YAML knows dates, and JSON does not
    if isinstance(found, type) and not isabstract(found):
        target = name if ":" in name else f"{found.__module__}:{found.__qualname__}"
        return SklearnEstimator.build(target, settings)
    what = "a base for classes" if isinstance(found, type) else f"not a class, but {type(found).__name__}"
    raise UnknownComponent(f"classifier '{name}': is {what}; name a class that can be fitted")
