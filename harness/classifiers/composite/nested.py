"""Classifiers inside of classifiers, as a config names them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.classifiers.base import Classifier
from harness.errors import HarnessError
from harness.records import explain_validation


class Member(BaseModel):
    """A classifier by its name and settings; built where it is used."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str
    settings: dict[str, Any] = Field(default_factory=dict)

    def build(self, **changes: Any) -> Classifier:
        """The classifier, with some settings changed.

        Raises: HarnessError: no such classifier, or a setting is wrong.
        """
        from harness.classifiers import build

        try:
            return build(self.name, self.settings | changes)
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error))
            raise HarnessError(f"{self.name}: {said}") from None


def _read(value: Any) -> Any:
    """`tfidf_svm`, or `{name: tfidf_svm, C: 0.1}`, checked by building it."""
    if isinstance(value, Member):
        return value
    settings = dict(value) if isinstance(value, dict) else {"name": value}
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise ValueError("expected a classifier's name, or a mapping with a name")
    if name == "language_model":
        raise ValueError("a language model cannot stand inside another classifier; give its predictions by from_file")
    if set(settings) == {"settings"} and isinstance(settings["settings"], dict):
        settings = settings["settings"]
    member = Member(name=name, settings=settings)
    try:
        member.build()
    except HarnessError as error:
        raise ValueError(str(error)) from None
    return member


Named = Annotated[Member, BeforeValidator(_read)]
"""A classifier's name, or a mapping with its name and settings."""
