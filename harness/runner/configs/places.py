"""Places in a config: key paths of a validation as the document has them."""

from __future__ import annotations

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
