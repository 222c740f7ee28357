"""Thoughts of a model, apart from its answer."""

from __future__ import annotations

import re
from typing import Any

TAGS = r"(?:think|thinking|thought|thoughts|reason|reasoning|seed:think)"
CHANNEL = r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*"
OPENED = re.compile(
    rf"\s*(?:<{TAGS}>|\[THINK\]|◁think▷|<\|channel>thought|{CHANNEL}(?:analysis|commentary)\b[^<]*<\|message\|>)",
    re.IGNORECASE,
)
CLOSED = re.compile(
    rf"</{TAGS}>|\[/THINK\]|◁/think▷|<channel\|>|<\|end\|>\s*(?={CHANNEL}(?:analysis|commentary)\b)"
    rf"|(?:<\|end\|>\s*)?{CHANNEL}final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
    re.IGNORECASE,
)
"""The marks before and after thoughts in the text of an answer, as chat templates of common models write them."""
FINAL = re.compile(rf"\s*{CHANNEL}final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>", re.IGNORECASE)
END = re.compile(r"\s*<\|(?:return|end|im_end|eot_id|endoftext)\|>\s*\Z")
WRAPPED = re.compile(r"\s*<(answer|response|output|final|final_answer)>(.*)</\1>\s*\Z", re.IGNORECASE | re.DOTALL)
"""Marks around the answer itself."""
THOUGHT_TYPE = re.compile("think|thought|reason|summary|analysis", re.IGNORECASE)
"""Types of parts that are thoughts."""
FIELDS = ("reasoning", "reasoning_content", "thinking")
"""Fields of a message that hold thoughts."""


def split_thoughts(text: str) -> tuple[str, str]:
    """The thoughts at the start of a text, and the answer after them.

    Thoughts without an end have no answer. A template can write the opening mark into the prompt, so that the text
    starts with thoughts and has the closing mark alone; a text that starts like JSON is an answer, which may quote it.
    """
    thoughts: list[str] = []
    answer = text
    if FINAL.match(text):
        return "", _unwrapped(text)
    while OPENED.match(answer) or (not thoughts and not answer.lstrip().startswith(("{", "[", '"', "```"))):
        end = CLOSED.search(answer)
        if end is None:
            return ("", _unwrapped(text)) if not OPENED.match(answer) else ("".join([*thoughts, answer]), "")
        thoughts.append(answer[: end.end()])
        answer = answer[end.end() :]
    return "".join(thoughts), _unwrapped(answer)


def _unwrapped(answer: str) -> str:
    """An answer without the marks of a chat template around it."""
    marked = FINAL.match(answer)
    answer = END.sub("", answer[marked.end() :] if marked else answer)
    wrapped = WRAPPED.match(answer)
    return wrapped[2] if wrapped else answer


def message_parts(content: Any) -> tuple[str, str] | None:
    """The thoughts and the text of a message's content: a string, a part, or a list of these; None if it is neither."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return split_thoughts(content)
    parts = [content] if isinstance(content, dict) and {"type", "text"} & set(content) else content
    if not isinstance(parts, list) or not all(isinstance(part, str | dict) for part in parts):
        return None
    thoughts, texts = [], []
    for part in [{"text": part} if isinstance(part, str) else part for part in parts]:
        if not _is_thought(part):
            texts.append(_text_of(part.get("text")))
        else:
            thoughts.append(" ".join(_text_of(part.get(name)) for name in (*FIELDS, "text")))
    within, answer = split_thoughts("".join(texts))
    return "".join([*thoughts, within]).strip(), answer


def _is_thought(part: dict[str, Any]) -> bool:
    """Whether a part of a content is a thought by its type, or by a mark of its own."""
    return part.get("thought") is True or bool(THOUGHT_TYPE.search(str(part.get("type"))))


def _text_of(value: Any) -> str:
    """The text of a part: a string, an object with a text, or a list of these."""
    if isinstance(value, list):
        return "".join(map(_text_of, value))
    return _text_of(value.get("text", value.get("value"))) if isinstance(value, dict) else str(value or "")


def field_thoughts(message: dict[str, Any]) -> str:
    """The thoughts in fields of their own."""
    return "".join(_text_of(message.get(name)) for name in FIELDS)
