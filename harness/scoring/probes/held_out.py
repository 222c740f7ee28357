"""Whether the claims of a probe were in the training data of the probed model."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools
from harness.data.claims import Column
from harness.data.dataset import Dataset
from harness.errors import HarnessError
from harness.runner.models.saved_model import Model
from harness.runner.result_files import Result, read_predictions, read_result


class HeldOut(NamedTuple):
    """The claims of a dataset that a model was not trained on, as far as its card says."""

    rows: Bools
    """Whether each claim is used; shape (n_claims,)."""
    in_training: bool
    """Whether the claims were in the training data."""
    sentence: str
    """What is known, for the reader."""


def held_out(model: Model, dataset: Dataset, claim_ids: Column) -> HeldOut:
    """Finds the claims that a model was not trained on; all claims, with a warning, if there are none.

    Args:
        model: the model.
        dataset: dataset of the claims.
        claim_ids: id of each claim of the dataset, shape (n_claims,).
    """
    everything = np.ones(len(claim_ids), dtype=bool)
    provenance, name = model.card.provenance, dataset.info.name
    if provenance is None:
        return HeldOut(everything, in_training=False, sentence="held out: the system was not trained")
    trained = {version.name for version in provenance.datasets}
    same_content = {version.fingerprint for version in provenance.datasets}
    related = trained.intersection((name, *dataset.info.ancestry))
    if not related and dataset.fingerprint not in same_content:
        sentence = f"held out: the model was trained on {', '.join(sorted(trained))}, not on {name}"
        return HeldOut(everything, in_training=False, sentence=sentence)
    result = _result_of(model)
    test_ids = _test_claims(result, len(provenance.datasets) > 1, name) if result is not None else set[str]()
    is_test = np.array([claim_id in test_ids for claim_id in claim_ids], dtype=bool)
    if is_test.any():
        sentence = f"held out: the {int(is_test.sum()):,} test claims of the split that the model was measured on"
        return HeldOut(is_test, in_training=False, sentence=sentence)
    fitted_to = model.card.trained_on.rows if model.card.trained_on else "an unknown part"
    sentence = (
        f"these claims were in training: the model was fitted to {fitted_to} of {', '.join(sorted(trained))}; name "
        "another dataset to probe it on claims that it has not seen"
    )
    return HeldOut(everything, in_training=True, sentence=sentence)


def _result_of(model: Model) -> Result | None:
    """The result of a saved model: the folder that the model lies in, or beside the chain that it is a stage of."""
    if model.folder is None or model.card.provenance is None:
        return None
    result_id = model.card.provenance.result_id
    folder = model.folder.resolve()
    places: list[Path] = [folder.parent, folder.parent.parent / folder.name / "results" / result_id]
    for place in places:
        try:
            result = read_result(place)
        except HarnessError:
            continue
        if result.result_id == result_id:
            return result
    return None


def _test_claims(result: Result, joined: bool, dataset: str) -> set[str]:
    """The test claims of a result with one fold, whose model was fitted to the other part; empty with more folds."""
    columns = read_predictions(result)
    if len(set(columns["fold"].tolist())) != 1:
        return set()
    prefix = f"{dataset}:" if joined else ""
    return {name.removeprefix(prefix) for name in columns["claim_id"].tolist() if name.startswith(prefix)}
