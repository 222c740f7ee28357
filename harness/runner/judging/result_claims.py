"""The claims of a stored result of verdicts: the passages that its system was shown beside those that people cited."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.errors import HarnessError
from harness.runner.judging.evaluation import JudgedClaims
from harness.runner.judging.prompt import Comparison
from harness.runner.load_config import load_experiment
from harness.runner.result_files import Result, read_predictions, read_result
from harness.runner.splitting.joined_datasets import JoinedDatasets, load_joined
from harness.runner.verification.evidence_source import evidence_key
from harness.runner.verification.gold_evidence import GoldEvidence
from harness.runner.verification.shown_evidence import gather_evidence
from harness.text_tables import count_of


def result_claims(folder: str | Path, root: str | Path | None = None) -> JudgedClaims:
    """The claims of a result that have gold evidence, with the passages that the system was shown.

    Args:
        folder: folder of the result.
        root: folder of fetched benchmarks.
    Raises: HarnessError: it is no result of verdicts by a system that is shown passages, or its dataset has changed.
    """
    result = read_result(folder)
    config = result.provenance.config
    systems = [system for system in load_experiment(config).systems if system.system_name == result.system]
    if config.task != "verdict" or not systems or systems[0].evidence in (None, "none"):
        raise HarnessError(f"{folder}: a judge reads results of the task verdict by systems that are shown passages")
    joined = load_joined(config.datasets, root, config.same_form)
    _check_data(result, joined)
    source = systems[0].evidence
    shown = gather_evidence([source], joined, config.corpus, root)[evidence_key(source)].column
    gold = GoldEvidence(joined)
    row_of = {claim_id: row for row, claim_id in enumerate(joined.claims.claim_id)}
    columns = read_predictions(result)
    seeds = columns.get("random_seed")
    of_seed = np.ones(len(columns["claim_id"]), dtype=bool) if seeds is None else seeds == seeds[0]
    comparisons, right, n_without = list[Comparison](), list[bool](), 0
    for claim_id, label, predicted in zip(
        *(columns[name][of_seed] for name in ("claim_id", "gold", "predicted")), strict=True
    ):
        row = row_of[claim_id]
        beside = gold.with_shown(claim_id, shown[row], {})
        if label is None or not beside.gold_texts:
            n_without += label is not None
            continue
        comparisons.append(Comparison(joined.claims.text[row], beside.gold_texts, beside.shown_texts))
        right.append(label == predicted)
    if not comparisons:
        raise HarnessError(f"{folder}: no claim has gold evidence to compare with")
    notes = [f"evidence: {result.evidence}; claims without gold evidence, which are left out: {n_without:,}"]
    n_empty = sum(not comparison.found for comparison in comparisons)
    if n_empty:
        notes.append(f"{count_of(n_empty, 'claim')} shown no passage: recall 0, and nothing is asked")
    if len(result.random_seeds) > 1:
        notes.append(f"labels are those of random seed {result.random_seeds[0]}, the first of several")
    return JudgedClaims({"evidence": tuple(comparisons)}, tuple(right), tuple(notes))


def _check_data(result: Result, joined: JoinedDatasets) -> None:
    then = [dataset.fingerprint for dataset in result.provenance.datasets]
    changed = [
        dataset.info.name
        for dataset, fingerprint in zip(joined.datasets, then, strict=True)
        if dataset.fingerprint != fingerprint
    ]
    if changed:
        raise HarnessError(
            f"{result.path}: {', '.join(changed)} has changed since this result; run the experiment again"
        )
