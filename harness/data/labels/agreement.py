"""How far annotators agree: about people, so not among the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Codes, Floats, Weights
from harness.data.dataset import Dataset
from harness.data.labels.agreement_measures import MAX_PAIRED_ANNOTATORS, MEASURES, Measure, Ratings, sums_under
from harness.data.labels.gold import active_annotations
from harness.data.load import find_scheme, open_dataset
from harness.errors import Undefined
from harness.records import Annotation, Record
from harness.resampling import bca, jackknife_weights, unit_weights
from harness.schemes import Axis
from harness.schemes.scheme_files import FEATURE_LABEL

FEATURE_ABSENT = "no"
GivenLabel = tuple[str, str, str]
"""Claim, annotator, label."""

RESAMPLES = 1000
SEED = 13
ROUGH_ARTICLES = 10


class AgreementValue(Record):
    """One measure of agreement with its 95 percent interval. None is always explained."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    """Claims with two labels or more."""
    reason: str | None = None
    """Why the value is undefined, or has no interval."""
    note: str | None = None
    """What a reader has to know."""


class AxisAgreement(NamedTuple):
    """What is known of one axis."""

    name: str
    """The axis; with its scheme (`scheme/axis`) where two schemes have an axis of that name."""
    measures: Mapping[str, AgreementValue]
    labels: tuple[str, ...]
    annotators: tuple[str, ...]
    counts: Codes
    """Claims that each annotator gave each label, shape (n_annotators, n_labels)."""
    confusion: Codes | None
    """For two annotators: claims by the first one's label (row) and the second one's, of those that both labelled."""
    twice: int = 0
    """Labels by an annotator who had another label in force on the claim; the later one counts."""


class Agreement(NamedTuple):
    """The agreement of a dataset's annotators, axis by axis."""

    dataset: str
    axes: tuple[AxisAgreement, ...]
    alone: Mapping[str, str]
    """Axis to its annotator, where there is one only, so that nothing can agree."""

    def document(self) -> dict[str, Any]:
        """As `harness agreement --json` prints it; `reason` and `note` where there is one."""
        return {
            "axes": {axis.name: {name: _said(value) for name, value in axis.measures.items()} for axis in self.axes}
        }


def _said(value: AgreementValue) -> dict[str, Any]:
    said = value.model_dump()
    return {key: found for key, found in said.items() if found is not None or key not in ("reason", "note")}


def agreement(dataset: str | Path, *, root: str | Path | None = None) -> Agreement:
    """How far the annotators of a dataset agree, on every axis with two of them or more.

    Labels in force on current claims count, not suggestions or adjudications. On a feature, an annotator who labelled
    a claim without marking it said no. A stand-off dataset need not be brought to life.

    Args:
        dataset: a folder, or a name as `open_dataset` takes it.
        root: where fetched benchmarks live.
    Raises: HarnessError: no such dataset, or it is wrong.
    """
    opened = open_dataset(dataset, root)
    article = {claim.claim_id: claim.article_id for claim in opened.current}
    found: dict[tuple[str, str], AxisAgreement] = {}
    alone: dict[str, str] = {}
    for (scheme, axis), said in _by_axis(opened).items():
        annotators = sorted({annotator for _, annotator, _ in said})
        if len(annotators) < 2:
            alone[f"{scheme}/{axis.name}"] = annotators[0]
            continue
        labels = (FEATURE_ABSENT, FEATURE_LABEL) if axis.feature else axis.label_names
        found[scheme, axis.name] = axis_agreement(axis.name, said, labels, article)
    names = [name for _, name in found]
    axes = tuple(
        made._replace(name=name if names.count(name) == 1 else f"{scheme}/{name}")
        for (scheme, name), made in found.items()
    )
    return Agreement(opened.info.name, axes, alone)


def _by_axis(dataset: Dataset) -> dict[tuple[str, Axis], list[GivenLabel]]:
    """What was said on each axis that has any label, in the order of schemes and axes."""
    by_scheme: dict[str, list[Annotation]] = defaultdict(list)
    current = {claim.claim_id for claim in dataset.current}
    for annotation in active_annotations(dataset.annotations):
        if annotation.role == "label" and annotation.claim_id in current:
            by_scheme[annotation.scheme].append(annotation)
    found: dict[tuple[str, Axis], list[GivenLabel]] = {}
    for name, said in by_scheme.items():
        of_axis: dict[str, list[GivenLabel]] = defaultdict(list)
        for one in said:
            of_axis[one.axis].append((one.claim_id, one.annotator, one.label))
        labelled = dict.fromkeys((one.claim_id, one.annotator) for one in said)
        for axis in find_scheme(dataset.folder, name).axes:
            if axis.feature and axis.name in of_axis:
                marked = {(claim, annotator) for claim, annotator, _ in of_axis[axis.name]}
                of_axis[axis.name] += [(*who, FEATURE_ABSENT) for who in labelled if who not in marked]
            if axis.name in of_axis:
                found[name, axis] = of_axis[axis.name]
    return found


def axis_agreement(
    name: str,
    said: Iterable[GivenLabel],
    labels: Sequence[str],
    article: Mapping[str, str],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> AxisAgreement:
    """How far annotators agree on one axis.

    Args:
        name: of the axis.
        said: (claim, annotator, label); of two labels by one annotator on one claim the later one counts.
        labels: all that the annotators could choose from.
        article: claim to its article, which intervals draw whole.
        resamples, seed: of the bootstrap.
    """
    said = list(said)
    last = {(claim, annotator): label for claim, annotator, label in said}
    claims = {claim: row for row, claim in enumerate(dict.fromkeys(claim for claim, _ in last))}
    annotators = {one: column for column, one in enumerate(sorted({annotator for _, annotator in last}))}
    code = {label: number for number, label in enumerate(labels)}
    codes = np.full((len(claims), len(annotators)), -1, dtype=np.int16)
    for (claim, annotator), label in last.items():
        codes[claims[claim], annotators[annotator]] = code[label]
    units = np.unique([article[claim] for claim in claims], return_inverse=True)[1].astype(np.int64)
    ratings = Ratings(tuple(labels), tuple(annotators), codes, units)
    confusion = ratings.table(0, 1).sum(axis=0).reshape(len(labels), len(labels)) if len(annotators) == 2 else None
    return AxisAgreement(
        name=name,
        measures={each: _measured(each, ratings, resamples, seed) for each in MEASURES},
        labels=ratings.labels,
        annotators=ratings.annotators,
        counts=np.stack([(codes == number).sum(axis=0) for number in range(len(labels))], axis=1),
        confusion=confusion,
        twice=len(said) - len(last),
    )


def _measured(name: str, ratings: Ratings, resamples: int, seed: int) -> AgreementValue:
    labelled = (ratings.codes >= 0).sum(axis=1)
    n = int((labelled >= 2).sum())
    if not n:
        return AgreementValue(value=None, n=0, reason="no claim has labels by two annotators")
    if name == "cohen_kappa" and len(ratings.annotators) > MAX_PAIRED_ANNOTATORS:
        reason = f"a mean over pairs of annotators, and {len(ratings.annotators)} are more than {MAX_PAIRED_ANNOTATORS}"
        return AgreementValue(value=None, n=n, reason=f"{reason}; read Fleiss' kappa or Krippendorff's alpha")
    measure = MEASURES[name]
    n_units = int(ratings.units.max()) + 1
    value = float(measure(ratings, sums_under(np.ones((1, n_units), dtype=np.int64), ratings.units))[0])
    if np.isnan(value):
        return AgreementValue(value=None, n=n, reason=_why_undefined(name, ratings))
    found = _interval(measure, ratings, value, resamples, seed)
    notes = "; ".join([*_of_pairs(name, ratings), *found.notes])
    return AgreementValue(value=value, low=found.low, high=found.high, n=n, reason=found.why_none, note=notes or None)


class _AgreementInterval(NamedTuple):
    """An interval, or why there is none."""

    low: float | None = None
    high: float | None = None
    why_none: str | None = None
    notes: tuple[str, ...] = ()


def _interval(measure: Measure, ratings: Ratings, value: float, resamples: int, seed: int) -> _AgreementInterval:
    n_units = int(ratings.units.max()) + 1
    if n_units < 2:
        return _AgreementInterval(why_none="no interval: one article only")

    def under(weights: Weights) -> Floats:
        return measure(ratings, sums_under(weights, ratings.units))

    try:
        interval = bca(value, under(unit_weights(n_units, resamples, seed)), under(jackknife_weights(n_units, seed)))
    except Undefined as error:
        return _AgreementInterval(why_none=f"no interval: {error}")
    notes = [f"{n_units} articles: rough"] if n_units < ROUGH_ARTICLES else []
    if interval.left_out:
        notes.append(f"{interval.left_out} of {resamples} resamples undefined")
    if interval.low == interval.high:
        notes.append("no spread: every resample gives the same value")
    return _AgreementInterval(interval.low, interval.high, None, tuple(notes))


def _why_undefined(name: str, ratings: Ratings) -> str:
    used = np.unique(ratings.codes[ratings.codes >= 0])
    if len(used) == 1:
        return f"every label is '{ratings.labels[used[0]]}', so that chance alone makes all agree"
    if name == "cohen_kappa":
        return "no pair of annotators used more than one label for what both labelled"
    return "what has two labels or more has one label only, so that chance alone makes all agree"


def _of_pairs(name: str, ratings: Ratings) -> list[str]:
    if name != "cohen_kappa" or len(ratings.annotators) == 2:
        return []
    pairs = len(ratings.annotators) * (len(ratings.annotators) - 1) // 2
    return [f"mean over {pairs} pairs of annotators; pairs without a value are left out"]
