"""Repairs what a merge of two copies of a dataset folder, or a kill, can leave behind: `harness check --fix`."""

from __future__ import annotations

import datetime
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from harness.data.corpora.passages import Passage
from harness.data.dataset import read_info
from harness.data.jsonl import to_json_lines
from harness.data.labels.annotations import new_withdrawal, question_of, time_now
from harness.data.labels.gold import RETRACTABLE, active_annotations
from harness.data.labels.label_log import CUT, drop_cut_lines, require_own
from harness.data.load import find_dataset
from harness.data.new_dataset import missing_git_files
from harness.errors import FaultsError
from harness.files import decode, json_line, read_bytes, write_files
from harness.folders import folder_lock
from harness.records import Annotation, Article, Claim, Evidence, Record

CONFLICT_START, CONFLICT_BASE, CONFLICT_MIDDLE, CONFLICT_END = "<<<<<<<", "|||||||", "=======", ">>>>>>>"
"""How the lines begin by which git marks a conflict: our side, what both came from, their side."""
LINE_FILES: dict[str, tuple[type[Record], str]] = {
    "articles.jsonl": (Article, "article_id"),
    "claims.jsonl": (Claim, "claim_id"),
    "evidence.jsonl": (Evidence, "evidence_id"),
    "corpus.jsonl": (Passage, "passage_id"),
}
"""Line files of a dataset folder whose records have an id."""
UNKNOWN = -math.inf
"""Seconds of an annotation without a time."""
NOTE = "answered again in another copy of the dataset"
"""Note of a withdrawal that a repair writes."""


class Repair(NamedTuple):
    """One kind of repair of one file."""

    path: Path
    message: str
    """What was repaired, with the number of lines."""


def repair(dataset: str | Path, root: str | Path | None = None) -> list[Repair]:
    """Repairs the line files of a dataset folder after a merge or a kill; never drops a label that was saved.

    Removes the marks of conflicts and keeps the lines of both sides; parts records that a merge joined in one line;
    keeps one of two equal records, and joins two records of one id where neither contradicts the other; puts a label
    after the one that it replaces or takes back; and where one annotator answered a question in two copies, takes back
    the earlier answer by a new line. A last line that a killed command left unfinished is removed. Inside a git
    repository it also writes `.gitattributes` and `.gitignore`, if they are missing. What it cannot decide (two texts
    of one article, two answers of one time) stays as it is, for `check` to report.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        root: folder of fetched benchmarks; see `data_root`.
    Returns: the repairs, in the order of the files; none if there is nothing to repair, and nothing is written then.
    Raises: NotYours: the dataset is shipped or fetched. FaultsError: the folder is no dataset folder. Locked: another
        command writes to it.
    """
    folder = find_dataset(dataset, root)
    require_own(folder, dataset, root)
    read_info(folder)
    with folder_lock(folder, "check --fix"):
        repairs = [Repair(path, CUT) for path in drop_cut_lines(folder)]
        files: dict[Path, bytes] = missing_git_files(folder)
        repairs += (Repair(path, "was missing, and is written: commit it") for path in files)
        for path in _line_files(folder):
            text = _text_of(path)
            lines = _LineFile(path, text)
            repaired = "".join(f"{line}\n" for line in lines.lines)
            if lines.repairs and repaired != text:
                repairs += lines.repairs
                files[path] = repaired.encode()
        if files:
            write_files(files)
    return repairs


def _line_files(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in LINE_FILES if (folder / name).is_file())
    for name in ("annotations", "splits", "assignments"):
        yield from sorted((folder / name).glob("*.jsonl"))


def _text_of(path: Path) -> str:
    """Returns the content of a file; empty if it is no text, which `check` reports."""
    try:
        return decode(read_bytes(path), path).replace("\r\n", "\n")
    except FaultsError:
        return ""


class _LineFile:
    """The lines of a file as they are repaired, and what was repaired. Lines that need no repair keep every byte."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.repairs: list[Repair] = []
        self.lines = self._without_marks(text.split("\n"))
        self.lines = self._parted(self.lines)
        records = [_object(line) for line in self.lines]
        if any(record is None for record in records):  # a typing error, which `check` reports with its line
            return
        objects = [record for record in records if record is not None]
        if path.parent.name == "annotations":
            self._repair_log(objects)
        elif path.name in LINE_FILES:
            self._join_by_id(objects, *LINE_FILES[path.name])
        else:
            self._keep_one_of_equals(objects)

    def _say(self, count: int, one: str, several: str) -> None:
        if count:
            self.repairs.append(Repair(self.path, one if count == 1 else several.format(count=f"{count:,}")))

    def _without_marks(self, lines: Sequence[str]) -> list[str]:
        """Leaves the marks of conflicts out; of a conflict, keeps the lines of both sides."""
        if not any(line.startswith(CONFLICT_START) for line in lines):
            return [line for line in lines if line.strip()]
        kept, conflicts, in_base = [], 0, False
        for line in lines:
            if line.startswith((CONFLICT_START, CONFLICT_BASE, CONFLICT_MIDDLE, CONFLICT_END)):
                conflicts += line.startswith(CONFLICT_START)
                in_base = line.startswith(CONFLICT_BASE)
            elif line.strip() and not in_base:
                kept.append(line)
        self._say(
            conflicts,
            "the lines of both sides of a conflict were kept",
            "the lines of both sides of {count} conflicts were kept",
        )
        return kept

    def _parted(self, lines: Iterable[str]) -> list[str]:
        """Gives each record a line of its own: a merge joins two where the last line had no line end."""
        parted: list[str] = []
        joined = 0
        for line in lines:
            parts = _objects_in(line) if "}{" in line.replace(" ", "") else [line]
            joined += len(parts) > 1
            parted += parts
        self._say(joined, "two records in one line were parted", "{count} lines with two records were parted")
        return parted

    def _keep_one_of_equals(self, records: Sequence[Mapping[str, Any]]) -> None:
        first: dict[str, str] = {}
        for line, record in zip(self.lines, records, strict=True):
            first.setdefault(json.dumps(record, sort_keys=True), line)
        twice = len(self.lines) - len(first)
        self._say(twice, "1 line that stood twice was kept once", "{count} lines that stood twice were kept once")
        self.lines = list(first.values())

    def _join_by_id(self, records: Sequence[dict[str, Any]], kind: type[Record], key: str) -> None:
        """Keeps one record of an id, with the fields of all, where no two of them contradict each other."""
        self._keep_one_of_equals(records)
        by_id: dict[object, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for number, line in enumerate(self.lines):
            record = json.loads(line)
            by_id[record.get(key, number)].append((line, record))
        if len(by_id) == len(self.lines):
            return
        lines, n_joined = [], 0
        for same in by_id.values():
            merged = _merged([record for _, record in same])
            if len(same) > 1 and merged is not None and (joined := _line_of(kind, merged)) is not None:
                lines.append(joined)
                n_joined += 1
            else:
                lines += [line for line, _ in same]
        self.lines = lines
        self._say(
            n_joined,
            f"two records of one {key} were joined: each had fields that the other lacked",
            f"the records of {{count}} values of {key} were joined: each had fields that the other lacked",
        )

    def _repair_log(self, records: Sequence[dict[str, Any]]) -> None:
        self._keep_one_of_equals(records)
        try:
            log = [Annotation.model_validate_json(line) for line in self.lines]
        except ValidationError:
            return
        if max(Counter(a.annotation_id for a in log).values(), default=1) > 1:
            return
        order = _in_order(log)
        moved = sum(place != index for place, index in enumerate(order))
        if moved:
            self.lines, log = [self.lines[index] for index in order], [log[index] for index in order]
            self._say(1, "labels were put after the labels that they replace or take back", "")
        withdrawn = list(_answered_again(log))
        at = time_now()
        self.lines += [line.rstrip("\n") for line in to_json_lines(new_withdrawal(a, at, NOTE) for a in withdrawn)]
        self._say(
            len(withdrawn),
            "an answer was taken back by a new line: the annotator answered its question again in another copy",
            "{count} answers were taken back by new lines: the annotator answered the questions again in another copy",
        )


def _object(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _objects_in(line: str) -> list[str]:
    """Returns the JSON objects of a line, or the line if it has anything else."""
    decoder, start, parts = json.JSONDecoder(), 0, []
    while start < len(line):
        try:
            record, end = decoder.raw_decode(line, start)
        except (ValueError, RecursionError):
            return [line]
        if not isinstance(record, dict):
            return [line]
        parts.append(line[start:end])
        start = end + len(line[end:]) - len(line[end:].lstrip())
    return parts


def _merged(records: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Returns the fields of all records; None if two have different values of a field."""
    merged: dict[str, Any] = {}
    for record in records:
        for field, value in record.items():
            if value is not None and merged.setdefault(field, value) != value:
                return None
    return merged


def _line_of(kind: type[Record], fields: dict[str, Any]) -> str | None:
    try:
        record = kind.model_validate_json(json_line(fields))
    except ValidationError:
        return None
    return next(iter(to_json_lines([record]))).rstrip("\n")


def _in_order(log: Sequence[Annotation]) -> list[int]:
    """Returns the indexes of the lines so that each follows what it replaces or takes back, and else as they are."""
    index_of = {a.annotation_id: index for index, a in enumerate(log)}
    placed: dict[int, None] = {}
    for index in range(len(log)):
        chain: dict[int, None] = {}
        at: int | None = index
        while at is not None and at not in placed and at not in chain:
            chain[at] = None
            at = index_of.get(log[at].supersedes or log[at].withdraws or "")
        placed |= dict.fromkeys(reversed(chain))
    return list(placed)


def _answered_again(log: Sequence[Annotation]) -> Iterator[Annotation]:
    """Yields the earlier answers to questions with several that count; none where the last one cannot be told."""
    by_question: dict[tuple[str, str, str, str], list[Annotation]] = defaultdict(list)
    for annotation in active_annotations(log, RETRACTABLE):
        by_question[question_of(annotation)].append(annotation)
    for answers in by_question.values():
        if len(answers) == 1:
            continue
        times = [_seconds(a.at) for a in answers]
        latest = max(times)
        agreed = len({(a.label, a.value) for a in answers}) == 1
        if agreed or (UNKNOWN not in times and times.count(latest) == 1):
            last = answers[times.index(latest)]
            yield from (a for a in answers if a is not last)


def _seconds(at: str | None) -> float:
    """Returns a time in seconds since 1970; a time without a zone counts as UTC."""
    try:
        time = datetime.datetime.fromisoformat(at or "")
    except ValueError:
        return UNKNOWN
    return (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()
