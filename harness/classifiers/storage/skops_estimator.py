"""Saves a fitted scikit-learn estimator with skops, which loads objects of trusted types only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import HarnessError

FILE = "estimator.skops"


def save_estimator(estimator: Any, folder: Path, trusted: Sequence[str] = ()) -> None:
    """Saves an estimator.

    Args:
        estimator: a fitted estimator.
        folder: folder to write to.
        trusted: types beyond those of skops, whose content the caller of `load_estimator` checks.
    Raises: HarnessError: skops is not installed, or the estimator contains a type that skops would not load again.
    """
    skops = _import_skops("save")
    try:
        data = skops.dumps(estimator)
    except Exception as error:  # skops has no exception of its own: it raises what the object raises
        raise HarnessError(f"skops cannot save a {type(estimator).__name__} ({error})") from None
    untrusted = sorted(set(skops.get_untrusted_types(data=data)) - set(trusted))
    if untrusted:
        raise HarnessError(
            f"cannot save a {type(estimator).__name__}: skops would not load its types {', '.join(untrusted)} again"
        )
    (folder / FILE).write_bytes(data)


def load_estimator(folder: Path, trusted: Sequence[str] = ()) -> Any:
    """The estimator that `save_estimator` saved in a folder.

    Args:
        folder: folder of the file.
        trusted: types beyond those of skops, whose content the caller checks.
    Raises: HarnessError: skops is not installed, the file is missing or damaged, or it contains untrusted types.
    """
    skops = _import_skops("load")
    path = folder / FILE
    try:
        data = path.read_bytes()
        untrusted = sorted(set(skops.get_untrusted_types(data=data)) - set(trusted))
        if not untrusted:
            return skops.loads(data, trusted=[*trusted])
    except Exception as error:  # a damaged file can make skops raise anything
        raise HarnessError(
            f"{path}: cannot be loaded ({type(error).__name__}: {error}); save the model again"
        ) from None
    raise HarnessError(f"{path}: refused: the file contains untrusted types: {', '.join(untrusted)}")


def _import_skops(purpose: str) -> Any:
    try:
        import skops.io
    except ImportError:
        raise HarnessError(
            f"to {purpose} a scikit-learn estimator, install skops: pip install 'claim-harness[share]'"
        ) from None
    return skops.io
