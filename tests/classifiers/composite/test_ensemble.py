"""Ensembles by hand and against scikit-learn; transfer, and what it must not learn."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from claim_tables import claims_of, gold_of, yes_no
from pydantic import ValidationError
from tiny_encoder import make_encoder, skip_without_torch

from harness import HarnessError, open_dataset, run
from harness.classifiers import build
from harness.classifiers.base import TaskPrompt
from harness.classifiers.composite.ensemble import _ranks
from harness.classifiers.encoders.transformer import Transformer
from harness.classifiers.storage.serialize import deserialize, serialize
from harness.errors import FaultsError

MEMBERS = [{"name": "tfidf_logreg", "min_df": 1}, {"name": "tfidf_svm", "min_df": 1}, "rules"]
TRANSFER = {"dataset": "public-matters", "task": "checkability", "classifier": "nb_logreg"}


@pytest.fixture(scope="module")
def table():
    """250 claims of public-matters with made-up gold that their length decides."""
    claims = open_dataset("public-matters").table().take(np.arange(250))
    return claims, gold_of([int(len(text) > 90) for text in claims.text])


def test_a_mean_is_that_of_standardized_scores(table):
    claims, gold = table
    scorer = build("ensemble", {"members": MEMBERS}).fit(claims, gold, 13)
    lines = []
    for member in scorer.members:
        scores = member.score(claims)[:, -1]
        lines.append(np.log(scores / (1 - scores)) if member.probabilities or member.logistic else scores)
    expected = np.mean(
        [(line - c) / s for line, c, s in zip(lines, scorer.centers, scorer.spreads, strict=True)], axis=0
    )
    assert scorer.score(claims)[:, 1] == pytest.approx(expected)
    assert not scorer.probabilities
    assert scorer.chosen == "weights equal from 3 folds of training articles"
    predicted = scorer.predict(claims, scorer.score(claims))
    assert (predicted == (expected >= scorer.cutoff)).all()


def test_ranks_by_hand():
    ladders = np.array([[1.0, 2.0, 2.0, 5.0], [0.0, 0.1, 0.2, 0.3]])
    columns = np.array([[0.0, 0.3], [2.0, 0.25], [9.0, 0.0]])
    # below 0 stand none of four, at 2 one below and two equal, above 9 all; likewise in the other
    assert _ranks(columns, ladders).tolist() == [[0, 3.5 / 4], [2 / 4, 3 / 4], [1, 0.5 / 4]]


def test_mean_ranks_do_not_depend_on_what_else_is_scored(table):
    claims, gold = table
    scorer = build("ensemble", {"members": MEMBERS, "method": "ranks"}).fit(claims, gold, 13)
    scores = scorer.score(claims)
    assert np.array_equal(scorer.score(claims.take(np.arange(5))), scores[:5])
    assert ((scores[:, 1] >= 0) & (scores[:, 1] <= 1)).all()
    assert not scorer.probabilities
    predicted = scorer.predict(claims, scores)
    assert (predicted == (scores[:, 1] >= scorer.cutoff)).all()
    assert scorer.explain(claims.take(np.arange(2)))[0]


def test_log_odds_are_pooled_as_probabilities(table):
    claims, gold = table
    members = [MEMBERS[0], "nb_logreg"]
    scorer = build("ensemble", {"members": members, "method": "log_odds", "weights": [3, 1]}).fit(claims, gold, 13)
    p, q = (build(one, {}) if isinstance(one, str) else build("tfidf_logreg", {"min_df": 1}) for one in members)
    p, q = (member.fit(claims, gold, 13).score(claims)[:, 1] for member in (p, q))
    odds = (p / (1 - p)) ** 0.75 * (q / (1 - q)) ** 0.25  # the geometric mean, by the weights
    assert scorer.score(claims)[:, 1] == pytest.approx(odds / (1 + odds))
    assert scorer.probabilities
    assert (scorer.predict(claims, scorer.score(claims)) == (odds > 1)).all()
    rows = np.flatnonzero(claims.article_codes() == 0)
    of_one_article = build("ensemble", {"members": members, "method": "log_odds"}).fit(
        claims.take(rows), gold_of(np.arange(len(rows)) % 2), 13
    )
    assert len(np.unique(of_one_article.score(claims)[:, 1])) > 2
    with pytest.raises(HarnessError, match=r"method: log_odds .*'tfidf_svm'"):
        build("ensemble", {"members": MEMBERS, "method": "log_odds"}).fit(claims, gold, 13)


def test_repeats_are_averaged_each_from_a_seed_of_its_own(table):
    claims, gold = table
    forest = {"name": "sklearn.ensemble:RandomForestClassifier", "n_estimators": 5, "max_depth": 4}
    settings = {"members": [forest, "nb_logreg"], "repeats": 3, "method": "log_odds", "weights": [3, 1]}
    scorer = build("ensemble", settings).fit(claims, gold, 13)
    assert scorer.weights.tolist() == pytest.approx([1 / 4, 1 / 4, 1 / 4, 1 / 12, 1 / 12, 1 / 12])
    scores = [member.score(claims)[:, 1] for member in scorer.members]
    name, rest = forest["name"], {key: value for key, value in forest.items() if key != "name"}
    assert np.array_equal(scores[0], build(name, rest).fit(claims, gold, 13).score(claims)[:, 1])  # the run's own seed
    assert not np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[1], scores[2])
    assert np.array_equal(scores[3], scores[4])  # chance does not move it
    again = build("ensemble", settings).fit(claims, gold, 13)
    assert np.array_equal(again.score(claims), scorer.score(claims))
    alone = build("ensemble", {"members": [forest], "repeats": 2}).fit(claims, gold, 13)
    assert alone.weights.tolist() == [0.5, 0.5]
    with pytest.raises(ValidationError, match="expected two or more, or repeats of 2 or more"):
        build("ensemble", {"members": [forest]})


def test_given_weights_are_those_of_the_sum(table):
    claims, gold = table
    plain = build("ensemble", {"members": MEMBERS}).fit(claims, gold, 13)
    weighed = build("ensemble", {"members": MEMBERS, "weights": [2, 1, 1]}).fit(claims, gold, 13)
    assert weighed.weights.tolist() == [0.5, 0.25, 0.25]
    first = build("tfidf_logreg", {"min_df": 1}).fit(claims, gold, 13).score(claims)[:, 1]
    standard = (np.log(first / (1 - first)) - plain.centers[0]) / plain.spreads[0]
    expected = plain.score(claims)[:, 1] * 3 / 4 + standard / 4
    assert weighed.score(claims)[:, 1] == pytest.approx(expected)
    assert weighed.chosen == "weights 0.50, 0.25, 0.25 from 3 folds of training articles"


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"weights": [1, 2]}, "weights: expected 3 numbers above 0"),
        ({"weights": [1, 2, 0]}, "weights: expected 3 numbers above 0"),
        ({"weights": [1, 2, 3], "method": "stacking"}, "weights: .*stacking.*remove weights"),
    ],
)
def test_wrong_weights_are_refused(changes, pattern):
    with pytest.raises(ValidationError, match=pattern):
        build("ensemble", {"members": MEMBERS} | changes)


def test_stacking_weighs_the_member_that_knows(table):
    claims, gold = table
    members = [{"name": "length"}, {"name": "prior_random"}]
    scorer = build("ensemble", {"members": members, "method": "stacking"}).fit(claims, gold, 13)
    assert scorer.weights[0] > 1
    assert scorer.weights[1] < 0.5
    assert (scorer.weights >= 0).all()
    assert scorer.probabilities
    assert scorer.score(claims).sum(axis=1) == pytest.approx(1)


def test_the_reasons_of_rules_in_an_ensemble_add_up_to_its_score(table):
    claims, gold = table
    members = ["rules", {"name": "length"}]
    scorer = build("ensemble", {"members": members, "folds": 2}).fit(claims, gold, 13)
    facts = claims_of(["Rents rose by 14 percent between 2019 and 2023.", "Who would not love this town, they ask?"])
    (first, second), scores = scorer.explain(facts), scorer.score(facts)[:, 1]
    moved = [sum(reason.weight for reason in reasons) for reasons in (first, second)]
    assert moved[0] - moved[1] == pytest.approx(scores[0] - scores[1])


def test_the_reasons_of_an_ensemble_add_up_those_of_its_members(table):
    claims, gold = table
    some = claims.take(np.arange(20))
    scorer = build("ensemble", {"members": MEMBERS[:2]}).fit(claims, gold, 13)
    first, second = (member.explain(some) for member in scorer.members)
    factors = scorer.weights / scorer.spreads
    for row, reasons in enumerate(scorer.explain(some)):
        known = {(r.name, r.text): r.weight * factors[0] for r in first[row]}
        for r in second[row]:
            known[r.name, r.text] = known.get((r.name, r.text), 0) + r.weight * factors[1]
        assert len(reasons) <= 10
        assert {(r.name, r.text): pytest.approx(r.weight) for r in reasons}.items() <= known.items()


@pytest.mark.parametrize("method", ["mean", "ranks", "log_odds", "stacking"])
def test_an_ensemble_is_saved_and_loaded(table, tmp_path, method):
    claims, gold = table
    members = [*(["nb_logreg"] if method == "log_odds" else MEMBERS), {"name": "transfer", **TRANSFER}]
    scorer = build("ensemble", {"members": members, "method": method}).fit(claims, gold, 13)
    again = deserialize(json.loads(json.dumps(serialize(scorer, tmp_path))), tmp_path)
    assert np.array_equal(again.score(claims), scorer.score(claims))
    assert again.chosen == scorer.chosen


def test_transfer_learns_from_the_other_dataset_alone():
    claims, gold = yes_no()
    fitted = build("transfer", TRANSFER).fit(claims, gold, 13)
    fitted_to_flipped = build("transfer", TRANSFER).fit(claims, gold_of(1 - gold.codes), 13)
    assert np.array_equal(fitted.score(claims), fitted_to_flipped.score(claims))
    told = claims_of(["Spending rose by 12 percent in 2021.", "Let us hope for the best!"])
    assert np.diff(fitted.score(told)[:, 1])[0] < 0


def test_what_two_datasets_share_is_refused_or_left_out():
    dataset = open_dataset("public-matters")
    articles = [article.article_id for article in dataset.articles][:2]
    texts = [claim.text for claim in dataset.current if claim.article_id in articles]
    refused = build("transfer", TRANSFER).with_experiment(texts, None)
    with pytest.raises(HarnessError, match=r"'public-matters': \d+ of its .*\(2 of its articles .*overlap: exclude"):
        refused.fit(*yes_no(), 13)
    source = build("transfer", TRANSFER | {"overlap": "exclude"}).with_experiment(texts, None).training_set()
    assert not set(articles) & set(source.claims.article_id)
    assert set(source.claims.article_id) == {article.article_id for article in dataset.articles} - set(articles)


def test_an_experiment_with_its_own_dataset_as_the_other_is_refused(root, tmp_path):
    (tmp_path / "e.yaml").write_text(
        "{name: e, task: checkability, dataset: public-matters, metrics: [f1], "
        "classifiers: [{name: transfer, dataset: public-matters, task: checkability, classifier: rules}]}",
        encoding="utf-8",
    )
    with pytest.raises(HarnessError, match=r"transfer from 'public-matters': .*overlap: exclude"):
        run(tmp_path / "e.yaml", out=tmp_path / "runs")
    with pytest.raises(HarnessError, match="transfer from 'public-matters': too few training claims remain"):
        run(tmp_path / "e.yaml", overrides=["classifiers.0.overlap=exclude"], out=tmp_path / "runs")


@pytest.mark.parametrize(
    ("entry", "pattern"),
    [
        ("{name: ensemble, members: [tfidf_logreg]}", "members"),
        ("{name: ensemble, members: [tfidf_logreg, tfidf_logrgg]}", "Did you mean 'tfidf_logreg'"),
        ("{name: ensemble, members: [tfidf_logreg, {name: tfidf_svm, C: -1}]}", "C: .*greater than 0"),
        ("{name: ensemble, members: [rules, {name: language_model}]}", "language_model: endpoint: "),
        ("{name: ensemble, members: [tfidf_logreg, 3]}", "expected a classifier's name"),
    ],
)
def test_wrong_members_are_faults_of_the_config(tmp_path, entry, pattern):
    (tmp_path / "e.yaml").write_text(
        f"{{name: e, task: checkability, dataset: public-matters, metrics: [f1], classifiers: [{entry}]}}"
    )
    with pytest.raises(FaultsError, match=pattern) as caught:
        run(tmp_path / "e.yaml", out=tmp_path / "runs")
    assert "e.yaml:1: classifiers[0]" in str(caught.value)


def test_the_labels_that_answer_yes_are_added_up(bring, table, tmp_path):
    claims, root = table[0].take(np.arange(20)), bring("claimbuster")
    inner, whole = {"name": "nb_logreg", "min_df": 50}, None
    for task, columns in (("checkability", [1, 2]), ("check_worthiness", [2])):
        settings = {"dataset": "claimbuster", "task": task, "classifier": inner, "target": "labels"}
        transfer = build("transfer", settings).with_experiment([], root)
        source = transfer.training_set()
        assert source.gold.labels == ("NFS", "UFS", "CFS")
        if whole is None:  # one fit answers both tasks
            whole = build("nb_logreg", {"min_df": 50}).fit(source.claims, source.gold, 13).score(claims)
        scorer = transfer.fit(*yes_no(), 13)
        assert scorer.score(claims)[:, 1] == pytest.approx(whole[:, columns].sum(axis=1))
        assert (scorer.explain(claims) is None) == (len(columns) > 1)
    again = deserialize(json.loads(json.dumps(serialize(scorer, tmp_path))), tmp_path)
    assert np.array_equal(again.score(claims), scorer.score(claims))
    assert again.explain(claims) == scorer.explain(claims)


def test_labels_without_probabilities_cannot_be_added_up():
    settings = TRANSFER | {"target": "labels", "classifier": "tfidf_svm"}
    with pytest.raises(HarnessError, match=r"target: labels .*probabilities; 'tfidf_svm'"):
        build("transfer", settings).fit(*yes_no(), 13)


def test_a_slow_fit_is_made_once_for_all_experiments(tmp_path, monkeypatch):
    skip_without_torch()
    from harness.classifiers.composite import transfer
    from harness.classifiers.encoders import fine_tuning

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    inner = {"name": "transformer", "model": str(make_encoder(tmp_path / "encoder")), "epochs": 1}
    settings = TRANSFER | {"classifier": inner}
    claims = claims_of(["Spending rose by 12 percent in 2021.", "Let us hope for the best!"])
    fits, real = [], fine_tuning.fine_tune
    monkeypatch.setattr(fine_tuning, "fine_tune", lambda *args: fits.append(args) or real(*args))

    def score(**changes):
        transfer._fit_to_source.cache_clear()
        return build("transfer", settings | changes).fit(*yes_no(), 13).score(claims)

    first = score()
    assert np.array_equal(score(), first)
    assert len(fits) == 1
    score(classifier=inner | {"epochs": 2})
    assert len(fits) == 2
    for path in (tmp_path / "cache" / "fits").glob("*/files/0/encoder/model.safetensors"):
        path.write_bytes(b"damaged")
    assert np.array_equal(score(), first)
    assert len(fits) == 3


@pytest.mark.parametrize("second", [{"name": "transformer", "epochs": 1}, {"name": "embedding_logreg"}])
def test_an_encoder_is_fine_tuned_elsewhere_and_then_here(tmp_path, monkeypatch, second):
    skip_without_torch()
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    first = {"name": "transformer", "model": str(make_encoder(tmp_path / "encoder")), "epochs": 1}
    transfer = build("transfer", TRANSFER | {"classifier": first, "fine_tune_with": second})
    claims, gold = yes_no()
    scorer = transfer.fit(claims, gold, 13)
    scores = scorer.score(claims)
    other = transfer.fit(claims, gold_of(1 - gold.codes), 13).score(claims)
    assert not np.array_equal(scores, other)  # these training claims count
    plain = build(second["name"], {key: value for key, value in second.items() if key != "name"})
    plain = plain.model_copy(update={"model": first["model"]}).fit(claims, gold, 13)
    assert not np.array_equal(scores, plain.score(claims))  # and so does the other dataset

    (tmp_path / "saved").mkdir()
    structure = json.loads(json.dumps(serialize(scorer, tmp_path / "saved")))
    for folder in (tmp_path / "cache", tmp_path / "encoder"):
        shutil.rmtree(folder)
    assert np.array_equal(deserialize(structure, tmp_path / "saved").score(claims), scores)


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"fine_tune_with": {"name": "transformer"}}, "fine_tune_with: 'transformer' cannot start from 'nb_logreg'"),
        (
            {"classifier": {"name": "transformer"}, "fine_tune_with": {"name": "tfidf_logreg"}},
            "fine_tune_with: 'tfidf_logreg' cannot start from 'transformer'",
        ),
        (
            {"classifier": {"name": "transformer"}, "fine_tune_with": {"name": "transformer", "model": "x"}},
            "fine_tune_with: do not set 'model'",
        ),
    ],
)
def test_what_cannot_follow(changes, pattern):
    with pytest.raises(ValidationError, match=pattern):
        build("transfer", TRANSFER | changes)


def test_both_classifiers_of_a_transfer_get_their_question(monkeypatch):
    monkeypatch.setattr(
        Transformer, "with_task", lambda self, question: self.model_copy(update={"model": f"told {question.task}"})
    )
    transfer = build("transfer", TRANSFER | {"classifier": "transformer", "fine_tune_with": "transformer"})
    question = TaskPrompt("check_worthiness", "Worth checking?", ("no", "yes"), ())
    ready = transfer.with_task(question)
    assert ready.classifier.classifier.model == f"told {TRANSFER['task']}"
    assert ready.fine_tune_with.classifier.model == "told check_worthiness"
    assert set(ready.__dict__) == set(type(ready).model_fields)
