"""What a metric is: gold and a run in, a number out, for any weighting of the units that are resampled."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, Weights
from harness.data.claims import Gold
from harness.records import Record


@dataclass(frozen=True, eq=False)
class Run:
    """One system's answer for a set of claims, in the claims' order."""

    scores: Floats | None
    """Finite, shape (n_claims, n_labels); None where a system gives labels only."""
    predicted: Codes
    """Shape (n_claims,); index into the gold's labels, -1 for no answer."""
    probabilities: bool = False
    """Whether the scores of a claim are probabilities over the labels."""


@dataclass(frozen=True, eq=False)
class ResamplingGroups:
    """What belongs together: the article of each claim, and the unit that is resampled."""

    article: Codes
    """Shape (n_claims,); codes from 0."""
    unit: Codes
    """Shape (n_claims,); codes from 0; equal to `article` when articles are resampled."""
    length: Codes | None = None
    """Shape (n_claims,); characters of each claim; None where they are not known."""
    stratum: Codes | None = None
    """Shape (n_claims,); what resampling keeps the sizes of (a source); None: it draws from all units alike."""


class Metric(Record):
    """A number that compares gold with a run. Its fields are its config schema.

    Ties between scores count as their expectation over random orders, so the order of the file cannot matter.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]]
    """What of the run it looks at."""
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    higher_is_better: ClassVar[bool] = True
    yes_or_no_only: ClassVar[bool] = True
    """Whether it is about the positive label; an experiment with more than two labels is then refused."""
    heading: ClassVar[str]
    """Short form for table headings ("AP"); a field's value may be put in with str.format ("P@{k}")."""

    @abstractmethod
    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting of the units; a claim whose unit is drawn w times counts as w claims.

        Returns: shape (n_weightings,); NaN where it is undefined under that weighting.
        Raises: Undefined: it is undefined for this data as it is; the text is the reason.
        """

    def unit_values(self, gold: Gold, run: Run, groups: ResamplingGroups) -> Floats | None:
        """Shape (n_units,), NaN where undefined, if the metric is the plain mean of these over units; else None."""
        return None

    def hits(self, gold: Gold, run: Run) -> npt.NDArray[np.bool_] | None:
        """Whether each claim counts, shape (n_claims,), if the metric is the share of claims that do; else None."""
        return None

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """What a reader of the value has to know of these data ("over 9 of 12 articles"); None: nothing."""
        return None

    def title(self) -> str:
        """The heading with its settings put in ("P@10")."""
        return self.heading.format(**self.model_dump())
