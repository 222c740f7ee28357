"""Errors with messages that a user can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.display import brief, displayed

MAX_NAMES = 60
"""Number of known names that the message for an unknown name lists."""
MAX_LISTED_NAMES = 8
"""The same for names that `harness list` gives in full."""
LISTED = {
    "benchmark": "benchmarks",
    "check": "checks",
    "classifier": "classifiers",
    "dataset": "datasets, harness list benchmarks",
    "metric": "metrics",
    "metric of the task 'evidence'": "metrics",
    "retriever": "retrievers",
    "scheme": "schemes",
    "shipped experiment": "experiments",
    "shipped experiment, dataset or benchmark": "experiments, harness list datasets, harness list benchmarks",
}
"""What `harness list` is given to print all names of a kind."""
MAX_FAULT_LINES = 20
"""Number of lines that faults are printed on; further kinds of fault are counted."""
MAX_FAULT_PLACES = 3
"""Number of further lines that the line of one kind of fault names."""
CLOSE = 0.65
"""Similarity from which a known name is suggested for an unknown one (ratio of `difflib`)."""


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
    cell: str | None = None
    """Address of the cell in a spreadsheet (`C7`)."""

    def __str__(self) -> str:
        location = self.path if self.line is None else f"{self.path}:{self.line}"
        cell = f"cell {self.cell}" if self.cell else None
        place = f"{self.field} ({cell})" if self.field and cell else self.field or cell
        # A line break of a file's text must not start a line that looks like another message.
        return ": ".join(part for part in (location, place, self.message) if part).replace("\n", "\\n")


class HarnessError(Exception):
    """Base of all errors that the user can fix; the command line prints them without a traceback.

    Programs decide by the type or the `code` of an error, never by its text.
    """

    exit_code = 2
    code: str = "refused"
    """Kind of error, for programs; also the `code` of a `Fault` that reports this error."""


class EndsRun(HarnessError):
    """An error that ends a whole run, not only the system that met it: a disk fault, or a limit that the user set."""


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
        super().__init__("\n".join(fault_lines(self.faults)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({brief(self.faults)})"

    def __reduce__(self) -> tuple[type[FaultsError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)  # the default would pass the message to `__init__`

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


def fault_lines(faults: Sequence[Fault], *, all_faults: bool = False) -> list[str]:
    """Returns the lines that faults are printed on: one per kind of fault, at most `MAX_FAULT_LINES`, and a count.

    Faults are of one kind if they concern one file and field, and say the same except for the values they name. The
    line is that of the first one, with the places of the next ones and their number.

    Args:
        faults: faults, in order.
        all_faults: whether each fault gets a line of its own.
    """
    if all_faults:
        return [str(fault) for fault in faults]
    kinds: dict[tuple[str, ...], list[Fault]] = {}
    for fault in faults:
        # A row of a table without lines is named in the field ("row 3 text").
        column = re.sub(r"^row \d+ ?", "", fault.field or "")
        kinds.setdefault((fault.path, column, fault.code, _finding(fault.message)), []).append(fault)
    lines = [f"{same[0]}{_further_places(same[1:])}" for same in kinds.values()]
    if len(lines) == len(faults) and len(lines) <= MAX_FAULT_LINES:
        return lines
    shown = lines[:MAX_FAULT_LINES]
    rest = len(lines) - len(shown)
    more = f", of {len(lines)} kinds, {len(shown)} of them above" if rest else ""
    return [*shown, f"{len(faults):,} faults{more}; list each with --all-faults (in Python: .faults of the error)"]


def _finding(message: str) -> str:
    """Returns the start of a message, up to the first value that it names."""
    return re.split(r"['\"\[{(\d]", message, maxsplit=1)[0]


def _further_places(faults: Sequence[Fault]) -> str:
    if not faults:
        return ""
    lines = [fault.cell or str(fault.line) for fault in faults if fault.line is not None][:MAX_FAULT_PLACES]
    unit = "cell" if faults[0].cell else "line"
    places = f" ({unit}{'s' if len(lines) > 1 else ''} {', '.join(lines)}{', ...' * (len(lines) < len(faults))})"
    return f"; and {len(faults):,} more{places if lines else ''}"


def unknown_name(kind: str, name: str, known: Sequence[str]) -> str:
    """Returns the message for an unknown name: the closest known name, then known names.

    Of names that `harness list` gives, these are the `MAX_LISTED_NAMES` closest ones and the command for the others;
    else up to `MAX_NAMES` of them.
    """
    hint = did_you_mean(name, known)
    return f"no {kind} is called '{name}'.{hint} Known: {known_names(kind, name, known)}"


def known_names(kind: str, name: str, known: Sequence[str]) -> str:
    """Returns known names for the message about an unknown one, as `unknown_name` does."""
    limit, command = MAX_NAMES, ""
    if kind in LISTED:
        limit, command = MAX_LISTED_NAMES, f"; see harness list {LISTED[kind]}"
    names = sorted(known)
    if len(names) > limit:
        likeness = {other: difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio() for other in names}
        shown = sorted(sorted(names, key=lambda other: -likeness[other])[:limit]) if command else names[:limit]
        return f"{', '.join(shown)} and {len(names) - limit} more{command}"
    return ", ".join(names) or "none"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean 'NAME'?` for a name with a spelling close to a known one; empty if none is close."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    lower = name.lower()
    candidates = difflib.get_close_matches(lower, by_lower_case, n=1, cutoff=CLOSE)
    # Part of a name (`logreg` of `tfidf_logreg`), or one wrong character in a short one, is less alike than `CLOSE`.
    candidates += [other for other in by_lower_case if len(lower) > 2 and lower in _parts(other)]
    candidates += [
        other for other in by_lower_case if len(lower) == len(other) < 4 and _n_unlike(lower, other) == 1 < len(lower)
    ]
    return f" Did you mean '{by_lower_case[candidates[0]]}'?" if candidates else ""


def _parts(name: str) -> list[str]:
    return re.split(r"[_.:/-]", name)


def _n_unlike(a: str, b: str) -> int:
    return sum(left != right for left, right in zip(a, b, strict=True))
