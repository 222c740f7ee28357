"""The rows of a file that describe claims, read from its table when they are needed, and what they answer."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from harness.data.additions.claim_table import ClaimTable
from harness.data.additions.claims import ClaimRow
from harness.data.additions.columns import Columns, SchemeAxis, fields_of
from harness.data.additions.labels import Answer, RowAnswer, guideline_of, parse_confidence
from harness.data.articles.rows import LabeledRow

AxisAnswer = tuple[SchemeAxis, Answer]
LABEL_FIELDS = ("note", "confidence", "at", "guideline")
"""Fields of a row that describe its labels."""


class ClaimRows(Sequence[ClaimRow]):
    """The rows without a faulty cell, each made when it is asked for: the fields of all of them take much memory."""

    def __init__(self, rows: Sequence[LabeledRow], columns: Columns) -> None:
        self._rows = rows
        self._columns = columns
        about = {field: column for field, column in columns.fields.items() if field in LABEL_FIELDS}
        self._about_labels = columns._replace(fields=about)
        self._places = array("q")
        """Places of the rows that are taken, among all rows."""

    def take(self, place: int) -> None:
        """Takes one more of the rows."""
        self._places.append(place)

    def source(self, number: int) -> LabeledRow:
        """Returns a row as it stands in the file."""
        return self._rows[self._places[number]]

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[ClaimRow]:
        return map(self._row, range(len(self)))

    @overload
    def __getitem__(self, number: int) -> ClaimRow: ...

    @overload
    def __getitem__(self, number: slice) -> list[ClaimRow]: ...

    def __getitem__(self, number: int | slice) -> ClaimRow | list[ClaimRow]:
        numbers = range(len(self))[number]
        return self._row(numbers) if isinstance(numbers, int) else [self._row(each) for each in numbers]

    def _row(self, number: int) -> ClaimRow:
        row = self.source(number)
        return ClaimRow(row.line, fields_of(row.cells, self._columns), row.document)

    def answer(self, number: int, scheme: str, answer: Answer) -> RowAnswer:
        """Returns the answer of a row on an axis of a scheme, with what the row says of all its labels."""
        row = self.source(number)
        fields = fields_of(row.cells, self._about_labels)
        guideline = guideline_of(str(fields["guideline"]), scheme) if "guideline" in fields else None
        return RowAnswer(
            row.line,
            answer,
            fields.get("note"),
            fields.get("at"),
            row.author,
            row.url,
            confidence=parse_confidence(fields["confidence"]) if "confidence" in fields else None,
            guideline=guideline,
        )


def labeled_differently(
    rows: ClaimRows, claims: Sequence[int | None], labels: Sequence[Sequence[AxisAnswer]], table: ClaimTable
) -> list[list[int | None]]:
    """Returns the lines of each text whose rows are different claims of one article, and differ on an axis.

    A row that says which claim it means, by `claim_id` or `start`, does not count.

    Args:
        rows: rows without a faulty cell.
        claims: number of the claim of each row; None: not known.
        labels: answers of each row.
        table: the claims.
    """
    places: dict[str, int] = {}
    article = array("q", [-1]) * len(rows)
    for number, claim in enumerate(claims):
        if claim is not None and labels[number]:
            article[number] = places.setdefault(table.article_id(claim), len(places))
    # By article, so that the texts of one article alone are compared at a time.
    order = sorted((number for number in range(len(rows)) if article[number] >= 0), key=article.__getitem__)
    repeated: list[list[int]] = []
    for _, of_article in itertools.groupby(order, key=article.__getitem__):
        numbers = list(of_article)
        if len({claims[number] for number in numbers}) > 1:
            repeated += _repeated_in(rows, numbers, claims, labels)
    return [list(dict.fromkeys(rows[number].line for number in numbers)) for numbers in sorted(repeated)]


def _repeated_in(
    rows: ClaimRows, numbers: Sequence[int], claims: Sequence[int | None], labels: Sequence[Sequence[AxisAnswer]]
) -> list[list[int]]:
    """Returns the rows of each text that are different claims and differ on an axis, among the rows of one article."""
    by_text: dict[str, list[int]] = {}
    for number in numbers:
        row = rows[number]
        if not {"claim_id", "start"} & row.fields.keys():
            by_text.setdefault(row.text, []).append(number)
    repeated = []
    for same in by_text.values():
        if len({claims[number] for number in same}) < 2:
            continue
        distinct: dict[tuple[str, str], set[Answer]] = {}
        for axis, answer in itertools.chain.from_iterable(labels[number] for number in same):
            distinct.setdefault((axis.scheme.name, axis.axis.name), set()).add(answer)
        if any(len(given) > 1 for given in distinct.values()):
            repeated.append(same)
    return repeated
