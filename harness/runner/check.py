"""Validates dataset folders and configs: the function behind `harness check`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.arguments import as_list
from harness.data.load import open_folder
from harness.errors import Fault, FaultsError, HarnessError, MissingExtra
from harness.runner.load_config import load_experiment

CONFIG_SUFFIXES = (".yaml", ".yml")


def check(paths: str | Path | Sequence[str | Path]) -> list[Fault]:
    """Finds every fault of dataset folders, configs, or folders of either.

    A missing optional package is not a fault of a config; running the config says what to install.

    Raises: HarnessError: a path is none of these.
    """
    faults: list[Fault] = []
    for path in map(Path, as_list(paths)):
        for target in _targets(path):
            try:
                _check_target(target)
            except FaultsError as error:
                faults += error.faults
            except HarnessError as error:
                faults.append(Fault(str(target), None, None, str(error), error.code))
    return faults


def _check_target(target: Path) -> None:
    if target.is_dir():
        open_folder(target)
        return
    for system in load_experiment(target).systems:
        with suppress(MissingExtra):
            system.classifier.check()


def _targets(path: Path) -> list[Path]:
    if path.is_dir() and not (path / "dataset.yaml").exists():
        inside = sorted(folder.parent for folder in path.glob("*/dataset.yaml"))
        targets = inside + sorted(file for file in path.iterdir() if file.suffix in CONFIG_SUFFIXES)
        if targets:
            return targets
    elif path.is_dir() or (path.is_file() and path.suffix in CONFIG_SUFFIXES):
        return [path]
    if not path.exists():
        raise FaultsError.single(path, "does not exist; check the path", code="does-not-exist")
    raise HarnessError(f"{path}: expected a dataset folder (with dataset.yaml) or a config (.yaml)")
