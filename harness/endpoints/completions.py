"""What every chat completion carries: its first choice, the tokens it took, the error it tells."""

from __future__ import annotations

import json
from typing import Any

SHOWN = 300


MAX_TOKENS = 10**9
"""A reply that says it took more says nothing that can be believed."""


def completion_of(text: str) -> dict[str, Any] | None:
    """The first choice of a chat completion; None where the text is none."""
    try:
        choice = json.loads(text)["choices"][0]
        message = choice["message"]
        content = message.get("content")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return choice if content is None or isinstance(content, str) else None


def tokens_of(text: str) -> int | None:
    """The tokens that a reply says it took, prompt and answer together; None where it says no number that can be."""
    try:
        usage = json.loads(text)["usage"]
        counted = usage.get("total_tokens", usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return counted if type(counted) is int and 0 < counted <= MAX_TOKENS else None


def error_summary(text: str) -> str:
    """The message that an error carries, or the beginning of whatever it is, on one line in quotes."""
    try:
        error = json.loads(text)["error"]
        text = error["message"] if isinstance(error, dict) else str(error)
    except (ValueError, RecursionError, LookupError, TypeError):
        pass
    line = " ".join(str(text).split())
    printable = "".join(mark if mark.isprintable() else "\ufffd" for mark in line)
    return repr(printable if len(printable) <= SHOWN else printable[:SHOWN] + "...")
