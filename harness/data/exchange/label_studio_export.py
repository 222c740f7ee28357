"""Label Studio: labels from its exports (JSON, JSON-MIN, CSV and TSV)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from harness.data.articles.rows import LabeledRow
from harness.data.exchange.tool_labels import (
    CONFIDENCE,
    IDENTITY,
    NOTE,
    VALUE_END,
    Span,
    ToolContent,
    ToolLabel,
    ToolRequest,
    identity_of,
    parse_time,
    span_labels,
    text_of,
)
from harness.records import preview

USED_FIELDS = ("annotation_id", "annotator", "created_at", "updated_at")
ROW_FIELDS = (*USED_FIELDS, "id", "lead_time")
"""Fields that Label Studio adds to the rows of JSON-MIN and CSV."""
NO_TEXT = "name the field that holds the text: --column text=FIELD"
TASK_FIELDS = ("title", "before", "after", "article")
"""Fields of a task from `harness export` that are neither a label nor part of a claim's identity."""


def is_task_list(rows: Sequence[LabeledRow]) -> bool:
    """Returns whether rows are the tasks of Label Studio's JSON."""
    names = ("annotations", "completions", "predictions")
    return any(isinstance(row.cells.get("data"), dict) and any(name in row.cells for name in names) for row in rows)


def is_row_list(rows: Sequence[LabeledRow]) -> bool:
    """Returns whether rows are the annotations of Label Studio's JSON-MIN or CSV."""
    return any("annotation_id" in row.cells and ("annotator" in row.cells or "lead_time" in row.cells) for row in rows)


def read_tasks(rows: Sequence[LabeledRow], request: ToolRequest) -> ToolContent:
    """Returns the labels of the tasks of a JSON export; cancelled annotations are counted."""
    content = ToolContent()
    for row in rows:
        number, task = row.line or 1, row.cells
        place = f"task {number}" + (f" (id {preview(task['id'])})" if "id" in task else "")
        fault = _fault_adder(content, request, number)
        data = task.get("data")
        if not isinstance(data, dict):
            fault("data", f"{place}: expected an object with the task's text, got {preview(data)}")
            continue
        # The rest of a task from `harness export` is the context of its claim, not something that is passed over.
        fields = {name: value for name, value in data.items() if "claim_id" not in data or name not in TASK_FIELDS}
        claim = identity_of(fields, content, request)
        if not claim.get("claim_id") and not claim.get("text"):
            fault("data", f"{place} has neither claim_id nor text; {NO_TEXT}")
            continue
        annotations = task.get("annotations", task.get("completions"))
        if not isinstance(annotations or [], list):
            fault("annotations", f"{place}: expected a list of annotations, got {preview(annotations)}")
            continue
        base = ToolLabel(number, place, claim, "", (), document=text_of(data, request))
        if not annotations:
            content.skip("tasks that nobody labeled")
        for annotation in annotations or ():
            if not isinstance(annotation, dict):
                fault("annotations", f"{place}: expected an annotation as an object, got {preview(annotation)}")
            elif annotation.get("was_cancelled"):
                content.skip("skipped tasks")
            else:
                own = replace(base, worker=_worker(annotation.get("completed_by")), time=_time(annotation))
                content.labels += _read_results(annotation.get("result"), own, content, request)
        content.predicted += _predicted(task.get("predictions"), base, request)
    return content


def _predicted(predictions: Any, base: ToolLabel, request: ToolRequest) -> list[ToolLabel]:
    """Returns the labels of the pre-annotations of a task; what is no label in them is passed over."""
    own = ToolContent()
    labels = []
    for prediction in predictions if isinstance(predictions, list) else ():
        version = prediction.get("model_version") if isinstance(prediction, dict) else None
        if isinstance(version, str) and version:
            labels += _read_results(prediction.get("result"), replace(base, worker=version), own, request)
    return labels


def _fault_adder(content: ToolContent, request: ToolRequest, line: int) -> Callable[[str, str], None]:
    def add_fault(field: str, message: str) -> None:
        content.faults.append(request.fault(line, field, message))

    return add_fault


def _worker(labeler: Any) -> str | None:
    """Returns the labeler's email address or number, whichever the export contains."""
    if isinstance(labeler, dict):
        labeler = labeler.get("email") or labeler.get("id")
    return None if labeler is None or labeler == "" else str(labeler)


def _time(annotation: Mapping[str, Any]) -> datetime.datetime | None:
    """Returns when the annotation got its labels: its last change, or else its creation."""
    return parse_time(annotation.get("updated_at")) or parse_time(annotation.get("created_at"))


def _read_results(results: Any, base: ToolLabel, content: ToolContent, request: ToolRequest) -> list[ToolLabel]:
    """Returns the labels of one annotation; of one control, the choices of all its results count together."""
    fault = _fault_adder(content, request, base.line)
    labels: list[ToolLabel] = []
    details: dict[str, Any] = {}
    if not isinstance(results or [], list):
        fault("result", f"{base.place}: expected a list of results, got {preview(results)}")
        return []
    if not results:
        content.skip("annotations without a result")
    choices: dict[str, dict[str, None]] = {}
    for result in results or ():
        value = result.get("value") if isinstance(result, dict) else None
        control = result.get("from_name") if isinstance(result, dict) else None
        if not isinstance(value, dict) or not isinstance(control, str):
            fault("result", f"{base.place}: expected an object with from_name and value, got {preview(result)}")
        elif "choices" in value:
            choices.setdefault(control, {}).update(_choices(value["choices"], control, base, fault))
        elif "labels" in value and "start" in value:
            labels += _span_labels(value, replace(base, question=control), fault)
        elif not _add_detail(details, control, value.get("text", value.get("number")), request):
            # Ratings, boxes, relations and other text areas are no labels of a claim.
            content.pass_over([control])
    labels += [
        replace(base, question=control, choices=tuple(names), document=None)
        for control, names in choices.items()
        if names
    ]
    return [replace(label, details=details) for label in labels]


def _add_detail(details: dict[str, Any], control: str, answer: Any, request: ToolRequest) -> bool:
    """Adds the note, the confidence, or the value of an axis that a control holds; returns whether it holds one."""
    answer = answer.get("text", answer.get("number")) if isinstance(answer, dict) else answer
    valued = request.valued
    name = f"{valued[control]}{VALUE_END}" if control in valued else control
    if control == CONFIDENCE and isinstance(answer, int | float | str) and answer != "":
        details[name] = answer
    elif control == NOTE or control in valued:
        texts = [text for text in (answer if isinstance(answer, list) else [answer]) if isinstance(text, str)]
        if any(text.strip() for text in texts):
            details[name] = "\n".join(texts)
    else:
        return False
    return True


def _choices(value: Any, control: str, base: ToolLabel, fault: Callable[[str, str], None]) -> dict[str, None]:
    choices = value if isinstance(value, list) else [value]
    if all(isinstance(choice, str) and choice.strip() for choice in choices):
        return dict.fromkeys(choices)
    fault(control, f"{base.place}: expected a list of choices as texts, got {preview(value)}")
    return {}


def _span_labels(value: Mapping[str, Any], base: ToolLabel, fault: Callable[[str, str], None]) -> list[ToolLabel]:
    names = value.get("labels")
    start, end, document = value.get("start"), value.get("end"), base.document or ""
    text = value.get("text")
    if isinstance(start, int) and isinstance(end, int) and isinstance(text, str) and document[start:end] != text:
        start, end = _characters(document, start), _characters(document, end)
        if document[start:end] != text:
            message = f"span says {preview(text)}, and the task's text has {preview(document[start:end])} there"
            fault(base.question, f"{base.place}: {message}")
            return []
    if not isinstance(names, list) or len(names) != 1:
        fault(base.question, f"{base.place}: a span takes one label, got {preview(names)}")
        return []
    return span_labels([Span(start, end, names[0])], base, lambda message: fault(base.question, message))


def _characters(text: str, utf16_offset: int) -> int:
    """Returns the offset in characters for an offset in UTF-16 units, in which browsers count."""
    units = text.encode("utf-16-le", "surrogatepass")[: max(0, utf16_offset) * 2]
    return len(units.decode("utf-16-le", "replace"))


def read_row_list(rows: Sequence[LabeledRow], request: ToolRequest) -> ToolContent:
    """Returns the labels of the rows of a JSON-MIN or CSV export: one annotation per row."""
    content = ToolContent()
    controls = _controls(rows, request)
    details = {NOTE, CONFIDENCE, *request.valued} - set(controls)
    for row in rows:
        number, cells = row.line or 1, row.cells
        place = f"row {number}" + (f" (annotation {cells['annotation_id']})" if cells.get("annotation_id") else "")
        fault = _fault_adder(content, request, number)
        claim = identity_of(
            {
                name: value
                for name, value in cells.items()
                if name not in (*controls, *USED_FIELDS, *details)
                and ("claim_id" not in cells or name not in TASK_FIELDS)
            },
            content,
            request,
        )
        if not claim.get("claim_id") and not claim.get("text"):
            fault("text", f"{place} has neither claim_id nor text; {NO_TEXT}")
            continue
        base = ToolLabel(
            number,
            place,
            claim,
            "",
            (),
            worker=_worker(cells.get("annotator")),
            time=_time(cells),
            document=text_of(cells, request),
            details=_details(cells, details, request),
        )
        answered = [name for name in controls if cells.get(name) not in (None, "", [], {})]
        for name in answered:
            _read_cell(cells[name], replace(base, question=name), content, fault)
        if not answered:
            content.skip("annotations without a result")
    return content


def _details(cells: Mapping[str, Any], names: Collection[str], request: ToolRequest) -> dict[str, Any]:
    """Returns the note, the confidence and the values of a row. In CSV, several texts of a text area are JSON."""
    details: dict[str, Any] = {}
    for name in names:
        if cells.get(name) not in (None, "", [], {}):
            _add_detail(details, name, _decoded(cells[name]), request)
    return details


def _controls(rows: Sequence[LabeledRow], request: ToolRequest) -> list[str]:
    """Returns the columns that are controls: those named like axes or by the request, or else the one that is left."""
    names = list(dict.fromkeys(name for row in rows for name in row.cells))
    asked = {column for name, column in request.columns.items() if name not in IDENTITY}
    scheme_names = {f"{request.scheme.name}.{axis}" for axis in request.axes} if request.scheme else set()
    controls = [name for name in names if name in asked | request.axes | scheme_names]
    others = {*ROW_FIELDS, *TASK_FIELDS, *IDENTITY, NOTE, CONFIDENCE, *request.columns.values()}
    return controls or [name for name in names if name not in others]


def _decoded(cell: Any) -> Any:
    """Returns a cell, and the value of one that is JSON."""
    if isinstance(cell, str) and cell.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            return json.loads(cell)
    return cell


def _read_cell(cell: Any, base: ToolLabel, content: ToolContent, fault: Callable[[str, str], None]) -> None:
    """Adds the labels of a cell: a choice, several choices, or spans. In CSV the last two are JSON."""
    value = _decoded(cell)
    if isinstance(value, dict) and "choices" in value:
        value = value["choices"]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for item in value:
            content.labels += _span_labels(item, base, fault)
        return
    choices = _choices(value, base.question, base, fault)
    if choices:
        content.labels.append(replace(base, choices=tuple(choices), document=None))
