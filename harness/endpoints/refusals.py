"""Parameters that an endpoint refuses, read from its reply."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

ADAPTABLE = ("max_tokens", "temperature", "seed", "response_format", "logprobs", "top_logprobs")
"""Parameters that requests can do without, or that have another name."""
REFUSAL = re.compile(
    r"unsupported|(?:not|n't|no longer)\s+(?:\w+\s+)?(?:support|allow|permit|recogni|accept|available"
    r"|enabled|implement|valid)"
    r"|not an? |unknown|unrecogni|unexpected|forbidden|invalid|cannot|can't|disabled|deprecated|extra (?:input|field)"
    r"|additional propert|(?:must|should) be|only |no endpoints found|compatib|removed|exist"
    # Negations of other languages: German, French, Spanish, Italian, Portuguese, Dutch, Slavic, Chinese, Japanese, ...
    r"|\b(?:nicht|kein\w*|unbekannt\w*|ungültig\w*|pas|inconnu\w*|no|non|não|niet|onbekend\w*|nie|не|ни|değil|inte)\b"
    r"|nieobsług|недопуст|неизвест|невідом|недоступ|不|无效|無效|未知|ません|ない|無効|않|없|지원|غير|\bلا\b|desteklen",
    re.IGNORECASE,
)
"""Words of a text that refuses a parameter."""
ALTERNATIVES = re.compile(
    r"\b(?<!not )(?:supported|allowed|valid|permitted|accepted|expected|available)\b[^.:]{0,40}(?:\bare\b|:)"
    r"|\buse\b|\binstead\b",
    re.IGNORECASE,
)
"""Words before parameters that the endpoint takes."""
NAME_FIELDS = ("param", "parameter", "field")
"""Fields of an error that name a parameter."""
ERROR_OBJECTS = ("errors", "detail", "details", "fields", "validation_errors")
"""Fields of an error that can hold an object of errors by parameter."""
FORMAT_NAMES = ("json_schema", "json_object")
"""Values of `response_format`, which a text may name in its place."""


def refused_parameters(text: str, parameters: Collection[str]) -> frozenset[str]:
    """The adaptable parameters that a reply refuses: those that it names in a field, else those that its text names.

    Args:
        text: the body of the reply.
        parameters: names of the parameters that were sent.
    """
    sent = [name for name in ADAPTABLE if name in parameters]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = text
    in_fields = {re.split(r"[.\[]", name)[0] for name in _names(document)}
    if in_fields.intersection(parameters):
        return frozenset(in_fields.intersection(sent))
    refused: set[str] = set()
    for sentence in re.split(r"(?<=[.;!?])\s+|\n", " \n".join(_strings(document))):
        if REFUSAL.search(sentence):
            refused |= _named_in(ALTERNATIVES.split(sentence)[0], sent) or _named_in(sentence, sent)
    return frozenset(refused)


def _named_in(sentence: str, sent: Collection[str]) -> set[str]:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", sentence).lower()  # responseFormat is response_format
    named = {name for name in sent if re.search(rf"(?<![a-z0-9_]){re.escape(name)}(?![a-z0-9_])", words)}
    if "response_format" in sent and re.search("|".join(FORMAT_NAMES), words):
        named.add("response_format")
    return named


def _names(value: Any) -> Iterator[str]:
    """Names of parameters in the fields that errors have for them.

    These are `param` and the like, the path `loc` of FastAPI, and an object of errors by field.
    """
    if isinstance(value, list):
        for entry in value:
            yield from _names(entry)
    if isinstance(value, dict):
        yield from [value[name] for name in NAME_FIELDS if isinstance(value.get(name), str)]
        location = value.get("loc")
        if isinstance(location, list):
            yield from [part for part in location if isinstance(part, str) and part != "body"][:1]
        for name in ERROR_OBJECTS:
            errors = value.get(name)
            yield from errors if isinstance(errors, dict) else ()
        for entry in value.values():
            yield from _names(entry)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _strings(entry)
