"""Reads YAML files with the line of every value; refuses duplicate keys and aliases."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import Fault, FaultsError
from harness.files import read_text

if TYPE_CHECKING:
    import yaml

DUPLICATE_KEY = "duplicate-key"
MAX_BITS = 10_000
"""Maximum size of an integer; Python refuses to print one of 14,000 bits or more."""
READ_DIFFERENTLY = (
    r"""[\t\r\x85\u2028\u2029\ufeff]|(?:^|[^\w])!|[\[{](?:[^\n]{0,999}|[^]}]{0,999})\?"""
    r"""|^[\s-]*\?|::|[|>][-+0-9]*#"""
)
"""What libyaml and PyYAML read differently in some places: tabs, tags, `?` within words, rare ends of lines."""
KeyPath = tuple[str | int, ...]
"""Keys and list indices from the root of a document to a value."""


class YamlWithLines(NamedTuple):
    """A YAML document and the lines of its values."""

    content: Any
    """Document as mappings, lists and plain values."""
    lines: dict[KeyPath, int]
    """Line, from 1, of every key and every list entry."""
    json: str
    """Document as JSON, for validation; dates become text."""

    def line(self, key_path: KeyPath) -> int | None:
        """Returns the line of a value, or of the closest enclosing value in the file; None for the whole document."""
        while key_path and key_path not in self.lines:
            key_path = key_path[:-1]
        return self.lines[key_path] if key_path else None


def read_yaml(path: Path, duplicates: list[Fault] | None = None) -> YamlWithLines:
    """Reads a file with one YAML document.

    Args:
        path: the file.
        duplicates: list that takes the faults of duplicate keys, whose last value then counts; None: they are raised.
    Raises: FaultsError: the file is not YAML, is empty, has several documents, an alias, a duplicate key, or a key that
        is a list or a mapping.
    """
    import yaml

    text = read_text(path)
    try:
        loader, root = _read_nodes(text)
        if root is None:
            raise FaultsError.single(path, "is empty; expected keys and values (name: ...)", code="empty")
        checker = _NodeChecker(path, loader)
        checker.check_node(root, ())
        tolerable = [] if duplicates is None else [f for f in checker.faults if f.code == DUPLICATE_KEY]
        if len(tolerable) < len(checker.faults):
            raise FaultsError(checker.faults)
        if duplicates is not None:
            duplicates += tolerable
        content = loader.construct_document(root)
        return YamlWithLines(content, checker.lines, json.dumps(content, default=str))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else None
        raise FaultsError.single(path, f"is not YAML: {problem}", line=line, code="not-yaml") from None
    except (TypeError, ValueError, RecursionError) as error:  # for example a 13th month, or endless brackets
        is_deep = isinstance(error, RecursionError)
        message = (
            "is nested too deeply" if is_deep else f"contains a value that cannot be read: {error}; put it in quotes"
        )
        raise FaultsError.single(path, message, code="not-yaml") from None


def _read_nodes(text: str) -> tuple[yaml.SafeLoader | yaml.CSafeLoader, yaml.Node | None]:
    """Returns a loader and the root node of a text, read by libyaml where it reads the text as PyYAML does.

    PyYAML reads anew what libyaml refuses, so that messages are the same with and without libyaml.

    Raises: yaml.YAMLError: the text is no YAML, or has several documents.
    """
    import yaml

    if yaml.__with_libyaml__ and not re.search(READ_DIFFERENTLY, text, re.MULTILINE):
        fast = yaml.CSafeLoader(text)
        try:
            return fast, fast.get_single_node()
        except (yaml.YAMLError, ValueError, RecursionError):
            pass
    loader = yaml.SafeLoader(text)
    return loader, loader.get_single_node()


class _NodeChecker:
    """Walks through a document, records the line of each value, and finds duplicate keys, aliases and invalid keys."""

    def __init__(self, path: Path, loader: yaml.SafeLoader | yaml.CSafeLoader) -> None:
        self.path = path
        self.loader = loader
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self.visited: set[int] = set()

    def add_fault(self, node: yaml.Node, key_path: KeyPath, message: str, code: str) -> None:
        line = node.start_mark.line + 1  # PyYAML counts lines from 0
        self.faults.append(Fault(str(self.path), line, format_key_path(key_path) or None, message, code))

    def check_node(self, node: yaml.Node, key_path: KeyPath) -> None:
        """Checks a node and all nodes below it."""
        import yaml

        self.lines.setdefault(key_path, node.start_mark.line + 1)
        # An alias is the same node object once more. Aliases are refused because a few of them can expand to gigabytes.
        if id(node) in self.visited:
            self.add_fault(node, key_path, "is an alias (*name); write the value out instead", "alias")
            return
        self.visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.check_entry(key, value, key_path)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.check_node(item, (*key_path, index))
        else:
            self.check_scalar(node, key_path)

    def check_scalar(self, node: yaml.Node, key_path: KeyPath) -> Any:
        """Returns a plain value; adds a fault if it is no date of the calendar, or a number that is too long."""
        try:
            value = self.loader.construct_object(node)
            if isinstance(value, int) and value.bit_length() > MAX_BITS:
                raise ValueError("the number is too long")
            if isinstance(value, str):
                value.encode("utf-8")
            return value
        except (TypeError, ValueError, OverflowError) as error:
            self.add_fault(node, key_path, f"cannot be read: {error}; put it in quotes or correct it", "not-yaml")
            return None

    def check_entry(self, key: yaml.Node, value: yaml.Node, key_path: KeyPath) -> None:
        """Checks a key and its value in the mapping at `key_path`."""
        import yaml

        if not isinstance(key, yaml.ScalarNode):
            self.add_fault(key, key_path, "has a key that is a list or a mapping; use a word as key", "invalid-key")
            return
        value_path = (*key_path, key.value)
        if value_path in self.lines:
            message = f"duplicate key (first on line {self.lines[value_path]}); remove one of the two"
            self.add_fault(key, value_path, message, DUPLICATE_KEY)
            return
        self.lines[value_path] = key.start_mark.line + 1
        if isinstance(self.check_scalar(key, value_path), date):
            self.add_fault(key, key_path, f"has a key that is a date ({key.value}); put it in quotes", "invalid-key")
        self.check_node(value, value_path)


def format_key_path(key_path: KeyPath) -> str:
    """Returns a key path as messages show it: `classifiers[1].C`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key_path).removeprefix(".")
