"""Metrics of predicted probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Codes, Floats, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Run
from harness.metrics.sums import SumMetric

PROBABILITY_EPSILON = float(np.finfo(np.float64).eps)
"""Smallest probability in a logarithm; smaller ones are raised to it, as in scikit-learn."""


def probabilities_of(run: Run) -> Floats:
    """The probabilities of each claim, shape (n_claims, n_labels).

    Raises: Undefined: the run has no probabilities.
    """
    if run.scores is None:
        raise Undefined("the system outputs only labels, not probabilities")
    if not run.probabilities:
        raise Undefined("the scores are not probabilities; calibrate the system first")
    return run.scores


class Brier(SumMetric):
    """The mean over claims of half the squared distance between the probabilities and the gold label; lower is better.

    With two labels, this is the usual (p - y)^2 of the positive label. With more labels, it is half of Brier's sum, so
    the worst value is 1 for any number of labels. A claim without an answer counts by its probabilities.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Brier 1950; scikit-learn's brier_score_loss with scale_by_half=True.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "Brier"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Half the squared distance, then a 1; shape (n_claims, 2).

        Raises: Undefined: the run has no probabilities.
        """
        actual = gold.codes[:, None] == np.arange(len(gold.labels))
        return np.stack([((probabilities_of(run) - actual) ** 2).sum(axis=1) / 2, np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return safe_divide(sums[:, 0], sums[:, 1])


class LogLoss(SumMetric):
    """The mean over claims of -log of the gold label's probability, in nats; lower is better.

    A probability of 0 counts as 2.2e-16, so a fully confident mistake costs 36 instead of infinity.

    Returns: values in [0, 36.05]. Undefined: the scores are not probabilities; no claims.
    Source: scikit-learn's log_loss.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    bounds: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "log loss"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """The loss, then a 1; shape (n_claims, 2)."""
        of_gold_label = np.take_along_axis(probabilities_of(run), gold.codes[:, None], axis=1)[:, 0]
        return np.stack([-np.log(np.clip(of_gold_label, PROBABILITY_EPSILON, 1.0)), np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return safe_divide(sums[:, 0], sums[:, 1])


def equal_mass_bins(forecasts: Floats, n_bins: int) -> Codes:
    """The bin of each forecast; every bin holds about equally many forecasts.

    Equal forecasts share a bin, so there may be fewer bins. The order of the forecasts does not matter.

    Args:
        forecasts: in [0, 1], shape (n_claims,).
        n_bins: at most this many bins.
    Returns: bin numbers from 0, shape (n_claims,).
    """
    if not len(forecasts):
        return np.zeros(0, dtype=np.int64)
    # An edge is a forecast itself (inverted_cdf does not interpolate), and side="left" puts all forecasts equal to it
    # below it: a tie group never splits, so file order cannot decide who falls into which bin.
    edges = np.unique(np.quantile(forecasts, np.arange(1, n_bins) / n_bins, method="inverted_cdf"))
    return np.searchsorted(edges, forecasts, side="left").astype(np.int64)


class BinnedMetric(SumMetric):
    """A metric of forecasts in bins of equal mass. Every resample uses the bins of the unweighted data.

    With two labels, the forecast is the probability of the positive label and the event is that the claim is positive.
    With more labels, the forecast is the highest probability and the event is that its label is the gold label.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False

    bins: int = Field(default=10, ge=2)
    """Number of bins; fewer if forecasts are equal."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Forecast, event and 1 in the columns of the claim's bin, 0 elsewhere; shape (n_claims, 3 x n_bins)."""
        forecast, event = forecasts_of(gold, run)
        # One-hot columns turn the sums per bin into plain sums over claims, which SumMetric can resample.
        inside = (equal_mass_bins(forecast, self.bins)[:, None] == np.arange(self.bins)).astype(np.float64)
        return np.hstack([inside * forecast[:, None], inside * event[:, None], inside])

    def from_sums(self, sums: Floats) -> Floats:
        """The metric from the sums in each bin; shape (n_weightings,)."""
        forecast, event, n = np.split(sums, 3, axis=1)
        return safe_divide(self.from_bins(forecast, event, n), n.sum(axis=1))

    @abstractmethod
    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """The metric times the number of claims.

        Args:
            forecast: sum of the forecasts in each bin, shape (n_weightings, n_bins).
            event: number of events in each bin, same shape.
            n: number of claims in each bin, same shape; 0 for an empty bin.
        Returns: shape (n_weightings,).
        """


def forecasts_of(gold: Gold, run: Run) -> tuple[Floats, Floats]:
    """The forecast of each claim, and 1 if its event occurred, else 0; both of shape (n_claims,)."""
    probabilities = probabilities_of(run)
    if len(gold.labels) == 2:
        return probabilities[:, 1], gold.positive.astype(np.float64)
    most_probable = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, dtype=np.int64)
    return probabilities.max(axis=1, initial=0.0), (most_probable == gold.codes).astype(np.float64)


class ExpectedCalibrationError(BinnedMetric):
    """The mean distance between forecast and observed frequency, over bins of equal mass; lower is better.

    Biased upward with few claims in a bin: even a calibrated system has a value above 0.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Naeini et al. 2015, with bins of equal mass as in Nixon et al. 2019.
    """

    heading: ClassVar[str] = "ECE"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """The absolute differences of the sums, added over bins."""
        # n in a bin times |mean forecast - event share| is |sum of forecasts - events|, so no division is needed.
        distance: Floats = np.abs(forecast - event).sum(axis=1)
        return distance


class BrierReliability(BinnedMetric):
    """The part of the Brier score that calibration would remove; lower is better.

    The Brier score equals reliability - resolution + uncertainty, apart from the variation of forecasts in a bin.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Murphy 1973.
    """

    heading: ClassVar[str] = "Brier reliability"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """Squared differences of the means, weighted by the claims of each bin."""
        # n * ((forecast - event) / n)**2, simplified.
        return _sum_over_bins(safe_divide((forecast - event) ** 2, n))


class BrierResolution(BinnedMetric):
    """The mean squared distance of the bins' observed frequencies from the overall frequency; higher is better.

    Returns: values in [0, .25]. Undefined: the scores are not probabilities; no claims.
    Source: Murphy 1973.
    """

    higher_is_better: ClassVar[bool] = True
    heading: ClassVar[str] = "Brier resolution"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """Squared differences of bin and overall frequencies, weighted by the claims of each bin."""
        overall = safe_divide(event.sum(axis=1), n.sum(axis=1))[:, None]
        # n * (event / n - overall)**2, simplified.
        return _sum_over_bins(safe_divide((event - n * overall) ** 2, n))


class BrierUncertainty(BinnedMetric):
    """The Brier score of always forecasting the event's frequency; a property of the data, not of the system.

    Returns: values in [0, .25]. Undefined: the scores are not probabilities; no claims.
    Source: Murphy 1973.
    """

    heading: ClassVar[str] = "Brier uncertainty"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """n * p * (1 - p), where p is the event's frequency."""
        events: Floats = event.sum(axis=1)
        return events * (1 - safe_divide(events, n.sum(axis=1)))


def _sum_over_bins(per_bin: Floats) -> Floats:
    """The sum over non-empty bins; an empty bin is NaN (0 / 0)."""
    sums: Floats = np.nansum(per_bin, axis=1)
    return sums
