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
PROBE_WITH_PASSAGES = '{"claim": "The bridge is 31 meters long.", "passages": {"1": "The bridge spans 31 m."}}'
"""The same where claims are sent with passages."""


@displayed
class EndpointCapabilities(NamedTuple):
    """The response format and the token probabilities that an endpoint supports."""

    response_format: ResponseFormat
    token_probabilities: bool


QUOTES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"passage": {"type": "integer"}, "quote": {"type": "string"}},
        "required": ["passage", "quote"],
        "additionalProperties": False,
    },
}
"""JSON Schema of the quotes in an answer about passages."""


def response_format_parameter(
    response_format: ResponseFormat, labels: Sequence[str], *, passages: bool = False
) -> dict[str, Any] | None:
    """The `response_format` parameter of a request; None: only the prompt describes the format.

    Args:
        response_format: the format that the endpoint supports.
        labels: the allowed labels.
        passages: whether passages are shown, so that the answer is a verdict with quotes, not a label.
    """
    if response_format == "text":
        return None
    if response_format == "json_object":
        return {"type": "json_object"}
    label = {"type": "string", "enum": list(labels)}
    properties = {"quotes": QUOTES, "verdict": label} if passages else {"label": label}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
