"""Reads the parts of a chat completion: its first choice, its token count, its error message."""

from __future__ import annotations

import json
from typing import Any

MAX_SUMMARY_LENGTH = 300
"""Characters of an endpoint's text that a message quotes."""
MAX_TOKENS = 10**9
"""Token counts above this are treated as wrong."""


def first_choice(text: str) -> dict[str, Any] | None:
    """The first choice of a chat completion; None if the text is not a chat completion."""
    try:
        choice = json.loads(text)["choices"][0]
        message = choice["message"]
        content = message.get("content")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return choice if content is None or isinstance(content, str) else None


def reported_tokens(text: str) -> int | None:
    """The tokens that a reply reports, prompt and answer together; None if it reports no plausible number."""
    try:
        usage = json.loads(text)["usage"]
        n_tokens = usage.get("total_tokens", usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    # `type`, not `isinstance`: JSON's `true` is an int to Python.
    return n_tokens if type(n_tokens) is int and 0 < n_tokens <= MAX_TOKENS else None


def error_summary(text: str) -> str:
    """The message of an error reply, or the beginning of any other text; on one line, in quotes."""
    try:
        error = json.loads(text)["error"]
        text = error["message"] if isinstance(error, dict) else str(error)
    except (ValueError, RecursionError, LookupError, TypeError):
        pass
    line = " ".join(str(text).split())
    # An endpoint must not be able to send control sequences to the user's terminal.
    printable = "".join(character if character.isprintable() else "\ufffd" for character in line)
    return repr(printable if len(printable) <= MAX_SUMMARY_LENGTH else printable[:MAX_SUMMARY_LENGTH] + "...")
