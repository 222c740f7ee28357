"""The settings for reading a submission, and the faults of its ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.data.benchmarks.benchmark import Benchmark
from harness.data.formats.source import SourceFile
from harness.data.formats.submissions import SubmissionEntry
from harness.errors import Fault
from harness.schemes import load_scheme

MAX_SHOWN = 5
"""Number of ids in a message."""


def base_name(name: str) -> str:
    """The file name of a path, or of a member of a zip file."""
    return Path(name.rpartition("!")[2]).name


def source_of(benchmark: Benchmark, name: str, data: bytes) -> SourceFile:
    """A gold or submission file with the settings for its reader.

    Args:
        benchmark: a benchmark with an official scorer.
        name: path of the file.
        data: its content.
    """
    official = benchmark.official
    spellings = {} if official is None else {"accepts": official.accepts, "headless": official.headless}
    return SourceFile(Path(name), data, load_scheme(benchmark.scheme), benchmark.options | spellings)


def id_faults(
    gold: Sequence[SubmissionEntry],
    predicted: Sequence[SubmissionEntry],
    *,
    name: str,
    gold_name: str,
    id_name: str,
) -> list[Fault]:
    """Faults for duplicate, unknown and missing ids; the first few of each kind, and the number of further ones."""
    gold_file = base_name(gold_name)
    gold_counts = Counter(entry.id for entry in gold)
    predicted_ids = {entry.id for entry in predicted}
    faults = duplicate_ids(predicted, gold_counts, name, id_name)
    unknown = [entry for entry in predicted if entry.id not in gold_counts]
    faults += [
        Fault(name, entry.line, id_name, f"{gold_file} has no {id_name} {entry.id}; remove the line", "unknown-id")
        for entry in unknown[:MAX_SHOWN]
    ]
    if len(unknown) > MAX_SHOWN:
        message = f"{len(unknown) - MAX_SHOWN} more are not in {gold_file}; remove these lines"
        faults.append(Fault(name, None, id_name, message, "unknown-id"))
    missing = [gold_id for gold_id in gold_counts if gold_id not in predicted_ids]
    if missing:
        more = f" and {len(missing) - MAX_SHOWN} more" if len(missing) > MAX_SHOWN else ""
        message = f"has no {id_name} {', '.join(missing[:MAX_SHOWN])}{more} of {gold_file}; add the missing predictions"
        faults.append(Fault(name, None, None, message, "missing-id"))
    return faults


def duplicate_ids(
    predicted: Sequence[SubmissionEntry], gold_counts: Mapping[str, int], name: str, id_name: str
) -> list[Fault]:
    """Faults for ids that occur several times in a submission, except ids that gold repeats, too.

    Args:
        predicted: entries of the submission.
        gold_counts: number of gold entries per id; empty without gold.
        name: prediction file, for messages.
        id_name: name of the id in the format.
    """
    faults = list[Fault]()
    first_lines = dict[str, int | None]()
    for entry in predicted:
        if entry.id in first_lines and gold_counts.get(entry.id, 1) < 2:
            first_line = first_lines[entry.id]
            where = f" (first on line {first_line})" if first_line else ""
            message = f"duplicate {id_name} {entry.id}{where}; keep one line per {id_name}"
            faults.append(Fault(name, entry.line, id_name, message, "duplicate-id"))
        first_lines.setdefault(entry.id, entry.line)
    return faults


def contradictions(entries: Sequence[SubmissionEntry], name: str, id_name: str) -> list[Fault]:
    """One fault for each entry whose id has another value before it."""
    faults = []
    first = dict[str, SubmissionEntry]()
    for entry in entries:
        earlier = first.setdefault(entry.id, entry)
        if earlier.value == entry.value:
            continue
        values = f": {earlier.value} and {entry.value}" if isinstance(entry.value, str | float) else ""
        where = f" (first on line {earlier.line})" if earlier.line else ""
        message = f"{id_name} {entry.id} has several values{values}{where}; keep one line per {id_name}"
        faults.append(Fault(name, entry.line, id_name, message, "contradiction"))
    return faults


def first_faults(faults: list[Fault]) -> list[Fault]:
    """The first few faults of one kind in one file, and the number of further ones."""
    if len(faults) <= MAX_SHOWN:
        return faults
    last = faults[MAX_SHOWN]
    message = f"{len(faults) - MAX_SHOWN} more lines repeat the {last.field} with another value"
    return [*faults[:MAX_SHOWN], Fault(last.path, None, last.field, message, last.code)]
