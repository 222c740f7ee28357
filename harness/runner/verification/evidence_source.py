"""The `evidence` setting of a verdict experiment: which passages a classifier is shown with each claim."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from harness.errors import HarnessError
from harness.records import Record, explain_validation, preview
from harness.retrieval import checked_retriever

CLAIM_ONLY = "claim only"
"""Name of the source that shows nothing."""
ALLOWED = "gold, none, {retriever: NAME, k: 5} or {file: RUN_FILE, k: 5}"
Included = Literal["later", "fact-check"]
"""Passages that are left out unless they are let in: published after the claim; of the page that gave the verdict."""


class RankedEvidence(Record):
    """The first passages of a ranking for each claim."""

    k: int = Field(default=5, ge=1)
    """Number of passages per claim."""
    include: tuple[Included, ...] = ()
    """Passages to let in: those published after the claim, those of the fact-check that gave the verdict."""


class FoundEvidence(RankedEvidence):
    """The passages that a retriever ranks first for the text or the statement of the claim."""

    retriever: str
    """Name of the retriever."""
    settings: dict[str, Any] = Field(default_factory=dict, validate_default=True)
    """Settings of the retriever."""
    query: Literal["text", "statement"] = "text"
    """What is looked for: the text of the claim, or its statement, which stands alone; the text where there is none."""
    statements: str | None = None
    """File of statements to look for, as the stage `normalize` of a chain writes it; default: those of the dataset."""

    @field_validator("settings")
    @classmethod
    def _can_be_built(cls, settings: dict[str, Any], info: Any) -> dict[str, Any]:
        if "retriever" in info.data:
            try:
                checked_retriever(info.data["retriever"], settings)
            except HarnessError as error:
                raise ValueError(str(error)) from None
        return settings


class FileEvidence(RankedEvidence):
    """The passages that a TREC run file ranks first for the claim."""

    file: str
    """Path of the run file: claim_id, Q0, passage_id, rank, score, name."""


EvidenceSetting = Literal["gold", "none"] | FoundEvidence | FileEvidence
"""One value of `evidence` in a config."""


class Defaults(Record):
    """Settings that hold for every classifier that does not set them itself."""

    evidence: EvidenceSetting = "gold"
    """Evidence that classifiers are shown."""


def evidence_name(source: EvidenceSetting) -> str:
    """The name of a source in the names of systems; gold evidence is marked as what no real system has."""
    if isinstance(source, str):
        return {"gold": "gold (oracle)", "none": CLAIM_ONLY}[source]
    included = "".join(f",with {kind}" for kind in source.include)
    if isinstance(source, FileEvidence):
        return f"{source.file.rpartition('/')[2]}@{source.k}{included}"
    settings = "".join(f",{key}={_setting_text(value)}" for key, value in source.settings.items())
    query = "" if source.query == "text" else f",query={source.query}"
    return f"{source.retriever}@{source.k}{settings}{query}{included}"


def _setting_text(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(_setting_text, value))
    return str(value.get("name", value)) if isinstance(value, Mapping) else str(value)


def evidence_key(source: EvidenceSetting) -> str:
    """A text that two sources share only if they are the same; names of files can be the same in two folders."""
    return source if isinstance(source, str) else source.model_dump_json()


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
    if not isinstance(each, list) or not each:
        raise HarnessError(f"expected a list under 'each', got {preview(each)}")
    return tuple(_read_source(item) for item in each)


def _read_source(value: Any) -> EvidenceSetting:
    kind: Any = Literal["gold", "none"]
    if isinstance(value, Mapping) and ("retriever" in value) != ("file" in value):
        kind = FoundEvidence if "retriever" in value else FileEvidence
    adapter: TypeAdapter[EvidenceSetting] = TypeAdapter(kind)
    try:
        return adapter.validate_json(json.dumps(value, default=str))
    except ValidationError as error:
        if not isinstance(value, Mapping) or kind not in (FoundEvidence, FileEvidence):
            raise HarnessError(f"expected {ALLOWED}, got {preview(value)}") from None
        problems = (f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error))
        raise HarnessError("; ".join(problems)) from None
