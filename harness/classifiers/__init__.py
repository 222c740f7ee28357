"""Classifiers: recipes with settings that are fitted to claims and gold, and then score claims."""

from __future__ import annotations

import json
from inspect import isabstract
from typing import Any

from harness.classifiers.base import Classifier
from harness.classifiers.baselines.rules import Rules
from harness.classifiers.baselines.trivial import Length, Majority, Position, PriorRandom
from harness.classifiers.composite.ensemble import Ensemble
from harness.classifiers.composite.transfer import Transfer
from harness.classifiers.encoders.embedding import EmbeddingLogreg
from harness.classifiers.encoders.transformer import Transformer
from harness.classifiers.external.from_file import FromFile
from harness.classifiers.language_models.language_model import LanguageModel
from harness.classifiers.ngram_models.boosted import BoostedFeatures
from harness.classifiers.ngram_models.claimbuster_features import ClaimbusterFeatures
from harness.classifiers.ngram_models.context import ContextLogreg
from harness.classifiers.ngram_models.linear import ComplementNb, NbLogreg, TfidfLogreg, TfidfSvm
from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator
from harness.registry import Registry, UnknownComponent, import_object

CLASSIFIERS: Registry[type[Classifier]] = Registry(
    "classifier",
    {
        "majority": Majority,
        "prior_random": PriorRandom,
        "length": Length,
        "position": Position,
        "rules": Rules,
        "claimbuster_features": ClaimbusterFeatures,
        "boosted_features": BoostedFeatures,
        "tfidf_logreg": TfidfLogreg,
        "tfidf_svm": TfidfSvm,
        "nb_logreg": NbLogreg,
        "complement_nb": ComplementNb,
        "context_logreg": ContextLogreg,
        "embedding_logreg": EmbeddingLogreg,
        "transformer": Transformer,
        "ensemble": Ensemble,
        "transfer": Transfer,
        "language_model": LanguageModel,
        "from_file": FromFile,
    },
    "harness.classifiers",
)


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
