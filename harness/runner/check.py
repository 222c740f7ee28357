"""Validates dataset folders and configs: the function behind `harness check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from harness.arguments import as_list
from harness.data.assignments.assignment_files import assignment_faults
from harness.data.benchmarks.benchmark import benchmark_names
from harness.data.corpora import evidence_faults
from harness.data.labels.label_log import is_own
from harness.data.load import dataset_names, find_dataset, open_folder
from harness.data.new_dataset import git_note
from harness.data.packed.records import column_of
from harness.errors import Fault, FaultsError, HarnessError, NotFetched, UnknownName, unknown_name
from harness.folders import shipped
from harness.memory import gc_paused, importing
from harness.schemes import read_scheme

CONFIG_SUFFIXES = (".yaml", ".yml")
Say = Callable[[str], None]


def check(
    paths: str | Path | Sequence[str | Path], root: str | Path | None = None, unchecked: Say = lambda _: None
) -> list[Fault]:
    """Finds every fault of dataset folders, configs, or folders of either, without fitting anything.

    A config is checked against its data too. A benchmark that is not fetched and an optional package that is not
    installed are no faults of a config; running it says what to fetch or to install.

    Args:
        paths: one or more dataset folders, configs, folders of either; or the name of a shipped experiment, a shipped
            dataset or a fetched benchmark.
        root: folder of fetched benchmarks; default `$HARNESS_DATA_ROOT`, else the user cache folder.
        unchecked: called with a line for each reason why configs cannot be checked yet, for each label scheme of a
            folder that has labels without a definition, and for each folder that lacks its files for git.
    Raises: HarnessError: a path is none of these.
    """
    faults: dict[Fault, None] = {}
    waiting: dict[str, dict[str, None]] = {}
    for path in as_list(paths):
        for target in _targets(path, root):
            reasons: list[str] = []
            faults |= dict.fromkeys(_faults_of(target, root, reasons.append))
            for line in (*_undefined_labels(target), *_git_notes(target, root)):
                unchecked(line)
            for reason in reasons:
                waiting.setdefault(reason, {})[str(target)] = None
    for reason, targets in waiting.items():
        unchecked(f"{', '.join(targets)}: cannot be checked yet: {reason}")
    return list(faults)


def _faults_of(target: Path, root: str | Path | None, unchecked: Say) -> Sequence[Fault]:
    if target.is_dir():
        with gc_paused():
            return _dataset_faults(target)
    # Here, because what a config may name takes longer to import than most datasets to check.
    with importing():
        from harness.runner.configs.config_faults import config_faults
    with gc_paused():
        return config_faults(target, root, unchecked)


def _undefined_labels(target: Path) -> Iterator[str]:
    """Yields what the own schemes of a dataset folder do not define, which is no fault."""
    for path in sorted((target / "schemes").glob("*.yaml")):
        with suppress(FaultsError):
            undefined = read_scheme(path).undefined
            if undefined:
                labels = ", ".join(dict.fromkeys(label for _, label in undefined))
                yield f"{path}: no definition of {labels}: write one for each, which annotators and models read"


def _git_notes(target: Path, root: str | Path | None) -> list[str]:
    """The note on the files for git that a dataset folder of the user lacks, which is no fault."""
    note = git_note(target) if target.is_dir() and is_own(target, root) else None
    return [] if note is None else [note]


def _dataset_faults(folder: Path) -> list[Fault]:
    """The faults of a dataset folder, and those of its assignments, its evidence and its corpus."""
    faults: list[Fault] = []
    claim_ids = None
    try:
        claim_ids = list(column_of(open_folder(folder).claims, "claim_id"))
    except FaultsError as error:
        faults += error.faults
    faults += assignment_faults(folder, claim_ids)
    return sorted([*faults, *evidence_faults(folder)], key=lambda fault: (fault.path, fault.line or 0))


def _targets(name_or_path: str | Path, root: str | Path | None) -> list[Path]:
    path = Path(name_or_path)
    if path.is_dir() and not (path / "dataset.yaml").exists():
        inside = sorted(folder.parent for folder in path.glob("*/dataset.yaml"))
        targets = inside + sorted(file for file in path.iterdir() if file.suffix in CONFIG_SUFFIXES)
        if targets:
            return targets
    elif path.is_dir() or (path.is_file() and path.suffix in CONFIG_SUFFIXES):
        return [path]
    if path.exists():
        raise HarnessError(f"{path}: expected a dataset folder (with dataset.yaml) or a config (.yaml)")
    return _named(str(name_or_path), root)


def _named(name: str, root: str | Path | None) -> list[Path]:
    """The config and the folder that have a name: a shipped experiment, a shipped dataset, a fetched benchmark."""
    if "/" in name or name.endswith(CONFIG_SUFFIXES):
        raise FaultsError.single(name, "does not exist; check the path", code="does-not-exist")
    experiments = [path.stem for path in shipped("experiments").glob("*.yaml")]
    datasets = [*dataset_names(), *benchmark_names()]
    targets = [shipped("experiments") / f"{name}.yaml"] if name in experiments else []
    if name in datasets:
        # Several benchmarks have an experiment of the same name, which can be checked without the data.
        with suppress(*([NotFetched] if targets else [])):
            targets.append(find_dataset(name, root))
    if not targets:
        known = sorted({*experiments, *datasets})
        message = unknown_name("shipped experiment, dataset or benchmark", name, known)
        raise UnknownName(f"{name}: does not exist; {message}")
    return targets
