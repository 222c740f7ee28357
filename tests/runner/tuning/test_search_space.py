"""Candidates: the product of grids, or drawn from ranges; how many were tried, in how many folds, by how many fits."""

from __future__ import annotations

import json
import re

import pytest

from harness import build_report, load_experiment, run
from harness.errors import FaultsError
from harness.runner.tables import chosen_of
from harness.runner.tuning.search_space import Range, search_candidates

LOG = {"search": {"low": 0.01, "high": 10, "scale": "log"}}


def classifiers(config, text: str) -> None:
    config.write_text(config.read_text().replace("[majority, prior_random, length]", text).replace("[f1, ", "["))


def test_a_place_in_a_range_is_a_value_of_it():
    linear, log = Range(low=10.0, high=20.0), Range(low=0.01, high=100.0, scale="log")
    assert [linear.value(place, False) for place in (0.0, 0.25, 0.5)] == [10.0, 12.5, 15.0]
    assert [log.value(place, False) for place in (0.0, 0.25, 0.5, 0.75)] == [0.01, 0.1, 1.0, 10.0]
    # Whole numbers from 1 to 4 have a quarter of the range each; from 1 to 7 by factors: log 2 of 8 is 3 equal parts.
    assert [Range(low=1, high=4).value(place, True) for place in (0.0, 0.24, 0.26, 0.74, 0.76)] == [1, 1, 2, 3, 4]
    factors = Range(low=1, high=7, scale="log")
    assert [factors.value(place, True) for place in (0.0, 0.32, 0.34, 0.65, 0.67, 0.999)] == [1, 1, 2, 3, 4, 7]


def test_candidates_are_spread_over_every_range_and_grid():
    settings = {"C": LOG, "min_df": {"search": {"low": 1, "high": 4}}, "tune": {"candidates": 40}}
    fixed, drawn = search_candidates("tfidf_logreg", settings | {"stem": {"grid": ["a", "b"]}, "label": 3})
    assert fixed == {"label": 3}
    assert len(drawn) == 40
    # Of 40 points, each tenth of the range has 4 (Halton's sequence: never off by more than a few).
    tenths = [
        sum(0.01 * 10 ** (k * 0.3) <= one["C"] < 0.01 * 10 ** (k * 0.3 + 0.3) for one in drawn) for k in range(10)
    ]
    assert min(tenths) >= 2
    assert max(tenths) <= 6
    assert all(sum(one["min_df"] == n for one in drawn) in range(8, 13) for n in (1, 2, 3, 4))
    assert {type(one["min_df"]) for one in drawn} == {int}
    assert all(10 <= sum(one["stem"] == value for one in drawn) <= 30 for value in "ab")
    assert (
        search_candidates("tfidf_logreg", settings)[1]
        != search_candidates("tfidf_logreg", settings | {"tune": {"random_seed": 1}})[1]
    )
    assert search_candidates("tfidf_logreg", settings) == search_candidates("tfidf_logreg", settings)


def test_whole_ends_are_whole_numbers_where_the_setting_may_be_one():
    whole = {"search": {"low": 1, "high": 100}}
    assert all(type(one["C"]) is float for one in search_candidates("tfidf_logreg", {"C": whole})[1])
    assert all(type(one["min_df"]) is int for one in search_candidates("tfidf_logreg", {"min_df": whole})[1])
    forest = search_candidates("sklearn.ensemble:RandomForestClassifier", {"n_estimators": whole})[1]
    assert all(type(one["n_estimators"]) is int for one in forest)
    few = search_candidates("length", {"cap": {"search": {"low": 3, "high": 5}}, "tune": {"candidates": 50}})[1]
    assert sorted(one["cap"] for one in few) == [3, 4, 5]


def test_without_ranges_grids_give_their_product():
    settings = {"C": {"grid": [1, 2]}, "min_df": {"grid": [1, 2, 3]}, "word": 1}
    fixed, choices = search_candidates("tfidf_logreg", settings)
    assert fixed == {"word": 1}
    assert choices == [{"C": c, "min_df": m} for c in (1, 2) for m in (1, 2, 3)]
    assert search_candidates("tfidf_logreg", {"C": 1}) == ({"C": 1}, [])


def test_a_search_says_what_it_chose_of_how_many_and_by_how_many_fits(config, tmp_path):
    length = "{name: length, cap: {search: {low: 1, high: 30, scale: log}}, tune: {candidates: 6}, label: %s}"
    more = "{name: length, cap: {grid: [1, 12]}, threshold: {aim: f1}, label: cut}"
    classifiers(config, f"[{length % 'searched'}, length, {more}]")
    searched, plain, cut = run(config, out=tmp_path / "runs").results
    candidates = search_candidates(
        "length", {"cap": {"search": {"low": 1, "high": 30, "scale": "log"}}, "tune": {"candidates": 6}}
    )
    n = len(candidates[1])
    assert n >= 5
    assert all(said.endswith(f" of {n} candidates in 3 folds") for said in searched.provenance.chosen.values())
    # 4 folds x 3 seeds; inside each, every candidate in 3 folds, and one fit to all of the training claims.
    assert searched.cost.fits == 12 * (3 * n + 1)
    assert plain.cost.fits == 4  # the seed changes nothing
    # A threshold scores the training claims in 3 folds more, each of which tunes 2 candidates in 3 folds; the fit to
    # the whole fold is one that the tuning of all training claims has made.
    assert cut.cost.fits == 12 * ((3 + 1) * (2 * 3 + 1) - 3)
    kept = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("result.json")]
    assert {one["system"]: one["cost"]["fits"] for one in kept}["searched"] == searched.cost.fits


@pytest.mark.parametrize("settings", ["cap: {grid: [1, 12]}", "cap: {search: {low: 1, high: 12}}"])
def test_what_is_made_for_yes_or_no_stays_so_when_its_settings_are_chosen(config, settings):
    classifiers(config, f"[{{name: length, {settings}}}]")
    config.write_text(config.read_text().replace("task: checkability", "task: claim_type"))
    with pytest.raises(FaultsError, match="'length' supports yes-or-no tasks only, and 'claim_type' has more labels"):
        load_experiment(config)


def test_a_tuned_or_decided_classifier_reads_what_its_inner_one_reads(config):
    context = "{name: context_logreg, C: {grid: [0.1, 1]}, label: %s}"
    classifiers(config, f"[{context % 'a'}, {context[:-1] % 'b'}, threshold: {{aim: f1}}}}, tfidf_svm]")
    assert [system.classifier.context_scope for system in load_experiment(config).systems] == [
        "article",
        "article",
        "claim",
    ]


def test_the_budget_stands_in_the_table_and_in_the_report(config, tmp_path):
    tuned = "{name: length, cap: {grid: [1, 12]}, label: tuned}"
    classifiers(config, f"[{tuned}, length]")
    outcome = run(config, out=tmp_path / "runs", overrides=["random_seeds=[1]"])
    said = chosen_of(outcome.results[0])
    assert re.fullmatch(r"cap=12 of 2 candidates in 3 folds( \| cap=1 of 2 [a-z0-9 ]+)?; 28 fits in all", said)
    assert f"tuned chose {said}" in str(outcome)
    assert chosen_of(outcome.results[1]) == ""
    assert "length chose" not in str(outcome)
    build_report([outcome.folder], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<td>{said}</td>" in page
    assert '<td class="n">28</td>' in page


def test_the_number_of_fits_is_the_number_of_fits(config, tmp_path, monkeypatch):
    from harness.classifiers.baselines.trivial import Length

    fits = []
    fit = Length.fit
    monkeypatch.setattr(Length, "fit", lambda self, *given: fits.append(self.cap) or fit(self, *given))
    range_ = "{search: {low: 1, high: 30}}"
    classifiers(config, f"[{{name: length, cap: {range_}, tune: {{candidates: 3}}, calibration: platt}}]")
    result = run(config, out=tmp_path / "runs", overrides=["random_seeds=[1]"]).results[0]
    assert result.cost.fits == len(fits) == 4 * ((3 + 1) * (3 * 3 + 1) - 3)


def test_a_searched_experiment_reads_back_as_the_same(config, tmp_path):
    classifiers(config, "[{name: length, cap: {search: {low: 1, high: 30}}, tune: {candidates: 3, random_seed: 4}}]")
    loaded = load_experiment(config)
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(loaded.experiment.document()))
    assert load_experiment(again).systems == loaded.systems


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("cap: {search: {low: 5, high: 5}}", "cap.search: expected low < high, got low 5 and high 5"),
        ("cap: {search: {low: 0, high: 5, scale: log}}", "expected low > 0 with scale: log, got low 0"),
        ("cap: {search: {low: 1}}", "cap.search.high: is required"),
        (
            "cap: {search: {low: 1, high: 3, scales: log}}",
            "cap.search.scales: no field is called 'scales'. Did you mean 'scale'?",
        ),
        ("cap: {search: {low: 1, high: many}}", "cap.search.high"),
        ("cap: {search: 3}", "cap.search"),
        ("cap: {search: {low: 1, high: 9}}, tune: {candidates: 0}", "tune.candidates: expected greater than or equal"),
        ("cap: {search: {low: 1, high: 9}}, tune: {candidate: 3}", "no field is called 'candidate'"),
        ("cap: {search: {low: 1.5, high: 9}}", "cap: expected an integer"),
        ("cap: {search: {low: 0, high: 9}}", "cap: expected greater than or equal to 1, got 0"),
        ("cap: 3, tune: {candidates: 3}", "no field is called 'tune'"),
    ],
)
def test_a_wrong_search_is_a_fault_of_the_config_with_its_line(config, entry, said):
    classifiers(config, f"[{{name: length, {entry}}}]")
    with pytest.raises(FaultsError) as caught:
        load_experiment(config)
    assert "small.yaml:5: classifiers[0]." in str(caught.value)
    assert said in str(caught.value)
