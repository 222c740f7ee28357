"""New annotations, with the id that makes two branches agree."""

from __future__ import annotations

import json

from harness.files import sha256
from harness.records import Annotation, Role


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
    note: str | None = None,
    supersedes: str | None = None,
) -> Annotation:
    """An annotation with its id, a digest over everything it says, so that two branches never disagree."""
    said = (claim_id, scheme, axis, label, annotator, role, guideline, at, value, note, supersedes)
    return Annotation(
        annotation_id=sha256(json.dumps(said))[:16],
        claim_id=claim_id,
        scheme=scheme,
        axis=axis,
        label=label,
        annotator=annotator,
        role=role,
        guideline=guideline,
        at=at,
        value=value,
        note=note,
        supersedes=supersedes,
    )
