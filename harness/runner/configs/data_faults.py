"""Checks a config against its data: what a run would refuse before its first fit, with the place in the config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from harness.arrays import Codes
from harness.classifiers.base import TaskPrompt
from harness.data.claims import Gold
from harness.data.dataset import Dataset
from harness.data.labels.tasks import TASKS, Task, TaskGold, answers_of
from harness.data.load import find_dataset, find_scheme, open_folder
from harness.errors import FaultsError, HarnessError, MissingExtra, NotFetched, UnknownName, unknown_name
from harness.files import explain_os_error
from harness.runner.config import Experiment, System
from harness.runner.load_config import ReadConfig
from harness.runner.plan import ExperimentData, labeled_folds
from harness.runner.slices import slices_of
from harness.runner.splitting.joined_datasets import (
    JoinedDatasets,
    check_annotator,
    check_scheme,
    join_datasets,
    joined_gold,
    joined_label_codes,
    schemes_of,
)
from harness.runner.splitting.protocols import known_parts, make_folds
from harness.runner.splitting.transfer import training_groups
from harness.runner.verification.evidence_source import FileEvidence, RankedEvidence
from harness.runner.verification.retrieval_systems import retrieval_gold
from harness.runner.verification.shown_evidence import open_corpus_of, read_run_of
from harness.schemes import Scheme
from harness.yaml_file import KeyPath

T = TypeVar("T")
Say = Callable[[str], None]
NO_SUCH_PATH = ("does-not-exist", "not-a-dataset")
"""Codes of a fault that is the config's, which names the path, and not the named file's."""


def add_data_faults(read: ReadConfig, root: str | Path | None, unchecked: Say) -> None:
    """Adds the faults of a config that only its data show to `read.faults`. Fits nothing and writes nothing.

    Args:
        read: the config; what depends on a faulty key is left out.
        root: folder of fetched benchmarks.
        unchecked: called with what cannot be checked yet, because a benchmark or a package has to be fetched first.
    """
    checks = _DataChecks(read, root, unchecked)
    checks.check_systems()
    datasets = checks.open_datasets()
    joined = checks.attempt(("dataset",), lambda: join_datasets(datasets)) if datasets else None
    if joined is not None:
        checks.check_joined(joined)


class _DataChecks:
    """The checks of one config; each adds its faults and goes on."""

    def __init__(self, read: ReadConfig, root: str | Path | None, unchecked: Say) -> None:
        self.read, self.root, self.unchecked = read, root, unchecked
        self.experiment: Experiment = read.experiment
        self.usable_systems = list(read.systems)
        self.systems_key = "retrievers" if self.experiment.task == "evidence" else "classifiers"

    def attempt(self, key_path: KeyPath, work: Callable[..., T], *args: Any) -> T | None:
        """Returns the value of `work(*args)`; None, and its faults are added, if it is refused."""
        faults = self.read.faults
        try:
            return work(*args)
        except FaultsError as error:
            for fault in error.faults:
                if fault.code in NO_SUCH_PATH:
                    faults.add(key_path, str(fault), fault.code)
                elif fault not in faults.faults:
                    faults.faults.append(fault)
        except (NotFetched, MissingExtra) as error:
            self.unchecked(str(error))
        except HarnessError as error:
            faults.add(key_path, str(error).removeprefix(f"{key_path[0]}: "), error.code)
        except OSError as error:
            faults.add(key_path, explain_os_error(error))
        return None

    def check_systems(self) -> None:
        """Checks the files and packages of every system."""
        self.usable_systems = [
            system
            for system in self.read.systems
            if self.attempt((self.systems_key, system.entry), _is_checked, system)
        ]

    def open_datasets(self) -> tuple[Dataset, ...]:
        """Opens every dataset; empty if one cannot be opened."""
        if "dataset" not in self.read.valid:
            return ()
        is_list = not isinstance(self.experiment.dataset, str)
        datasets = []
        for number, name in enumerate(self.experiment.datasets):
            key_path: KeyPath = ("dataset", number) if is_list else ("dataset",)
            folder = self.attempt(key_path, find_dataset, name, self.root)
            dataset = None if folder is None else self.attempt(key_path, open_folder, folder)
            datasets += [] if dataset is None else [dataset]
        return tuple(datasets) if len(datasets) == len(self.experiment.datasets) else ()

    def check_joined(self, joined: JoinedDatasets) -> None:
        """Checks everything that names something in the data."""
        if not len(joined.claims):
            self.read.faults.add(("dataset",), f"'{joined.name}' has no claims yet; add articles with: harness ingest")
            return
        task, named = TASKS.get(self.experiment.task), self.experiment.scheme
        self._check_evidence(joined)
        if task is not None and task.name == "evidence":
            self.attempt(("dataset",), retrieval_gold, joined, ())
            self._check_split(joined, None)
            self._check_slices(joined, None, None)
            return
        schemes = None
        if named is not None:
            has_scheme = self.attempt(("scheme",), _have_scheme, joined.datasets, named)
            task = task if has_scheme else None  # the message about the scheme tells it all
        if task is not None:
            schemes = self.attempt(("task",), lambda: schemes_of(joined, task, named))
        gold = self._gold(joined, task, schemes)
        self._check_split(joined, gold)
        self._check_slices(joined, schemes, gold)
        if task is not None and schemes is not None:
            self._check_prompts(joined, task, schemes)

    def _check_evidence(self, joined: JoinedDatasets) -> None:
        """Opens the corpus and the run files of an experiment on evidence or verdicts."""
        sources = [system.evidence for system in self.usable_systems]
        if any(isinstance(source, RankedEvidence) for source in sources) and "corpus" in self.read.valid:
            self.attempt(("corpus",), open_corpus_of, joined, self.experiment.corpus, self.root)
        for system in self.usable_systems:
            if isinstance(system.evidence, FileEvidence):
                self.attempt((self.systems_key, system.entry), read_run_of, joined, system.evidence.file)

    def _gold(self, joined: JoinedDatasets, task: Task | None, schemes: Sequence[Scheme] | None) -> TaskGold | None:
        rule = self.experiment.gold
        if task is None or schemes is None:
            self.attempt(("gold",), lambda: check_annotator(joined, rule, None))
            return None
        gold = self.attempt(("gold",), lambda: joined_gold(joined, task, schemes, rule))
        if gold is not None and not len(gold.rows_with_gold):
            self.read.faults.add(("dataset",), f"'{joined.name}' has no gold label for the task '{task.name}'")
            return None
        return gold

    def _check_split(self, joined: JoinedDatasets, gold: TaskGold | None) -> None:
        split, faults = self.experiment.split, self.read.faults
        if "split" not in self.read.valid or any(True for _ in split.faults()):
            return
        known = self.attempt(("split",), lambda: known_parts(split, joined))
        if known is None:
            return
        options = {name: getattr(split, name) or () for name in ("parts", "train", "test", "dev")}
        unknown = [
            (("split", option, number), part)
            for option, parts in options.items()
            for number, part in enumerate(parts)
            if part not in known
        ]
        for key_path, part in unknown:
            faults.add(key_path, unknown_name("part", part, known), UnknownName.code)
        if unknown:
            return
        labels: Codes = np.zeros(len(joined.claims), dtype=np.int64)
        if gold is not None:
            labels = joined_label_codes(joined, gold)
        folds = self.attempt(("split",), lambda: make_folds(split, joined, labels).folds)
        if folds is not None and gold is not None:
            self.attempt(("split",), lambda: labeled_folds(folds, gold))
            if split.protocol == "transfer":
                self.attempt(("split",), lambda: training_groups(split, folds, joined.claims, gold.rows_with_gold))

    def _check_slices(self, joined: JoinedDatasets, schemes: Sequence[Scheme] | None, gold: TaskGold | None) -> None:
        if schemes is None:
            if not all(dataset.info.schemes for dataset in joined.datasets):
                return
            schemes = [find_scheme(dataset.folder, dataset.info.schemes[0]) for dataset in joined.datasets]
        none = TaskGold(Gold((), np.zeros(0, dtype=np.int64)), np.zeros(0, dtype=np.int64), {})
        data = ExperimentData(
            joined=joined, schemes=tuple(schemes), claims=joined.claims, gold=gold or none, folds=(), warnings=()
        )
        for number, kind in enumerate(self.experiment.slices):
            if gold is not None or kind != "agreement":
                self.attempt(("slices", number), slices_of, [kind], data)

    def _check_prompts(self, joined: JoinedDatasets, task: Task, schemes: Sequence[Scheme]) -> None:
        """Tells each system its claims and its question, as a run does; leaves out systems that download a model."""
        texts = [str(text) for text in joined.claims.text]
        question = TaskPrompt(task.name, task.of_one or task.question, answers_of(task, schemes).labels, tuple(schemes))
        for system in self.usable_systems:
            if not system.classifier.downloads():
                self.attempt(
                    ("classifiers", system.entry),
                    lambda classifier: classifier.with_experiment(texts, self.root).with_task(question),
                    system.classifier,
                )


def _is_checked(system: System) -> bool:
    system.classifier.check()
    return True


def _have_scheme(datasets: Sequence[Dataset], name: str) -> bool:
    for dataset in datasets:
        check_scheme(dataset, name)
    return True
