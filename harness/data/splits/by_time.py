"""Splits claims by time: training on articles published before a cut, testing on articles from the cut on."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.data.claims import Claims
from harness.data.splits.folds import Fold
from harness.errors import HarnessError

Moments = npt.NDArray[np.datetime64]
"""Moments in UTC, to the second."""

_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


class Period(NamedTuple):
    """The time that a date covers: a year, a month, a day, or a moment; in UTC, to the second."""

    begins: np.datetime64
    ends: np.datetime64
    """First moment after the period; for a single moment, the moment itself."""


def period(date: str) -> Period | None:
    """The period of an ISO 8601 date or time; None for other texts. A time without a zone is read as UTC."""
    try:
        if _DATE.fullmatch(date):
            day = np.datetime64(date)
            return Period(day.astype("datetime64[s]"), (day + 1).astype("datetime64[s]"))
        moment = datetime.fromisoformat(date)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    second = np.datetime64(moment, "s")
    return Period(second, second)


def by_time(claims: Claims, *, test_from: str | None = None, test_share: float | None = None) -> Fold:
    """Make one fold: articles published before the cut are for training, those from the cut on for testing.

    All claims of an article are on the same side. An article with claims of several dates counts with the latest one,
    so that the training data contain nothing from after the cut.

    Args:
        claims: claims that all have a date.
        test_from: the cut, an ISO 8601 date or time: the first moment of the test data.
        test_share: used if `test_from` is None: share of the claims for testing, in (0, 1). The cut is the one that
            comes closest to it.
    Raises: HarnessError: claims have no readable date, have dates too imprecise to lie on one side of the cut, or are
        all on one side; the message counts them.
    """
    codes = claims.article_codes()
    begins, ends = _article_periods(claims)
    sizes = np.bincount(codes)
    cut = _cut_by_share(begins, ends, sizes, test_share or 0.0) if test_from is None else _parse_cut(test_from)
    in_test = begins >= cut
    spans_cut = ~in_test & (ends > cut)
    if spans_cut.any():
        example = claims.article_id[np.flatnonzero(spans_cut[codes])[0]]
        raise HarnessError(
            f"split: by_time: {int(sizes[spans_cut].sum())} claims of {int(spans_cut.sum())} articles have dates too "
            f"imprecise to lie on one side of {_format(cut)} (for example article '{example}'); move the cut to the "
            "start of a month or year"
        )
    if in_test.all() or not in_test.any():
        side = "on or after" if in_test.all() else "before"
        raise HarnessError(
            f"split: by_time: all {len(claims)} claims are dated {side} {_format(cut)}; their dates are "
            f"{_format(begins.min())} to {_format(begins.max())}"
        )
    return Fold(f"from {_format(cut)}", np.flatnonzero(~in_test[codes]), np.flatnonzero(in_test[codes]))


def _parse_cut(date: str) -> np.datetime64:
    cut = period(date)
    if cut is None:
        raise HarnessError(f"split: test_from: expected an ISO 8601 date such as 2024-01-31, got '{date}'")
    return cut.begins


def _article_periods(claims: Claims) -> tuple[Moments, Moments]:
    """The latest beginning and the latest end of the periods of each article's claims, by article code."""
    periods = {date: period(date) for date in set(claims.published) if date}
    undated = np.array([not date for date in claims.published], dtype=bool)
    unreadable = np.array([bool(date) and periods[date] is None for date in claims.published], dtype=bool)
    for rows, problem in ((undated, "have no date"), (unreadable, "have a date that is not ISO 8601")):
        if rows.any():
            row = np.flatnonzero(rows)[0]
            date = f" with date '{claims.published[row]}'" if claims.published[row] else ""
            raise HarnessError(
                f"split: by_time: {int(rows.sum())} of {len(claims)} claims {problem} (for example "
                f"'{claims.claim_id[row]}'{date}); set `published` of their articles or `date` of the claims"
            )
    codes = claims.article_codes()
    moments = np.array([periods[date] for date in claims.published], dtype="datetime64[s]").reshape(-1, 2)
    # The initial value is before every date; the smallest integer of all would be NaT, which maximum keeps.
    latest = np.full((int(codes.max(initial=-1)) + 1, 2), np.datetime64(-(2**62), "s"))
    np.maximum.at(latest, codes, moments)
    return latest[:, 0], latest[:, 1]


def _cut_by_share(begins: Moments, ends: Moments, sizes: npt.NDArray[np.int64], share: float) -> np.datetime64:
    """The cut that brings the share of test claims closest to `share`.

    Candidates are the beginnings of the articles' periods that lie inside no other article's period.

    Args:
        begins, ends: the period of each article, shape (n_articles,).
        sizes: number of claims of each article, shape (n_articles,).
        share: in (0, 1).
    """
    order = np.argsort(begins, kind="stable")
    starts, first = np.unique(begins[order], return_index=True)
    # The first start is not a candidate, because nothing lies before it. For the others, `first - 1` is the last
    # article before the cut: up to it, count the claims and take the latest end, which must not lie after the cut.
    n_before = np.cumsum(sizes[order])[first[1:] - 1]
    is_clear = np.maximum.accumulate(ends[order])[first[1:] - 1] <= starts[1:]
    if not is_clear.any():
        raise HarnessError(
            "split: by_time: no cut separates the articles, because they all have the same date or their dates are too "
            "imprecise; set test_from"
        )
    test_shares = 1 - n_before / sizes.sum()
    best: np.datetime64 = starts[1:][is_clear][np.argmin(np.abs(test_shares[is_clear] - share))]
    return best


def _format(moment: np.datetime64) -> str:
    return str(moment).removesuffix("T00:00:00")
