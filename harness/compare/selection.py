"""Which results are taken of the paths that a user gives, and which are left out.

A run folder stands for the current result of each of its systems; a result folder stands for itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from harness.errors import FaultsError
from harness.runner.result_files import Result, read_result
from harness.runner.storage.current import FolderResult, failures_in, results_in

MAX_LISTED = 4
"""Number of result folders in a note."""

Reason = Literal["not-current", "failed", "trial", "other-claims", "same-predictions", "unreadable"]
REASONS: dict[Reason, str] = {
    "not-current": "not the current result of the system; give --all or the folder to see it",
    "failed": "of a system that failed when it was last run; give --all or the folder to see it",
    "trial": "a trial on a part of the claims; give its folder to see it",
    "other-claims": "over other claims or labels than the latest result of the run folder; give its folder to see it",
    "same-predictions": "the same predictions as another result of the system",
    "unreadable": "cannot be read, and is not current",
}


class Candidate(NamedTuple):
    """A result to compare."""

    result: Result
    run_folder: Path | None
    """Run folder that the user gave; None if the user gave the folder of the result itself, which is always taken."""
    order: int
    """Position among the results of the run folder, the latest 0."""
    in_latest_run: bool


class LeftOut(NamedTuple):
    """A result that is not compared."""

    path: str
    """Folder of the result."""
    reason: Reason
    result: Result | None = None
    """Contents of `result.json`; None if it cannot be read."""


class Selection(NamedTuple):
    """The results that paths stand for."""

    candidates: tuple[Candidate, ...]
    """Results in the order of the given paths; those of one run folder by the name of their folder."""
    left_out: tuple[LeftOut, ...]
    """Other results of the run folders."""
    notes: tuple[str, ...] = ()
    """Systems of the run folders that failed when they were last run, and why."""


def _without_result(folder: Path) -> str:
    """The message for a folder without results, such as that of a chain, whose stages have them."""
    stages = [run.parent for run in sorted(folder.glob("*/current.json"))]
    if not stages:
        return "contains no result; pass a result folder, or a run folder such as runs/NAME"
    commands = ", ".join(f"harness report {shlex.quote(str(stage))}" for stage in stages)
    names = ", ".join(stage.name for stage in stages)
    is_chain = (folder / "chain.json").is_file()
    whole = "is the folder of a chain, whose losses harness run prints; its stages" if is_chain else "has parts which"
    return f"contains no result: it {whole} have results of their own ({names}), each with a report: {commands}"


def select_results(paths: Sequence[str | Path], *, all_results: bool = False) -> Selection:
    """The results that paths stand for.

    Args:
        paths: result folders, their `result.json` files, or run folders with several results. Of a run folder, the
            latest full result of each system is taken; the latest trial of each if there are only trials.
        all_results: take every result of a run folder.
    Returns: each result once.
    Raises: HarnessError: a path without a result, or a damaged result that would be taken.
    """
    candidates: dict[str, Candidate] = {}
    left_out: dict[str, LeftOut] = {}
    notes: dict[str, None] = {}
    for path in map(Path, paths):
        folder = path.parent if path.name == "result.json" else path
        if (folder / "result.json").exists():
            candidates[str(folder)] = Candidate(read_result(folder), None, 0, False)
            continue
        entries = results_in(folder)
        if not entries:
            raise FaultsError.single(path, _without_result(folder), code="no-result")
        selection = _select(folder, entries, all_results)
        for candidate in selection.candidates:
            candidates.setdefault(candidate.result.path, candidate)
        left_out |= {entry.path: entry for entry in selection.left_out}
        notes |= dict.fromkeys(selection.notes)
    others = tuple(entry for path, entry in left_out.items() if path not in candidates)
    return Selection(tuple(candidates.values()), others, tuple(notes))


def _select(run_folder: Path, entries: Sequence[FolderResult], all_results: bool) -> Selection:
    """The results to take of a run folder, and the others."""
    only_trials = all(entry.trial is not None for entry in entries if entry.system is not None)
    candidates = list[Candidate]()
    left_out = list[LeftOut]()
    systems = set[str | None]()
    failures = failures_in(run_folder)
    for order, entry in enumerate(entries):
        reason: Reason | None = None
        if entry.system is None:
            # A folder without a list has no other way to tell whether a damaged result is current: that is an error.
            reason = "unreadable" if any(other.in_latest_run for other in entries) else None
        elif entry.system in failures and not all_results:
            reason = "failed"
        elif entry.trial is not None and not (all_results or only_trials):
            reason = "trial"
        elif entry.system in systems and not all_results:
            reason = "not-current"
        elif entry.system in systems and entry.result is None:
            reason = "unreadable"
        if reason is not None:
            left_out.append(LeftOut(str(entry.folder), reason, entry.result))
            continue
        systems.add(entry.system)
        result = entry.result or read_result(entry.folder)
        candidates.append(Candidate(result, run_folder, order, entry.in_latest_run))
    candidates.sort(key=lambda candidate: candidate.result.path)
    notes = [f"{system} failed when it was last run: {reason}" for system, reason in failures.items()]
    return Selection(tuple(candidates), tuple(left_out), tuple(notes))


def given_in_full(result_folders: Sequence[str | Path]) -> list[Path]:
    """The run folders of which every result is among some result folders, and more than one."""
    names: dict[Path, set[str]] = {}
    for folder in map(Path, result_folders):
        if folder.parent.name == "results":
            names.setdefault(folder.parent.parent, set()).add(folder.name)
    return [
        run_folder
        for run_folder, given in names.items()
        if len(given) > 1 and given == {entry.folder.name for entry in results_in(run_folder)}
    ]


def left_out_lines(left_out: Sequence[LeftOut]) -> list[str]:
    """One line for each reason, with the folders that it concerns."""
    lines = []
    for reason, meaning in REASONS.items():
        folders = sorted(entry.path for entry in left_out if entry.reason == reason)
        if folders:
            more = f" and {len(folders) - MAX_LISTED:,} more" if len(folders) > MAX_LISTED else ""
            lines.append(f"left out, {meaning}: {', '.join(folders[:MAX_LISTED])}{more}")
    return lines
