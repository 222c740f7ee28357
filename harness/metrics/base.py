"""The base class of metrics: each computes a number from gold and a run, under any weighting of resampling units."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, StoredWeights, Weights
from harness.data.claims import Gold
from harness.display import displayed
from harness.records import Record

ByWeights = Callable[[Weights | StoredWeights], Floats]
"""Values under each weighting: weights of shape (n_weightings, n_units) give values of shape (n_weightings,)."""


@displayed
@dataclass(frozen=True, eq=False)
class Run:
    """One system's output for a set of claims, in the order of the claims."""

    scores: Floats | None
    """Finite scores, shape (n_claims, n_labels); None for a system that outputs only labels."""
    predicted: Codes
    """Index into the labels of the gold, shape (n_claims,); -1 for no answer."""
    probabilities: bool = False
    """Whether the scores of each claim are probabilities over the labels."""
    random_seed: int | None = None
    """Random seed of the fits; None if they do not depend on it, or if it is unknown."""
    has_evidence: npt.NDArray[np.bool_] | None = None
    """Whether a whole gold evidence group is among the first passages shown with each claim, shape (n_claims,); True
    for a claim without gold evidence. None for a task that shows none."""
    evidence_counts: Mapping[str, Floats] = field(default_factory=dict)
    """What is counted of the passages shown with each claim, for metrics that list it, by its name in
    `EVIDENCE_COUNTS`; each of shape (n_claims, n_counts)."""

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Run:
        """Returns the output for some claims (indices or a mask)."""
        return replace(
            self,
            scores=None if self.scores is None else self.scores[rows],
            predicted=self.predicted[rows],
            has_evidence=None if self.has_evidence is None else self.has_evidence[rows],
            evidence_counts={name: counts[rows] for name, counts in self.evidence_counts.items()},
        )


@displayed
@dataclass(frozen=True, eq=False)
class ResamplingGroups:
    """The article and the resampling unit of each claim."""

    article: Codes
    """Article code of each claim, shape (n_claims,); codes start at 0."""
    unit: Codes
    """Resampling unit of each claim, shape (n_claims,); codes start at 0. Same as `article` if articles are units."""
    length: Codes | None = None
    """Number of characters of each claim, shape (n_claims,); None if unknown."""
    stratum: Codes | None = None
    """Stratum of each claim (such as its source), shape (n_claims,). Resampling preserves the number of units of each
    stratum; None to draw from all units."""

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> ResamplingGroups:
        """Returns the groups of some claims (indices or a mask), with codes in the order of first appearance."""
        return ResamplingGroups(
            _by_appearance(self.article[rows]),
            _by_appearance(self.unit[rows]),
            None if self.length is None else self.length[rows],
            None if self.stratum is None else _by_appearance(self.stratum[rows]),
        )


def _by_appearance(codes: Codes) -> Codes:
    """The codes renumbered from 0 in order of first appearance."""
    n = len(codes)
    first = np.full(int(np.max(codes, initial=-1)) + 1, n)
    first[codes[::-1]] = np.arange(n)[::-1]
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[codes]


class Metric(Record):
    """A number that compares a run with gold. Its fields are its config schema.

    Tied scores count by their expectation over random orders, so file order does not matter.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]]
    """Part of the run that the metric uses."""
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    """Lowest and highest possible value."""
    higher_is_better: ClassVar[bool] = True
    yes_or_no_only: ClassVar[bool] = True
    """Whether the metric scores the positive label; experiments with more than two labels then refuse it."""
    calls_foreign_code: ClassVar[bool] = False
    """Whether each value is a call of a plain function, so that a test by thousands of exchanges takes too long."""
    evidence_counts: ClassVar[tuple[str, ...]] = ()
    """Counts of shown passages that the metric reads, by name."""
    heading: ClassVar[str]
    """Template for table headings, filled with the fields by str.format ("AP", "P@{k}")."""

    @abstractmethod
    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting of the units; a claim whose unit is drawn w times counts as w claims.

        Args:
            gold: shape (n_claims,).
            run: output of one system for the same claims.
            groups: article and resampling unit of each claim.
            weights: shape (n_weightings, n_units); how often each unit is drawn.
        Returns: shape (n_weightings,); NaN where the metric is undefined under a weighting.
        Raises: Undefined: the metric is undefined for the unweighted data; the message is the reason.
        """

    def by_weights(self, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
        """`values` for many blocks of weightings; a metric that sorts or counts the claims first does that once.

        Raises: Undefined: see `values`.
        """
        return partial(self.values, gold, run, groups)

    def check_requirements(self) -> None:
        """Check that what the metric needs is installed.

        Raises: HarnessError: something is missing; the message gives the remedy.
        """

    def unit_values(self, gold: Gold, run: Run, groups: ResamplingGroups) -> Floats | None:
        """The value of each unit, if the metric is their plain mean; else None.

        Returns: shape (n_units,), NaN where undefined; or None.
        """
        return None

    def hits(self, gold: Gold, run: Run) -> npt.NDArray[np.bool_] | None:
        """Whether each claim is a hit, if the metric is the share of hits among claims; else None.

        Returns: shape (n_claims,); or None.
        """
        return None

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """A remark that a reader of the value needs ("over 9 of 12 articles"); None if there is none."""
        return None

    def key(self, name: str) -> str:
        """The name in results: the registered name and the settings ("precision_at_10").

        Args:
            name: the registered name, or `module:Name`.
        """
        return "_".join([name, *(str(value).removesuffix(".0") for value in self.model_dump().values())])

    def code_modules(self) -> tuple[str, ...]:
        """Modules outside this package whose source can change the values; it is part of the id of a result."""
        module = type(self).__module__
        return () if module.partition(".")[0] == "harness" else (module,)

    def title(self) -> str:
        """The table heading with the settings of this metric ("P@10")."""
        return self.heading.format(**self.model_dump())


def values_by_weights(metric: Metric, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
    """The values of a metric for many blocks of weightings.

    A class that overrides `values` alone is heard: what its base class prepares for other values is not used.

    Raises: Undefined: the metric is undefined for the unweighted data.
    """
    own = next(vars(kind) for kind in type(metric).__mro__ if {"values", "by_weights"} & vars(kind).keys())
    if "by_weights" in own:
        return metric.by_weights(gold, run, groups)

    def by_integers(weights: Weights | StoredWeights) -> Floats:
        return metric.values(gold, run, groups, weights.astype(np.int64, copy=False))

    return by_integers
