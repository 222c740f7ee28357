"""Prodigy: labels from its exports (JSONL) of choices, of single labels and of spans."""

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
    parse_time,
    read_details,
    span_labels,
    text_of,
)
from harness.records import preview

ANSWERS = ("accept", "reject", "ignore")
HASHES = ("_input_hash", "_task_hash")
LABEL_FIELDS = ("accept", "label", "spans")
WORKER_FIELDS = ("_annotator_id", "_session_id")


def is_prodigy(rows: Sequence[LabeledRow]) -> bool:
    """Returns whether rows are Prodigy's: they have its hashes, or its answers next to choices, spans or a label."""
    return any(
        any(name in row.cells for name in HASHES)
        or (_is_answer(row.cells.get("answer")) and any(name in row.cells for name in (*LABEL_FIELDS, "options")))
        for row in rows
    )


def _is_answer(value: Any) -> bool:
    return isinstance(value, str) and value in ANSWERS


def read_prodigy(rows: Sequence[LabeledRow], request: ToolRequest) -> ToolContent:
    """Returns the labels of rows; rejected and ignored tasks are counted, unless a rejected label is a whole answer."""
    content = ToolContent()
    own_fields = (*LABEL_FIELDS, *WORKER_FIELDS, "answer", "meta", "options", "_timestamp", "_view_id")
    for row in rows:
        line, cells = row.line or 1, row.cells
        meta = cells.get("meta")
        fields = {**(meta if isinstance(meta, dict) else {}), **cells}
        details = read_details(cells, request)
        claim = identity_of(
            {name: value for name, value in fields.items() if name not in (*own_fields, *details, *request.valued)},
            content,
            request,
        )
        answer = cells.get("answer", "accept")
        if not _is_answer(answer):
            message = f"expected one of {', '.join(ANSWERS)}, got {preview(answer)}"
            content.faults.append(request.fault(line, "answer", message))
            continue
        base = ToolLabel(
            line,
            f"line {line}",
            claim,
            LABEL,
            (),
            worker=_worker(cells),
            time=parse_time(cells.get("_timestamp")),
            document=text_of(cells, request),
            details=details,
        )
        _read_answer(cells, answer, base, content, request)
    return content


def _worker(cells: Mapping[str, Any]) -> str | None:
    worker = next((cells[name] for name in WORKER_FIELDS if cells.get(name) is not None), None)
    return None if worker is None else str(worker)


def _read_answer(
    cells: Mapping[str, Any], answer: str, base: ToolLabel, content: ToolContent, request: ToolRequest
) -> None:
    label = cells.get("label")
    is_binary = isinstance(label, str) and "accept" not in cells and not cells.get("spans")
    if "answer" not in cells and not any(cells.get(name) for name in LABEL_FIELDS):
        content.skip("tasks that nobody labeled")
    elif answer == "ignore":
        content.skip("ignored tasks")
    elif is_binary and label in request.axes:
        # The label is the question: an accepted "checkable" is its yes, a rejected one its no.
        choice = "yes" if answer == "accept" else "no"
        content.labels.append(replace(base, question=str(label), choices=(choice,), document=None))
    elif answer == "reject":
        # That a choice is wrong does not say which one is right.
        content.skip("rejected tasks")
    elif is_binary:
        content.labels.append(replace(base, choices=(str(label),), document=None))
    elif cells.get("spans"):
        _read_spans(cells["spans"], base, content, request)
    elif cells.get("accept"):
        _read_choices(cells, base, content, request)
    else:
        content.skip("accepted tasks without a choice or a span")


def _read_spans(spans: Any, base: ToolLabel, content: ToolContent, request: ToolRequest) -> None:
    def fault(message: str) -> None:
        content.faults.append(request.fault(base.line, "spans", message))

    if not isinstance(spans, list) or not all(isinstance(span, dict) for span in spans):
        fault(f"expected a list of objects with start, end and label, got {preview(spans)}")
        return
    for span in spans:
        details = {**base.details, **read_details(span, request)}
        own = replace(base, time=parse_time(span.get("at")) or base.time, details=details)
        content.labels += span_labels([Span(span.get("start"), span.get("end"), span.get("label"))], own, fault)


def _read_choices(cells: Mapping[str, Any], base: ToolLabel, content: ToolContent, request: ToolRequest) -> None:
    accepted = cells["accept"]
    options = cells.get("options")
    texts = {
        option["id"]: option.get("text")
        for option in (options if isinstance(options, list) else ())
        if isinstance(option, dict) and isinstance(option.get("id"), int)
    }
    choices = dict.fromkeys(
        # Options with numbers for ids carry the label as their text.
        texts.get(choice, choice) if isinstance(choice, int | str) else None
        for choice in (accepted if isinstance(accepted, list) else [accepted])
    )
    if not all(isinstance(choice, str) and choice.strip() for choice in choices):
        message = f"expected a list of the ids of options, got {preview(accepted)}"
        content.faults.append(request.fault(base.line, "accept", message))
        return
    content.labels.append(replace(base, choices=tuple(str(choice) for choice in choices), document=None))
