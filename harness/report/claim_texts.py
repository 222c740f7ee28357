"""Texts of claims: opens the dataset of a result and verifies its fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.claims import Claims
from harness.data.dataset import Dataset
from harness.errors import HarnessError
from harness.runner.config import Experiment
from harness.runner.result_files import Result
from harness.runner.splitting.joined_datasets import load_joined


class ClaimTexts(NamedTuple):
    """The claims of a report with their texts, if the dataset is available."""

    experiment: Experiment
    """Experiment of the first result."""
    claims: Claims | None
    """All claims of the dataset; None if it could not be opened or has changed."""
    datasets: tuple[Dataset, ...]
    note: str | None
    """Reason why there are no texts."""


def open_claim_texts(result: Result, root: str | Path | None) -> ClaimTexts:
    """Opens the dataset that a result was made from.

    Does not fail if the data are missing: a report is useful without texts, and states why it has none.

    Args:
        result: the first of the report's results.
        root: folder of fetched benchmarks.
    """
    experiment = result.provenance.config
    try:
        joined = load_joined(experiment.datasets, root, experiment.same_form)
    except (HarnessError, OSError) as error:
        reason = str(error).splitlines()[0]
        return ClaimTexts(
            experiment, None, (), f"The dataset could not be opened, so claims are shown by id only: {reason}"
        )
    expected = [dataset.fingerprint for dataset in result.provenance.datasets]
    if [dataset.fingerprint for dataset in joined.datasets] != expected:
        note = (
            f"The dataset '{joined.name}' has changed since these results were made, so claims are shown by id "
            "only; run the experiment again to see the texts"
        )
        return ClaimTexts(experiment, None, (), note)
    return ClaimTexts(experiment, joined.claims, joined.datasets, None)


def rows_of(claims: Claims, claim_ids: np.ndarray[tuple[int], np.dtype[np.object_]]) -> Codes:
    """The row of each claim, by id; shape (n_claims,).

    Raises: KeyError: an id is missing.
    """
    if np.array_equal(claims.claim_id, claim_ids):
        return np.arange(len(claim_ids))
    row = {claim_id: number for number, claim_id in enumerate(claims.claim_id)}
    return np.array([row[claim_id] for claim_id in claim_ids], dtype=np.int64)
