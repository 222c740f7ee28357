"""`harness disputes`: the claims that annotators label differently, and that nobody has decided yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations
from harness.data.load import find_scheme, open_dataset
from harness.display import Rows, displayed
from harness.errors import UnknownName, unknown_name
from harness.records import Annotation


class Dispute(NamedTuple):
    """One question about one claim, with the labels of all annotators; a dispute if they differ."""

    claim_id: str
    axis: str
    """Name of the axis; SCHEME/AXIS if two schemes of the dataset have an axis of this name."""
    labels: Mapping[str, str]
    """Label by annotator."""
    scheme: str
    axis_name: str
    decisions: Mapping[str, str]
    """Decision by adjudicator."""
    marks: tuple[Annotation, ...]
    """The labels and decisions, complete."""
    text: str = ""
    """Text of the claim."""

    @property
    def is_open(self) -> bool:
        """Whether it still needs a decision: there is none, or adjudicators differ without a majority."""
        counts = Counter(self.decisions.values()).most_common(2)
        return not counts or (len(counts) == 2 and counts[0][1] == counts[1][1])

    def document(self) -> dict[str, Any]:
        """The dispute as `harness disputes --json` prints it."""
        return {"claim_id": self.claim_id, "axis": self.axis, "labels": dict(self.labels)}


@displayed
class Disputes(NamedTuple):
    """What the annotators of a dataset differ on."""

    dataset: str
    disputes: Sequence[Dispute]
    """Open disputes, in the order of claims and axes."""
    decided: int
    """Number of disputes that an adjudicator decided."""
    compared: int
    """Number of questions (a claim on an axis) with labels by two annotators or more."""

    def document(self) -> dict[str, Any]:
        """The open disputes as `harness disputes --json` prints them."""
        return {"disputes": [dispute.document() for dispute in self.disputes]}


def disputes(dataset: str | Path, *, scheme: str | None = None, root: str | Path | None = None) -> Disputes:
    """Lists the claims to which annotators gave different labels, and that no adjudicator has decided.

    Labels of current claims that were neither replaced nor taken back count. Marks of features are not compared.

    Args:
        dataset: a folder, or a dataset name as in `open_dataset`.
        scheme: label scheme to compare; default: all schemes of the dataset.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset does not exist or has faults, or lists no such scheme.
    """
    opened = open_dataset(dataset, root)
    questions = labeled_questions(opened, scheme)
    every = disputed(questions)
    still_open = Rows(dispute for dispute in every if dispute.is_open)
    return Disputes(
        opened.info.name, still_open, len(every) - len(still_open), sum(len(q.labels) > 1 for q in questions)
    )


def disputed(questions: Sequence[Dispute]) -> list[Dispute]:
    """Returns the questions on which annotators, or adjudicators, differ."""
    return [q for q in questions if len(set(q.labels.values())) > 1 or (q.decisions and q.is_open)]


def labeled_questions(opened: Dataset, scheme: str | None = None) -> list[Dispute]:
    """Returns all labeled questions of a dataset, those without a dispute too, in the order of claims and axes.

    Raises: UnknownName: the dataset lists no such scheme.
    """
    if scheme is not None and scheme not in opened.info.schemes:
        raise UnknownName(f"{opened.folder}: {unknown_name('scheme', scheme, opened.info.schemes)}")
    names = opened.info.schemes if scheme is None else (scheme,)
    axes = [(name, axis) for name in opened.info.schemes for axis in find_scheme(opened.folder, name).axes]
    n_with_name = Counter(axis.name for _, axis in axes)
    asked = {
        (name, axis.name): axis.name if n_with_name[axis.name] == 1 else f"{name}/{axis.name}"
        for name, axis in axes
        if name in names and not axis.feature
    }
    by_question: dict[tuple[str, str, str], list[Annotation]] = defaultdict(list)
    for annotation in active_annotations(opened.annotations):
        by_question[annotation.claim_id, annotation.scheme, annotation.axis].append(annotation)
    return [
        Dispute(
            claim_id=claim.claim_id,
            axis=shown_name,
            labels={a.annotator: a.label for a in marks if a.role == "label"},
            scheme=scheme_name,
            axis_name=axis_name,
            decisions={a.annotator: a.label for a in marks if a.role == "adjudicate"},
            marks=tuple(marks),
            text=claim.text or "",
        )
        for claim in opened.current
        for (scheme_name, axis_name), shown_name in asked.items()
        if (marks := by_question.get((claim.claim_id, scheme_name, axis_name)))
    ]
