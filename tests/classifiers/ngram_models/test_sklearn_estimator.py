"""Any scikit-learn classifier, and what is refused before data is read."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import claims_of, three_labels, yes_no
from pydantic import ValidationError
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from harness.classifiers import build
from harness.classifiers.ngram_models import sklearn_estimator
from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator
from harness.errors import HarnessError
from harness.features.ngrams import NgramSettings
from harness.features.weights import Tfidf
from harness.registry import UnknownComponent


def test_it_is_the_estimator_on_the_same_features():
    claims, gold = yes_no()
    built = build("sklearn.linear_model:LogisticRegression", {"C": 3.0, "features": {"char_ngrams": None}})
    scorer = built.fit(claims, gold, 1)
    _, rows = Tfidf.fit(NgramSettings(char_ngrams=None), list(claims.text))
    expected = LogisticRegression(C=3.0).fit(rows, gold.codes).predict_proba(rows)
    np.testing.assert_allclose(scorer.score(claims), expected, atol=1e-12)
    assert scorer.probabilities


def test_margins_where_there_are_no_probabilities_and_predictions_where_there_are_no_margins():
    claims, gold = yes_no()
    margins = build("sklearn.svm:LinearSVC", {}).fit(claims, gold, 1)
    assert margins.cutoff == 0.0
    assert not margins.probabilities
    scores = margins.score(claims)
    assert (scores[:, 0] == -scores[:, 1]).all()
    votes = build("sklearn.linear_model:Perceptron", {}).fit(*three_labels(), 1)
    assert votes.cutoff is None
    assert votes.score(claims).shape == (12, 3)


WORDS = {"features": {"char_ngrams": None, "word_ngrams": [1, 1]}}
FEW = {"features": {"char_ngrams": None, "word_ngrams": [1, 1], "svd": 3}}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sklearn.linear_model:LogisticRegression", WORDS),
        ("sklearn.linear_model:LogisticRegression", FEW),
        ("sklearn.linear_model:RidgeClassifier", WORDS),
        ("sklearn.linear_model:SGDClassifier", WORDS),
        ("sklearn.svm:LinearSVC", WORDS),
        ("sklearn.svm:SVC", {"kernel": "linear", **WORDS}),
        ("sklearn.discriminant_analysis:LinearDiscriminantAnalysis", FEW),
    ],
)
@pytest.mark.parametrize("table", [yes_no, three_labels])
def test_a_linear_estimator_says_which_words_moved_its_margin(name, settings, table):
    scorer = build(name, settings).fit(*table(), 1)
    claims = claims_of(["Rents rose by percent"])  # fewer words than the most reasons, so that they all are said
    explained = scorer.explain(claims)
    if name == "sklearn.svm:SVC" and table is three_labels:
        assert explained is None, "its coefficients are of pairs of labels"
        return
    rows = scorer.tfidf.transform(list(claims.text))
    reduced = rows if scorer.reduction is None else rows @ scorer.reduction
    margin = np.atleast_2d(scorer.estimator.decision_function(reduced).T).T[0, -1]
    moved = sum(reason.weight for reason in explained[0])
    assert moved + np.ravel(scorer.estimator.intercept_)[-1] == pytest.approx(margin)
    assert {reason.text for reason in explained[0]} <= {"Rents", "rose", "by", "percent"}


@pytest.mark.parametrize("name", ["sklearn.naive_bayes:MultinomialNB", "sklearn.naive_bayes:ComplementNB"])
@pytest.mark.parametrize("table", [yes_no, three_labels])
def test_naive_bayes_says_which_words_speak_for_the_last_label(name, table):
    scorer = build(name, WORDS).fit(*table(), 1)
    for text, sign in (("percent", 1), ("it", -1)):
        ((reason,),) = scorer.explain(claims_of([text]))
        assert (reason.text, np.sign(reason.weight)) == (text, sign)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sklearn.ensemble:RandomForestClassifier", {"n_estimators": 5}),
        ("sklearn.svm:SVC", {}),
        ("sklearn.naive_bayes:BernoulliNB", {}),
    ],
)
def test_what_is_not_linear_says_nothing(name, settings):
    claims, gold = yes_no()
    assert build(name, settings).fit(claims, gold, 1).explain(claims) is None


def test_a_linear_estimator_without_training_claims_of_the_last_label_says_nothing():
    claims, gold = three_labels()
    without_last = np.flatnonzero(gold.codes != 2)
    scorer = build("sklearn.svm:LinearSVC", WORDS).fit(claims.take(without_last), gold.take(without_last), 1)
    assert scorer.explain(claims) is None


def test_the_seed_reaches_random_state():
    claims, gold = yes_no()
    name, settings = "sklearn.ensemble:ExtraTreesClassifier", {"n_estimators": 5}
    first, same, other = (build(name, settings).fit(claims, gold, seed).score(three_labels()[0]) for seed in (1, 1, 2))
    assert (first == same).all()
    assert (first != other).any()
    fixed = [
        build(name, settings | {"random_state": 3}).fit(claims, gold, seed).score(three_labels()[0]) for seed in (1, 2)
    ]
    assert (fixed[0] == fixed[1]).all()


def test_dense_features_for_estimators_that_take_no_others():
    claims, gold = yes_no()
    with pytest.raises(HarnessError, match=r"GaussianNB' cannot be fitted .*`features: \{svd: 100\}`"):
        build("sklearn.naive_bayes:GaussianNB", {}).fit(claims, gold, 1)
    scorer = build("sklearn.naive_bayes:GaussianNB", {"features": {"svd": 3}}).fit(claims, gold, 1)
    assert scorer.reduction.shape[1] == 3
    more_than_there_are = build("sklearn.naive_bayes:GaussianNB", {"features": {"svd": 500}}).fit(claims, gold, 1)
    assert more_than_there_are.reduction.shape[1] == 12


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        (
            {"n_estimator": 5},
            ("n_estimator",),
            "no setting 'n_estimator'. Did you mean 'n_estimators'? Known: bootstrap",
        ),
        ({"n_estimators": "many"}, ("n_estimators",), "must be an int in the range"),
        ({"features": {"svd": 0}}, ("features", "svd"), "greater than or equal to 1"),
        ({"features": {"words": 1}}, ("features", "words"), "Extra inputs are not permitted"),
    ],
)
def test_wrong_settings_are_refused_at_their_place(settings, place, message):
    with pytest.raises(ValidationError) as caught:
        build("sklearn.ensemble:RandomForestClassifier", settings)
    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert message in error["msg"]


def test_all_unknown_settings_at_once():
    with pytest.raises(ValidationError) as caught:
        build("sklearn.svm:LinearSVC", {"a": 1, "b": 2})
    assert [error["loc"] for error in caught.value.errors()] == [("a",), ("b",)]
    with pytest.raises(ValidationError, match=r"no setting 'a'\. .*no setting 'b'\."):
        SklearnEstimator(estimator="sklearn.svm:LinearSVC", settings={"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sklearn.linear_model:LinearRegression", "is a scikit-learn estimator but not a classifier"),
        ("sklearn.decomposition:TruncatedSVD", "is a scikit-learn estimator but not a classifier"),
        ("pathlib:Path", "neither a Classifier of this project nor a scikit-learn estimator"),
        ("sklearn.multiclass:OneVsRestClassifier", "missing 1 required positional argument: 'estimator'"),
        ("sklearn.semi_supervised:SelfTrainingClassifier", "'NoneType' object has no attribute"),
    ],
)
def test_what_is_no_classifier_is_refused(name, message):
    with pytest.raises(ValidationError) as caught:
        build(name, {})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_package:Thing", "module 'no_such_package' cannot be imported"),
        ("sklearn.svm:LinearSVM", "module 'sklearn.svm' has no 'LinearSVM'"),
        ("harness.classifiers.base:N_REASONS", "is of type int"),
        ("harness.classifiers.base:Classifier", "is an abstract class; name a class that can be fitted"),
        ("lenght", "no classifier is called 'lenght'. Did you mean 'length'? Known: complement_nb, "),
    ],
)
def test_names_that_lead_nowhere(name, message):
    with pytest.raises(UnknownComponent) as caught:
        build(name, {})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("sklearn.neighbors:KNeighborsClassifier", {"n_neighbors": 500}, "Expected n_neighbors <= n_samples_fit"),
        ("sklearn.neighbors:RadiusNeighborsClassifier", {"radius": 0.01}, "No neighbors found for test samples"),
    ],
)
def test_what_an_estimator_cannot_score_is_told_in_its_words(name, settings, message):
    scorer = build(name, settings).fit(*yes_no(), 1)
    with pytest.raises(HarnessError, match=f"classifier '{name}' cannot score claims .{message}"):
        scorer.score(three_labels()[0])


def test_a_classifier_of_the_project_by_module_and_class():
    assert build("harness.classifiers.baselines.trivial:Length", {"cap": 3}) == build("length", {"cap": 3})


class Infinite(ClassifierMixin, BaseEstimator):
    """A classifier from elsewhere that gives numbers nobody can rank."""

    def fit(self, rows, codes):
        self.classes_ = np.unique(codes)
        return self

    def decision_function(self, rows):
        return np.where(np.arange(rows.shape[0]) == 1, np.inf, 0.0)


def test_numbers_that_are_not_finite_are_refused():
    claims, gold = yes_no()
    scorer = build(f"{__name__}:Infinite", {}).fit(claims, gold, 1)
    with pytest.raises(HarnessError, match="Infinite': the score of claim 'c1' is not finite"):
        scorer.score(claims)


def test_an_estimator_brings_its_own_distribution():
    assert build("sklearn.svm:LinearSVC", {}).packages == ("numpy", "scipy", "scikit-learn")
    assert SklearnEstimator(estimator=f"{__name__}:Infinite").packages == ("numpy", "scipy", "scikit-learn")


def test_installed_packages_are_read_once_a_process(monkeypatch):
    reads, of_modules = [], {__name__.partition(".")[0]: ["my-dist"]}
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: reads.append(1) or of_modules)
    sklearn_estimator._distributions_of.cache_clear()
    try:
        classifier = SklearnEstimator(estimator=f"{__name__}:Infinite")
        assert [classifier.packages[-1] for _ in range(3)] == ["my-dist"] * 3
    finally:
        sklearn_estimator._distributions_of.cache_clear()
    assert reads == [1]


TEXT_ESTIMATORS = """
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
def factory(alpha=0.0001): return make_pipeline(CountVectorizer(), SGDClassifier(alpha=alpha))
pipeline = factory()
def number(): return 3
"""


@pytest.fixture
def text_estimators(tmp_path, monkeypatch):
    (tmp_path / "text_estimators.py").write_text(TEXT_ESTIMATORS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("settings", [{"factory": {"alpha": 0.01}}, {"pipeline": {"sgdclassifier__alpha": 0.01}}])
def test_a_pipeline_gets_the_texts_and_the_seed(text_estimators, settings):
    ((name, own),) = settings.items()
    claims, gold = yes_no()
    fitted = [build(f"text_estimators:{name}", {"features": "text", **own}).fit(claims, gold, 1) for _ in range(2)]
    assert (fitted[0].score(claims) == fitted[1].score(claims)).all()
    assert fitted[0].estimator.get_params()["sgdclassifier__alpha"] == 0.01
    assert fitted[0].estimator.get_params()["sgdclassifier__random_state"] == 1
    assert fitted[0].explain(claims) is None


def test_a_pipeline_without_texts_names_the_remedy(text_estimators):
    with pytest.raises(HarnessError, match="features: text"):
        build("text_estimators:pipeline", {}).fit(*yes_no(), 1)


@pytest.mark.parametrize(
    ("name", "settings", "place"),
    [("factory", {"beta": 1}, "beta"), ("pipeline", {"beta": 1}, "beta"), ("factory", {"features": "txt"}, "features")],
)
def test_wrong_settings_of_factories_and_pipelines_are_refused(text_estimators, name, settings, place):
    with pytest.raises(ValidationError) as caught:
        build(f"text_estimators:{name}", settings)
    assert [error["loc"][0] for error in caught.value.errors()] == [place]


def test_a_function_that_returns_no_estimator_is_refused(text_estimators):
    with pytest.raises(ValidationError, match="not a scikit-learn estimator"):
        build("text_estimators:number", {})
