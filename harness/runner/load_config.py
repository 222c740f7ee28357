"""Loads a config file: reads it, applies overrides, and builds every component before any data is read."""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from harness.arguments import as_list
from harness.classifiers.build import build, classifier_settings
from harness.data.labels.gold import parse_rule
from harness.data.labels.tasks import TASKS
from harness.display import brief
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.folders import shipped
from harness.metrics.base import Metric
from harness.metrics.functions import build_metric, metric_settings
from harness.records import Explanation, explain_validation, preview
from harness.runner.config import Experiment, LoadedExperiment, System, known_fields, plain_data
from harness.runner.configs.overrides import override
from harness.runner.configs.paths import make_paths_absolute
from harness.runner.configs.places import in_document, remove, with_text_keys
from harness.runner.official.leaderboards import leaderboard_metrics
from harness.runner.splitting.split_config import Shares, Split, SystemAtShare
from harness.runner.tuning.calibrate import CALIBRATION_KEYS, with_calibration
from harness.runner.tuning.search_space import allowed_fields, search_candidates
from harness.runner.tuning.tune import with_settings_search
from harness.runner.verification.evidence_source import Defaults, read_sources
from harness.runner.verification.retrieval_systems import retrieval_systems
from harness.runner.verification.systems import probes_of, shown_with
from harness.yaml_file import KeyPath, YamlWithLines, format_key_path, read_yaml

PLACEHOLDERS = {"name": "x", "task": "", "dataset": "x", "classifiers": ["x"], "retrievers": []}
"""Values of required keys that are missing or faulty, so that the rest of a config can be checked."""


CHAIN = "chain"
"""The `task` of the config of a chain, which has stages instead of systems."""
MISSING = "is required, and missing"
"""Message of a key that a config must have."""
ONE_VALUE = {
    *("int-type", "float-type", "string-type", "bool-type", "literal-error", "enum", "invalid-setting"),
    *("int-from-float", "decimal-type"),
}
"""Codes of a value where a setting expects another kind of value, which is not a list."""


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


class ReadConfig(NamedTuple):
    """A config as far as it can be read, and its faults."""

    path: Path
    experiment: Experiment
    """The valid part of the config; a required key with a fault has a value of no meaning."""
    valid: frozenset[str]
    """Keys of the config that are missing with a default, or have no fault."""
    systems: tuple[System, ...]
    metrics: dict[str, Metric]
    faults: ConfigFaults

    @property
    def loaded(self) -> LoadedExperiment:
        """The experiment with its components built.

        Raises: FaultsError: every fault of the file.
        """
        if self.faults.faults:
            raise FaultsError(self.faults.in_order())
        return LoadedExperiment(self.experiment, self.systems, self.metrics)


def load_experiment(
    config: str | Path | Mapping[str, Any] | Experiment, overrides: str | Sequence[str] = ()
) -> LoadedExperiment:
    """Reads and checks a config.

    Args:
        config: path of the file, the name of a shipped experiment, a mapping with the content of a file, or an
            experiment; relative paths are relative to the file, else to the working folder.
        overrides: `KEY=VALUE` with a dotted key (`split.k=3`, `classifiers.0.C=10`) and a value in YAML.
    Raises: FaultsError: every fault of the config, with the line of a file, before any data is read.
    """
    return read_config(config, overrides).loaded


def read_config(config: str | Path | Mapping[str, Any] | Experiment, overrides: str | Sequence[str] = ()) -> ReadConfig:
    """Reads a config and collects its faults; reads no data.

    Args:
        config, overrides: as for `load_experiment`.
    Raises: FaultsError: it cannot be read as a mapping.
    """
    path, content, faults = read_document(config, overrides)
    if content.get("task") == CHAIN:
        message = f"is '{CHAIN}', which has stages instead of systems; harness run and harness check take chains"
        raise FaultsError.single(path, message, line=faults.located.line(("task",)), field="task", code="chain")
    experiment, valid = faults.read_experiment(content)
    faults.check_names(experiment, valid)
    experiment = _with_defaults(experiment)
    entries = content.get("metrics") if isinstance(content.get("metrics"), list) else None
    metrics = faults.build_metrics(entries or list(experiment.metrics), experiment.task)
    systems = faults.systems_of_task(content, experiment, next(iter(metrics.values()), None))
    faults.check_system_names(systems, "retrievers" if experiment.task == "evidence" else "classifiers")
    if experiment.task in TASKS and not TASKS[experiment.task].binary:
        faults.check_yes_or_no_only(systems, metrics, experiment.task)
    return ReadConfig(path, experiment, valid, systems, metrics, faults)


class ReadDocument(NamedTuple):
    """A config as plain data, with overrides applied, before its keys are checked."""

    path: Path
    content: dict[str, Any]
    faults: ConfigFaults


def read_document(
    config: str | Path | Mapping[str, Any] | Experiment, overrides: str | Sequence[str] = ()
) -> ReadDocument:
    """Reads a config as plain data with absolute paths.

    Args:
        config, overrides: as for `load_experiment`.
    Raises: FaultsError: it cannot be read as a mapping.
    """
    duplicates: list[Fault] = []
    path, folder, located = _read(config, duplicates)
    content = with_text_keys(located.content)
    if not isinstance(content, dict):
        raise FaultsError.single(path, "expected a mapping (name: ..., task: ..., dataset: ...)", line=1)
    _list_single_entries(content)  # `classifiers.0.C` means the only system too
    changed = tuple(override(content, text) for text in as_list(overrides))
    _list_single_entries(content)
    make_paths_absolute(content, folder)
    faults = ConfigFaults(path, located, changed)
    faults.faults += duplicates
    return ReadDocument(path, content, faults)


def _read(
    config: str | Path | Mapping[str, Any] | Experiment, duplicates: list[Fault]
) -> tuple[Path, Path, YamlWithLines]:
    """The name of a config for messages, the folder that its paths are relative to, and its content."""
    if isinstance(config, Mapping | Experiment):
        content = plain_data(config) if isinstance(config, Mapping) else config.document()
        return Path("config"), Path(), YamlWithLines(content, {}, json.dumps(content))
    if not isinstance(config, str | PathLike):
        kinds = "a path, the name of a shipped experiment, a mapping or an Experiment"
        raise FaultsError.single("config", f"expected {kinds}, got {brief(config)}")
    path = find_config(config)
    return path, path.parent, read_yaml(path, duplicates)


def _list_single_entries(content: dict[str, Any]) -> None:
    """Makes one system or metric a list of one."""
    for key in ("classifiers", "retrievers", "metrics"):
        if isinstance(content.get(key), str | dict):
            content[key] = as_list(content[key])


def _with_defaults(experiment: Experiment) -> Experiment:
    """Adds what depends on the task and the split: the default metrics, and slices by the groups of a transfer."""
    if not experiment.metrics and experiment.task in TASKS:
        task = TASKS[experiment.task]
        metrics = dict.fromkeys((*task.metrics, *leaderboard_metrics(experiment.document(), task.binary)))
        experiment = experiment.model_copy(update={"metrics": tuple(metrics)})
    if experiment.task == "verdict":
        update = {"defaults": experiment.defaults or Defaults(), "probes": experiment.probes in (None, True)}
        experiment = experiment.model_copy(update=update)
    if experiment.split.protocol == "transfer":
        kinds = dict.fromkeys([experiment.split.by, *experiment.slices])
        experiment = experiment.model_copy(update={"slices": tuple(kinds)})
    return experiment


class ConfigFaults:
    """Collects the faults of a config with their lines, while its components are built."""

    def __init__(self, path: Path, located: YamlWithLines, changed: Sequence[KeyPath] = ()) -> None:
        self.path, self.located, self.changed = path, located, changed
        self.faults: list[Fault] = []
        self._entries: list[Any] = []

    def add(self, key_path: KeyPath, message: str, code: str = Fault.code) -> None:
        """Adds a fault at a key path, once; a value of an override stands in no line of the file."""
        overridden = any(key_path[: len(changed)] == changed for changed in self.changed)
        path = f"{self.path} with --set" if overridden else str(self.path)
        line = None if overridden else self.located.line(key_path)
        fault = Fault(path, line, format_key_path(key_path) or None, message, code)
        if fault not in self.faults:
            self.faults.append(fault)

    def in_order(self) -> list[Fault]:
        """The faults in the order of the file."""
        return sorted(self.faults, key=lambda fault: (fault.path != str(self.path), fault.line or 0))

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

    def build_metrics(self, entries: Any, task: str) -> dict[str, Metric]:
        """Builds the metrics of a config for a task, by name."""
        built: dict[str, Metric] = {}
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
            name, key_path = settings.pop("name", None), ("metrics", number)
            if not isinstance(name, str):
                self.add(key_path, "expected a metric's name, or a mapping with a name")
                continue
            try:
                metric = build_metric(name, settings, task)
                metric.check_requirements()
                key = metric.key(name)
                if key in built:
                    self.add(key_path, f"'{key}' is listed twice", "duplicate-name")
                built[key] = metric
            except ValidationError as error:
                for explanation in explain_validation(error):
                    self.add_explanation(explanation, (*key_path, *explanation.place), metric_settings(name, task))
            except HarnessError as error:
                self.add(key_path, str(error), error.code)
        return built

    def systems_of_task(
        self, content: Mapping[str, Any], experiment: Experiment, metric: Metric | None
    ) -> tuple[System, ...]:
        """Builds the systems of a config: classifiers, or retrievers for the task `evidence`.

        Args:
            content: the content of the config.
            experiment: the valid part of it.
            metric: the first metric, by which settings are chosen.
        """
        of_evidence = experiment.task == "evidence"
        needed, other = ("retrievers", "classifiers") if of_evidence else ("classifiers", "retrievers")
        if content.get(other) and experiment.task in TASKS:
            self.add((other,), f"is no setting of the task '{experiment.task}', whose systems are {needed}; remove it")
        if needed not in content:
            self.add((needed,), MISSING, "missing-field")
        elif content[needed] == []:
            self.add((needed,), "expected at least one system, got []")
        if of_evidence:
            self.refuse_settings(
                content, ("scheme", "gold", "defaults", "probes"), "has no effect on the task 'evidence'"
            )
            return retrieval_systems(content.get("retrievers"), self.add)
        systems = self.build_systems(content.get("classifiers"), metric, experiment.split)
        if experiment.task == "verdict":
            return self.with_evidence(systems, experiment)
        self.refuse_evidence(content)
        return systems

    def build_systems(self, entries: Any, metric: Metric | None, split: Split) -> tuple[System, ...]:
        """Builds the classifiers of a config.

        `{each: [...]}` gives one system per value; `{grid: [...]}` and `{search: {...}}` one that chooses by
        the first metric of the config.
        """
        built: list[System] = []
        self._entries = entries if isinstance(entries, list) else []
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
            settings.pop("evidence", None)  # the runner's own; see `with_evidence`
            sweeps = {key: value["each"] for key, value in settings.items() if _is_sweep(value)}
            for values in itertools.product(*sweeps.values()):
                chosen = dict(zip(sweeps, values, strict=True))
                suffix = ",".join(f"{key}={value}" for key, value in chosen.items())
                title = (label or name) + (f"[{suffix}]" if suffix else "")
                system = self._build_system(number, title, name, settings | chosen, metric=metric, split=split)
                built += [] if system is None else [system]
        return tuple(built) if split.train_share is None else _at_shares(built, split.train_share)

    def with_evidence(self, systems: Sequence[System], experiment: Experiment) -> tuple[System, ...]:
        """The systems of a verdict experiment, once per evidence that each is shown, and the probes."""
        shown, default = list[System](), (experiment.defaults or Defaults()).evidence
        for system in systems:
            entry = self._entries[system.entry]
            setting = entry.get("evidence") if isinstance(entry, dict) else None
            try:
                sources = read_sources(setting, default)
            except HarnessError as error:
                self.add(("classifiers", system.entry, "evidence"), str(error))
                continue
            if not system.classifier.reads_evidence:
                if setting is not None and any(source != "none" for source in sources):
                    message = f"'{system.name}' sees the claim alone; remove evidence, or set it to none"
                    self.add(("classifiers", system.entry, "evidence"), message)
                sources = ("none",)
            shown += shown_with(system, sources)
        return (*shown, *(probes_of(shown) if experiment.probes else ()))

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

    def refuse_evidence(self, content: Mapping[str, Any]) -> None:
        """Adds a fault for each setting that only an experiment on verdicts has."""
        self.refuse_settings(content, ("corpus", "defaults", "probes"), "is a setting of the task 'verdict' only")
        for number, entry in enumerate(self._entries):
            if isinstance(entry, dict) and "evidence" in entry:
                self.add(("classifiers", number, "evidence"), "is a setting of the task 'verdict' only; remove it")

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
            return System(label, name, settings, classifier, entry=number)
        except ValidationError as error:
            known = classifier_settings(name)
            for explanation in explain_validation(error):
                place = explanation.place
                if place[:1] == ("aim",):  # validation names the kind of aim between the two keys of a config
                    place = ("threshold", *place[2:])
                    known = ["aim", "share", "at_least"]
                if len(place) == 1 and isinstance(settings.get(str(place[0])), list) and explanation.code in ONE_VALUE:
                    explanation = explanation._replace(
                        message=f"{explanation.message.rstrip('.')}; {_several(settings[str(place[0])])}"
                    )
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
        label = SystemAtShare(system.system_name, share).system_name
        repeated.append(system._replace(system_name=label, train_share=share))
    return tuple(repeated)


def _is_calibration_setting(key: str, value: Any) -> bool:
    """Whether a setting is for the runner: a `threshold` that is a number belongs to the classifier."""
    return key == "calibration" or isinstance(value, dict)


def _several(values: list[Any]) -> str:
    """The remedy for a list where a setting has one value."""
    listed = preview(values)
    return (
        f"for several values write {{each: {listed}}} (one system per value) "
        f"or {{grid: {listed}}} (the best value is chosen on training claims)"
    )


def _is_sweep(value: Any) -> bool:
    """Whether a setting is `{each: [...]}`, with at least one value."""
    return (
        isinstance(value, dict) and set(value) == {"each"} and isinstance(value["each"], list) and bool(value["each"])
    )
