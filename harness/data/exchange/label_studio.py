"""Label Studio: a project for the claims of a dataset, one screen per claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from harness.data.dataset import Dataset
from harness.data.exchange.export_request import shared_details, shuffled
from harness.data.exchange.tool_labels import CONFIDENCE, NOTE, VALUE_END
from harness.data.labels.gold import active_annotations
from harness.records import Annotation, Article, Claim
from harness.schemes import Axis, Scheme

CONTEXT = 20_000
"""Characters of the article that a task has on each side of the claim."""
STYLE = (
    ".article {max-height: 40vh; overflow-y: auto; border: 1px solid #ccc; padding: 0 1em; margin: 1em 0;} "
    ".article mark {background: #ffe28a; color: #000; font-weight: bold;}"
)


def _control_name(scheme: Scheme, axis: str) -> str:
    """Returns the name of the control of an axis; the scheme is part of it, since two schemes may share an axis."""
    return f"{scheme.name}.{axis}"


def labeling_config(schemes: Sequence[Scheme]) -> str:
    """Returns the labeling interface (XML).

    It has the claim, the claim highlighted in its article, one set of choices per axis with its definitions as hints, a
    field for the value of each axis that takes one, a note, and a confidence.
    """
    controls = "\n".join(_controls(scheme, axis) for scheme in schemes for axis in scheme.axes)
    area = 'toName="text" maxSubmissions="1" editable="true"'
    return (
        f"<View>\n  <Style>{escape(STYLE)}</Style>\n"
        '  <Header value="$title"/>\n'
        '  <Header value="Label this sentence" size="3"/>\n'
        '  <Text name="text" value="$text" valueType="text" selectionEnabled="false"/>\n'
        '  <View className="article">\n'
        '    <HyperText name="article" value="$article" valueType="text" inline="true" selectionEnabled="false"/>\n'
        f"  </View>\n{controls}\n"
        f'  <Header value="Note" size="6"/>\n  <TextArea name="{NOTE}" {area} rows="2"/>\n'
        '  <Header value="How sure are you, from 0 to 1?" size="6"/>\n'
        f'  <Number name="{CONFIDENCE}" toName="text" min="0" max="1" step="0.05"/>\n</View>\n'
    )


def _controls(scheme: Scheme, axis: Axis) -> str:
    name = escape(_control_name(scheme, axis.name))
    hints = {x.name: " ".join([x.definition, *(f'"{example}"' for example in x.examples)]) for x in axis.labels}
    choices = "".join(_choice(label, hints.get(label, axis.definition or "")) for label in axis.label_names)
    # A feature has the one choice "yes", so leaving it empty must be possible: that is its "no".
    required = "" if axis.feature else ' required="true"'
    lines = [f'  <Header value="{_attribute(axis.question)}"/>']
    if axis.definition:
        lines.append(f'  <Header value="{_attribute(axis.definition)}" size="6"/>')
    attributes = f'name="{name}" toName="text" choice="single" showInline="true"{required}'
    lines.append(f"  <Choices {attributes}>{choices}</Choices>")
    if axis.value:
        lines += [
            f'  <View visibleWhen="choice-selected" whenTagName="{name}">',
            f'    <TextArea name="{name}{VALUE_END}" toName="text" maxSubmissions="1" editable="true" '
            f'placeholder="{_attribute(axis.value)}"/>',
            "  </View>",
        ]
    return "\n".join(lines)


def _choice(label: str, hint: str) -> str:
    hint = _attribute(hint)
    return f'<Choice value="{escape(label)}" hint="{hint}"/>' if hint else f'<Choice value="{escape(label)}"/>'


def _attribute(text: str) -> str:
    return escape(" ".join(text.split()))


def studio_tasks(
    dataset: Dataset, schemes: Sequence[Scheme], *, labels: bool, addresses: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Returns one task per claim, in dataset order with labels and in a shuffled order without them.

    Label Studio refuses a file with an annotation by somebody whom it does not know, so labels are annotations only
    where the address of their annotator is given; the others are predictions, which it shows as pre-annotations.

    Args:
        dataset: dataset whose articles have text.
        schemes: label schemes whose labels are included.
        labels: whether labels are included.
        addresses: email address of an annotator in Label Studio, by name.
    """
    articles = {article.article_id: article for article in dataset.articles}
    by_labeler = _by_labeler(dataset, schemes) if labels else {}
    tasks = []
    for claim in dataset.current:
        article = articles[claim.article_id]
        task: dict[str, Any] = {
            "data": {
                "claim_id": claim.claim_id,
                "title": article.title or "",
                "text": claim.text,
                "article": _highlighted(article, claim),
            }
        }
        if labels:
            task |= {"annotations": [], "predictions": []}
            for (name, role), annotations in by_labeler.get(claim.claim_id, {}).items():
                address = (addresses or {}).get(name)
                if address is None:
                    version = name if role == "label" else f"{name}/{role}"
                    task["predictions"].append({"model_version": version, "result": _results(annotations)})
                else:
                    task["annotations"].append(_annotation(annotations, address, role))
        tasks.append(task)
    return tasks if labels else shuffled(tasks, lambda task: str(task["data"]["claim_id"]))


def _by_labeler(dataset: Dataset, schemes: Sequence[Scheme]) -> dict[str, dict[tuple[str, str], list[Annotation]]]:
    """Returns the labels by claim, then by annotator and role: each are one annotation in Label Studio."""
    control_names = {_control_name(scheme, axis.name) for scheme in schemes for axis in scheme.axes}
    grouped: dict[str, dict[tuple[str, str], list[Annotation]]] = {}
    for a in active_annotations(dataset.annotations):
        if f"{a.scheme}.{a.axis}" in control_names:
            grouped.setdefault(a.claim_id, {}).setdefault((a.annotator, a.role), []).append(a)
    return grouped


def _highlighted(article: Article, claim: Claim) -> str:
    """Returns the text of an article as HTML, with the claim marked; of a long one the part around the claim."""
    text = article.text or ""
    start, end = max(0, claim.start - CONTEXT), min(len(text), claim.end + CONTEXT)
    before = ("... " if start else "") + text[start : claim.start]
    after = text[claim.end : end] + (" ..." if end < len(text) else "")
    marked = f"{escape(before)}<mark>{escape(text[claim.start : claim.end])}</mark>{escape(after)}"
    return marked.replace("\r\n", "\n").replace("\n", "<br>")


def _annotation(annotations: Sequence[Annotation], address: str, role: str) -> dict[str, Any]:
    times = sorted(a.at for a in annotations if a.at)
    dated = {"created_at": times[0], "updated_at": times[-1]} if times else {}
    decided = {"ground_truth": True} if role == "adjudicate" else {}
    return {"completed_by": {"email": address}, **dated, **decided, "result": _results(annotations)}


def _results(annotations: Sequence[Annotation]) -> list[dict[str, Any]]:
    results = []
    for a in annotations:
        results.append(_result(f"{a.scheme}.{a.axis}", "choices", choices=[a.label]))
        if a.value is not None:
            results.append(_result(f"{a.scheme}.{a.axis}{VALUE_END}", "textarea", text=[a.value]))
    note, confidence = shared_details(annotations)
    if note:
        results.append(_result(NOTE, "textarea", text=[note]))
    if confidence is not None:
        results.append(_result(CONFIDENCE, "number", number=confidence))
    return results


def _result(control: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"from_name": control, "to_name": "text", "type": kind, "value": value}
