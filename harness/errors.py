"""What can go wrong for a user, said so that they can act on it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_NAMES = 60


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in one file."""

    path: str
    line: int | None
    """Line of the file, from 1; None where the whole file or folder is meant."""
    field: str | None
    message: str
    """What was found, what is allowed, and the remedy; for people, so its words may change."""
    code: str = "invalid"
    """What kind of fault it is, for programs: `missing-field`, `unknown-name`; its words do not change."""

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return ": ".join(part for part in (where, self.field, self.message) if part)


class HarnessError(Exception):
    """Base of every error that is the user's to mend; the command line prints it without a traceback.

    Code decides by the type or the `code` of an error, never by its text.
    """

    exit_code = 2
    code: str = "refused"
    """What kind of error it is, for programs; the code of the fault that it becomes in a list of faults."""


class UnknownName(HarnessError):
    """A name that is not known; the message lists those that are."""

    code = "unknown-name"


class NotFetched(HarnessError):
    """A known benchmark that is not on this machine yet; says how to fetch it."""

    code = "not-fetched"


class MissingExtra(HarnessError):
    """A package that an extra brings is not installed; says what to install."""

    code = "missing-extra"


class FaultsError(HarnessError):
    """A file or folder with faults, all of them at once."""

    code = "faults"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

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
        """The error of a single fault."""
        return cls([Fault(str(path), line, field, message, code)])


class Undefined(HarnessError):
    """A number that does not exist for this input; its text is the reason."""

    code = "undefined"


def unknown_name(kind: str, name: str, known: Sequence[str]) -> str:
    """The message for a name that is not known: the nearest known one, then all of them (of very many, the first)."""
    lower = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    hint = f" Did you mean '{lower[near[0]]}'?" if near else ""
    listed = sorted(known)
    more = f" and {len(listed) - MAX_NAMES} more" if len(listed) > MAX_NAMES else ""
    return f"no {kind} is called '{name}'.{hint} Known: {', '.join(listed[:MAX_NAMES]) or 'none'}{more}"
