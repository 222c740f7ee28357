"""Slices of a result: claims that share an article, a speaker, a length, or what annotators say of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Bools
from harness.data.claims import Claims, Column
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import fingerprint
from harness.metrics.intervals import Value
from harness.records import Record
from harness.schemes import Scheme
from harness.text_tables import count_of

if TYPE_CHECKING:
    from harness.runner.plan import ExperimentData

MAX_SLICES = 25
"""Maximum number of slices of one kind; the smallest others are merged into one."""
FEW_UNITS, FEW_POSITIVES = 10, 10
WORDS = (10, 20, 30)
"""Lower ends of the length slices, in words; below the first is a slice of its own."""


class SliceValues(Record):
    """Values over a slice of the claims of a result."""

    by: str
    """Kind of slice: `speaker`, `length`, an axis of a scheme."""
    of: str
    """Name of the slice within its kind."""
    n: int
    n_positive: int | None
    """Number of positive claims; None unless the task is yes-or-no."""
    n_units: int
    values: dict[str, Value]
    note: str | None = None
    """Reason why the slice is too small for a conclusion."""
    only_label: str | None = None
    """Gold label of every claim of the slice; None if there are several. Values then say how often it is given."""


class Slice(NamedTuple):
    """Some rows of a claim table."""

    by: str
    of: str
    rows: Bools
    """Shape (n_claims,)."""


def slices_of(kinds: Sequence[str], data: ExperimentData) -> list[Slice]:
    """Slices the claims of an experiment.

    Args:
        kinds: `article`, `speaker`, `topic`, `source`, `year`, `length`, `agreement`, `feature` (every feature axis),
            or an axis of any scheme of the datasets: `AXIS`, or `SCHEME.AXIS` where several schemes have an axis of
            that name and the scheme of the task is not one of them.
    Returns: slices of each kind in turn, the largest first, lengths in their order.
    Raises: HarnessError: the kind is unknown, or the data do not have it.
    """
    return [part for kind in kinds for part in _of_kind(kind, data)]


def slices_fingerprint(kinds: Sequence[str], data: ExperimentData) -> str:
    """Fingerprint of the slices, which depend on labels that the gold of the task does not contain."""
    return fingerprint([(part.by, part.of, np.flatnonzero(part.rows).tolist()) for part in slices_of(kinds, data)])


def too_small(n_units: int, n_positive: int | None, unit: str) -> str | None:
    """Note for a slice that is too small for a conclusion; None if it is large enough."""
    few = [count_of(n_units, unit)] if n_units < FEW_UNITS else []
    few += [f"{n_positive} positive"] if n_positive is not None and n_positive < FEW_POSITIVES else []
    return f"too small for a conclusion: {', '.join(few)}" if few else None


def _of_kind(kind: str, data: ExperimentData) -> list[Slice]:
    schemes = _all_schemes(data)
    axes = [(scheme.name, axis) for of_dataset in schemes for scheme in of_dataset for axis in scheme.axes]
    if kind == "feature":
        features = dict.fromkeys(axis.name for _, axis in axes if axis.feature)
        if not features:
            raise HarnessError("slices: feature: the schemes have no feature axes")
        return [part for name in features for part in _of_axis(name, data, schemes, absent="no")]
    if kind in COLUMNS:
        return _by_value(kind, COLUMNS[kind](data.claims))
    if kind == "length":
        return _by_length(data.claims)
    if kind == "agreement":
        return _by_agreement(data)
    axis_names = dict.fromkeys(axis.name for _, axis in axes)
    if kind in axis_names or kind in {f"{scheme_name}.{axis.name}" for scheme_name, axis in axes}:
        return _of_axis(kind, data, schemes)
    known = [*COLUMNS, "length", "agreement", "feature", *axis_names]
    raise UnknownName(f"slices: {unknown_name('kind of slice', kind, known)}")


def _all_schemes(data: ExperimentData) -> list[list[Scheme]]:
    """The schemes of each dataset: that of the task first, then the others."""
    return [
        [task_scheme, *(find_scheme(dataset.folder, name) for name in dataset.info.schemes if name != task_scheme.name)]
        for dataset, task_scheme in zip(data.joined.datasets, data.schemes, strict=True)
    ]


def _scheme_of(axis: str, schemes: Sequence[Scheme]) -> Scheme | None:
    """The scheme of a dataset that an axis belongs to; None if no scheme has it.

    Raises: HarnessError: several schemes have it, and the scheme of the task, the first, is not one of them.
    """
    candidates = [scheme for scheme in schemes if axis in {a.name for a in scheme.axes}]
    if len(candidates) > 1 and candidates[0] is not schemes[0]:
        names = " or ".join(f"{scheme.name}.{axis}" for scheme in candidates)
        raise HarnessError(f"slices: {axis}: several schemes have an axis of this name; write {names}")
    return candidates[0] if candidates else None


def _years(claims: Claims) -> Column:
    return np.array([None if day is None else day[:4] for day in claims.published], dtype=object)


COLUMNS: dict[str, Callable[[Claims], Column]] = {
    "article": lambda claims: claims.article_id,
    "speaker": lambda claims: claims.speaker,
    "topic": lambda claims: claims.topic,
    "source": lambda claims: claims.source,
    "year": _years,
}
"""Column that each kind of slice reads; a claim without a value is in no slice."""


def _by_value(kind: str, values: Column) -> list[Slice]:
    present = np.array([value is not None and value != "" for value in values], dtype=bool)
    if not present.any():
        raise HarnessError(f"slices: no claim has a {kind}")
    names, codes, counts = np.unique(values[present].astype(str), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    largest = order if len(order) <= MAX_SLICES else order[: MAX_SLICES - 1]
    of_row = np.full(len(values), -1, dtype=np.int64)
    of_row[present] = codes
    slices = [Slice(kind, str(names[code]), of_row == code) for code in largest]
    rest = order[len(largest) :]
    return [*slices, Slice(kind, f"{len(rest)} others", np.isin(of_row, rest))] if len(rest) else slices


def _by_length(claims: Claims) -> list[Slice]:
    words = np.array([len(text.split()) for text in claims.text], dtype=np.int64)
    bins = np.searchsorted(WORDS, words, side="right")
    ends = [f"under {WORDS[0]} words", *(f"{a} to {b - 1} words" for a, b in itertools.pairwise(WORDS))]
    names = [*ends, f"{WORDS[-1]} words or more"]
    return [Slice("length", name, bins == number) for number, name in enumerate(names) if (bins == number).any()]


def _by_agreement(data: ExperimentData) -> list[Slice]:
    shares = data.gold.gold.shares
    if shares is None:
        raise HarnessError("slices: agreement: no claim has labels of several annotators")
    unanimous = np.zeros(len(data.claims), dtype=bool)
    split = np.zeros(len(data.claims), dtype=bool)
    agreed = shares.max(axis=1) > 1 - 1e-9
    unanimous[data.gold.rows_with_gold[agreed]] = True
    split[data.gold.rows_with_gold[~agreed]] = True
    parts = [Slice("agreement", "annotators agree", unanimous), Slice("agreement", "annotators differ", split)]
    return [part for part in parts if part.rows.any()]


def _of_axis(
    kind: str, data: ExperimentData, schemes: Sequence[Sequence[Scheme]], absent: str | None = None
) -> list[Slice]:
    """Slices by the gold label of an axis.

    Args:
        kind: `AXIS` or `SCHEME.AXIS`.
        data: the data.
        schemes: schemes of each dataset.
        absent: name of the slice of claims without a label; None: they are in no slice.
    """
    scheme_name, _, axis = kind.rpartition(".")
    labels: Column = np.full(len(data.claims), absent, dtype=object)
    label_of_claim: dict[str, str] = {}
    several = len(data.joined.datasets) > 1
    for dataset, of_dataset in zip(data.joined.datasets, schemes, strict=True):
        scheme = _scheme_of(axis, [scheme for scheme in of_dataset if scheme_name in ("", scheme.name)])
        if scheme is None:
            continue
        prefix = f"{dataset.info.name}:" if several else ""
        of_axis = gold_labels(dataset.annotations, scheme.name, axis).labels
        label_of_claim |= {prefix + claim_id: label for claim_id, label in of_axis.names.items()}
    for row, claim_id in enumerate(data.claims.claim_id):
        labels[row] = label_of_claim.get(claim_id, absent)
    return _by_value(kind, labels)
