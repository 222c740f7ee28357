"""What an endpoint supports: response formats and token probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from harness.display import displayed

ResponseFormat = Literal["json_schema", "json_object", "text"]
RESPONSE_FORMATS: tuple[ResponseFormat, ...] = ("json_schema", "json_object", "text")
"""Response formats, the strictest first."""
PROBE = '{"claim": "The bridge is 31 meters long."}'
"""Claim of the trial requests that find out what an endpoint supports."""


@displayed
class EndpointCapabilities(NamedTuple):
    """The response format and the token probabilities that an endpoint supports."""

    response_format: ResponseFormat
    token_probabilities: bool


def response_format_parameter(response_format: ResponseFormat, labels: Sequence[str]) -> dict[str, Any] | None:
    """The `response_format` parameter of a request; None: only the prompt describes the format."""
    if response_format == "text":
        return None
    if response_format == "json_object":
        return {"type": "json_object"}
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(labels)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
