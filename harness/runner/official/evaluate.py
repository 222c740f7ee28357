"""Scoring of a submission with the official scorer of a benchmark, in the benchmark's own formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from harness.arguments import as_list
from harness.data.archives import open_input
from harness.data.benchmarks.benchmark import benchmark_names
from harness.data.benchmarks.submission_ids import base_name, duplicate_ids
from harness.display import displayed
from harness.errors import FaultsError, HarnessError, Undefined, UnknownName, unknown_name
from harness.memory import gc_paused
from harness.metrics.official.labels import OfficialScores
from harness.runner.official.programs import PROGRAMS, Names, ProgramResult
from harness.runner.official.scorers import SCORERS, Scoring, scored_benchmarks, scoring_of
from harness.runner.official.submission_files import SubmissionPair, collect_faults, read_pair, read_predictions

NOT_VERIFIED = "not verified against the official scorer, because there is no published output to compare with"
BY_CLAIM = "F1 of each label over claims, not the official program's"
NO_GOLD = "give either --gold FILE... to score, or --check to check the format"


@displayed
class Evaluation(NamedTuple):
    """The official metrics of a submission."""

    benchmark: str
    """Name of the benchmark."""
    mean: Mapping[str, float | None]
    """Metric to its unweighted mean over files, or its value over all files as one, as the official scorer does. None
    if undefined."""
    files: Mapping[str, Mapping[str, float | None]]
    """Base name of each prediction file to its metrics."""
    reasons: Mapping[str, str]
    """Reason why a metric is undefined, by `FILE: METRIC` or `mean: METRIC`."""
    note: str | None
    """Remark for the reader of the values."""
    extra: Mapping[str, Any] = MappingProxyType({})
    """Further parts of the JSON document, such as `all_queries`."""

    def document(self) -> dict[str, Any]:
        """The metrics as `harness evaluate --json` prints them; `reasons` only if a metric is undefined."""
        files = {name: dict(values) for name, values in self.files.items()}
        document: dict[str, Any] = {"benchmark": self.benchmark, "mean": dict(self.mean), "files": files}
        document |= dict(self.extra)
        return document | ({"reasons": dict(self.reasons)} if self.reasons else {})


def evaluate(
    benchmark: str,
    gold: str | Path | Sequence[str | Path] = (),
    predictions: str | Path | Sequence[str | Path] = (),
    *,
    max_evidence: int | None = None,
) -> Evaluation:
    """Compute the official metrics of a submission, exactly as the official scorer does.

    Tied scores keep the order of the submitted file.

    Args:
        benchmark: name of the benchmark.
        gold: gold files in the publisher's format; none for FEVEROUS, whose prediction files hold the gold.
            `a.zip!path` is a member of a zip file.
        predictions: as many prediction files; paired with gold by base name if the base names match, else in order.
        max_evidence: FEVER only: number of predicted passages per claim that count; default: 5, as in the shared task.
    Raises: FaultsError: the faults of all files, including missing and unknown ids.
    """
    _check_name(benchmark)
    if benchmark in PROGRAMS:
        if max_evidence is not None:
            raise HarnessError(f"benchmark '{benchmark}': --max-evidence applies to FEVER only; remove it")
        return _run_program(benchmark, list(map(str, as_list(gold))), list(map(str, as_list(predictions))))
    scoring = scoring_of(benchmark, max_evidence)
    if not gold:
        raise HarnessError(NO_GOLD)
    names = _pair_files(list(map(str, as_list(gold))), list(map(str, as_list(predictions))))
    values = _score_side_by_side(names, scoring)
    if values is not None:
        return _evaluation(benchmark, values, _mean_over_files([*values.values()]), _unverified(scoring))
    pairs = list[SubmissionPair]()
    with collect_faults() as faults, gc_paused():
        for gold_name, name in names:
            with faults.for_file():
                pairs.append(read_pair(scoring, gold_name, name))
    return _evaluate_pairs(pairs, scoring)


def _score_side_by_side(names: Sequence[tuple[str, str]], scoring: Scoring) -> dict[str, OfficialScores] | None:
    """The values by prediction file, from files that are read line by line; None if a file has to be read whole."""
    score = SCORERS[scoring.official.scorer].side_by_side
    values = dict[str, OfficialScores]()
    for gold_name, name in names if score else ():
        try:
            file_values = score(Path(gold_name), Path(name), scoring) if score else None
        except OSError:  # a member of a zip file, or no file; reading it whole says which
            file_values = None
        if file_values is None:
            return None
        values[base_name(name)] = file_values
    return values or None


def _unverified(scoring: Scoring) -> list[str]:
    return [] if scoring.official.verified else [NOT_VERIFIED]


def _check_name(benchmark: str) -> None:
    scored = sorted({*PROGRAMS, *scored_benchmarks()})
    if benchmark not in {*scored, *benchmark_names()}:
        raise UnknownName(unknown_name("benchmark", benchmark, scored))
    if benchmark not in scored:
        raise HarnessError(f"benchmark '{benchmark}' has no official scorer; benchmarks with one: {', '.join(scored)}")


def _run_program(benchmark: str, gold: list[str], predictions: list[str]) -> Evaluation:
    """The values of a program that reads files of its own form, one pair of files at a time."""
    program = PROGRAMS[benchmark]
    if program.read_gold is None and gold:
        raise HarnessError(f"{benchmark}: the prediction file holds the gold; remove --gold")
    if program.read_gold is not None and not gold:
        raise HarnessError(NO_GOLD)
    pairs = _pair_files(gold or predictions, predictions)
    results = dict[str, ProgramResult]()
    with collect_faults() as faults:
        for gold_name, name in pairs:
            with faults.for_file():
                read_gold = program.read_gold or program.read_predictions
                truth, predicted = read_gold(open_input(gold_name)), program.read_predictions(open_input(name))
                results[base_name(name)] = program.score(truth, predicted, Names(base_name(gold_name), Path(name)))
    values_by_file = {name: result.values for name, result in results.items()}
    if len(results) == 1:
        [(_, result)] = results.items()
        return _evaluation(benchmark, values_by_file, result.values, result.notes, result.extra)
    notes = [f"{name}: {note}" for name, result in results.items() for note in result.notes]
    extra = {"by_file": {name: dict(result.extra) for name, result in results.items()}}
    return _evaluation(benchmark, values_by_file, _mean_over_files([*values_by_file.values()]), notes, extra)


def check_submission(benchmark: str, predictions: str | Path | Sequence[str | Path]) -> None:
    """Check the format of prediction files without gold. Only `evaluate` can check which ids are required.

    Args:
        benchmark: name of the benchmark.
        predictions: prediction files; `a.zip!path` is a member of a zip file.
    Raises: FaultsError: the faults of all files, including duplicate ids.
    """
    _check_name(benchmark)
    if benchmark in PROGRAMS:
        with collect_faults() as faults:
            for name in map(str, as_list(predictions)):
                with faults.for_file():
                    PROGRAMS[benchmark].read_predictions(open_input(name))
        return
    scoring = scoring_of(benchmark)
    reader = scoring.submission
    with collect_faults() as faults:
        for name in map(str, as_list(predictions)):
            with faults.for_file():
                entries = read_predictions(scoring, name)
                # Where rows are matched by position, ids need not be unique.
                duplicates = [] if reader.by_position else duplicate_ids(entries, Counter(), name, reader.id_name)
                if duplicates:
                    raise FaultsError(duplicates)


def _evaluate_pairs(pairs: Sequence[SubmissionPair], scoring: Scoring) -> Evaluation:
    scorer = SCORERS[scoring.official.scorer]
    values_by_file = {pair.name: scorer.score(pair.gold, pair.predicted, scoring) for pair in pairs}
    if scorer.micro_averaged:
        gold = [value for pair in pairs for value in pair.gold]
        predicted = [value for pair in pairs for value in pair.predicted]
        mean = scorer.score(gold, predicted, scoring)
    else:
        mean = _mean_over_files(list(values_by_file.values()))
    notes = [*_unverified(scoring), *(pair.note for pair in pairs if pair.note)]
    lines, extra = ["; ".join(notes)] if notes else [], dict[str, Any]()
    if scorer.by_claim is not None:
        by_claim = {pair.name: dict(scorer.by_claim(pair.gold, pair.predicted)) for pair in pairs}
        lines += [f"{name}: {BY_CLAIM}: {_listed(values)}" for name, values in by_claim.items()]
        extra = {"by_claim": by_claim}
    return _evaluation(scoring.benchmark.name, values_by_file, mean, lines, extra)


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in values.items())


def _evaluation(
    benchmark: str,
    values_by_file: Mapping[str, OfficialScores],
    mean: OfficialScores,
    notes: Sequence[str],
    extra: Mapping[str, Any] = MappingProxyType({}),
) -> Evaluation:
    """The evaluation of some files, with the reason of each undefined value."""
    reasons = {
        f"{name}: {metric}": str(value)
        for name, values in [*values_by_file.items(), ("mean", mean)]
        for metric, value in values.items()
        if isinstance(value, Undefined)
    }
    files = {name: _defined(values) for name, values in values_by_file.items()}
    return Evaluation(benchmark, _defined(mean), files, reasons, "\n".join(notes) or None, extra)


def _defined(values: OfficialScores) -> dict[str, float | None]:
    """The values, with None for undefined ones."""
    return {metric: None if isinstance(value, Undefined) else float(value) for metric, value in values.items()}


def _mean_over_files(files: Sequence[OfficialScores]) -> OfficialScores:
    """The unweighted mean of each metric; undefined if the metric is undefined for a file."""
    mean = dict[str, float | Undefined]()
    for metric in dict.fromkeys(metric for values in files for metric in values):
        values = [file_values.get(metric, Undefined("a file does not have this metric")) for file_values in files]
        undefined = next((value for value in values if isinstance(value, Undefined)), None)
        mean[metric] = undefined or float(np.mean([value for value in values if not isinstance(value, Undefined)]))
    return mean


def _pair_files(gold: list[str], predictions: list[str]) -> list[tuple[str, str]]:
    """Pairs of a gold file and a prediction file: by base name if the base names match, else in order."""
    if len(gold) != len(predictions):
        raise HarnessError(
            f"got {len(gold)} gold files and {len(predictions)} prediction files; pass one per gold file"
        )
    names = [base_name(name) for name in predictions]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise HarnessError(f"several prediction files have the base name '{duplicates[0]}'; base names must be unique")
    gold_by_name = {base_name(name): name for name in gold}
    # The length check excludes gold files that share a base name, such as members of two zip files.
    if set(gold_by_name) == set(names) and len(gold_by_name) == len(gold):
        return [(gold_by_name[base_name(name)], name) for name in predictions]
    return list(zip(gold, predictions, strict=True))
