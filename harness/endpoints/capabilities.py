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


PROBABILITIES = ("logprobs", "top_logprobs")
"""Parameters that ask for token probabilities."""


@displayed
class EndpointCapabilities(NamedTuple):
    """The response format and the token probabilities that an endpoint supports, and what it refuses."""

    response_format: ResponseFormat
    token_probabilities: bool
    refused: tuple[str, ...] = ()
    """Parameters that it refuses and names, in the order of their names."""
    thinks: bool = False
    """Whether the model thinks before it answers."""
    enforced: bool | None = None
    """Whether the trial answer followed the response format, which its prompt contradicts; None: unknown."""

    def adapt(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a request without those that the endpoint refuses; max_tokens is sent by its newer name."""
        adapted = {name: value for name, value in parameters.items() if name not in self.refused}
        if "max_tokens" in parameters and "max_tokens" in self.refused:
            adapted["max_completion_tokens"] = parameters["max_tokens"]
        return adapted

    def summary(self) -> str:
        """What was chosen, for a result."""
        enforced = {True: "", False: " (accepted, not enforced)", None: " (accepted, not checked)"}[self.enforced]
        parts = [self.response_format + ("" if self.response_format == "text" else enforced)]
        if "max_tokens" in self.refused:
            parts.append("max_tokens sent as max_completion_tokens")
        left_out = [name for name in self.refused if name != "max_tokens"]
        parts += [f"refused by the endpoint: {' and '.join(left_out)}"] if left_out else []
        return ", ".join(parts)


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
