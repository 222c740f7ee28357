"""The `evidence` setting of a verdict experiment: which passages a classifier is shown with each claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.records import Record, preview

CLAIM_ONLY = "claim only"
"""Name of the source that shows nothing."""
EVIDENCE_PROBE = "evidence_only"
"""Classifier that sees the passages alone: what it predicts better than chance, the evidence gives away."""
ALLOWED = "gold, none, {retriever: NAME, k: 5} or {file: RUN_FILE, k: 5}"


class FoundEvidence(Record):
    """The passages that a retriever ranks first for the text of the claim."""

    retriever: str
    """Name of the retriever."""
    k: int = Field(default=5, ge=1)
    """Number of passages per claim."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the retriever."""
    include: tuple[Literal["later", "fact-check"], ...] = ()
    """Passages to let in: those published after the claim, those of the fact-check that gave the verdict."""


class FileEvidence(Record):
    """The passages that a TREC run file ranks first for the claim."""

    file: str
    """Path of the run file: claim_id, Q0, passage_id, rank, score, name."""
    k: int = Field(default=5, ge=1)
    """Number of passages per claim."""


EvidenceSetting = Literal["gold", "none"] | FoundEvidence | FileEvidence
"""One value of `evidence` in a config."""


class Defaults(Record):
    """Settings that hold for every classifier that does not set them itself."""

    evidence: EvidenceSetting = "gold"
    """Evidence that classifiers are shown."""


def evidence_name(source: EvidenceSetting) -> str:
    """The name of a source in the names of systems; gold evidence is marked as what no real system has."""
    if source == "gold":
        return "gold (oracle)"
    if source == "none":
        return CLAIM_ONLY
    if isinstance(source, FileEvidence):
        return f"{source.file.rpartition('/')[2]}@{source.k}"
    assert isinstance(source, FoundEvidence)  # noqa: S101 - the only kind left
    settings = "".join(f",{key}={value}" for key, value in source.settings.items())
    included = "".join(f",with {kind}" for kind in source.include)
    return f"{source.retriever}@{source.k}{settings}{included}"


def read_sources(value: Any, default: EvidenceSetting) -> tuple[EvidenceSetting, ...]:
    """The sources of one classifier: one, or several by `{each: [...]}`.

    Args:
        value: the value in the config; None: the default.
        default: source of the classifiers that name none.
    Raises: HarnessError: a value is no source; the message lists what is allowed.
    """
    if value is None:
        return (default,)
    each = value["each"] if isinstance(value, Mapping) and set(value) == {"each"} else [value]
    if not isinstance(each, Sequence) or isinstance(each, str) or not each:
        raise HarnessError(f"expected a list under 'each', got {preview(each)}")
    return tuple(_read_source(item) for item in each)


def _read_source(value: Any) -> EvidenceSetting:
    adapter: TypeAdapter[EvidenceSetting] = TypeAdapter(EvidenceSetting)
    try:
        return adapter.validate_json(json.dumps(value))
    except (ValidationError, TypeError):
        raise HarnessError(f"expected {ALLOWED}, got {preview(value)}") from None
