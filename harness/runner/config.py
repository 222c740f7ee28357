"""A config file becomes a frozen, validated experiment, with every component built, before any data is read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import Field, ValidationError

from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier
from harness.data.labels.gold import RULES
from harness.data.labels.tasks import TASKS, find_task
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.folders import shipped
from harness.metrics import METRICS
from harness.metrics.base import Metric
from harness.metrics.intervals import Intervals
from harness.records import Explanation, Name, Record, explain_validation, preview
from harness.runner.official.leaderboards import leaderboard_metrics
from harness.runner.splitting.split_config import Inner, Shares, Split
from harness.runner.tuning.calibrate import CALIBRATION_KEYS, with_calibration
from harness.runner.tuning.search_space import allowed_fields, search_candidates
from harness.runner.tuning.tune import with_settings_search
from harness.yaml_file import KeyPath, YamlWithLines, format_key_path, read_yaml


class System(NamedTuple):
    """One classifier with its settings, as an experiment names it."""

    system_name: str
    """How tables name it."""
    name: str
    """Its name in the registry, or `module:Class`."""
    settings: dict[str, Any]
    classifier: Classifier
    train_share: float | None = None
    """The share of the training claims that it is fitted to; None: all."""
    train_on: str | None = None
    """The group (source, topic, speaker) whose claims alone it is fitted to; None: those of the split."""


class Experiment(Record):
    """What a config file says, checked, with defaults filled in."""

    name: Name
    """Name of the experiment, and of its run folder."""
    task: str
    """The question that is asked of every claim."""
    dataset: str | Annotated[tuple[str, ...], Field(min_length=1)]
    """A shipped dataset, a fetched benchmark or a folder; a list of several becomes one table."""
    scheme: str | None = None
    """Default: each dataset's first that answers the task."""
    gold: str = "adjudicated"
    """The rule that makes gold labels from annotations: `adjudicated`, `majority`, `single` or `single:NAME`."""
    split: Split = Split()
    """What is trained on, and what is tested on."""
    classifiers: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    """The systems: names, or mappings with a name and settings."""
    metrics: tuple[str | dict[str, Any], ...] = ()
    """Names, or mappings with a name and settings; the first one ranks the systems. Default: those of the task."""
    random_seeds: tuple[int, ...] = Field(default=(13,), min_length=1)
    """Each system is fitted once per seed; values are means over the seeds."""
    intervals: Intervals = Intervals()
    """How the interval of each value is made."""
    ties: Literal["expected", "range"] = "expected"
    """`range`: beside the expectation of each ranking metric, its worst and best value over orders of equal scores."""
    slices: tuple[str, ...] = ()
    """Kinds of slices to give all values of; see `harness.runner.slices.slices_of`."""
    explain: bool = False
    """Whether results keep what drove each score, for the systems that can say."""

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets, by name or folder."""
        return (self.dataset,) if isinstance(self.dataset, str) else self.dataset

    def document(self) -> dict[str, Any]:
        """The experiment as plain data, defaults filled in: reading it again gives the same experiment."""
        document: dict[str, Any] = json.loads(self.model_dump_json(exclude_none=True))
        return document


class LoadedExperiment(NamedTuple):
    """An experiment with its components built."""

    experiment: Experiment
    systems: tuple[System, ...]
    metrics: dict[str, Metric]
    """By the name that results use for it: the registered name, and its settings (`precision_at_10`)."""


def find_config(name_or_path: str | Path) -> Path:
    """A config file by path, or a shipped experiment by name.

    Raises: FaultsError: neither exists.
    """
    path = Path(name_or_path)
    if path.exists():
        return path
    inside = shipped("experiments") / f"{path.stem}.yaml"
    if inside.exists() and path.suffix in ("", ".yaml") and path.parent.name in ("", "experiments"):
        return inside
    known = sorted(found.stem for found in shipped("experiments").glob("*.yaml"))
    message = f"does not exist; give the path of a config, or a shipped one: {', '.join(known)}"
    raise FaultsError.single(path, message, code="does-not-exist")


def load_experiment(config: str | Path, overrides: Sequence[str] = ()) -> LoadedExperiment:
    """Reads and checks a config file.

    Args:
        config: its path, or the name of a shipped experiment.
        overrides: `KEY=VALUE`, the key dotted (`split.k=3`, `classifiers.0.C=10`), the value in YAML.
    Raises: FaultsError: every fault of the file with its line, before any data is read.
    """
    path = find_config(config)
    located = read_yaml(path)
    if not isinstance(located.content, dict):
        raise FaultsError.single(path, "expected a mapping (name: ..., task: ..., dataset: ...)", line=1)
    for override in overrides:
        _override(located.content, override)
    _anchor(located.content, path.parent)
    faults = _ConfigFaults(path, located)
    experiment = None
    try:
        experiment = Experiment.model_validate_json(json.dumps(located.content, default=str))
    except ValidationError as error:
        for wrong in explain_validation(error):
            place = _in_document(wrong.place, located.content)
            faults.add_explanation(wrong, place, known=_known_fields(wrong.place))
    if experiment is not None:
        faults.names(experiment)
        if not experiment.metrics and experiment.task in TASKS:
            task = TASKS[experiment.task]
            listed = dict.fromkeys((*task.metrics, *leaderboard_metrics(experiment.document(), task.binary)))
            experiment = experiment.model_copy(update={"metrics": tuple(listed)})
    if experiment is not None and experiment.split.protocol == "transfer":
        kinds = dict.fromkeys([experiment.split.by, *experiment.slices])
        experiment = experiment.model_copy(update={"slices": tuple(kinds)})
    metrics = faults.metrics(located.content.get("metrics") or list(experiment.metrics if experiment else ()))
    split = experiment.split if experiment else Split()
    systems = faults.systems(located.content.get("classifiers"), next(iter(metrics.values()), None), split)
    if experiment is not None and experiment.task in TASKS and not TASKS[experiment.task].binary:
        faults.many_labels(systems, metrics, experiment.task)
    if faults.found or experiment is None:
        raise FaultsError(sorted(faults.found, key=lambda fault: fault.line or 0))
    return LoadedExperiment(experiment, systems, metrics)


def _anchor(content: dict[str, Any], folder: Path) -> None:
    """Paths that stand beside the config become absolute, so that the resolved config runs from anywhere."""
    named: list[tuple[Any, Any]] = [(content, "dataset"), (content.get("split"), "file")]
    for entry in _entries(content.get("classifiers")):
        named += [(entry, "path"), (entry, "dataset")]
        if "endpoint" not in entry:
            named.append((entry, "model"))
        if isinstance(entry.get("cassette"), str) and entry["cassette"] and "\x00" not in entry["cassette"]:
            entry["cassette"] = str((folder / entry["cassette"]).resolve())  # it may be there only after the run
    several = content.get("dataset")
    if isinstance(several, list):
        named += [(several, place) for place in range(len(several))]
    for holder, key in named:
        value = holder.get(key) if isinstance(holder, dict) else holder[key] if isinstance(holder, list) else None
        is_dataset = key == "dataset" or isinstance(holder, list)
        if isinstance(value, str) and (not is_dataset or "/" in value) and (folder / value).exists():
            holder[key] = str((folder / value).resolve())


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """The mappings of a config's classifiers, those inside of others too."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _entries(inside)


def _named(name: str, metric: Metric) -> tuple[str, Metric]:
    return "_".join([name, *map(str, metric.model_dump().values())]), metric


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise HarnessError(f"--set: expected KEY=VALUE, got '{override}'")
    target: Any = content
    *parents, last = [int(part) if part.isdigit() else part for part in key.split(".")]
    try:
        for parent in parents:
            target = target.setdefault(parent, {}) if isinstance(target, dict) else target[parent]
        target[last] = yaml.safe_load(value)
    except (IndexError, KeyError, TypeError, AttributeError):
        raise HarnessError(f"--set: the config has no place '{key}'") from None
    except yaml.YAMLError as error:
        raise HarnessError(f"--set {key}: the value is not YAML: {error}") from None


def _in_document(place: KeyPath, content: Any) -> KeyPath:
    """The part of a validation's place that the document has: unions add parts of their own."""
    kept: list[str | int] = []
    for part in place:
        inside = isinstance(content, dict) or (isinstance(content, list) and isinstance(part, int))
        if not inside:
            break
        kept.append(part)
        if isinstance(content, dict):
            content = content.get(part)
        else:
            content = content[part] if isinstance(part, int) and part < len(content) else None
    return tuple(kept)


def _known_fields(place: KeyPath) -> list[str]:
    inner: dict[KeyPath, type[Record]] = {
        ("split",): Split,
        ("split", "inner_folds"): Inner,
        ("split", "train_share"): Shares,
        ("intervals",): Intervals,
    }
    return list(inner.get(place[:-1], Experiment).model_fields)


class _ConfigFaults:
    """Collects the faults of a config, each with its line."""

    def __init__(self, path: Path, located: YamlWithLines) -> None:
        self.path, self.located = path, located
        self.found: list[Fault] = []

    def add(self, place: KeyPath, message: str, code: str = Fault.code) -> None:
        fault = Fault(str(self.path), self.located.line(place), format_key_path(place) or None, message, code)
        if fault not in self.found:
            self.found.append(fault)

    def add_explanation(self, wrong: Explanation, place: KeyPath, known: Sequence[str]) -> None:
        """A fault of a validation; of a field that is not known, which ones are."""
        unknown = wrong.code == "unknown-field" and place
        message = unknown_name("field", str(place[-1]), known) if unknown else wrong.message
        self.add(place, message, wrong.code)

    def names(self, experiment: Experiment) -> None:
        """What only a look at the tables can tell."""
        try:
            find_task(experiment.task)
        except HarnessError as error:
            self.add(("task",), str(error), error.code)
        if experiment.gold.partition(":")[0] not in RULES:
            self.add(("gold",), unknown_name("gold rule", experiment.gold, list(RULES)), UnknownName.code)
        for option, message in experiment.split.faults():
            self.add(("split", option) if option else ("split",), message)

    def many_labels(self, systems: Sequence[System], metrics: Mapping[str, Metric], task: str) -> None:
        """What is made for yes-or-no tasks only, in an experiment of another."""
        for system in systems:
            if system.classifier.yes_or_no_only:
                self.add(
                    ("classifiers",),
                    f"'{system.system_name}' is made for yes-or-no tasks, and '{task}' has more labels",
                )
        for name, metric in metrics.items():
            if metric.yes_or_no_only:
                self.add(("metrics",), f"'{name}' is made for yes-or-no tasks, and '{task}' has more labels")

    def metrics(self, listed: Any) -> dict[str, Metric]:
        """The metrics of a config, built, by name."""
        built: dict[str, Metric] = {}
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
            name, place = settings.pop("name", None), ("metrics", number)
            if not isinstance(name, str):
                self.add(place, "expected a metric's name, or a mapping with a name")
                continue
            try:
                key, metric = _named(name, METRICS.get(name).model_validate_json(json.dumps(settings)))
                if key in built:
                    self.add(place, f"'{key}' is listed twice", "duplicate-name")
                built[key] = metric
            except ValidationError as error:
                for wrong in explain_validation(error):
                    self.add_explanation(wrong, (*place, *wrong.place), list(METRICS.get(name).model_fields))
            except HarnessError as error:
                self.add(place, str(error), error.code)
        return built

    def systems(self, listed: Any, metric: Metric | None, split: Split) -> tuple[System, ...]:
        """The classifiers of a config, built.

        `{each: [...]}` gives one system per value; `{grid: [...]}` and `{search: {...}}` one that chooses by
        the first metric of the config.
        """
        built: list[System] = []
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
            name, label = settings.pop("name", None), settings.pop("label", None)
            if not isinstance(name, str):
                self.add(("classifiers", number), "expected a classifier's name, or a mapping with a name")
                continue
            if not isinstance(label, str | None):
                message = f"expected a text, got {preview(label)}; put it in quotes"
                self.add(("classifiers", number, "label"), message, "string-type")
                continue
            swept = {key: value["each"] for key, value in settings.items() if _swept(value)}
            for values in itertools.product(*swept.values()):
                chosen = dict(zip(swept, values, strict=True))
                suffix = ",".join(f"{key}={value}" for key, value in chosen.items())
                title = (label or name) + (f"[{suffix}]" if suffix else "")
                self._system(number, title, name, settings | chosen, built, metric, split)
        labels = [system.system_name for system in built]
        for label in {label for label in labels if labels.count(label) > 1}:
            message = f"two systems are called '{label}'; give one of them a label of its own"
            self.add(("classifiers",), message, "duplicate-name")
        return tuple(built) if split.train_share is None else _at_shares(built, split.train_share)

    def _system(
        self,
        number: int,
        label: str,
        name: str,
        settings: dict[str, Any],
        built: list[System],
        metric: Metric | None,
        split: Split,
    ) -> None:
        place = ("classifiers", number)
        try:
            fixed, choices = search_candidates(name, settings)
            decisions = {
                key: fixed.pop(key)
                for key in CALIBRATION_KEYS
                if key in fixed and _is_calibration_setting(key, fixed[key])
            }
            if not choices:
                classifier = build(name, fixed)
            elif metric is not None:
                classifier = with_settings_search(name, fixed, choices, metric, split.resolved_inner_folds)
            else:
                return
            if decisions:
                classifier = with_calibration(classifier, decisions, split.resolved_inner_folds)
            built.append(System(label, name, settings, classifier))
        except ValidationError as error:
            known = list(CLASSIFIERS.get(name).model_fields) if name in CLASSIFIERS.names() else []
            for wrong in explain_validation(error):
                self.add_explanation(wrong, (*place, *wrong.place), allowed_fields(wrong.place) or known)
        except FaultsError as error:
            self.found += error.faults
        except HarnessError as error:
            self.add(place, str(error), error.code)


def _at_shares(systems: Sequence[System], shares: Shares) -> tuple[System, ...]:
    """Each system once per share of the training claims, named after it."""
    found = []
    for system, share in itertools.product(systems, shares.each):
        chosen = system.system_name.endswith("]")
        label = (
            f"{system.system_name[:-1]},train_share={share:g}]"
            if chosen
            else f"{system.system_name}[train_share={share:g}]"
        )
        found.append(system._replace(system_name=label, train_share=share))
    return tuple(found)


def _is_calibration_setting(key: str, value: Any) -> bool:
    """Whether a setting is for the runner: `threshold` is a classifier's own where it is a number."""
    return key == "calibration" or isinstance(value, dict)


def _swept(value: Any) -> bool:
    """Whether a setting is `{each: [...]}`, with at least one value."""
    return (
        isinstance(value, dict) and set(value) == {"each"} and isinstance(value["each"], list) and bool(value["each"])
    )
