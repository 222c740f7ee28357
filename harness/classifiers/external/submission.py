"""Reads predictions in the submission format of a benchmark, and maps the publisher's ids to claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.classifiers.external.prediction_files import Prediction
from harness.data.benchmarks.benchmark import Benchmark, Official, benchmark_names, load_benchmark
from harness.data.benchmarks.submission_claims import SubmissionClaim, is_by_file, submission_claims
from harness.data.benchmarks.submission_ids import (
    MAX_SHOWN,
    contradictions,
    first_faults,
    id_faults,
    source_of,
)
from harness.data.dataset import Dataset
from harness.data.formats import SUBMISSIONS
from harness.data.formats.submissions import SubmissionEntry
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import read_bytes, sha256
from harness.schemes import load_scheme

Entries = Mapping[str, Sequence[SubmissionEntry]]
"""Lines of a submission by path of the file."""


class SubmissionFormat(NamedTuple):
    """The submission format of a benchmark."""

    benchmark: Benchmark
    official: Official


def find_format(name: str) -> SubmissionFormat:
    """The submission format of a benchmark.

    Raises: UnknownName: there is none of this name, or its submissions are no predictions of a task.
    """
    formats = {
        benchmark.name: SubmissionFormat(benchmark, benchmark.official)
        for benchmark in map(load_benchmark, benchmark_names())
        if benchmark.official is not None and benchmark.official.writes
    }
    if name not in formats:
        raise UnknownName(f"submission_to: {unknown_name('benchmark with submissions to read', name, list(formats))}")
    return formats[name]


def submission_paths(path: str) -> list[Path]:
    """The files of a submission: the file, or those of the folder whose names begin with no dot, sorted.

    Raises: FaultsError: the folder has no files.
    """
    if not Path(path).is_dir():
        return [Path(path)]
    files = sorted(file for file in Path(path).iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise FaultsError.single(path, "has no files; name a file, or the folder of the submission's files")
    return files


def submission_fingerprint(path: str) -> str:
    """SHA-256 of the names and contents of the files."""
    listed = "".join(f"{sha256(read_bytes(file))} {file.name}\n" for file in submission_paths(path))
    return sha256(listed.encode())


def read_entries(path: str, form: SubmissionFormat) -> dict[str, list[SubmissionEntry]]:
    """The lines of a submission by path of the file; reads no data of the benchmark.

    Raises: FaultsError: every fault of the form of the files.
    """
    reader = SUBMISSIONS[form.official.submission]
    entries, faults = dict[str, list[SubmissionEntry]](), list[Fault]()
    for file in submission_paths(path):
        try:
            entries[str(file)] = reader.read_predictions(source_of(form.benchmark, str(file), read_bytes(file)))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return entries


def setting_faults(entries: Entries, *, thresholded: bool, bounded: bool) -> Iterator[Fault]:
    """Faults of files that do not go with the settings of the classifier.

    Args:
        entries: see `read_entries`.
        thresholded: whether a threshold on the scores gives the labels.
        bounded: whether scores must be probabilities.
    """
    for name, lines in entries.items():
        if (thresholded or bounded) and isinstance(lines[0].value, str):
            message = "has labels; remove threshold and probabilities, which are for scores"
            yield Fault(name, None, "label", message)
            continue
        outside = [entry for entry in lines if bounded and not 0 <= entry.value <= 1]
        for entry in outside[:MAX_SHOWN]:
            yield Fault(name, entry.line, "score", f"expected a probability from 0 to 1, got {entry.value}")
        if len(outside) > MAX_SHOWN:
            yield Fault(name, None, "score", f"{len(outside) - MAX_SHOWN} more are not from 0 to 1")


def predictions_by_claim(entries: Entries, form: SubmissionFormat, dataset: Dataset) -> dict[str, Prediction]:
    """The predictions of a submission by claim id; labels are names of the benchmark's scheme.

    Args:
        entries: see `read_entries`.
        form: the format.
        dataset: the benchmark as fetched.
    Raises: FaultsError: every id that is unknown, missing or repeated, and every file that fits no file or part of the
        benchmark.
    """
    published = submission_claims(form.benchmark, dataset)
    axis = load_scheme(form.benchmark.scheme).axes[0]
    name_of = {label.code: label.name for label in axis.labels}
    predictions, faults = dict[str, Prediction](), list[Fault]()
    file_for = dict[str, str]()
    for name, lines in entries.items():
        try:
            target = _target(name, lines, published, form.benchmark)
            if file_for.setdefault(target, name) != name:
                message = f"has predictions for the claims of {target}, as {file_for[target]} has; remove one of them"
                raise FaultsError.single(name, message, code="duplicate-id")
            entry_of = _match(name, lines, target, published[target], form.official)
        except FaultsError as error:
            faults += error.faults
            continue
        for claim_id, (line, _, value) in entry_of.items():
            is_label = isinstance(value, str)
            score, label = (None, name_of[value]) if is_label else (value, None)
            predictions[claim_id] = Prediction(line or 0, score, label, file=name)
    if faults:
        raise FaultsError(faults)
    return predictions


def _target(
    name: str,
    lines: Sequence[SubmissionEntry],
    published: Mapping[str, Sequence[SubmissionClaim]],
    benchmark: Benchmark,
) -> str:
    """The file of a whole submission that a file is: the one with its name, or with most of its ids."""
    if is_by_file(benchmark):
        same_name = [target for target in published if Path(target).stem == Path(name).stem]
        if len(same_name) == 1:
            return same_name[0]
        listed = ", ".join(sorted(published)[:MAX_SHOWN]) + (" ..." if len(published) > MAX_SHOWN else "")
        message = (
            f"has the name of no file of {benchmark.name}, and its lines are numbered by file; give each file the name "
            f"of the publisher's file that it is for ({listed})"
        )
        raise FaultsError.single(name, message, code="unknown-file")
    ids = {entry.id for entry in lines}
    in_common = {target: len(ids & {line.id for line in claims}) for target, claims in published.items()}
    most = max(in_common.values(), default=0)
    best = [target for target, count in in_common.items() if count == most]
    if most == 0:
        message = (
            f"no id is one of {benchmark.name} (for example '{lines[0].id}'); is the file for another benchmark, or "
            "for a part that is not fetched?"
        )
        raise FaultsError([Fault(name, lines[0].line, "id", message, "unknown-id")])
    if len(best) > 1:
        message = f"has as many ids of {' as of '.join(best)}; keep the ids of one part in a file"
        raise FaultsError.single(name, message, code="several-parts")
    return best[0]


def _match(
    name: str,
    lines: Sequence[SubmissionEntry],
    target: str,
    claims: Sequence[SubmissionClaim],
    official: Official,
) -> dict[str, SubmissionEntry]:
    """The line of each claim id.

    Raises: FaultsError: ids are unknown, missing or repeated.
    """
    id_name = SUBMISSIONS[official.submission].id_name
    gold = [SubmissionEntry(None, line.id, None) for line in claims]
    faults = id_faults(gold, lines, name=name, gold_name=target, id_name=id_name)
    if faults:
        raise FaultsError(faults)
    # Ids that the publisher repeats are unambiguous if the file has the publisher's lines in their order.
    if [entry.id for entry in lines] == [line.id for line in claims]:
        return {line.claim.claim_id: entry for line, entry in zip(claims, lines, strict=True)}
    repeated = [] if official.repeated_ids == "last" else first_faults(contradictions(lines, name, id_name))
    if repeated:
        raise FaultsError(repeated)
    last = {entry.id: entry for entry in lines}
    return {line.claim.claim_id: last[line.id] for line in claims}
