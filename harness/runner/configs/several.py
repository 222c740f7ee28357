"""Several experiments in one config: each of several datasets or tasks, or a list of what differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from harness.arguments import as_list
from harness.errors import FaultsError
from harness.records import Name, preview
from harness.runner.config import CHAIN
from harness.runner.configs.document import EXPERIMENTS, ReadDocument
from harness.runner.configs.places import merge, owner
from harness.yaml_file import KeyPath

AXES = ("task", "dataset")
"""Keys that give one experiment for each value of `{each: [...]}`."""
MAX_EXPERIMENTS = 1000


class Several(NamedTuple):
    """The experiments of one config."""

    name: str
    """Name of the config, and of the folder of the run folders."""
    parts: tuple[ReadDocument, ...]
    """The config of each experiment."""


def is_several(content: Mapping[str, Any]) -> bool:
    """Whether the content of a config describes several experiments."""
    return EXPERIMENTS in content or any(_has_each(content.get(key)) for key in AXES)


def several_experiments(document: ReadDocument) -> Several:
    """The experiments of a config that has several.

    Raises: FaultsError: every fault of the list; the faults of the experiments are found when each is read.
    """
    content, faults = document.content, document.faults
    shared = {key: value for key, value in content.items() if key not in ("name", EXPERIMENTS)}
    entries = content.get(EXPERIMENTS, [{}])
    parts = list[_Part]()
    if not isinstance(entries, list) or not entries:
        faults.add((EXPERIMENTS,), f"expected a list of mappings, one for each experiment, got {preview(entries)}")
        entries = []
    for number, entry in enumerate(entries):
        above: KeyPath = (EXPERIMENTS, number) if EXPERIMENTS in content else ()
        if not isinstance(entry, dict):
            faults.add(above, f"expected a mapping with what differs from the rest of the file, got {preview(entry)}")
            continue
        if EXPERIMENTS in entry:
            faults.add((*above, EXPERIMENTS), "is for the whole file only; list each experiment there")
            continue
        parts += _expand(document, entry, shared, above)
    if len(parts) > MAX_EXPERIMENTS:
        faults.add((), f"has {len(parts):,} experiments; at most {MAX_EXPERIMENTS:,} in one file")
    name = content.get("name")
    if not _is_name(name):
        message = "is required, and missing" if name is None else f"expected a name safe for files, got {preview(name)}"
        faults.add(("name",), message, "missing-field" if name is None else "invalid")
    named = _named(parts)
    counts = Counter(part.content["name"] for part in named if isinstance(part.content["name"], str))
    for repeated in (each for each, count in counts.items() if count > 1):
        message = f"{counts[repeated]} experiments are called '{repeated}'; give each another `name`"
        faults.add((EXPERIMENTS,) if EXPERIMENTS in content else ("dataset",), message, "duplicate-name")
    if faults.faults:
        raise FaultsError(faults.in_order())
    return Several(str(name), tuple(named))


class _Part(NamedTuple):
    document: ReadDocument
    name: Any
    """Name that the config gives it, if any."""
    varied: Mapping[str, Any]
    """Its task and dataset."""
    from_each: bool


def _expand(document: ReadDocument, entry: dict[str, Any], shared: dict[str, Any], above: KeyPath) -> Iterator[_Part]:
    """Yields an experiment for each task and dataset of an entry."""
    merged = merge(shared, {key: value for key, value in entry.items() if key != "name"})
    has_each = any(_has_each(merged.get(key)) for key in AXES)
    for task_number, task in _values(document, merged, "task"):
        for dataset_number, dataset in _values(document, merged, "dataset"):
            varied = {"task": task, "dataset": dataset}
            content = merged | {key: value for key, value in varied.items() if key in merged}
            if task == CHAIN:
                document.faults.add((*above, "task"), "is 'chain', which has a file of its own; remove it", CHAIN)
                return
            positions = {"task": task_number, "dataset": dataset_number}
            faults = document.faults.of_part(_in_file(entry, shared, above, positions))
            part = ReadDocument(document.path, content, faults, document.extends)
            yield _Part(part, entry.get("name"), varied, has_each)


def _in_file(
    entry: dict[str, Any], shared: dict[str, Any], above: KeyPath, positions: Mapping[str, int | None]
) -> Callable[[KeyPath], KeyPath]:
    """Where the file has a key path of one experiment."""

    def in_file(key_path: KeyPath) -> KeyPath:
        own = owner(key_path, [entry, shared]) == 0 and bool(key_path) and key_path[0] in entry
        position = positions.get(str(key_path[0])) if key_path else None
        if position is not None:
            key_path = (key_path[0], "each", position, *key_path[1:])
        return (*above, *key_path) if own or not key_path else key_path

    return in_file


def _values(document: ReadDocument, content: Mapping[str, Any], key: str) -> list[tuple[int | None, Any]]:
    """The values of a key with their positions in `{each: [...]}`; one without a position if there is no such list."""
    value = content.get(key)
    if not (isinstance(value, dict) and "each" in value):
        return [(None, value)]
    if not isinstance(value["each"], list) or not value["each"] or len(value) > 1:
        document.faults.add((key,), f"expected {{each: [...]}} with one value or more, got {preview(value)}")
        return []
    return list(enumerate(value["each"]))


def _has_each(value: Any) -> bool:
    return isinstance(value, dict) and "each" in value


def _is_name(value: Any) -> bool:
    try:
        TypeAdapter(Name).validate_python(value)
    except ValidationError:
        return False
    return True


def _named(parts: Sequence[_Part]) -> list[ReadDocument]:
    """The configs of the experiments, each with a name: its own, and the task and dataset if they make it another."""
    tasks = {str(part.varied["task"]) for part in parts}
    documents = []
    for part in parts:
        words = [part.name] if isinstance(part.name, str) else []
        if not words or part.from_each:
            words += [str(part.varied["task"])] if len(tasks) > 1 else []
            words += ["+".join(map(_short_name, as_list(part.varied["dataset"])))]
        name = part.name if part.name is not None and not isinstance(part.name, str) else _slug("-".join(words))
        documents.append(part.document._replace(content={"name": name, **part.document.content}))
    return documents


def _short_name(dataset: Any) -> str:
    """The last part of the path or of the address of a dataset."""
    return PurePath(str(dataset)).name or "dataset"


def _slug(name: str) -> str:
    """A text as a name that is safe as a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:120] or "experiment"
