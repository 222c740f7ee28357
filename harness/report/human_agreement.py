"""What people reach: how far the annotators of a dataset agree, as a ceiling for systems."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.data.claims import Gold, codes_of
from harness.data.dataset import Dataset
from harness.data.labels.agreement import AgreementValue, agreement
from harness.data.labels.gold import active_annotations
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Value, measure
from harness.metrics.labels import F1
from harness.report.report_data import ReportData
from harness.runner.provenance import SchemeUse

MAX_PAIRS = 10


class AnnotatorPair(NamedTuple):
    """One annotator's labels scored as if the other's were gold; F1 does not care which is which."""

    first: str
    second: str
    n: int
    f1: Value


class HumanAgreement(NamedTuple):
    """The agreement on what a task predicts."""

    dataset: str
    axis: str
    measures: Mapping[str, AgreementValue]
    pairs: tuple[AnnotatorPair, ...]
    """Of a yes-or-no task: annotators who labelled the same test claims, most claims first."""
    annotators: int


def measure_human_agreement(material: ReportData) -> list[HumanAgreement]:
    """The agreement on the axis of the task, of each dataset that has several annotators there."""
    schemes = material.table.entries[0].result.provenance.schemes
    found = []
    for dataset, scheme in zip(material.context.datasets, schemes, strict=False):
        axis = scheme.mapping.axis
        names = {axis, f"{scheme.name}/{axis}"}
        if _annotators(dataset, scheme.name, axis) < 2:
            continue
        made = next((one for one in agreement(dataset.folder).axes if one.name in names), None)
        if made is not None:
            pairs = _pairs(material, dataset, scheme) if material.binary else ()
            found.append(HumanAgreement(dataset.info.name, axis, made.measures, pairs, len(made.annotators)))
    return found


def _annotators(dataset: Dataset, scheme: str, axis: str) -> int:
    return len(
        {one.annotator for one in dataset.annotations if (one.scheme, one.axis, one.role) == (scheme, axis, "label")}
    )


def _pairs(material: ReportData, dataset: Dataset, scheme: SchemeUse) -> tuple[AnnotatorPair, ...]:
    """The pairs of annotators with most claims in common, of the claims that the results are over."""
    said = _said(dataset, scheme)
    several = len(material.context.datasets) > 1
    asked = [str(claim) for claim in material.claim_ids[material.has_gold]]
    local = {claim.removeprefix(f"{dataset.info.name}:") if several else claim for claim in asked}
    article = {claim.claim_id: claim.article_id for claim in dataset.current}
    found = []
    for first, second in combinations(sorted(said), 2):
        both = [claim for claim in said[first] if claim in said[second] and claim in local]
        if both:
            found.append((len(both), first, second, both))
    found.sort(key=lambda one: -one[0])
    intervals = material.table.intervals
    unit = "article" if intervals.unit == "speaker" else intervals.unit
    return tuple(
        AnnotatorPair(
            first, second, n, _f1(said[first], said[second], both, article, intervals.model_copy(update={"unit": unit}))
        )
        for n, first, second, both in found[:MAX_PAIRS]
    )


def _said(dataset: Dataset, scheme: SchemeUse) -> dict[str, dict[str, int]]:
    """Annotator to claim to code: 1 for a label that answers yes, 0 for no; other labels are left out."""
    mapping = scheme.mapping
    code = dict.fromkeys(mapping.negative, 0) | dict.fromkeys(mapping.positive, 1)
    said: dict[str, dict[str, int]] = {}
    for one in active_annotations(dataset.annotations):
        if (one.scheme, one.axis, one.role) == (scheme.name, mapping.axis, "label") and one.label in code:
            said.setdefault(one.annotator, {})[one.claim_id] = code[one.label]
    return said


def _f1(
    first: Mapping[str, int], second: Mapping[str, int], both: list[str], article: Mapping[str, str], how: Intervals
) -> Value:
    gold = Gold(("no", "yes"), np.array([first[claim] for claim in both], dtype=np.int64))
    run = Run(None, np.array([second[claim] for claim in both], dtype=np.int64))
    codes = codes_of(np.array([article[claim] for claim in both], dtype=object))
    unit = codes if how.unit == "article" else np.arange(len(both), dtype=np.int64)
    return measure(F1(), gold, [run], ResamplingGroups(codes, unit), how)
