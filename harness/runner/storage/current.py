"""The order of the results in a run folder: `current.json` lists the results of the latest run first.

File times say nothing after a copy, and a reused result is older than the run that reused it, so each run writes the
order down. Results that are not in the list (written by an earlier version, or by a run that did not finish) come last,
by the time that they record.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from harness.errors import FaultsError, HarnessError
from harness.files import json_document, state_bytes, write_text
from harness.records import Record, preview
from harness.runner.result_files import Result, read_result
from harness.runner.units.failures import FailedSystem

FILE_NAME = "current.json"
LIST_FORMAT = 2


class ListedResult(Record):
    """One result in the list."""

    result_id: str
    system: str
    run: int
    """Number of the last run that wrote or reused the result, counted from 1 in each run folder."""
    trial: str | None = None
    """Options of a trial; None for a full result."""


class ListedFailure(Record):
    """A system that could not be fitted in the last run that ran it."""

    system: str
    reason: str


class ResultList(Record):
    """The content of `current.json`."""

    format: int
    results: tuple[ListedResult, ...] = ()
    """Results of the latest run first, each once."""
    failed: tuple[ListedFailure, ...] = ()
    """Systems whose results, if there are any, are older than their failure."""


class FolderResult(NamedTuple):
    """One result of a run folder."""

    folder: Path
    """Folder of the result."""
    system: str | None
    """Name of the system; None if the result is not listed and cannot be read."""
    result: Result | None
    """Contents of `result.json`; None if it cannot be read."""
    trial: str | None
    """Options of a trial; None for a full result."""
    in_latest_run: bool
    """Whether the latest finished run wrote or reused it; False in a folder without a list."""


def record_run(folder: Path, results: Sequence[Result], failed: Sequence[FailedSystem] = ()) -> None:
    """Puts the results of a finished run first in the list of its run folder.

    Args:
        folder: the run folder; the caller holds its lock.
        results: one per system of the run that could be fitted.
        failed: the other systems of the run, unless it is a trial, which says nothing about full results.
    """
    written = _read_list(folder)
    earlier = written.results
    number = max((entry.run for entry in earlier), default=0) + 1
    latest = [
        ListedResult(result_id=result.result_id, system=result.system, run=number, trial=result.trial)
        for result in results
    ]
    ids = {entry.result_id for entry in latest}
    remaining = [entry for entry in earlier if entry.result_id not in ids and _is_there(folder, entry)]
    run = {result.system for result in results if result.trial is None} | {failure.system for failure in failed}
    failures = [ListedFailure(system=failure.system, reason=failure.reason) for failure in failed]
    failures += [failure for failure in written.failed if failure.system not in run]
    document = ResultList(format=LIST_FORMAT, results=(*latest, *remaining), failed=tuple(failures))
    write_text(folder / FILE_NAME, json_document(document.model_dump(mode="json")))


def failures_in(folder: Path) -> dict[str, str]:
    """The systems of a run folder that could not be fitted in the last run that ran them, with the reason."""
    return {failure.system: failure.reason for failure in _read_list(folder).failed}


def results_in(folder: Path) -> list[FolderResult]:
    """The results of a run folder, the latest first; empty if there are none.

    Results that cannot be read are in the list as well, without their content.
    """
    listed = [entry for entry in _read_list(folder).results if _is_there(folder, entry)]
    latest_run = listed[0].run if listed else None
    ids = {entry.result_id for entry in listed}
    results = list[FolderResult]()
    for entry in listed:
        path = folder / "results" / entry.result_id
        is_latest = entry.run == latest_run
        results.append(FolderResult(path, entry.system, _read(path), entry.trial, is_latest))
    unlisted = list[FolderResult]()
    for path in sorted(file.parent for file in folder.glob("results/*/result.json")):
        if path.name not in ids:
            result = _read(path)
            trial = result.trial if result else None
            unlisted.append(FolderResult(path, result.system if result else None, result, trial, False))
    # Sorting twice, by name and then by time, gives results of the same second a fixed order.
    return results + sorted(unlisted, key=_made_at, reverse=True)


def _made_at(entry: FolderResult) -> str:
    return entry.result.provenance.made_at if entry.result else ""


def _is_there(folder: Path, entry: ListedResult) -> bool:
    return (folder / "results" / entry.result_id / "result.json").exists()


def _read_list(folder: Path) -> ResultList:
    """The list of a run folder; empty if there is none, or a damaged or old one, so that the recorded times decide.

    Raises: FaultsError: it is no file, not readable, or of a newer version, which would lose what it says.
    """
    path = folder / FILE_NAME
    data = state_bytes(path) or b"{}"
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        if (number := json.loads(data)["format"]) > LIST_FORMAT:
            message = (
                f"is of a newer version of the harness (format {preview(number)}; this one reads {LIST_FORMAT}); use "
                "that version, or another folder"
            )
            raise FaultsError.single(path, message, field="format", code="newer-version")
    try:
        written = ResultList.model_validate_json(data)
    except ValidationError:
        return ResultList(format=LIST_FORMAT)
    return written if written.format == LIST_FORMAT else ResultList(format=LIST_FORMAT)


def _read(folder: Path) -> Result | None:
    try:
        return read_result(folder)
    except HarnessError:
        return None
