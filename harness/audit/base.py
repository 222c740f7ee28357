"""Checks and their findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from harness.audit.sentences import SentenceTable
from harness.display import displayed

Severity = Literal["error", "warning", "note"]


@displayed
class Finding(NamedTuple):
    """One finding of a check."""

    check: str
    """Number of the check, such as `A01`."""
    severity: Severity
    """`error`, `warning`, or `note`."""
    where: str
    """Location: the dataset, and the split and side in it."""
    rows: int
    """Number of rows concerned."""
    message: str
    """Description, without the location."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Ids that belong together, for checks that find groups; else empty."""

    def document(self) -> dict[str, Any]:
        """Returns the finding as `harness audit --json` prints it."""
        fields = self._asdict()
        if not self.groups:
            del fields["groups"]
        return fields | {"count": fields.pop("rows")}

    def __str__(self) -> str:
        return f"{self.severity}: {self.check} {self.where}: {self.message}"


class CheckResult(NamedTuple):
    """One result of a check: a finding without the check's number, which `run_checks` adds."""

    severity: Severity
    """`error`, `warning`, or `note`."""
    where: str
    """Location: the dataset, and the split and side in it."""
    rows: int
    """Number of rows concerned."""
    message: str
    """Description, without the location."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Ids that belong together, for checks that find groups; else empty."""


class Check(NamedTuple):
    """A numbered check. `docs/reference/audit-checks/` explains what each finds, why it matters, and what to do."""

    number: str
    """Number, such as `A01`."""
    title: str
    """Short description, as lists of checks show it."""
    find: Callable[[SentenceTable], Iterator[CheckResult]]
    """Function that yields the results for a table of sentences."""


def share(count: int, total: int) -> str:
    """Returns a count and its percentage, formatted for messages."""
    percent = 100 * count / total if total else 0.0
    return f"{count:,} of {total:,} rows ({percent:.1f}%)"
