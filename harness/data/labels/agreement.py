"""Agreement of the annotators of a dataset. It describes annotators, not systems, so it is not among the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Codes, Floats, StoredWeights
from harness.data.dataset import Dataset
from harness.data.labels.agreement_measures import MAX_PAIRED_ANNOTATORS, MEASURES, Measure, Ratings, sums_under
from harness.data.labels.gold import active_annotations
from harness.data.load import find_scheme, open_dataset
from harness.display import displayed
from harness.errors import Undefined
from harness.records import Annotation, Record
from harness.resampling import bca, jackknife_weights, unit_weights
from harness.schemes import Axis
from harness.schemes.scheme_files import FEATURE_LABEL

FEATURE_ABSENT = "no"
"""Label of a claim that an annotator labeled without marking the feature."""
GivenLabel = tuple[str, str, str]
"""Claim id, annotator, label."""

RESAMPLES = 1000
"""Bootstrap resamples of an interval."""
SEED = 13
"""Random seed of the bootstrap; fixed, so that the same labels always give the same interval."""
INTERVAL_METHOD = f"{RESAMPLES:,} resamples of articles, seed {SEED}, BCa"
"""How an interval is made."""
ROUGH_ARTICLES = 10
"""Number of articles below which a note calls the interval rough."""


class AgreementValue(Record):
    """One measure of agreement with its 95 percent interval; `reason` explains every None."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    """Claims with at least two labels."""
    reason: str | None = None
    """Reason for an undefined value or a missing interval."""
    note: str | None = None
    """Caveats for the reader, joined by semicolons."""


@displayed
class AxisAgreement(NamedTuple):
    """The agreement of the annotators on one axis."""

    name: str
    """Name of the axis; `scheme/axis` if two schemes have an axis of that name."""
    measures: Mapping[str, AgreementValue]
    labels: tuple[str, ...]
    annotators: tuple[str, ...]
    counts: Codes
    """Number of claims by annotator and label, shape (n_annotators, n_labels)."""
    confusion: Codes | None
    """For two annotators: number of claims by the first one's label (row) and the second one's (column), shape
    (n_labels, n_labels); only claims that both labeled count. None for more than two annotators."""
    twice: int = 0
    """Number of labels that were ignored because the same annotator gave the claim a later one."""


@displayed
@dataclass(frozen=True)
class Agreement:
    """The agreement of a dataset's annotators on each axis."""

    dataset: str
    axes: tuple[AxisAgreement, ...]
    alone: Mapping[str, str]
    """Axis to its annotator, for axes with only one annotator and therefore no agreement."""

    def __len__(self) -> int:
        return len(self.axes)

    def interval_line(self) -> str:
        """How the intervals were made; empty if no measure has one."""
        has_interval = any(value.low is not None for axis in self.axes for value in axis.measures.values())
        return f"[95% confidence interval]: {INTERVAL_METHOD}" if has_interval else ""

    def document(self) -> dict[str, Any]:
        """The JSON document that `harness agreement --json` prints; `reason` and `note` only if they are set."""
        return {
            "axes": {
                axis.name: {name: _value_document(value) for name, value in axis.measures.items()} for axis in self.axes
            }
        }


def _value_document(value: AgreementValue) -> dict[str, Any]:
    optional = ("reason", "note")
    return {key: field for key, field in value.model_dump().items() if field is not None or key not in optional}


def agreement(dataset: str | Path, *, root: str | Path | None = None) -> Agreement:
    """Measure the agreement of a dataset's annotators, on every axis with at least two of them.

    Active labels of current claims count; suggestions and adjudications do not. On a feature, an annotator who labeled
    a claim without marking the feature counts as having said no. The dataset does not need its text.

    Args:
        dataset: a folder, or a dataset name as in `open_dataset`.
        root: the folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset does not exist or is invalid.
    """
    return agreement_of(open_dataset(dataset, root))


def agreement_of(opened: Dataset) -> Agreement:
    """Measure the agreement of a dataset that is already open; see `agreement`."""
    article_of = {claim.claim_id: claim.article_id for claim in opened.current}
    results: dict[tuple[str, str], AxisAgreement] = {}
    alone: dict[str, str] = {}
    for (scheme, axis), given_labels in _labels_by_axis(opened).items():
        annotators = sorted({annotator for _, annotator, _ in given_labels})
        if len(annotators) < 2:
            alone[f"{scheme}/{axis.name}"] = annotators[0]
            continue
        labels = (FEATURE_ABSENT, FEATURE_LABEL) if axis.feature else axis.label_names
        results[scheme, axis.name] = axis_agreement(axis.name, given_labels, labels, article_of)
    names = [name for _, name in results]
    axes = tuple(
        result._replace(name=name if names.count(name) == 1 else f"{scheme}/{name}")
        for (scheme, name), result in results.items()
    )
    return Agreement(opened.info.name, axes, alone)


def _labels_by_axis(dataset: Dataset) -> dict[tuple[str, Axis], list[GivenLabel]]:
    """The labels on each axis that has any, by scheme and axis, in the order of schemes and axes."""
    by_scheme: dict[str, list[Annotation]] = defaultdict(list)
    current = {claim.claim_id for claim in dataset.current}
    for annotation in active_annotations(dataset.annotations):
        if annotation.role == "label" and annotation.claim_id in current:
            by_scheme[annotation.scheme].append(annotation)
    by_axis: dict[tuple[str, Axis], list[GivenLabel]] = {}
    for scheme, scheme_annotations in by_scheme.items():
        by_axis_name: dict[str, list[GivenLabel]] = defaultdict(list)
        for annotation in scheme_annotations:
            by_axis_name[annotation.axis].append((annotation.claim_id, annotation.annotator, annotation.label))
        # A dict, as a set of its keys: its order is that of the log, the same in every process.
        labeled = dict.fromkeys((annotation.claim_id, annotation.annotator) for annotation in scheme_annotations)
        for axis in find_scheme(dataset.folder, scheme).axes:
            # Features are only ever marked: who labeled the claim on any axis and did not mark it said no.
            if axis.feature and axis.name in by_axis_name:
                marked = {(claim, annotator) for claim, annotator, _ in by_axis_name[axis.name]}
                by_axis_name[axis.name] += [(*pair, FEATURE_ABSENT) for pair in labeled if pair not in marked]
            if axis.name in by_axis_name:
                by_axis[scheme, axis] = by_axis_name[axis.name]
    return by_axis


def axis_agreement(
    name: str,
    given_labels: Iterable[GivenLabel],
    labels: Sequence[str],
    article_of: Mapping[str, str],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> AxisAgreement:
    """Measure the agreement of annotators on one axis.

    Args:
        name: the name of the axis.
        given_labels: (claim, annotator, label); the later of two labels by one annotator on one claim counts.
        labels: the labels that the annotators could choose from.
        article_of: claim to article, the resampling unit of the intervals.
        resamples: the number of bootstrap resamples.
        seed: the random seed of the bootstrap.
    """
    given_labels = list(given_labels)
    last_label = {(claim, annotator): label for claim, annotator, label in given_labels}
    row_of = {claim: row for row, claim in enumerate(dict.fromkeys(claim for claim, _ in last_label))}
    annotators = sorted({annotator for _, annotator in last_label})
    column_of = {annotator: column for column, annotator in enumerate(annotators)}
    code_of = {label: code for code, label in enumerate(labels)}
    codes = np.full((len(row_of), len(annotators)), -1, dtype=np.int16)
    for (claim, annotator), label in last_label.items():
        codes[row_of[claim], column_of[annotator]] = code_of[label]
    units = np.unique([article_of[claim] for claim in row_of], return_inverse=True)[1].astype(np.int64)
    ratings = Ratings(tuple(labels), tuple(annotators), codes, units)
    confusion = ratings.table(0, 1).sum(axis=0).reshape(len(labels), len(labels)) if len(annotators) == 2 else None
    return AxisAgreement(
        name=name,
        measures={measure: _measure(measure, ratings, resamples, seed) for measure in MEASURES},
        labels=ratings.labels,
        annotators=ratings.annotators,
        counts=np.stack([(codes == code).sum(axis=0) for code in range(len(labels))], axis=1),
        confusion=confusion,
        twice=len(given_labels) - len(last_label),
    )


def _measure(name: str, ratings: Ratings, resamples: int, seed: int) -> AgreementValue:
    n_labels = (ratings.codes >= 0).sum(axis=1)
    n = int((n_labels >= 2).sum())
    if not n:
        return AgreementValue(value=None, n=0, reason="no claim has labels by two annotators")
    if name == "cohen_kappa" and len(ratings.annotators) > MAX_PAIRED_ANNOTATORS:
        reason = (
            f"not computed for {len(ratings.annotators)} annotators (at most {MAX_PAIRED_ANNOTATORS}), as it is a mean "
            "over their pairs; use Fleiss' kappa or Krippendorff's alpha"
        )
        return AgreementValue(value=None, n=n, reason=reason)
    measure = MEASURES[name]
    n_units = int(ratings.units.max()) + 1
    # The value itself is the measure under the weighting that counts every article once.
    value = float(measure(ratings, sums_under(np.ones((1, n_units), dtype=np.int64), ratings.units))[0])
    if np.isnan(value):
        return AgreementValue(value=None, n=n, reason=_undefined_reason(name, ratings))
    interval = _interval(measure, ratings, value, resamples, seed)
    notes = "; ".join([*_pair_notes(name, ratings), *interval.notes])
    return AgreementValue(
        value=value, low=interval.low, high=interval.high, n=n, reason=interval.reason, note=notes or None
    )


class _AgreementInterval(NamedTuple):
    """An interval, or the reason for a missing one."""

    low: float | None = None
    high: float | None = None
    reason: str | None = None
    """Reason for a missing interval."""
    notes: tuple[str, ...] = ()


def _interval(measure: Measure, ratings: Ratings, value: float, resamples: int, seed: int) -> _AgreementInterval:
    n_units = int(ratings.units.max()) + 1
    if n_units < 2:
        return _AgreementInterval(reason="no interval: one article only")

    def under(weights: StoredWeights) -> Floats:
        return measure(ratings, sums_under(weights, ratings.units))

    try:
        bootstrap = under(unit_weights(n_units, resamples, seed))
        jackknife = under(jackknife_weights(n_units, seed))
        interval = bca(value, bootstrap, jackknife)
    except Undefined as error:
        return _AgreementInterval(reason=f"no interval: {error}")
    notes = [f"only {n_units} articles, so the interval is rough"] if n_units < ROUGH_ARTICLES else []
    if interval.left_out:
        notes.append(f"{interval.left_out} of {resamples} resamples undefined")
    if interval.low == interval.high:
        notes.append("zero-width interval: every resample gives the same value")
    return _AgreementInterval(interval.low, interval.high, None, tuple(notes))


def _undefined_reason(name: str, ratings: Ratings) -> str:
    used = np.unique(ratings.codes[ratings.codes >= 0])
    if len(used) == 1:
        return f"undefined: every label is '{ratings.labels[used[0]]}', so chance agreement is 1"
    if name == "cohen_kappa":
        return "undefined: no two annotators used more than one label on the claims that both labeled"
    return "undefined: all claims with two annotators carry the same label, so chance agreement is 1"


def _pair_notes(name: str, ratings: Ratings) -> list[str]:
    if name != "cohen_kappa" or len(ratings.annotators) == 2:
        return []
    pairs = len(ratings.annotators) * (len(ratings.annotators) - 1) // 2
    return [f"mean over {pairs} pairs of annotators, without pairs that have no value"]
