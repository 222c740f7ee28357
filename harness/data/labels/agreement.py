"""Agreement of the annotators of a dataset. It describes annotators, not systems, so it is not among the metrics."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.dataset import Dataset
from harness.data.labels.agreement_details import (
    AgreementDetails,
    Answer,
    RatedClaims,
    Repeat,
    agreement_details,
    measures_document,
    parse_time,
)
from harness.data.labels.agreement_measures import MEASURES, Ratings
from harness.data.labels.agreement_values import RESAMPLES, SEED, AgreementValue, interval_method, measure
from harness.data.labels.gold import active_annotations
from harness.data.labels.rating_tables import RatingOptions, RatingTable, is_rating_file, rating_options, read_ratings
from harness.data.load import find_scheme, open_dataset
from harness.display import displayed
from harness.errors import HarnessError
from harness.records import Annotation
from harness.schemes import Axis
from harness.schemes.scheme_files import FEATURE_LABEL

FEATURE_ABSENT = "no"
"""Label of a claim that an annotator labeled without marking the feature."""
GivenLabel = tuple[str, str, str]
"""Claim id, annotator, label."""
DETAILS = ("pairs", "splits", "drift", "repeats", "suggestions")
"""Keys of the details in the JSON document."""


class Nouns(NamedTuple):
    """What messages call what is resampled, and what is labeled."""

    unit: str = "article"
    item: str = "claim"


OF_DATASET = Nouns()


class AnswerLog(NamedTuple):
    """What is known of the answers on an axis beside the labels."""

    times: Mapping[Answer, datetime.datetime]
    repeats: Sequence[Repeat] = ()
    """Answers to claims that were asked again."""
    suggestions: Sequence[Repeat] = ()
    """Labels beside those that were suggested before."""


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
    details: AgreementDetails | None = None
    """Pairs, claims that split the annotators, drift and repeats; None where only the measures were asked for."""


@displayed
@dataclass(frozen=True)
class Agreement:
    """The agreement of a dataset's annotators on each axis."""

    dataset: str
    axes: tuple[AxisAgreement, ...]
    alone: Mapping[str, str]
    """Axis to its annotator, for axes with only one annotator and therefore no agreement."""
    unit: str = "articles"
    """What is resampled for the intervals."""
    item: str = "claim"
    """What is labeled: a claim of a dataset, or an item of a file."""
    notes: tuple[str, ...] = ()
    """How a file was read, where the user should know."""

    def __len__(self) -> int:
        return len(self.axes)

    def interval_line(self) -> str:
        """How the intervals were made; empty if no measure has one."""
        has_interval = any(value.low is not None for axis in self.axes for value in axis.measures.values())
        return f"[95% confidence interval]: {interval_method(self.unit)}" if has_interval else ""

    def document(self) -> dict[str, Any]:
        """The JSON document that `harness agreement --json` prints; `reason` and `note` only if they are set."""
        details = {axis.name: axis.details.document() for axis in self.axes if axis.details is not None}
        return {
            "axes": {axis.name: measures_document(axis.measures) for axis in self.axes},
            **{key: {name: one[key] for name, one in details.items()} for key in DETAILS},
        }


def agreement(
    dataset: str | Path,
    *,
    root: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    annotators: str | Sequence[str] = (),
    labels: str | Sequence[str] = (),
    header: bool = True,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Agreement:
    """Measure the agreement of the annotators of a dataset or of a file of ratings, on every axis with two of them.

    Active labels of current claims count; suggestions and adjudications do not. On a feature, an annotator who labeled
    a claim without marking the feature counts as having said no. The dataset does not need its text.

    Args:
        dataset: a folder, or a dataset name as in `open_dataset`; or a file of ratings (.csv, .tsv, .txt, .xlsx,
            .jsonl) with one rating or one item a row.
        root: the folder of fetched benchmarks; see `data_root`.
        columns: of a file: column by field (item, annotator, label, at, article); default: by the usual names.
        annotators: of a file with one item a row: columns of the annotators; default: all that hold nothing else.
        labels: of a file: labels that the annotators could choose; default: those that the file has.
        header: of a file: whether the first row names the columns; otherwise they are called 1, 2, 3, ...
        delimiter, encoding, sheet: of a file: how to read it; default: detected, and the first sheet.
    Raises: HarnessError: the dataset does not exist or is invalid. FaultsError: all faults of the file.
    """
    options = rating_options(
        columns=columns,
        annotators=annotators,
        labels=labels,
        header=header,
        delimiter=delimiter,
        encoding=encoding,
        sheet=sheet,
    )
    if is_rating_file(dataset):
        return _agreement_of_table(read_ratings(dataset, options), str(dataset))
    if options != RatingOptions():
        raise HarnessError(f"'{dataset}' is no file: columns, labels and delimiter are options of a file of ratings")
    return agreement_of(open_dataset(dataset, root), details=True)


def _agreement_of_table(table: RatingTable, name: str) -> Agreement:
    """Measure the agreement of the annotators of a table."""
    annotators = sorted({annotator for _, annotator, _ in table.ratings})
    times = {answer: time for answer, text in table.times.items() if (time := parse_time(text)) is not None}
    is_repeated = len({rating[:2] for rating in table.ratings}) < len(table.ratings)
    if len(annotators) < 2 and not is_repeated:
        return Agreement(name, (), {"label": annotators[0]}, f"{table.unit}s", "item", table.notes)
    nouns = Nouns(table.unit, "item")
    axis = axis_agreement("label", table.ratings, table.labels, table.article_of, log=AnswerLog(times), nouns=nouns)
    notes = list(table.notes)
    if len(times) < len(table.times):
        notes.append(f"{name}: {len(table.times) - len(times):,} times are not in ISO 8601 and do not count")
    return Agreement(name, (axis,), {}, f"{table.unit}s", "item", tuple(notes))


def agreement_of(opened: Dataset, *, details: bool = False) -> Agreement:
    """Measure the agreement of a dataset that is already open; see `agreement`.

    Args:
        opened: the dataset.
        details: whether to measure pairs, claims that split the annotators, drift and repeats too.
    """
    article_of = {claim.claim_id: claim.article_id for claim in opened.current}
    results: dict[tuple[str, str], AxisAgreement] = {}
    alone: dict[str, str] = {}
    for (scheme, axis), given_labels in _labels_by_axis(opened).items():
        log = _answer_log(opened, scheme, axis.name)
        if axis.feature:
            log = log._replace(repeats=_feature_repeats(opened, scheme, axis.name))
        annotators = sorted({annotator for _, annotator, _ in given_labels})
        if len(annotators) < 2 and not log.repeats:
            alone[f"{scheme}/{axis.name}"] = annotators[0]
            continue
        labels = (FEATURE_ABSENT, FEATURE_LABEL) if axis.feature else axis.label_names
        results[scheme, axis.name] = axis_agreement(
            axis.name, given_labels, labels, article_of, log=log if details else None
        )
    names = [name for _, name in results]
    axes = tuple(
        result._replace(name=name if names.count(name) == 1 else f"{scheme}/{name}")
        for (scheme, name), result in results.items()
    )
    return Agreement(opened.info.name, axes, alone)


def _answer_log(dataset: Dataset, scheme: str, axis: str) -> AnswerLog:
    """When answers were given, which were given again to a claim that was asked twice, and what was suggested."""
    current = {claim.claim_id for claim in dataset.current}
    on_axis = [a for a in dataset.annotations if (a.scheme, a.axis) == (scheme, axis) and a.claim_id in current]
    standing = {(a.claim_id, a.annotator): a for a in active_annotations(on_axis) if a.role == "label"}
    parsed = {answer: parse_time(a.at) for answer, a in standing.items() if a.at is not None}
    gone = {a.withdraws for a in on_axis} | {a.supersedes for a in on_axis}
    repeats, suggestions = (
        [
            Repeat(a.claim_id, a.annotator, standing[a.claim_id, a.annotator].label, a.label)
            for a in on_axis
            if a.role == role and a.annotation_id not in gone and (a.claim_id, a.annotator) in standing
        ]
        for role in ("repeat", "suggest")
    )
    return AnswerLog({answer: time for answer, time in parsed.items() if time is not None}, repeats, suggestions)


def _feature_repeats(dataset: Dataset, scheme: str, feature: str) -> list[Repeat]:
    """Whether claims that were asked twice were marked each time; no mark is an answer, as everywhere.

    Only of annotators who marked any feature where they were asked again: others may not have been shown the features.
    """
    current = {claim.claim_id for claim in dataset.current}
    features = {axis.name for axis in find_scheme(dataset.folder, scheme).axes if axis.feature}
    in_scheme = [a for a in dataset.annotations if a.scheme == scheme and a.claim_id in current]
    answers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    marks: dict[str, set[tuple[str, str]]] = defaultdict(set)
    marking = set[str]()
    for a in active_annotations(in_scheme, ("label", "repeat")):
        answers[a.role].add((a.claim_id, a.annotator))
        if a.axis == feature:
            marks[a.role].add((a.claim_id, a.annotator))
        if a.role == "repeat" and a.axis in features:
            marking.add(a.annotator)
    word = {True: FEATURE_LABEL, False: FEATURE_ABSENT}
    return [
        Repeat(*answer, word[answer in marks["label"]], word[answer in marks["repeat"]])
        for answer in sorted(answers["repeat"] & answers["label"])
        if answer[1] in marking
    ]


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
    log: AnswerLog | None = None,
    nouns: Nouns = OF_DATASET,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> AxisAgreement:
    """Measure the agreement of annotators on one axis.

    Args:
        name: the name of the axis.
        given_labels: (claim, annotator, label); the later of two labels by one annotator on one claim counts.
        labels: the labels that the annotators could choose from.
        article_of: claim to article, the resampling unit of the intervals.
        log: times and repeats of the answers; None: the details are not measured.
        nouns: what messages call articles and claims.
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
    ratings = Ratings(tuple(labels), tuple(annotators), codes, units, *nouns)
    confusion = ratings.table(0, 1).sum(axis=0).reshape(len(labels), len(labels)) if len(annotators) == 2 else None
    return AxisAgreement(
        name=name,
        measures={name: measure(name, ratings, resamples, seed) for name in MEASURES},
        labels=ratings.labels,
        annotators=ratings.annotators,
        counts=np.stack([(codes == code).sum(axis=0) for code in range(len(labels))], axis=1),
        confusion=confusion,
        twice=len(given_labels) - len(last_label),
        details=None
        if log is None
        else agreement_details(
            RatedClaims(tuple(row_of), ratings, log.times, [*log.repeats, *_given_twice(given_labels)], log.suggestions)
        ),
    )


def _given_twice(given_labels: Iterable[GivenLabel]) -> list[Repeat]:
    """Each label beside the one that the same annotator gave the claim before."""
    last_label: dict[tuple[str, str], str] = {}
    repeats = []
    for claim, annotator, label in given_labels:
        if (claim, annotator) in last_label:
            repeats.append(Repeat(claim, annotator, last_label[claim, annotator], label))
        last_label[claim, annotator] = label
    return repeats
