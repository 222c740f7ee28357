"""SciFact's corpus: one document per line, an abstract that is a list of sentences.

Option `passages: sentences` (the default) makes each sentence a passage `DOCUMENT:NUMBER`, because the annotators of
SciFact marked sentences. `passages: abstracts` makes each abstract a passage, for data whose marked sentences are
placeholders. Documents and sentences without text become no passage.
"""

from __future__ import annotations

from typing import Any

from harness.data.corpora.passages import Passage
from harness.data.formats.json_rows import JsonRow, json_rows
from harness.data.formats.source import FileFaults, SourceFile
from harness.records import preview


def read_passages(file: SourceFile) -> list[Passage]:
    """Returns the passages of a corpus, in its order.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, passages, lines = FileFaults(file.path), list[Passage](), dict[str, int]()
    for row in json_rows(file, faults):
        document, abstract = document_id(row.fields.get("doc_id")), row.fields.get("abstract")
        if document is None:
            faults.add(row.line, "doc_id", f"expected a number or a text, got {preview(row.fields.get('doc_id'))}")
        elif not isinstance(abstract, list) or not all(isinstance(sentence, str) for sentence in abstract):
            faults.add(row.line, "abstract", f"expected a list of sentences, got {preview(abstract)}")
        elif lines.setdefault(document, row.line) != row.line:
            message = f"duplicate id {document} (first on line {lines[document]}); keep one of the two"
            faults.add(row.line, "doc_id", message, "duplicate-id")
        else:
            passages += _passages(row, document, abstract, are_abstracts(file))
    faults.raise_if_any(empty=not passages, expected="JSON objects with doc_id, title and abstract")
    return passages


def are_abstracts(file: SourceFile) -> bool:
    """Whether whole abstracts are the passages, not sentences."""
    return file.options.get("passages") == "abstracts"


def document_id(value: Any) -> str | None:
    """The id of a document as text, as it is a key of a claim's evidence; None if the value is no id."""
    # Not isinstance: a bool is an int too.
    return str(value) if type(value) is int or (isinstance(value, str) and value.strip()) else None


def _passages(row: JsonRow, document: str, abstract: list[str], whole: bool) -> list[Passage]:
    title = row.fields.get("title")
    title = title if isinstance(title, str) and title.strip() else None
    if whole:
        text = " ".join(abstract)
        return [Passage(passage_id=document, document_id=document, text=text, title=title)] if text.strip() else []
    passages, start = list[Passage](), 0
    for number, sentence in enumerate(abstract):
        end = start + len(sentence)
        if sentence.strip():
            name = f"{document}:{number}"
            passages.append(
                Passage(passage_id=name, document_id=document, text=sentence, title=title, start=start, end=end)
            )
        start = end + 1  # the blank that joins two sentences
    return passages
