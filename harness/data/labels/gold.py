"""Annotations into one gold label per claim, by a named rule. Gold travels apart from claims."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from harness.errors import HarnessError, UnknownName
from harness.records import Annotation, GoldLabel

GoldRule = Callable[[list[Annotation]], str | None]


class GoldLabels(NamedTuple):
    """The gold of one axis of a dataset."""

    labels: Mapping[str, GoldLabel]
    """claim_id to its gold label."""
    undecided: tuple[str, ...]
    """Claims that have annotations on the axis, but no gold label by the rule (a tie, say)."""
    votes: Mapping[str, tuple[str, ...]]
    """claim_id to the labels of its annotators, of claims that have several; adjudications left out.
    Whatever rule makes the gold."""


def active_annotations(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The annotations that no later one supersedes; suggestions left out."""
    listed = [annotation for annotation in annotations if annotation.role != "suggest"]
    superseded = {annotation.supersedes for annotation in listed}
    return [annotation for annotation in listed if annotation.annotation_id not in superseded]


def _majority(annotations: list[Annotation]) -> str | None:
    if len(annotations) == 1:
        return annotations[0].label
    ranked = Counter(annotation.label for annotation in annotations).most_common(2)
    tied = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
    return None if tied else ranked[0][0]


def _adjudicated(annotations: list[Annotation]) -> str | None:
    deciding = [annotation for annotation in annotations if annotation.role == "adjudicate"]
    return _majority(deciding or annotations)


def _single(annotations: list[Annotation]) -> str | None:
    if len({annotation.annotator for annotation in annotations}) > 1:
        names = ", ".join(sorted({annotation.annotator for annotation in annotations}))
        raise HarnessError(
            f"gold rule 'single': claim '{annotations[0].claim_id}' was labelled by several annotators ({names}); "
            "use 'majority' or 'adjudicated', or 'single:ANNOTATOR'"
        )
    return _adjudicated(annotations)


RULES: dict[str, GoldRule] = {"adjudicated": _adjudicated, "majority": _majority, "single": _single}
"""`adjudicated`: the adjudicating label where there is one, else the majority. `majority`: the label that most
annotators gave; none on a tie. `single`: the one annotator's label; `single:NAME` takes that annotator's alone."""


def gold_labels(annotations: Iterable[Annotation], scheme: str, axis: str, rule: str = "adjudicated") -> GoldLabels:
    """The gold labels of one axis.

    Args:
        annotations: a dataset's, of any scheme and axis.
        rule: a name in `RULES`, or `single:ANNOTATOR`.
    Raises: HarnessError: an unknown rule, or `single` where a claim has several annotators.
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
    for claim_id, found in by_claim.items():
        if len(found) > 1:
            given = tuple(annotation.label for annotation in found if annotation.role == "label")
            votes |= {claim_id: given} if len(given) > 1 else {}
        deciding = [annotation for annotation in found if annotator in ("", annotation.annotator)]
        if not deciding:
            continue
        label = decide(deciding)
        if label is None:
            undecided.append(claim_id)
        else:
            annotators = 1 if len(deciding) == 1 else len({a.annotator for a in deciding})
            labels[claim_id] = GoldLabel.model_construct(claim_id=claim_id, label=label, annotators=annotators)
    return GoldLabels(labels, tuple(undecided), votes)
