"""A fitted scikit-learn estimator as a file, by skops, which makes objects of trusted types only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.errors import HarnessError

FILE = "estimator.skops"


def save_estimator(estimator: Any, folder: Path) -> None:
    """Keeps an estimator.

    Raises: HarnessError: skops is not installed, or a part of it is of a type that could not be loaded again.
    """
    skops = _skops("keep")
    try:
        data = skops.dumps(estimator)
    except Exception as error:  # skops says what it cannot take apart by whatever it meets there
        raise HarnessError(f"a {type(estimator).__name__} cannot be kept by skops ({error})") from None
    untrusted = skops.get_untrusted_types(data=data)
    if untrusted:
        raise HarnessError(
            f"a {type(estimator).__name__} cannot be kept: skops would not load its types {', '.join(untrusted)} again"
        )
    (folder / FILE).write_bytes(data)


def load_estimator(folder: Path) -> Any:
    """The estimator of a folder.

    Raises: HarnessError: skops is not installed, the file is missing or wrong, or asks for types that are not trusted.
    """
    skops, path = _skops("load"), folder / FILE
    try:
        data = path.read_bytes()
        untrusted = skops.get_untrusted_types(data=data)
        if not untrusted:
            return skops.loads(data, trusted=[])
    except Exception as error:  # a damaged file makes skops raise whatever it meets
        raise HarnessError(
            f"{path}: cannot be loaded ({type(error).__name__}: {error}); save the model again"
        ) from None
    raise HarnessError(f"{path}: refused: it asks for types that are not trusted: {', '.join(untrusted)}")


def _skops(purpose: str) -> Any:
    try:
        import skops.io
    except ImportError:
        raise HarnessError(
            f"to {purpose} a scikit-learn estimator, skops is needed: pip install 'claim-harness[share]'"
        ) from None
    return skops.io
