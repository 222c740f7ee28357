"""Finds the results of a run again, without opening its datasets, if nothing has changed that they depend on.

A run folder holds, in `unchanged.json`, a fingerprint of all inputs of its last run, and the SHA-256 of each file that
the run rests on. Whatever is in doubt, the run opens its datasets and looks at every unit.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path
from time import time
from typing import Any, NamedTuple

from pydantic import ValidationError

from harness.classifiers.base import Classifier, package_versions
from harness.classifiers.composite.wrapped import WrappingClassifier
from harness.data.load import find_dataset
from harness.errors import HarnessError
from harness.files import check_state_file, file_sha256, fingerprint, json_document, state_bytes, write_text
from harness.records import Record
from harness.runner.config import LoadedExperiment
from harness.runner.cost import cost_path
from harness.runner.plan import Unit
from harness.runner.result_files import Result, read_result
from harness.runner.runs.trial import Trial
from harness.runner.units.unit_file import unit_path
from harness.user_code.local_code import code_fingerprint
from harness.user_code.process import BEGAN

FILE_NAME = "unchanged.json"
FORMAT = 1
MAX_FILES, MAX_BYTES = 2_000, 4_000_000_000
"""A dataset folder with more holds something else too."""
SETTLED_S = 2.0
"""Age of the last change of a file from which on another change shows in its times, on any file system."""
OF_PASSAGES = ("evidence", "verdict")
"""Tasks that also read passages, from many places."""
HOOKS = ("with_experiment", "with_task")
"""Methods by which a classifier gets data that its settings do not name."""


class FinishedRun(Record):
    """The content of `unchanged.json`."""

    format: int
    inputs: str
    """Fingerprint of all that the results depend on."""
    results: tuple[str, ...]
    """Ids of the results, in the order of the config."""
    files: dict[str, str]
    """SHA-256 of each file of the results and of their units, by its path in the run folder."""


class RunInputs(NamedTuple):
    """What the results of a run depend on, before its datasets are opened."""

    loaded: LoadedExperiment
    trial: Trial
    root: str | Path | None
    folder: Path
    """The run folder."""
    digest: str | None
    """Fingerprint of it all; None if files do not tell."""

    @classmethod
    def of(cls, loaded: LoadedExperiment, trial: Trial, root: str | Path | None, folder: Path) -> RunInputs:
        """The inputs of a run as they are now."""
        return cls(loaded, trial, root, folder, _digest(loaded, trial, root, folder))

    def find_results(self) -> list[Result] | None:
        """The results of the last run, if it had the same inputs and all its files are whole; else None.

        Raises: FaultsError: what is in the place of the record is no file, or not readable.
        """
        if self.digest is None or (record := state_bytes(self.folder / FILE_NAME)) is None:
            return None
        try:
            run = FinishedRun.model_validate_json(record)
            if run.format != FORMAT or run.inputs != self.digest:
                return None
            if any(file_sha256(self.folder / name) != digest for name, digest in run.files.items()):
                return None
            for name in run.files:
                if name.startswith("units/"):
                    check_state_file(cost_path(self.folder / name))  # the run says what is wrong with it
            results = [read_result(self.folder / "results" / result_id) for result_id in run.results]
        except (HarnessError, ValidationError, OSError):
            return None
        predictions = [run.files.get(f"results/{each}/predictions.parquet") for each in run.results]
        return results if predictions == [result.predictions_sha256 for result in results] else None

    def record(self, results: Sequence[Result], units: Iterable[Unit]) -> None:
        """Writes down that a run has finished, if its inputs are still those of its start.

        Args:
            results: one per system, all of which could be fitted; the caller holds the lock of results.
            units: their units.
        """
        if self.digest is None or self.digest != _digest(*self[:-1]):
            return
        of_results = chain.from_iterable(Path(result.path).iterdir() for result in results)
        of_units = (unit_path(self.folder, unit.unit_id) for unit in units)
        # A saved model is a folder, and no result rests on it.
        paths = [*(path for path in of_results if path.is_file()), *of_units]
        files = {path.relative_to(self.folder).as_posix(): file_sha256(path) for path in paths}
        ids = tuple(result.result_id for result in results)
        run = FinishedRun(format=FORMAT, inputs=self.digest, results=ids, files=files)
        write_text(self.folder / FILE_NAME, json_document(run.model_dump(mode="json")))


def _digest(loaded: LoadedExperiment, trial: Trial, root: str | Path | None, folder: Path) -> str | None:
    """A fingerprint of all that the results of a run depend on; None if files do not tell."""
    experiment = loaded.experiment
    classifiers = [system.classifier for system in loaded.systems]
    if experiment.task in OF_PASSAGES or not all(map(_depends_on_files, classifiers)):
        return None
    with suppress(HarnessError, OSError):  # the run itself says what is wrong
        datasets = [find_dataset(name, root).resolve() for name in experiment.datasets]
        document = experiment.document()
        named = [Path(text) for text in _texts(document) if _is_path(text)]
        others = [path for path in named if path.resolve() not in datasets]
        source = Path(__file__).resolve().parents[2]
        if any(path.is_dir() for path in others) or any(folder.resolve().is_relative_to(data) for data in datasets):
            return None
        inside = [_files_of(dataset) for dataset in datasets]
        code = _files_of(source)
        if code is None or any(path.stat().st_ctime > BEGAN for path in code):
            return None  # this process may run other code than the files have now
        parts = [FORMAT, json.dumps(document, sort_keys=True), *_installed(), *_of_trial(trial)]
        parts += [
            text for system in loaded.systems for text in (system.system_name, *_of_classifier(system.classifier))
        ]
        parts += [text for name, metric in loaded.metrics.items() for text in (name, *_of_metric(metric))]
        for files in (*inside, code, others):
            if files is None:
                return None
            parts += [text for path in files for text in (str(path), _digest_of(path))]
        return fingerprint(parts)
    return None


def _digest_of(path: Path) -> str:
    """SHA-256 of a file, which is read again only if it may have changed since."""
    state = path.stat()
    changed = max(state.st_mtime, state.st_ctime)  # where the latter is when a file was made, it is the former
    if time() - changed < SETTLED_S:  # a change right after could leave the same times
        return file_sha256(path)
    return _settled_sha256(path, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


@lru_cache(maxsize=4 * MAX_FILES)
def _settled_sha256(path: Path, *_: int) -> str:
    return file_sha256(path)


def _depends_on_files(classifier: Classifier) -> bool:
    """Whether the fits of a classifier depend on its settings, its code and its input files alone, beside the data."""
    bases = (Classifier, WrappingClassifier)
    if any(getattr(type(classifier), hook) not in [getattr(base, hook) for base in bases] for hook in HOOKS):
        return False
    if isinstance(classifier, WrappingClassifier):
        return all(map(_depends_on_files, classifier.inner()))
    return not classifier.hosts() and not classifier.downloads() and not classifier.sent_keys()


def _of_classifier(classifier: Classifier) -> list[str]:
    settings = json.dumps([_type_name(classifier), classifier.model_dump(mode="json"), package_versions(classifier)])
    return [settings, classifier.input_fingerprint(), code_fingerprint(classifier.code_modules())]


def _of_metric(metric: Any) -> list[str]:
    return [_type_name(metric), metric.model_dump_json(), code_fingerprint(metric.code_modules())]


def _type_name(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _of_trial(trial: Trial) -> list[str]:
    ids = None if trial.ids is None else list(trial.ids.lines)
    return [json.dumps([trial.limit, trial.sample, ids])]


def _installed() -> list[str]:
    """Python, and each installed package with its version, as the folders of its description are called."""
    folders = [Path(entry) for entry in sys.path if Path(entry).is_dir()]
    packages = [path.name for folder in folders for path in folder.iterdir() if path.name.endswith("-info")]
    variables = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("HARNESS_")]
    return [sys.version, platform.machine(), *sorted(packages), "", *sorted(variables)]


def _texts(value: Any) -> Iterator[str]:
    """All texts in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _is_path(text: str) -> bool:
    """Whether a text of a config names a file, or with a slash a folder."""
    try:
        return Path(text).is_file() or ("/" in text and Path(text).is_dir())
    except (OSError, ValueError):  # too long, or with a null character
        return False


def _files_of(folder: Path) -> list[Path] | None:
    """All files in a folder, in order; None if there are too many, or a link leads out of it."""
    files, size = list[Path](), 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        if any((Path(parent) / name).is_symlink() for name in folders):
            return None
        files += [Path(parent) / name for name in sorted(names)]
        size += sum((Path(parent) / name).stat().st_size for name in names)
        if len(files) > MAX_FILES or size > MAX_BYTES:
            return None
    return files
