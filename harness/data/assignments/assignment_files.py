"""`assignments/NAME.jsonl`: the claims that an annotator is to label, in their order, and which of them twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from harness.data.jsonl import read_records, to_json_lines
from harness.errors import Fault, FaultsError
from harness.records import Record

FOLDER = "assignments"


class Assignment(Record):
    """A claim that an annotator is to label, or is to label again."""

    claim_id: str
    role: Literal["label", "repeat"] = "label"
    """`repeat`: the claim is asked again here, without saying so, to see whether the annotator is consistent."""


def read_assignments(folder: Path, annotators: Collection[str] | None = None) -> dict[str, list[Assignment]]:
    """Returns the assignments of each annotator of a dataset folder, in order; of equal lines the first counts.

    Args:
        folder: dataset folder.
        annotators: annotators whose assignments alone are read; default: all.
    Raises: FaultsError: all faults of all files.
    """
    assignments: dict[str, list[Assignment]] = {}
    faults: list[Fault] = []
    for path in assignment_files(folder):
        if annotators is not None and path.stem not in annotators:
            continue
        records, file_faults = read_records(path, Assignment)
        faults += file_faults
        assignments[path.stem] = list({(a.claim_id, a.role): a for _, a in records}.values())
    if faults:
        raise FaultsError(faults)
    return assignments


def assignment_files(folder: Path) -> list[Path]:
    """Returns the files of the assignments of a dataset folder."""
    return sorted((folder / FOLDER).glob("*.jsonl"))


def assignment_contents(folder: Path, assignments: Mapping[str, Sequence[Assignment]]) -> dict[Path, bytes]:
    """Returns the content of each file, by its path."""
    return {
        folder / FOLDER / f"{annotator}.jsonl": "".join(to_json_lines(lines)).encode()
        for annotator, lines in assignments.items()
    }


def assignment_faults(folder: Path, claim_ids: Iterable[str] | None) -> list[Fault]:
    """Returns the faults of the assignments of a dataset folder.

    Args:
        folder: dataset folder.
        claim_ids: claims of the dataset; None: they are not known, as claims.jsonl has faults itself.
    """
    known = None if claim_ids is None else set(claim_ids)
    faults: list[Fault] = []
    for path in assignment_files(folder):
        records, file_faults = read_records(path, Assignment)
        faults += file_faults
        line_of: dict[Assignment, int] = {}
        for line, assignment in records:
            if known is not None and assignment.claim_id not in known:
                message = f"no claim '{assignment.claim_id}' in claims.jsonl; remove the line"
                faults.append(Fault(str(path), line, "claim_id", message, "unknown-id"))
            if assignment in line_of:
                message = (
                    f"'{assignment.claim_id}' is assigned already (line {line_of[assignment]}); "
                    "harness check --fix keeps one of the lines"
                )
                faults.append(Fault(str(path), line, "claim_id", message, "duplicate-id"))
            line_of.setdefault(assignment, line)
        labeled = {a.claim_id for _, a in records if a.role == "label"}
        for line, assignment in records:
            if assignment.role == "repeat" and assignment.claim_id not in labeled and not file_faults:
                message = f"'{assignment.claim_id}' is repeated, but this file assigns no first answer to it"
                faults.append(Fault(str(path), line, "role", message, "no-first-answer"))
    return faults
