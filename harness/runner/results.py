"""Makes results: one system's predictions over all folds and seeds of a dataset, its values, and what made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from harness.arrays import Codes, Floats
from harness.data.claims import Claims
from harness.data.labels.tasks import find_task
from harness.data.splits.folds import group_codes
from harness.errors import HarnessError
from harness.files import fingerprint, json_document, write_bytes, write_text
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Value, measure, tie_range
from harness.runner.config import Experiment, LoadedExperiment, System
from harness.runner.cost import total_cost
from harness.runner.execute import Predictions, label_column, read_unit, unit_path
from harness.runner.plan import ExperimentData, Unit, training_gold
from harness.runner.provenance import Provenance, provenance_of
from harness.runner.result_files import (
    RESULT_FORMAT,
    WITHOUT_ANSWER,
    Deduplicated,
    Result,
    read_predictions,
    read_result,
)
from harness.runner.slices import SliceValues, slices_of, too_small


def build_result(
    loaded: LoadedExperiment, material: ExperimentData, system: System, units: Sequence[Unit], folder: Path
) -> Result:
    """The result of a system from its finished units, kept under `results/`; found again if it is there already.

    Args:
        units: the system's, in the order of folds, then seeds.
        folder: the experiment's run folder, held by the caller.
    """
    experiment = loaded.experiment
    said = [*(unit.unit_id for unit in units), *loaded.metrics, repr(experiment.intervals), system.system_name]
    said += [
        fingerprint([material.gold.rows_with_gold.tolist(), material.gold.gold.codes.tolist()]),
        str(RESULT_FORMAT),
    ]
    said += [*material.warnings, material.joined.fingerprint, experiment.ties, *experiment.slices]
    result_id = f"{_slug(system.system_name)}-{fingerprint(said)[:10]}"
    place = folder / "results" / result_id
    kept = _kept(place)
    if kept is not None:
        return kept
    rows = np.sort(np.concatenate([fold.test for fold in material.folds]))
    answers = [(unit, read_unit(unit_path(folder, unit))) for unit in units]
    runs = [_joined(answers, seed) for seed in experiment.random_seeds]
    write_bytes(place / "predictions.parquet", _predictions(material, rows, runs, experiment))
    write_text(place / "experiment.yaml", yaml.safe_dump(experiment.document(), sort_keys=False, allow_unicode=True))
    fits = {unit.unit_id: f"{unit.fold.name}, seed {unit.seed}" for unit in units}
    chosen = {fits[unit.unit_id]: answer.chosen for unit, answer in answers if answer.chosen}
    provenance = provenance_of(loaded, material, system, runs, units=fits, chosen=chosen)
    result = _compute_result(loaded, material, system, rows, runs, result_id, place, provenance)
    for name, data in system.classifier.result_files().items():
        write_bytes(place / name, data)
    result = result.model_copy(update={"cost": total_cost([unit_path(folder, unit) for unit in units])})
    write_text(place / "result.json", json_document(result.model_dump(mode="json")))
    return result


def _slug(label: str) -> str:
    return "".join(character if character.isalnum() or character in "._-" else "-" for character in label)[:60]


def _kept(place: Path) -> Result | None:
    """The result that a folder holds; None where any file of it is absent or damaged, so that it is made anew."""
    try:
        read_predictions(place)
        return read_result(place)
    except HarnessError:
        return None


def _joined(answers: Sequence[tuple[Unit, Predictions]], seed: int) -> Predictions:
    """The predictions of one seed's folds, in the order of the table."""
    chosen = [(unit.fold, answer) for unit, answer in answers if unit.seed == seed]
    order = np.argsort(np.concatenate([fold.test for fold, _ in chosen]), kind="stable")
    first = chosen[0][1]
    return Predictions(
        np.concatenate([answer.scores for _, answer in chosen])[order],
        np.concatenate([answer.predicted for _, answer in chosen])[order],
        all(answer.probabilities for _, answer in chosen),
        first.gives_scores,
        first.gives_labels,
        sum(answer.n_unanswered for _, answer in chosen),
        unanswered_by_reason=sum((Counter(answer.unanswered_by_reason) for _, answer in chosen), Counter()),
        reasons=_joined_reasons([answer for _, answer in chosen], order),
    )


def _joined_reasons(answers: Sequence[Predictions], order: Codes) -> list[str | None] | None:
    if all(answer.reasons is None for answer in answers):
        return None
    each = [reason for answer in answers for reason in (answer.reasons or [None] * len(answer.predicted))]
    return [each[row] for row in order]


def _predictions(material: ExperimentData, rows: Codes, runs: Sequence[Predictions], experiment: Experiment) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    claims, labels = material.claims.take(rows), material.gold.gold.labels
    codes = np.full(len(material.claims), -1, dtype=np.int64)
    codes[material.gold.rows_with_gold] = material.gold.gold.codes
    shares = _shares(material)[rows]
    fold_of = np.empty(len(material.claims), dtype=object)
    for fold in material.folds:
        fold_of[fold.test] = fold.name
    tables = []
    strata = _strata(claims, experiment.intervals)
    for seed, run in zip(experiment.random_seeds, runs, strict=True):
        columns = {
            "claim_id": pa.array(claims.claim_id, pa.string()),
            "article_id": pa.array(claims.article_id, pa.string()),
            "fold": pa.array(fold_of[rows], pa.string()),
            "random_seed": pa.array(np.full(len(rows), seed), pa.int64()),
            "gold": label_column(labels, codes[rows]),
        }
        columns |= {f"score:{label}": pa.array(run.scores[:, n], pa.float64()) for n, label in enumerate(labels)}
        columns["predicted"] = label_column(labels, run.predicted)
        columns["speaker"] = pa.array(claims.speaker, pa.string())
        if strata is not None:
            columns["stratum"] = pa.array(strata, pa.int64())
        columns["length"] = pa.array(_lengths(claims), pa.int64())
        if material.gold.gold.shares is not None:
            columns |= {f"share:{label}": pa.array(shares[:, n], pa.float64()) for n, label in enumerate(labels)}
        if run.reasons is not None:
            columns["reasons"] = pa.array(run.reasons, pa.string())
        tables.append(pa.table(columns))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(tables), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _shares(material: ExperimentData) -> Floats:
    """The share of annotators who gave each label; shape (n_claims, n_labels), NaN for claims without gold."""
    gold = material.gold.gold
    shares = np.full((len(material.claims), len(gold.labels)), np.nan)
    if gold.shares is not None:
        shares[material.gold.rows_with_gold] = gold.shares
    return shares


def _strata(claims: Claims, intervals: Intervals) -> Codes | None:
    return None if intervals.stratify is None else group_codes(claims, intervals.stratify)


def _lengths(claims: Claims) -> Codes:
    return np.fromiter(map(len, claims.text), dtype=np.int64, count=len(claims))


def _compute_result(
    loaded: LoadedExperiment,
    material: ExperimentData,
    system: System,
    rows: Codes,
    runs: Sequence[Predictions],
    result_id: str,
    place: Path,
    provenance: Provenance,
) -> Result:
    experiment = loaded.experiment
    scored = np.isin(rows, material.gold.rows_with_gold)
    copied = scored & np.isin(rows, material.duplicate_rows)
    values = _values(loaded, material, system, rows, runs, scored)
    without = None
    warnings = [*material.warnings, *_other_language(system, material)]
    if copied.any():
        warnings.append(_duplicates_warning(int(copied.sum()), int(scored.sum())))
        rest = scored & ~copied
        if rest.any():
            fresh = _values(loaded, material, system, rows, runs, rest)
            without = Deduplicated(n_duplicates=int(copied.sum()), n=int(rest.sum()), values=fresh)
    worst = max(runs, key=lambda run: run.n_unanswered)
    missing, unanswered = worst.n_unanswered, dict(sorted(worst.unanswered_by_reason.items()))
    of_rows = material.gold.gold.take(np.searchsorted(material.gold.rows_with_gold, rows[scored]))
    if missing:
        why = f" ({', '.join(f'{count} {reason}' for reason, count in unanswered.items())})" if unanswered else ""
        warnings.append(f"{missing} of {len(rows)} claims have no answer{why}; they count as wrong and rank last")
    warnings += _missing_label_warnings(material)
    return Result(
        format=RESULT_FORMAT,
        result_id=result_id,
        experiment=experiment.name,
        system=system.system_name,
        task=experiment.task,
        dataset=material.joined.name,
        n=int(scored.sum()),
        n_articles=len(np.unique(material.claims.article_codes()[rows[scored]])),
        n_positive=int(of_rows.positive.sum()) if find_task(experiment.task).binary else None,
        excluded=_excluded(rows, material, missing),
        values=values,
        warnings=tuple(warnings),
        provenance=provenance,
        path=str(place),
        deduplicated=without,
        unanswered=unanswered,
        label_mapping=material.label_mapping if len(material.joined.datasets) > 1 else (),
        slices=tuple(_slices(loaded, material, system, rows, runs, scored)),
    )


def _slices(
    loaded: LoadedExperiment,
    material: ExperimentData,
    system: System,
    rows: Codes,
    runs: Sequence[Predictions],
    scored: npt.NDArray[np.bool_],
) -> Iterator[SliceValues]:
    unit, binary = loaded.experiment.intervals.unit, find_task(loaded.experiment.task).binary
    for part in slices_of(loaded.experiment.slices, material):
        kept = scored & part.rows[rows]
        if not kept.any():
            continue
        values = _values(loaded, material, system, rows, runs, kept)
        gold = material.gold.gold.take(np.searchsorted(material.gold.rows_with_gold, rows[kept]))
        n_units = len(np.unique(group_codes(material.claims, unit)[rows[kept]]))
        n_positive = int(gold.positive.sum()) if binary else None
        yield SliceValues(
            by=part.by,
            of=part.of,
            n=len(gold),
            n_positive=n_positive,
            n_units=n_units,
            values=values,
            note=too_small(n_units, n_positive, unit),
        )


def _values(
    loaded: LoadedExperiment,
    material: ExperimentData,
    system: System,
    rows: Codes,
    runs: Sequence[Predictions],
    kept: npt.NDArray[np.bool_],
) -> dict[str, Value]:
    """Every metric over the kept rows."""
    intervals = loaded.experiment.intervals
    of_rows = material.gold.gold.take(np.searchsorted(material.gold.rows_with_gold, rows[kept]))
    claims = material.claims.take(rows[kept])
    groups = ResamplingGroups(
        claims.article_codes(), group_codes(claims, intervals.unit), _lengths(claims), _strata(claims, intervals)
    )
    measured = [
        Run(run.scores[kept] if run.gives_scores else None, run.predicted[kept], run.probabilities) for run in runs
    ]
    values = {}
    for name, metric in loaded.metrics.items():
        silent = metric.needs == "labels" and not runs[0].gives_labels
        value = _no_labels(system.system_name) if silent else measure(metric, of_rows, measured, groups, intervals)
        more: dict[str, Any] = {"short_name": metric.title()}
        if loaded.experiment.ties == "range" and value.value is not None:
            ends = tie_range(metric, of_rows, measured, groups)
            more |= dict(zip(("worst", "best"), ends or (None, None), strict=True))
        values[name] = value.model_copy(update=more)
    return values


def _duplicates_warning(copied: int, scored: int) -> str:
    return (
        f"{copied:,} of {scored:,} test claims have their text, or nearly, among the training claims "
        "(harness audit shows them); the values without them stand below the table"
    )


def _no_labels(system: str) -> Value:
    reason = f"{system} gives scores and no labels; set its threshold to have labels"
    return Value(value=None, reason=reason, n_units=0)


def _other_language(system: System, material: ExperimentData) -> list[str]:
    made_for, languages = system.classifier.languages, material.joined.languages
    tested = {languages[name] for fold in material.folds for name in material.claims.article_id[fold.test]}
    strange = sorted(tested - set(made_for))
    if not made_for or not strange:
        return []
    return [f"{system.system_name} was made for {', '.join(made_for)}; the data is in '{', '.join(strange)}'"]


def _missing_label_warnings(material: ExperimentData) -> list[str]:
    labels = len(material.gold.gold.labels)
    seen = {fold.name: len(np.unique(training_gold(material, fold).codes)) for fold in material.folds}
    return [f"{name}: the training claims show {n} of {labels} labels" for name, n in seen.items() if n < labels]


def _excluded(rows: Codes, material: ExperimentData, missing: int) -> dict[str, int]:
    counts = dict(material.gold.counts)
    if len(rows) != len(material.claims):
        counts = {"without gold for the task": int((~np.isin(rows, material.gold.rows_with_gold)).sum())}
    return {reason: count for reason, count in (counts | {WITHOUT_ANSWER: missing}).items() if count}
