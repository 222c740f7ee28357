"""doccano and Prodigy: tasks that are a claim with its labels, or an article with its claims as marked spans.

Both tools have one flat list of labels, so a label of several questions says which one it answers: `checkable: yes`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.data.exchange.export_request import ExportRequest, shuffled
from harness.data.exchange.tool_labels import CONFIDENCE, FLAT, NOTE, VALUE_END, parse_time
from harness.data.labels.gold import active_annotations, gold_labels
from harness.records import Annotation, Article, Claim
from harness.schemes import Scheme


class _Given(NamedTuple):
    """Labels of one annotator (or of a gold rule) for one claim."""

    labels: tuple[str, ...]
    """As the tool has them."""
    annotator: str | None = None
    at: str | None = None
    details: Mapping[str, Any] = {}
    """Note, confidence, and values by `AXIS.value`."""


def flat_labels(schemes: Sequence[Scheme]) -> list[str]:
    """Returns all labels as the tools have them: with their axis if there are several, and their scheme likewise."""
    return [
        _flat(schemes, scheme.name, axis.name, label)
        for scheme in schemes
        for axis in scheme.axes
        for label in axis.label_names
    ]


def _flat(schemes: Sequence[Scheme], scheme: str, axis: str, label: str) -> str:
    if len(schemes) > 1:
        return f"{scheme}.{axis}{FLAT}{label}"
    return f"{axis}{FLAT}{label}" if len(schemes[0].axes) > 1 else label


def doccano_tasks(request: ExportRequest) -> list[dict[str, Any]]:
    """Returns one task per claim, or per article with its claims as spans; labels are gold by the rule."""
    given = _gold(request) if request.labels else {}
    if not request.spans:
        tasks: list[dict[str, Any]] = [
            {"text": claim.text, "label": [x for one in given.get(claim.claim_id, ()) for x in one.labels]}
            | {"claim_id": claim.claim_id}
            for claim in request.dataset.current
        ]
        return tasks if request.labels else shuffled(tasks, lambda task: str(task["claim_id"]))
    tasks = [
        {
            "text": article.text,
            "label": [
                [claim.start, claim.end, label]
                for claim in claims
                for one in given.get(claim.claim_id, ())
                for label in one.labels
            ],
            "article_id": article.article_id,
        }
        for article, claims in _articles(request)
    ]
    return tasks if request.labels else shuffled(tasks, lambda task: str(task["article_id"]))


def prodigy_tasks(request: ExportRequest) -> list[dict[str, Any]]:
    """Returns one task per claim, annotator and time, or per article and annotator with its claims as spans."""
    given: Mapping[str, Sequence[_Given]] = {}
    if request.labels:
        rule = request.rule or ""
        given = _own(request) if not rule or rule.startswith("single:") else _gold(request)
    if request.spans:
        tasks = [task for article, claims in _articles(request) for task in _span_tasks(article, claims, given)]
        return tasks if request.labels else shuffled(tasks, lambda task: str(task["article_id"]))
    options = [{"id": label, "text": label} for label in flat_labels(request.schemes)]
    tasks = []
    for claim in request.dataset.current:
        task = {"text": claim.text, "options": options, "claim_id": claim.claim_id, "_view_id": "choice"}
        tasks += [_answered(task | {"accept": list(one.labels)}, one) for one in given.get(claim.claim_id, ())] or [
            task
        ]
    return tasks if request.labels else shuffled(tasks, lambda task: str(task["claim_id"]))


def _span_tasks(
    article: Article, claims: Sequence[Claim], given: Mapping[str, Sequence[_Given]]
) -> Iterator[dict[str, Any]]:
    """Yields the tasks of an article: one per annotator, whose time is that of the newest label."""
    task = {"text": article.text, "article_id": article.article_id, "_view_id": "spans_manual"}
    by_annotator: dict[str | None, list[tuple[Claim, _Given]]] = {}
    for claim in claims:
        for one in given.get(claim.claim_id, ()):
            by_annotator.setdefault(one.annotator, []).append((claim, one))
    if not by_annotator:
        yield task | {"spans": []}
    for annotator, marked in by_annotator.items():
        spans = [
            {"start": claim.start, "end": claim.end, "label": label} | _dated(one)
            for claim, one in marked
            for label in one.labels
        ]
        newest = max((one.at for _, one in marked if one.at), key=lambda at: parse_time(at) or _START, default=None)
        yield _answered(task | {"spans": spans}, _Given((), annotator, newest))


def _dated(given: _Given) -> dict[str, Any]:
    return {**({"at": given.at} if given.at else {}), **given.details}


_START = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _answered(task: Mapping[str, Any], given: _Given) -> dict[str, Any]:
    who = {"_annotator_id": given.annotator, "_session_id": given.annotator} if given.annotator else {}
    time = parse_time(given.at)
    return {
        **task,
        "answer": "accept",
        **who,
        **({"_timestamp": int(time.timestamp())} if time else {}),
        **given.details,
    }


def _articles(request: ExportRequest) -> Iterator[tuple[Article, list[Claim]]]:
    """Yields the articles that have current claims, each with these."""
    by_article: dict[str, list[Claim]] = {}
    for claim in request.dataset.current:
        by_article.setdefault(claim.article_id, []).append(claim)
    for article in request.dataset.articles:
        if article.article_id in by_article:
            yield article, by_article[article.article_id]


def _gold(request: ExportRequest) -> dict[str, list[_Given]]:
    """Returns the gold labels by claim."""
    labels: dict[str, list[str]] = {}
    for scheme in request.schemes:
        for axis in scheme.axes:
            gold = gold_labels(request.dataset.annotations, scheme.name, axis.name, request.gold).labels
            for claim_id, label in gold.names.items():
                flat = _flat(request.schemes, scheme.name, axis.name, label)
                labels.setdefault(claim_id, []).append(flat)
    return {claim_id: [_Given(tuple(own))] for claim_id, own in labels.items()}


def _own(request: ExportRequest) -> dict[str, list[_Given]]:
    """Returns the labels of annotators by claim, those of one time, note and confidence together."""
    annotator = (request.rule or "").partition(":")[2]
    known = {(scheme.name, axis.name) for scheme in request.schemes for axis in scheme.axes}
    groups: dict[str, dict[tuple[Any, ...], list[Annotation]]] = {}
    for a in active_annotations(request.dataset.annotations):
        if a.role == "label" and (a.scheme, a.axis) in known and annotator in ("", a.annotator):
            key = (a.annotator, a.at, a.note, a.confidence)
            groups.setdefault(a.claim_id, {}).setdefault(key, []).append(a)
    return {
        claim_id: [_given(request.schemes, annotations) for annotations in own.values()]
        for claim_id, own in groups.items()
    }


def _given(schemes: Sequence[Scheme], annotations: Iterable[Annotation]) -> _Given:
    own = list(annotations)
    details: dict[str, Any] = {f"{a.axis}{VALUE_END}": a.value for a in own if a.value is not None}
    details |= {NOTE: own[0].note} if own[0].note else {}
    details |= {CONFIDENCE: own[0].confidence} if own[0].confidence is not None else {}
    labels = tuple(_flat(schemes, a.scheme, a.axis, a.label) for a in own)
    return _Given(labels, own[0].annotator, own[0].at, details)
