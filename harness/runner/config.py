"""Experiments: the records of a config file, and the systems that it names."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, field_validator

from harness.classifiers.base import Classifier
from harness.metrics.base import Metric
from harness.metrics.intervals import Intervals
from harness.records import Name, Record
from harness.runner.splitting.split_config import Split


class System(NamedTuple):
    """One classifier with its settings, as an experiment names it."""

    system_name: str
    """Name in tables and results."""
    name: str
    """Name in the registry, or `module:Class`."""
    settings: dict[str, Any]
    classifier: Classifier
    train_share: float | None = None
    """Share of the training claims that it is fitted to; None: all."""
    train_on: str | None = None
    """Group (source, topic, speaker) whose claims it is fitted to; None: the training claims of the split."""
    entry: int = 0
    """Place among the `classifiers` of the config, from 0; `each` makes several systems of one entry."""


class Experiment(Record):
    """The content of a config file, validated, with defaults filled in."""

    name: Name
    """Name of the experiment, and of its run folder."""
    task: str
    """Task: the question about every claim."""
    dataset: str | Annotated[tuple[str, ...], Field(min_length=1)]
    """Shipped dataset, fetched benchmark or folder; several in a list are joined."""
    scheme: str | None = None
    """Label scheme; default: the first scheme of each dataset that answers the task."""
    gold: str = "adjudicated"
    """Rule that turns annotations into gold labels: `adjudicated`, `majority`, `single` or `single:NAME`."""
    split: Split = Split()
    """Training and test claims."""
    classifiers: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    """Systems: names, or mappings with a name and settings."""
    metrics: tuple[str | dict[str, Any], ...] = ()
    """Names, or mappings with a name and settings; the first one ranks the systems. Default: those of the task."""
    random_seeds: tuple[int, ...] = Field(default=(13,), min_length=1)
    """Each system is fitted once per seed, or once if the seed changes nothing; values are means over the seeds."""
    intervals: Intervals = Intervals()
    """Method of the confidence intervals."""
    ties: Literal["expected", "range"] = "expected"
    """Treatment of equal scores; `range` adds the worst and best value over their orders to each ranking metric."""
    slices: tuple[str, ...] = ()
    """Kinds of slices to report values for; see `harness.runner.slices.slices_of`."""
    explain: bool = False
    """Whether results store the reasons for each score, for systems that give reasons."""

    @field_validator("random_seeds")
    @classmethod
    def _check_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        repeated = [str(seed) for seed, count in Counter(seeds).items() if count > 1]
        if repeated:
            raise ValueError(f"expected each seed once, got {', '.join(repeated)} several times")
        return seeds

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets, by name or folder."""
        return (self.dataset,) if isinstance(self.dataset, str) else self.dataset

    def document(self) -> dict[str, Any]:
        """The experiment as plain data with defaults filled in; reading it gives the same experiment."""
        document: dict[str, Any] = json.loads(self.model_dump_json(exclude_none=True))
        return document


class LoadedExperiment(NamedTuple):
    """An experiment with its components built."""

    experiment: Experiment
    systems: tuple[System, ...]
    metrics: dict[str, Metric]
    """Metrics by their name in results: the registered name and the settings (`precision_at_10`)."""
