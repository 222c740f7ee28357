"""The evidence of a dataset while people choose it: which passages a claim cites, and with which stance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.data.corpora.passages import CORPUS_FILES, Passage, cited_id
from harness.data.jsonl import mark_cut_line, read_records, to_json_lines
from harness.errors import FaultsError
from harness.files import append_bytes, read_bytes, sha256, write_bytes
from harness.folders import folder_lock
from harness.records import Evidence

WAIT_S = 30
"""Seconds that a change waits for another command to finish writing to the dataset."""


class EvidenceFile:
    """The file `evidence.jsonl` of a dataset folder, which several people can change at once.

    It lists what holds now, unlike the logs of annotators: a stance that changes replaces its line.

    Args:
        folder: dataset folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "evidence.jsonl"
        self._has_corpus = any((folder / name).is_file() for name in CORPUS_FILES)
        self._state: tuple[int, int, int] | None = None
        self._lines_of: dict[str, list[tuple[int, Evidence]]] = {}

    def cited(self, claim_id: str) -> list[Evidence]:
        """Returns the evidence of a claim, as the file has it now.

        Raises: FaultsError: all faults of the file.
        """
        self._read()
        return [evidence for _, evidence in self._lines_of.get(claim_id, [])]

    def set_stance(self, claim_id: str, passage: Passage, stance: str | None) -> None:
        """Stores what a passage says of a claim, or that it is no evidence; returns when that is on disk.

        Args:
            claim_id: id of the claim.
            passage: the passage; a new citation is an evidence group of its own.
            stance: one of `STANCES`; None: the citation is taken out, or only its stance if the dataset has no corpus,
                as the text of the passage would be lost.
        Raises: FaultsError: all faults of the file. WriteError: it cannot be written, and is as it was before.
        """
        with folder_lock(self.folder, "labels", wait_s=WAIT_S):
            self._read()
            of_claim = self._lines_of.get(claim_id, [])
            cited = {line: evidence for line, evidence in of_claim if cited_id(evidence) == passage.passage_id}
            if cited:
                changed = {line: evidence.model_copy(update={"stance": stance}) for line, evidence in cited.items()}
                self._replace(dict.fromkeys(cited) if stance is None and self._has_corpus else changed)
            elif stance is not None:
                group = max((evidence.group for _, evidence in of_claim), default=-1) + 1
                evidence = new_evidence(claim_id, passage, group, stance)
                append_bytes(self.path, "".join(to_json_lines([evidence])).encode())

    def _read(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._lines_of = {}
            return
        state = status.st_ino, status.st_size, status.st_mtime_ns
        if state == self._state:
            return
        records, faults = read_records(self.path, Evidence)
        if faults:
            raise FaultsError(mark_cut_line(self.path, faults))
        self._lines_of = {}
        for line, evidence in records:
            self._lines_of.setdefault(evidence.claim_id, []).append((line, evidence))
        self._state = state

    def _replace(self, changes: Mapping[int, Evidence | None]) -> None:
        """Replaces lines, by number from 1; all other bytes stay."""
        lines: list[bytes | None] = [*read_bytes(self.path).split(b"\n")]
        for line, evidence in changes.items():
            lines[line - 1] = None if evidence is None else "".join(to_json_lines([evidence])).strip().encode()
        write_bytes(self.path, b"\n".join(line for line in lines if line is not None))


def new_evidence(claim_id: str, passage: Passage, group: int, stance: str | None) -> Evidence:
    """Returns the evidence that a passage is for a claim; its id depends on the claim, the passage and the group."""
    return Evidence(
        evidence_id=sha256("\n".join(map(str, (claim_id, passage.passage_id, group))))[:16],
        claim_id=claim_id,
        group=group,
        text=passage.text,
        passage_id=passage.passage_id,
        start=passage.start,
        end=passage.end,
        source=passage.publisher,
        url=passage.url,
        published=passage.published,
        stance=stance,
    )
