"""Places in a config: key paths of a validation as the document has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.yaml_file import KeyPath


def in_document(key_path: KeyPath, content: Any) -> KeyPath:
    """The part of a key path that exists in the document: validation of a union adds parts of its own."""
    existing: list[str | int] = []
    for part in key_path:
        has_part = isinstance(content, dict) or (isinstance(content, list) and isinstance(part, int))
        if not has_part:
            break
        existing.append(part)
        if isinstance(content, dict):
            content = content.get(part)
        else:
            content = content[part] if isinstance(part, int) and part < len(content) else None
    return tuple(existing)


def remove(content: Any, key_path: KeyPath) -> None:
    """Removes the value at a key path."""
    for part in key_path[:-1]:
        content = content[part]
    del content[key_path[-1]]


def with_text_keys(value: Any) -> Any:
    """A document in which every key is a text, as in JSON."""
    if isinstance(value, dict):
        return {str(key): with_text_keys(child) for key, child in value.items()}
    return [with_text_keys(child) for child in value] if isinstance(value, list) else value


def owner(key_path: KeyPath, contents: Sequence[Any]) -> int:
    """Which of several documents, of which each extends the next by `merge`, a value of the result stands in."""
    first, *others = contents
    if not others:
        return 0
    rest = others
    for part in key_path:
        base = rest[0]
        if not (isinstance(first, dict) and isinstance(base, dict)) or (part in first and part not in base):
            return 0
        if part not in first:
            return 1 if part in base else 0
        first, rest = first[part], [base[part]]
    return 0


def merge(base: Any, changes: Any) -> Any:
    """A document with changes: mappings are merged, other values replace, and an empty value (null) removes."""
    if not (isinstance(base, dict) and isinstance(changes, dict)):
        return changes
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(base[key], value) if key in base else value
    return merged
