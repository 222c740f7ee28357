"""Parses a raw reply: a label with its probabilities, or the reason why there is none. Nothing is guessed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.endpoints.completions import first_choice, is_cut_off

CODE_FENCE = re.compile(r"\A[^`{]*```(?:json[5c]?\b)?\s*([^`]*?)\s*```[^`{]*\Z", re.IGNORECASE)
"""The only code fence of an answer, perhaps with words around it."""
LABEL_VALUE = re.compile(r'"(?:label|verdict)"\s*:\s*"')


class Quote(NamedTuple):
    """Words that an answer quotes."""

    passage: int | None
    """Number of the passage, from 1; None: the answer does not say."""
    text: str

    def is_in(self, passages: Sequence[str]) -> bool:
        """Whether the passage has the words, apart from white space; without a number, whether any passage has them."""
        words = " ".join(self.text.split())
        if self.passage is not None:
            passages = passages[self.passage - 1 : self.passage] if self.passage > 0 else ()
        return bool(words) and any(words in " ".join(passage.split()) for passage in passages)


class ParsedReply(NamedTuple):
    """The label in one reply, or the reason why there is none."""

    label: int | None
    """Index into the labels; None: no answer."""
    missing_reason: str | None
    """Reason why there is no answer: rejected (by the endpoint), refused (by the model), truncated or unparsable."""
    probabilities: tuple[float, ...] | None
    """One per label, summing to 1; None if the reply has no token probabilities."""
    quotes: tuple[Quote, ...] = ()
    """Quotes of the answer, in its order."""


class DuplicateKey(ValueError):
    """A key that occurs twice in one JSON object."""


def has_token_probabilities(text: str) -> bool:
    """Whether a reply has probabilities of alternative tokens."""
    choice = first_choice(text)
    return choice is not None and any(len(token.alternatives) > 1 for token in _tokens(choice))


def read_reply(status: int, text: str, labels: Sequence[str], *, passages: bool = False) -> ParsedReply:
    """Parses a stored reply.

    Args:
        status: HTTP status; any other than 200 means that the endpoint rejected the request.
        text: body as received.
        labels: the allowed labels.
        passages: whether passages were shown, so that the answer is a verdict with quotes, not a label.
    """
    choice = first_choice(text) if status == 200 else None
    if choice is None:
        return ParsedReply(None, "rejected", None)
    message = choice["message"]
    finish_reason = choice.get("finish_reason")
    content = message["content"]
    if message.get("refusal") or finish_reason == "content_filter":
        return ParsedReply(None, "refused", None)
    label, quotes = verdict_in(content, labels) if passages else (label_in(content, labels), ())
    if label is None:
        # Thoughts without an answer after them were cut off, whatever the endpoint says.
        in_thoughts = bool(message["thoughts"].strip()) and not content.strip()
        return ParsedReply(None, "truncated" if is_cut_off(choice) or in_thoughts else "unparsable", None)
    return ParsedReply(label, None, label_probabilities(choice, content, labels, label), quotes)


def keeps_to_schema(content: str, labels: Sequence[str], *, passages: bool = False) -> bool:
    """Whether an answer has exactly the form that the JSON Schema demands; no code fence, no text around it."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return False
    keys = {"quotes", "verdict"} if passages else {"label"}
    return isinstance(answer, dict) and set(answer) == keys and answer["verdict" if passages else "label"] in labels


def label_in(content: str, labels: Sequence[str]) -> int | None:
    """The index of the label in an answer: `{"label": ...}`, in a code fence or not, or the label alone; else None."""
    answer = answer_in(content)
    if isinstance(answer, dict):
        answer = answer["label"] if set(answer) == {"label"} else None
    return _index_of(answer, labels)


def verdict_in(content: str, labels: Sequence[str]) -> tuple[int | None, tuple[Quote, ...]]:
    """The index of the verdict in an answer, None if there is none, and the quotes.

    An answer is `{"verdict": ..., "quotes": [...]}`, in a code fence or not, or the verdict alone. A quote is
    `{"passage": NUMBER, "quote": TEXT}`, or a text alone.
    """
    answer = answer_in(content)
    if not isinstance(answer, dict):
        return _index_of(answer, labels), ()
    listed = answer.get("quotes", [])
    if set(answer) - {"verdict", "quotes"} or not isinstance(listed, list):
        return None, ()
    quotes = [_quote_of(entry) for entry in listed]
    if None in quotes:
        return None, ()
    return _index_of(answer.get("verdict"), labels), tuple(filter(None, quotes))


def _quote_of(entry: Any) -> Quote | None:
    if isinstance(entry, str):
        return Quote(None, entry)
    if isinstance(entry, dict) and set(entry) == {"passage", "quote"}:
        number, text = entry["passage"], entry["quote"]
        if type(number) is int and isinstance(text, str):  # `type`: JSON's `true` is an int to Python
            return Quote(number, text)
    return None


def answer_in(content: str) -> Any:
    """The JSON value of an answer, in a code fence or not; a text that is not JSON, or has a key twice, as it is."""
    text = content.strip()
    fence = CODE_FENCE.match(text)
    text = fence[1].strip() if fence else text
    try:
        return json.loads(text, object_pairs_hook=_object_without_duplicates)
    except (ValueError, RecursionError):
        return text.removesuffix(".")


def _index_of(answer: Any, labels: Sequence[str]) -> int | None:
    folded_labels = [label.casefold() for label in labels]
    folded_answer = answer.strip().casefold() if isinstance(answer, str) else None
    return folded_labels.index(folded_answer) if folded_answer in folded_labels else None


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Python's parser would use the last value of a repeated key, and so guess which label the model means.
    values = dict(pairs)
    if len(values) < len(pairs):
        raise DuplicateKey("a key occurs twice")
    return values


class Token(NamedTuple):
    """One token of an answer."""

    text: str
    start: int
    """Offset in the answer, in code points."""
    alternatives: dict[str, float]
    """Text and probability of every candidate for this token, including the token itself."""


def label_probabilities(
    choice: dict[str, Any], content: str, labels: Sequence[str], label: int
) -> tuple[float, ...] | None:
    """The probability of each label, from the alternatives to the tokens of the answer's label.

    An alternative that begins one label only adds its probability to that label; one that begins several labels is
    divided equally between them. The sums are scaled to total 1. A label that no alternative begins gets 0.

    Args:
        choice: a choice of a chat completion.
        content: its answer.
        labels: the allowed labels.
        label: index of the answer's label.
    Returns: one probability per label; None if the tokens are absent or do not spell the answer.
    """
    tokens = _tokens(choice)
    # The answer comes last: thoughts before it have tokens too, where the content leaves them out.
    answer_start = "".join(token.text for token in tokens).rfind(content)
    if not content or answer_start < 0:
        return None
    value_match = LABEL_VALUE.search(content)
    value_start = answer_start + (value_match.end() if value_match else len(content) - len(content.lstrip(' \n"')))
    masses = [0.0] * len(labels)
    # Walk along the path that the model took. `path_probability` is the probability of all tokens so far, so an
    # alternative at the current token is an answer with probability `path_probability * probability`.
    path_probability = 1.0
    written = ""
    for token in tokens:
        if token.start + len(token.text) <= value_start:
            continue
        # A token may span the start of the value, as `": "y` does: alternatives must agree with it up to there.
        prefix = token.text[: max(0, value_start - token.start)]
        for text, probability in token.alternatives.items():
            if text == token.text or not text.startswith(prefix):
                continue
            candidates = _possible_labels(written + text[len(prefix) :], labels)
            for candidate in candidates:
                masses[candidate] += path_probability * probability / len(candidates)
        path_probability *= token.alternatives[token.text]
        written += token.text[len(prefix) :]
        if _possible_labels(written, labels) == [label]:
            break  # the rest of the answer cannot change its label
    masses[label] += path_probability
    total = sum(masses)
    return tuple(mass / total for mass in masses) if total > 0 else None


def _possible_labels(written: str, labels: Sequence[str]) -> list[int]:
    """The labels that an answer with this beginning can have."""
    quote = written.find('"')
    names = [label.casefold() for label in labels]
    folded = (written if quote < 0 else written[:quote]).casefold()
    if quote >= 0 or not folded:
        return [index for index, name in enumerate(names) if name == folded]
    unfinished = [index for index, name in enumerate(names) if name.startswith(folded)]
    if unfinished:
        return unfinished
    # An answer without quotes can go on after its label ("yes."). The longest label wins: "not checkable" over "not".
    complete = [index for index, name in enumerate(names) if re.match(re.escape(name) + r"(?!\w)", folded)]
    return sorted(complete, key=lambda index: len(names[index]))[-1:]


def _tokens(choice: dict[str, Any]) -> list[Token]:
    """The tokens of a choice with their alternatives; empty if it has none, or not in the form of the protocol."""
    tokens = []
    start = 0
    try:
        for entry in choice["logprobs"]["content"]:
            # The token itself comes last: some endpoints leave it out of `top_logprobs`.
            candidates = [*(entry.get("top_logprobs") or ()), entry]
            tokens.append(Token(entry["token"], start, dict(map(_text_and_probability, candidates))))
            start += len(entry["token"])
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        return []
    return tokens


def _text_and_probability(entry: dict[str, Any]) -> tuple[str, float]:
    """The text and probability of a token.

    Raises: LookupError, OverflowError, TypeError, ValueError: the entry is not a token of the protocol.
    """
    text = entry["token"]
    probability = math.exp(entry["logprob"])
    if not isinstance(text, str) or math.isnan(probability):
        raise ValueError("not a token")
    return text, min(1.0, probability)
