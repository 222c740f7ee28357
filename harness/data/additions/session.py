"""Collects the labeled rows of one `harness add`, and settles which labels are new."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.data.additions.claim_rows import AxisAnswer, ClaimRows, labeled_differently
from harness.data.additions.claims import ClaimFinder, ClaimRow
from harness.data.additions.columns import PASSAGE_FIELDS, Columns, SchemeAxis, fields_of
from harness.data.additions.evidence import EvidenceFinder
from harness.data.additions.labels import (
    TIME_EXPECTED,
    Answer,
    RowAnswer,
    cell_text,
    is_blank,
    is_time,
    parse_confidence,
    parse_label,
    settle,
)
from harness.data.additions.new_labels import AddOptions, NewLabels, Question
from harness.data.articles.rows import LabeledRow
from harness.data.dataset import Dataset
from harness.data.labels.annotations import question_of
from harness.data.labels.gold import active_annotations, latest_annotations
from harness.errors import Fault, unknown_name
from harness.records import Annotation, is_unicode, preview
from harness.schemes.scheme_files import FEATURE_LABEL

CellFault = tuple[str, str]
"""Column of a faulty cell, and the message."""
MAX_SHARED = 10_000
"""Number of different answers of rows that are stored once."""
NUMBERS = ("article_id", "passage_id", "group")
"""Fields whose cells may be integers."""
HALF_CHARACTER = "contains half a character (a lone surrogate); save the text as UTF-8"


class AddSession:
    """Collects labeled rows for a dataset; nothing may be written if there are faults."""

    def __init__(self, dataset: Dataset, columns: Columns, options: AddOptions, path: str) -> None:
        self.columns = columns
        self.options = options
        self.path = path
        self.finder = ClaimFinder(dataset, path)
        self.evidence = EvidenceFinder(dataset, path, options.values) if columns.have_evidence else None
        self._superseded = dataset.superseded
        self._annotations = dataset.annotations
        self.latest: dict[Question, Annotation] = {}
        """The last annotation by the annotator of each question about a claim of the rows, also a withdrawn one."""
        self.present: dict[Question, Annotation] = {}
        """Those of them that stand."""
        self.faults: list[Fault] = []
        self.rows = ClaimRows((), columns)
        """Rows that have no faulty cell."""
        self.claims: list[int | None] = []
        """Number of the claim of each of these rows; None after a fault."""
        self.answers: list[tuple[AxisAnswer, ...]] = []
        """Answers of each of these rows."""
        self.new = NewLabels(options, self.finder.claims, self.latest, self._row_answer)
        self.unchanged = 0
        self.unlabeled = 0
        """Number of rows without a label."""
        self.by_rule = 0
        """Number of labels that a rule chose because rows disagree."""
        self.superseded = 0
        """Number of new labels that replace an earlier label that stands."""
        self.other_guidelines: Counter[tuple[str, str, str]] = Counter()
        """New labels by another version of a guideline: scheme, version of the labels, version now."""
        self.repeated: list[list[int | None]] = []
        """Lines of each sentence that occurs in several rows of a document, as claims with different labels."""

    def add_all(self, rows: Sequence[LabeledRow]) -> None:
        """Collects the claims and labels of all rows."""
        self.rows = ClaimRows(rows, self.columns)
        shared: dict[tuple[object, ...], tuple[AxisAnswer, ...]] = {}
        for place, row in enumerate(rows):
            answers, faults = self._shared_answers(row, shared)
            faults = [*self._field_faults(fields_of(row.cells, self.columns)), *faults]
            self.faults += [Fault(self.path, row.line, name, message) for name, message in faults]
            if not faults:
                self.rows.take(place)
                self.answers.append(answers)
        claims = self.claims = self._claims_of(self.rows)
        self.faults += self.finder.faults
        if self.evidence is not None:
            ids = [None if number is None else self.finder.claims.claim_id(number) for number in claims]
            self.evidence.add_all(self.rows, ids)
            self.faults += self.evidence.faults
            if self.columns.axes:
                answered = {claim for claim, answers in zip(claims, self.answers, strict=True) if answers}
                self.unlabeled = len(set(claims) - answered - {None})
        else:
            self.unlabeled = sum(not answers for answers in self.answers)
        self._find_earlier()
        self._settle_all()
        self.repeated = labeled_differently(self.rows, claims, self.answers, self.finder.claims)
        self.faults.sort(key=lambda fault: fault.line or 0)

    def _find_earlier(self) -> None:
        """Finds the earlier annotations of the claims of the rows."""
        if not self._annotations:
            return
        ids = {self.finder.claims.claim_id(number) for number in self.claims if number is not None}
        annotator, roles = self.options.annotator, (self.options.role,)
        own = [a for a in self._annotations if a.annotator == annotator and a.claim_id in ids]
        self.latest |= {question_of(a)[:3]: a for a in latest_annotations(own, roles)}
        self.present |= {question_of(a)[:3]: a for a in active_annotations(own, roles)}

    def _settle_all(self) -> None:
        """Adds the labels that rows give to each claim on each axis, in the order of the first row that gives one."""
        counts = bytearray(len(self.finder.claims))
        for number in self.claims:
            if number is not None:
                counts[number] = min(counts[number] + 1, 2)
        several: dict[int, list[int]] = {number: [] for number, count in enumerate(counts) if count > 1}
        for place, number in enumerate(self.claims):
            if number is not None and number in several:
                several[number].append(place)
        for place, number in enumerate(self.claims):
            if number is None:
                continue
            same_claim = several.get(number)
            for axis, _ in self.answers[place]:
                if same_claim is None:
                    self._settle(number, axis, [place])
                    continue
                first = next(other for other in same_claim if self._answer(other, axis) is not None)
                if first == place:
                    self._settle(number, axis, [p for p in same_claim if self._answer(p, axis) is not None])

    def _answer(self, place: int, axis: SchemeAxis) -> Answer | None:
        """Returns the answer of a row on an axis; None if it gives none."""
        for other, answer in self.answers[place]:
            if other is axis or (other.scheme.name, other.axis.name) == (axis.scheme.name, axis.axis.name):
                return answer
        return None

    def _shared_answers(
        self, row: LabeledRow, shared: dict[tuple[object, ...], tuple[AxisAnswer, ...]]
    ) -> tuple[tuple[AxisAnswer, ...], list[CellFault]]:
        """Returns the answers of a row, which rows with the same texts share, and the faults of its label cells."""
        cells = tuple([row.cells.get(column) for column in (*self.columns.axes, *self.columns.values)])
        has_texts = all(cell is None or isinstance(cell, str) for cell in cells)
        if has_texts and cells in shared:
            return shared[cells], []
        answers, faults = self._answers(row)
        if has_texts and not faults and len(shared) < MAX_SHARED:
            shared[cells] = tuple(answers)
        return tuple(answers), faults

    def _claims_of(self, rows: Sequence[ClaimRow]) -> list[int | None]:
        """Returns the claim of each row; where rows bring passages, those that name a claim alike are about one."""
        if self.evidence is None:
            return self.finder.find_all(rows)
        alone = [
            row._replace(fields={name: cell for name, cell in row.fields.items() if name not in PASSAGE_FIELDS})
            for row in rows
        ]
        first: dict[tuple[object, ...], int] = {}
        distinct: list[ClaimRow] = []
        places = []
        for row in alone:
            names = ("claim_id", "article_id", "start")
            identity = (*(row.fields.get(name) for name in names), str(row.fields.get("text", "")).strip())
            if identity not in first:
                first[identity] = len(distinct)
                distinct.append(row)
            places.append(first[identity])
        claims = self.finder.find_all(distinct)
        return [claims[place] for place in places]

    @property
    def replaced_articles(self) -> dict[str, str]:
        """Articles of new labels that a newer version replaces, each with its newest version."""
        newer = {a.replaces: a.article_id for a in self.finder.articles.values() if a.replaces in self._superseded}
        newest: dict[str, str] = {}
        for number in self.new.claims if newer else ():
            article_id = version = self.finder.claims.article_id(number)
            while version in newer:
                version = newer[version]
            if version != article_id:
                newest[article_id] = version
        return newest

    def _answers(self, row: LabeledRow) -> tuple[list[AxisAnswer], list[CellFault]]:
        """Returns the answers of a row on each axis, and the faults of its label cells."""
        answers: list[AxisAnswer] = []
        faults: list[CellFault] = []
        for column, axis in self.columns.axes.items():
            cell = row.cells.get(column)
            if is_blank(cell):
                continue
            if not isinstance(cell, str | bool | int | float):
                faults.append((column, f"expected a text, got {preview(cell)}"))
                continue
            if isinstance(cell, str) and not is_unicode(cell):
                faults.append((column, HALF_CHARACTER))
                continue
            answer = parse_label(axis.axis, cell, self.options.values)
            if answer is None:
                remedy = f"; --labels '{cell_text(cell)}=LABEL' says which one it is"
                faults.append((column, unknown_name("label", cell_text(cell), axis.axis.label_names) + remedy))
            else:
                answers.append((axis, answer))
        self._add_values(row, answers, faults)
        return answers, faults

    def _add_values(self, row: LabeledRow, answers: list[AxisAnswer], faults: list[CellFault]) -> None:
        """Adds the values that stand in columns of their own; a value marks its feature."""
        for column, axis in self.columns.values.items():
            cell = row.cells.get(column)
            if is_blank(cell):
                continue
            place = next((n for n, (other, _) in enumerate(answers) if other == axis), None)
            answer: Answer = (FEATURE_LABEL, None) if axis.axis.feature else ()
            answer = answers[place][1] if place is not None else answer
            if not isinstance(cell, str | int | float) or not is_unicode(str(cell)):
                faults.append((column, f"expected a text, got {preview(cell)}"))
            elif not answer:
                faults.append((column, f"gives a value, and '{axis.axis.name}' has no label; give both or neither"))
            else:
                valued: AxisAnswer = (axis, (answer[0], cell_text(cell)))
                if place is None:
                    answers.append(valued)
                else:
                    answers[place] = valued

    def _field_faults(self, fields: Mapping[str, Any]) -> Iterator[CellFault]:
        for field, cell in fields.items():
            column = self.columns.fields[field]
            if field == "start":
                if not re.fullmatch(r"[0-9]{1,12}", str(cell)):
                    yield column, f"expected an integer from 0, got {preview(cell)}"
            elif field == "confidence":
                if parse_confidence(cell) is None:
                    yield column, f"expected a number from 0 to 1, or a percentage, got {preview(cell)}"
            elif field in NUMBERS and isinstance(cell, int) and not isinstance(cell, bool):
                continue
            elif field == "group" and isinstance(cell, float):
                continue  # a column of integers with empty cells, as pandas reads it
            elif not isinstance(cell, str):
                yield column, f"expected a text, got {preview(cell)}"
            elif not is_unicode(cell):
                yield column, HALF_CHARACTER
            elif field == "at" and not is_time(cell):
                yield column, f"{TIME_EXPECTED}, got {preview(cell)}"

    def _row_answer(self, place: int, axis: SchemeAxis) -> RowAnswer:
        """Returns what a row answers on an axis, with what it says of all its labels."""
        return self.rows.answer(place, axis.scheme.name, self._answer(place, axis) or ())

    def _settle(self, claim: int, axis: SchemeAxis, places: Sequence[int]) -> None:
        """Adds the label that rows give a claim on an axis."""
        rows = [self._row_answer(place, axis) for place in places]
        settled = settle(self.path, axis.axis, rows, self.options.on_conflict)
        if isinstance(settled, Fault):
            self.faults.append(settled)
            return
        self.by_rule += settled.by_rule
        # Rows that bring passages repeat the label of their claim; that is no further label.
        n_rows = 1 if self.evidence is not None else sum(other.answer == settled.row.answer for other in rows)
        key = (self.finder.claims.claim_id(claim), axis.scheme.name, axis.axis.name)
        row, earlier = settled.row, self.present.get(key)
        if not row.answer:
            # A table adds labels; it takes none back.
            if earlier is not None:
                annotator = self.options.annotator
                message = (
                    f"'{annotator}' already marked this claim; leave the cell empty, or take the mark back first: "
                    f"harness withdraw DATASET --annotation {earlier.annotation_id} --as {annotator}"
                )
                self.faults.append(Fault(self.path, row.line, axis.axis.name, message))
            return
        if earlier is not None and _repeats(earlier, row):
            self.unchanged += n_rows
            return
        self.unchanged += n_rows - 1
        self.new.add(claim, axis, places[0], row if len(places) > 1 else None)
        latest = self.latest.get(key)
        self.superseded += earlier is not None and latest is not None and latest.annotation_id == earlier.annotation_id
        guideline, version = row.guideline or axis.scheme.version, axis.scheme.version
        if guideline != version:
            self.other_guidelines[axis.scheme.name, guideline, version] += 1


def _repeats(earlier: Annotation, row: RowAnswer) -> bool:
    """Whether a row says nothing that an earlier annotation does not: no other label, note or confidence."""
    return (
        (earlier.label, earlier.value) == row.answer
        and row.note in (None, earlier.note)
        and row.confidence in (None, earlier.confidence)
    )
