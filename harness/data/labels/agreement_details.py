"""What stands behind the agreement on an axis: pairs of annotators, claims that split them, time, and repeats."""

from __future__ import annotations

import datetime
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Bools, Floats, Integers, safe_divide
from harness.data.labels.agreement_measures import MAX_PAIRED_ANNOTATORS, Ratings, Sums, agreement_by_claim
from harness.data.labels.agreement_values import AgreementValue, measure, measured
from harness.display import displayed

PAIR_MEASURES = ("raw_agreement", "cohen_kappa")
BLOCK_MEASURES = ("raw_agreement", "krippendorff_alpha")
BLOCKS = 4
"""Periods of time that are compared."""
CLAIMS_PER_BLOCK = 10
"""Fewest claims for a period of its own."""
FIRST, AGAIN = "first", "again"
Answer = tuple[str, str]
"""Claim and annotator."""


class Repeat(NamedTuple):
    """Two answers of one annotator to one claim."""

    claim_id: str
    annotator: str
    first: str
    again: str


class RatedClaims(NamedTuple):
    """The labels on one axis, with what tells more about them."""

    claim_ids: tuple[str, ...]
    """The rows of the ratings."""
    ratings: Ratings
    times: Mapping[Answer, datetime.datetime]
    """When the answers were given, as far as is known."""
    repeats: Sequence[Repeat]
    suggestions: Sequence[Repeat]
    """The label of each annotator beside the one that was suggested to them."""


@displayed
class PairAgreement(NamedTuple):
    """How far two annotators agree, on the claims that both labeled."""

    first: str
    second: str
    measures: Mapping[str, AgreementValue]
    """Raw agreement and Cohen's kappa."""


@displayed
class SplitClaim(NamedTuple):
    """A claim to which annotators gave different labels."""

    claim_id: str
    agreement: float
    """Share of the pairs of its labels that are equal; 0 if no two are."""
    labels: Mapping[str, str]
    """Label by annotator."""


@displayed
class Period(NamedTuple):
    """The agreement on the claims of a period; the time of a claim is that of its last label."""

    start: str
    end: str
    """First and last time, in ISO 8601."""
    measures: Mapping[str, AgreementValue]
    """Raw agreement and Krippendorff's alpha."""


@displayed
class Drift(NamedTuple):
    """The agreement over time."""

    periods: Sequence[Period]
    """From the earliest to the latest, about equal in number of claims; empty without two of ten claims."""
    change: AgreementValue | None
    """Raw agreement of the last period less that of the first."""
    reason: str | None = None
    """Why there are no periods."""


@displayed
class Consistency(NamedTuple):
    """How far an annotator agrees with their own second answers, or with what was suggested to them."""

    annotator: str
    measures: Mapping[str, AgreementValue]
    """Raw agreement and Cohen's kappa."""


@displayed
class AgreementDetails(NamedTuple):
    """What stands behind the agreement on one axis."""

    pairs: Sequence[PairAgreement]
    """All pairs of annotators; none if there are more than 20 annotators."""
    splits: Sequence[SplitClaim]
    """The claims that split the annotators, the most divided first."""
    drift: Drift
    consistency: Sequence[Consistency]
    """For each annotator who answered a claim twice."""
    suggestions: Sequence[Consistency]
    """For each annotator who was shown suggestions: their agreement with them."""

    def document(self) -> dict[str, Any]:
        """The details as `harness agreement --json` prints them."""
        change = self.drift.change
        return {
            "pairs": [
                {"annotators": [pair.first, pair.second]} | measures_document(pair.measures) for pair in self.pairs
            ],
            "splits": [split._asdict() for split in self.splits],
            "drift": {
                "periods": [
                    {"start": period.start, "end": period.end} | measures_document(period.measures)
                    for period in self.drift.periods
                ],
                "change": None if change is None else value_document(change),
            }
            | ({"reason": self.drift.reason} if self.drift.reason else {}),
            "repeats": [{"annotator": one.annotator} | measures_document(one.measures) for one in self.consistency],
            "suggestions": [{"annotator": one.annotator} | measures_document(one.measures) for one in self.suggestions],
        }


def measures_document(measures: Mapping[str, AgreementValue]) -> dict[str, Any]:
    """Returns measures as JSON documents have them."""
    return {name: value_document(value) for name, value in measures.items()}


def value_document(value: AgreementValue) -> dict[str, Any]:
    """Returns a value as JSON documents have it; `reason` and `note` only if they are set."""
    optional = ("reason", "note")
    return {key: field for key, field in value.model_dump().items() if field is not None or key not in optional}


def agreement_details(rated: RatedClaims) -> AgreementDetails:
    """Returns what stands behind the agreement on an axis."""
    return AgreementDetails(
        pairs=_pairs(rated.ratings),
        splits=_splits(rated),
        drift=_drift(rated),
        consistency=_consistency(rated, rated.repeats),
        suggestions=_consistency(rated, rated.suggestions),
    )


def parse_time(text: str) -> datetime.datetime | None:
    """Returns a time in ISO 8601, in UTC if it names no zone; None if it is none."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _pairs(ratings: Ratings) -> list[PairAgreement]:
    if len(ratings.annotators) > MAX_PAIRED_ANNOTATORS:
        return []
    pairs = []
    for columns in itertools.combinations(range(len(ratings.annotators)), 2):
        first, second = (ratings.annotators[column] for column in columns)
        both = ratings._replace(annotators=(first, second), codes=ratings.codes[:, list(columns)])
        pairs.append(PairAgreement(first, second, _measures(PAIR_MEASURES, both)))
    return pairs


def _measures(names: Sequence[str], ratings: Ratings) -> dict[str, AgreementValue]:
    """Returns measures over the claims with two labels; articles without one are no resampling units."""
    rows = np.flatnonzero(_is_paired(ratings))
    if not len(rows):
        return {name: AgreementValue(value=None, n=0, reason=f"no {ratings.item} in common") for name in names}
    selected = _select(ratings, rows)
    return {name: measure(name, selected) for name in names}


def _is_paired(ratings: Ratings) -> Bools:
    is_paired: Bools = (ratings.codes >= 0).sum(axis=1) >= 2
    return is_paired


def _select(ratings: Ratings, rows: Integers) -> Ratings:
    units = np.unique(ratings.units[rows], return_inverse=True)[1].astype(np.int64)
    return ratings._replace(codes=ratings.codes[rows], units=units)


def _splits(rated: RatedClaims) -> list[SplitClaim]:
    ratings = rated.ratings
    agreement, is_paired = agreement_by_claim(ratings.counts()).T
    rows = np.flatnonzero((is_paired > 0) & (agreement < 1))
    rows = rows[np.argsort(agreement[rows], kind="stable")]
    # Only the labels that were given: a crowd leaves most of the table empty.
    labeled_rows, columns = np.nonzero(ratings.codes >= 0)
    starts, ends = (np.searchsorted(labeled_rows, rows, side=side).tolist() for side in ("left", "right"))
    splits = []
    for row, start, end in zip(rows.tolist(), starts, ends, strict=True):
        who = columns[start:end].tolist()
        labels = {ratings.annotators[column]: ratings.labels[ratings.codes[row, column]] for column in who}
        splits.append(SplitClaim(rated.claim_ids[row], float(agreement[row]), labels))
    return splits


def _drift(rated: RatedClaims) -> Drift:
    time_of: dict[str, datetime.datetime] = {}
    for (claim, _), time in rated.times.items():
        time_of[claim] = max(time, time_of.get(claim, time))
    rows = np.array(
        [row for row in np.flatnonzero(_is_paired(rated.ratings)).tolist() if rated.claim_ids[row] in time_of],
        dtype=np.int64,
    )
    if len(rows) < 2 * CLAIMS_PER_BLOCK:
        items = f"{rated.ratings.item}s"
        needed = f"two periods of {CLAIMS_PER_BLOCK} {items} with two labels and a time"
        return Drift((), None, f"no periods: they need {needed}, and {len(rows)} {items} have them")
    times = np.array([time_of[rated.claim_ids[row]].timestamp() for row in rows.tolist()])
    starts = _starts(np.sort(times))
    if len(starts) < 2:
        if times.min() == times.max():
            return Drift((), None, "no periods: the labels have one time")
        reason = f"no periods: no time parts the {rated.ratings.item}s into two periods of {CLAIMS_PER_BLOCK}"
        return Drift((), None, f"{reason}, as labels of one time stay together")
    block_of = np.searchsorted(starts, times, side="right") - 1
    periods = []
    for block in range(len(starts)):
        members = rows[block_of == block]
        moments = sorted(time_of[rated.claim_ids[row]] for row in members.tolist())
        measures = _measures(BLOCK_MEASURES, _select(rated.ratings, members))
        periods.append(Period(moments[0].isoformat(), moments[-1].isoformat(), measures))
    ends = np.flatnonzero((block_of == 0) | (block_of == len(starts) - 1))
    return Drift(periods, _change(_select(rated.ratings, rows[ends]), block_of[ends] > 0))


def _starts(times: Floats) -> Floats:
    """Returns the first time of each period: periods of about as many claims, and enough, each.

    Labels of one time stay in one period, so that periods are cut where it is nearest to equal numbers.

    Args:
        times: times of the claims in order.
    """
    cuts = np.flatnonzero(np.diff(times) > 0) + 1
    for blocks in range(min(BLOCKS, len(times) // CLAIMS_PER_BLOCK, len(cuts) + 1), 1, -1):
        targets = len(times) * np.arange(1, blocks) / blocks
        nearest = cuts[np.abs(cuts - targets[:, np.newaxis]).argmin(axis=1)]
        if np.diff([0, *nearest, len(times)]).min() >= CLAIMS_PER_BLOCK:
            return times[[0, *nearest]]
    return times[:1]


def _change(ratings: Ratings, is_last: Bools) -> AgreementValue:
    """Returns the raw agreement of the last period less that of the first."""

    def difference(ratings: Ratings, sums: Sums) -> Floats:
        by_claim = agreement_by_claim(ratings.counts())
        totals = sums(np.hstack([by_claim * is_last[:, np.newaxis], by_claim * ~is_last[:, np.newaxis]]))
        return safe_divide(totals[:, 0], totals[:, 1]) - safe_divide(totals[:, 2], totals[:, 3])

    return measured(difference, ratings, len(is_last))


def _consistency(rated: RatedClaims, pairs: Sequence[Repeat]) -> list[Consistency]:
    """Returns the agreement of each annotator with their second answers, or with what was suggested to them."""
    row_of = {claim: row for row, claim in enumerate(rated.claim_ids)}
    code_of = {label: code for code, label in enumerate(rated.ratings.labels)}
    by_annotator: dict[str, list[Repeat]] = defaultdict(list)
    for repeat in pairs:
        by_annotator[repeat.annotator].append(repeat)
    results = []
    for annotator, repeats in sorted(by_annotator.items()):
        codes = np.array([(code_of[one.first], code_of[one.again]) for one in repeats], dtype=np.int16)
        units = rated.ratings.units[[row_of[one.claim_id] for one in repeats]]
        answers = rated.ratings._replace(annotators=(FIRST, AGAIN), codes=codes, units=units)
        results.append(Consistency(annotator, _measures(PAIR_MEASURES, answers)))
    return results
