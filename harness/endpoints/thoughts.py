"""Thoughts of a model, apart from its answer."""

from __future__ import annotations

import re
from typing import Any

TAGS = r"(?:think|thinking|thought|thoughts|reason|reasoning|seed:think)"
OPENED = re.compile(rf"\s*(?:<{TAGS}>|\[THINK\]|◁think▷|<\|channel\|>analysis<\|message\|>)", re.IGNORECASE)
CLOSED = re.compile(
    rf"</{TAGS}>|\[/THINK\]|◁/think▷|(?:<\|end\|>\s*(?:<\|start\|>assistant)?)?<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
"""The marks before and after thoughts in the text of an answer, as chat templates of common models write them."""
FIELDS = ("reasoning", "reasoning_content", "thinking")
"""Fields of a message that hold thoughts."""


def split_thoughts(text: str) -> tuple[str, str]:
    """The thoughts at the start of a text, and the answer after them.

    Thoughts without an end have no answer. A template can write the opening mark into the prompt, so that the text
    starts with thoughts and has the closing mark alone; a text that starts like JSON is an answer, which may quote it.
    """
    thoughts: list[str] = []
    answer = text
    while OPENED.match(answer) or (not thoughts and not answer.lstrip().startswith(("{", "[", '"', "```"))):
        end = CLOSED.search(answer)
        if end is None:
            return ("", text) if not OPENED.match(answer) else ("".join([*thoughts, answer]), "")
        thoughts.append(answer[: end.end()])
        answer = answer[end.end() :]
    return "".join(thoughts), answer


def message_parts(content: Any) -> tuple[str, str] | None:
    """The thoughts and the text of a message's content: a string, or a list of parts; None if it is neither."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return split_thoughts(content)
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return None
    thoughts, texts = [], []
    for part in content:
        if part.get("type") in ("text", "output_text"):
            texts.append(_text_of(part.get("text")))
        else:
            thoughts.append(" ".join(_text_of(part.get(name)) for name in (*FIELDS, "text")))
    within, answer = split_thoughts("".join(texts))
    return "".join([*thoughts, within]).strip(), answer


def _text_of(value: Any) -> str:
    """The text of a part: a string, an object with a text, or a list of these."""
    if isinstance(value, list):
        return "".join(map(_text_of, value))
    return _text_of(value.get("text", value.get("value"))) if isinstance(value, dict) else str(value or "")


def field_thoughts(message: dict[str, Any]) -> str:
    """The thoughts in fields of their own."""
    return "".join(_text_of(message.get(name)) for name in FIELDS)
