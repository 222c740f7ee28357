"""Checks that the evidence of a dataset cites passages of its corpus, at their places, with known stances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.data.corpora.passages import CORPUS_FILES, Passage, corpus_file, length_fault, read_corpus
from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.records import STANCES, Article, Evidence, preview

Lines = Sequence[tuple[int, Passage]]
Finding = tuple[str, str, str]
"""Field, message and code of a fault."""


def evidence_faults(folder: Path) -> list[Fault]:
    """The faults of the evidence and the corpus of a dataset folder, which opening the dataset does not find.

    Lines of the evidence and the articles that are no record are left to `open_folder`.
    """
    path = folder / "evidence.jsonl"
    cited = read_records(path, Evidence)[0] if path.is_file() else []
    faults: list[Fault] = []
    passages: dict[str, Passage] | None = None
    if any((folder / name).is_file() for name in CORPUS_FILES):
        try:
            corpus = corpus_file(folder)
        except FaultsError as error:
            return list(error.faults)
        lines, unreadable, faults = read_corpus(corpus)
        faults = [*unreadable, *faults, *_document_faults(folder, corpus, lines)]
        # A line that is no passage has an unknown id: every citation of it would be reported as broken.
        passages = {passage.passage_id: passage for _, passage in lines} if not unreadable else None
    for line, evidence in cited:
        faults += [Fault(str(path), line, *finding) for finding in _evidence_findings(path, evidence)]
        if passages is not None:
            faults += [Fault(str(path), line, *finding) for finding in _citation_findings(evidence, passages)]
    return faults


def _document_faults(folder: Path, corpus: Path, lines: Lines) -> Iterator[Fault]:
    """Yields the passages whose text is not at their place in their document, if the document is an article."""
    path = folder / "articles.jsonl"
    articles = read_records(path, Article)[0] if path.is_file() else []
    texts = {article.article_id: article.text for _, article in articles}
    for line, passage in lines:
        text = texts.get(passage.document_id)
        if text is None or passage.start is None or passage.end is None:
            continue
        at_place = text[passage.start : passage.end]
        if passage.start >= 0 and at_place != passage.text:
            place = f"articles.jsonl '{passage.document_id}'[{passage.start}:{passage.end}]"
            message = f"does not equal {place}: got {preview(passage.text)}, the article has {preview(at_place)}"
            yield Fault(str(corpus), line, "text", message, "text-mismatch")


def _evidence_findings(path: Path, evidence: Evidence) -> Iterator[Finding]:
    """Yields what is wrong with a piece of evidence by itself."""
    if evidence.stance not in (None, *STANCES):
        yield "stance", unknown_name("stance", str(evidence.stance), STANCES), UnknownName.code
    too_long = length_fault(path, None, "text", evidence.text)
    if too_long is not None:
        yield "text", too_long.message, too_long.code
    if (evidence.start is None) != (evidence.end is None):
        yield "start", "start and end belong together; give both, or neither", "invalid-span"


def _citation_findings(evidence: Evidence, passages: dict[str, Passage]) -> Iterator[Finding]:
    """Yields what is wrong with the passage that a piece of evidence cites."""
    if evidence.passage_id is None:
        return
    passage = passages.get(evidence.passage_id)
    if passage is None:
        message = f"no passage '{evidence.passage_id}' in the corpus of the dataset; add it there, or correct the id"
        yield "passage_id", message, "unknown-id"
        return
    where = f"passage '{passage.passage_id}'"
    if evidence.start is not None and evidence.end is not None:
        # Offsets are those of the document, as in the passage; without these, those in the passage.
        start, end = evidence.start - (passage.start or 0), evidence.end - (passage.start or 0)
        at_place = passage.text[start:end] if 0 <= start < end <= len(passage.text) else None
        if at_place is None or (evidence.text.strip() and at_place != evidence.text):
            span = f"{passage.start or 0} to {(passage.start or 0) + len(passage.text)}"
            what = "lies outside" if at_place is None else f"is {preview(at_place)}, not {preview(evidence.text)}, in"
            message = f"{evidence.start} to {evidence.end} {what} {where} ({span}); correct start and end, or the text"
            yield "start", message, "text-mismatch"
    elif evidence.start is evidence.end is None and evidence.text.strip() not in passage.text:
        message = f"is not in {where}: got {preview(evidence.text)}, the passage has {preview(passage.text)}"
        yield "text", message, "text-mismatch"
