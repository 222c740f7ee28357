"""Human agreement: how far the annotators of a dataset agree, as an upper reference for systems."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.data.claims import Gold, codes_of
from harness.data.dataset import Dataset
from harness.data.labels.agreement import agreement_of
from harness.data.labels.agreement_values import AgreementValue
from harness.data.labels.gold import active_annotations
from harness.data.packed.records import column_of
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Value, measure
from harness.metrics.labels import F1
from harness.report.report_data import Mask, ReportData
from harness.runner.provenance import SchemeUse

MAX_PAIRS = 10


class AnnotatorPair(NamedTuple):
    """Labels of one annotator scored against those of another as gold; F1 is the same both ways."""

    first: str
    second: str
    n: int
    f1: Value


class HumanAgreement(NamedTuple):
    """Agreement of annotators on the axis of a task."""

    dataset: str
    axis: str
    measures: Mapping[str, AgreementValue]
    pairs: tuple[AnnotatorPair, ...]
    """Pairs of annotators who labeled the same test claims, most claims first; only for yes-or-no tasks, and not
    if the gold covers only claims on which two annotators agree."""
    annotators: int
    intervals: Intervals
    """Settings of the intervals of the pairs."""
    n_disagreements: int = 0
    """Number of test claims without gold because annotators disagree, which the pairs leave out."""


def measure_human_agreement(data: ReportData) -> list[HumanAgreement]:
    """Agreement on the axis of the task for each dataset with several annotators."""
    schemes = data.table.entries[0].result.provenance.schemes
    agreements = []
    for dataset, scheme in zip(data.context.datasets, schemes, strict=False):
        axis = scheme.mapping.axis
        names = {axis, f"{scheme.name}/{axis}"}
        if _annotators(dataset, scheme.name, axis) < 2:
            continue
        measured = next(
            (axis_agreement for axis_agreement in agreement_of(dataset).axes if axis_agreement.name in names), None
        )
        if measured is not None:
            n_disagreements = len(_undecided(dataset, scheme) & _ids_in(dataset, data, ~data.has_gold))
            # Of two annotators, the gold then has only the claims on which they agree.
            is_selected = n_disagreements and len(measured.annotators) == 2
            pairs = _pairs(data, dataset, scheme) if data.binary and not is_selected else ()
            agreements.append(
                HumanAgreement(
                    dataset.info.name,
                    axis,
                    measured.measures,
                    pairs,
                    len(measured.annotators),
                    _intervals(data.table.intervals),
                    n_disagreements,
                )
            )
    return agreements


def _intervals(intervals: Intervals) -> Intervals:
    """The settings for pairs of annotators, whose claims have no speaker, topic or strata here."""
    unit = "article" if intervals.unit in ("speaker", "topic") else intervals.unit
    return intervals.model_copy(update={"unit": unit, "stratify": None})


def _annotators(dataset: Dataset, scheme: str, axis: str) -> int:
    active = active_annotations(dataset.annotations)
    fields = (column_of(active, name) for name in ("annotator", "scheme", "axis", "role"))
    return sum(question == [scheme, axis, "label"] for _, *question in set(zip(*fields, strict=True)))


def _ids_in(dataset: Dataset, data: ReportData, selected: Mask) -> set[str]:
    """The selected test claims of a dataset, by their ids in the dataset."""
    prefix = f"{dataset.info.name}:" if len(data.context.datasets) > 1 else ""
    claim_ids = map(str, data.claim_ids[selected])
    return {claim.removeprefix(prefix) for claim in claim_ids if claim.startswith(prefix)}


def _undecided(dataset: Dataset, scheme: SchemeUse) -> set[str]:
    """Claims to which annotators gave different labels that nobody adjudicated."""
    labels: dict[str, set[tuple[str, str | None]]] = {}
    for annotation in active_annotations(dataset.annotations):
        if (annotation.scheme, annotation.axis) == (scheme.name, scheme.mapping.axis):
            labels.setdefault(annotation.claim_id, set()).add((annotation.role, annotation.label))
    return {claim for claim, given in labels.items() if len(given) > 1 and {role for role, _ in given} == {"label"}}


def _pairs(data: ReportData, dataset: Dataset, scheme: SchemeUse) -> tuple[AnnotatorPair, ...]:
    """Pairs of annotators with the most claims in common, among the claims behind the results."""
    codes_by_annotator = _codes_by_annotator(dataset, scheme)
    claim_ids = _ids_in(dataset, data, data.has_gold)
    article_of_claim = {claim.claim_id: claim.article_id for claim in dataset.current}
    pairs = []
    for first, second in combinations(sorted(codes_by_annotator), 2):
        common = [
            claim for claim in codes_by_annotator[first] if claim in codes_by_annotator[second] and claim in claim_ids
        ]
        if common:
            pairs.append((len(common), first, second, common))
    pairs.sort(key=lambda entry: -entry[0])
    intervals = _intervals(data.table.intervals)
    return tuple(
        AnnotatorPair(
            first,
            second,
            n,
            _f1(
                codes_by_annotator[first],
                codes_by_annotator[second],
                common,
                article_of_claim,
                intervals,
            ),
        )
        for n, first, second, common in pairs[:MAX_PAIRS]
    )


def _codes_by_annotator(dataset: Dataset, scheme: SchemeUse) -> dict[str, dict[str, int]]:
    """Code of each claim by annotator: 1 for a label that answers yes, 0 for no; other labels are excluded."""
    mapping = scheme.mapping
    code = dict.fromkeys(mapping.negative, 0) | dict.fromkeys(mapping.positive, 1)
    codes_by_annotator: dict[str, dict[str, int]] = {}
    for annotation in active_annotations(dataset.annotations):
        if (annotation.scheme, annotation.axis, annotation.role) == (
            scheme.name,
            mapping.axis,
            "label",
        ) and annotation.label in code:
            codes_by_annotator.setdefault(annotation.annotator, {})[annotation.claim_id] = code[annotation.label]
    return codes_by_annotator


def _f1(
    first: Mapping[str, int],
    second: Mapping[str, int],
    claim_ids: list[str],
    article_of_claim: Mapping[str, str],
    intervals: Intervals,
) -> Value:
    gold = Gold(("no", "yes"), np.array([first[claim] for claim in claim_ids], dtype=np.int64))
    run = Run(None, np.array([second[claim] for claim in claim_ids], dtype=np.int64))
    codes = codes_of(np.array([article_of_claim[claim] for claim in claim_ids], dtype=object))
    unit = codes if intervals.unit == "article" else np.arange(len(claim_ids), dtype=np.int64)
    return measure(F1(), gold, [run], ResamplingGroups(codes, unit), intervals)
