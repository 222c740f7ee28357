"""doccano: labels from its exports of text classification and of spans (JSONL and CSV)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.data.articles.rows import LabeledRow
from harness.data.exchange.tool_labels import (
    LABEL,
    Span,
    ToolContent,
    ToolLabel,
    ToolRequest,
    identity_of,
    span_labels,
    text_of,
)
from harness.records import preview

TEXT_FIELDS = ("text", "data")
LABEL_FIELDS = ("label", "labels", "entities", "annotations")
CSV_FIELDS = {"id", "text", "data", "label", "Comments", "meta"}
"""Columns of doccano's CSV."""


def is_doccano(rows: Sequence[LabeledRow]) -> bool:
    """Returns whether rows are those of doccano's JSONL: with a list of labels, or with its own fields."""
    return any(_is_own(row.cells) for row in rows)


def is_doccano_table(rows: Sequence[LabeledRow]) -> bool:
    """Returns whether rows are those of doccano's CSV: with its columns and no other."""
    columns = set(rows[0].cells)
    return {"id", "label"} <= columns <= CSV_FIELDS and bool(columns & set(TEXT_FIELDS))


def _is_own(cells: Mapping[str, Any]) -> bool:
    labels = next((cells[name] for name in ("label", "labels") if name in cells), None)
    annotations = cells.get("annotations")
    return any(name in cells for name in TEXT_FIELDS) and (
        isinstance(labels, list)
        or "Comments" in cells
        or (isinstance(cells.get("entities"), list) and "relations" in cells)
        or (isinstance(annotations, list) and any(isinstance(item, dict) and "user" in item for item in annotations))
    )


def read_doccano(rows: Sequence[LabeledRow], request: ToolRequest) -> ToolContent:
    """Returns the labels of rows. doccano states neither who gave a label nor when, unless a file has `user`."""
    content = ToolContent()
    for row in rows:
        line = row.line or 1
        place = f"line {line}"
        field = next((name for name in LABEL_FIELDS if row.cells.get(name) not in (None, "", [])), None)
        meta = row.cells.get("meta")
        cells = {**(meta if isinstance(meta, dict) else {}), **row.cells}
        fields = {name: value for name, value in cells.items() if name not in (*LABEL_FIELDS, "meta")}
        claim = identity_of(fields, content, request, TEXT_FIELDS)
        base = ToolLabel(line, place, claim, LABEL, (), document=text_of(fields, request, TEXT_FIELDS))
        if field is None:
            content.skip("tasks that nobody labeled")
            continue
        _read_answers(row.cells[field], field, base, content, request)
    return content


def _read_answers(answers: Any, field: str, base: ToolLabel, content: ToolContent, request: ToolRequest) -> None:
    def fault(message: str) -> None:
        content.faults.append(request.fault(base.line, field, message))

    if isinstance(answers, str):
        # doccano's CSV joins the labels of a text with "#".
        known = {label for axis in (request.scheme.axes if request.scheme else ()) for label in axis.label_names}
        answers = [answers] if answers in known else answers.split("#")
    if not isinstance(answers, list):
        fault(f"expected a label or a list of labels, got {preview(answers)}")
        return
    choices: dict[str, dict[str, None]] = {}
    for answer in answers:
        worker, span = None, answer
        if isinstance(answer, dict):
            user = answer.get("user")
            worker = None if user is None else str(user)
            span = [answer.get("start_offset"), answer.get("end_offset"), answer.get("label")]
            if "start_offset" not in answer:
                span = answer.get("label")
        if isinstance(span, list) and len(span) == 3:
            content.labels += span_labels([Span(*span)], replace(base, worker=worker), fault)
        elif isinstance(span, str) and span.strip():
            choices.setdefault(worker or "", {})[span] = None
        else:
            fault(f"expected a text, or a span [start, end, label], got {preview(answer)}")
    content.labels += [
        ToolLabel(base.line, base.place, base.claim, LABEL, tuple(names), worker or None)
        for worker, names in choices.items()
    ]
