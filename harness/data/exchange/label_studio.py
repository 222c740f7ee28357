"""Label Studio: tasks and a labeling interface for the claims of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape
from typing import Any

from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations
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
        '<View>\n  <Header value="$title"/>\n'
        '  <Header value="Before" size="6"/>\n  <Text name="before" value="$before"/>\n'
        '  <Header value="Label this sentence" size="3"/>\n  <Text name="text" value="$text"/>\n'
        '  <Header value="After" size="6"/>\n  <Text name="after" value="$after"/>\n'
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
