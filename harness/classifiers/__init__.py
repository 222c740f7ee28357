"""Classifiers: recipes with settings that are fitted to claims and gold and then score claims."""

from harness.classifiers.build import CLASSIFIERS, build

__all__ = ["CLASSIFIERS", "build"]
