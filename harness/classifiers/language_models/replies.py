"""What a raw reply says: a label with its probabilities, or why there is none. Nothing is guessed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.endpoints.completions import completion_of

FENCED = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?\s*```\Z", re.DOTALL)
LABEL_VALUE = re.compile(r'"label"\s*:\s*"')


class ParsedReply(NamedTuple):
    """What one reply says."""

    label: int | None
    """Index into the labels; None: no answer."""
    why: str | None
    """Why there is no answer: rejected (the endpoint would not take the request), refused (the model would not answer),
    truncated or unparsable."""
    probabilities: tuple[float, ...] | None
    """One per label, summing to 1; None where the reply carries no token probabilities."""


class DuplicateKey(ValueError):
    """A key that stands twice in one object."""


def gives_tokens(text: str) -> bool:
    """Whether a reply carries token probabilities."""
    choice = completion_of(text)
    return choice is not None and any(len(token.alternatives) > 1 for token in _tokens(choice))


def read_reply(status: int, text: str, labels: Sequence[str]) -> ParsedReply:
    """What a kept reply says.

    Args:
        status: the HTTP status; other than 200, the endpoint would not take the claim.
        text: the raw body.
        labels: those allowed.
    """
    choice = completion_of(text) if status == 200 else None
    if choice is None:
        return ParsedReply(None, "rejected", None)
    message, finish = choice["message"], choice.get("finish_reason")
    content = message.get("content") or ""
    if message.get("refusal") or finish == "content_filter":
        return ParsedReply(None, "refused", None)
    label = label_in(content, labels)
    if label is None:
        return ParsedReply(None, "truncated" if finish == "length" else "unparsable", None)
    return ParsedReply(label, None, label_probabilities(choice, content, labels, label))


def label_in(content: str, labels: Sequence[str]) -> int | None:
    """The label that an answer gives: `{"label": ...}`, in a code fence or not, or the label alone; None otherwise."""
    text = content.strip()
    fenced = FENCED.match(text)
    text = fenced[1].strip() if fenced else text
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        found = text.removesuffix(".")
    if isinstance(found, dict):
        found = found["label"] if set(found) == {"label"} else None
    folded = [label.casefold() for label in labels]
    named = found.strip().casefold() if isinstance(found, str) else None
    return folded.index(named) if named in folded else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DuplicateKey("a key stands twice")
    return found


class Token(NamedTuple):
    """One token of an answer."""

    text: str
    start: int
    """Its place in the answer."""
    alternatives: dict[str, float]
    """Text to probability of what could have stood here, the token itself among them."""


def label_probabilities(
    choice: dict[str, Any], content: str, labels: Sequence[str], said: int
) -> tuple[float, ...] | None:
    """The probability of each label, from the tokens where the answer could have taken another one.

    The mass of every alternative that can only begin one label goes to that label, of one that can begin several in
    equal parts, and the masses are scaled to sum to 1. A label that is not among the alternatives gets 0.

    Args:
        choice: of a chat completion.
        content: its answer.
        labels, said: the labels, and which of them the answer gives.
    """
    tokens = _tokens(choice)
    if not content or not "".join(token.text for token in tokens).startswith(content):
        return None
    found = LABEL_VALUE.search(content)
    start = found.end() if found else len(content) - len(content.lstrip(' \n"'))
    masses, weight, written = [0.0] * len(labels), 1.0, ""
    for token in tokens:
        if token.start + len(token.text) <= start:
            continue
        before = token.text[: max(0, start - token.start)]
        for text, probability in token.alternatives.items():
            if text == token.text or not text.startswith(before):
                continue
            able = _able(written + text[len(before) :], labels)
            for label in able:
                masses[label] += weight * probability / len(able)
        weight *= token.alternatives[token.text]
        written += token.text[len(before) :]
        if _able(written, labels) == [said]:
            break
    masses[said] += weight
    total = sum(masses)
    return tuple(mass / total for mass in masses) if total > 0 else None


def _able(written: str, labels: Sequence[str]) -> list[int]:
    """The labels that an answer which begins so can give."""
    end = written.find('"')
    names = [label.casefold() for label in labels]
    folded = (written if end < 0 else written[:end]).casefold()
    if end >= 0 or not folded:
        return [number for number, name in enumerate(names) if name == folded]
    begun = [number for number, name in enumerate(names) if name.startswith(folded)]
    ended = [number for number, name in enumerate(names) if re.match(re.escape(name) + r"(?!\w)", folded)]
    return begun or sorted(ended, key=lambda number: len(names[number]))[-1:]


def _tokens(choice: dict[str, Any]) -> list[Token]:
    """The tokens of a choice with their alternatives; none where it lists none, or not as the protocol says."""
    tokens, place = [], 0
    try:
        for entry in choice["logprobs"]["content"]:
            listed = [*(entry.get("top_logprobs") or ()), entry]
            chances = dict(map(_chance, listed))
            tokens.append(Token(entry["token"], place, chances))
            place += len(entry["token"])
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        return []
    return tokens


def _chance(entry: dict[str, Any]) -> tuple[str, float]:
    """A token and its probability.

    Raises: TypeError, ValueError...: it is no token of the protocol.
    """
    text, chance = entry["token"], math.exp(entry["logprob"])
    if not isinstance(text, str) or math.isnan(chance):
        raise ValueError("no token")
    return text, min(1.0, chance)
