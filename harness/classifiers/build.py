"""Builds a classifier from the name and settings in a config."""

from __future__ import annotations

import inspect
import json
from typing import Any

from harness.classifiers.base import Classifier
from harness.errors import HarnessError
from harness.registry import Registry, UnknownComponent, import_named

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
        "evidence_rules": "harness.classifiers.verification.evidence_rules:EvidenceRules",
        "pair_logreg": "harness.classifiers.verification.pair_models:PairLogreg",
        "pair_boosted": "harness.classifiers.verification.pair_models:PairBoosted",
        "pair_ensemble": "harness.classifiers.verification.pair_models:PairEnsemble",
        "pair_embedding": "harness.classifiers.verification.pair_embedding:PairEmbedding",
        "pair_transformer": "harness.classifiers.verification.pair_transformer:PairTransformer",
        "nli": "harness.classifiers.verification.nli:Nli",
        "evidence_only": "harness.classifiers.verification.pair_models:EvidenceOnly",
        "from_file": "harness.classifiers.external.from_file:FromFile",
    },
    "harness.classifiers",
)
"""Import path of each classifier; the module is imported on first use."""


def build(name: str, settings: dict[str, Any]) -> Classifier:
    """Builds a classifier from its name and settings; reads no data.

    Args:
        name: a registered name, or `module:Name` of a Classifier, of a scikit-learn classifier, of a function that
            returns one, or of an unfitted one.
        settings: settings as in a config, without the name.
    Raises:
        UnknownComponent: the name is unknown, cannot be imported, or is no usable classifier.
        pydantic.ValidationError: a setting is unknown or out of range; its `loc` is the name of the setting.
    """
    component: object = import_named(name, "classifier") if ":" in name else CLASSIFIERS.get(name)
    if isinstance(component, type) and issubclass(component, Classifier) and not inspect.isabstract(component):
        if component.__init__ is not Classifier.__init__:
            raise UnknownComponent(_no_init(name, component))
        # Strict validation of Python values refuses a list for a tuple; JSON validation accepts it. `str` writes the
        # dates that YAML parses, because JSON has no dates.
        return component.model_validate_json(json.dumps(settings, default=str))
    # Here, because the estimator brings the n-gram models with it.
    from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator

    if isinstance(component, type) and not inspect.isabstract(component):
        target = name if ":" in name else f"{component.__module__}:{component.__qualname__}"
        return SklearnEstimator.build(target, settings)
    # A function that returns an estimator, or an unfitted one, such as a pipeline with its own vectorizer.
    if ":" in name and (inspect.isroutine(component) or hasattr(component, "get_params")):
        return SklearnEstimator.build(name, settings)
    kind = "an abstract class" if isinstance(component, type) else f"of type {type(component).__name__}"
    raise UnknownComponent(
        f"classifier '{name}' is {kind}; name a class that can be fitted, a function that returns a scikit-learn "
        "estimator, or an unfitted one"
    )


def _no_init(name: str, component: type[Classifier]) -> str:
    """The message for a class whose settings are parameters of an `__init__` instead of fields."""
    _, *parameters = inspect.signature(component.__init__).parameters.values()
    fields = [
        f"{p.name}: {type(p.default).__name__} = {p.default!r}"
        for p in parameters
        if isinstance(p.default, bool | int | float | str)
    ]
    return (
        f"classifier '{name}' has an __init__, and a Classifier has none: remove it, and declare settings as fields of "
        f"the class ({', '.join(fields) or 'n: int = 3'})"
    )


def classifier_settings(name: str) -> list[str]:
    """The settings that the classifier of a name takes; empty if it has no fields (a scikit-learn one, or none)."""
    try:
        component: object = import_named(name, "classifier") if ":" in name else CLASSIFIERS.get(name)
    except HarnessError:
        return []
    if isinstance(component, type) and issubclass(component, Classifier):
        return list(component.model_fields)
    return []
