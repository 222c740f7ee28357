"""The generated parts that describe the Python interface: public names, what they return, and base classes."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from docstrings import field_docs, markdown, one_line, signature, table

import harness

BASE_MODULES = ("harness.classifiers.base", "harness.data.claims", "harness.metrics.base", "harness.audit.base")
"""The modules whose classes an extension derives from or is handed."""


class UndocumentedName(Exception):
    """A public name without a docstring."""


def python_functions() -> str:
    """Every public name of the package."""
    return "\n\n".join(described(name, getattr(harness, name), "##") for name in sorted(harness.__all__, key=str.lower))


def python_results() -> str:
    """The classes that the public functions return."""
    public = {getattr(harness, name) for name in harness.__all__}
    listed = {kind for thing in public if inspect.isfunction(thing) for kind in _returned(thing)} - public
    return "\n\n".join(described(kind.__name__, kind, "##") for kind in sorted(listed, key=lambda kind: kind.__name__))


def _returned(function: Any) -> Iterator[type]:
    for word in re.findall(r"\w+", str(inspect.signature(function).return_annotation)):
        kind = function.__globals__.get(word)
        if isinstance(kind, type) and kind.__module__.startswith("harness"):
            yield kind


def python_bases() -> str:
    """The classes that an extension derives from or is handed, module by module."""
    written = []
    for module_name in BASE_MODULES:
        module = importlib.import_module(module_name)
        own = [(name, thing) for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module_name]
        things = [described(name, thing, "###") for name, thing in own if not name.startswith("_")]
        written.append("\n\n".join([f"## {module_name}", (inspect.getdoc(module) or "").strip(), *things]))
    return "\n\n".join(written)


def described(name: str, thing: Any, heading: str) -> str:
    """A function or class: its signature, its docstring, its fields and its methods."""
    if not thing.__doc__:
        raise UndocumentedName(f"{thing.__module__}.{name} has no docstring")
    if not isinstance(thing, type):
        return f"{heading} {name}\n\n```python\n{signature(name, thing)}\n```\n\n{markdown(thing.__doc__)}"
    written = [f"{heading} {name}", f"`{thing.__module__}.{name}`", markdown(thing.__doc__)]
    if fields := list(_field_rows(thing)):
        written.append(table(("field", "type", "meaning"), fields))
    written += [
        f"**`{signature(f'{name}.{method}', function)}`**\n\n{markdown(function.__doc__)}"
        if "\n" not in signature(f"{name}.{method}", function)
        else f"```python\n{signature(f'{name}.{method}', function)}\n```\n\n{markdown(function.__doc__)}"
        for method, function in _methods(thing)
    ]
    return "\n\n".join(written)


def _field_rows(cls: type) -> Iterator[tuple[str, str, str]]:
    docs = field_docs(cls)
    annotated: dict[str, Any] = {}
    for kind in reversed(cls.__mro__):
        if kind.__module__.startswith("harness"):
            annotated |= vars(kind).get("__annotations__", {})
    for name, kind in annotated.items():
        if not name.startswith("_") and name != "model_config":
            shown = getattr(kind, "__forward_arg__", None) or str(kind)
            yield f"`{name}`", f"`{one_line(shown)}`", one_line(docs.get(name, ""))


def _methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, member in vars(cls).items():
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if inspect.isfunction(function) and not name.startswith("_") and function.__doc__:
            yield name, function
