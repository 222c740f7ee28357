"""A split by time: trained on what was published before a moment, tested on what came after."""

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

_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


class Period(NamedTuple):
    """The time that a date covers: a year, a month, a day, or one moment; in UTC, to the second."""

    begins: np.datetime64
    ends: np.datetime64
    """The first moment after it; for a moment, itself."""


def period(date: str) -> Period | None:
    """The period of an ISO 8601 date or time; None where it is none. A time without a zone is taken as UTC."""
    try:
        if _DATE.fullmatch(date):
            day = np.datetime64(date)
            return Period(day.astype("datetime64[s]"), (day + 1).astype("datetime64[s]"))
        moment = datetime.fromisoformat(date)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    at = np.datetime64(moment, "s")
    return Period(at, at)


def by_time(claims: Claims, *, test_from: str | None = None, test_share: float | None = None) -> Fold:
    """One fold: articles published before the cut are trained on, those from the cut on are tested on.

    An article stays whole. One with claims of several dates goes by the latest, so that nothing from after the cut is
    trained on.

    Args:
        claims: all with a date.
        test_from: an ISO 8601 date or time, the first that is tested on.
        test_share: instead: in (0, 1); the cut that comes closest to this share of the claims.
    Raises: HarnessError: claims without a readable date, or dated so roughly that they lie on both sides; the message
        counts them.
    """
    codes = claims.article_codes()
    begins, ends = _article_periods(claims)
    sizes = np.bincount(codes)
    chosen = _chosen_cut(begins, ends, sizes, test_share or 0.0) if test_from is None else _cut(test_from)
    tested = begins >= chosen
    across = ~tested & (ends > chosen)
    if across.any():
        first = claims.article_id[np.flatnonzero(across[codes])[0]]
        raise HarnessError(
            f"split: by_time: {int(sizes[across].sum())} claims of {int(across.sum())} articles are dated so roughly "
            f"that they may lie on either side of {_shown(chosen)} ('{first}' for one); cut at the start of a month"
        )
    if tested.all() or not tested.any():
        side = "from" if tested.all() else "before"
        raise HarnessError(
            f"split: by_time: all {len(claims)} claims are {side} {_shown(chosen)}; they are dated "
            f"{_shown(begins.min())} to {_shown(begins.max())}"
        )
    return Fold(f"from {_shown(chosen)}", np.flatnonzero(~tested[codes]), np.flatnonzero(tested[codes]))


def _cut(date: str) -> np.datetime64:
    found = period(date)
    if found is None:
        raise HarnessError(f"split: test_from: expected an ISO 8601 date such as 2024-01-31, got '{date}'")
    return found.begins


def _article_periods(claims: Claims) -> tuple[Moments, Moments]:
    """The latest beginning and the latest end of each article's claims, by article code."""
    known = {date: period(date) for date in set(claims.published) if date}
    undated = np.array([not date for date in claims.published], dtype=bool)
    unreadable = np.array([bool(date) and known[date] is None for date in claims.published], dtype=bool)
    for wrong, what in ((undated, "have no date"), (unreadable, "have a date that is not ISO 8601")):
        if wrong.any():
            row = np.flatnonzero(wrong)[0]
            example = f"'{claims.claim_id[row]}'" + (
                f" with '{claims.published[row]}'" if claims.published[row] else ""
            )
            raise HarnessError(
                f"split: by_time: {int(wrong.sum())} of {len(claims)} claims {what} ({example} for one); fill in "
                "`published` of their articles or `date` of the claims"
            )
    codes = claims.article_codes()
    moments = np.array([known[date] for date in claims.published], dtype="datetime64[s]").reshape(-1, 2)
    latest = np.full((int(codes.max(initial=-1)) + 1, 2), np.datetime64(-(2**62), "s"))
    np.maximum.at(latest, codes, moments)
    return latest[:, 0], latest[:, 1]


def _chosen_cut(begins: Moments, ends: Moments, sizes: npt.NDArray[np.int64], share: float) -> np.datetime64:
    """The beginning of an article, with no other across it, that brings the share tested closest to the one asked."""
    order = np.argsort(begins, kind="stable")
    starts, first = np.unique(begins[order], return_index=True)
    before = np.cumsum(sizes[order])[first[1:] - 1]
    clear = np.maximum.accumulate(ends[order])[first[1:] - 1] <= starts[1:]
    if not clear.any():
        raise HarnessError(
            "split: by_time: no moment parts the articles, as all are of one date or are dated too roughly; name a cut"
        )
    tested = 1 - before / sizes.sum()
    best: np.datetime64 = starts[1:][clear][np.argmin(np.abs(tested[clear] - share))]
    return best


def _shown(moment: np.datetime64) -> str:
    return str(moment).removesuffix("T00:00:00")
