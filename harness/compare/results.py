"""Results of finished runs, read back with their predictions, and shown to be about the same claims."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats
from harness.data.claims import Gold, codes_of
from harness.errors import FaultsError, HarnessError, UnknownName, unknown_name
from harness.metrics import METRICS
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import Intervals
from harness.runner.provenance import Provenance
from harness.runner.result_files import Columns, Result, read_predictions, read_result

MAX_SHOWN = 3


class ResultEntry(NamedTuple):
    """One system's result: what `result.json` says, and its predictions by random seed."""

    name: str
    """The system, with its experiment where two results have one name."""
    result: Result
    runs: tuple[Run, ...]
    columns: Columns
    """Its `predictions.parquet`: every claim, also those without gold, once a random seed."""


class ResultTable(NamedTuple):
    """Results over the same claims."""

    entries: tuple[ResultEntry, ...]
    gold: Gold
    groups: ResamplingGroups
    intervals: Intervals
    fold: Codes
    """Shape (n_claims,); the fold that each claim was scored in, one for all where results differ in that."""


def find_results(paths: Sequence[str | Path]) -> list[Path]:
    """The result folders that paths name: a result folder, its `result.json`, or a run folder with results in it.

    Raises: HarnessError: a path that has none.
    """
    found = list[Path]()
    for path in map(Path, paths):
        folder = path.parent if path.name == "result.json" else path
        inside = sorted(found.parent for found in folder.glob("results/*/result.json"))
        if (folder / "result.json").exists():
            inside = [folder]
        if not inside:
            raise FaultsError.single(path, "holds no result; give a result folder, or a run folder such as runs/NAME")
        found += [place for place in inside if place not in found]
    return found


def read_table(paths: Sequence[str | Path], *, least: int = 2) -> ResultTable:
    """Results side by side.

    Args:
        paths: see `find_results`.
        least: how many results there have to be.
    Raises: HarnessError: fewer than `least`, results of other claims or of other gold (says which), or damaged files.
    """
    folders = find_results(paths)
    read = [(read_result(folder), read_predictions(folder)) for folder in folders]
    if len(read) < least:
        raise HarnessError(f"compare: two results or more are needed, {folders[0]} is one")
    first = read[0]
    for other in read[1:]:
        _same(first, other)
    names = [result.system for result, _ in read]
    entries = list[ResultEntry]()
    labels = tuple(column.removeprefix("score:") for column in first[1] if column.startswith("score:"))
    once = first[1]["random_seed"] == first[1]["random_seed"][0]
    settled = np.array([label is not None for label in first[1]["gold"]], dtype=bool)
    for result, columns in read:
        alike = names.count(result.system) > 1
        name = f"{result.system} ({result.experiment})" if alike else result.system
        if name in [entry.name for entry in entries]:
            name = f"{name} {result.result_id}"
        entries.append(ResultEntry(name, result, _runs(result.provenance, columns, labels, settled), columns))
    kept = once & settled
    code = {label: number for number, label in enumerate(labels)}
    gold = Gold(labels, np.array([code[label] for label in first[1]["gold"][kept]], dtype=np.int64))
    intervals = first[0].provenance.config.intervals
    rows = {name: column[kept] for name, column in first[1].items()}
    gold = Gold(labels, gold.codes, _shares(rows, labels))
    article = codes_of(rows["article_id"])
    groups = ResamplingGroups(article, _units(rows, article, intervals), rows.get("length"), rows.get("stratum"))
    return ResultTable(tuple(entries), gold, groups, intervals, _folds(read, once & settled))


def _folds(read: Sequence[tuple[Result, Columns]], kept: npt.NDArray[np.bool_]) -> Codes:
    first = read[0][1]
    names = dict(zip(first["claim_id"], first["fold"], strict=True))
    same = all(names[c] == f for _, columns in read for c, f in zip(columns["claim_id"], columns["fold"], strict=True))
    return codes_of(first["fold"][kept]) if same else np.zeros(int(kept.sum()), dtype=np.int64)


def _shares(rows: Columns, labels: Sequence[str]) -> Floats | None:
    names = [f"share:{label}" for label in labels]
    return np.column_stack([rows[name] for name in names]) if names[0] in rows else None


def _units(rows: Columns, article: Codes, intervals: Intervals) -> Codes:
    if intervals.unit == "claim":
        return np.arange(len(article), dtype=np.int64)
    if intervals.unit == "article":
        return article
    if "speaker" not in rows:
        raise HarnessError("compare: these results do not record speakers; run the experiment again")
    pairs = zip(rows["speaker"], rows["article_id"], strict=True)
    keys = np.empty(len(article), dtype=object)
    keys[:] = [(speaker,) if speaker else (None, article_id) for speaker, article_id in pairs]
    return codes_of(keys)


def _same(first: tuple[Result, Columns], other: tuple[Result, Columns]) -> None:
    """Raises: HarnessError: the results are not over the same claims with the same gold; says where they differ."""
    one, two = first[0], other[0]
    if one.task != two.task:
        raise HarnessError(f"compare: {one.path} is about {one.task}, {two.path} about {two.task}")
    claims = [_first_seed(columns) for _, columns in (first, other)]
    only = [sorted(set(a) - set(b)) for a, b in (claims, claims[::-1])]
    if only[0] or only[1]:
        said = "; ".join(
            f"{len(missing):,} claims are in {place} only ({', '.join(missing[:MAX_SHOWN])})"
            for missing, place in zip(only, (one.path, two.path), strict=True)
            if missing
        )
        raise HarnessError(f"compare: the results are not over the same claims: {said}")
    differing = [claim for claim, label in claims[0].items() if claims[1][claim] != label]
    if differing:
        shown = ", ".join(differing[:MAX_SHOWN])
        raise HarnessError(f"compare: {len(differing):,} claims have another gold label in {two.path}: {shown}")
    if list(claims[0]) != list(claims[1]):
        raise HarnessError(f"compare: {two.path} has its claims in another order; it was made from other data")


def _first_seed(columns: Columns) -> dict[str, str | None]:
    rows = columns["random_seed"] == columns["random_seed"][0]
    return dict(zip(columns["claim_id"][rows], columns["gold"][rows], strict=True))


def _runs(
    provenance: Provenance, columns: Columns, labels: tuple[str, ...], settled: npt.NDArray[np.bool_]
) -> tuple[Run, ...]:
    code: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    runs = []
    for seed in dict.fromkeys(columns["random_seed"].tolist()):
        rows = np.flatnonzero(columns["random_seed"] == seed)[settled[: int((columns["random_seed"] == seed).sum())]]
        scores = np.column_stack([columns[f"score:{label}"][rows] for label in labels]).astype(np.float64)
        predicted = np.array([code.get(label, -1) for label in columns["predicted"][rows]], dtype=np.int64)
        runs.append(Run(scores if provenance.gives_scores else None, predicted, provenance.gives_probabilities))
    return tuple(runs)


def metric_of(table: ResultTable, name: str | None) -> tuple[str, Metric]:
    """The metric to compare by: one that every result has, by its name there; default: the first of the first result.

    Raises: HarnessError: no result has it, or only some have.
    """
    known = list(table.entries[0].result.values)
    common = [metric for metric in known if all(metric in entry.result.values for entry in table.entries)]
    chosen = name or (common[0] if common else "")
    if chosen not in common:
        where = "every one of the results" if name in known else "these results"
        raise UnknownName(f"compare: --metric: {unknown_name('metric of ' + where, chosen, common)}")
    for listed in table.entries[0].result.provenance.config.metrics:
        settings = dict(listed) if isinstance(listed, dict) else {"name": listed}
        metric = METRICS.get(settings.pop("name")).model_validate_json(json.dumps(settings))
        if "_".join([str(_name(listed)), *map(str, metric.model_dump().values())]) == chosen:
            return chosen, metric
    raise HarnessError(f"compare: the settings of '{chosen}' are not in {table.entries[0].result.path}")


def _name(listed: Any) -> str:
    return str(listed["name"]) if isinstance(listed, dict) else str(listed)
