"""Reading and checking of gold and submission files of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from harness.data.archives import read_contents
from harness.data.benchmarks.submission_ids import base_name, contradictions, first_faults, id_faults, source_of
from harness.data.formats.source import SourceFile
from harness.data.formats.submissions import SubmissionEntry
from harness.errors import Fault, FaultsError
from harness.runner.official.scorers import Scoring, scored_benchmarks, scoring_of


class SubmissionPair(NamedTuple):
    """The gold and the predictions of a file, claim by claim in the order of the submission."""

    name: str
    """Base name of the prediction file."""
    gold: list[Any]
    """Gold value of each claim."""
    predicted: list[Any]
    """Predicted value of each claim."""
    note: str | None = None
    """How ids with several gold values were scored; None if there are none."""


class FaultCollector:
    """Collects the faults of several files, to raise them together."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    @contextmanager
    def for_file(self) -> Iterator[None]:
        """Collect the faults that the block raises, and continue after it."""
        try:
            yield
        except FaultsError as error:
            self.faults += error.faults


@contextmanager
def collect_faults() -> Iterator[FaultCollector]:
    """Collect faults in a block.

    Raises: FaultsError: at the end of the block, all collected faults, each once.
    """
    collector = FaultCollector()
    yield collector
    if collector.faults:
        raise FaultsError(dict.fromkeys(collector.faults))


def read_pair(scoring: Scoring, gold_name: str, name: str) -> SubmissionPair:
    """Read a gold file and a prediction file, and match their claims.

    Args:
        scoring: settings of the benchmark.
        gold_name: gold file.
        name: prediction file.
    Raises: FaultsError: faults of the gold file, else of the prediction file, else mismatches between them.
    """
    reader = scoring.submission
    gold = reader.read_gold(_open_source(scoring, gold_name))
    predicted = read_predictions(scoring, name)
    # Some formats have ids that are missing or not unique; their rows are then matched by position.
    has_duplicate_gold_ids = len({entry.id for entry in gold}) < len(gold)
    if reader.by_position and (has_duplicate_gold_ids or not any(entry.id for entry in predicted)):
        gold = _with_row_numbers(gold)
        predicted = _with_row_numbers(predicted)
    if not {entry.id for entry in gold} & {entry.id for entry in predicted}:
        example = f"for example '{predicted[0].id}', where the gold file has '{gold[0].id}'"
        message = f"no id matches {base_name(gold_name)} ({example}); is the file for another split, year or language?"
        no_match = Fault(name, predicted[0].line, reader.id_name, message, "unknown-id")
        raise FaultsError([no_match, *_other_formats(scoring, _open_source(scoring, name))])
    mismatches = id_faults(gold, predicted, name=name, gold_name=gold_name, id_name=reader.id_name)
    if mismatches:
        raise FaultsError(mismatches)
    # An id that gold repeats counts once. If its values differ, the definition of the benchmark says which one counts.
    in_gold = contradictions(gold, gold_name, reader.id_name)
    in_predictions = contradictions(predicted, name, reader.id_name)
    if scoring.official.repeated_ids is None and (in_gold or in_predictions):
        raise FaultsError([*first_faults(in_gold), *first_faults(in_predictions)])
    gold_by_id = {entry.id: entry.value for entry in gold}
    predicted_by_id = {entry.id: entry.value for entry in predicted}
    note = None
    if in_gold or in_predictions:
        note = (
            f"{base_name(name)}: a {reader.id_name} with several values counts once, with its last one, as in the "
            f"official program ({len(in_gold)} rows in gold and {len(in_predictions)} in the predictions differ)"
        )
    values = [gold_by_id[claim_id] for claim_id in predicted_by_id]
    return SubmissionPair(base_name(name), values, list(predicted_by_id.values()), note)


def _with_row_numbers(entries: Sequence[SubmissionEntry]) -> list[SubmissionEntry]:
    """The entries with their row numbers as ids, worded to follow the name of the id in messages."""
    return [
        SubmissionEntry(entry.line, f"of row {number}", entry.value) for number, entry in enumerate(entries, start=1)
    ]


def read_predictions(scoring: Scoring, name: str) -> list[SubmissionEntry]:
    """Read the entries of a submission.

    Raises: FaultsError: all faults of the file, and the benchmarks whose submission format it matches instead, if any.
    """
    file = _open_source(scoring, name)
    try:
        return scoring.submission.read_predictions(file)
    except FaultsError as error:
        raise FaultsError([*error.faults, *_other_formats(scoring, file)]) from None


def _other_formats(scoring: Scoring, file: SourceFile) -> list[Fault]:
    """A fault that names the other benchmarks whose submission format the file matches; empty if there are none."""
    benchmarks = [name for name in scored_benchmarks() if name != scoring.benchmark.name and _can_read(name, file)]
    message = f"has the format of submissions to {', '.join(benchmarks)}; check the file and the name of the benchmark"
    return [Fault(str(file.path), None, None, message, "other-format")] if benchmarks else []


def _can_read(benchmark: str, file: SourceFile) -> bool:
    """Whether the file is in the submission format of a benchmark."""
    scoring = scoring_of(benchmark)
    try:
        scoring.submission.read_predictions(_open_source(scoring, str(file.path), file.data))
    except FaultsError:
        return False
    return True


def _open_source(scoring: Scoring, name: str, data: bytes | None = None) -> SourceFile:
    """A file with the settings for its reader; `data` spares reading a file again."""
    return source_of(scoring.benchmark, name, read_contents(name) if data is None else data)
