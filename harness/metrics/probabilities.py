"""Metrics of probabilities."""

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
"""What a probability of 0 counts as in a logarithm, as in scikit-learn."""


def probabilities_of(run: Run) -> Floats:
    """The probabilities of each claim, shape (n_claims, n_labels).

    Raises: Undefined: the run has none.
    """
    if run.scores is None:
        raise Undefined("the system gives labels only, no probabilities")
    if not run.probabilities:
        raise Undefined("the scores are not probabilities; calibrate the system first")
    return run.scores


class Brier(SumMetric):
    """The mean over claims of half the squared distance between the probabilities and the gold label; lower is better.

    With two labels this is the usual (p - y)^2 of the positive label; with more it is half of Brier's sum, so that
    the worst value is 1 for any number of labels. A claim without an answer counts by its probabilities.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Brier 1950; scikit-learn's brier_score_loss with scale_by_half=True.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "Brier"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Half the squared distance, and one for every claim; shape (n_claims, 2).

        Raises: Undefined: the run has no probabilities.
        """
        actual = gold.codes[:, None] == np.arange(len(gold.labels))
        return np.stack([((probabilities_of(run) - actual) ** 2).sum(axis=1) / 2, np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"


class LogLoss(SumMetric):
    """The mean over claims of minus the logarithm of the gold label's probability, in nats; lower is better.

    A probability of 0 counts as 2.2e-16, so that one sure mistake costs 36 and not everything.

    Returns: values in [0, 36.05]. Undefined: the scores are not probabilities; no claims.
    Source: scikit-learn's log_loss.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    bounds: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "log loss"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """The loss, and one for every claim; shape (n_claims, 2)."""
        given = np.take_along_axis(probabilities_of(run), gold.codes[:, None], axis=1)[:, 0]
        return np.stack([-np.log(np.clip(given, PROBABILITY_EPSILON, 1.0)), np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"


def equal_mass_bins(forecasts: Floats, n_bins: int) -> Codes:
    """The bin of each forecast, bins holding about equally many; shape (n_claims,), from 0.

    Equal forecasts are in one bin, so there can be fewer bins. Order does not matter.
    """
    if not len(forecasts):
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(forecasts, np.arange(1, n_bins) / n_bins, method="inverted_cdf"))
    return np.searchsorted(edges, forecasts, side="left").astype(np.int64)


class BinnedMetric(SumMetric):
    """A metric of forecasts in bins of equal mass. The bins are those of the data as they are, in every resample.

    The forecast is the probability of the positive label; with more than two labels, that of the most probable one,
    and the event that it is the gold label.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False

    bins: int = Field(default=10, ge=2)
    """How many bins; fewer where forecasts are equal."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Forecast, event and one in the columns of the claim's bin; shape (n_claims, 3 x n_bins)."""
        forecast, event = forecasts_of(gold, run)
        inside = (equal_mass_bins(forecast, self.bins)[:, None] == np.arange(self.bins)).astype(np.float64)
        return np.hstack([inside * forecast[:, None], inside * event[:, None], inside])

    def from_sums(self, sums: Floats) -> Floats:
        """The metric from the bins."""
        forecast, event, n = np.split(sums, 3, axis=1)
        return safe_divide(self.from_bins(forecast, event, n), n.sum(axis=1))

    @abstractmethod
    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """n_claims times the metric, from the sums in each bin; arrays of shape (n_weightings, n_bins)."""

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"


def forecasts_of(gold: Gold, run: Run) -> tuple[Floats, Floats]:
    """The forecast of each claim and whether the event came, 1 or 0; both of shape (n_claims,)."""
    given = probabilities_of(run)
    if len(gold.labels) == 2:
        return given[:, 1], gold.positive.astype(np.float64)
    most = given.argmax(axis=1) if len(given) else np.zeros(0, dtype=np.int64)
    return given.max(axis=1, initial=0.0), (most == gold.codes).astype(np.float64)


class ExpectedCalibrationError(BinnedMetric):
    """The mean distance between forecast and observed frequency, over bins of equal mass; lower is better.

    Biased upwards with few claims in a bin: a calibrated system has a value above 0.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Naeini et al. 2015, with bins of equal mass as in Nixon et al. 2019.
    """

    heading: ClassVar[str] = "ECE"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """The distances of the sums."""
        distance: Floats = np.abs(forecast - event).sum(axis=1)
        return distance


class BrierReliability(BinnedMetric):
    """The part of the Brier score that calibration would remove; lower is better.

    The Brier score is reliability - resolution + uncertainty, but for the variation of forecasts inside a bin.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Murphy 1973.
    """

    heading: ClassVar[str] = "Brier reliability"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """Squared distances of the means, weighted by claims."""
        return _added(safe_divide((forecast - event) ** 2, n))


class BrierResolution(BinnedMetric):
    """How far the observed frequencies of the bins lie from the frequency overall; higher is better.

    Returns: values in [0, .25]. Undefined: the scores are not probabilities; no claims.
    Source: Murphy 1973.
    """

    higher_is_better: ClassVar[bool] = True
    heading: ClassVar[str] = "Brier resolution"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """Squared distances of the frequencies from the overall one, weighted by claims."""
        overall = safe_divide(event.sum(axis=1), n.sum(axis=1))[:, None]
        return _added(safe_divide((event - n * overall) ** 2, n))


class BrierUncertainty(BinnedMetric):
    """The Brier score of always forecasting the frequency of the event: what the data, not the system, are worth.

    Returns: values in [0, .25]. Undefined: the scores are not probabilities; no claims.
    Source: Murphy 1973.
    """

    heading: ClassVar[str] = "Brier uncertainty"

    def from_bins(self, forecast: Floats, event: Floats, n: Floats) -> Floats:
        """n p (1 - p)."""
        events: Floats = event.sum(axis=1)
        return events * (1 - safe_divide(events, n.sum(axis=1)))


def _added(per_bin: Floats) -> Floats:
    """The sum over bins that hold a claim."""
    added: Floats = np.nansum(per_bin, axis=1)
    return added
