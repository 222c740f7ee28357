"""Settles the labels of an export: one worker, axes of the scheme, one label per claim and axis."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from harness.data.articles.rows import LabeledRow
from harness.data.exchange.tool_labels import (
    CONFIDENCE,
    FLAT,
    LABEL,
    NOTE,
    VALUE_END,
    ToolContent,
    ToolLabel,
    ToolRequest,
    iso_time,
)
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.records import preview
from harness.schemes import Scheme
from harness.text_tables import count_of

NO_WORKER = "unknown"
"""Name of the worker of a label whose export names no worker, next to labels whose worker is named."""
NEWEST = "newest"
"""Rule for two labels of one worker for one claim that differ: the one made last counts."""
MAX_NAMED = 12
"""Number of passed-over fields that a message names."""


class ToolRows(NamedTuple):
    """Rows of labeled claims of a file, and what the user is told about them."""

    rows: Sequence[LabeledRow]
    tool: str
    """Name of the tool that wrote the file; `table` for a table of labeled claims."""
    notes: tuple[str, ...]


def to_rows(content: ToolContent, request: ToolRequest, notes: list[str]) -> list[LabeledRow]:
    """Returns the rows of an export: one worker's labels, one label per claim and axis.

    Args:
        content: what the reader of the tool took from the file.
        request: what to take.
        notes: list to which everything is added that the user is told.
    Raises: FaultsError: all faults of the file. HarnessError: the export has labels by several workers, and the request
        names none of them.
    """
    path = request.path
    if content.passed_over:
        names = list(content.passed_over)
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        notes.append(f"passed over the fields {', '.join(names[:MAX_NAMED])}{more}")
    notes += [f"{reason}: {count:,}, left out" for reason, count in content.without_label.items()]
    faults = list(content.faults)
    if not faults:
        labels = _with_questions(_of_one_worker(content, request, notes), request)
        labels = _with_axes(labels, request, notes, faults)
        faults += [
            request.fault(label.line, label.question, _several_choices(label), "several-choices")
            for label in labels
            if len(label.choices) > 1
        ]
    if not faults:
        labels = _without_repeats(labels, request, notes, faults)
        if not labels:
            under = f" under scheme '{request.scheme.name}'" if request.scheme else ""
            faults.append(Fault(str(path), None, None, f"has no labels{under}"))
    if faults:
        raise FaultsError(faults)
    return _merge(labels)


def _several_choices(label: ToolLabel) -> str:
    choices = ", ".join(f"'{choice}'" for choice in label.choices)
    return f"{label.place} has {len(label.choices)} choices ({choices}), and the axis takes one; keep one in the tool"


def _of_one_worker(content: ToolContent, request: ToolRequest, notes: list[str]) -> list[ToolLabel]:
    """Returns the labels of the worker that is asked for, or of the only one; pre-annotations only if asked for.

    Raises: HarnessError: there are several workers and none is asked for, or the one asked for has no labels.
    """
    labels, counts, labeler = content.labels, _counts(content.labels), request.labeler
    predicted = _counts(content.predicted)
    if labeler in predicted and labeler not in counts:
        notes.append(f"labels by '{labeler}' are pre-annotations of the export, recorded under the name of --as")
        return [label for label in content.predicted if (label.worker or NO_WORKER) == labeler]
    if predicted and not counts:
        names = ", ".join(f"{name} ({count:,})" for name, count in predicted.items())
        message = f"has no labels but those of pre-annotations, by {names}; take them with --labeler NAME"
        raise HarnessError(f"{request.path}: {message}")
    if predicted and labeler is None:
        notes.append(f"labels of pre-annotations: {sum(predicted.values()):,}, left out")
    if labeler is None and len(counts) > 1:
        names = ", ".join(counts)
        message = f"has labels by several labelers ({names}); add them one by one: --labeler NAME --as ANNOTATOR"
        raise HarnessError(f"{request.path}: {message}")
    if labeler is not None and labeler not in counts:
        raise UnknownName(f"{request.path}: {unknown_name('labeler', labeler, [*counts, *predicted])}")
    labeler = labeler if labeler is not None else next(iter(counts), NO_WORKER)
    if labeler != NO_WORKER:
        others = [f"{name} ({count:,})" for name, count in counts.items() if name != labeler]
        left = f"; left out: labels by {', '.join(others)}" if others else ""
        notes.append(f"labels by '{labeler}' of the export, recorded under the name of --as{left}")
    return [label for label in labels if (label.worker or NO_WORKER) == labeler]


def _counts(labels: Sequence[ToolLabel]) -> dict[str, int]:
    """Returns the number of labels of each worker, in the order of the file."""
    counts: dict[str, int] = {}
    for label in labels:
        counts[label.worker or NO_WORKER] = counts.get(label.worker or NO_WORKER, 0) + 1
    return counts


def _with_questions(labels: Sequence[ToolLabel], request: ToolRequest) -> list[ToolLabel]:
    """Returns the labels with the question that a label of a flat list names: `checkable: yes`."""
    flat = [label for label in labels if label.question == LABEL]
    choices = dict.fromkeys(choice for label in flat for choice in label.choices)
    known = {label for axis in (request.scheme.axes if request.scheme else ()) for label in axis.label_names}
    questions = {choice: name for choice in choices if choice not in known and (name := _question(choice, request))}
    if not questions or (request.scheme is None and len(questions) < len(choices)):
        return list(labels)
    named = []
    for label in labels:
        by_question: dict[str, dict[str, None]] = {}
        for choice in label.choices:
            question = questions.get(choice, LABEL) if label.question == LABEL else label.question
            answer = choice.partition(FLAT)[2] if label.question == LABEL and choice in questions else choice
            by_question.setdefault(question, {})[answer] = None
        named += [
            replace(label, question=question, choices=tuple(answers)) for question, answers in by_question.items()
        ]
    return named


def _question(choice: str, request: ToolRequest) -> str | None:
    """Returns the question that a label names: an axis of the scheme, or `SCHEME.AXIS`; None if it names none."""
    name, separator, answer = choice.partition(FLAT)
    if not separator or not answer.strip():
        return None
    is_name = re.fullmatch(r"[A-Za-z0-9][\w-]*", name) is not None
    is_full_name = re.fullmatch(r"[A-Za-z0-9][\w-]*\.[\w.-]+", name) is not None
    return name if name in request.axes or is_full_name or (is_name and request.scheme is None) else None


def _with_axes(
    labels: Sequence[ToolLabel], request: ToolRequest, notes: list[str], faults: list[Fault]
) -> list[ToolLabel]:
    """Returns the labels with the axis as their question; labels of another scheme are left out and named."""
    scheme, axes = request.scheme, request.axes
    if scheme is None:
        names = {question: axis for axis, question in request.columns.items()}
        return [
            replace(label, question=names.get(label.question) or label.question.rpartition(".")[2]) for label in labels
        ]
    by_question = {question: axis for axis, question in request.columns.items() if axis in axes}
    axis_of: dict[str, str | None] = {}
    unknown = []
    for question in dict.fromkeys(label.question for label in labels):
        question_scheme, dot, axis = question.rpartition(".")
        if question in by_question or question in axes:
            axis_of[question] = by_question.get(question, question)
        elif dot and question_scheme == scheme.name:
            axis_of[question] = axis
        elif dot:
            axis_of[question] = None
            notes.append(f"passed over '{question}', which is not of scheme '{scheme.name}'")
        else:
            unknown.append(question)
    has_axis = any(axis_of.values())
    if len(axes) == 1 and (unknown == [LABEL] or (len(unknown) == 1 and not has_axis)):
        (axis,) = axes
        axis_of[unknown[0]] = axis
        notes.append(f"read '{unknown[0]}' as '{axis}', the only axis of scheme '{scheme.name}'")
    elif has_axis:
        notes += [f"passed over '{name}', which is no axis of scheme '{scheme.name}'" for name in unknown]
    else:
        message = f"is no axis of scheme '{scheme.name}' ({', '.join(sorted(axes))}); say which: --column AXIS="
        faults += [Fault(str(request.path), None, name, f"{message}{name}", "unknown-name") for name in unknown]
    named = [replace(label, question=name) for label in labels if (name := axis_of.get(label.question)) is not None]
    return _with_yes_and_no(named, scheme, notes)


def _with_yes_and_no(labels: Sequence[ToolLabel], scheme: Scheme, notes: list[str]) -> list[ToolLabel]:
    """Returns the labels with yes for a label that is named like its axis, and no for its negation."""
    answers = {
        axis.name: {_plain(axis.name): "yes", f"not {_plain(axis.name)}": "no"}
        for axis in scheme.axes
        if axis.feature or {"yes", "no"} <= set(axis.label_names)
    }
    rewritten: dict[str, None] = {}
    chosen = []
    for label in labels:
        by_name = answers.get(label.question, {})
        choices = [by_name.get(_plain(choice), choice) for choice in label.choices]
        rewritten |= {
            f"'{old}' as {new} on axis '{label.question}'": None
            for old, new in zip(label.choices, choices, strict=True)
            if old != new
        }
        chosen.append(replace(label, choices=tuple(choices)))
    if rewritten:
        notes.append(f"read {', '.join(rewritten)}")
    return chosen


def _plain(choice: str) -> str:
    return " ".join(choice.replace("_", " ").replace("-", " ").split()).casefold()


def _without_repeats(
    labels: Sequence[ToolLabel], request: ToolRequest, notes: list[str], faults: list[Fault]
) -> list[ToolLabel]:
    """Returns one label per claim and axis: the newest, where all agree or the rule says so."""
    if request.on_conflict not in (None, NEWEST):
        return list(labels)
    groups: dict[tuple[str, ...], list[ToolLabel]] = {}
    for label in labels:
        groups.setdefault(label.key, []).append(label)
    chosen, n_replaced = [], 0
    for group in groups.values():
        newest = max(group, key=lambda label: label.time or _START)
        chosen.append(newest)
        rivals = [label for label in group if label.choices != newest.choices]
        # A label without a time could be the newest.
        tied = [label for label in rivals if None in (label.time, newest.time) or label.time == newest.time]
        n_replaced += len(rivals)
        if tied or (rivals and request.on_conflict != NEWEST):
            faults.append(_contradiction(group, newest, (tied or rivals)[0], request))
    if n_replaced and request.on_conflict == NEWEST:
        notes.append(f"rule newest: left out {count_of(n_replaced, 'older label')} of the same worker and claim")
    return chosen


_START = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _contradiction(group: Sequence[ToolLabel], newest: ToolLabel, rival: ToolLabel, request: ToolRequest) -> Fault:
    """Returns the fault of two labels of one worker for one claim that differ."""
    first, second = sorted((newest, rival), key=group.index)
    if None not in (first.time, second.time) and first.time != second.time:
        remedy = "remove one, or take the one made last: --on-conflict newest"
    else:
        remedy = "their times are equal or missing, so that none is the newest; remove one"
    message = (
        f"{first.place} says {preview(', '.join(first.choices))} and {second.place} "
        f"{preview(', '.join(second.choices))} for one claim by one worker; {remedy}"
    )
    return request.fault(second.line, second.question, message, "contradiction")


def _merge(labels: Sequence[ToolLabel]) -> list[LabeledRow]:
    """Returns one row per claim, task and time: the axes of one annotation side by side."""
    rows: dict[tuple[Any, ...], LabeledRow] = {}
    for label in labels:
        key = (label.line, label.time, *label.key[1:])
        at = {"at": iso_time(label.time)} if label.time else {}
        row = rows.setdefault(key, LabeledRow(label.line, {**label.claim, **at}, document=label.document))
        value = label.details.get(f"{label.question}{VALUE_END}")
        details = {name: label.details[name] for name in (NOTE, CONFIDENCE) if name in label.details}
        details |= {f"{label.question}{VALUE_END}": value} if value is not None else {}
        rows[key] = row._replace(cells={**row.cells, label.question: label.choices[0], **details})
    return list(rows.values())
