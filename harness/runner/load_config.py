"""Loads a config file: reads it, applies overrides, and builds every component before any data is read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.arguments import as_list
from harness.classifiers.build import CLASSIFIERS, build
from harness.data.labels.gold import RULES
from harness.data.labels.tasks import TASKS, find_task
from harness.display import brief
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.folders import shipped
from harness.metrics.base import Metric
from harness.metrics.functions import build_metric, metric_settings
from harness.records import Explanation, explain_validation, preview
from harness.runner.config import Experiment, LoadedExperiment, System, known_fields, plain_data
from harness.runner.official.leaderboards import leaderboard_metrics
from harness.runner.splitting.split_config import Shares, Split
from harness.runner.tuning.calibrate import CALIBRATION_KEYS, with_calibration
from harness.runner.tuning.search_space import allowed_fields, search_candidates
from harness.runner.tuning.tune import with_settings_search
from harness.yaml_file import KeyPath, YamlWithLines, format_key_path, read_yaml


def find_config(name_or_path: str | Path) -> Path:
    """Path of a config file, given by path or as the name of a shipped experiment.

    Raises: FaultsError: neither exists.
    """
    path = Path(name_or_path)
    if path.exists():
        return path
    shipped_config = shipped("experiments") / f"{path.stem}.yaml"
    if shipped_config.exists() and path.suffix in ("", ".yaml") and path.parent.name in ("", "experiments"):
        return shipped_config
    names = sorted(config.stem for config in shipped("experiments").glob("*.yaml"))
    message = f"does not exist; give the path of a config, or the name of a shipped one: {', '.join(names)}"
    raise FaultsError.single(path, message, code="does-not-exist")


def load_experiment(
    config: str | Path | Mapping[str, Any] | Experiment, overrides: str | Sequence[str] = ()
) -> LoadedExperiment:
    """Reads and checks a config.

    Args:
        config: path of the file, the name of a shipped experiment, a mapping with the content of a file, or an
            experiment; relative paths are relative to the file, else to the working folder.
        overrides: `KEY=VALUE` with a dotted key (`split.k=3`, `classifiers.0.C=10`) and a value in YAML.
    Raises: FaultsError: every fault of the file with its line, before any data is read.
    """
    path, folder, located = _read(config)
    for override in as_list(overrides):
        _override(located.content, override)
    _make_paths_absolute(located.content, folder)
    faults = _ConfigFaults(path, located)
    experiment = None
    try:
        experiment = Experiment.model_validate_json(json.dumps(located.content, default=str))
    except ValidationError as error:
        for explanation in explain_validation(error):
            key_path = _in_document(explanation.place, located.content)
            faults.add_explanation(explanation, key_path, known=known_fields(explanation.place))
    if experiment is not None:
        faults.check_names(experiment)
        experiment = _with_defaults(experiment)
    metrics = faults.build_metrics(located.content.get("metrics") or list(experiment.metrics if experiment else ()))
    split = experiment.split if experiment else Split()
    systems = faults.build_systems(located.content.get("classifiers"), next(iter(metrics.values()), None), split)
    if experiment is not None and experiment.task in TASKS and not TASKS[experiment.task].binary:
        faults.check_yes_or_no_only(systems, metrics, experiment.task)
    if faults.faults or experiment is None:
        raise FaultsError(sorted(faults.faults, key=lambda fault: fault.line or 0))
    return LoadedExperiment(experiment, systems, metrics)


def _read(config: str | Path | Mapping[str, Any] | Experiment) -> tuple[Path, Path, YamlWithLines]:
    """The name of a config for messages, the folder that its paths are relative to, and its content."""
    if isinstance(config, Mapping | Experiment):
        content = plain_data(config) if isinstance(config, Mapping) else config.document()
        located, path, folder = YamlWithLines(content, {}, json.dumps(content)), Path("config"), Path()
    else:
        if not isinstance(config, str | PathLike):
            kinds = "a path, the name of a shipped experiment, a mapping or an Experiment"
            raise FaultsError.single("config", f"expected {kinds}, got {brief(config)}")
        path = find_config(config)
        located, folder = read_yaml(path), path.parent
    if not isinstance(located.content, dict):
        raise FaultsError.single(path, "expected a mapping (name: ..., task: ..., dataset: ...)", line=1)
    for key in ("classifiers", "metrics"):
        if isinstance(located.content.get(key), str | dict):  # one system or metric counts as a list of one
            located.content[key] = as_list(located.content[key])
    return path, folder, located


def _with_defaults(experiment: Experiment) -> Experiment:
    """Adds what depends on the task and the split: the default metrics, and slices by the groups of a transfer."""
    if not experiment.metrics and experiment.task in TASKS:
        task = TASKS[experiment.task]
        metrics = dict.fromkeys((*task.metrics, *leaderboard_metrics(experiment.document(), task.binary)))
        experiment = experiment.model_copy(update={"metrics": tuple(metrics)})
    if experiment.split.protocol == "transfer":
        kinds = dict.fromkeys([experiment.split.by, *experiment.slices])
        experiment = experiment.model_copy(update={"slices": tuple(kinds)})
    return experiment


def _make_paths_absolute(content: dict[str, Any], folder: Path) -> None:
    """Makes paths relative to the config absolute, so that the resolved config runs from any folder."""
    path_settings: list[tuple[Any, Any]] = [(content, "dataset"), (content.get("split"), "file")]
    for entry in _entries(content.get("classifiers")):
        path_settings += [(entry, "path"), (entry, "dataset")]
        if "endpoint" not in entry:
            path_settings.append((entry, "model"))
        if isinstance(entry.get("cassette"), str) and entry["cassette"] and "\x00" not in entry["cassette"]:
            entry["cassette"] = str((folder / entry["cassette"]).resolve())  # it may exist only after the run
    datasets = content.get("dataset")
    if isinstance(datasets, list):
        path_settings += [(datasets, index) for index in range(len(datasets))]
    for holder, key in path_settings:
        value = holder.get(key) if isinstance(holder, dict) else holder[key] if isinstance(holder, list) else None
        is_dataset = key == "dataset" or isinstance(holder, list)
        if isinstance(value, str) and (not is_dataset or "/" in value) and (folder / value).exists():
            holder[key] = str((folder / value).resolve())


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the classifiers of a config, including nested ones."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _entries(child)


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise HarnessError(f"--set: expected KEY=VALUE, got '{override}'")
    target: Any = content
    *parents, last = [int(part) if part.isdecimal() else part for part in key.split(".")]
    try:
        for parent in parents:
            target = target.setdefault(parent, {}) if isinstance(target, dict) else target[parent]
        target[last] = _parse_value(key, value)
    except (IndexError, KeyError, TypeError, AttributeError):
        raise HarnessError(f"--set: the config has no key '{key}'") from None


def _parse_value(key: str, value: str) -> Any:
    """Parses the value of an override.

    Raises: HarnessError: it is not YAML, or it has no form in JSON, which settings are checked in.
    """
    try:
        parsed = yaml.safe_load(value)
        json.dumps(parsed, default=str)
    except yaml.YAMLError as error:
        raise HarnessError(f"--set {key}: the value is not YAML: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise HarnessError(f"--set {key}: cannot read the value {preview(value)} ({error}); put it in quotes") from None
    return parsed


def _in_document(key_path: KeyPath, content: Any) -> KeyPath:
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


class _ConfigFaults:
    """Collects the faults of a config with their lines, while its components are built."""

    def __init__(self, path: Path, located: YamlWithLines) -> None:
        self.path, self.located = path, located
        self.faults: list[Fault] = []

    def add(self, key_path: KeyPath, message: str, code: str = Fault.code) -> None:
        fault = Fault(str(self.path), self.located.line(key_path), format_key_path(key_path) or None, message, code)
        if fault not in self.faults:
            self.faults.append(fault)

    def add_explanation(self, explanation: Explanation, key_path: KeyPath, known: Sequence[str]) -> None:
        """Adds a fault of validation; for an unknown field the message lists the known ones."""
        unknown = explanation.code == "unknown-field" and key_path
        message = unknown_name("field", str(key_path[-1]), known) if unknown else explanation.message
        self.add(key_path, message, explanation.code)

    def check_names(self, experiment: Experiment) -> None:
        """Checks names that only the registries know: task, gold rule, options of the split."""
        try:
            find_task(experiment.task)
        except HarnessError as error:
            self.add(("task",), str(error), error.code)
        if experiment.gold.partition(":")[0] not in RULES:
            self.add(("gold",), unknown_name("gold rule", experiment.gold, list(RULES)), UnknownName.code)
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

    def build_metrics(self, entries: Any) -> dict[str, Metric]:
        """Builds the metrics of a config, by name."""
        built: dict[str, Metric] = {}
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
            name, key_path = settings.pop("name", None), ("metrics", number)
            if not isinstance(name, str):
                self.add(key_path, "expected a metric's name, or a mapping with a name")
                continue
            try:
                metric = build_metric(name, settings)
                key = metric.key(name)
                if key in built:
                    self.add(key_path, f"'{key}' is listed twice", "duplicate-name")
                built[key] = metric
            except ValidationError as error:
                for explanation in explain_validation(error):
                    self.add_explanation(explanation, (*key_path, *explanation.place), metric_settings(name))
            except HarnessError as error:
                self.add(key_path, str(error), error.code)
        return built

    def build_systems(self, entries: Any, metric: Metric | None, split: Split) -> tuple[System, ...]:
        """Builds the classifiers of a config.

        `{each: [...]}` gives one system per value; `{grid: [...]}` and `{search: {...}}` one that chooses by
        the first metric of the config.
        """
        built: list[System] = []
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
            name, label = settings.pop("name", None), settings.pop("label", None)
            if not isinstance(name, str):
                self.add(("classifiers", number), "expected a classifier's name, or a mapping with a name")
                continue
            if not isinstance(label, str | None):
                message = f"expected a text, got {preview(label)}; put it in quotes"
                self.add(("classifiers", number, "label"), message, "string-type")
                continue
            sweeps = {key: value["each"] for key, value in settings.items() if _is_sweep(value)}
            for values in itertools.product(*sweeps.values()):
                chosen = dict(zip(sweeps, values, strict=True))
                suffix = ",".join(f"{key}={value}" for key, value in chosen.items())
                title = (label or name) + (f"[{suffix}]" if suffix else "")
                system = self._build_system(number, title, name, settings | chosen, metric=metric, split=split)
                built += [] if system is None else [system]
        labels = [system.system_name for system in built]
        for label in {label for label in labels if labels.count(label) > 1}:
            message = f"two systems are called '{label}'; give one of them another label"
            self.add(("classifiers",), message, "duplicate-name")
        return tuple(built) if split.train_share is None else _at_shares(built, split.train_share)

    def _build_system(
        self, number: int, label: str, name: str, settings: dict[str, Any], *, metric: Metric | None, split: Split
    ) -> System | None:
        """Builds one system; None, and its faults are collected, if a setting is wrong."""
        key_path = ("classifiers", number)
        try:
            fixed, choices = search_candidates(name, settings)
            calibration = {
                key: fixed.pop(key)
                for key in CALIBRATION_KEYS
                if key in fixed and _is_calibration_setting(key, fixed[key])
            }
            if not choices:
                classifier = build(name, fixed)
            elif metric is not None:
                classifier = with_settings_search(name, fixed, choices, metric, split.resolved_inner_folds)
            else:
                return None
            if calibration:
                classifier = with_calibration(classifier, calibration, split.resolved_inner_folds)
            return System(label, name, settings, classifier)
        except ValidationError as error:
            known = list(CLASSIFIERS.get(name).model_fields) if name in CLASSIFIERS.names() else []
            for explanation in explain_validation(error):
                place = explanation.place
                if place[:1] == ("aim",):  # validation names the kind of aim between the two keys of a config
                    place = ("threshold", *place[2:])
                    known = ["aim", "share", "at_least"]
                self.add_explanation(explanation, (*key_path, *place), allowed_fields(place) or known)
        except FaultsError as error:
            self.faults += error.faults
        except HarnessError as error:
            self.add(key_path, str(error), error.code)
        return None


def _at_shares(systems: Sequence[System], shares: Shares) -> tuple[System, ...]:
    """Repeats each system for every share of the training claims, with the share in its name."""
    repeated = []
    for system, share in itertools.product(systems, shares.each):
        has_suffix = system.system_name.endswith("]")
        label = (
            f"{system.system_name[:-1]},train_share={share:g}]"
            if has_suffix
            else f"{system.system_name}[train_share={share:g}]"
        )
        repeated.append(system._replace(system_name=label, train_share=share))
    return tuple(repeated)


def _is_calibration_setting(key: str, value: Any) -> bool:
    """Whether a setting is for the runner: a `threshold` that is a number belongs to the classifier."""
    return key == "calibration" or isinstance(value, dict)


def _is_sweep(value: Any) -> bool:
    """Whether a setting is `{each: [...]}`, with at least one value."""
    return (
        isinstance(value, dict) and set(value) == {"each"} and isinstance(value["each"], list) and bool(value["each"])
    )
