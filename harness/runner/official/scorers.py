"""The official scorers by name; each computes official metrics from gold and predictions of the same claims."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.data.benchmarks.benchmark import Benchmark, Official, benchmark_names, load_benchmark
from harness.data.formats import SUBMISSIONS
from harness.data.formats.detection.policlaim_xlsx import RatedClaim
from harness.data.formats.submissions import Submission
from harness.data.formats.verification.fever_jsonl import verdict_pairs
from harness.errors import HarnessError
from harness.metrics.official.checkthat_ranking import checkthat_ranking
from harness.metrics.official.fever import MAX_EVIDENCE, FeverCounts, fever
from harness.metrics.official.labels import (
    OfficialScores,
    all_labels,
    checkthat_factuality,
    checkthat_subjectivity,
    policlaim,
    positive_label,
)
from harness.metrics.official.scifact import scifact, scifact_claims
from harness.schemes import load_scheme


class Scoring(NamedTuple):
    """Settings of a scorer: everything it needs besides gold and predictions."""

    benchmark: Benchmark
    """Definition of the benchmark."""
    official: Official
    """Definition of its official scorer and submission format."""
    max_evidence: int = MAX_EVIDENCE
    """Number of predicted passages per claim that count (FEVER)."""

    @property
    def codes(self) -> list[str]:
        """The label codes that gold may contain."""
        axis = load_scheme(self.benchmark.scheme).axes[0]
        return [label.code for label in axis.labels if label.code is not None]

    @property
    def submission(self) -> Submission:
        """The submission format, which reads gold and predictions."""
        return SUBMISSIONS[self.official.submission]


Score = Callable[[Sequence[Any], Sequence[Any], Scoring], OfficialScores]
"""Function of gold and predictions in the order of the submission, and the settings."""


class OfficialScorer(NamedTuple):
    """An official scorer."""

    score: Score
    """Function that computes the official metrics."""
    micro_averaged: bool = False
    """Whether several files are scored as one; otherwise their metrics are averaged, unweighted."""
    by_claim: Callable[[Sequence[Any], Sequence[Any]], Mapping[str, float]] | None = None
    """Function of gold and predictions that gives what the official metrics leave out, over claims."""
    side_by_side: Callable[[Path, Path, Scoring], OfficialScores | None] | None = None
    """Function of a gold file and a prediction file that scores them line by line, in memory that does not grow with
    them; None if the lines do not pair off or have a fault, so that the files have to be read whole."""


def _ranking(gold: Sequence[str], predicted: Sequence[float], scoring: Scoring) -> OfficialScores:
    positive = np.array([code == "1" for code in gold], dtype=bool)
    return checkthat_ranking(positive, np.array(predicted, dtype=np.float64), scoring.official.cutoffs)


def _policlaim(gold: Sequence[RatedClaim], predicted: Sequence[str]) -> OfficialScores:
    # From one tuple of expert labels per claim to one sequence of labels per expert.
    experts = list(zip(*(rated.experts for rated in gold), strict=True))
    return policlaim([rated.code for rated in gold], experts, predicted)


def _fever_side_by_side(gold: Path, predictions: Path, scoring: Scoring) -> OfficialScores | None:
    counts, hashes = FeverCounts(scoring.max_evidence), array("q")
    same_ids, has_predicted_ids = True, False
    for pair in verdict_pairs(gold, predictions, load_scheme(scoring.benchmark.scheme)):
        if pair is None:
            return None
        same_ids = same_ids and pair.gold_id == pair.predicted_id
        has_predicted_ids = has_predicted_ids or bool(pair.predicted_id)
        hashes.append(hash(pair.gold_id))
        counts.add(pair.gold, pair.predicted)
    # Claims pair off by position if their ids are the same, gold ids repeat or the submission has none.
    by_position = same_ids or not has_predicted_ids or len(np.unique(np.asarray(hashes))) < len(hashes)
    return counts.scores() if counts.n_claims and by_position else None


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
    "fever": OfficialScorer(
        lambda gold, predicted, scoring: fever(gold, predicted, scoring.max_evidence),
        side_by_side=_fever_side_by_side,
    ),
    "scifact": OfficialScorer(lambda gold, predicted, _: scifact(gold, predicted), by_claim=scifact_claims),
}
"""Name of the scorer in the YAML files of benchmarks to the scorer."""


def scored_benchmarks() -> list[str]:
    """The names of benchmarks that have an official scorer."""
    return [name for name in benchmark_names() if load_benchmark(name).official is not None]


def scoring_of(benchmark: str, max_evidence: int | None = None) -> Scoring:
    """The scoring settings of a benchmark.

    Args:
        benchmark: name of the benchmark.
        max_evidence: number of predicted passages per claim that count (FEVER); default: 5.
    Raises: HarnessError: an unknown benchmark, or one without an official scorer.
    """
    definition = load_benchmark(benchmark)
    if definition.official is None:
        names = ", ".join(scored_benchmarks())
        raise HarnessError(f"benchmark '{benchmark}' has no official scorer; benchmarks with one: {names}")
    if max_evidence is not None and definition.official.scorer != "fever":
        raise HarnessError(f"benchmark '{benchmark}': --max-evidence applies to FEVER only; remove it")
    return Scoring(definition, definition.official, max_evidence or MAX_EVIDENCE)
