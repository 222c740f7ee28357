"""Reduces annotations to one gold label per claim, by a named rule. Gold labels are stored apart from claims."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.errors import HarnessError, UnknownName
from harness.records import Annotation, GoldLabel, Role

GoldRule = Callable[[list[Annotation]], str | None]
"""Maps the annotations of a claim on one axis to its gold label; None for an undecided claim."""


class GoldLabels(NamedTuple):
    """The gold labels of one axis of a dataset."""

    labels: Mapping[str, GoldLabel]
    """Gold labels by claim_id."""
    undecided: tuple[str, ...]
    """Claims with annotations on the axis that the rule gives no gold label, such as a tie."""
    votes: Mapping[str, tuple[str, ...]]
    """Labels of the annotators by claim_id, for claims with at least two; without adjudications, and the same for every
    rule."""


COUNTED: tuple[Role, ...] = ("label", "adjudicate")
"""Roles of the annotations that count: no suggestions, no flags."""
RETRACTABLE: tuple[Role, ...] = (*COUNTED, "suggest", "flag")
"""Roles of the annotations that can be taken back."""


def active_annotations(annotations: Iterable[Annotation], roles: Sequence[Role] = COUNTED) -> list[Annotation]:
    """The annotations of some roles, by default those that count, that no later line supersedes or withdraws."""
    annotations = list(annotations)
    return without_withdrawn(latest_annotations(annotations, roles), annotations)


def without_withdrawn(latest: list[Annotation], annotations: Iterable[Annotation]) -> list[Annotation]:
    """The latest annotations that no line of all annotations withdraws."""
    withdrawn = {annotation.withdraws for annotation in annotations if annotation.role == "withdraw"}
    return [annotation for annotation in latest if annotation.annotation_id not in withdrawn] if withdrawn else latest


def latest_annotations(annotations: Iterable[Annotation], roles: Sequence[Role] = COUNTED) -> list[Annotation]:
    """The annotations of some roles that no later one supersedes, with those that were withdrawn."""
    candidates = [annotation for annotation in annotations if annotation.role in roles]
    superseded = {annotation.supersedes for annotation in candidates}
    return [annotation for annotation in candidates if annotation.annotation_id not in superseded]


def _majority(annotations: list[Annotation]) -> str | None:
    """The most frequent label; None on a tie."""
    if len(annotations) == 1:  # the common case, without the cost of a Counter
        return annotations[0].label
    ranked = Counter(annotation.label for annotation in annotations).most_common(2)
    tied = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
    return None if tied else ranked[0][0]


def _adjudicated(annotations: list[Annotation]) -> str | None:
    """The adjudicated label, else the majority."""
    deciding = [annotation for annotation in annotations if annotation.role == "adjudicate"]
    return _majority(deciding or annotations)


def _single(annotations: list[Annotation]) -> str | None:
    """The label of the only annotator."""
    if len({annotation.annotator for annotation in annotations}) > 1:
        names = ", ".join(sorted({annotation.annotator for annotation in annotations}))
        raise HarnessError(
            f"gold rule 'single': claim '{annotations[0].claim_id}' has labels by several annotators ({names}); "
            "use 'majority' or 'adjudicated', or 'single:ANNOTATOR'"
        )
    return _adjudicated(annotations)


RULES: dict[str, GoldRule] = {"adjudicated": _adjudicated, "majority": _majority, "single": _single}
"""`adjudicated`: the adjudicated label if there is one, else the majority. `majority`: the label that most annotators
gave; none on a tie. `single`: the label of the only annotator; `single:NAME` uses the labels of that annotator only."""


def gold_labels(annotations: Iterable[Annotation], scheme: str, axis: str, rule: str = "adjudicated") -> GoldLabels:
    """Make the gold labels of one axis.

    Args:
        annotations: the annotations of a dataset, of any scheme and axis.
        scheme: the name of the scheme.
        axis: the name of the axis.
        rule: a name in `RULES`, or `single:ANNOTATOR`.
    Raises: HarnessError: the rule is unknown, or it is `single` and a claim has several annotators.
    """
    name, _, annotator = rule.partition(":")
    if name not in RULES or (annotator and name != "single"):
        raise UnknownName(f"no gold rule is called '{rule}'. Known: {', '.join(RULES)}, single:ANNOTATOR")
    by_claim: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in active_annotations(annotations):
        if annotation.scheme == scheme and annotation.axis == axis:
            by_claim[annotation.claim_id].append(annotation)
    decide = RULES[name]
    labels: dict[str, GoldLabel] = {}
    votes: dict[str, tuple[str, ...]] = {}
    undecided = []
    for claim_id, claim_annotations in by_claim.items():
        if len(claim_annotations) > 1:
            claim_votes = tuple(annotation.label for annotation in claim_annotations if annotation.role == "label")
            if len(claim_votes) > 1:
                votes[claim_id] = claim_votes
        deciding = [annotation for annotation in claim_annotations if annotator in ("", annotation.annotator)]
        if not deciding:
            continue
        label = decide(deciding)
        if label is None:
            undecided.append(claim_id)
        else:
            annotators = 1 if len(deciding) == 1 else len({a.annotator for a in deciding})
            # Without validation, for speed: all three values come from validated records.
            labels[claim_id] = GoldLabel.model_construct(claim_id=claim_id, label=label, annotators=annotators)
    return GoldLabels(labels, tuple(undecided), votes)
