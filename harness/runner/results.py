"""Builds results: the predictions of one system over all folds and seeds, its values, and their provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from harness.arrays import Bools, Codes, Floats, arrow_numbers, arrow_texts
from harness.classifiers.base import QuoteCounts
from harness.data.claims import Claims, Gold
from harness.data.labels.tasks import TaskGold, find_task
from harness.data.splits.folds import group_codes
from harness.errors import HarnessError
from harness.files import fingerprint, json_document, read_text, sha256, write_bytes, write_text
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Value, measure, tie_range
from harness.runner.config import LoadedExperiment, System
from harness.runner.cost import total_cost
from harness.runner.execute import Finished
from harness.runner.plan import ExperimentData, Unit, training_gold
from harness.runner.provenance import Provenance, provenance_of
from harness.runner.result_files import (
    RESULT_FORMAT,
    WITHOUT_ANSWER,
    Deduplicated,
    Result,
    read_predictions,
    read_result,
    sealed,
)
from harness.runner.slices import SliceValues, slices_fingerprint, slices_of, too_small
from harness.runner.splitting.languages import language_warnings
from harness.runner.tuning.carried_thresholds import carried_thresholds
from harness.runner.units.seed_runs import join_folds
from harness.runner.units.unit_file import Predictions, label_column, unit_path
from harness.runner.verification.count_columns import count_columns
from harness.runner.verification.evidence_source import evidence_key, evidence_name
from harness.runner.verification.gold_evidence import gold_groups, shows_whole_group
from harness.runner.verification.retrieval_systems import gold_texts, ranking_values, trec_files
from harness.runner.verification.shown_counts import count_evidence
from harness.user_code.local_code import code_fingerprint


class _SystemRuns(NamedTuple):
    """A system on the data of an experiment, with its predictions."""

    loaded: LoadedExperiment
    data: ExperimentData
    system: System
    rows: Codes
    """Test rows of all folds, in the order of the table."""
    runs: Mapping[int | None, Predictions]
    """Predictions for `rows` by random seed; the only key is None if the fits do not depend on it."""
    counts: Mapping[str, Floats]
    """What metrics count of the passages shown, see `Run.evidence_counts`."""
    groups: ResamplingGroups
    """Article and resampling unit of each test row, in the order of the table."""

    def gold(self, selected: Bools) -> Gold:
        """Gold of the selected test rows, which must all have gold.

        Args:
            selected: shape (n_test_rows,).
        """
        gold = self.data.gold
        return gold.gold.take(np.searchsorted(gold.rows_with_gold, self.rows[selected]))


def build_result(
    loaded: LoadedExperiment,
    data: ExperimentData,
    system: System,
    units: Sequence[Unit],
    folder: Path,
    *,
    finished: Finished,
) -> Result:
    """Builds the result of a system from its finished units and writes it under `results/`.

    A result of the same units is reused, unless one of them was fitted in this run.

    Args:
        units: the units of the system, ordered by fold, then seed.
        folder: the run folder of the experiment; the caller holds its lock.
        finished: the units of the run.
    """
    experiment = loaded.experiment
    # Everything that the values depend on, so that a changed metric or label makes a new result and refits nothing.
    # The content of each unit is a part: a result can never stand beside other predictions than its own.
    identity = [
        *(unit.unit_id for unit in units),
        *(finished.units[unit.unit_id].fingerprint for unit in units),
        *loaded.metrics,
        *(
            fingerprint([metric.model_dump(mode="json"), code_fingerprint(modules)])
            for metric in loaded.metrics.values()
            if (modules := metric.code_modules())
        ),
        repr(experiment.intervals),
        system.system_name,
        _gold_fingerprint(data.gold),
        str(RESULT_FORMAT),
        *data.warnings,
        *_other_language(system, data),
        data.joined.fingerprint,
        experiment.ties,
        slices_fingerprint(experiment.slices, data),
        *_evidence_notes(system, data),
        *data.people,
        *((shown.fingerprint, *shown.warnings) if (shown := data.evidence_of(system)) else ()),
    ]
    result_id = f"{_slug(system.system_name)}-{fingerprint(identity)[:10]}"
    result_folder = folder / "results" / result_id
    document = yaml.safe_dump(experiment.document(), sort_keys=False, allow_unicode=True)
    existing = _read_existing(result_folder, document)
    if existing is not None and finished.fitted.isdisjoint(unit.unit_id for unit in units):
        return existing
    rows = np.sort(np.concatenate([fold.test for fold in data.folds]))
    unit_predictions = [(unit, finished.units[unit.unit_id].predictions) for unit in units]
    runs = join_folds(unit_predictions)
    if experiment.task == "evidence":
        shown = data.evidence[evidence_key(system.evidence)]
        runs = {None: ranking_values(data.joined, shown, rows, loaded.metrics)}
    counts = _evidence_counts(loaded, data, system, rows)
    groups = _resampling_groups(data.claims, experiment.intervals).take(rows)
    system_runs = _SystemRuns(loaded, data, system, rows, runs, counts, groups)
    predictions = _predictions_parquet(system_runs)
    write_bytes(result_folder / "predictions.parquet", predictions)
    write_text(result_folder / "experiment.yaml", document)
    fits = {unit.unit_id: unit.name for unit in units}
    chosen = {fits[unit.unit_id]: answer.chosen for unit, answer in unit_predictions if answer.chosen}
    provenance = provenance_of(loaded, data, system, [*runs.values()], units=fits, chosen=chosen)
    result = _compute_result(system_runs, result_id, result_folder, provenance)
    extra_files = dict(system.classifier.result_files())
    if experiment.task == "evidence":
        extra_files = trec_files(data.joined, data.claims_of(system).evidence, rows, system.system_name)
    for name, content in extra_files.items():
        write_bytes(result_folder / name, content)
    cost = total_cost([unit_path(folder, unit.unit_id) for unit in units])
    thresholds = carried_thresholds(loaded, data, system, [*runs.values()], unit_predictions)
    result = result.model_copy(
        update={"cost": cost, "predictions_sha256": sha256(predictions), "carried_thresholds": thresholds}
    )
    sealed_document = sealed(result.model_dump(mode="json"))
    write_text(result_folder / "result.json", json_document(sealed_document))
    return result.model_copy(update={"content_sha256": sealed_document["content_sha256"]})


def _evidence_notes(system: System, data: ExperimentData) -> tuple[str, ...]:
    """How much of the gold evidence a system is shown."""
    shown = data.evidence_of(system)
    return () if shown is None else shown.notes


def _gold_fingerprint(gold: TaskGold) -> str:
    """Fingerprint of the gold, the shares of annotators behind it, and the counts of claims without gold."""
    shares = None if gold.gold.shares is None else gold.gold.shares.tolist()
    return fingerprint([gold.rows_with_gold.tolist(), gold.gold.codes.tolist(), shares, sorted(gold.counts.items())])


def _slug(label: str) -> str:
    return "".join(character if character.isalnum() or character in "._-" else "-" for character in label)[:60]


def _read_existing(folder: Path, document: str) -> Result | None:
    """The result in a folder; None if a file is missing, damaged or of another result, so that it is built again.

    Args:
        document: the content that `experiment.yaml` must have.
    """
    try:
        result = read_result(folder)
        read_predictions(result)
        whole = result.result_id == folder.name and read_text(folder / "experiment.yaml") == document
    except HarnessError:
        return None
    return result if whole else None


def _predictions_parquet(
    system_runs: _SystemRuns,
) -> bytes:
    """The content of `predictions.parquet`; a run that serves every seed stands under the first seed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    loaded, data, system, rows, runs, counts, groups = system_runs
    experiment, claims = loaded.experiment, data.claims
    labels, of_passages = data.gold.gold.labels, experiment.task == "evidence"
    codes = np.full(len(data.claims), -1, dtype=np.int64)
    codes[data.gold.rows_with_gold] = data.gold.gold.codes
    shares = _shares(data)[rows]
    shown = _has_evidence(data, system, rows)
    fold_of = np.empty(len(data.claims), dtype=object)
    for fold in data.folds:
        fold_of[fold.test] = fold.name
    before = {
        "claim_id": arrow_texts(claims.claim_id[rows]),
        "article_id": arrow_texts(claims.article_id[rows]),
        "fold": arrow_texts(fold_of[rows]),
    }
    gold = arrow_texts(gold_texts(data.joined)[rows]) if of_passages else label_column(labels, codes[rows])
    after = {"speaker": arrow_texts(claims.speaker[rows])}
    if experiment.intervals.unit == "topic":
        after["topic"] = arrow_texts(claims.topic[rows])
    if groups.stratum is not None:
        after["stratum"] = arrow_numbers(groups.stratum)
    if shown is not None:
        after["has_evidence"] = arrow_numbers(shown)
        after |= {name: arrow_numbers(column) for name, column in count_columns(counts).items()}
    if shown is not None or of_passages:
        gold_evidence = gold_groups(data.joined)
        after["gold_evidence"] = pa.array([gold_evidence[row] for row in rows], pa.list_(pa.list_(pa.string())))
    evidence = data.claims_of(system).evidence[rows]
    if any(evidence):
        passage_ids = [[passage.passage_id for passage in passages] for passages in evidence]
        after["evidence"] = pa.array(passage_ids, pa.list_(pa.string()))
    if groups.length is not None:
        after["length"] = arrow_numbers(groups.length)
    if data.gold.gold.shares is not None:
        after |= {f"share:{label}": arrow_numbers(shares[:, n]) for n, label in enumerate(labels)}
    tables = []
    for seed, run in runs.items():
        seeds = np.full(len(rows), experiment.random_seeds[0] if seed is None else seed)
        columns = before | {"random_seed": arrow_numbers(seeds), "gold": gold}
        columns |= {f"score:{label}": arrow_numbers(run.scores[:, n]) for n, label in enumerate(labels)}
        columns |= {"predicted": label_column(labels, run.predicted)} | after
        if run.reasons is not None:
            columns["reasons"] = arrow_texts(run.reasons)
        tables.append(pa.table(columns))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(tables), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _has_evidence(data: ExperimentData, system: System, rows: Codes) -> Bools | None:
    """See `Run.has_evidence`; shape (n_rows,)."""
    if not data.shows_evidence:
        return None
    return shows_whole_group(data.joined, data.claims_of(system).evidence)[rows]


def _evidence_counts(loaded: LoadedExperiment, data: ExperimentData, system: System, rows: Codes) -> dict[str, Floats]:
    """See `Run.evidence_counts`; shape (n_rows, n_counts)."""
    if not data.shows_evidence:
        return {}
    shown = data.evidence_of(system)
    column, corpus = data.claims_of(system).evidence, None if shown is None else shown.corpus
    return count_evidence(loaded.metrics.values(), data.joined, column, corpus, rows)


def _shares(data: ExperimentData) -> Floats:
    """Share of annotators per label; shape (n_claims, n_labels), NaN for claims without gold."""
    gold = data.gold.gold
    shares = np.full((len(data.claims), len(gold.labels)), np.nan)
    if gold.shares is not None:
        shares[data.gold.rows_with_gold] = gold.shares
    return shares


def _resampling_groups(claims: Claims, intervals: Intervals) -> ResamplingGroups:
    article = claims.article_codes()
    return ResamplingGroups(
        article,
        article if intervals.unit == "article" else group_codes(claims, intervals.unit),
        np.fromiter(map(len, claims.text), dtype=np.int64, count=len(claims)),
        None if intervals.stratify is None else group_codes(claims, intervals.stratify),
    )


def _compute_result(system_runs: _SystemRuns, result_id: str, result_folder: Path, provenance: Provenance) -> Result:
    loaded, data, system, rows, runs, _, groups = system_runs
    experiment = loaded.experiment
    scored = np.isin(rows, data.gold.rows_with_gold)
    is_duplicate = scored & np.isin(rows, data.duplicate_rows)
    values = _values(system_runs, scored)
    deduplicated = None
    warnings = [*data.warnings, *_other_language(system, data)]
    if is_duplicate.any():
        warnings.append(_duplicates_warning(int(is_duplicate.sum()), int(scored.sum())))
        is_unique = scored & ~is_duplicate
        if is_unique.any():
            unique_values = _values(system_runs, is_unique)
            deduplicated = Deduplicated(
                n_duplicates=int(is_duplicate.sum()), n=int(is_unique.sum()), values=unique_values
            )
    worst_run = max(runs.values(), key=lambda run: run.n_unanswered)
    n_unanswered = worst_run.n_unanswered
    unanswered = dict(sorted(worst_run.unanswered_by_reason.items()))
    scored_gold = system_runs.gold(scored)
    if n_unanswered:
        why = f" ({', '.join(f'{count} {reason}' for reason, count in unanswered.items())})" if unanswered else ""
        warnings.append(f"{n_unanswered} of {len(rows)} claims have no answer{why}; they count as wrong and rank last")
    warnings += _quote_warnings([run.quotes for run in runs.values() if run.quotes is not None])
    warnings += [] if experiment.task == "evidence" else _missing_label_warnings(data)
    return Result(
        format=RESULT_FORMAT,
        result_id=result_id,
        experiment=experiment.name,
        system=system.system_name,
        task=experiment.task,
        dataset=data.joined.name,
        n=int(scored.sum()),
        n_articles=len(np.unique(groups.article[scored])),
        n_positive=int(scored_gold.positive.sum()) if find_task(experiment.task).binary else None,
        excluded=_excluded(rows, data, n_unanswered),
        values=values,
        warnings=tuple(warnings),
        provenance=provenance,
        path=str(result_folder),
        deduplicated=deduplicated,
        unanswered=unanswered,
        label_mapping=data.label_mapping if len(data.joined.datasets) > 1 else (),
        slices=tuple(_slices(system_runs, scored)),
        trial=data.trial.name,
        random_seeds=tuple(seed for seed in runs if seed is not None),
        evidence=evidence_name(system.evidence) if experiment.task == "verdict" else None,
        evidence_notes=(*_evidence_notes(system, data), *data.people),
    )


def _quote_warnings(counts: Sequence[QuoteCounts]) -> list[str]:
    unsupported, n_quotes = sum(count.unsupported for count in counts), sum(count.quotes for count in counts)
    return [f"{unsupported:,} of {n_quotes:,} quotes are not in the passages"] if unsupported else []


def _slices(system_runs: _SystemRuns, scored: Bools) -> Iterator[SliceValues]:
    """Computes the values of every slice that the experiment asks for, over the rows where `scored` is true."""
    loaded, data, rows = system_runs.loaded, system_runs.data, system_runs.rows
    unit = loaded.experiment.intervals.unit
    binary = find_task(loaded.experiment.task).binary
    for claim_slice in slices_of(loaded.experiment.slices, data):
        in_slice = scored & claim_slice.rows[rows]
        if not in_slice.any():
            continue
        values = _values(system_runs, in_slice)
        gold = system_runs.gold(in_slice)
        n_units = len(np.unique(system_runs.groups.unit[in_slice]))
        n_positive = int(gold.positive.sum()) if binary else None
        yield SliceValues(
            by=claim_slice.by,
            of=claim_slice.of,
            n=len(gold),
            n_positive=n_positive,
            n_units=n_units,
            values=values,
            note=too_small(n_units, n_positive, unit),
            only_label=gold.names[int(gold.codes[0])] if len(set(gold.codes.tolist())) == 1 else None,
        )


def _values(system_runs: _SystemRuns, kept: Bools) -> dict[str, Value]:
    """Computes every metric over the rows where `kept` is true."""
    loaded, data, system, rows, runs, counts, groups = system_runs
    intervals = loaded.experiment.intervals
    kept_gold = system_runs.gold(kept)
    groups = groups.take(kept)
    shown = _has_evidence(data, system, rows)
    kept_runs = [
        Run(
            run.scores[kept] if run.gives_scores else None,
            run.predicted[kept],
            run.probabilities,
            seed,
            None if shown is None else shown[kept],
            {name: table[kept] for name, table in counts.items()},
        )
        for seed, run in runs.items()
    ]
    values = {}
    for name, metric in loaded.metrics.items():
        silent = metric.needs == "labels" and not next(iter(runs.values())).gives_labels
        value = no_labels(system.system_name) if silent else measure(metric, kept_gold, kept_runs, groups, intervals)
        extra: dict[str, Any] = {"short_name": metric.title()}
        if loaded.experiment.ties == "range" and value.value is not None:
            ends = tie_range(metric, kept_gold, kept_runs, groups)
            extra |= dict(zip(("worst", "best"), ends or (None, None), strict=True))
        values[name] = value.model_copy(update=extra)
    return values


def _duplicates_warning(n_duplicates: int, n_scored: int) -> str:
    return (
        f"{n_duplicates:,} of {n_scored:,} test claims are exact or near duplicates of training claims "
        "(list them with harness audit CONFIG); the values without them are shown below the table"
    )


def no_labels(system: str) -> Value:
    """The value of a metric of labels for a system that predicts none."""
    reason = f"{system} outputs scores but no labels; set a threshold to get label metrics"
    return Value(value=None, reason=reason, n_units=0)


def _other_language(system: System, data: ExperimentData) -> list[str]:
    classifier = system.classifier
    return language_warnings(
        system.system_name,
        classifier.languages,
        learns=classifier.untrained_scorer() is None,
        sides=[(data.claims.article_id[fold.train], data.claims.article_id[fold.test]) for fold in data.folds],
        language_of=data.joined.languages,
    )


def _missing_label_warnings(data: ExperimentData) -> list[str]:
    names = data.gold.gold.names
    warnings = []
    for fold in data.folds:
        codes = training_gold(data, fold).codes
        absent = [f"'{label}'" for code, label in enumerate(names) if code not in codes]
        if absent:
            counts = f"only {len(names) - len(absent)} of {len(names)} labels"
            warnings.append(f"{fold.name}: the training data contain {counts}; absent: {', '.join(absent)}")
    return warnings


def _excluded(rows: Codes, data: ExperimentData, missing: int) -> dict[str, int]:
    counts = dict(data.gold.counts)
    if data.schemes and not data.shows_evidence and len(rows) != len(data.claims):
        counts = {"without gold for the task": int((~np.isin(rows, data.gold.rows_with_gold)).sum())}
    return {reason: count for reason, count in (counts | {WITHOUT_ANSWER: missing}).items() if count}
