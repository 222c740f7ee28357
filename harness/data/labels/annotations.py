"""Creates annotations with an id that depends only on their content."""

from __future__ import annotations

import datetime
import json
from typing import Any

from harness.files import sha256
from harness.records import Annotation, Role, ShownPassage


def new_annotation(
    claim_id: str,
    scheme: str,
    axis: str,
    label: str,
    annotator: str,
    guideline: str,
    *,
    role: Role = "label",
    at: str | None = None,
    value: str | None = None,
    confidence: float | None = None,
    note: str | None = None,
    author: str | None = None,
    url: str | None = None,
    supersedes: str | None = None,
    withdraws: str | None = None,
    shown: tuple[ShownPassage, ...] | None = None,
) -> Annotation:
    """Create an annotation; its id is a digest of all its other fields.

    The same annotation therefore has the same id in every copy of a dataset, and copies can be merged line by line.
    """
    # The order of the fields is part of the id: a change would give the annotations of existing datasets other ids.
    content: list[Any] = [
        claim_id,
        scheme,
        axis,
        label,
        annotator,
        role,
        guideline,
        at,
        value,
        note,
        supersedes,
    ]
    if author is not None or url is not None:
        # The two fields are newer than the ids of annotations without them.
        content += [author, url]
    if confidence is not None:
        content += ["confidence", confidence]
    if withdraws is not None:
        content += ["withdraws", withdraws]
    if shown is not None:
        content += ["shown", [passage.model_dump() for passage in shown]]
    return Annotation(
        annotation_id=sha256(json.dumps(content))[:16],
        claim_id=claim_id,
        scheme=scheme,
        axis=axis,
        label=label,
        annotator=annotator,
        role=role,
        guideline=guideline,
        at=at,
        value=value,
        confidence=confidence,
        note=note,
        author=author,
        url=url,
        supersedes=supersedes,
        withdraws=withdraws,
        shown=shown,
    )


def new_withdrawal(annotation: Annotation, at: str, note: str | None = None) -> Annotation:
    """Returns the line that takes an annotation back, by the same annotator."""
    return new_annotation(
        claim_id=annotation.claim_id,
        scheme=annotation.scheme,
        axis=annotation.axis,
        label=annotation.label,
        annotator=annotation.annotator,
        guideline=annotation.guideline,
        role="withdraw",
        at=at,
        note=note,
        withdraws=annotation.annotation_id,
    )


def question_of(annotation: Annotation) -> tuple[str, str, str, str]:
    """Returns what an annotation answers: claim, scheme, axis and role."""
    return annotation.claim_id, annotation.scheme, annotation.axis, annotation.role


def time_now() -> str:
    """Returns the time in UTC, to the second, in ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
