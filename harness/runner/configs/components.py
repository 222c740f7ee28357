"""Builds the metrics and the systems of a config; what is wrong with them goes to its faults."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from harness.classifiers.build import build, classifier_settings
from harness.data.labels.tasks import TASKS
from harness.errors import FaultsError, HarnessError
from harness.metrics.base import Metric
from harness.metrics.functions import build_metric, metric_settings
from harness.records import explain_validation, preview
from harness.runner.config import Experiment, System
from harness.runner.configs.faults import ConfigFaults
from harness.runner.splitting.split_config import Shares, Split, SystemAtShare
from harness.runner.tuning.search_space import CALIBRATION_KEYS, allowed_fields, search_candidates
from harness.runner.verification.evidence_source import Defaults, read_sources
from harness.runner.verification.systems import probes_of, shown_with

MISSING = "is required, and missing"
"""Message of a key that a config must have."""
ONE_VALUE = {
    *("int-type", "float-type", "string-type", "bool-type", "literal-error", "enum", "invalid-setting"),
    *("int-from-float", "decimal-type"),
}
"""Codes of a value where a setting expects another kind of value, which is not a list."""


class ComponentBuilder:
    """Builds what a config names.

    Args:
        faults: takes what is wrong with it.
    """

    def __init__(self, faults: ConfigFaults) -> None:
        self.faults = faults
        self._entries: list[Any] = []

    def build_metrics(self, entries: Any, task: str) -> dict[str, Metric]:
        """Builds the metrics of a config for a task, by name."""
        built: dict[str, Metric] = {}
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
            name, key_path = settings.pop("name", None), ("metrics", number)
            if not isinstance(name, str):
                self.faults.add(key_path, "expected a metric's name, or a mapping with a name")
                continue
            try:
                metric = build_metric(name, settings, task)
                metric.check_requirements()
                key = metric.key(name)
                if key in built:
                    self.faults.add(key_path, f"'{key}' is listed twice", "duplicate-name")
                built[key] = metric
            except ValidationError as error:
                for explanation in explain_validation(error):
                    self.faults.add_explanation(
                        explanation, (*key_path, *explanation.place), metric_settings(name, task)
                    )
            except HarnessError as error:
                self.faults.add(key_path, str(error), error.code)
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
            message = f"is no setting of the task '{experiment.task}', whose systems are {needed}; remove it"
            self.faults.add((other,), message)
        if needed not in content:
            self.faults.add((needed,), MISSING, "missing-field")
        elif content[needed] == []:
            self.faults.add((needed,), "expected at least one system, got []")
        if of_evidence:
            self.faults.refuse_settings(
                content, ("scheme", "gold", "defaults", "probes"), "has no effect on the task 'evidence'"
            )
            from harness.runner.verification.retrieval_systems import retrieval_systems

            return retrieval_systems(content.get("retrievers"), self.faults.add)
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
                self.faults.add(("classifiers", number), "expected a classifier's name, or a mapping with a name")
                continue
            if not isinstance(label, str | None):
                message = f"expected a text, got {preview(label)}; put it in quotes"
                self.faults.add(("classifiers", number, "label"), message, "string-type")
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
                self.faults.add(("classifiers", system.entry, "evidence"), str(error))
                continue
            if not system.classifier.reads_evidence:
                if setting is not None and any(source != "none" for source in sources):
                    message = f"'{system.name}' sees the claim alone; remove evidence, or set it to none"
                    self.faults.add(("classifiers", system.entry, "evidence"), message)
                sources = ("none",)
            shown += shown_with(system, sources)
        return (*shown, *(probes_of(shown) if experiment.probes else ()))

    def refuse_evidence(self, content: Mapping[str, Any]) -> None:
        """Adds a fault for each setting that only an experiment on verdicts has."""
        self.faults.refuse_settings(
            content, ("corpus", "defaults", "probes"), "is a setting of the task 'verdict' only"
        )
        for number, entry in enumerate(self._entries):
            if isinstance(entry, dict) and "evidence" in entry:
                self.faults.add(
                    ("classifiers", number, "evidence"), "is a setting of the task 'verdict' only; remove it"
                )

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
                from harness.runner.tuning.tune import with_settings_search

                classifier = with_settings_search(name, fixed, choices, metric, split.resolved_inner_folds)
            else:
                return None
            if calibration:
                from harness.runner.tuning.calibrate import with_calibration

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
                self.faults.add_explanation(explanation, (*key_path, *place), allowed_fields(place) or known)
        except FaultsError as error:
            self.faults.faults += error.faults
        except HarnessError as error:
            self.faults.add(key_path, str(error), error.code)
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
