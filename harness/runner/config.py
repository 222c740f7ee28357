"""Experiments: the records of a config file, and the systems that it names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, ValidationError, field_validator

from harness.classifiers.base import Classifier
from harness.data.sentences.normalize import FORMS, Form
from harness.display import brief, displayed
from harness.errors import Fault, FaultsError, unknown_name
from harness.metrics.base import Metric
from harness.metrics.intervals import Intervals
from harness.records import Entries, Explanation, Name, Record, Texts, explain_validation
from harness.runner.splitting.split_config import Inner, Shares, Split
from harness.runner.verification.evidence_source import Defaults, EvidenceSetting
from harness.yaml_file import KeyPath, format_key_path

CHAIN = "chain"
"""The `task` of the config of a chain, which has stages instead of systems."""


@displayed
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
    evidence: EvidenceSetting = "none"
    """Passages that it is shown with each claim."""
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
    corpus: str | None = None
    """Passages to retrieve from, for evidence and verdicts: a file, a folder or a dataset; default: the corpus of the
    dataset."""
    same_form: Annotated[tuple[Form, ...], Field(max_length=len(FORMS))] = ()
    """What is made alike in claims and in the passages shown with them, before any classifier sees them: `case` (lower
    case), `spacing` (one space between words, none before punctuation), `marks` (plain quotation marks and dashes, no
    full stop at the end), `markers` (`<|cit|>`, `-LRB-`). Passages are retrieved as they are."""
    defaults: Defaults | None = None
    """Settings of verdict experiments for every classifier that does not set them itself; default: gold evidence."""
    probes: bool | None = None
    """Whether a verdict experiment also has a system that sees the claim alone and one that sees the evidence alone;
    default: it has."""
    gold: str = "adjudicated"
    """Rule that turns annotations into gold labels: `adjudicated`, `majority`, `single`, `single:NAME`, `dawid_skene`
    or `mace`; a model with a number (`mace:0.9`) decides only what has at least that probability."""
    split: Split = Split()
    """Training and test claims."""
    classifiers: Entries = ()
    """Systems: names, or mappings with a name and settings. Every task but `evidence` needs them."""
    retrievers: Entries = ()
    """Systems of the task `evidence`, which needs them: names, or mappings with a name and settings; `from_file` with
    `path` is a TREC run file. `depth` is the number of passages per claim, by default 100."""
    metrics: Entries = ()
    """Names, or mappings with a name and settings; the first one ranks the systems. Default: those of the task."""
    random_seeds: tuple[int, ...] = Field(default=(13,), min_length=1)
    """Each system is fitted once per seed, or once if the seed changes nothing; values are means over the seeds."""
    intervals: Intervals = Intervals()
    """Method of the confidence intervals."""
    ties: Literal["expected", "range"] = "expected"
    """Treatment of equal scores; `range` adds the worst and best value over their orders to each ranking metric."""
    slices: Texts = ()
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

    if not TYPE_CHECKING:

        def __init__(self, /, **fields: Any) -> None:
            """Checks the fields as those of a config file, so that a list does for a tuple, and a mapping for a record.

            Raises: FaultsError: every fault of the fields.
            """
            try:
                self.__pydantic_validator__.validate_json(json.dumps(plain_data(fields)), self_instance=self)
            except ValidationError as error:
                raise FaultsError(
                    Fault(
                        type(self).__name__, None, format_key_path(fault.place) or None, message_of(fault), fault.code
                    )
                    for fault in explain_validation(error)
                ) from None

        # Tells pydantic to build nested and parsed experiments without this method, so that it raises its own error
        # there, which the reader of the file turns into faults with lines.
        __init__.__pydantic_base_init__ = True

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets, by name or folder."""
        return (self.dataset,) if isinstance(self.dataset, str) else self.dataset

    def document(self) -> dict[str, Any]:
        """The experiment as plain data with defaults filled in; reading it gives the same experiment."""
        document: dict[str, Any] = json.loads(self.model_dump_json(exclude_none=True))
        return document


def known_fields(key_path: KeyPath) -> list[str]:
    """The fields that a config has at a place, given the key path of one of them."""
    records: dict[KeyPath, type[Record]] = {
        ("split",): Split,
        ("split", "inner_folds"): Inner,
        ("split", "train_share"): Shares,
        ("intervals",): Intervals,
        ("defaults",): Defaults,
    }
    return list(records.get(key_path[:-1], Experiment).model_fields)


def message_of(fault: Explanation) -> str:
    """The message of a fault of a config; for an unknown field it lists the known ones."""
    if fault.code == "unknown-field" and fault.place:
        return unknown_name("field", str(fault.place[-1]), known_fields(fault.place))
    return fault.message


def plain_data(value: Mapping[str, Any]) -> dict[str, Any]:
    """A config that a program wrote, as the plain data that a file would hold: tuples are lists, paths are texts.

    Raises: FaultsError: a value has no form in a config file.
    """
    try:
        data: dict[str, Any] = json.loads(json.dumps(dict(value), default=_to_plain))
    except (TypeError, ValueError, RecursionError) as error:
        message = f"cannot be written as a config: {error}; use texts, numbers, lists and mappings"
        raise FaultsError.single("config", message) from None
    return data


def _to_plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, PurePath | date):
        return str(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{brief(value)} is of type {type(value).__name__}")


@displayed
class LoadedExperiment(NamedTuple):
    """An experiment with its components built."""

    experiment: Experiment
    systems: tuple[System, ...]
    metrics: dict[str, Metric]
    """Metrics by their name in results: the registered name and the settings (`precision_at_10`)."""
