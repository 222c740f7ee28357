"""Which claims the error browser shows: all, or those on which systems disagree or err most, as many as fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.report.browser_data import browser_data, compress_json
from harness.report.report_data import ReportData, first_seed_column

ALL_CLAIMS = 10_000
"""Number of claims up to which the error browser shows all, however large the page."""
TRIAL = 2_000
"""Number of claims of a page with more from which the size of a claim is estimated."""
MAX_BYTES = 3_500_000
"""Size of the data of a page with more claims, so that the whole page stays under 4 MB."""


class BrowsedClaims(NamedTuple):
    """The claims of an error browser."""

    shown: int
    """Number of claims."""
    encoded: str
    """Their data, see `compress_json`."""


def browsed_claims(data: ReportData, most: int | None = None) -> BrowsedClaims:
    """Encodes the claims that the error browser shows, in the order of the articles.

    Args:
        data: the data of the report.
        most: maximum number of claims; None: all of at most `ALL_CLAIMS`, else as many as fit into `MAX_BYTES`.
    """
    n = len(data.claim_ids)
    if n <= (ALL_CLAIMS if most is None else most):
        return BrowsedClaims(n, compress_json(browser_data(data)))
    order = by_disagreement(data)
    if most is not None:
        return _encoded(data, order[:most])
    # A first trial tells how many bytes a claim takes. The margin is for what differs between claims.
    trial = _encoded(data, order[: min(TRIAL, ALL_CLAIMS)])
    browsed = _encoded(data, order[: int(0.95 * trial.shown * MAX_BYTES / len(trial.encoded))])
    while len(browsed.encoded) > MAX_BYTES:
        browsed = _encoded(data, order[: int(0.9 * browsed.shown)])
    return browsed


def by_disagreement(data: ReportData) -> Codes:
    """Returns the rows of the claims: by the number of different labels that systems give, then by the number of
    systems that are wrong, highest first; shape (n_claims,)."""
    labels = data.table.gold.labels if not data.ranks_passages else ()
    code: dict[str | None, int] = {label: number for number, label in enumerate(labels)}

    def codes(subject: int, name: str) -> Codes:
        column = first_seed_column(data.subjects[subject].entry, name)
        return np.fromiter((code.get(label, -1) for label in column), dtype=np.int64, count=len(column))

    if not labels:
        return np.arange(len(data.claim_ids))
    gold = codes(0, "gold")
    predicted = np.stack([codes(number, "predicted") for number in range(len(data.subjects))])
    ordered = np.sort(predicted, axis=0)
    n_different = 1 + np.count_nonzero(np.diff(ordered, axis=0), axis=0)
    n_wrong = np.count_nonzero((predicted != gold) & (predicted >= 0) & (gold >= 0), axis=0)
    return np.lexsort((-n_wrong, -n_different))


def _encoded(data: ReportData, rows: Codes) -> BrowsedClaims:
    """Some claims, in the order of the articles."""
    return BrowsedClaims(len(rows), compress_json(browser_data(_restricted(data, np.sort(rows)))))


def _restricted(data: ReportData, rows: Codes) -> ReportData:
    """The data with the given claims alone, of the first seed of each system."""
    subjects = []
    for subject in data.subjects:
        seeds = subject.entry.columns["random_seed"]
        of_rows = np.flatnonzero(seeds == seeds[0])[rows]
        columns = {name: column[of_rows] for name, column in subject.entry.columns.items()}
        subjects.append(subject._replace(entry=subject.entry._replace(columns=columns)))
    text_rows = None if data.text_rows is None else data.text_rows[rows]
    return data._replace(subjects=tuple(subjects), claim_ids=data.claim_ids[rows], text_rows=text_rows)
