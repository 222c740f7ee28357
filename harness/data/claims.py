"""The table of claims that classifiers get, and the gold that travels apart from it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes

Column = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Claims:
    """Claims as columns of equal length, one article after another, in the order of the article.

    Carries no label. All columns have shape (n_claims,).
    """

    claim_id: Column
    article_id: Column
    text: Column
    """str; the exact characters of the article."""
    position: Codes
    """Place of the claim among the claims of its article, from 0."""
    previous: Column
    """str; the claim before it in the article, empty for the first."""
    next: Column
    """str; the claim after it in the article, empty for the last."""
    title: Column
    """str or None."""
    speaker: Column
    """str or None."""
    published: Column
    """str (ISO 8601) or None."""
    topic: Column = None  # type: ignore[assignment]
    """str or None; all None if not given."""
    source: Column = None  # type: ignore[assignment]
    """str or None; who published the article. For splits: the fingerprint of a dataset does not cover it."""

    def __post_init__(self) -> None:
        for name in ("topic", "source"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(len(self.claim_id), None, dtype=object))

    def __len__(self) -> int:
        return len(self.claim_id)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Claims:
        """The claims of some rows (row numbers or a mask), with the context they had in the whole."""
        return Claims(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def article_codes(self) -> Codes:
        """Shape (n_claims,); one integer per article, from 0, in the order of first sight."""
        return codes_of(self.article_id)


@dataclass(frozen=True, eq=False)
class Gold:
    """The gold of some claims, in the claims' order."""

    labels: tuple[str, ...]
    """The task's labels; for a yes-or-no task ("no", "yes"), so the last one is the positive one."""
    codes: Codes
    """Shape (n_claims,); index into `labels`."""
    shares: npt.NDArray[np.float64] | None = None
    """Shape (n_claims, n_labels), rows summing to 1; the share of a claim's annotators who gave each label. None where
    no claim has several annotators."""

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def positive(self) -> npt.NDArray[np.bool_]:
        """Shape (n_claims,); whether the label is the last one."""
        positive: npt.NDArray[np.bool_] = self.codes == len(self.labels) - 1
        return positive

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Gold:
        """The gold of some rows."""
        return Gold(self.labels, self.codes[rows], None if self.shares is None else self.shares[rows])


def codes_of(values: Column) -> Codes:
    """One integer per distinct value, from 0, in the order of first sight; shape as given."""
    seen: dict[object, int] = {}
    return np.fromiter((seen.setdefault(value, len(seen)) for value in values), dtype=np.int64, count=len(values))
