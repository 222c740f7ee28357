"""What is said of the claims of a probe: held out, or in training."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

import harness
from harness.runner.models.saved_model import load_model
from harness.scoring.probes.held_out import held_out


@pytest.fixture(scope="module")
def dataset():
    return harness.open_dataset("planted-errors")


def trained_on(made_up, name, fingerprint="0"):
    version = SimpleNamespace(name=name, fingerprint=fingerprint)
    provenance = SimpleNamespace(datasets=(version,), result_id="r")
    rows = SimpleNamespace(rows="all claims with gold of 5 folds")
    return made_up(lambda *_: (0, 1), provenance=provenance, trained_on=rows)


def test_claims_of_another_dataset_are_held_out(made_up, dataset):
    known = held_out(trained_on(made_up, "other"), dataset, dataset.table().claim_id)
    assert not known.in_training
    assert known.sentence == "held out: the model was trained on other, not on planted-errors"


@pytest.mark.parametrize("same", ["name", "content"])
def test_claims_of_the_training_data_are_said_to_be_in_training(made_up, dataset, same):
    name, content = ("planted-errors", "0") if same == "name" else ("renamed", dataset.fingerprint)
    known = held_out(trained_on(made_up, name, content), dataset, dataset.table().claim_id)
    assert known.in_training
    assert known.rows.all()
    assert known.sentence.startswith("these claims were in training: the model was fitted to all claims with gold of 5")


def test_a_copied_model_without_its_result_is_taken_to_have_seen_the_claims(judges, dataset, tmp_path):
    claim_ids = dataset.table().claim_id
    folder = shutil.copytree(judges["majority"], tmp_path / "copy")
    assert held_out(load_model(folder), dataset, claim_ids).in_training
    assert held_out(load_model(judges["majority"]), dataset, claim_ids).rows.sum() == 20


def test_a_stage_of_a_chain_is_traced_to_the_result_beside_the_chain(judges, dataset, tmp_path):
    result = judges["majority"].parent
    shutil.copytree(result, tmp_path / "judge" / "results" / result.name)
    folder = shutil.copytree(judges["majority"], tmp_path / "model" / "judge")
    assert held_out(load_model(folder), dataset, dataset.table().claim_id).rows.sum() == 20
