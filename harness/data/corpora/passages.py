"""Reads a corpus of passages from JSON Lines, Parquet or the evidence of a dataset, and checks it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from harness.data.jsonl import line_blocks, read_records
from harness.data.load import find_dataset
from harness.display import displayed
from harness.errors import Fault, FaultsError
from harness.files import fingerprint, opened
from harness.memory import gc_paused
from harness.records import Evidence, Record, explain_validation

CORPUS_FILES = ("corpus.jsonl", "corpus.parquet")
"""Names of a corpus file in a folder."""


UNDECODED = frozenset({"not-text", "not-utf-8"})
"""Codes of the faults of a file whose bytes are no text."""
MAX_PASSAGE = 1_000_000
"""Characters of a passage; a longer text is a document, to be split."""


class Passage(Record):
    """A passage of a document, as retrievers and classifiers see it."""

    passage_id: str = Field(min_length=1)
    """Id of the passage, unique in its corpus."""
    document_id: str
    """Id of the document that the passage is from."""
    text: str
    title: str | None = None
    """Title of the document."""
    start: int | None = None
    """Offset of the first character in the text of the document, in Unicode code points."""
    end: int | None = None
    """Offset one past the last character."""
    url: str | None = None
    publisher: str | None = None
    published: str | None = None
    """ISO 8601 date or time."""
    language: str | None = None
    """BCP 47 code."""


@displayed
@dataclass(frozen=True)
class Corpus:
    """The passages among which evidence is looked for, in a fixed order."""

    path: Path
    """File that the passages were read from."""
    passages: Sequence[Passage]

    def __len__(self) -> int:
        return len(self.passages)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 digest over the ids, documents, texts, titles, addresses and dates of the passages, in order."""
        return fingerprint(
            part
            for p in self.passages
            for part in (p.passage_id, p.document_id, p.text, p.title, p.url, p.publisher, p.published)
        )

    def values(self, field: str) -> Iterator[Any]:
        """Yields the value of a field of each passage, in order."""
        return (getattr(passage, field) for passage in self.passages)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each passage by its id, from 0."""
        return {passage.passage_id: row for row, passage in enumerate(self.passages)}


def open_corpus(path_or_dataset_name: str | Path, root: str | Path | None = None) -> Corpus:
    """Opens and checks a corpus.

    Args:
        path_or_dataset_name: a .jsonl or .parquet file of passages; a folder with corpus.jsonl or corpus.parquet; or a
            dataset (its folder or its name). A dataset without a corpus file gives the distinct passages of its
            evidence.
        root: folder of fetched benchmarks; see `data_root`.
    Raises:
        FaultsError: all faults of the file, each with its line.
        HarnessError: no dataset has this name.
    """
    path = corpus_path(path_or_dataset_name, root)
    lines, unreadable, faults = read_corpus(path)
    if unreadable or faults:
        raise FaultsError(sorted([*unreadable, *faults], key=lambda fault: fault.line or 0))
    return Corpus(path, tuple(passage for _, passage in lines))


def corpus_path(path_or_dataset_name: str | Path, root: str | Path | None = None) -> Path:
    """The file of a corpus, which may be the evidence of a dataset; see `open_corpus`."""
    path = Path(path_or_dataset_name)
    if path.suffix in (".jsonl", ".parquet"):
        return path
    if not any((path / name).is_file() for name in CORPUS_FILES):
        path = _dataset_folder(path_or_dataset_name, root)
    return corpus_file(path, (*CORPUS_FILES, "evidence.jsonl"))


def corpus_of(folder: Path) -> Corpus | None:
    """Opens the corpus file of a dataset folder; None if it has none.

    Raises: FaultsError: all faults of the file, each with its line.
    """
    return open_corpus(folder) if any((folder / name).is_file() for name in CORPUS_FILES) else None


def read_corpus(path: Path) -> tuple[list[tuple[int, Passage]], list[Fault], list[Fault]]:
    """Reads a file of passages, or the evidence of a dataset.

    Returns: (line from 1, passage) pairs in order; the faults of lines that are no passage; those of the passages.
    """
    with gc_paused():
        blocks = list(_checked_blocks(path))
    lines, unreadable, faults = (list(chain.from_iterable(parts)) for parts in zip(*blocks, strict=True))
    return lines, unreadable, faults


def stream_corpus(path: Path) -> Iterator[Passage]:
    """Yields the passages of a file in order; only a part of them is in memory at once.

    Raises: FaultsError: all faults of the file, each with its line, after the last passage.
    """
    all_faults = list[Fault]()
    for lines, unreadable, faults in _checked_blocks(path):
        all_faults += [*unreadable, *faults]
        yield from (passage for _, passage in lines)
    if all_faults:
        raise FaultsError(sorted(all_faults, key=lambda fault: fault.line or 0))


class _Block(NamedTuple):
    """A part of a file of passages."""

    lines: list[tuple[int, Passage]]
    unreadable: list[Fault]
    """Faults of lines that are no passage."""
    faults: list[Fault]
    """Faults of the passages."""


def _checked_blocks(path: Path) -> Iterator[_Block]:
    """The parts of a file, at least one."""
    first_line: dict[str, int] = {}
    n_lines = 0
    is_evidence = path.name == "evidence.jsonl"
    for lines, unreadable, faults in [_of_evidence(path)] if is_evidence else _blocks(path):
        yield _Block(lines, unreadable, [*faults, *_passage_faults(path, lines, first_line)])
        n_lines += len(lines) + len(unreadable)
    if not n_lines:
        message = "has no passages; expected one JSON object per passage"
        yield _Block([], [], [Fault(str(path), None, None, message, "empty")])


def _blocks(path: Path) -> Iterator[_Block]:
    for lines, unreadable in _read_parquet(path) if path.suffix == ".parquet" else _read_jsonl(path):
        yield _Block(lines, unreadable, [])


def _dataset_folder(path_or_name: str | Path, root: str | Path | None) -> Path:
    try:
        return find_dataset(path_or_name, root)
    except FaultsError as error:
        if error.faults[0].code != "not-a-dataset":
            raise
        message = (
            f"is neither a corpus nor a dataset: it has no {' or '.join(CORPUS_FILES)}, and no dataset.yaml; make a "
            f"corpus of articles with: harness ingest {path_or_name} --into FOLDER --as-corpus"
        )
        raise FaultsError.single(path_or_name, message, code="no-corpus") from None


def corpus_file(folder: Path, names: Sequence[str] = CORPUS_FILES) -> Path:
    """The corpus file of a folder.

    Args:
        folder: folder of a corpus or a dataset.
        names: names of files that can hold passages, in order of preference.
    Raises: FaultsError: the folder has none of them, or two corpus files.
    """
    files = [folder / name for name in names if (folder / name).is_file()]
    both = [file.name for file in files if file.name in CORPUS_FILES]
    if len(both) > 1:
        message = f"has {' and '.join(both)}; keep one of the two, or name the file"
        raise FaultsError.single(folder, message, code="two-corpora")
    if not files:
        message = f"has no passages; expected {' or '.join(names)}"
        raise FaultsError.single(folder, message, code="no-corpus")
    return files[0]


def _read_jsonl(path: Path) -> Iterator[tuple[list[tuple[int, Passage]], list[Fault]]]:
    """Reads a JSON Lines file, some megabytes at a time."""
    n_before = 0
    for data, following in pairwise(chain(line_blocks(path), [None])):
        if data is None:
            return
        lines, faults = read_records(path, Passage, data if following else _without_half_character(data))
        if any(fault.code in UNDECODED for fault in faults) and n_before:
            # Offsets in the message count from the start of the file.
            yield [], read_records(path, Passage)[1]
            return
        if not following:
            faults = _cut_short(data, faults)
        if n_before:
            lines = [(n_before + line, passage) for line, passage in lines]
            faults = [replace(fault, line=fault.line and n_before + fault.line) for fault in faults]
        yield lines, faults
        n_before += data.count(b"\n")


def _cut_short(data: bytes, faults: list[Fault]) -> list[Fault]:
    """The faults of the last lines of a file; a line that was cut says so."""
    if data.rstrip().endswith(b"}"):
        return faults
    last = data.rstrip().count(b"\n") + 1
    message = "is cut short: the file ends in the middle of a record; get the whole file, or remove this line"
    return [
        Fault(fault.path, last, None, message, "cut-short") if (fault.line, fault.code) == (last, "not-json") else fault
        for fault in faults
    ]


def _without_half_character(data: bytes) -> bytes:
    """The content of a file, without the first bytes of a character whose others are cut off at the end."""
    last_line = data.rfind(b"\n") + 1
    with suppress(UnicodeDecodeError):  # other bytes that are not UTF-8 are a fault, which reading names
        return data[: last_line + codecs.utf_8_decode(data[last_line:], "strict", False)[1]]
    return data


def _read_parquet(path: Path) -> Iterator[tuple[list[tuple[int, Passage]], list[Fault]]]:
    """Reads a Parquet file, some rows at a time; the line of a fault is the number of its row, from 1."""
    import pyarrow
    import pyarrow.parquet

    n_before = 0
    with opened(path) as file:
        try:
            for batch in pyarrow.parquet.ParquetFile(file).iter_batches():
                lines, faults = [], []
                for number, row in enumerate(batch.to_pylist(), start=n_before + 1):
                    try:
                        lines.append((number, Passage.model_validate(row)))
                    except ValidationError as error:
                        faults += [
                            Fault(str(path), number, ".".join(map(str, key_path)) or None, message, code)
                            for key_path, message, code, _ in explain_validation(error)
                        ]
                yield lines, faults
                n_before += len(batch)
        except (pyarrow.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            message = f"is not a Parquet file, or is cut short ({reason}); write it again"
            yield [], [Fault(str(path), None, None, message, "not-parquet")]


def _passage_faults(path: Path, lines: Sequence[tuple[int, Passage]], first_line: dict[str, int]) -> list[Fault]:
    """The faults of passages.

    Args:
        path: file of the passages.
        lines: passages of a part of the file.
        first_line: line of each id in the parts before; those of this part are added.
    """
    faults = []
    for line, passage in lines:
        first = first_line.setdefault(passage.passage_id, line)
        if first != line:
            message = f"duplicate id '{passage.passage_id}' (first on line {first}); remove one of the two"
            faults.append(Fault(str(path), line, "passage_id", message, "duplicate-id"))
        too_long = length_fault(path, line, "text", passage.text)
        faults += [] if too_long is None else [too_long]
        if not passage.text.strip():
            faults.append(Fault(str(path), line, "text", "is empty; give the passage a text, or remove it", "empty"))
        if (passage.start is None) != (passage.end is None):
            message = "start and end belong together; give both, or neither"
            faults.append(Fault(str(path), line, "start", message, "invalid-span"))
        elif passage.start is not None and passage.end is not None and not 0 <= passage.start < passage.end:
            message = f"expected a number greater than start ({passage.start}), got {passage.end}"
            faults.append(Fault(str(path), line, "end", message, "invalid-span"))
        elif passage.start is not None and passage.end is not None and passage.end - passage.start != len(passage.text):
            message = (
                f"start {passage.start} and end {passage.end} are {passage.end - passage.start:,} characters, text has "
                f"{len(passage.text):,}; give the offsets of exactly this text in its document, or neither"
            )
            faults.append(Fault(str(path), line, "end", message, "text-mismatch"))
    return faults


def length_fault(path: str | Path, line: int | None, field: str, text: str) -> Fault | None:
    """The fault of a text that is too long for a passage; None if it is not."""
    if len(text) <= MAX_PASSAGE:
        return None
    message = (
        f"has {len(text):,} characters, and a passage at most {MAX_PASSAGE:,}; split the document into passages, such "
        "as with: harness ingest DOCUMENTS --into FOLDER --as-corpus"
    )
    return Fault(str(path), line, field, message, "too-long")


def cited_id(evidence: Evidence) -> str:
    """The id of the passage that a piece of evidence cites; without one, the id of the evidence."""
    return evidence.passage_id or evidence.evidence_id


def _of_evidence(path: Path) -> tuple[list[tuple[int, Passage]], list[Fault], list[Fault]]:
    """The distinct passages that a dataset cites, in order of first citation; those without text are left out."""
    cited, unreadable = read_records(path, Evidence)
    faults: list[Fault] = []
    passages: dict[str, tuple[int, Passage]] = {}
    for line, evidence in cited:
        if not evidence.text.strip():
            continue
        passage = Passage(
            passage_id=cited_id(evidence),
            document_id=evidence.url or evidence.source or cited_id(evidence),
            text=evidence.text,
            start=evidence.start,
            end=evidence.end,
            url=evidence.url,
            publisher=evidence.source,
            published=evidence.published,
        )
        first, same = passages.setdefault(passage.passage_id, (line, passage))
        if same.text != passage.text:
            message = f"passage '{passage.passage_id}' has another text on line {first}; give each an id of its own"
            faults.append(Fault(str(path), line, "passage_id", message, "duplicate-id"))
    return list(passages.values()), unreadable, faults
