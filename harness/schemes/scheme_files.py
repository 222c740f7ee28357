"""Reads label schemes from YAML files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, Field, ValidationError, model_validator

from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.records import Name, Record, explain_validation
from harness.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "guidelines"
SHORT_AXIS = "label"
"""Name of the only axis of a scheme in the short form."""
AXIS_KEYS = ("labels", "question", "definition", "abstain_label")
"""Keys of the axis that stand at the top of a scheme in the short form."""
WRITE = {
    "axes": "write labels: [claim, other] for one question, or axes with a name, a question and labels each",
    "question": "write what the annotator is asked, such as question: Could public evidence settle it?",
    "labels": 'write the answers, such as labels: [claim, other] or labels: ["yes", "no"]',
    "name": "write a name of letters, digits, dot, underscore and hyphen",
    "axis": "write the name of one of the axes",
    "answers": "write the label by axis, such as answers: {label: claim}",
    "text": "write the sentence",
}
"""What to write for a field that is missing."""
FEATURE_LABEL = "yes"
"""Label of a feature that a claim has."""


class Label(Record):
    """One value of an axis."""

    name: str
    code: str | None = None
    """Code of the label in the publisher's files."""
    definition: str = ""
    """What the label means; empty if nobody has said."""
    examples: tuple[str, ...] = ()


class Axis(Record):
    """One question of a scheme."""

    name: Name
    question: str
    definition: str | None = None
    feature: bool = False
    """Whether annotators only mark presence: a claim that an annotator labeled without this mark does not have it."""
    value: str | None = None
    """Meaning of the free-text value of an annotation, for an axis that takes one."""
    labels: tuple[Label, ...] = ()
    abstain_label: str | None = Field(default=None, validation_alias=AliasChoices("abstain_label", "unsettled"))
    """Label for a question that cannot be answered; excluded from training and metrics, and counted."""

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        names = [label.name for label in self.labels]
        if self.feature == bool(names):
            raise ValueError("expected labels, such as labels: [claim, other], or else feature: true; not both")
        if len(set(names)) < len(names):
            raise ValueError("labels: duplicate name; remove or rename one label")
        if self.abstain_label is not None and self.abstain_label not in names:
            raise ValueError(f"abstain_label: {unknown_name('label', self.abstain_label, names)}")
        return self

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels in the order of the file; a feature has one, `yes`."""
        return tuple(label.name for label in self.labels) or (FEATURE_LABEL,)

    def coded(self, code: str) -> str | None:
        """Returns the label with this code in the publisher's files; None if no label has it."""
        return next((label.name for label in self.labels if label.code == code), None)


COMMON_VERDICTS = ("refuted", "not enough evidence", "conflicting or cherry-picked", "supported")
"""The verdicts that the labels of verdict schemes are mapped to, so that datasets can be joined."""


class TaskMapping(Record):
    """How a task uses a scheme: an axis, and for a yes-or-no task the labels that mean yes and no."""

    axis: Name
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    common: dict[str, str] = Field(default_factory=dict)
    """For verdicts, the common verdict that each label means, so that datasets of several schemes can be joined; a
    label without one has no counterpart in other schemes."""
    loses: str | None = None
    """Information that the mapping discards."""


class Exercise(Record):
    """A sentence with its answers, by which annotators test themselves before they label."""

    text: str
    passages: tuple[str, ...] = ()
    """Passages of evidence that the answer is given by, for a scheme about verdicts."""
    answers: dict[Name, str]
    """Label by axis; for a feature that the sentence has, `yes`."""
    reason: str = ""
    """Why these are the answers."""


class Scheme(Record):
    """A versioned set of axes with labels, definitions and a guideline."""

    name: Name
    version: str = "1"
    title: str = ""
    source: str = "not stated"
    license: str = Field(default="not stated", validation_alias=AliasChoices("license", "licence"))
    language: str = "und"
    """BCP 47 code; `und` if the file does not say."""
    axes: tuple[Axis, ...] = Field(min_length=1)
    tasks: dict[str, TaskMapping] = Field(default_factory=dict)
    guideline: str = ""
    test: tuple[Exercise, ...] = ()
    """Sentences with answers."""

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        axes = {axis.name: axis for axis in self.axes}
        if len(axes) < len(self.axes):
            raise ValueError("axes: duplicate name; remove or rename one axis")
        for task, mapping in self.tasks.items():
            if mapping.axis not in axes:
                raise ValueError(f"tasks.{task}.axis: {unknown_name('axis', mapping.axis, list(axes))}")
            label_names = axes[mapping.axis].label_names
            for label in (*mapping.positive, *mapping.negative, *mapping.common):
                if label not in label_names:
                    raise ValueError(f"tasks.{task}: {unknown_name('label', label, label_names)}")
            for verdict in mapping.common.values():
                if verdict not in COMMON_VERDICTS:
                    raise ValueError(f"tasks.{task}.common: {unknown_name('verdict', verdict, COMMON_VERDICTS)}")
        return self

    @model_validator(mode="after")
    def _check_test(self) -> Self:
        axes = {axis.name: axis for axis in self.axes}
        for number, exercise in enumerate(self.test, start=1):
            for name, label in exercise.answers.items():
                if name not in axes:
                    raise ValueError(f"test[{number}].answers: {unknown_name('axis', name, list(axes))}")
                if label not in axes[name].label_names:
                    message = unknown_name("label", label, axes[name].label_names)
                    raise ValueError(f"test[{number}].answers.{name}: {message}")
        return self

    @property
    def undefined(self) -> tuple[tuple[str, str], ...]:
        """The labels without a definition, as (axis, label): annotators and models have only their names."""
        return tuple((axis.name, label.name) for axis in self.axes for label in axis.labels if not label.definition)

    def axis(self, name: str) -> Axis:
        """Returns the axis with this name.

        Raises: UnknownName: the scheme has no such axis.
        """
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise UnknownName(f"scheme '{self.name}': {unknown_name('axis', name, [axis.name for axis in self.axes])}")


def scheme_names() -> list[str]:
    """Returns the names of the shipped schemes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_scheme(path: Path) -> Scheme:
    """Returns the scheme of a file.

    Raises: FaultsError: the file is not a valid scheme; reports all faults together.
    """
    document = read_yaml(path)
    try:
        return Scheme.model_validate_json(json.dumps(_completed(document.content, path), default=str))
    except ValidationError as error:
        faults = []
        for key_path, message, code, value in explain_validation(error):
            is_unquoted_yes_or_no = code == "string-type" and isinstance(value, bool)
            hint = "; YAML reads unquoted yes and no as true and false: add quotes" if is_unquoted_yes_or_no else ""
            if code in ("missing-field", "too-short", "invalid") and key_path:
                hint = f"; {WRITE[key_path[-1]]}" if key_path[-1] in WRITE else hint
            field = ".".join(map(str, key_path)) or None
            faults.append(Fault(str(path), document.line(key_path), field, message + hint, code))
        raise FaultsError(faults) from None


def _completed(content: Any, path: Path) -> Any:
    """Returns the content of a scheme file in which what the short form leaves out is complete.

    The short form has `labels` in place of `axes`, for a scheme of one question.
    """
    if not isinstance(content, dict):
        return content
    content = {"name": path.stem} | content
    if "labels" in content and "axes" not in content:
        question = {key: content.pop(key) for key in AXIS_KEYS if key in content}
        positive = content.pop("positive", None)
        content["axes"] = [{"name": SHORT_AXIS, "question": "Which label fits?"} | question]
        labels = question["labels"] if isinstance(question["labels"], list) else []
        names = [label.get("name") if isinstance(label, dict) else label for label in labels]
        if names and not any(isinstance(name, bool) for name in names):
            chosen = positive if isinstance(positive, list) else [positive]
            left_out = [*chosen, question.get("abstain_label")]
            negative = [name for name in names if name not in left_out]
            yes_or_no = {"axis": SHORT_AXIS, "positive": chosen, "negative": negative}
            tasks = {"claim_type": {"axis": SHORT_AXIS}} if positive is None else {"claim_detection": yes_or_no}
            content.setdefault("tasks", tasks)
    return _with_named_labels(content)


def _with_named_labels(content: Any) -> Any:
    """Returns the content of a scheme file in which labels that are given as a name alone are complete."""
    if not isinstance(content, dict) or not isinstance(content.get("axes"), list):
        return content
    axes = []
    for axis in content["axes"]:
        labels = axis.get("labels") if isinstance(axis, dict) else None
        if isinstance(labels, list):
            # A bool is an unquoted yes or no, which the type of the name reports.
            axis = axis | {"labels": [{"name": x} if isinstance(x, str | int | float) else x for x in labels]}
        axes.append(axis)
    return content | {"axes": axes}


@cache
def load_scheme(name: str) -> Scheme:
    """Returns the shipped scheme with this name.

    Raises: UnknownName: no such scheme.
    """
    if name not in scheme_names():
        raise UnknownName(unknown_name("scheme", name, scheme_names()))
    return read_scheme(FOLDER / f"{name}.yaml")
