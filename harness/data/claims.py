"""The table of claims that classifiers receive, and their gold labels, which are kept separate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes
from harness.display import displayed, html_rows

Column = npt.NDArray[np.object_]


class ShownPassage(NamedTuple):
    """One passage that a classifier is shown with a claim."""

    passage_id: str
    text: str
    score: float | None = None
    """Score of the retriever that found it; None for gold evidence."""


def _absent() -> Any:
    """The default of a column, which a table replaces once it knows its length."""
    return None


@dataclass(frozen=True, eq=False)
class Claims:
    """Claims as columns of equal length, grouped by article and in the order of the article.

    Has no labels. All columns have shape (n_claims,).
    """

    claim_id: Column
    article_id: Column
    text: Column
    """str; exact characters of the article."""
    position: Codes
    """Index of the claim among the claims of its article, from 0."""
    previous: Column
    """str; previous claim of the article, empty for the first."""
    next: Column
    """str; next claim of the article, empty for the last."""
    title: Column
    """str or None."""
    speaker: Column
    """str or None."""
    published: Column
    """str (ISO 8601) or None."""
    topic: Column = field(default_factory=_absent)
    """str or None; defaults to all None."""
    source: Column = field(default_factory=_absent)
    """str or None; publisher of the article. Used by splits only: the fingerprint of a dataset does not cover it."""
    statement: Column = field(default_factory=_absent)
    """str or None; the claim in words that stand alone, which retrieval may look for. Defaults to all None."""
    evidence: Column = field(default_factory=_absent)
    """Tuples of `ShownPassage`, best first; empty where nothing is shown. Defaults to all empty. The fingerprint of a
    dataset does not cover it: the id of a unit does."""

    def __post_init__(self) -> None:
        for name in ("topic", "source", "statement"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, constant_column(None, len(self.claim_id)))
        if self.evidence is None:
            object.__setattr__(self, "evidence", constant_column((), len(self.claim_id)))

    def __len__(self) -> int:
        return len(self.claim_id)

    def __repr__(self) -> str:
        return f"Claims(<{len(self):,} claims in {len(set(self.article_id)):,} articles>)"

    def _repr_html_(self) -> str:
        columns = {name: getattr(self, name).tolist() for name in COLUMNS}
        return html_rows(
            [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], repr(self)
        )

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Claims:
        """Returns the claims of some rows (indices or a mask); `previous`, `next` and `position` stay unchanged.

        A column is taken when it is looked at, because few classifiers look at all.
        """
        taken = object.__new__(Claims)
        taken.__dict__["_taken_from"] = (self, np.array(rows))  # a copy: the caller may change them
        return taken

    if not TYPE_CHECKING:  # all columns are declared above

        def __getattr__(self, name: str) -> Column:
            if name not in COLUMNS or "_taken_from" not in self.__dict__:
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            claims, rows = self.__dict__["_taken_from"]
            column = self.__dict__[name] = getattr(claims, name)[rows]
            return column

    def __reduce__(self) -> tuple[type[Claims], tuple[Any, ...]]:
        """Pickles the columns of these rows alone."""
        return Claims, tuple(getattr(self, name) for name in COLUMNS)

    def article_codes(self) -> Codes:
        """Returns the article of each claim as an integer: shape (n_claims,), from 0 in order of first appearance."""
        return codes_of(self.article_id)


COLUMNS = tuple(column.name for column in fields(Claims))
"""Names of the columns of claims, in their order."""


@displayed
@dataclass(frozen=True, eq=False)
class Gold:
    """The gold labels of claims, in the order of the claims."""

    labels: tuple[str, ...]
    """Labels of the task; ("no", "yes") for a yes-or-no task, so that the last one is positive."""
    codes: Codes
    """Shape (n_claims,); index into `labels`."""
    shares: npt.NDArray[np.float64] | None = None
    """Shape (n_claims, n_labels), rows sum to 1; share of a claim's annotators who gave each label. None if each claim
    has one annotator."""
    own_names: tuple[str, ...] | None = None
    """What the scheme calls each label, for tables and messages; None if that is `labels`."""

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the labels in tables and messages, in the order of `labels`."""
        return self.own_names or self.labels

    @property
    def positive(self) -> npt.NDArray[np.bool_]:
        """Whether the label is the last one; shape (n_claims,)."""
        positive: npt.NDArray[np.bool_] = self.codes == len(self.labels) - 1
        return positive

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Gold:
        """Returns the gold of some rows (indices or a mask)."""
        shares = None if self.shares is None else self.shares[rows]
        return Gold(self.labels, self.codes[rows], shares, self.own_names)


def no_evidence(n_claims: int) -> Column:
    """Returns an evidence column that shows nothing, to be filled; shape (n_claims,)."""
    return constant_column((), n_claims).copy()


def constant_column(value: object, n_claims: int) -> Column:
    """Returns a read-only column of the same value, which is in memory once; shape (n_claims,)."""
    single = np.empty((), dtype=object)
    single[()] = value
    return np.broadcast_to(single, n_claims)


def codes_of(values: Column | Sequence[object]) -> Codes:
    """Returns an integer per distinct value, from 0 in order of first appearance; same shape as `values`."""
    code_of: defaultdict[object, int] = defaultdict(count().__next__)
    return np.fromiter(map(code_of.__getitem__, values), dtype=np.int64, count=len(values))
