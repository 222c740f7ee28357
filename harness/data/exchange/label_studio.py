"""Label Studio: claims as tasks with a labelling interface, and its exports as labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations
from harness.errors import Fault, FaultsError
from harness.files import decode, read_bytes
from harness.schemes import Scheme


def _name(scheme: Scheme, axis: str) -> str:
    """The name of a control: scheme and axis."""
    return f"{scheme.name}.{axis}"


def labelling_config(schemes: Sequence[Scheme]) -> str:
    """The labelling interface: the claim in its context, and each axis as choices, features as one choice each."""
    controls = []
    for scheme in schemes:
        for axis in scheme.axes:
            choices = "".join(f'<Choice value="{escape(label)}"/>' for label in axis.label_names)
            name, question = escape(_name(scheme, axis.name)), escape(axis.question)
            needed = "" if axis.feature else ' required="true"'
            controls.append(
                f'  <Header value="{question}"/>\n'
                f'  <Choices name="{name}" toName="text" choice="single" showInline="true"{needed}>{choices}</Choices>'
            )
    body = "\n".join(controls)
    return (
        '<View>\n  <Header value="$title"/>\n  <Text name="before" value="$before"/>\n'
        '  <Text name="text" value="$text"/>\n  <Text name="after" value="$after"/>\n'
        f"{body}\n</View>\n"
    )


def studio_tasks(dataset: Dataset, schemes: Sequence[Scheme], *, labels: bool) -> list[dict[str, Any]]:
    """One task a claim. Without labels they are in an order drawn from the claims' ids, so that it gives nothing away.

    Args:
        dataset: brought to life.
        schemes: those whose labels go along.
        labels: whether labels go along, each annotator's as one annotation.
    """
    table = dataset.table()
    given: dict[str, dict[str, list[Any]]] = {}
    known = {_name(scheme, axis.name) for scheme in schemes for axis in scheme.axes}
    for annotation in active_annotations(dataset.annotations) if labels else ():
        if f"{annotation.scheme}.{annotation.axis}" in known:
            given.setdefault(annotation.claim_id, {}).setdefault(annotation.annotator, []).append(annotation)
    tasks = []
    for row, claim_id in enumerate(table.claim_id):
        data = {
            "claim_id": claim_id,
            "title": table.title[row] or "",
            "before": table.previous[row],
            "text": table.text[row],
            "after": table.next[row],
        }
        task: dict[str, Any] = {"data": data}
        if labels:
            task["annotations"] = [
                {"completed_by": {"email": annotator}, "result": [_result(annotation) for annotation in found]}
                for annotator, found in given.get(claim_id, {}).items()
            ]
        tasks.append(task)
    if not labels:
        tasks.sort(key=lambda task: hashlib.sha256(str(task["data"]["claim_id"]).encode()).hexdigest())
    return tasks


def _result(annotation: Any) -> dict[str, Any]:
    return {
        "from_name": f"{annotation.scheme}.{annotation.axis}",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [annotation.label]},
    }


def read_studio(path: Path, scheme: str) -> dict[str, list[dict[str, Any]]]:
    """Rows for `add_claims` from an export (JSON), by the worker who labelled.

    Args:
        path: the export, as `Export > JSON` gives it.
        scheme: of the controls to read; a control without a scheme's name before it is taken for an axis of it.
    Raises: FaultsError: it is no such export, with the number of each task that is wrong.
    """
    try:
        tasks = json.loads(decode(read_bytes(path), path))
    except (ValueError, RecursionError) as error:
        raise FaultsError.single(path, f"is not JSON: {getattr(error, 'msg', error)}") from None
    if not isinstance(tasks, list):
        raise FaultsError.single(path, "expected a list of tasks, as Label Studio exports them under JSON")
    rows: dict[str, list[dict[str, Any]]] = {}
    faults = []
    for number, task in enumerate(tasks, start=1):
        data = task.get("data") if isinstance(task, dict) else None
        claim_id = data.get("claim_id") if isinstance(data, dict) else None
        if not isinstance(claim_id, str):
            faults.append(Fault(str(path), number, "data.claim_id", "is missing; export the tasks with harness export"))
            continue
        for annotation in task.get("annotations") or ():
            labels = _labels(annotation, scheme) if isinstance(annotation, dict) else {}
            if labels and not annotation.get("was_cancelled"):
                rows.setdefault(_labeler(annotation), []).append({"claim_id": claim_id} | labels)
    if not faults and not rows:
        faults.append(Fault(str(path), None, None, f"has no labels under scheme '{scheme}'"))
    if faults:
        raise FaultsError(faults)
    return rows


def _labeler(annotation: dict[str, Any]) -> str:
    """A worker's number or address, as the export names it."""
    by = annotation.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return str(by if by is not None else 1)


def _labels(annotation: dict[str, Any], scheme: str) -> dict[str, str]:
    labels = {}
    for result in annotation.get("result") or ():
        value = result.get("value") if isinstance(result, dict) else None
        choices = value.get("choices") if isinstance(value, dict) else None
        control = str(result.get("from_name")) if isinstance(result, dict) else ""
        named, dot, axis = control.rpartition(".")
        if isinstance(choices, list) and choices and (named == scheme or not dot):
            labels[axis] = str(choices[0])
    return labels
