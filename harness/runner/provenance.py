"""Provenance of results and saved models: config, data, versions, commit and machine."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import field_serializer

from harness.classifiers.base import package_versions
from harness.data.labels.tasks import find_task, mapping_of
from harness.features.threads import chosen_threads
from harness.records import Record
from harness.runner.config import Experiment, LoadedExperiment, System
from harness.runner.verification.evidence_source import RankedEvidence
from harness.schemes import TaskMapping

if TYPE_CHECKING:
    from harness.runner.plan import ExperimentData
    from harness.runner.units.unit_file import Predictions


class ClassifierSettings(Record):
    """A classifier as it was fitted."""

    name: str
    """Its name in the registry, or `module:Class`."""
    settings: dict[str, Any]
    """Every setting, defaults filled in."""


class DatasetVersion(Record):
    """One dataset of an experiment."""

    name: str
    version: str
    fingerprint: str
    """SHA-256 over the claims, annotations and splits; two datasets with the same fingerprint have the same content."""


class SchemeUse(Record):
    """A label scheme as a task reads it."""

    name: str
    version: str
    mapping: TaskMapping


class Machine(Record):
    """The computer that a system ran on."""

    system: str
    """The operating system."""
    processor: str
    cores: int | None
    """Number of cores; None if the operating system does not report it."""
    encoder_threads: int | None = None
    """Threads of frozen encoders, chosen by measurement; None if this process measured none."""


class Origin(Record):
    """Where a result or a saved model comes from: the data, the code, and the time."""

    datasets: tuple[DatasetVersion, ...]
    """Datasets in the order of the config; several if they were joined."""
    versions: dict[str, str]
    """Version of each package that the fits depend on."""
    git_commit: str | None
    """Commit of the working folder, with `+` if it had changes; None outside a repository."""
    python: str
    """The version of Python."""
    made_at: str
    """The time in ISO 8601, in UTC."""


class Provenance(Origin):
    """Provenance of a result."""

    config: Experiment
    """Experiment with defaults filled in."""
    classifier: ClassifierSettings
    schemes: tuple[SchemeUse, ...]
    """The label scheme of each dataset, in the order of `datasets`."""
    machine: Machine
    gives_scores: bool
    """Whether the system scores claims; otherwise the score columns only repeat its labels."""
    gives_labels: bool
    """Whether the system predicts labels."""
    gives_probabilities: bool
    """Whether the scores of a claim are probabilities over the labels."""
    units: dict[str, str]
    """Unit id to the fold of the fit, and its random seed if the fit depends on it; ordered by folds, then seeds."""
    chosen: dict[str, str]
    """Fold and random seed, as `units` writes them, to what the fit chose (`C=0.3 of 20 candidates in 3 folds`)."""

    @field_serializer("config")
    def _config_document(self, config: Experiment) -> dict[str, Any]:
        return config.document()


class ModelProvenance(Origin):
    """Provenance of a saved model."""

    experiment: str
    result_id: str
    """Result that shows how well such a model performs."""
    random_seed: int
    gold: str
    """The rule that made gold labels from annotations."""
    chosen: str | None
    """Settings chosen in fitting; None if nothing was chosen."""
    warnings: tuple[str, ...]
    """The warnings of the result."""


def origin_of(data: ExperimentData, system: System) -> Origin:
    """The origin of a system that is fitted now: data, code and time."""
    return Origin(
        datasets=tuple(
            DatasetVersion(name=dataset.info.name, version=dataset.info.version, fingerprint=dataset.fingerprint)
            for dataset in data.joined.datasets
        ),
        versions=package_versions(system.classifier),
        git_commit=git_commit(),
        python=platform.python_version(),
        made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def provenance_of(
    loaded: LoadedExperiment,
    data: ExperimentData,
    system: System,
    runs: Sequence[Predictions],
    *,
    units: Mapping[str, str],
    chosen: Mapping[str, str],
) -> Provenance:
    """The provenance of the result of a system.

    Args:
        runs: the system's predictions, one per random seed.
        units: see `Provenance.units`.
        chosen: see `Provenance.chosen`.
    """
    threads = chosen_threads()
    return Provenance(
        **dict(origin_of(data, system)),
        config=loaded.experiment,
        classifier=classifier_settings(system),
        schemes=schemes_used(loaded, data),
        machine=Machine(
            system=platform.system(),
            processor=platform.machine(),
            cores=os.cpu_count(),
            encoder_threads=None if threads is None else threads.threads,
        ),
        gives_scores=all(run.gives_scores for run in runs),
        gives_labels=all(run.gives_labels for run in runs),
        gives_probabilities=all(run.probabilities for run in runs),
        units=dict(units),
        chosen=dict(chosen),
    )


def classifier_settings(system: System) -> ClassifierSettings:
    """The classifier of a system with its settings as plain data."""
    settings = system.classifier.model_dump(mode="json")
    if "source" in settings and isinstance(system.evidence, RankedEvidence):  # a retriever in the place of a classifier
        settings = {"depth": system.evidence.k, **system.settings}
    return ClassifierSettings(name=system.name, settings=settings)


def schemes_used(loaded: LoadedExperiment, data: ExperimentData) -> tuple[SchemeUse, ...]:
    """The label scheme of each dataset, as the task of the experiment reads it."""
    task = find_task(loaded.experiment.task)
    return tuple(
        SchemeUse(name=scheme.name, version=scheme.version, mapping=mapping_of(task, scheme)) for scheme in data.schemes
    )


@cache
def git_commit() -> str | None:
    """The commit of the working folder, with `+` where it has changes; None outside a repository."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True)
        status = ["git", "--no-optional-locks", "status", "--porcelain", "-uno"]  # a kill would leave the index locked
        changed = subprocess.run(status, capture_output=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip() + ("+" if changed.stdout else "")
