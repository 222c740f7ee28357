"""Reads scheme packs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.records import Name, Record, explain_validation
from harness.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "guidelines"
FEATURE_LABEL = "yes"


class Label(Record):
    """One value of an axis."""

    name: str
    code: str | None = None
    """What the publisher's files write for it."""
    definition: str
    examples: tuple[str, ...] = ()


class Axis(Record):
    """One question of a scheme."""

    name: Name
    question: str
    definition: str | None = None
    feature: bool = False
    """A feature is marked when present; a claim that an annotator labelled without marking it does not have it."""
    value: str | None = None
    """What an annotation's value says, where the axis takes one."""
    labels: tuple[Label, ...] = ()
    abstain_label: str | None = None
    """The label that says the question could not be answered: left out of training and of metrics, and counted."""

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        names = [label.name for label in self.labels]
        if self.feature == bool(names):
            raise ValueError("a feature has no labels, every other axis has at least one")
        if len(set(names)) < len(names):
            raise ValueError("a label stands twice under labels")
        if self.abstain_label is not None and self.abstain_label not in names:
            raise ValueError(f"abstain_label: {unknown_name('label', self.abstain_label, names)}")
        return self

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels in the pack's order; a feature has one, `yes`."""
        return tuple(label.name for label in self.labels) or (FEATURE_LABEL,)

    def coded(self, code: str) -> str | None:
        """The label that the publisher's files write as `code`; None where there is none."""
        return next((label.name for label in self.labels if label.code == code), None)


class TaskMapping(Record):
    """How one task reads this scheme: an axis, and for a yes-or-no task which labels answer yes."""

    axis: Name
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    loses: str | None = None
    """What the mapping throws away."""


class Scheme(Record):
    """A versioned set of axes with definitions and a guideline."""

    name: Name
    version: str
    title: str
    source: str
    license: str
    language: str
    axes: tuple[Axis, ...] = Field(min_length=1)
    tasks: dict[str, TaskMapping] = Field(default_factory=dict)
    guideline: str

    @model_validator(mode="after")
    def _mappings_name_known_labels(self) -> Self:
        axes = {axis.name: axis for axis in self.axes}
        if len(axes) < len(self.axes):
            raise ValueError("axes: an axis stands twice")
        for task, mapping in self.tasks.items():
            if mapping.axis not in axes:
                raise ValueError(f"tasks.{task}.axis: {unknown_name('axis', mapping.axis, list(axes))}")
            known = axes[mapping.axis].label_names
            for label in (*mapping.positive, *mapping.negative):
                if label not in known:
                    raise ValueError(f"tasks.{task}: {unknown_name('label', label, known)}")
        return self

    def axis(self, name: str) -> Axis:
        """The axis of a name.

        Raises: UnknownName: the scheme has no such axis.
        """
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise UnknownName(f"scheme '{self.name}': {unknown_name('axis', name, [axis.name for axis in self.axes])}")


def scheme_names() -> list[str]:
    """The schemes that ship with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_scheme(path: Path) -> Scheme:
    """A scheme from a pack of the user's own.

    Raises: FaultsError: the file is not a pack; all faults at once.
    """
    found = read_yaml(path)
    try:
        return Scheme.model_validate_json(found.json)
    except ValidationError as error:
        faults = []
        for place, message, code, value in explain_validation(error):
            quotes = code == "string-type" and isinstance(value, bool)
            hint = "; YAML reads a bare yes or no as true or false: put it in quotes" if quotes else ""
            where = ".".join(map(str, place)) or None
            faults.append(Fault(str(path), found.line(place), where, message + hint, code))
        raise FaultsError(faults) from None


@cache
def load_scheme(name: str) -> Scheme:
    """The shipped scheme of a name.

    Raises: UnknownName: no such scheme.
    """
    if name not in scheme_names():
        raise UnknownName(unknown_name("scheme", name, scheme_names()))
    return read_scheme(FOLDER / f"{name}.yaml")
