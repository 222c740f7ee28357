"""Reads the parts of a chat completion: its first choice, its thoughts, its token count, its error message."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.endpoints.thoughts import field_thoughts, message_parts

MAX_SUMMARY_LENGTH = 300
"""Characters of an endpoint's text that a message quotes."""
ERROR_FIELDS = ("error", "errors", "detail", "message", "msg", "error_description", "reason", "title")
"""Fields of an error reply that hold its message, the first one first."""
MAX_TOKENS = 10**9
"""Token counts above this are treated as wrong."""


def first_choice(text: str) -> dict[str, Any] | None:
    """The first choice of a chat completion, whose content is the answer alone; None if the text is no completion.

    The thoughts before the answer, in parts of the content, or in fields of their own are under `thoughts` of its
    message.
    """
    try:
        choice: dict[str, Any] = json.loads(text)["choices"][0]
        message: dict[str, Any] = choice["message"]
        parts = message_parts(message.get("content"))
        if parts is None:
            return None
        thoughts, answer = parts
        refusals = [message.get("refusal"), *(part.get("refusal") for part in _parts(message))]
        own = {"content": answer, "thoughts": field_thoughts(message) + thoughts, "refusal": any(refusals)}
        return choice | {"message": message | own}
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def has_thoughts(text: str) -> bool:
    """Whether the model thought before it answered: the reply has thoughts, or counts their tokens."""
    choice = first_choice(text)
    if choice is not None and choice["message"]["thoughts"].strip():
        return True
    try:
        usage = json.loads(text)["usage"]
        counts = (usage, usage.get("completion_tokens_details") or {})
        return any((count.get("reasoning_tokens") or 0) > 0 for count in counts)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return False


def is_cut_off(choice: dict[str, Any]) -> bool:
    """Whether a choice ended at a limit of tokens: `length`, or the words of other protocols."""
    return str(choice.get("finish_reason")).lower() in ("length", "max_tokens", "model_length")


class TokenCounts(NamedTuple):
    """The tokens of a call."""

    input: int
    """Tokens of the prompt, cached ones included."""
    output: int
    """Tokens of the answer, thoughts included."""
    cached: int = 0
    """Tokens of the prompt that the endpoint had cached."""
    written: int = 0
    """Tokens of the prompt that the endpoint wrote to its cache."""
    reasoning: int = 0
    """Tokens of thoughts."""


CACHED_COUNTS = ("cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens", "cache_read_input_tokens")
"""Counts of cached tokens of a prompt: of OpenAI and most others, DeepSeek, Mistral, Anthropic."""
WRITTEN_COUNTS = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
"""Counts of tokens that were written to a cache."""


def token_counts(text: str) -> TokenCounts | None:
    """The tokens that a reply reports; None if it reports none, or no plausible ones."""
    try:
        usage = dict(json.loads(text)["usage"])
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    prompts = [usage, *_details(usage, "prompt_tokens_details"), *_details(usage, "input_tokens_details")]
    answers = [usage, *_details(usage, "completion_tokens_details"), *_details(usage, "output_tokens_details")]
    n_input, n_output = (
        _count(usage, "prompt_tokens", "input_tokens"),
        _count(usage, "completion_tokens", "output_tokens"),
    )
    total = _count(usage, "total_tokens")
    # Some endpoints do not count thoughts among the completion's tokens, but bill them: the total has them.
    n_output = max(n_output, total - n_input) if n_input else n_output or total
    if not 0 < n_input + n_output <= MAX_TOKENS:
        return None
    cached, written = (
        min(n_input, max(_count(part, *names) for part in prompts)) for names in (CACHED_COUNTS, WRITTEN_COUNTS)
    )
    reasoning = min(n_output, max(_count(part, "reasoning_tokens") for part in answers))
    return TokenCounts(n_input, n_output, cached, min(written, n_input - cached), reasoning)


def _details(usage: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The details of a count: an object, or a list of objects."""
    details = usage.get(name)
    return [part for part in (details if isinstance(details, list) else [details]) if isinstance(part, dict)]


def _count(counts: Mapping[str, Any], *names: str) -> int:
    """The first of some counts that is there; 0 without one. `type`, because JSON's `true` is an int to Python."""
    given = (counts.get(name) for name in names)
    return next((count for count in given if type(count) is int and count >= 0), 0)


def reported_tokens(text: str) -> int | None:
    """The tokens that a reply reports, prompt and answer together; None if it reports no plausible number."""
    counts = token_counts(text)
    return None if counts is None else counts.input + counts.output


def error_summary(text: str) -> str:
    """The message of an error reply, or the beginning of any other text; on one line, in quotes."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    line = " ".join((_error_text(document) or _plain_text(text)).split())
    # An endpoint must not be able to send control sequences to the user's terminal.
    printable = "".join(character if character.isprintable() else "\ufffd" for character in line)
    return repr(printable if len(printable) <= MAX_SUMMARY_LENGTH else printable[:MAX_SUMMARY_LENGTH] + "...")


def _error_text(value: Any) -> str:
    """The message of an error: an object, a text, or a list of these, in a field of an object or alone; else empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return _error_text(value[0]) or json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        texts = (_error_text(value[name]) for name in ERROR_FIELDS if value.get(name))
        return next(filter(None, texts), "") or (json.dumps(value, ensure_ascii=False) if value else "")
    return ""


def _plain_text(text: str) -> str:
    """A text as it is; of a page of HTML its words, without the tags."""
    if not re.match(r"\s*<(?:!doctype|html|head|\?xml)\b", text, re.IGNORECASE):
        return text
    return html.unescape(re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE))
