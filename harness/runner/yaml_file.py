"""YAML with the line of every value, and duplicate keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from harness.errors import Fault, FaultsError
from harness.files import read_text

Place = tuple[str | int, ...]


class Located(NamedTuple):
    """A YAML document and where its parts stand."""

    content: Any
    lines: dict[Place, int]
    """The line, from 1, of every key's value and every list entry."""

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest place around it that is in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


def read_yaml(path: Path) -> Located:
    """Reads one YAML document with a safe loader.

    Raises: FaultsError: it is not YAML, holds several documents, is empty, or a mapping has a key twice.
    """
    loader = yaml.SafeLoader(read_text(path))
    try:
        root = loader.get_single_node()
        lines: dict[Place, int] = {}
        faults: list[Fault] = []
        if root is None:
            raise FaultsError.one(path, "is empty; an experiment is expected, see docs/experiments.md")
        _walk(root, (), path, lines, faults)
        if faults:
            raise FaultsError(faults)
        return Located(loader.construct_document(root), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise FaultsError.one(path, f"is not YAML: {problem}", line=mark.line + 1 if mark else None) from None
    finally:
        loader.dispose()


def _walk(node: yaml.Node, place: Place, path: Path, lines: dict[Place, int], faults: list[Fault]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, key.value)
            if inner in lines:
                message = f"stands in line {lines[inner]} already; keep one of the two"
                faults.append(Fault(str(path), key.start_mark.line + 1, shown_place(inner), message))
                continue
            lines[inner] = key.start_mark.line + 1
            _walk(value, inner, path, lines, faults)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _walk(value, (*place, number), path, lines, faults)


def shown_place(place: Place) -> str:
    """A place as messages show it: `classifiers[1].C`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
