"""Loading of results with their predictions, and the check that they have the same claims and gold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arguments import as_list
from harness.arrays import Codes, Floats
from harness.data.claims import Gold, codes_of
from harness.errors import FaultsError, HarnessError, UnknownName, unknown_name
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.functions import build_metric
from harness.metrics.intervals import Intervals
from harness.runner.provenance import Provenance
from harness.runner.result_files import Columns, Result, read_predictions, read_result

MAX_SHOWN = 3
"""Number of claim ids in a message."""


class ResultEntry(NamedTuple):
    """One system's result: the contents of `result.json`, and the predictions per random seed."""

    name: str
    """Name of the system, with its experiment if several results share the name."""
    result: Result
    """Contents of `result.json`."""
    runs: tuple[Run, ...]
    """Output for the claims with gold, one run per random seed."""
    columns: Columns
    """Columns of `predictions.parquet`: every claim, with or without gold, once per random seed."""


class ResultTable(NamedTuple):
    """Results with the same claims and the same gold."""

    entries: tuple[ResultEntry, ...]
    """Results in the order of their paths."""
    gold: Gold
    """Gold of the claims that have gold."""
    groups: ResamplingGroups
    """Article and resampling unit of these claims."""
    intervals: Intervals
    """Interval settings of the first result."""
    fold: Codes
    """Fold code of each claim, shape (n_claims,); all 0 if the results have different folds."""


def find_results(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """The result folders that paths name.

    Args:
        paths: one or more result folders, their `result.json` files, or run folders with several results.
    Returns: each folder once, in the order of the paths.
    Raises: HarnessError: a path without a result.
    """
    result_folders = list[Path]()
    for path in map(Path, as_list(paths)):
        folder = path.parent if path.name == "result.json" else path
        folders = sorted(file.parent for file in folder.glob("results/*/result.json"))
        if (folder / "result.json").exists():
            folders = [folder]
        if not folders:
            raise FaultsError.single(
                path,
                "contains no result; pass a result folder, or a run folder such as runs/NAME",
                code="no-result",
            )
        result_folders += [folder for folder in folders if folder not in result_folders]
    return result_folders


def read_table(paths: str | Path | Sequence[str | Path], *, least: int = 2) -> ResultTable:
    """Load results for comparison.

    Args:
        paths: see `find_results`.
        least: minimum number of results.
    Raises: HarnessError: fewer than `least` results, results with different claims or gold, or damaged files.
    """
    folders = find_results(paths)
    results = [(result, read_predictions(result)) for result in map(read_result, folders)]
    if len(results) < least:
        raise HarnessError(f"compare: needs two results or more, but {folders[0]} is the only one")
    first_result, first_columns = results[0]
    for other in results[1:]:
        _check_same_claims(results[0], other)
    labels = tuple(column.removeprefix("score:") for column in first_columns if column.startswith("score:"))
    # The table lists every claim once per random seed; gold and groups need one of these copies.
    is_first_seed = first_columns["random_seed"] == first_columns["random_seed"][0]
    has_gold = np.array([label is not None for label in first_columns["gold"]], dtype=bool)
    is_scored = is_first_seed & has_gold
    rows = {name: column[is_scored] for name, column in first_columns.items()}
    code_of = {label: code for code, label in enumerate(labels)}
    gold_codes = np.array([code_of[label] for label in rows["gold"]], dtype=np.int64)
    intervals = first_result.provenance.config.intervals
    article = codes_of(rows["article_id"])
    unit = _unit_codes(rows, article, intervals)
    return ResultTable(
        entries=_named_entries(results, labels, has_gold),
        gold=Gold(labels, gold_codes, _label_shares(rows, labels)),
        groups=ResamplingGroups(article, unit, rows.get("length"), rows.get("stratum")),
        intervals=intervals,
        fold=_fold_codes(results, is_scored),
    )


def _named_entries(
    results: Sequence[tuple[Result, Columns]], labels: tuple[str, ...], has_gold: npt.NDArray[np.bool_]
) -> tuple[ResultEntry, ...]:
    """The results with distinct names: the system, then with its experiment, then with the id of the result."""
    systems = [result.system for result, _ in results]
    entries = list[ResultEntry]()
    for result, columns in results:
        is_ambiguous = systems.count(result.system) > 1
        name = f"{result.system} ({result.experiment})" if is_ambiguous else result.system
        if name in [entry.name for entry in entries]:
            name = f"{name} {result.result_id}"
        entries.append(ResultEntry(name, result, _runs(result.provenance, columns, labels, has_gold), columns))
    return tuple(entries)


def _fold_codes(results: Sequence[tuple[Result, Columns]], is_scored: npt.NDArray[np.bool_]) -> Codes:
    """The fold of each scored claim; all 0 if the results assign a claim to different folds."""
    first_columns = results[0][1]
    fold_of = dict(zip(first_columns["claim_id"], first_columns["fold"], strict=True))
    is_same = all(
        fold_of[claim_id] == fold
        for _, columns in results
        for claim_id, fold in zip(columns["claim_id"], columns["fold"], strict=True)
    )
    return codes_of(first_columns["fold"][is_scored]) if is_same else np.zeros(int(is_scored.sum()), dtype=np.int64)


def _label_shares(rows: Columns, labels: Sequence[str]) -> Floats | None:
    """The share of annotators per label, shape (n_claims, n_labels); None if the results do not record it."""
    names = [f"share:{label}" for label in labels]
    return np.column_stack([rows[name] for name in names]) if names[0] in rows else None


def _unit_codes(rows: Columns, article: Codes, intervals: Intervals) -> Codes:
    """The resampling unit of each claim; shape (n_claims,)."""
    if intervals.unit == "claim":
        return np.arange(len(article), dtype=np.int64)
    if intervals.unit == "article":
        return article
    if "speaker" not in rows:
        raise HarnessError("compare: the results have no column of speakers; run the experiment again")
    pairs = zip(rows["speaker"], rows["article_id"], strict=True)
    # A claim without a speaker falls back to its article. Tuples of different length keep a speaker apart from an
    # article of the same name; they need an object array, as NumPy would turn a list of tuples into a matrix.
    keys = np.empty(len(article), dtype=object)
    keys[:] = [(speaker,) if speaker else (None, article_id) for speaker, article_id in pairs]
    return codes_of(keys)


def _check_same_claims(first: tuple[Result, Columns], second: tuple[Result, Columns]) -> None:
    """Raises: HarnessError: the results differ in task, claims, gold or claim order; the message shows where."""
    (result_a, columns_a), (result_b, columns_b) = first, second
    if result_a.task != result_b.task:
        raise HarnessError(
            f"compare: the results have different tasks: {result_a.task} in {result_a.path}, "
            f"{result_b.task} in {result_b.path}"
        )
    gold_a = _gold_by_claim(columns_a)
    gold_b = _gold_by_claim(columns_b)
    differences = [
        f"{len(claim_ids):,} only in {path} ({', '.join(claim_ids[:MAX_SHOWN])})"
        for claim_ids, path in (
            (sorted(set(gold_a) - set(gold_b)), result_a.path),
            (sorted(set(gold_b) - set(gold_a)), result_b.path),
        )
        if claim_ids
    ]
    if differences:
        raise HarnessError(f"compare: the results have different claims: {'; '.join(differences)}")
    differing = [claim_id for claim_id, label in gold_a.items() if gold_b[claim_id] != label]
    if differing:
        preview = ", ".join(differing[:MAX_SHOWN])
        raise HarnessError(
            f"compare: {len(differing):,} claims have a different gold label in {result_b.path}: {preview}"
        )
    # Arrays are compared row by row from here on, so the order must be the same, too.
    if list(gold_a) != list(gold_b):
        raise HarnessError(
            f"compare: {result_b.path} lists the claims in a different order than {result_a.path}, so it comes from "
            "different data; run the experiment again"
        )


def _gold_by_claim(columns: Columns) -> dict[str, str | None]:
    """Claim id to gold label, in the order of the table."""
    rows = columns["random_seed"] == columns["random_seed"][0]
    return dict(zip(columns["claim_id"][rows], columns["gold"][rows], strict=True))


def _runs(
    provenance: Provenance, columns: Columns, labels: tuple[str, ...], has_gold: npt.NDArray[np.bool_]
) -> tuple[Run, ...]:
    """The output for the claims with gold, one run per random seed."""
    code_of: dict[str | None, int] = {label: code for code, label in enumerate(labels)}
    runs = []
    for seed in dict.fromkeys(columns["random_seed"].tolist()):
        seed_rows = np.flatnonzero(columns["random_seed"] == seed)
        # Every seed lists the same claims in the same order, so the first block of the mask fits each of them.
        rows = seed_rows[has_gold[: len(seed_rows)]]
        scores = np.column_stack([columns[f"score:{label}"][rows] for label in labels]).astype(np.float64)
        predicted = np.array([code_of.get(label, -1) for label in columns["predicted"][rows]], dtype=np.int64)
        runs.append(Run(scores if provenance.gives_scores else None, predicted, provenance.gives_probabilities))
    return tuple(runs)


def metric_of(table: ResultTable, name: str | None) -> tuple[str, Metric]:
    """The metric to compare by.

    Args:
        table: results.
        name: name of a metric in all results; default: the first common metric of the first result.
    Returns: the name, and the metric with its settings.
    Raises: HarnessError: a metric that no result has, or only some results have.
    """
    first = table.entries[0].result
    first_names = list(first.values)
    common_names = [metric for metric in first_names if all(metric in entry.result.values for entry in table.entries)]
    chosen = name or (common_names[0] if common_names else "")
    if chosen not in common_names:
        where = "all results" if name in first_names else "these results"
        raise UnknownName(f"compare: --metric: {unknown_name('metric of ' + where, chosen, common_names)}")
    for configured in first.provenance.config.metrics:
        settings = dict(configured) if isinstance(configured, dict) else {"name": configured}
        metric_name = str(settings.pop("name"))
        metric = build_metric(metric_name, settings)
        if metric.key(metric_name) == chosen:
            return chosen, metric
    raise HarnessError(f"compare: {first.path} does not record the settings of metric '{chosen}'; run it again")
