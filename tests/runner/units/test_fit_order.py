"""The order of fits: neighboring systems on n-grams fold by fold, and each fold's features are made once."""

from __future__ import annotations

import json

import numpy as np

from harness import load_experiment
from harness.features.counts.shared_counts import SharedCounts
from harness.runner.execute import execute, fit_unit
from harness.runner.plan import load_data, take_gold, units_of
from harness.runner.units.fit_order import group_starts, in_fit_order

CONFIG = """\
name: order
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2, by: article}}
classifiers:
  - majority
  - {{name: tfidf_logreg, C: 0.1, label: C0.1}}
  - {{name: nb_logreg, label: nb}}
  - length
  - {{name: tfidf_logreg, C: 10.0, label: C10}}
metrics: [f1]
explain: true
intervals: {{method: none}}
"""


def _write(path, dataset, text: str = CONFIG):
    path.write_text(text.format(dataset=dataset), encoding="utf-8")
    return path


def test_systems_on_n_grams_that_are_neighbors_are_fitted_fold_by_fold(small, tmp_path):
    loaded = load_experiment(_write(tmp_path / "e.yaml", small))
    units = units_of(loaded, load_data(loaded))
    ordered = in_fit_order(units)
    assert sorted(unit.unit_id for unit in ordered) == sorted(unit.unit_id for unit in units)
    names = [(unit.system.system_name, unit.fold.name) for unit in ordered]
    first, second = dict.fromkeys(name for _, name in names)
    systems = [("majority",), ("C0.1", "nb"), ("length",), ("C10",)]
    assert names == [(name, fold) for group in systems for fold in (first, second) for name in group]
    # A process fits all systems of a fold, or all folds of a system without n-grams.
    assert group_starts(ordered) == [0, 2, 4, 6, 8, 9]
    assert group_starts([]) == []


def test_features_are_made_once_for_each_fold_and_reasons_are_those_of_a_fit_alone(small, tmp_path, monkeypatch):
    systems = "classifiers: [{{name: tfidf_logreg, C: 0.1, label: a}}, {{name: tfidf_logreg, C: 10.0, label: b}}]\n"
    text = CONFIG[: CONFIG.index("classifiers")] + systems + CONFIG[CONFIG.index("metrics") :]
    loaded = load_experiment(_write(tmp_path / "e.yaml", small, text))
    data = load_data(loaded)
    units = units_of(loaded, data)
    fitted, counted = [], []
    fit, count = SharedCounts.fit_counts, SharedCounts.count
    monkeypatch.setattr(SharedCounts, "fit_counts", lambda *given: fitted.append(given) or fit(*given))
    monkeypatch.setattr(SharedCounts, "count", lambda *given: counted.append(given) or count(*given))
    finished = execute(units, data, tmp_path / "runs", stored={}).units
    assert len(units) == 4
    assert len(fitted) == len(counted) == 2  # for both systems, their scores and their reasons
    for unit in units:
        stored = finished[unit.unit_id].predictions
        claims, fold = data.claims_of(unit.system), unit.fold
        gold, test = take_gold(data.gold, fold.train), claims.take(fold.test)
        alone = fit_unit(unit, claims.take(fold.train), gold, test).encoded.stored.predictions
        assert np.array_equal(stored.predicted, alone.predicted)
        np.testing.assert_allclose(stored.scores, alone.scores, rtol=1e-12)
        assert stored.reasons == alone.reasons
        assert sum(len(json.loads(row)) for row in stored.reasons) > len(test)
