"""Label Studio: tasks and a labeling interface for the claims of a dataset, and labels from an export."""

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
from harness.records import preview
from harness.schemes import Scheme


def _control_name(scheme: Scheme, axis: str) -> str:
    """Returns the name of the control of an axis; the scheme is part of it, since two schemes may share an axis."""
    return f"{scheme.name}.{axis}"


def labeling_config(schemes: Sequence[Scheme]) -> str:
    """Returns the labeling interface (XML): the claim in its context, and one set of choices per axis."""
    controls = []
    for scheme in schemes:
        for axis in scheme.axes:
            choices = "".join(f'<Choice value="{escape(label)}"/>' for label in axis.label_names)
            attributes = f'name="{escape(_control_name(scheme, axis.name))}" toName="text" choice="single"'
            # A feature has the one choice "yes", so leaving it empty must be possible: that is its "no".
            required = "" if axis.feature else ' required="true"'
            controls.append(
                f'  <Header value="{escape(axis.question)}"/>\n'
                f'  <Choices {attributes} showInline="true"{required}>{choices}</Choices>'
            )
    body = "\n".join(controls)
    return (
        '<View>\n  <Header value="$title"/>\n  <Text name="before" value="$before"/>\n'
        '  <Text name="text" value="$text"/>\n  <Text name="after" value="$after"/>\n'
        f"{body}\n</View>\n"
    )


def studio_tasks(dataset: Dataset, schemes: Sequence[Scheme], *, labels: bool) -> list[dict[str, Any]]:
    """Returns one task per claim, in dataset order with labels and in a shuffled order without them.

    Args:
        dataset: dataset whose articles have text.
        schemes: label schemes whose labels are included.
        labels: whether labels are included, those of one annotator as one annotation.
    """
    table = dataset.table()
    # By claim, then by annotator: Label Studio stores the labels of one annotator for one task as one annotation.
    by_annotator: dict[str, dict[str, list[Any]]] = {}
    control_names = {_control_name(scheme, axis.name) for scheme in schemes for axis in scheme.axes}
    for annotation in active_annotations(dataset.annotations) if labels else ():
        if f"{annotation.scheme}.{annotation.axis}" in control_names:
            by_annotator.setdefault(annotation.claim_id, {}).setdefault(annotation.annotator, []).append(annotation)
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
                {"completed_by": {"email": annotator}, "result": [_result(annotation) for annotation in annotations]}
                for annotator, annotations in by_annotator.get(claim_id, {}).items()
            ]
        tasks.append(task)
    if not labels:
        # A hash of the id shuffles repeatably: the order of a blind pass must not hint at the labels, and a second
        # export must give the same order.
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
    """Returns the rows of an export for `add_claims`, by labeler.

    Args:
        path: file that Label Studio writes under Export > JSON.
        scheme: label scheme whose controls are read; a control without a scheme in its name counts as one of them.
    Raises: FaultsError: the file is not such an export, or has no labels of the scheme; names each invalid task.
    """
    try:
        tasks = json.loads(decode(read_bytes(path), path))
    except (ValueError, RecursionError) as error:
        raise FaultsError.single(path, f"is not JSON: {getattr(error, 'msg', error)}") from None
    if not isinstance(tasks, list):
        raise FaultsError.single(path, "expected a list of tasks, as written by Export > JSON in Label Studio")
    rows: dict[str, list[dict[str, Any]]] = {}
    faults = []
    for number, task in enumerate(tasks, start=1):
        data = task.get("data") if isinstance(task, dict) else None
        claim_id = data.get("claim_id") if isinstance(data, dict) else None
        if not isinstance(claim_id, str):
            faults.append(
                Fault(
                    str(path),
                    number,
                    "data.claim_id",
                    "is missing; create the tasks with harness export",
                )
            )
            continue
        annotations = task.get("annotations") or []
        if not isinstance(annotations, list):
            faults.append(Fault(str(path), number, "annotations", f"expected a list, got {preview(annotations)}"))
            continue
        for annotation in annotations:
            labels = _labels(annotation, scheme) if isinstance(annotation, dict) else {}
            # Label Studio exports skipped tasks too, as cancelled annotations.
            if labels and not annotation.get("was_cancelled"):
                rows.setdefault(_labeler(annotation), []).append({"claim_id": claim_id} | labels)
    if not faults and not rows:
        faults.append(Fault(str(path), None, None, f"has no labels under scheme '{scheme}'"))
    if faults:
        raise FaultsError(faults)
    return rows


def _labeler(annotation: dict[str, Any]) -> str:
    """Returns the labeler's email address or number, whichever the export contains."""
    labeler = annotation.get("completed_by")
    if isinstance(labeler, dict):
        labeler = labeler.get("email") or labeler.get("id")
    # A missing labeler counts as user 1, the first user of every Label Studio installation.
    return str(labeler if labeler is not None else 1)


def _labels(annotation: dict[str, Any], scheme: str) -> dict[str, str]:
    """Returns the labels of one annotation by axis; results that are not choices of the scheme are skipped."""
    labels = {}
    results = annotation.get("result")
    for result in results if isinstance(results, list) else ():
        value = result.get("value") if isinstance(result, dict) else None
        choices = value.get("choices") if isinstance(value, dict) else None
        control = str(result.get("from_name")) if isinstance(result, dict) else ""
        control_scheme, dot, axis = control.rpartition(".")
        if isinstance(choices, list) and choices and (control_scheme == scheme or not dot):
            labels[axis] = str(choices[0])
    return labels
