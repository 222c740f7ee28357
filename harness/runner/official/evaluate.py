"""Scores a submission made elsewhere with the official metric, in the benchmark's own formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.errors import FaultsError, HarnessError, Undefined
from harness.metrics.official.labels import OfficialScores
from harness.runner.official.scorers import SCORERS, Scoring, scoring_of
from harness.runner.official.submission_files import (
    SubmissionPair,
    base_name,
    collect_faults,
    read_pair,
    read_predictions,
    repeated_ids,
)

NOT_VERIFIED = "not verified against the official program: there is no published output to compare with"


class Evaluation(NamedTuple):
    """The official numbers of a submission."""

    benchmark: str
    mean: Mapping[str, float | None]
    """Over the files, unweighted; or of all files as one, where the official program takes them so. None: undefined."""
    files: Mapping[str, Mapping[str, float | None]]
    """Base name of the prediction file to its numbers."""
    reasons: Mapping[str, str]
    """Why a number is undefined, by `FILE: METRIC` or `mean: METRIC`."""
    note: str | None
    """What a reader of the numbers must know."""

    def document(self) -> dict[str, Any]:
        """The numbers as `harness evaluate --json` prints them; `reasons` only where a number is undefined."""
        files = {name: dict(values) for name, values in self.files.items()}
        found: dict[str, Any] = {"benchmark": self.benchmark, "mean": dict(self.mean), "files": files}
        return found | ({"reasons": dict(self.reasons)} if self.reasons else {})


def evaluate(
    benchmark: str,
    gold: Sequence[str | Path],
    predictions: Sequence[str | Path],
    *,
    max_evidence: int | None = None,
) -> Evaluation:
    """The official scorer's numbers, digit for digit; ties between scores keep the order of the submitted file.

    Args:
        benchmark: a benchmark's name.
        gold: gold files in the publisher's format; a member of a zip is `a.zip!path`.
        predictions: as many; paired with gold by base name where the two sets of base names are equal, else in order.
        max_evidence: for FEVER: the passages of a prediction that count; default: 5, as in the shared task.
    Raises: FaultsError: every fault of every file; a missing or an extra id is one.
    """
    scoring = scoring_of(benchmark, max_evidence)
    pairs = list[SubmissionPair]()
    with collect_faults() as faults:
        for gold_name, name in _paired(list(map(str, gold)), list(map(str, predictions))):
            with faults.for_file():
                pairs.append(read_pair(scoring, gold_name, name))
    return _evaluated(pairs, scoring)


def check_submission(benchmark: str, predictions: Sequence[str | Path]) -> None:
    """Checks the form of prediction files without gold; which ids they must have is known only with it.

    Raises: FaultsError: every fault of every file; an id that stands twice is one.
    """
    scoring = scoring_of(benchmark)
    reader = scoring.submission
    with collect_faults() as faults:
        for name in map(str, predictions):
            with faults.for_file():
                entries = read_predictions(scoring, name)
                repeated = [] if reader.by_position else repeated_ids(entries, Counter(), name, reader.id_name)
                if repeated:
                    raise FaultsError(repeated)


def _evaluated(pairs: Sequence[SubmissionPair], scoring: Scoring) -> Evaluation:
    scorer = SCORERS[scoring.official.scorer]
    found = {pair.name: scorer.score(pair.gold, pair.predicted, scoring) for pair in pairs}
    if scorer.micro_averaged:
        gold = [value for pair in pairs for value in pair.gold]
        mean = scorer.score(gold, [value for pair in pairs for value in pair.predicted], scoring)
    else:
        mean = _mean(list(found.values()))
    reasons = {
        f"{name}: {metric}": str(value)
        for name, values in [*found.items(), ("mean", mean)]
        for metric, value in values.items()
        if isinstance(value, Undefined)
    }
    files = {name: _defined(values) for name, values in found.items()}
    note = None if scoring.official.verified else NOT_VERIFIED
    return Evaluation(scoring.benchmark.name, _defined(mean), files, reasons, note)


def _defined(values: OfficialScores) -> dict[str, float | None]:
    return {metric: None if isinstance(value, Undefined) else float(value) for metric, value in values.items()}


def _mean(files: Sequence[OfficialScores]) -> OfficialScores:
    """The unweighted mean of each number; undefined where it is so for a file."""
    mean = dict[str, float | Undefined]()
    for metric in dict.fromkeys(metric for values in files for metric in values):
        numbers = [values.get(metric, Undefined("a file has no such number")) for values in files]
        wrong = next((number for number in numbers if isinstance(number, Undefined)), None)
        mean[metric] = wrong or float(np.mean([number for number in numbers if not isinstance(number, Undefined)]))
    return mean


def _paired(gold: list[str], predictions: list[str]) -> list[tuple[str, str]]:
    if len(gold) != len(predictions):
        raise HarnessError(f"{len(gold)} gold files and {len(predictions)} prediction files; give as many of each")
    names = [base_name(name) for name in predictions]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise HarnessError(f"two prediction files are called '{repeated[0]}'; give each a name of its own")
    by_name = {base_name(name): name for name in gold}
    if set(by_name) == set(names) and len(by_name) == len(gold):
        return [(by_name[base_name(name)], name) for name in predictions]
    return list(zip(gold, predictions, strict=True))
