"""What an endpoint understands of the protocol: how it is told the form of an answer, and whether it gives token
probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

ResponseFormat = Literal["json_schema", "json_object", "text"]
RESPONSE_FORMATS: tuple[ResponseFormat, ...] = ("json_schema", "json_object", "text")
"""The strictest first."""
PROBE = '{"claim": "The bridge is 31 meters long."}'
"""The claim with which an endpoint is tried."""


class EndpointCapabilities(NamedTuple):
    """What an endpoint understands."""

    response_format: ResponseFormat
    token_probabilities: bool


def response_format_parameter(structure: ResponseFormat, labels: Sequence[str]) -> dict[str, Any] | None:
    """The parameter that tells an endpoint the form of an answer; None: the prompt alone tells it."""
    if structure == "text":
        return None
    if structure == "json_object":
        return {"type": "json_object"}
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(labels)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
