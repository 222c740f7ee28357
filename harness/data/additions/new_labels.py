"""The labels that one `harness add` gives, in little memory: each is made when it is written."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from harness.data.additions.claim_table import ClaimTable
from harness.data.additions.columns import SchemeAxis
from harness.data.additions.labels import ConflictRule, RowAnswer
from harness.data.labels.annotations import new_annotation
from harness.records import Annotation, Role

Question = tuple[str, str, str]
"""Claim, scheme and axis."""


class AddOptions(NamedTuple):
    """What the user said about the labels."""

    annotator: str
    at: str
    """Time of the labels whose rows state none."""
    values: Mapping[str, str]
    """Value in the table to label."""
    on_conflict: ConflictRule | None
    role: Role = "label"


class NewLabels:
    """Labels to add, in order. Iterating over them makes their annotations, each time anew.

    Args:
        options: what the user said about the labels.
        claims: claims that are labeled.
        latest: the last annotation of each question that the annotator has answered.
        answer_of: returns the answer of a row, by its number, on an axis.
    """

    def __init__(
        self,
        options: AddOptions,
        claims: ClaimTable,
        latest: Mapping[Question, Annotation],
        answer_of: Callable[[int, SchemeAxis], RowAnswer],
    ) -> None:
        self._options = options
        self._table = claims
        self._latest = latest
        self._answer_of = answer_of
        self._rows = array("q")
        self._axes: list[SchemeAxis] = []
        self._chosen: dict[int, RowAnswer] = {}
        """Answers that several rows give together, by the number of the label."""
        self.claims = array("q")
        """Number of the claim of each label."""

    def __len__(self) -> int:
        return len(self._axes)

    def add(self, claim: int, axis: SchemeAxis, row: int, chosen: RowAnswer | None = None) -> None:
        """Adds a label.

        Args:
            claim: number of the claim.
            axis: axis of the label.
            row: number of the row that gives it.
            chosen: answer, if several rows give it together; None: that of the row.
        """
        if chosen is not None:
            self._chosen[len(self)] = chosen
        self.claims.append(claim)
        self._rows.append(row)
        self._axes.append(axis)

    def __iter__(self) -> Iterator[Annotation]:
        for number, (claim, axis, place) in enumerate(zip(self.claims, self._axes, self._rows, strict=True)):
            row = self._chosen.get(number) or self._answer_of(place, axis)
            yield self._annotation(self._table.claim_id(claim), axis, row)

    def _annotation(self, claim_id: str, axis: SchemeAxis, row: RowAnswer) -> Annotation:
        label, value = row.answer or ("", None)
        latest = self._latest.get((claim_id, axis.scheme.name, axis.axis.name))
        return new_annotation(
            claim_id=claim_id,
            scheme=axis.scheme.name,
            axis=axis.axis.name,
            label=label,
            annotator=self._options.annotator,
            guideline=row.guideline or axis.scheme.version,
            confidence=row.confidence,
            at=row.at or self._options.at,
            value=value,
            note=row.note,
            author=row.author,
            url=row.url,
            role=self._options.role,
            # Also one that was withdrawn: the same label given again is another annotation, with another id.
            supersedes=latest.annotation_id if latest else None,
        )
