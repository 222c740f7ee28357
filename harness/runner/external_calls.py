"""External calls of systems: the task prompt they get, the hosts they contact, the calls they would make."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from harness.classifiers.base import TaskPrompt
from harness.data.labels.tasks import answers_of, find_task
from harness.display import displayed
from harness.endpoints.calls import Estimate
from harness.endpoints.limits import cap_warnings, shown_dollars
from harness.endpoints.prices import joined_sources
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
    dollars: float = 0.0
    """Estimated price of the calls whose price is known."""
    unpriced: int = 0
    """Number of calls whose price is not known."""
    prices: str = ""
    """Who says the price."""
    in_batches: int = 0
    """Number of calls that are requests of batches; each fit has batches of its own."""
    warnings: tuple[str, ...] = ()
    """Caps of dollars below what the calls may cost."""

    @classmethod
    def of(cls, calls: Iterable[Estimate]) -> Self:
        """The forecast of calls."""
        calls = list(calls)
        return cls(
            calls=len(calls),
            tokens=sum(call.tokens for call in calls),
            dollars=sum(call.dollars or 0.0 for call in calls),
            unpriced=sum(call.dollars is None for call in calls),
            prices=joined_sources([call.prices for call in calls]),
            in_batches=sum(call.in_batch for call in calls),
            warnings=cap_warnings(calls),
        )

    def __add__(self, other: object) -> Forecast:
        """Both forecasts together."""
        if not isinstance(other, Forecast):
            return NotImplemented
        sums = (self.calls + other.calls, self.tokens + other.tokens, self.dollars + other.dollars)
        return Forecast(
            *sums,
            unpriced=self.unpriced + other.unpriced,
            prices=joined_sources([self.prices, other.prices]),
            in_batches=self.in_batches + other.in_batches,
            warnings=self.warnings + other.warnings,
        )

    def money(self) -> str:
        """What the calls cost, as a part of a sentence; empty if no price is known."""
        if not self.prices:
            return ""
        besides = f" besides {self.unpriced:,} calls of unknown price" if self.unpriced else ""
        return f", which cost at most about {shown_dollars(self.dollars)} by {self.prices}{besides}"


def with_task_prompt(loaded: LoadedExperiment, data: ExperimentData, folder: Path) -> LoadedExperiment:
    """Tells the classifiers of an experiment its task, question, labels and schemes.

    Args:
        loaded: the experiment.
        data: its data.
        folder: folder of its run, whose calls are paid from one budget.
    Raises: HarnessError: a classifier cannot answer the task.
    """
    if not data.schemes:  # passages are ranked, and no label is given
        return loaded
    task = find_task(loaded.experiment.task)
    labels = answers_of(task, data.schemes).labels
    prompt = TaskPrompt(task.name, task.of_one or task.question, labels, data.schemes, budget=str(folder.resolve()))
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
    calls: dict[str, Estimate] = {}
    for unit in units:
        claims = data.claims_of(unit.system)
        train, test = claims.take(unit.fold.train), claims.take(unit.fold.test)
        gold, classifier = training_gold(data, unit.fold), unit.system.classifier
        if len(unit.fold.dev) and isinstance(classifier, CalibratedClassifier):
            classifier = classifier.classifier  # calibrated on the dev part, without folds of the training claims
            calls |= classifier.planned_requests(train, gold, claims.take(unit.fold.dev), unit.fit_seed)
        calls |= classifier.planned_requests(train, gold, test, unit.fit_seed)
    return Forecast.of(calls.values())
