"""The faults of a config with the places where they stand: a line of one of its files, or `--set`."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from harness.data.labels.gold import parse_rule
from harness.data.labels.tasks import TASKS
from harness.errors import Fault, HarnessError, UnknownName, unknown_name
from harness.metrics.base import Metric
from harness.records import Explanation, explain_validation, preview
from harness.runner.config import CHAIN, Experiment, System, known_fields
from harness.runner.configs.places import in_document, owner, remove
from harness.yaml_file import KeyPath, YamlWithLines, format_key_path

PLACEHOLDERS = {"name": "x", "task": "", "dataset": "x", "classifiers": ["x"], "retrievers": []}
"""Values of required keys that are missing or faulty, so that the rest of a config can be checked."""


class Source(NamedTuple):
    """A file, or a mapping, that a config is read from."""

    path: Path
    """Its name in messages."""
    located: YamlWithLines


class ConfigFaults:
    """Collects the faults of a config with their lines, while its components are built.

    Args:
        sources: the file of the config, then the one that it extends, if any.
        changed: key paths that were changed by `--set`.
        in_file: the key path in the file of a key path in the config, which differ where a file has several
            experiments.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        changed: Sequence[KeyPath] = (),
        in_file: Callable[[KeyPath], KeyPath] = lambda key_path: key_path,
    ) -> None:
        self.path, self.changed = sources[0].path, changed
        self.faults: list[Fault] = []
        self._sources, self._in_file = sources, in_file

    def of_part(self, in_file: Callable[[KeyPath], KeyPath]) -> ConfigFaults:
        """The faults of one of several experiments of the same file; see `in_file`."""
        return ConfigFaults(self._sources, self.changed, in_file)

    def add(self, key_path: KeyPath, message: str, code: str = Fault.code) -> None:
        """Adds a fault at a key path, once; a value of an override stands in no line of a file."""
        fault = self._at(self._in_file(key_path), message, code)
        if fault not in self.faults:
            self.faults.append(fault)

    def _at(self, key_path: KeyPath, message: str, code: str) -> Fault:
        field = format_key_path(key_path) or None
        source = self._sources[owner(key_path, [source.located.content for source in self._sources])]
        for changed in self.changed:
            inside = key_path[: len(changed)] == changed
            around = bool(key_path) and changed[: len(key_path)] == key_path and key_path not in source.located.lines
            if inside or around:
                return Fault(f"{self.path} with --set {'.'.join(map(str, changed))}", None, field, message, code)
        return Fault(str(source.path), source.located.line(key_path), field, message, code)

    def in_order(self) -> list[Fault]:
        """The faults in the order of the file, then of the file that it extends, then those of `--set`."""
        paths = [str(source.path) for source in self._sources]
        return sorted(self.faults, key=lambda fault: (_position(paths, fault.path), fault.line or 0))

    def read_experiment(self, content: dict[str, Any]) -> tuple[Experiment, frozenset[str]]:
        """Validates the keys of a config; returns the experiment without faulty values, and its valid keys."""
        faulty: set[str] = set()
        valid = copy.deepcopy(content)
        try:
            return Experiment.model_validate_json(json.dumps(content, default=str)), frozenset(Experiment.model_fields)
        except ValidationError as error:
            for explanation in explain_validation(error):
                place = explanation.place
                self.add_explanation(explanation, in_document(place, content), known=known_fields(place))
                if explanation.code == "unknown-field":
                    remove(valid, place)
                elif place:
                    faulty.add(str(place[0]))
        rest = {str(key): value for key, value in valid.items() if key not in faulty}
        usable = frozenset(Experiment.model_fields) - faulty
        return Experiment.model_validate_json(json.dumps(PLACEHOLDERS | rest, default=str)), usable

    def add_explanation(self, explanation: Explanation, key_path: KeyPath, known: Sequence[str]) -> None:
        """Adds a fault of validation; for an unknown field the message lists the known ones."""
        message = explanation.message
        if explanation.code == "unknown-field" and key_path:
            message = unknown_name("field", str(key_path[-1]), known)
        elif explanation.code == "model-type":
            message = f"expected a mapping, got {preview(explanation.value)}"
        self.add(key_path, message, explanation.code)

    def check_names(self, experiment: Experiment, valid: frozenset[str]) -> None:
        """Checks names that only the registries know: task, gold rule, options of the split."""
        if "task" in valid and experiment.task not in TASKS:
            self.add(("task",), unknown_name("task", experiment.task, [*TASKS, CHAIN]), UnknownName.code)
        try:
            parse_rule(experiment.gold)
        except HarnessError as error:
            self.add(("gold",), str(error), error.code)
        for option, message in experiment.split.faults():
            self.add(("split", option) if option else ("split",), message)

    def check_yes_or_no_only(self, systems: Sequence[System], metrics: Mapping[str, Metric], task: str) -> None:
        """Refuses systems and metrics for yes-or-no tasks in an experiment on a task with more labels."""
        for system in systems:
            if system.classifier.yes_or_no_only:
                self.add(
                    ("classifiers",),
                    f"'{system.system_name}' supports yes-or-no tasks only, and '{task}' has more labels",
                )
        for name, metric in metrics.items():
            if metric.yes_or_no_only:
                self.add(("metrics",), f"'{name}' supports yes-or-no tasks only, and '{task}' has more labels")

    def check_system_names(self, systems: Sequence[System], key: str) -> None:
        """Refuses two systems of the same name, which stand under a key."""
        names = Counter(system.system_name for system in systems)
        for name in (name for name, count in names.items() if count > 1):
            message = f"two systems are called '{name}'; give one of them another label"
            self.add((key,), message, "duplicate-name")

    def refuse_settings(self, content: Mapping[str, Any], keys: Sequence[str], reason: str) -> None:
        """Adds a fault for each of some keys that the config sets."""
        for key in keys:
            if key in content:
                self.add((key,), f"{reason}; remove it")


def _position(paths: Sequence[str], path: str) -> int:
    return paths.index(path) if path in paths else len(paths)
