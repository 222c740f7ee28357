"""YAML with the line of every value, and duplicate keys refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import Fault, FaultsError
from harness.files import read_text

if TYPE_CHECKING:
    import yaml

KeyPath = tuple[str | int, ...]


class YamlWithLines(NamedTuple):
    """A YAML document and where its parts stand."""

    content: Any
    lines: dict[KeyPath, int]
    """The line, from 1, of every key's value and every list entry."""
    json: str
    """The content as JSON, for validation; dates as text."""

    def line(self, place: KeyPath) -> int | None:
        """The line of a place, or of the nearest place around it that is in the file; None for the whole document."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines[place] if place else None


def read_yaml(path: Path) -> YamlWithLines:
    """Reads one YAML document with a safe loader.

    Raises: FaultsError: it is not YAML, holds several documents, is empty, or a mapping has a key twice.
    """
    import yaml

    text = read_text(path)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise FaultsError.single(path, "is empty; keys and values are expected (name: ...)", code="empty")
        walk = _Walk(path)
        walk.node(root, ())
        if walk.faults:
            raise FaultsError(walk.faults)
        content = loader.construct_document(root)
        return YamlWithLines(content, walk.lines, json.dumps(content, default=str))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else None
        raise FaultsError.single(path, f"is not YAML: {problem}", line=line, code="not-yaml") from None
    except (TypeError, ValueError, RecursionError) as error:  # a 13th month, brackets without end
        message = f"holds a value that cannot be read: {error}; put it in quotes"
        raise FaultsError.single(path, message, code="not-yaml") from None


class _Walk:
    """Goes through a document: notes lines, finds keys given twice, aliases and keys that are no text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self.seen: set[int] = set()

    def fault(self, node: yaml.Node, place: KeyPath, message: str, code: str) -> None:
        self.faults.append(
            Fault(str(self.path), node.start_mark.line + 1, format_key_path(place) or None, message, code)
        )

    def node(self, node: yaml.Node, place: KeyPath) -> None:
        """Looks at a node and all below it."""
        import yaml

        self.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self.seen:
            self.fault(node, place, "is used again by an alias (*); write it out where it is used", "alias")
            return
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.pair(key, value, place)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self.node(value, (*place, number))

    def pair(self, key: yaml.Node, value: yaml.Node, place: KeyPath) -> None:
        """Looks at a key and its value."""
        import yaml

        if not isinstance(key, yaml.ScalarNode):
            self.fault(key, place, "a key is a list or a mapping; keys are words", "invalid-key")
            return
        inner = (*place, key.value)
        if inner in self.lines:
            self.fault(key, inner, f"stands in line {self.lines[inner]} already; keep one of the two", "duplicate-key")
            return
        self.lines[inner] = key.start_mark.line + 1
        self.node(value, inner)


def format_key_path(place: KeyPath) -> str:
    """A place as messages show it: `classifiers[1].C`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
