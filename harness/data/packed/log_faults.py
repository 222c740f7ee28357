"""Faults of an annotation log that show when its lines are seen together; where there are none, columns tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.data.packed.reading import PackedFile
from harness.errors import Fault
from harness.records import Annotation

QUESTION = ("claim_id", "scheme", "axis", "role")
"""Fields that say what an annotation answers."""


def duplicate_faults(path: object, field: str, ids: Sequence[str] | Iterable[str], lines: Sequence[int]) -> list[Fault]:
    """Returns the lines whose id an earlier line has."""
    # Hashes take less memory than the ids, and two equal ones are looked at below.
    if len(set(map(hash, ids))) == len(lines):
        return []
    first_line: dict[str, int] = {}
    faults = []
    for line, value in zip(lines, ids, strict=True):
        if value in first_line:
            message = f"duplicate id '{value}' (first on line {first_line[value]}); remove one of the two"
            faults.append(Fault(str(path), line, field, message, "duplicate-id"))
        first_line.setdefault(value, line)
    return faults


def supersede_faults(log: PackedFile[Annotation]) -> Iterable[Fault]:
    """Yields annotations that supersede no earlier annotation of the same log on the same question."""
    # Earlier lines only: two annotations that supersede each other would leave the question without a label.
    referred = set(log.records.column("supersedes")) - {None}
    if not referred:
        return
    earlier: dict[str, int] = {}
    columns = (log.records.column("annotation_id"), log.records.column("supersedes"))
    for row, (annotation_id, supersedes) in enumerate(zip(*columns, strict=True)):
        superseded = None if supersedes is None else earlier.get(supersedes)
        if supersedes is not None and superseded is None:
            message = f"no annotation '{supersedes}' in an earlier line of this file"
            yield Fault(str(log.path), log.lines[row], "supersedes", message, "unknown-id")
        elif superseded is not None and _question(log, superseded) != _question(log, row):
            message = f"annotation '{supersedes}' is about another claim, scheme, axis or role"
            yield Fault(str(log.path), log.lines[row], "supersedes", message, "other-question")
        if annotation_id in referred:
            earlier[annotation_id] = row


def withdrawal_faults(log: PackedFile[Annotation]) -> Iterable[Fault]:
    """Yields withdrawals of what is no earlier annotation of the same log on the same question."""
    referred = set(log.records.column("withdraws")) - {None}
    if not referred and "withdraw" not in set(log.records.column("role")):
        return
    earlier: dict[str, int] = {}
    columns = (log.records.column(name) for name in ("annotation_id", "role", "withdraws"))
    for row, (annotation_id, role, withdraws) in enumerate(zip(*columns, strict=True)):
        line = log.lines[row]
        if role != "withdraw":
            if annotation_id in referred:
                earlier[annotation_id] = row
            if withdraws is not None:
                message = f"expected none with role {role}; a line that takes another back has role withdraw"
                yield Fault(str(log.path), line, "withdraws", message, "other-role")
            continue
        if withdraws is None:
            message = "is missing; give the id of the annotation that this line takes back"
            yield Fault(str(log.path), line, "withdraws", message, "missing-field")
            continue
        withdrawn = earlier.get(withdraws)
        if withdrawn is None:
            message = f"no annotation '{withdraws}' in an earlier line of this file"
            yield Fault(str(log.path), line, "withdraws", message, "unknown-id")
        elif _question(log, withdrawn)[:3] != _question(log, row)[:3]:
            message = f"annotation '{withdraws}' is about another claim, scheme or axis"
            yield Fault(str(log.path), line, "withdraws", message, "other-question")


def contradiction_faults(log: PackedFile[Annotation]) -> list[Fault]:
    """Returns the annotations that answer a question again without superseding the earlier answer."""
    questions = [log.records.column(name) for name in QUESTION]
    if len(set(map(hash, zip(*questions, strict=True)))) == len(log.records):
        return []
    superseded = set(log.records.column("supersedes"))
    withdrawn = set(log.records.column("withdraws"))
    first_line: dict[tuple[str, ...], int] = {}
    faults = []
    ids = zip(log.lines, log.records.column("annotation_id"), strict=True)
    for row, ((line, annotation_id), key) in enumerate(zip(ids, zip(*questions, strict=True), strict=True)):
        if key[-1] in ("withdraw", "repeat") or annotation_id in superseded or annotation_id in withdrawn:
            continue
        if key in first_line:
            message = (
                f"'{log.records.column('annotator')[row]}' already labeled this claim on axis '{key[2]}' (line "
                f"{first_line[key]}); to change the label, put the id of the earlier annotation in supersedes"
            )
            faults.append(Fault(str(log.path), line, "claim_id", message, "contradiction"))
        first_line.setdefault(key, line)
    return faults


def _question(log: PackedFile[Annotation], row: int) -> tuple[str, ...]:
    return tuple(log.records.column(name)[row] for name in QUESTION)
