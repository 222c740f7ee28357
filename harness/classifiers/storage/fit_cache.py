"""Fits that take minutes, kept in the cache folder for the other folds, processes and experiments that need them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock

from harness.classifiers.base import Classifier, Scorer
from harness.classifiers.storage.serialize import deserialize, serialize
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.files import atomic_folder, fingerprint, json_document
from harness.folders import cache_folder

FITS = "fits"
STRUCTURE = "scorer.json"
MAX_FITS = 20
"""The fits that were not used for longest are dropped beyond this many; one of a small encoder has 90 MB."""


def fit_or_load(classifier: Classifier, claims: Claims, gold: Gold, seed: int) -> Scorer:
    """What `classifier.fit` gives, found again where the same was fitted before; two processes do not both fit it.

    What cannot be kept, or be read again, is fitted.
    """
    folder = cache_folder() / FITS / _key(classifier, claims, gold, seed)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        return classifier.fit(claims, gold, seed)
    try:
        scorer = _read(folder)
        if scorer is None:
            scorer = classifier.fit(claims, gold, seed)
            _save(scorer, folder)
    finally:
        lock.release()
    return scorer


def kept_folder(name: str, write: Callable[[Path], None]) -> Path:
    """A folder among the kept fits, which `write` fills where it is not there yet.

    Raises: HarnessError: it cannot be written.
    """
    folder = cache_folder() / FITS / name
    if not folder.exists():
        with atomic_folder(folder) as partial:
            write(partial)
        _evict_oldest(folder.parent)
    os.utime(folder)
    return folder


def _key(classifier: Classifier, claims: Claims, gold: Gold, seed: int) -> str:
    """A fingerprint of all that the fit depends on."""
    settings = json.dumps([type(classifier).__qualname__, classifier.model_dump(mode="json")])
    rows = [*map(str, claims.article_id), *map(str, claims.text), *gold.labels, *gold.codes.tolist()]
    return fingerprint([settings, classifier.input_fingerprint(), *_versions(classifier), seed, *rows])


def _versions(classifier: Classifier) -> list[str]:
    found = []
    for package in ("claim-harness", *classifier.packages):
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append("")
    return found


def _read(folder: Path) -> Scorer | None:
    try:
        scorer = deserialize(json.loads((folder / STRUCTURE).read_bytes()), folder)
        os.utime(folder)
    except (OSError, ValueError, HarnessError):
        return None
    return scorer


def _save(scorer: Scorer, folder: Path) -> None:
    try:
        with atomic_folder(folder) as partial:
            structure = serialize(scorer, partial)
            (partial / STRUCTURE).write_text(json_document(structure), encoding="utf-8")
        _evict_oldest(folder.parent)
    except (OSError, HarnessError):
        return


def _evict_oldest(folder: Path) -> None:
    """Drops the fits that were not used for longest."""
    kept = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in kept[:-MAX_FITS]:
        shutil.rmtree(path, ignore_errors=True)
