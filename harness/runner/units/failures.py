"""Systems that cannot be fitted: their errors, with the place in the code of the user."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.display import Rows, displayed
from harness.errors import HarnessError
from harness.runner.config import System
from harness.user_code.import_graph import local_modules


class CodeFailed(HarnessError):
    """Code that a config names raised an error; the message quotes it with its place."""

    code = "code-failed"


class UnitFailure(NamedTuple):
    """A fit that failed."""

    title: str
    """Fold and seed of the fit."""
    error: HarnessError

    @property
    def reason(self) -> str:
        """The fit and its error."""
        return f"{self.title}: {self.error}"


@displayed
class FailedSystem(NamedTuple):
    """A system without a result, because one of its fits failed."""

    system: str
    reason: str
    """Fold and seed of the first fit that failed, and its error."""


def failed_systems(failures: Mapping[str, UnitFailure], systems: Sequence[str]) -> Rows[FailedSystem]:
    """The systems that failed, in the order of some systems."""
    return Rows(FailedSystem(name, failures[name].reason) for name in systems if name in failures)


def nothing_fitted(failures: Mapping[str, UnitFailure]) -> HarnessError:
    """The error of a run whose systems all failed: that of the only system, or one that quotes each."""
    if len(failures) == 1:
        return next(iter(failures.values())).error
    return HarnessError("\n".join(f"{system}: {failure.reason}" for system, failure in failures.items()))


@contextmanager
def errors_of_code(system: System) -> Iterator[None]:
    """Turns any error of code that the config names, raised inside the block, into one with its place in the code.

    An error of the classifiers of this package that is no `HarnessError` passes: it is an error of ours.

    Raises: CodeFailed: the code raised an error.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        modules = system.classifier.code_modules()
        if not modules and ":" not in system.name:
            raise
        place = _place(error, modules)
        message = str(error).strip() or "no message"
        where = f" ({place})" if place else ""
        raise CodeFailed(f"'{system.name}' raised {type(error).__name__}: {message}{where}") from error


def _place(error: BaseException, modules: Iterable[str]) -> str | None:
    """The innermost line of the user's modules that an error passed; None if it passed none of them."""
    files = {str(path.resolve()): path for module in modules for path in local_modules(module).values()}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = files.get(str(Path(frame.filename).resolve()))
        if path is not None:
            return f"{path.name}:{frame.lineno}"
    return None
