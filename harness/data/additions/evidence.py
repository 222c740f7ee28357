"""Collects the passages of evidence that rows bring for their claims, and the passages of the corpus that they cite."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.data.additions.claims import ClaimRow
from harness.data.additions.columns import PASSAGE_FIELDS, PASSAGE_MARKS
from harness.data.additions.labels import cell_text, is_time, mapped_text
from harness.data.corpora import Corpus, Passage, open_corpus
from harness.data.corpora.passages import CORPUS_FILES, cited_id, length_fault
from harness.data.dataset import Dataset
from harness.data.labels.evidence_file import new_evidence
from harness.errors import Fault, unknown_name
from harness.files import sha256
from harness.records import STANCES, Evidence, preview

MAX_LINES = 6
"""Number of lines that a note names."""


class _Citation(NamedTuple):
    """A row that brings a passage for its claim."""

    line: int | None
    claim_id: str
    passage: Passage
    group: int | None
    """Evidence group that the row states."""
    stance: str | None
    fields: Mapping[str, Any]


class EvidenceFinder:
    """The evidence and the corpus of a dataset, and what rows add to them."""

    def __init__(self, dataset: Dataset, path: str, values: Mapping[str, str]) -> None:
        self.path = path
        self.values = values
        self.faults: list[Fault] = []
        self.new: list[Evidence] = []
        self.unchanged = 0
        """Number of citations that the dataset has already."""
        self.repeated: list[int | None] = []
        """Lines that cite a passage for a claim that an earlier line cites for it."""
        self.blank: list[int | None] = []
        """Lines that describe a passage without its text or id."""
        self.without: list[str] = []
        """Claims of the rows that have no evidence."""
        self.no_group: list[int | None] = []
        """Whether a row brings a passage without a group."""
        self.has_corpus = any((dataset.folder / name).is_file() for name in CORPUS_FILES)
        corpus = _corpus_of(dataset, has_corpus=self.has_corpus)
        # Without the text of every cited passage no corpus is complete: then the evidence alone stays the corpus.
        self._is_complete = self.has_corpus or all(evidence.text.strip() for evidence in dataset.evidence)
        self.cannot_grow = corpus is not None and corpus.path.suffix == ".parquet"
        self._passages = {p.passage_id: p for p in corpus.passages} if corpus is not None else {}
        self._n_present = len(self._passages) if self.has_corpus else 0
        self._line_of: dict[str, int | None] = {}
        self._by_text: dict[str, list[Passage]] = defaultdict(list)
        for passage in self._passages.values():
            self._by_text[passage.text].append(passage)
        self._cited: dict[str, dict[tuple[str, int], Evidence]] = defaultdict(dict)
        for evidence in dataset.evidence:
            self._cited[evidence.claim_id][cited_id(evidence), evidence.group] = evidence
        self._lines: dict[tuple[str, str, int], int | None] = {}

    @property
    def passages(self) -> list[Passage]:
        """The passages to append to the corpus; all of it if the dataset has no corpus file."""
        return list(self._passages.values())[self._n_present :] if self._is_complete and self._line_of else []

    @property
    def n_new_passages(self) -> int:
        """Number of passages that the dataset did not have."""
        return len(self._line_of)

    def add_all(self, rows: Sequence[ClaimRow], claims: Sequence[str | None]) -> None:
        """Collects the evidence of all rows, of which `claims` has the ids; None: the claim is not known."""
        bringing: list[tuple[int | None, str, dict[str, Any]]] = []
        for row, claim in zip(rows, claims, strict=True):
            fields = {field: row.fields[field] for field in PASSAGE_FIELDS if field in row.fields}
            if claim is not None and any(field in fields for field in PASSAGE_MARKS):
                bringing.append((row.line, claim, fields))
            elif claim is not None and ("group" in fields or "stance" in fields):
                message = (
                    "is empty in a row that states a group or a stance; give the passage, or empty these cells too"
                )
                self._fault(row.line, "evidence", message, "missing-field")
            elif claim is not None and fields:
                self.blank.append(row.line)
        # Texts come first, so that a row can cite a passage by the id that a later row gives it.
        citations: dict[int, _Citation] = {}
        for index in sorted(range(len(bringing)), key=lambda index: "evidence" not in bringing[index][2]):
            citation = self._citation(*bringing[index])
            if citation is not None:
                citations[index] = citation
        # Groups that rows state come first, so that a passage without one gets a number that no row uses.
        for index in sorted(citations, key=lambda index: (citations[index].group is None, index)):
            self._cite(citations[index])
        ids = dict.fromkeys(claim for claim in claims if claim is not None)
        self.without = [claim_id for claim_id in ids if not self._cited.get(claim_id)]
        self.faults.sort(key=lambda fault: fault.line or 0)

    def notes(self) -> Iterator[str]:
        """Yields what the user should know about the evidence, each a sentence."""
        if self.no_group:
            yield (
                f"passages without a group: {_counted(self.no_group)}; each settles its claim alone (a column 'group' "
                "says which belong together)"
            )
        if self.unchanged:
            yield f"passages that the dataset cites already for the same claim: {self.unchanged:,}"
        if self.repeated:
            yield f"passages cited again for the same claim, passed over: {_counted(self.repeated)}"
        if self.blank:
            yield f"rows that describe a passage without its text, passed over: {_counted(self.blank)}"
        if self.without:
            yield f"claims without evidence: {len(self.without):,}"

    def _citation(self, line: int | None, claim: str, fields: Mapping[str, Any]) -> _Citation | None:
        """Reads the cells of a row; None after a fault."""
        n_faults = len(self.faults)
        group, stance = fields.get("group"), fields.get("stance")
        number = None if group is None else cell_text(group)
        if number is not None and not re.fullmatch(r"[0-9]{1,9}", number):
            self._fault(line, "group", f"expected the number of an evidence group, from 0; got {preview(group)}")
        if stance is not None:
            stance = mapped_text(stance, self.values).casefold()
            if stance not in STANCES:
                remedy = f"; --labels '{cell_text(fields['stance'])}=STANCE' says which one it is"
                self._fault(line, "stance", unknown_name("stance", fields["stance"], STANCES) + remedy, "unknown-name")
        published = fields.get("published")
        if published is not None and not (re.fullmatch(r"\d{4}(-\d{2})?", published) or is_time(published)):
            message = f"expected a year, month, day or time such as 2026-05-10, got {preview(published)}"
            self._fault(line, "published", message)
        passage = self._passage(line, fields) if len(self.faults) == n_faults else None
        if passage is None:
            return None
        return _Citation(line, claim, passage, None if number is None else int(number), stance, fields)

    def _passage(self, line: int | None, fields: Mapping[str, Any]) -> Passage | None:
        """Returns the passage of a row: of the corpus, or a new one; None after a fault."""
        text = str(fields.get("evidence", "")).strip()
        name = None if fields.get("passage_id") is None else str(fields["passage_id"])
        about = {"publisher": fields.get("source"), "url": fields.get("url"), "published": fields.get("published")}
        if name is None:
            name = self._id_of(text, about)
        known = self._passages.get(name)
        if known is None:
            return self._new_passage(line, name, text, about)
        where = f"line {self._line_of[name]}" if name in self._line_of else "the dataset"
        if text and known.text.strip() != text:
            message = f"passage '{name}' has another text in {where}: {preview(known.text)}; give each an id of its own"
            self._fault(line, "evidence", message, "duplicate-id")
            return None
        for field, cell in about.items():
            stored = getattr(known, field)
            if cell is not None and stored is not None and cell != stored:
                column = "source" if field == "publisher" else field
                message = f"is {preview(cell)}, but {where} has {preview(stored)} for the same passage; give one"
                self._fault(line, column, message, "contradiction")
                return None
        return known

    def _id_of(self, text: str, about: Mapping[str, str | None]) -> str:
        """Returns the id of the passage with this text that agrees with what a row says of it; else a new one."""
        # The same words from two sources are two passages.
        new_id = sha256("\n".join([text, about["publisher"] or "", about["url"] or ""]))[:16]
        same_text = self._by_text.get(text, [])
        agreeing = [
            passage.passage_id
            for passage in same_text
            if all(cell in (None, getattr(passage, field)) for field, cell in about.items())
        ]
        return agreeing[0] if len(agreeing) == 1 and new_id not in self._passages else new_id

    def _new_passage(self, line: int | None, name: str, text: str, about: Mapping[str, str | None]) -> Passage | None:
        if not text:
            message = f"no passage '{name}' in the corpus of the dataset; give its text in the column of 'evidence'"
            self._fault(line, "passage_id", message, "unknown-id")
            return None
        fault = length_fault(self.path, line, "evidence", text)
        if fault is not None:
            self.faults.append(fault)
            return None
        if self.cannot_grow:
            message = "is not in corpus.parquet, to which nothing can be added; write the corpus as corpus.jsonl first"
            self._fault(line, "evidence", message)
            return None
        document = about["url"] or about["publisher"] or name
        passage = Passage(passage_id=name, document_id=document, text=text).model_copy(update=dict(about))
        self._passages[name] = passage
        self._line_of[name] = line
        self._by_text[text].append(passage)
        return passage

    def _cite(self, citation: _Citation) -> None:
        """Adds a citation, unless the claim has it."""
        line, claim_id, passage, group, stance, fields = citation
        cited = self._cited[claim_id]
        present = [place for place in cited if place[0] == passage.passage_id and group in (None, place[1])]
        if not present:
            if group is None:
                self.no_group.append(line)
            number = group if group is not None else max((number for _, number in cited), default=-1) + 1
            key = (claim_id, passage.passage_id, number)
            about = {
                "publisher": passage.publisher or fields.get("source"),
                "url": passage.url or fields.get("url"),
                "published": passage.published or fields.get("published"),
            }
            evidence = new_evidence(claim_id, passage.model_copy(update=about), number, stance)
            cited[passage.passage_id, number] = evidence
            self._lines[key] = line
            self.new.append(evidence)
            return
        stored = cited[present[0]]
        key = (claim_id, *present[0])
        if stance not in (None, stored.stance):
            where = f"line {self._lines[key]}" if key in self._lines else "evidence.jsonl"
            message = f"is '{stance}', but {where} has {preview(stored.stance)} for this claim and passage; give one"
            self._fault(line, "stance", message, "contradiction")
        elif key in self._lines:
            self.repeated.append(line)
        else:
            self.unchanged += 1
            self._lines[key] = line

    def _fault(self, line: int | None, field: str, message: str, code: str = "invalid") -> None:
        self.faults.append(Fault(self.path, line, field, message, code))


def _corpus_of(dataset: Dataset, *, has_corpus: bool) -> Corpus | None:
    """The corpus of a dataset, or the passages of its evidence; None if it has neither.

    Raises: FaultsError: all faults of the corpus.
    """
    if has_corpus:
        return open_corpus(dataset.folder)
    with_text = any(evidence.text.strip() for evidence in dataset.evidence)
    return open_corpus(dataset.folder / "evidence.jsonl") if with_text else None


def _counted(lines: Sequence[int | None]) -> str:
    more = f" and {len(lines) - MAX_LINES:,} more" if len(lines) > MAX_LINES else ""
    named = ", ".join(map(str, lines[:MAX_LINES]))
    return f"{len(lines):,} ({'line' if len(lines) == 1 else 'lines'} {named}{more})"
