"""Paths in a config, which start from its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def make_paths_absolute(content: dict[str, Any], folder: Path) -> None:
    """Makes paths relative to the config absolute, so that the resolved config runs from any folder."""
    path_settings: list[tuple[Any, str | int]] = [(content, "dataset"), (content, "corpus")]
    path_settings.append((content.get("split"), "file"))
    path_settings += [(entry, key) for entry in _entries(content.get("defaults")) for key in ("file", "statements")]
    path_settings += [(entry, key) for entry in _entries(content.get("retrievers")) for key in ("path", "statements")]
    stages = [content.get(stage) for stage in ("detect", "normalize", "judge")]
    for entry in _entries([content.get("classifiers"), stages]):
        path_settings += [(entry, "path"), (entry, "dataset"), (entry, "file"), (entry, "statements")]
        if "endpoint" not in entry:
            path_settings.append((entry, "model"))
        if isinstance(entry.get("cassette"), str) and entry["cassette"] and "\x00" not in entry["cassette"]:
            entry["cassette"] = str((folder / entry["cassette"]).resolve())  # it may exist only after the run
    path_settings.append((content.get("retrieve"), "statements"))
    for datasets in _lists(content.get("dataset")):
        path_settings += [(datasets, index) for index in range(len(datasets))]
    for holder, key in path_settings:
        is_item = isinstance(key, int)
        value = holder[key] if is_item else holder.get(key) if isinstance(holder, dict) else None
        is_name = is_item or key in ("dataset", "corpus")  # which may be a name instead of a path
        if isinstance(value, str) and ("/" in value or not is_name) and _exists(folder / value):
            holder[key] = str((folder / value).resolve())


def _exists(path: Path) -> bool:
    """Whether a path exists; False for a text that cannot be a path."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _lists(datasets: Any) -> list[list[Any]]:
    """The lists of datasets in the value of `dataset`: of several that are joined, and of `each` of several."""
    value = datasets.get("each") if isinstance(datasets, dict) else datasets
    return [value, *(each for each in value if isinstance(each, list))] if isinstance(value, list) else []


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the classifiers of a config, including nested ones."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _entries(child)
