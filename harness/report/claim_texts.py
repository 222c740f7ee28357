"""The texts behind predictions: the dataset of a result, opened again and shown to be the one it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.data.claims import Claims
from harness.data.dataset import Dataset
from harness.errors import HarnessError
from harness.runner.config import Experiment
from harness.runner.result_files import Result
from harness.runner.splitting.joined_datasets import load_joined


class ClaimTexts(NamedTuple):
    """What is known of the claims of a report beyond their ids."""

    experiment: Experiment
    """Of the first result."""
    claims: Claims | None
    """All claims of the dataset; None where it could not be opened, or has changed."""
    datasets: tuple[Dataset, ...]
    note: str | None
    """Why there are no texts."""


def open_claim_texts(result: Result, root: str | Path | None) -> ClaimTexts:
    """The dataset that a result was made from.

    Never fails for want of the data: a report is of use without texts, and says why it has none.

    Args:
        result: the first of the report's results.
        root: where fetched benchmarks live.
    """
    experiment = result.provenance.config
    try:
        pool = load_joined(experiment.datasets, root)
    except (HarnessError, OSError) as error:
        said = str(error).splitlines()[0]
        return ClaimTexts(
            experiment, None, (), f"The dataset could not be opened, so claims are shown by their ids alone: {said}"
        )
    expected = [dataset.fingerprint for dataset in result.provenance.datasets]
    if [dataset.fingerprint for dataset in pool.datasets] != expected:
        note = (
            f"The dataset '{pool.name}' has changed since these results were made, so claims are shown by their ids "
            "alone; run the experiment again to see the texts"
        )
        return ClaimTexts(experiment, None, (), note)
    return ClaimTexts(experiment, pool.claims, pool.datasets, None)


def rows_of(claims: Claims, claim_ids: np.ndarray[tuple[int], np.dtype[np.object_]]) -> Claims:
    """The claims of some ids, in their order.

    Raises: KeyError: an id is not among them.
    """
    row = {claim_id: number for number, claim_id in enumerate(claims.claim_id)}
    return claims.take(np.array([row[claim_id] for claim_id in claim_ids], dtype=np.int64))
