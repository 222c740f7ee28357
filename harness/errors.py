"""Errors with messages that a user can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.display import brief, displayed

MAX_NAMES = 60
"""Number of known names that the message for an unknown name lists."""


@displayed
@dataclass(frozen=True, order=True)
class Fault:
    """One problem in one file."""

    path: str
    line: int | None
    """Line of the file, from 1; None if the problem concerns the whole file or folder."""
    field: str | None
    message: str
    """Finding, allowed values and remedy. Written for people: the wording may change between versions."""
    code: str = "invalid"
    """Kind of problem, for programs (`missing-field`, `unknown-name`); stable between versions."""

    def __str__(self) -> str:
        location = self.path if self.line is None else f"{self.path}:{self.line}"
        return ": ".join(part for part in (location, self.field, self.message) if part)


class HarnessError(Exception):
    """Base of all errors that the user can fix; the command line prints them without a traceback.

    Programs decide by the type or the `code` of an error, never by its text.
    """

    exit_code = 2
    code: str = "refused"
    """Kind of error, for programs; also the `code` of a `Fault` that reports this error."""


class UnknownName(HarnessError):
    """An unknown name; the message lists the known ones."""

    code = "unknown-name"


class NotFetched(HarnessError):
    """A benchmark that has not been downloaded; the message gives the command that fetches it."""

    code = "not-fetched"


class MissingExtra(HarnessError):
    """A package of an optional extra is not installed; the message gives the install command."""

    code = "missing-extra"


class FaultsError(HarnessError):
    """All faults of a file or folder, raised together."""

    code = "faults"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({brief(self.faults)})"

    @classmethod
    def single(
        cls,
        path: str | Path,
        message: str,
        *,
        line: int | None = None,
        field: str | None = None,
        code: str = Fault.code,
    ) -> FaultsError:
        """Returns the error for a single fault."""
        return cls([Fault(str(path), line, field, message, code)])


class Undefined(HarnessError):
    """A value that is mathematically undefined for this input; the message gives the reason."""

    code = "undefined"


def unknown_name(kind: str, name: str, known: Sequence[str]) -> str:
    """Returns the message for an unknown name: the closest known name, then up to `MAX_NAMES` known names."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    closest = difflib.get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.5)
    hint = f" Did you mean '{by_lower_case[closest[0]]}'?" if closest else ""
    names = sorted(known)
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"no {kind} is called '{name}'.{hint} Known: {', '.join(names[:MAX_NAMES]) or 'none'}{more}"
