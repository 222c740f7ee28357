"""A cache of slow fits, which folds, processes and experiments share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from filelock import FileLock

from harness.classifiers.base import Classifier, Scorer, package_versions
from harness.classifiers.storage.serialize import deserialize, serialize
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.files import atomic_folder, file_sha256, fingerprint, json_document, read_bytes
from harness.folders import cache_folder
from harness.partial_files import is_temporary
from harness.user_code.local_code import code_fingerprint

FITS = "fits"
STRUCTURE = "scorer.json"
CHECKS = "sha256.json"
"""File with the SHA-256 of every other file of a fit."""
MAX_FITS = 20
"""Number of cached fits, beyond which the least recently used are deleted; one of a small encoder has 90 MB."""


def fit_or_load(classifier: Classifier, claims: Claims, gold: Gold, seed: int) -> Scorer:
    """The result of `classifier.fit`, from the cache if the same fit is there; concurrent processes fit it once.

    A scorer that cannot be saved or read is fitted. The cache never makes a run fail.
    """
    folder = cache_folder() / FITS / _key(classifier, claims, gold, seed)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        return classifier.fit(claims, gold, seed)
    # The lock is held during the fit, so that a second process waits for the result instead of computing it too.
    try:
        scorer = _read(folder)
        if scorer is None:
            scorer = classifier.fit(claims, gold, seed)
            _save(scorer, folder)
    finally:
        lock.release()
    return scorer


def cached_folder(name: str, write: Callable[[Path], None]) -> Path:
    """A folder of the cache, which `write` fills if it does not exist.

    Raises: HarnessError: the folder cannot be written.
    """
    folder = cache_folder() / FITS / name
    if not folder.exists():
        with atomic_folder(folder) as partial:
            write(partial)
        _evict_oldest(folder.parent)
    os.utime(folder)
    return folder


def _key(classifier: Classifier, claims: Claims, gold: Gold, seed: int) -> str:
    """A hash of everything that the fit depends on."""
    kind = type(classifier)
    settings = json.dumps([kind.__module__, kind.__qualname__, classifier.model_dump(mode="json")])
    cells = [str(cell) for column in fields(claims) for cell in getattr(claims, column.name)]
    rows = [*cells, *gold.labels, *gold.codes.tolist()]
    code = code_fingerprint(classifier.code_modules())
    return fingerprint([settings, classifier.input_fingerprint(), code, package_versions(classifier), seed, *rows])


def _read(folder: Path) -> Scorer | None:
    try:
        if not is_whole_fit(folder):
            return None
        scorer = deserialize(json.loads(read_bytes(folder / STRUCTURE)), folder)
        os.utime(folder)  # marks the fit as recently used
    except (OSError, ValueError, HarnessError):
        return None
    return scorer


def is_whole_fit(folder: Path) -> bool:
    """Whether the files of a fit are those that were written; a folder of another kind has no checks, and is whole."""
    try:
        return not (folder / STRUCTURE).exists() or json.loads(read_bytes(folder / CHECKS)) == _checks(folder)
    except (OSError, ValueError, HarnessError):
        return False


def _checks(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKS)
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


def _save(scorer: Scorer, folder: Path) -> None:
    try:
        with atomic_folder(folder) as partial:
            structure = serialize(scorer, partial)
            (partial / STRUCTURE).write_text(json_document(structure), encoding="utf-8")
            (partial / CHECKS).write_text(json_document(_checks(partial)), encoding="utf-8")
        _evict_oldest(folder.parent)
    except (OSError, HarnessError):
        return


def _evict_oldest(folder: Path) -> None:
    """Deletes the least recently used fits beyond MAX_FITS; the time of a folder is that of its last use."""
    fits = sorted(
        (path for path in folder.iterdir() if path.is_dir() and not is_temporary(path)),
        key=lambda path: path.stat().st_mtime,
    )
    for path in fits[:-MAX_FITS]:
        shutil.rmtree(path, ignore_errors=True)
