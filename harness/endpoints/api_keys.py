"""API keys: found in the environment, and hidden in everything that an endpoint sends."""

from __future__ import annotations

import os
import re

from harness.endpoints.calls import Endpoint
from harness.errors import HarnessError

MIN_KEY_LENGTH = 8
"""Length of the shortest API key that is hidden; shorter ones are placeholders that local servers ask for."""


def api_key(endpoint: Endpoint) -> str | None:
    """The key in the environment variable that the endpoint names; None if it names none.

    Raises: HarnessError: the variable is not set, or its value cannot be a key. The message does not show the value.
    """
    variable = key_variable(endpoint)
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise HarnessError(f"{endpoint.name}: the environment variable {variable}, which holds the API key, is not set")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise HarnessError(f"{endpoint.name}: the value of {variable} cannot be an API key; set the variable again")
    return key


def key_variable(endpoint: Endpoint) -> str | None:
    """The environment variable that holds the key: the configured one, or OPENAI_API_KEY for api.openai.com only."""
    # No other host gets OPENAI_API_KEY: a mistyped address must not receive somebody's key.
    if endpoint.api_key_variable is None and endpoint.host == "api.openai.com":
        return "OPENAI_API_KEY"
    return endpoint.api_key_variable


def hide_key(text: str, key: str | None) -> str:
    """The text with the API key replaced, in case the endpoint repeats it."""
    if key is None or len(key) < MIN_KEY_LENGTH:
        return text
    # JSON may write a character as itself, after backslashes, or as \uXXXX, and JSON inside JSON doubles these.
    pattern = "".join(rf"(?:\\*{re.escape(character)}|\\+u(?i:{ord(character):04x}))" for character in key)
    return re.sub(pattern, "[api key]", text)
