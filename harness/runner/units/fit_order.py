"""The order of fits: those that share n-gram features come one after another, so that features are made once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from harness.runner.plan import Unit

LIGHT = frozenset({"numpy", "scipy", "scikit-learn", "lightgbm"})
"""Packages of systems that may change places: none of them loads a network, which would be loaded again each time."""


def in_fit_order(units: Sequence[Unit]) -> list[Unit]:
    """The units in the order in which they are fitted, which no number depends on.

    Neighboring systems on n-grams are fitted fold by fold, all others in the order of the experiment. The features of
    one fold then serve all systems, and only they are in memory.
    """
    ordered = list[Unit]()
    for is_light, of_systems in groupby(units, key=_has_light_features):
        neighbors = list(of_systems)
        if is_light:
            place: dict[int, int] = {}
            for unit in neighbors:
                place.setdefault(id(unit.fold), len(place))
            neighbors.sort(key=lambda unit: place[id(unit.fold)])
        ordered += neighbors
    return ordered


def group_starts(ordered: Sequence[Unit]) -> list[int]:
    """The first place of each group of units that one process had better fit, of units in the order of `in_fit_order`.

    They share the features of a fold, or the network of a system.
    """

    def group(unit: Unit) -> tuple[bool, object]:
        is_light = _has_light_features(unit)
        return is_light, id(unit.fold) if is_light else unit.system.system_name

    groups = [group(unit) for unit in ordered]
    return [place for place, each in enumerate(groups) if not place or each != groups[place - 1]]


def _has_light_features(unit: Unit) -> bool:
    packages = unit.system.classifier.packages
    return "scipy" in packages and LIGHT.issuperset(packages)
