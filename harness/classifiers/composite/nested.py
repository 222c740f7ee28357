"""Classifiers inside of classifiers, as a config names them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.classifiers.base import Classifier
from harness.classifiers.build import build
from harness.errors import HarnessError
from harness.records import explain_validation


class NestedClassifier(BaseModel):
    """A classifier inside another one: as the config names it, and built."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str
    settings: dict[str, Any]
    classifier: Classifier = Field(exclude=True)
    """The classifier of that name with those settings, told what the experiment tells its classifiers."""


def build_nested(name: str, settings: dict[str, Any]) -> Classifier:
    """The classifier of a name with its settings.

    Raises: HarnessError: no such classifier, or a setting is wrong.
    """
    try:
        return build(name, settings)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error))
        raise HarnessError(f"{name}: {'; '.join(problems)}") from None


def _read(value: Any) -> Any:
    """`tfidf_svm`, or `{name: tfidf_svm, C: 0.1}`, with the classifier built."""
    if isinstance(value, NestedClassifier):
        return value
    settings = dict(value) if isinstance(value, dict) else {"name": value}
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise ValueError("expected a classifier's name, or a mapping with a name")
    if set(settings) == {"settings"} and isinstance(settings["settings"], dict):
        settings = settings["settings"]
    try:
        return NestedClassifier(name=name, settings=settings, classifier=build_nested(name, settings))
    except HarnessError as error:
        raise ValueError(str(error)) from None


NestedClassifierField = Annotated[NestedClassifier, BeforeValidator(_read)]
"""A classifier's name, or a mapping with its name and settings."""
