"""Indexes on disk: written whole, memory-mapped, and refused if the corpus changed or a file is cut short."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import ValidationError

from harness.data.corpora import Corpus, Passage
from harness.data.corpora.mapped import MappedCorpus, PassageTable, write_passages
from harness.data.corpora.passages import corpus_path, stream_corpus
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import atomic_folder, file_sha256, json_document, read_bytes
from harness.records import Record, explain_validation
from harness.retrieval.base import Arrays, Index, full_text
from harness.retrieval.bm25 import tokens_of
from harness.retrieval.build import checked_retriever

CARD = "index.json"
"""File that says what an index folder was made of."""
PASSAGES = "passages.arrow"
"""File of the passages, so that a search need not read the corpus."""


class IndexChanged(HarnessError):
    """The corpus changed since it was indexed; the message gives the command that indexes it again."""

    code = "corpus-changed"


class FileState(Record):
    """What tells without reading it that a file is the same."""

    size: int
    """Bytes of the file."""
    modified_ns: int
    """Time of the last change, in nanoseconds since 1970."""

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Returns the state of a file."""
        status = path.stat()
        return cls(size=status.st_size, modified_ns=status.st_mtime_ns)


class IndexCard(Record):
    """What an index was made of."""

    format: Literal[2] = 2
    retriever: str
    settings: dict[str, Any]
    corpus: str
    """Absolute path of the corpus file."""
    corpus_state: FileState
    corpus_sha256: str
    n_passages: int
    files: dict[str, int]
    """Size of each file of the index, in bytes."""


class SearchResult(NamedTuple):
    """A passage that matches a text."""

    rank: int
    """From 1."""
    score: float
    passage: Passage
    matched: tuple[str, ...]
    """Lower-cased words of the text that the passage or its title has, in the order of the text."""

    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "rank": self.rank,
            "score": self.score,
            "passage_id": self.passage.passage_id,
            "document_id": self.passage.document_id,
            "title": self.passage.title,
            "text": self.passage.text,
            "matched": list(self.matched),
        }


@dataclass(frozen=True)
class StoredIndex:
    """An index that was read from a folder, with its corpus."""

    folder: Path
    card: IndexCard
    corpus: Corpus
    index: Index

    def is_by(self, retriever: str, settings: dict[str, Any]) -> bool:
        """Whether this is the index of a retriever with these settings; those left out have their default."""
        full = checked_retriever(retriever, settings).model_dump(mode="json")
        return (self.card.retriever, self.card.settings) == (retriever, full)

    def best(self, text: str, k: int = 10) -> list[SearchResult]:
        """Returns the k passages that match a text best, best first."""
        rows, scores = self.index.search([text], min(k, len(self.corpus)))
        results = []
        for rank, (row, score) in enumerate(zip(rows[0].tolist(), scores[0].tolist(), strict=True), start=1):
            if row >= 0:
                passage = self.corpus.passages[row]
                words = set(tokens_of(full_text(passage), "words"))
                matched = tuple(word for word in dict.fromkeys(tokens_of(text, "words")) if word in words)
                results.append(SearchResult(rank, score, passage, matched))
        return results


def write_index(
    corpus: Corpus | str | Path,
    folder: str | Path,
    retriever: str = "bm25",
    settings: dict[str, Any] | None = None,
    root: str | Path | None = None,
) -> IndexCard:
    """Indexes a corpus and writes the index, with its passages, to a folder, whole or not at all.

    Args:
        corpus: passages to index: a file, a folder or a dataset, as for `open_corpus`. Of an opened corpus the file is
            read again, a part at a time, so that the passages need not be in memory.
        folder: folder to write; an index that it has is replaced.
        retriever: a registered name, or `module:Name` of a Retriever.
        settings: settings of the retriever.
        root: folder of fetched benchmarks.
    Raises: HarnessError: the folder has other content, the retriever cannot be built, or the corpus has faults.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / CARD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(f"{folder}: exists, and is no index; choose another folder (-o DIR)")
    if others := sorted(path.name for path in folder.glob("*") if not _is_of_index(path)):
        raise HarnessError(f"{folder}: has files that are not the index's: {', '.join(others)}; move them away first")
    built = checked_retriever(retriever, settings or {})
    path = (corpus.path if isinstance(corpus, Corpus) else corpus_path(corpus, root)).resolve()
    digest = file_sha256(path)
    state = FileState.of(path)
    with atomic_folder(folder) as temporary:
        n_passages = write_passages(temporary / PASSAGES, stream_corpus(path))
        index = built.index(MappedCorpus(path, PassageTable(temporary / PASSAGES)))
        for name, array in index.arrays().items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        if FileState.of(path) != state or file_sha256(path) != digest:
            raise HarnessError(f"{path}: changed while it was indexed; index it again")
        card = IndexCard(
            retriever=retriever,
            settings=built.model_dump(mode="json"),
            corpus=str(path),
            corpus_state=state,
            corpus_sha256=digest,
            n_passages=n_passages,
            files={file.name: file.stat().st_size for file in sorted(temporary.iterdir())},
        )
        (temporary / CARD).write_text(json_document(card.model_dump()), encoding="utf-8")
    return card


def _is_of_index(path: Path) -> bool:
    return path.name in (CARD, PASSAGES) or path.suffix == ".npy"


def is_index(folder: str | Path) -> bool:
    """Whether a folder is one that `write_index` wrote."""
    return (Path(folder) / CARD).is_file()


def index_command(corpus: str | Path, retriever: str, settings: dict[str, Any], folder: str | Path) -> str:
    """The command that indexes a corpus into a folder."""
    values = "".join(f" --set '{key}={json.dumps(value)}'" for key, value in settings.items())
    return f"harness index {corpus} --retriever {retriever}{values} -o {folder}"


def open_index(folder: str | Path) -> StoredIndex:
    """Opens an index; its arrays are memory-mapped.

    Raises: FaultsError: the folder is no index, or a file is cut short; IndexChanged: the corpus changed since.
    """
    folder = Path(folder)
    card = _read_card(folder)
    again = f"index it again: {index_command(card.corpus, card.retriever, card.settings, folder)}"
    faults = []
    for name, size in card.files.items():
        file = folder / name
        actual = file.stat().st_size if file.is_file() else None
        if actual != size:
            finding = "is missing" if actual is None else f"has {actual:,} bytes instead of {size:,}"
            faults.append(Fault(str(file), None, None, f"{finding}: the index is damaged; {again}", "cut-short"))
    if faults:
        raise FaultsError(faults)
    path = Path(card.corpus)
    if not path.is_file():
        raise IndexChanged(f"{folder}: its corpus {card.corpus} does not exist any more; put it back, or index another")
    # A file with another time can have the same content: a copy, or one that was written again.
    if FileState.of(path) != card.corpus_state and file_sha256(path) != card.corpus_sha256:
        raise IndexChanged(f"{folder}: the corpus {card.corpus} changed since it was indexed; {again}")
    names = [name for name in card.files if name != PASSAGES]
    arrays: Arrays = {name.removesuffix(".npy"): np.load(folder / name, mmap_mode="r") for name in names}
    index = checked_retriever(card.retriever, card.settings).from_arrays(arrays, card.n_passages)
    return StoredIndex(folder, card, MappedCorpus(path, PassageTable(folder / PASSAGES)), index)


def _read_card(folder: Path) -> IndexCard:
    path = folder / CARD
    if not path.is_file():
        source = "CORPUS -o FOLDER"
        if folder.is_dir() or folder.suffix in (".jsonl", ".parquet"):
            index = f"{folder.with_suffix('') if folder.suffix else folder}-index"
            source = f"{folder} -o {index}; then search {index}"
        message = f"is not an index: it has no {CARD}; make one with: harness index {source}"
        raise FaultsError.single(folder, message, code="not-an-index")
    try:
        return IndexCard.model_validate_json(read_bytes(path))
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, e.place)) or None, f"{e.message}; index the corpus again", e.code)
            for e in explain_validation(error)
        ) from None
