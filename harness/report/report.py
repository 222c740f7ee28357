"""What is written when a report is built."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness.display import displayed
from harness.text_tables import count_of, size_of


@displayed
class Report(NamedTuple):
    """A report that was written."""

    path: Path
    size: int
    """Size of the file in bytes."""
    systems: int
    claims: int
    """Number of scored claims."""
    browsed: int | None
    """Number of claims in the error browser; None: the report has none."""
    note: str | None
    """Reason why claims are shown without their texts; None if texts are shown."""
    notes: tuple[str, ...] = ()
    """Remarks on the results that are shown."""
    left_out: tuple[str, ...] = ()
    """Results of the run folders that are not shown, one line for each reason."""

    def __str__(self) -> str:
        counts = f"{count_of(self.systems, 'system')}, {count_of(self.claims, 'claim')}"
        line = f"{self.path}: {counts}, {size_of(self.size)}"
        if self.browsed is not None and self.browsed < self.claims:
            line += f"\nthe error browser shows the {self.browsed:,} claims on which systems disagree or err most"
        return "\n".join([line, *([self.note] if self.note else []), *self.notes, *self.left_out])
