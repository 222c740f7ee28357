"""Reads docstrings: of functions and classes, of their fields, and of the keys that a config may have."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from harness.runner.configs.schema import field_docs as field_docs

SECTIONS = ("Args", "Returns", "Raises", "Yields")
SIMPLE = {bool: "true or false", int: "integer", float: "number", str: "text", type(None): "null"}
BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a column that is empty in every row is left out."""
    listed = [list(row) for row in rows]
    columns = [number for number in range(len(headings)) if any(row[number] for row in listed)]
    lines = [[headings[number] for number in columns], ["---"] * len(columns)]
    lines += [[row[number] for number in columns] for row in listed]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def one_line(text: str) -> str:
    """A text as the cell of a table takes it."""
    return " ".join(text.split()).replace("|", "\\|")


def first_sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return one_line(inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].split("\nArgs:")[0])


def type_words(kind: Any) -> str:
    """A type as a user of config files calls it."""
    if isinstance(kind, typing.TypeVar | str):
        return str(kind)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return type_words(inner[0])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_words(part) for part in inner if part is not type(None)))
    if origin in (tuple, list, frozenset):
        return f"list of {type_words(inner[0])}"
    if origin is dict or (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return "mapping"
    return SIMPLE.get(kind, "any" if kind is Any else getattr(kind, "__name__", str(kind)))


def default_words(field: FieldInfo) -> str:
    """A field's default as YAML writes it; `required` where there is none."""
    if field.default_factory is not None:
        value: Any = field.get_default(call_default_factory=True, validated_data={})
    else:
        value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "see below"
    return "none" if value is None else f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def bounds_words(field: FieldInfo) -> str:
    """The range of a field, in words."""
    limits = {name: getattr(mark, name) for mark in field.metadata for name in BOUNDS if hasattr(mark, name)}
    return ", ".join(BOUNDS[name].format(limit) for name, limit in limits.items())


def key_rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    """Each key of a model that users write: name, type, default, meaning."""
    docs = field_docs(model)
    for name, field in model.model_fields.items():
        if field.exclude is True:
            continue
        words, bounds = type_words(field.annotation), bounds_words(field)
        yield f"`{name}`", f"{words}, {bounds}" if bounds else words, default_words(field), one_line(docs.get(name, ""))


def signature(name: str, function: Any) -> str:
    """A function's signature as Python code, one parameter a line where it is long."""
    parts, keyword_only = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        keyword_only = keyword_only or stars == "*"
        text = f"{stars}{parameter.name}"
        if parameter.annotation is not parameter.empty:
            text += f": {_annotation(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            spaces = " = " if parameter.annotation is not parameter.empty else "="
            text += f"{spaces}{'...' if callable(parameter.default) else repr(parameter.default)}"
        parts.append(text)
    returned = inspect.signature(function).return_annotation
    arrow = "" if returned is inspect.Signature.empty else f" -> {_annotation(returned)}"
    line = f"{name}({', '.join(parts)}){arrow}"
    if len(line) <= 100:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){arrow}"


def _annotation(kind: Any) -> str:
    return kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))


def markdown(doc: str) -> str:
    """A docstring as Markdown: its sections become lists."""
    text, written = inspect.cleandoc(doc), []
    for block in re.split(rf"\n(?=(?:{'|'.join(SECTIONS)}):)", text):
        title, colon, rest = block.partition(":")
        written.append(_section(title, rest) if colon and title in SECTIONS else block.strip())
    return "\n\n".join(written)


def _section(title: str, rest: str) -> str:
    if rest[:1] != "\n":
        return f"**{title}:** {' '.join(rest.split())}"
    lines = textwrap.dedent(rest.strip("\n")).splitlines()
    entries: list[str] = []
    for line in lines:
        if line[:1].isspace() and entries:
            entries[-1] += f" {line.strip()}"
        else:
            entries.append(line.strip())
    named = [re.sub(r"^([\w, `.*]+?):", r"`\1`:", entry) for entry in entries if entry]
    return f"**{title}:**\n\n" + "\n".join(f"- {entry}" for entry in named)
