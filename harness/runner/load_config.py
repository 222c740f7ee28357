"""Loads a config: reads it, applies overrides, and builds every component before any data is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.labels.tasks import TASKS
from harness.errors import FaultsError
from harness.metrics.base import Metric
from harness.runner.config import CHAIN, Experiment, LoadedExperiment, System
from harness.runner.configs.components import ComponentBuilder
from harness.runner.configs.document import ReadDocument, read_document
from harness.runner.configs.faults import ConfigFaults
from harness.runner.configs.several import is_several
from harness.runner.official.leaderboards import leaderboard_metrics
from harness.runner.verification.evidence_source import Defaults


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
    document = read_document(config, overrides)
    if is_several(document.content):
        message = "has several experiments, where one is expected; harness run and harness check take them all"
        raise FaultsError.single(document.path, message, code="several-experiments")
    return read_experiment(document)


def read_experiment(document: ReadDocument) -> ReadConfig:
    """Checks the keys of a config of one experiment, builds its components, and collects its faults.

    Raises: FaultsError: it is the config of a chain.
    """
    path, content, faults, _ = document
    if content.get("task") == CHAIN:
        message = f"is '{CHAIN}', which has stages instead of systems; harness run and harness check take chains"
        faults.add(("task",), message, "chain")
        raise FaultsError(faults.in_order())
    experiment, valid = faults.read_experiment(content)
    faults.check_names(experiment, valid)
    experiment = _with_defaults(experiment)
    entries = content.get("metrics") if isinstance(content.get("metrics"), list) else None
    builder = ComponentBuilder(faults)
    metrics = builder.build_metrics(entries or list(experiment.metrics), experiment.task)
    systems = builder.systems_of_task(content, experiment, next(iter(metrics.values()), None))
    faults.check_system_names(systems, "retrievers" if experiment.task == "evidence" else "classifiers")
    if experiment.task in TASKS and not TASKS[experiment.task].binary:
        faults.check_yes_or_no_only(systems, metrics, experiment.task)
    return ReadConfig(path, experiment, valid, systems, metrics, faults)


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
