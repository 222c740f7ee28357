"""Gold and submission files of a benchmark, read and held against each other: the submission checker."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.formats.source import SourceFile
from harness.data.formats.submissions import SubmissionEntry
from harness.errors import Fault, FaultsError
from harness.files import read_bytes
from harness.runner.official.scorers import Scoring, scored_benchmarks, scoring_of
from harness.schemes import load_scheme

MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_SHOWN = 5


class SubmissionPair(NamedTuple):
    """The gold and the predictions of a file, claim by claim in the order of the submission."""

    name: str
    gold: list[Any]
    predicted: list[Any]


class FaultCollector:
    """Faults of several files, raised together."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    @contextmanager
    def for_file(self) -> Iterator[None]:
        """Keeps the faults that the block raises."""
        try:
            yield
        except FaultsError as error:
            self.found += error.faults


@contextmanager
def collect_faults() -> Iterator[FaultCollector]:
    """Raises: FaultsError: at the end of the block, what its files had, each fault once."""
    faults = FaultCollector()
    yield faults
    if faults.found:
        raise FaultsError(dict.fromkeys(faults.found))


def base_name(name: str) -> str:
    """The last part of a path, or of a member of a zip."""
    return Path(name.rpartition("!")[2]).name


def read_pair(scoring: Scoring, gold_name: str, name: str) -> SubmissionPair:
    """Raises: FaultsError: faults of the gold file, else of the predictions, else of the two together."""
    reader = scoring.submission
    gold = reader.read_gold(_source(scoring, gold_name))
    predicted = read_predictions(scoring, name)
    if reader.by_position and (len({entry.id for entry in gold}) < len(gold) or not any(e.id for e in predicted)):
        gold, predicted = _by_place(gold), _by_place(predicted)
    if not {entry.id for entry in gold} & {entry.id for entry in predicted}:
        example = f"'{predicted[0].id}' here, '{gold[0].id}' there"
        message = f"none is in {base_name(gold_name)} ({example}): of another part, year or language?"
        strange = Fault(name, predicted[0].line, reader.id_name, message, "unknown-id")
        raise FaultsError([strange, *_looks_like(scoring, _source(scoring, name))])
    wrong = _mismatches(name, gold_name, gold, predicted, reader.id_name)
    if wrong:
        raise FaultsError(wrong)
    truth = {entry.id: entry.value for entry in gold}
    last = {entry.id: entry.value for entry in predicted}
    return SubmissionPair(base_name(name), [truth[name] for name in last], list(last.values()))


def _by_place(entries: Sequence[SubmissionEntry]) -> list[SubmissionEntry]:
    return [
        SubmissionEntry(entry.line, f"of row {number}", entry.value) for number, entry in enumerate(entries, start=1)
    ]


def read_predictions(scoring: Scoring, name: str) -> list[SubmissionEntry]:
    """The entries of a submission.

    Raises: FaultsError: every fault; where another benchmark takes the file as it is, that is said too.
    """
    file = _source(scoring, name)
    try:
        return scoring.submission.read_predictions(file)
    except FaultsError as error:
        raise FaultsError([*error.faults, *_looks_like(scoring, file)]) from None


def _looks_like(scoring: Scoring, file: SourceFile) -> list[Fault]:
    """That other benchmarks take a file as it is; nothing where none does."""
    fitting = [name for name in scored_benchmarks() if name != scoring.benchmark.name and _reads(name, file)]
    message = f"is in the form of submissions to {', '.join(fitting)}; is it the right file, and benchmark?"
    return [Fault(str(file.path), None, None, message)] if fitting else []


def _reads(benchmark: str, file: SourceFile) -> bool:
    """Whether a benchmark's submissions may look like a file."""
    scoring = scoring_of(benchmark)
    try:
        scoring.submission.read_predictions(_source(scoring, str(file.path), file.data))
    except FaultsError:
        return False
    return True


def _source(scoring: Scoring, name: str, data: bytes | None = None) -> SourceFile:
    path, found = _opened(name) if data is None else (Path(name), data)
    official = {"accepts": scoring.official.accepts, "headless": scoring.official.headless}
    scheme = load_scheme(scoring.benchmark.scheme)
    return SourceFile(path, found, scheme, scoring.benchmark.options | official)


def _opened(name: str) -> tuple[Path, bytes]:
    archive, bang, member = name.rpartition("!")
    if not bang:
        return Path(name), read_bytes(Path(name))
    read_bytes(Path(archive))
    try:
        with zipfile.ZipFile(archive) as opened:
            size = opened.getinfo(member).file_size
            if size > MAX_UNPACKED_BYTES:
                raise FaultsError.single(name, f"unpacks to {size:,} bytes; at most {MAX_UNPACKED_BYTES:,} are read")
            return Path(name), opened.read(member)
    except KeyError:
        raise FaultsError.single(archive, f"has no member '{member}'") from None
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise FaultsError.single(archive, f"is not a zip file that can be read: {error}") from None


def _mismatches(
    name: str, gold_name: str, gold: Sequence[SubmissionEntry], predicted: Sequence[SubmissionEntry], id_name: str
) -> list[Fault]:
    """Missing, extra and repeated ids; of each kind the first few with their line, and how many more."""
    times = Counter(entry.id for entry in gold)
    given = {entry.id for entry in predicted}
    faults = repeated_ids(predicted, times, name, id_name)
    extra = [entry for entry in predicted if entry.id not in times]
    faults += [
        Fault(
            name, entry.line, id_name, f"{base_name(gold_name)} has no {id_name} {entry.id}; take it out", "unknown-id"
        )
        for entry in extra[:MAX_SHOWN]
    ]
    if len(extra) > MAX_SHOWN:
        faults.append(
            Fault(name, None, id_name, f"{len(extra) - MAX_SHOWN} more that {base_name(gold_name)} lacks", "unknown-id")
        )
    missing = [entry for entry in times if entry not in given]
    if missing:
        more = f" and {len(missing) - MAX_SHOWN} more" if len(missing) > MAX_SHOWN else ""
        listed = ", ".join(missing[:MAX_SHOWN])
        message = f"has no {id_name} {listed}{more} of {base_name(gold_name)}; give each"
        faults.append(Fault(name, None, None, message, "missing-id"))
    return faults


def repeated_ids(
    predicted: Sequence[SubmissionEntry], times: Mapping[str, int], name: str, id_name: str
) -> list[Fault]:
    """Ids that stand twice in a submission, unless they do so in gold."""
    faults, seen = list[Fault](), dict[str, int | None]()
    for entry in predicted:
        if entry.id in seen and times.get(entry.id, 1) < 2:
            first = f"on line {seen[entry.id]}" if seen[entry.id] else "already"
            faults.append(
                Fault(name, entry.line, id_name, f"{entry.id} stands {first}; give each once", "duplicate-id")
            )
        seen.setdefault(entry.id, entry.line)
    return faults
