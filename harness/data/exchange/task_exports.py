"""Exports to the tools in which people label: a spreadsheet, Label Studio, doccano and Prodigy."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from harness.data.exchange.export_request import Exported, ExportRequest
from harness.data.exchange.label_studio import labeling_config, studio_tasks
from harness.data.exchange.sheet import sheet_book
from harness.data.exchange.text_tasks import doccano_tasks, flat_labels, prodigy_tasks
from harness.errors import HarnessError

DOCCANO_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
"""Colors of the labels in doccano, in turn."""


def to_sheet(request: ExportRequest) -> Exported:
    """Returns the .xlsx file to label in."""
    if request.path.suffix.lower() != ".xlsx":
        raise HarnessError(f"{request.path}: a sheet is an .xlsx file; give it this suffix")
    data, cut = sheet_book(request.dataset, request.schemes, request.rule, shuffle=not request.labels)
    notes = (
        []
        if request.rule or not request.labels
        else ["no labels are filled in; --gold RULE (single:NAME) fills them in"]
    )
    if cut:
        notes.append("texts longer than a cell can hold are cut; their rows cannot be read back")
    return Exported({request.path: data}, len(request.dataset.current), tuple(notes))


def to_label_studio(request: ExportRequest) -> Exported:
    """Returns the tasks for Label Studio, and its labeling interface next to them."""
    dataset, path, schemes = request.dataset, request.path, request.schemes
    tasks = studio_tasks(dataset, schemes, labels=request.labels, addresses=request.addresses)
    files = {
        path: (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode(),
        path.with_suffix(".xml"): labeling_config(schemes).encode(),
    }
    versions = dict.fromkeys(p["model_version"] for task in tasks for p in task.get("predictions", ()))
    notes = []
    if versions:
        notes.append(
            f"the labels of {', '.join(versions)} come in as pre-annotations; --labeler NAME=EMAIL makes those of "
            "somebody whom Label Studio knows annotations"
        )
    return Exported(files, len(tasks), tuple(notes))


def to_doccano(request: ExportRequest) -> Exported:
    """Returns the tasks for doccano (JSONL), and its labels next to them, which a project imports as they are."""
    tasks = doccano_tasks(request)
    labels = [
        {"text": label, "suffix_key": None, "background_color": color, "text_color": "#ffffff"}
        for label, color in zip(flat_labels(request.schemes), itertools.cycle(DOCCANO_COLORS), strict=False)
    ]
    files = {
        request.path: _json_lines(tasks),
        request.path.with_suffix(".labels.json"): (json.dumps(labels, ensure_ascii=False, indent=1) + "\n").encode(),
    }
    lost = "doccano keeps neither annotators nor times, notes, values and confidence"
    return Exported(files, len(request.dataset.current), (lost,) if request.labels else ())


def to_prodigy(request: ExportRequest) -> Exported:
    """Returns the tasks for Prodigy (JSONL): each annotator's labels of one time are a task of their own."""
    tasks = prodigy_tasks(request)
    multiple = not request.spans and len({label.partition(": ")[0] for label in flat_labels(request.schemes)}) > 1
    notes = ['several questions per task: set "choice_style": "multiple" in prodigy.json'] if multiple else []
    return Exported({request.path: _json_lines(tasks)}, len(request.dataset.current), tuple(notes))


def _json_lines(tasks: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in tasks).encode()
