"""The types that a saved scorer may be made of: those that a classifier in the table declares, and no others."""

from __future__ import annotations

from functools import cache

from harness.classifiers.base import Classifier
from harness.classifiers.build import CLASSIFIERS
from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator
from harness.registry import Registry

GROUP = "harness.scorers"
"""The entry-point group under which another package declares the types that its scorers are made of."""

Kinds = Registry[type]


def declared_types() -> tuple[type, ...]:
    """What the classifiers of this project declare, each once; a type's name is what files call it."""
    classifiers: list[type[Classifier]] = [*map(CLASSIFIERS.get, CLASSIFIERS.table), SklearnEstimator]
    return tuple(dict.fromkeys(kind for classifier in classifiers for kind in classifier.saved_types))


@cache
def scorer_types() -> Kinds:
    """What a saved scorer of any classifier may be made of.

    A file can ask for one of these by name, entry points of installed packages among them; it cannot name a module.
    """
    return registry_of(*declared_types())


def registry_of(*types: type) -> Kinds:
    """Some types by their names, with those of other packages.

    Raises: ValueError: two types have one name.
    """
    table: dict[str, type] = {}
    for kind in types:
        if table.setdefault(kind.__name__, kind) is not kind:
            raise ValueError(f"two types of saved scorers are called '{kind.__name__}'")
    return Registry("type of a saved scorer", dict(sorted(table.items())), GROUP)
