"""Ensembles by hand and against scikit-learn; transfer, and what it must not learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from claim_tables import claims_of, gold_of, yes_no

from harness import HarnessError, open_dataset, run
from harness.classifiers import build
from harness.classifiers.ensemble import _mean_ranks
from harness.classifiers.keep import pack, unpack
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
        lines.append(np.log(scores / (1 - scores)) if member.probabilities else scores)
    expected = np.mean(
        [(line - c) / s for line, c, s in zip(lines, scorer.centers, scorer.spreads, strict=True)], axis=0
    )
    assert scorer.score(claims)[:, 1] == pytest.approx(expected)
    assert not scorer.probabilities
    assert scorer.chosen == "weights equal from 3 folds of training articles"
    predicted = scorer.predict(claims, scorer.score(claims))
    assert (predicted == (expected >= scorer.cutoff)).all()


def test_a_mean_rank_is_the_share_of_training_scores_below_ties_counted_half():
    # Scores of training claims: 1, 2, 2, 4 and 10, 10, 30, 50. The claims: (2, 60), (3, 10), (0, 30).
    # Ranks of 2, 3, 0: (1 + 2/2)/4, 3/4, 0; of 60, 10, 30: 1, (2/2)/4, (2 + 1/2)/4.
    ranks = _mean_ranks(np.array([[2.0, 60], [3, 10], [0, 30]]), np.array([[1.0, 2, 2, 4], [10, 10, 30, 50]]))
    assert ranks.tolist() == [(0.5 + 1) / 2, (0.75 + 0.25) / 2, (0 + 0.625) / 2]


def test_ranks_are_among_scores_of_training_claims_that_a_member_was_not_fitted_to(table):
    claims, gold = table
    classifier = build("ensemble", {"members": [*MEMBERS, "length"], "method": "ranks"})
    scorer = classifier.fit(claims, gold, 13)
    # The scores of `length` do not depend on what it is fitted to: its ranks are those of the words per claim.
    words = scorer.members[-1].score(claims)[:, 1]
    assert scorer.training[-1].tolist() == sorted(words)
    assert scorer.training.shape == (4, 250)
    lines = [member.score(claims)[:, -1] for member in scorer.members]
    lines = [np.log(s / (1 - s)) if m.probabilities else s for s, m in zip(lines, scorer.members, strict=True)]
    shares = [
        [(np.sum(known < one) + np.sum(known <= one)) / 500 for one in line]
        for line, known in zip(lines, scorer.training, strict=True)
    ]
    scores = scorer.score(claims)
    assert scores[:, 1] == pytest.approx(np.mean(shares, axis=0))
    assert not scorer.probabilities
    assert scorer.chosen == "ranks from 3 folds of training articles"
    assert ((scores[:, 1] >= scorer.cutoff) == scorer.predict(claims, scores)).all()
    assert 0.2 < scorer.cutoff < 0.8
    assert scorer.score(claims.take(np.array([7])))[0].tolist() == scores[7].tolist()


def test_reasons_of_ranks_are_in_standard_deviations_of_their_member(table):
    claims, gold = table
    some = claims.take(np.arange(5))
    scorer = build("ensemble", {"members": ["rules", "length"], "method": "ranks"}).fit(claims, gold, 13)
    rules = scorer.members[0].explain(some)
    spread = np.std(scorer.training[0])
    assert any(scorer.explain(some))
    for row, reasons in enumerate(scorer.explain(some)):
        known = {(r.name, r.text): pytest.approx(r.weight / spread / 2) for r in rules[row]}
        assert {(r.name, r.text): r.weight for r in reasons if (r.name, r.text) in known}.items() <= known.items()


def test_stacking_weighs_the_member_that_knows(table):
    claims, gold = table
    members = [{"name": "length"}, {"name": "prior_random"}]
    scorer = build("ensemble", {"members": members, "method": "stacking"}).fit(claims, gold, 13)
    assert scorer.weights[0] > 1
    assert scorer.weights[1] < 0.5
    assert (scorer.weights >= 0).all()
    assert scorer.probabilities
    assert scorer.score(claims).sum(axis=1) == pytest.approx(1)


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


@pytest.mark.parametrize("method", ["mean", "ranks", "stacking"])
def test_an_ensemble_is_kept(table, tmp_path, method):
    claims, gold = table
    members = [*MEMBERS, {"name": "transfer", **TRANSFER}]
    scorer = build("ensemble", {"members": members, "method": method}).fit(claims, gold, 13)
    again = unpack(json.loads(json.dumps(pack(scorer, tmp_path))), tmp_path)
    assert np.array_equal(again.score(claims), scorer.score(claims))
    assert (again.chosen, again.cutoff) == (scorer.chosen, scorer.cutoff)


def test_transfer_learns_from_the_other_dataset_alone():
    claims, gold = yes_no()
    one = build("transfer", TRANSFER).fit(claims, gold, 13)
    other = build("transfer", TRANSFER).fit(claims, gold_of(1 - gold.codes), 13)
    assert np.array_equal(one.score(claims), other.score(claims))
    told = claims_of(["Spending rose by 12 percent in 2021.", "Let us hope for the best!"])
    assert np.diff(one.score(told)[:, 1])[0] < 0


def test_what_two_datasets_share_is_refused_or_left_out():
    dataset = open_dataset("public-matters")
    articles = [article.article_id for article in dataset.articles][:2]
    texts = [claim.text for claim in dataset.current if claim.article_id in articles]
    refused = build("transfer", TRANSFER).placed(texts, None)
    with pytest.raises(HarnessError, match=r"of its .* claims stand in this experiment's dataset, 2 articles"):
        refused.fit(*yes_no(), 13)
    kept = build("transfer", TRANSFER | {"overlap": "leave_out"}).placed(texts, None).kept_rows()
    assert not set(articles) & set(kept.claims.article_id)
    assert set(kept.claims.article_id) == {article.article_id for article in dataset.articles} - set(articles)


def test_an_experiment_with_its_own_dataset_as_the_other_is_refused(root, tmp_path):
    (tmp_path / "e.yaml").write_text(
        "{name: e, task: checkability, dataset: public-matters, metrics: [f1], "
        "classifiers: [{name: transfer, dataset: public-matters, task: checkability, classifier: rules}]}",
        encoding="utf-8",
    )
    with pytest.raises(HarnessError, match="To train without those claims and articles: overlap: leave_out"):
        run(tmp_path / "e.yaml", out=tmp_path / "runs")
    with pytest.raises(HarnessError, match="nothing is left of it"):
        run(tmp_path / "e.yaml", overrides=["classifiers.0.overlap=leave_out"], out=tmp_path / "runs")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: ensemble, members: [tfidf_logreg]}", "members"),
        ("{name: ensemble, members: [tfidf_logreg, tfidf_logrgg]}", "Did you mean 'tfidf_logreg'"),
        ("{name: ensemble, members: [tfidf_logreg, {name: tfidf_svm, C: -1}]}", "C: .*greater than 0"),
        ("{name: ensemble, members: [rules, {name: language_model}]}", "cannot stand inside another"),
        ("{name: ensemble, members: [tfidf_logreg, 3]}", "expected a classifier's name"),
    ],
)
def test_wrong_members_are_faults_of_the_config(tmp_path, entry, said):
    (tmp_path / "e.yaml").write_text(
        f"{{name: e, task: checkability, dataset: public-matters, metrics: [f1], classifiers: [{entry}]}}"
    )
    with pytest.raises(FaultsError, match=said) as caught:
        run(tmp_path / "e.yaml", out=tmp_path / "runs")
    assert "e.yaml:1: classifiers[0]" in str(caught.value)
