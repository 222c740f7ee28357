"""Classifiers inside of classifiers in an experiment: hosts, calls, caps and saved models count as they do alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import HarnessError, open_dataset, plan, run
from harness.classifiers.baselines.trivial import Length


def config_of(folder: Path, dataset: Path | str, classifier: dict) -> Path:
    path = folder / "e.yaml"
    document = {"name": "e", "task": "checkability", "dataset": str(dataset), "metrics": ["f1", "average_precision"]}
    document |= {"split": {"protocol": "grouped_folds", "k": 2}, "classifiers": [classifier], "random_seeds": [1]}
    path.write_text(json.dumps(document | {"intervals": {"resamples": 100}}), encoding="utf-8")
    return path


def member(server, **settings) -> dict:
    return {"name": "language_model", "endpoint": server.url, "model": "tiny", "retries": 0, **settings}


def test_offline_refuses_a_language_model_inside_an_ensemble_and_a_transfer(model_server, small, tmp_path):
    asked = member(model_server)
    inside = [
        {"name": "ensemble", "members": ["rules", asked]},
        {"name": "transfer", "dataset": "public-matters", "task": "checkability", "overlap": "exclude",
         "classifier": asked},
    ]  # fmt: skip
    for classifier in inside:
        config = config_of(tmp_path, small, classifier)
        with pytest.raises(HarnessError, match=r"needs the network \(127\.0\.0\.1"):
            run(config, out=tmp_path / "runs", offline=True)
    assert model_server.asked == []


def test_a_language_model_in_an_ensemble_is_counted_capped_and_not_kept(model_server, small, tmp_path):
    config = config_of(
        tmp_path,
        small,
        {"name": "ensemble", "members": ["length", member(model_server, scoring="token_probabilities")]},
    )
    forecast = plan(config, out=tmp_path / "runs").forecast
    assert model_server.asked == []
    outcome = run(config, out=tmp_path / "runs", save_models=True)
    sent = len(model_server.asked)
    assert sent <= forecast.calls <= sent + 1
    assert set(model_server.claims()) == set(open_dataset(small).table().text)
    result = outcome.results[0]
    assert result.cost.calls > 0
    assert result.values["f1"].value == 1  # the server knows the facts of this dataset by their digits
    assert outcome.models[0].folder is None
    assert "runs at an endpoint" in outcome.models[0].reason


def test_the_cap_of_a_language_model_holds_inside_an_ensemble(model_server, small, tmp_path):
    settings = {"name": "ensemble", "members": ["length", member(model_server, max_calls=10)]}
    with pytest.raises(HarnessError, match=r"max_calls limit \(10\)"):
        run(config_of(tmp_path, small, settings), out=tmp_path / "runs")
    assert len(model_server.asked) == 10


class AsksHost(Length):
    """Says that it contacts a host."""

    def hosts(self):
        return ("api.example.org",)


def test_offline_refuses_the_fits_of_saved_models_too(small, tmp_path):
    config = config_of(tmp_path, small, {"name": f"{__name__}:AsksHost"})
    run(config, out=tmp_path / "runs")
    run(config, out=tmp_path / "runs", offline=True)  # every unit is finished
    with pytest.raises(HarnessError, match=r"needs the network \(api\.example\.org\)"):
        run(config, out=tmp_path / "runs", offline=True, save_models=True)
