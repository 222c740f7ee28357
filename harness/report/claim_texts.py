"""The texts behind predictions: the dataset of a result, opened again and shown to be the one it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.compare.results import find_results
from harness.data.claims import Claims
from harness.data.dataset import Dataset
from harness.errors import HarnessError
from harness.files import read_text
from harness.runner.config import Experiment
from harness.runner.results import Result
from harness.runner.splitting.joined_datasets import open_pool


class Context(NamedTuple):
    """What is known of the claims of a report beyond their ids."""

    experiment: Experiment
    """Of the first result."""
    claims: Claims | None
    """All claims of the dataset; None where it could not be opened, or has changed."""
    datasets: tuple[Dataset, ...]
    note: str | None
    """Why there are no texts."""


def open_context(paths: list[Path], root: str | Path | None) -> Context:
    """The dataset that the first of some results was made from.

    Never fails for want of the data: a report is of use without texts, and says why it has none.

    Args:
        paths: as `find_results` takes them.
        root: where fetched benchmarks live.
    Raises: HarnessError: the paths hold no finished result.
    """
    result = read_result(find_results(paths)[0])
    experiment = experiment_of(result)
    try:
        pool = open_pool(experiment.datasets, root)
    except (HarnessError, OSError) as error:
        said = str(error).splitlines()[0]
        return Context(
            experiment, None, (), f"The dataset could not be opened, so claims are shown by their ids alone: {said}"
        )
    kept = result.provenance["dataset"]
    expected = [one["fingerprint"] for one in (kept if isinstance(kept, list) else [kept])]
    if [dataset.fingerprint for dataset in pool.datasets] != expected:
        note = (
            f"The dataset '{pool.name}' has changed since these results were made, so claims are shown by their ids "
            "alone; run the experiment again to see the texts"
        )
        return Context(experiment, None, (), note)
    return Context(experiment, pool.claims, pool.datasets, None)


def read_result(folder: Path) -> Result:
    """The record of a result folder.

    Raises: HarnessError: it is no finished result.
    """
    try:
        document = json.loads(read_text(folder / "result.json"))
        return Result.model_validate_json(json.dumps(document | {"path": str(folder)}))
    except ValueError as error:
        raise HarnessError(f"{folder}: is no finished result: {str(error).splitlines()[0]}") from None


def experiment_of(result: Result) -> Experiment:
    """The experiment that a result came from, as its provenance keeps it."""
    return Experiment.model_validate_json(json.dumps(result.provenance["config"]))


def rows_of(claims: Claims, claim_ids: np.ndarray[tuple[int], np.dtype[np.object_]]) -> Claims:
    """The claims of some ids, in their order.

    Raises: KeyError: an id is not among them.
    """
    row = {claim_id: number for number, claim_id in enumerate(claims.claim_id)}
    return claims.take(np.array([row[claim_id] for claim_id in claim_ids], dtype=np.int64))
