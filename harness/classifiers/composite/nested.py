"""Classifiers nested in the settings of another classifier."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.classifiers.base import Classifier
from harness.classifiers.build import build
from harness.errors import HarnessError
from harness.records import explain_validation


class NestedClassifier(BaseModel):
    """A classifier in the settings of another classifier."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str
    """Name of the classifier, as in the config."""
    settings: dict[str, Any]
    """Settings of the classifier, as in the config."""
    classifier: Classifier = Field(exclude=True)
    """The classifier built from them, after the hooks `with_experiment` and `with_task`."""


def build_nested(name: str, settings: dict[str, Any]) -> Classifier:
    """Builds a nested classifier from its name and settings.

    Raises: HarnessError: the name is unknown, or a setting is invalid.
    """
    try:
        return build(name, settings)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error))
        raise HarnessError(f"{name}: {'; '.join(problems)}") from None


def _parse(value: Any) -> Any:
    """Builds the nested classifier of `tfidf_svm` or `{name: tfidf_svm, C: 0.1}`."""
    if isinstance(value, NestedClassifier):
        return value
    settings = dict(value) if isinstance(value, dict) else {"name": value}
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise ValueError("expected a classifier's name, or a mapping with a name")
    # The form that `model_dump` writes: the settings are one level deeper.
    if set(settings) == {"settings"} and isinstance(settings["settings"], dict):
        settings = settings["settings"]
    try:
        return NestedClassifier(name=name, settings=settings, classifier=build_nested(name, settings))
    except HarnessError as error:
        raise ValueError(str(error)) from None


NestedClassifierField = Annotated[NestedClassifier, BeforeValidator(_parse)]
"""A classifier's name, or a mapping with its name and settings."""
