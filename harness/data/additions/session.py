"""Collects the labeled rows of one `harness add`, and settles which labels are new."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.data.additions.claims import ClaimFinder, ClaimRow
from harness.data.additions.columns import PASSAGE_FIELDS, Columns, SchemeAxis, fields_of
from harness.data.additions.evidence import EvidenceFinder
from harness.data.additions.labels import (
    TIME_EXPECTED,
    Answer,
    ConflictRule,
    RowAnswer,
    cell_text,
    guideline_of,
    is_blank,
    is_time,
    parse_confidence,
    parse_label,
    settle,
)
from harness.data.articles.rows import LabeledRow
from harness.data.dataset import Dataset
from harness.data.labels.annotations import new_annotation, question_of
from harness.data.labels.gold import active_annotations, latest_annotations
from harness.errors import Fault, unknown_name
from harness.records import Annotation, Claim, Role, is_unicode, preview
from harness.schemes.scheme_files import FEATURE_LABEL

CellFault = tuple[str, str]
"""Column of a faulty cell, and the message."""
AxisAnswer = tuple[SchemeAxis, Answer]
NUMBERS = ("article_id", "passage_id", "group")
"""Fields whose cells may be integers."""
HALF_CHARACTER = "contains half a character (a lone surrogate); save the text as UTF-8"


class AddOptions(NamedTuple):
    """What the user said about the labels."""

    annotator: str
    at: str
    """Time of the labels whose rows state none."""
    values: Mapping[str, str]
    """Value in the table to label."""
    on_conflict: ConflictRule | None
    role: Role = "label"


class AddSession:
    """Collects labeled rows for a dataset; nothing may be written if there are faults."""

    def __init__(self, dataset: Dataset, columns: Columns, options: AddOptions, path: str) -> None:
        self.columns = columns
        self.options = options
        self.path = path
        self.finder = ClaimFinder(dataset, path)
        self.evidence = EvidenceFinder(dataset, path, options.values) if columns.have_evidence else None
        self._superseded = dataset.superseded
        own = [a for a in dataset.annotations if a.annotator == options.annotator]
        self.latest = {question_of(a)[:3]: a for a in latest_annotations(own, (options.role,))}
        """The last annotation of each question, also one that was withdrawn."""
        self.present = {question_of(a)[:3]: a for a in active_annotations(own, (options.role,))}
        self.faults: list[Fault] = []
        self.new: list[Annotation] = []
        self.unchanged = 0
        self.unlabeled = 0
        """Number of rows without a label."""
        self.by_rule = 0
        """Number of labels that a rule chose because rows disagree."""
        self.repeated: list[list[int | None]] = []
        """Lines of each sentence that occurs in several rows of a document, as claims with different labels."""

    def add_all(self, rows: Sequence[LabeledRow]) -> None:
        """Collects the claims and labels of all rows."""
        claim_rows: list[ClaimRow] = []
        sources: list[tuple[str | None, str | None]] = []
        labels: list[list[AxisAnswer]] = []
        for row in rows:
            fields = fields_of(row.cells, self.columns)
            answers, faults = self._answers(row)
            faults = [*self._field_faults(fields), *faults]
            self.faults += [Fault(self.path, row.line, name, message) for name, message in faults]
            if not faults:
                claim_rows.append(ClaimRow(row.line, fields, row.document))
                sources.append((row.author, row.url))
                labels.append(answers)
        claims = self._claims_of(claim_rows)
        self.faults += self.finder.faults
        if self.evidence is not None:
            self.evidence.add_all(claim_rows, claims)
            self.faults += self.evidence.faults
        by_claim: dict[tuple[str, str, str], list[RowAnswer]] = defaultdict(list)
        axes: dict[tuple[str, str, str], SchemeAxis] = {}
        for claim_row, claim, answers, source in zip(claim_rows, claims, labels, sources, strict=True):
            self.unlabeled += not answers and self.evidence is None
            if claim is None:
                continue
            for axis, answer in answers:
                key = (claim.claim_id, axis.scheme.name, axis.axis.name)
                axes[key] = axis
                by_claim[key].append(_row_answer(claim_row, axis.scheme.name, answer, source))
        if self.evidence is not None and self.columns.axes:
            labeled = {claim_id for claim_id, _, _ in by_claim}
            self.unlabeled = len({claim.claim_id for claim in claims if claim is not None} - labeled)
        for key, row_answers in by_claim.items():
            self._settle(key, axes[key], row_answers)
        self.repeated = _labeled_differently(claim_rows, claims, labels)
        self.faults.sort(key=lambda fault: fault.line or 0)

    def _claims_of(self, rows: Sequence[ClaimRow]) -> list[Claim | None]:
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
        for annotation in self.new:
            article_id = version = self.finder.claims[annotation.claim_id].article_id
            while version in newer:
                version = newer[version]
            if version != article_id:
                newest[article_id] = version
        return newest

    @property
    def other_guidelines(self) -> Counter[tuple[str, str, str]]:
        """Number of new labels by another version of a guideline: scheme, version of the labels, version now."""
        schemes = {axis.scheme.name: axis.scheme.version for axis in self.columns.axes.values()}
        schemes |= {axis.scheme.name: axis.scheme.version for axis in self.columns.values.values()}
        return Counter((a.scheme, a.guideline, schemes[a.scheme]) for a in self.new if a.guideline != schemes[a.scheme])

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

    def _settle(self, key: tuple[str, str, str], axis: SchemeAxis, rows: Sequence[RowAnswer]) -> None:
        """Adds the label that rows give a claim on an axis."""
        settled = settle(self.path, axis.axis, rows, self.options.on_conflict)
        if isinstance(settled, Fault):
            self.faults.append(settled)
            return
        self.by_rule += settled.by_rule
        # Rows that bring passages repeat the label of their claim; that is no further label.
        n_rows = 1 if self.evidence is not None else sum(other.answer == settled.row.answer for other in rows)
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
        label, value = row.answer
        if earlier is not None and _repeats(earlier, row):
            self.unchanged += n_rows
            return
        self.unchanged += n_rows - 1
        claim_id, scheme, axis_name = key
        latest = self.latest.get(key)
        annotation = new_annotation(
            claim_id=claim_id,
            scheme=scheme,
            axis=axis_name,
            label=label,
            annotator=self.options.annotator,
            guideline=row.guideline or axis.scheme.version,
            confidence=row.confidence,
            at=row.at or self.options.at,
            value=value,
            note=row.note,
            author=row.author,
            url=row.url,
            role=self.options.role,
            # Also one that was withdrawn: the same label given again is another annotation, with another id.
            supersedes=latest.annotation_id if latest else None,
        )
        self.new.append(annotation)


def _repeats(earlier: Annotation, row: RowAnswer) -> bool:
    """Whether a row says nothing that an earlier annotation does not: no other label, note or confidence."""
    return (
        (earlier.label, earlier.value) == row.answer
        and row.note in (None, earlier.note)
        and row.confidence in (None, earlier.confidence)
    )


def _row_answer(row: ClaimRow, scheme: str, answer: Answer, source: tuple[str | None, str | None]) -> RowAnswer:
    """Returns the answer of a row on an axis of a scheme, with what the row says of all its labels."""
    fields = row.fields
    guideline = guideline_of(str(fields["guideline"]), scheme) if "guideline" in fields else None
    return RowAnswer(
        row.line,
        answer,
        fields.get("note"),
        fields.get("at"),
        *source,
        confidence=parse_confidence(fields["confidence"]) if "confidence" in fields else None,
        guideline=guideline,
    )


def _labeled_differently(
    rows: Sequence[ClaimRow], claims: Sequence[Claim | None], labels: Sequence[Sequence[AxisAnswer]]
) -> list[list[int | None]]:
    """Returns the lines of each text whose rows are different claims of one article, and differ on an axis.

    A row that says which claim it means, by `claim_id` or `start`, does not count.
    """
    answers: dict[tuple[str, str], list[tuple[int | None, str, AxisAnswer]]] = defaultdict(list)
    for row, claim, row_answers in zip(rows, claims, labels, strict=True):
        if claim is not None and not {"claim_id", "start"} & row.fields.keys():
            answers[claim.article_id, row.text] += [(row.line, claim.claim_id, answer) for answer in row_answers]
    repeated = []
    for group in answers.values():
        several_claims = len({claim_id for _, claim_id, _ in group}) > 1
        distinct = {(axis.scheme.name, axis.axis.name): set[Answer]() for _, _, (axis, _) in group}
        for _, _, (axis, answer) in group:
            distinct[axis.scheme.name, axis.axis.name].add(answer)
        if several_claims and any(len(given) > 1 for given in distinct.values()):
            repeated.append(list(dict.fromkeys(line for line, _, _ in group)))
    return repeated
