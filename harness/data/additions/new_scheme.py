"""Makes a label scheme from the labels that a table has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from harness.data.additions.columns import column_names, fold_name, known_fields, named_columns
from harness.data.additions.labels import NO_WORDS, YES_WORDS, is_blank, mapped_text
from harness.data.additions.reading import Source
from harness.data.labels.tasks import find_task
from harness.errors import FaultsError, HarnessError, UnknownName, unknown_name
from harness.schemes import Scheme

MAX_LABELS = 30
"""Number of distinct values above which a column does not hold labels."""


class SchemeOptions(NamedTuple):
    """What the user said about a new scheme."""

    name: str
    language: str
    task: str | None = None
    """Task that the labels answer; default: verdict with evidence, claim_detection for yes and no, else claim_type."""
    positive: Sequence[str] = ()
    """Labels that mean yes."""


class NewScheme(NamedTuple):
    """A scheme from the labels of a table."""

    scheme: Scheme
    content: bytes
    """The content of its file."""
    task: str
    """Task that the labels answer."""
    hint: str | None
    """How to make it a scheme for a yes-or-no question, if it is not one."""


def make_scheme(source: Source, values: Mapping[str, str], about: SchemeOptions) -> NewScheme:
    """Returns a scheme whose labels are those of a file.

    Its axes are those that the user named a column for, or the column `label`.

    Args:
        source: labeled rows.
        values: value in the file to label.
        about: what the user said about the scheme.
    Raises: FaultsError: no column holds labels, or one has too many. HarnessError: the task or a positive label is
        unknown.
    """
    path, names = source.path, column_names(source.rows)
    columns = named_columns(path, names, source.scheme_columns)
    known = known_fields(columns)
    axis_columns = {field: column for field, column in columns.items() if field not in known}
    if not axis_columns:
        own = ("label", about.task or "verdict")  # a column called as the task holds its labels
        free = {fold_name(name): name for name in reversed(names) if name not in columns.values()}
        axis_columns = next(({axis: free[axis]} for axis in own if axis in free), {})
    if not axis_columns:
        message = (
            f"name the column that holds the labels: --column label=COLUMN. Columns: {', '.join(names)} (and columns "
            "of texts and passages with other names: --column text=COLUMN --column evidence=COLUMN)"
        )
        raise FaultsError.single(path, message, code="missing-field")
    labels_of = {axis: _labels_found(source, column, values) for axis, column in axis_columns.items()}
    if about.task is None and not about.positive and known != known_fields(()):
        about = about._replace(task="verdict")
    task, mapping, hint = _task_mapping(labels_of, about)
    content: dict[str, Any] = {
        "name": about.name,
        "version": "0.1",
        "title": f"Labels of {about.name}",
        "source": f"The labels of {path}.",
        "license": "not stated",
        "language": about.language,
        "axes": [
            {
                "name": axis,
                "question": f"Which label does the claim have ({axis})?",
                "labels": [{"name": label, "definition": ""} for label in labels],
            }
            for axis, labels in labels_of.items()
        ],
        "tasks": mapping,
        "guideline": "Not stated.",
    }
    scheme = Scheme.model_validate_json(json.dumps(content))
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    head = (
        "# Made from the labels that were added. Say here what each label means and what annotators were told, and\n"
        "# raise the version when you do.\n"
    )
    return NewScheme(scheme, f"{head}{text}".encode(), task, hint)


def _labels_found(source: Source, column: str, values: Mapping[str, str]) -> list[str]:
    """Returns the labels of a column, each as it is first written; case and blanks make no other label."""
    labels: dict[str, str] = {}
    for row in source.rows:
        cell = row.cells.get(column)
        if not is_blank(cell):
            text = mapped_text(cell, values)
            labels.setdefault(text.casefold(), text)
    remedy = "name another column: --column label=COLUMN"
    if len(labels) > MAX_LABELS:
        message = f"has {len(labels):,} different values, too many for labels; {remedy}"
        raise FaultsError.single(source.path, message, field=column)
    if not labels:
        raise FaultsError.single(source.path, f"has no label in any row; {remedy}", field=column)
    return list(labels.values())


def _task_mapping(
    labels_of: Mapping[str, Sequence[str]], about: SchemeOptions
) -> tuple[str, dict[str, dict[str, Any]], str | None]:
    """Returns the task, the tasks of the scheme with their labels, and a hint for a scheme without a yes and a no."""
    axis, labels = next(iter(labels_of.items()))
    positive = []
    for name in about.positive:
        label = next((label for label in labels if label.casefold() == name.casefold()), None)
        if label is None:
            raise UnknownName(f"--positive: {unknown_name('label', name, labels)}")
        positive.append(label)
    folded = {label.casefold(): label for label in labels}
    if not positive and len(labels) == 2:
        positive = [folded[yes] for yes, no in zip(YES_WORDS, NO_WORDS, strict=True) if {yes, no} == set(folded)]
    if len(positive) == len(labels):
        one = f"; all rows have the label '{labels[0]}'" if len(labels) == 1 else ""
        raise HarnessError(f"--positive: leave at least one label that means no{one}")
    name = about.task or ("claim_detection" if positive else "claim_type")
    binary = find_task(name).binary
    hint = f"for a yes-or-no question say which labels mean yes: --positive LABEL ({', '.join(labels)})"
    if len(labels) == 1:
        hint = f"all rows have the label '{labels[0]}'; name others in the file of the scheme before adding them"
    if binary and not positive:
        raise HarnessError(f"task '{name}': {hint}")
    if binary:
        negative = [label for label in labels if label not in positive]
        return name, {name: {"axis": axis, "positive": positive, "negative": negative}}, None
    return name, {name: {"axis": axis}}, None if positive or (about.task and len(labels) > 1) else hint
