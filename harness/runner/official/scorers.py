"""The official scorers by name: what turns gold and predictions of the same claims into official numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.data.benchmarks.benchmark import Benchmark, Official, benchmark_names, load_benchmark
from harness.data.formats import SUBMISSIONS
from harness.data.formats.detection.policlaim_xlsx import RatedClaim
from harness.data.formats.submissions import Submission
from harness.errors import HarnessError
from harness.metrics.official.checkthat_ranking import checkthat_ranking
from harness.metrics.official.fever import MAX_EVIDENCE, fever
from harness.metrics.official.labels import (
    OfficialScores,
    all_labels,
    checkthat_factuality,
    checkthat_subjectivity,
    policlaim,
    positive_label,
)
from harness.metrics.official.scifact import scifact
from harness.schemes import load_scheme


class Scoring(NamedTuple):
    """What a scorer is given beside gold and predictions."""

    benchmark: Benchmark
    official: Official
    max_evidence: int = MAX_EVIDENCE

    @property
    def codes(self) -> list[str]:
        """The labels that gold may hold."""
        axis = load_scheme(self.benchmark.scheme).axes[0]
        return [label.code for label in axis.labels if label.code is not None]

    @property
    def submission(self) -> Submission:
        """How its files are read."""
        return SUBMISSIONS[self.official.submission]


Score = Callable[[Sequence[Any], Sequence[Any], Scoring], OfficialScores]
"""Gold and predictions, in the submission's order."""


class OfficialScorer(NamedTuple):
    """An official program."""

    score: Score
    micro_averaged: bool = False
    """Whether several files are scored as if they were one; else their numbers are averaged, unweighted."""


def _ranking(gold: Sequence[str], predicted: Sequence[float], scoring: Scoring) -> OfficialScores:
    positive = np.array([code == "1" for code in gold], dtype=bool)
    return checkthat_ranking(positive, np.array(predicted, dtype=np.float64), scoring.official.cutoffs)


def _policlaim(gold: Sequence[RatedClaim], predicted: Sequence[str]) -> OfficialScores:
    experts = list(zip(*(rated.experts for rated in gold), strict=True))
    return policlaim([rated.code for rated in gold], experts, predicted)


SCORERS: dict[str, OfficialScorer] = {
    "checkthat_ranking": OfficialScorer(_ranking),
    "checkthat_factuality": OfficialScorer(
        lambda gold, predicted, _: checkthat_factuality(gold, predicted), micro_averaged=True
    ),
    "checkthat_subjectivity": OfficialScorer(lambda gold, predicted, _: checkthat_subjectivity(gold, predicted)),
    "positive_label": OfficialScorer(
        lambda gold, predicted, scoring: positive_label(gold, predicted, scoring.official.positive or "1")
    ),
    "all_labels": OfficialScorer(lambda gold, predicted, scoring: all_labels(gold, predicted, scoring.codes)),
    "policlaim": OfficialScorer(lambda gold, predicted, _: _policlaim(gold, predicted), micro_averaged=True),
    "fever": OfficialScorer(lambda gold, predicted, scoring: fever(gold, predicted, scoring.max_evidence)),
    "scifact": OfficialScorer(lambda gold, predicted, _: scifact(gold, predicted)),
}
"""Name, as benchmarks' YAML files say it, to the scorer."""


def scored_benchmarks() -> list[str]:
    """The benchmarks that an official program scores."""
    return [name for name in benchmark_names() if load_benchmark(name).official is not None]


def scoring_of(benchmark: str, max_evidence: int | None = None) -> Scoring:
    """How a benchmark's submissions are scored.

    Raises: HarnessError: no such benchmark, or nobody scores it officially.
    """
    described = load_benchmark(benchmark)
    if described.official is None:
        known = ", ".join(scored_benchmarks())
        raise HarnessError(f"benchmark '{benchmark}' has no official scorer; these have one: {known}")
    if max_evidence is not None and described.official.scorer != "fever":
        raise HarnessError(f"benchmark '{benchmark}': only FEVER limits the evidence; leave --max-evidence out")
    return Scoring(described, described.official, max_evidence or MAX_EVIDENCE)
