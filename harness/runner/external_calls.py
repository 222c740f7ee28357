"""External calls of systems: the task prompt they get, the hosts they contact, the calls they would make."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness.classifiers.base import TaskPrompt
from harness.data.labels.tasks import answers_of, find_task
from harness.display import displayed
from harness.endpoints.trusted_hosts import KeyUse
from harness.errors import HarnessError
from harness.runner.config import LoadedExperiment, System
from harness.runner.plan import ExperimentData, Unit, training_gold
from harness.runner.tuning.calibrate import CalibratedClassifier


@displayed
class Forecast(NamedTuple):
    """Number of calls that units would make, and their tokens."""

    calls: int
    tokens: int
    """Estimated tokens; an upper bound where the number depends on replies."""


def with_task_prompt(loaded: LoadedExperiment, data: ExperimentData) -> LoadedExperiment:
    """Tells the classifiers of an experiment its task, question, labels and schemes.

    Raises: HarnessError: a classifier cannot answer the task.
    """
    if not data.schemes:  # passages are ranked, and no label is given
        return loaded
    task = find_task(loaded.experiment.task)
    labels = answers_of(task, data.schemes).labels
    prompt = TaskPrompt(task.name, task.of_one or task.question, labels, data.schemes)
    systems = (
        system._replace(classifier=system.classifier.with_task(prompt._replace(passages=_is_shown(system))))
        for system in loaded.systems
    )
    return loaded._replace(systems=tuple(systems))


def _is_shown(system: System) -> bool:
    return system.evidence not in (None, "none")


def hosts_of(units: Iterable[Unit], *, offline: bool = False) -> tuple[str, ...]:
    """The hosts that fitting and scoring units may contact.

    Raises: HarnessError: there are such hosts, and `offline` is set.
    """
    hosts = sorted({host for unit in units for host in unit.system.classifier.hosts()})
    if hosts and offline:
        raise HarnessError(
            f"needs the network ({', '.join(hosts)}), which --offline refuses; replay a cassette instead"
        )
    return tuple(hosts)


def keys_of(units: Iterable[Unit]) -> tuple[KeyUse, ...]:
    """The keys that fitting and scoring units may send, and the hosts that they go to."""
    return tuple(dict.fromkeys(use for unit in units for use in unit.system.classifier.sent_keys()))


def forecast_of(units: Iterable[Unit], data: ExperimentData) -> Forecast:
    """Counts the calls that units would make; equal calls count once. Contacts nobody."""
    calls: dict[str, int] = {}
    for unit in units:
        claims = data.claims_of(unit.system)
        train, test = claims.take(unit.fold.train), claims.take(unit.fold.test)
        gold, classifier = training_gold(data, unit.fold), unit.system.classifier
        if len(unit.fold.dev) and isinstance(classifier, CalibratedClassifier):
            classifier = classifier.classifier  # calibrated on the dev part, without folds of the training claims
            calls |= classifier.planned_requests(train, gold, claims.take(unit.fold.dev), unit.fit_seed)
        calls |= classifier.planned_requests(train, gold, test, unit.fit_seed)
    return Forecast(len(calls), sum(calls.values()))
