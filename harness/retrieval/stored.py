"""Indexes on disk: written whole, memory-mapped, and refused if the corpus changed or a file is cut short."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import ValidationError

from harness.data.corpora import Corpus, Passage, open_corpus
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import atomic_folder, json_document, read_bytes
from harness.records import Record, explain_validation
from harness.retrieval.base import Arrays, Index, full_text
from harness.retrieval.bm25 import tokens_of
from harness.retrieval.build import checked_retriever

CARD = "index.json"
"""File that says what an index folder was made of."""


class IndexChanged(HarnessError):
    """The corpus changed since it was indexed; the message gives the command that indexes it again."""

    code = "corpus-changed"


class IndexCard(Record):
    """What an index was made of."""

    format: Literal[1] = 1
    retriever: str
    settings: dict[str, Any]
    corpus: str
    """Absolute path of the corpus file."""
    corpus_fingerprint: str
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
    corpus: Corpus, folder: str | Path, retriever: str = "bm25", settings: dict[str, Any] | None = None
) -> IndexCard:
    """Indexes a corpus and writes the index to a folder, whole or not at all.

    Args:
        corpus: passages to index.
        folder: folder to write; an index that it has is replaced.
        retriever: a registered name, or `module:Name` of a Retriever.
        settings: settings of the retriever.
    Raises: HarnessError: the folder has other content, or the retriever cannot be built.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / CARD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(f"{folder}: exists, and is no index; choose another folder (-o DIR)")
    built = checked_retriever(retriever, settings or {})
    arrays = built.index(corpus).arrays()
    with atomic_folder(folder) as temporary:
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        card = IndexCard(
            retriever=retriever,
            settings=built.model_dump(mode="json"),
            corpus=str(corpus.path.resolve()),
            corpus_fingerprint=corpus.fingerprint,
            n_passages=len(corpus),
            files={file.name: file.stat().st_size for file in sorted(temporary.glob("*.npy"))},
        )
        (temporary / CARD).write_text(json_document(card.model_dump()), encoding="utf-8")
    return card


def open_index(folder: str | Path) -> StoredIndex:
    """Opens an index; its arrays are memory-mapped.

    Raises: FaultsError: the folder is no index, or a file is cut short; IndexChanged: the corpus changed since.
    """
    folder = Path(folder)
    card = _read_card(folder)
    # Where an index stands is the user's choice, and so is its name: the command says both.
    values = "".join(f" --set '{key}={json.dumps(value)}'" for key, value in card.settings.items())
    again = f"index it again: harness index {card.corpus} --retriever {card.retriever}{values} -o {folder}"
    faults = []
    for name, size in card.files.items():
        file = folder / name
        actual = file.stat().st_size if file.is_file() else None
        if actual != size:
            finding = "is missing" if actual is None else f"has {actual:,} bytes instead of {size:,}"
            faults.append(Fault(str(file), None, None, f"{finding}: the index is damaged; {again}", "cut-short"))
    if faults:
        raise FaultsError(faults)
    if not Path(card.corpus).is_file():
        raise IndexChanged(f"{folder}: its corpus {card.corpus} does not exist any more; put it back, or index another")
    corpus = open_corpus(card.corpus)
    if corpus.fingerprint != card.corpus_fingerprint:
        raise IndexChanged(f"{folder}: the corpus {card.corpus} changed since it was indexed; {again}")
    arrays: Arrays = {name.removesuffix(".npy"): np.load(folder / name, mmap_mode="r") for name in card.files}
    index = checked_retriever(card.retriever, card.settings).from_arrays(arrays, card.n_passages)
    return StoredIndex(folder, card, corpus, index)


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
