"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from harness.audit.sentences import SentenceTable

Severity = Literal["error", "warning", "note"]


class Finding(NamedTuple):
    """One thing that a check found."""

    check: str
    severity: Severity
    where: str
    """Dataset, and the split and side in it."""
    rows: int
    """Rows concerned."""
    message: str

    def document(self) -> dict[str, Any]:
        """The finding as `harness audit --json` prints it."""
        found = self._asdict()
        return found | {"count": found.pop("rows")}

    def __str__(self) -> str:
        return f"{self.severity}: {self.check} {self.where}: {self.message}"


class CheckResult(NamedTuple):
    """What a check says of one place; the runner of checks adds the check's number."""

    severity: Severity
    where: str
    rows: int
    message: str


class Check(NamedTuple):
    """A numbered check; `docs/reference/audit-checks/` says what each finds, why it matters and what to do."""

    number: str
    title: str
    find: Callable[[SentenceTable], Iterator[CheckResult]]


def share(count: int, total: int) -> str:
    """A count and its share, as messages say it."""
    percent = 100 * count / total if total else 0.0
    return f"{count:,} of {total:,} rows ({percent:.1f}%)"
