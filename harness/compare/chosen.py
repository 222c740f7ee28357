"""Which results are compared, by their predictions: results over the same claims with gold, none of them twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.compare.selection import Candidate, LeftOut, given_in_full, select_results
from harness.data.claims import Column
from harness.errors import HarnessError
from harness.runner.result_files import TEXTS, Columns, Result, read_predictions

MAX_SHOWN = 3
"""Number of claim ids in a message."""


class ChosenResults(NamedTuple):
    """Results over the same claims with gold."""

    results: tuple[tuple[Result, Columns], ...]
    """Results with their predictions for the same claims, in the order of their paths."""
    left_out: tuple[LeftOut, ...]
    """Other results of the given run folders."""
    notes: tuple[str, ...]
    """Remarks on the choice."""


def choose_results(paths: Sequence[str | Path], *, all_results: bool = False) -> ChosenResults:
    """The results to compare.

    Results that are given by their own folders are all taken. If these are every result of a run folder, as
    `runs/*/results/*` gives them, and differ in claims or gold, the run folder is taken instead.

    Args:
        paths: see `select_results`.
        all_results: also take the results of run folders that are not current but over the same claims and gold.
    Raises: HarnessError: results with different claims or gold, or damaged files.
    """
    selection = select_results(paths, all_results=all_results)
    predictions = dict[str, Columns]()
    for item in selection.candidates:
        columns, first = read_predictions(item.result), next(iter(predictions.values()), Columns())
        # Results over the same claims hold the columns of the claims once, so that many results fit into memory.
        same = {name: first[name] for name in TEXTS if first and np.array_equal(columns[name], first[name])}
        predictions[item.result.path] = {**columns, **same}
    candidates, other_claims = _split_by_claims(selection.candidates, predictions)
    candidates, copies = _split_copies(candidates, predictions)
    results = tuple((candidate.result, predictions[candidate.result.path]) for candidate in candidates)
    try:
        for other in results[1:]:
            check_same_claims(results[0], other)
    except HarnessError as error:
        given = [candidate.result.path for candidate in selection.candidates if candidate.run_folder is None]
        run_folders = given_in_full(given)
        if run_folders:
            others = [path for path in paths if _result_folder(path).parent.parent not in run_folders]
            chosen = choose_results([*run_folders, *others], all_results=all_results)
            names = ", ".join(map(str, run_folders))
            note = f"every result of {names} was given, over different claims or labels, so the current ones are taken"
            return chosen._replace(notes=(note, *chosen.notes))
        if given:
            remedy = "give the run folder instead of its results to take the current result of each system"
            raise HarnessError(f"{error}; {remedy}") from None
        raise
    left_out = (*selection.left_out, *other_claims, *copies)
    notes = [*selection.notes, *_earlier_runs(candidates), *_transfer_note(candidates)]
    return ChosenResults(_over_same_rows(results), left_out, tuple(notes))


def _over_same_rows(results: Sequence[tuple[Result, Columns]]) -> tuple[tuple[Result, Columns], ...]:
    """The results with only the claims that have gold, unless all have the same claims without gold, too."""
    if all(np.array_equal(_first_seed(columns), _first_seed(results[0][1])) for _, columns in results[1:]):
        return tuple(results)
    with_gold = [np.array([label is not None for label in columns["gold"]], dtype=bool) for _, columns in results]
    return tuple(
        (result, {name: column[rows] for name, column in columns.items()})
        for (result, columns), rows in zip(results, with_gold, strict=True)
    )


def _first_seed(columns: Columns) -> Column:
    """Ids of the claims, each once."""
    claim_ids: Column = columns["claim_id"][columns["random_seed"] == columns["random_seed"][0]]
    return claim_ids


def _transfer_note(candidates: Sequence[Candidate]) -> list[str]:
    """Says what the claims of systems that are trained on one group are."""
    splits = [candidate.result.provenance.config.split for candidate in candidates]
    kinds = dict.fromkeys(split.by for split in splits if split.protocol == "transfer")
    return [
        f"protocol transfer: each system is trained on one {by} and tested on all, on its own in folds of articles; "
        f"the run table has the values by {by}"
        for by in kinds
    ]


def _result_folder(path: str | Path) -> Path:
    return Path(path).parent if Path(path).name == "result.json" else Path(path)


def _split_by_claims(
    candidates: Sequence[Candidate], predictions: Mapping[str, Columns]
) -> tuple[list[Candidate], list[LeftOut]]:
    """Separates results of a run folder whose claims or gold differ from those of its latest result."""
    newest: dict[Path, Candidate] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.order):
        if candidate.run_folder is not None:
            newest.setdefault(candidate.run_folder, candidate)
    same, left_out = list[Candidate](), list[LeftOut]()
    for candidate in candidates:
        reference = newest[candidate.run_folder].result if candidate.run_folder is not None else candidate.result
        result = candidate.result
        # Results of one run belong together whatever their claims; if these differ, the comparison says how.
        if candidate.in_latest_run or _is_comparable(
            (reference, predictions[reference.path]), (result, predictions[result.path])
        ):
            same.append(candidate)
        else:
            left_out.append(LeftOut(result.path, "other-claims", result))
    return same, left_out


def _is_comparable(first: tuple[Result, Columns], second: tuple[Result, Columns]) -> bool:
    try:
        check_same_claims(first, second)
    except HarnessError:
        return False
    return True


def _split_copies(
    candidates: Sequence[Candidate], predictions: Mapping[str, Columns]
) -> tuple[list[Candidate], list[LeftOut]]:
    """Separates copies: results of one system in one run folder with the same predictions, but other metrics."""
    originals = list[Candidate]()
    for candidate in sorted(candidates, key=lambda candidate: candidate.order):
        if not any(_is_copy(candidate.result, original.result, predictions) for original in originals):
            originals.append(candidate)
    paths = {original.result.path for original in originals}
    copies = [
        LeftOut(candidate.result.path, "same-predictions", candidate.result)
        for candidate in candidates
        if candidate.result.path not in paths
    ]
    return [candidate for candidate in candidates if candidate.result.path in paths], copies


def _is_copy(result: Result, original: Result, predictions: Mapping[str, Columns]) -> bool:
    folders = [Path(path).resolve().parent for path in (result.path, original.path)]
    if result.system != original.system or folders[0] != folders[1]:
        return False
    columns, others = predictions[result.path], predictions[original.path]
    names = [name for name in columns if name.startswith("score:") or name in ("claim_id", "gold", "predicted")]
    return all(name in others and np.array_equal(columns[name], others[name]) for name in names)


def _earlier_runs(candidates: Sequence[Candidate]) -> list[str]:
    """Names the systems that the latest run did not run, in a folder where runs are recorded."""
    with_record = {candidate.run_folder for candidate in candidates if candidate.in_latest_run}
    names = [
        candidate.result.system
        for candidate in candidates
        if candidate.run_folder in with_record and not candidate.in_latest_run and candidate.run_folder is not None
    ]
    return [f"not in the latest run, but over the same claims and labels: {', '.join(names)}"] if names else []


def check_same_claims(first: tuple[Result, Columns], second: tuple[Result, Columns]) -> None:
    """Checks that two results are over the same claims; only claims with gold count.

    Raises: HarnessError: the results differ in task, claims, gold or claim order; the message shows where.
    """
    (result_a, columns_a), (result_b, columns_b) = first, second
    if result_a.task != result_b.task:
        raise HarnessError(
            f"compare: the results have different tasks: {result_a.task} in {result_a.path}, "
            f"{result_b.task} in {result_b.path}"
        )
    (ids_a, labels_a), (ids_b, labels_b) = _gold_of(columns_a), _gold_of(columns_b)
    if np.array_equal(ids_a, ids_b) and np.array_equal(labels_a, labels_b):
        return
    gold_a, gold_b = dict(zip(ids_a, labels_a, strict=True)), dict(zip(ids_b, labels_b, strict=True))
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


def _gold_of(columns: Columns) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Claim ids and gold labels of the claims with gold, in the order of the table."""
    has_gold = np.fromiter((label is not None for label in columns["gold"]), dtype=bool, count=len(columns["gold"]))
    rows = (columns["random_seed"] == columns["random_seed"][0]) & has_gold
    return columns["claim_id"][rows], columns["gold"][rows]
