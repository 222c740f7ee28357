"""The types that a saved scorer may contain: those that a registered classifier declares, and no others."""

from __future__ import annotations

from functools import cache

from harness.classifiers.base import Classifier
from harness.classifiers.build import CLASSIFIERS
from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator
from harness.registry import Registry

GROUP = "harness.scorers"
"""Entry-point group in which another package declares the types of its scorers."""

ScorerTypes = Registry[type]


def declared_types() -> tuple[type, ...]:
    """The types that this project's classifiers declare, without duplicates."""
    classifiers: list[type[Classifier]] = [*map(CLASSIFIERS.get, CLASSIFIERS.table), SklearnEstimator]
    return tuple(dict.fromkeys(type_ for classifier in classifiers for type_ in classifier.saved_types))


@cache
def scorer_types() -> ScorerTypes:
    """The types that a saved scorer of any classifier may contain, by name.

    A file can name one of these types, including those of installed packages; it cannot name a module.
    """
    return registry_of(*declared_types())


def registry_of(*types: type) -> ScorerTypes:
    """Types by their names, with those of other packages.

    Raises: ValueError: two types have the same name.
    """
    table: dict[str, type] = {}
    for type_ in types:
        if table.setdefault(type_.__name__, type_) is not type_:
            raise ValueError(f"two types of saved scorers are called '{type_.__name__}'")
    return Registry("type of a saved scorer", dict(sorted(table.items())), GROUP)
