"""Classifiers that are fitted to features of claims and the passages shown with them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, class_priors, two_columns
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.storage.skops_estimator import load_estimator, save_estimator
from harness.classifiers.verification.pair_comparison import comparison, tagged_words
from harness.classifiers.verification.pair_features import words_of
from harness.data.claims import Claims, Gold, ShownPassage
from harness.errors import HarnessError

Featurize = Callable[[str, tuple[ShownPassage, ...]], dict[str, float]]
"""Function from a claim and its passages to features by name."""


TREES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""Types of gradient boosting that skops does not trust; see `_check_trees`."""
UNTRUSTED = "skops does not trust the trees and functions that it is made of"
BOOSTED = ["DictVectorizer", "HistGradientBoostingClassifier"]
"""Steps of a model with these types."""


@dataclass(frozen=True)
class PairScorer(Scorer):
    """Probabilities of a scikit-learn model over features of claim and passages."""

    features: str
    """Name of the features, of `FEATURES`."""
    pipeline: Any
    n_labels: int
    probabilities = True
    in_files = ("pipeline",)

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label without training claims."""
        scores = np.zeros((len(claims), self.n_labels))
        if len(claims):
            featurize = FEATURES[self.features]
            rows = [featurize(text, shown) for text, shown in zip(claims.text, claims.evidence, strict=True)]
            scores[:, self.pipeline.classes_] = self.pipeline.predict_proba(rows)
        return scores

    def save_files(self, folder: Path) -> None:
        """Saves the model with skops."""
        save_estimator(self.pipeline, folder, TREES)

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """Loads the model; types that skops does not trust are refused, except trees, whose nodes are checked."""
        pipeline = load_estimator(folder, TREES)
        if [type(step).__name__ for _, step in getattr(pipeline, "steps", ())] == BOOSTED:
            _check_trees(pipeline, folder)
        else:
            pipeline = load_estimator(folder)
        return {"pipeline": pipeline}


def _check_trees(pipeline: Any, folder: Path) -> None:
    """Checks the trees of gradient boosting, whose compiled code trusts the indices and would read outside of arrays.

    Raises: HarnessError: a node refers to no later node or to no feature.
    """
    model = pipeline[-1]
    for tree in (tree for trees in getattr(model, "_predictors", ()) for tree in trees):
        nodes, order = tree.nodes, np.arange(len(tree.nodes))
        inner = nodes["is_leaf"] == 0
        children = [nodes[side][inner].astype(np.int64) for side in ("left", "right")]
        valid = all(((side > order[inner]) & (side < len(nodes))).all() for side in children)
        features = nodes["feature_idx"][inner].astype(np.int64)
        valid &= bool(((features >= 0) & (features < model.n_features_in_)).all())
        if not valid or not len(nodes) or nodes["is_categorical"].any():
            raise HarnessError(f"{folder}: a tree refers to nodes or features that it does not have; save it again")


@dataclass(frozen=True)
class PairWeightsScorer(Scorer):
    """Probabilities by a weighted sum of features of claim and passages per label; needs no scikit-learn."""

    features: str
    """Name of the features, of `FEATURES`."""
    names: tuple[str, ...]
    """Features with weights."""
    scale: Floats
    """Largest value of each feature in training, which it is divided by."""
    weights: Floats
    """Shape (number of features, number of labels with weights); one column for two labels, of the second."""
    intercepts: Floats
    labels: tuple[int, ...]
    """Indices of the labels that occur in the training claims."""
    n_labels: int
    probabilities = True

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label without training claims."""
        from scipy.sparse import csr_matrix
        from scipy.special import expit, softmax

        scores = np.zeros((len(claims), self.n_labels))
        if not len(claims):
            return scores
        featurize = FEATURES[self.features]
        columns, values, ends = list[int](), list[float](), [0]
        for text, shown in zip(claims.text, claims.evidence, strict=True):
            row = featurize(text, shown)
            known = sorted((self._columns[name], value) for name, value in row.items() if name in self._columns)
            columns += [column for column, _ in known]
            values += [value for _, value in known]
            ends.append(len(columns))
        scaled = np.array(values) * (1 / self.scale)[np.array(columns, dtype=np.int64)]
        rows = csr_matrix((scaled, columns, ends), shape=(len(claims), len(self.names)))
        sums = rows @ self.weights + self.intercepts
        scores[:, self.labels] = two_columns(expit(sums[:, 0])) if len(self.labels) == 2 else softmax(sums, axis=1)
        return scores


class UnsavablePairScorer(PairScorer):
    """A scorer of a model that skops would not load again."""

    unsavable_reason = UNTRUSTED


class PairClassifier(Classifier):
    """Base of the classifiers that are fitted to features of a claim and its passages.

    If the training claims have one label only, scores are the label shares.
    """

    reads_evidence: ClassVar[bool] = True
    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (ClassPriorScorer, PairScorer, PairWeightsScorer)
    features: ClassVar[str]
    """Name of the features that it is fitted to, of `FEATURES`."""

    @abstractmethod
    def model(self, seed: int) -> Any:
        """An unfitted scikit-learn pipeline over rows of features by name."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the model to the training claims and their passages."""
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        featurize, pipeline = FEATURES[self.features], self.model(seed % 2**32)
        pipeline.fit([featurize(*row) for row in zip(claims.text, claims.evidence, strict=True)], gold.codes)
        return self.scorer(pipeline, len(gold.labels))

    def scorer(self, pipeline: Any, n_labels: int) -> Scorer:
        """The scorer of a fitted pipeline."""
        scorer = PairScorer if self.unsavable_reason is None else UnsavablePairScorer
        return scorer(self.features, pipeline, n_labels)


class Logreg(PairClassifier):
    """Base of the logistic regressions."""

    C: float = Field(default=1.0, gt=0)
    """Inverse strength of the regularization; higher fits the training claims more closely."""
    uses_seed: ClassVar[bool] = False

    def model(self, seed: int) -> Any:
        """Features to columns, scaled to at most 1, then logistic regression with balanced labels."""
        return _regression(self.C)

    def scorer(self, pipeline: Any, n_labels: int) -> Scorer:
        """The weights of the pipeline, so that a saved model loads without scikit-learn and skops."""
        vectorizer, scaler, model = (step for _, step in pipeline.steps)
        return PairWeightsScorer(
            features=self.features,
            names=tuple(vectorizer.feature_names_),
            scale=scaler.scale_,
            weights=np.ascontiguousarray(model.coef_.T),
            intercepts=model.intercept_,
            labels=tuple(model.classes_.tolist()),
            n_labels=n_labels,
        )


class PairLogreg(Logreg):
    """Logistic regression on a claim and its passages: words tagged by where they occur, overlap, numbers, negation.

    It sees whether words, numbers and names of the claim occur in the passages, and words that say the opposite of each
    other. It cannot see what the passages say about them. Cost: 1,000 claims in about two seconds. The features are not
    taken from a paper.
    """

    uses_seed: ClassVar[bool] = False
    features: ClassVar[str] = "words and comparison"

    C: float = Field(default=0.1, gt=0)
    """Inverse strength of the regularization; higher fits the training claims more closely."""


class EvidenceOnly(Logreg):
    """Logistic regression on the words of the passages alone, without the claim.

    A probe: what it predicts better than chance is given away by the choice or the wording of the evidence. It sees
    the passages; it cannot see the claim. Cost: 1,000 claims in about a second. Source: Poliak et al. 2018, "Hypothesis
    Only Baselines in Natural Language Inference", who leave out the other side.
    """

    uses_seed: ClassVar[bool] = False
    features: ClassVar[str] = "words of the evidence"


class PairEnsemble(PairClassifier):
    """Mean of the probabilities of `pair_logreg`, `pair_boosted` and extremely randomized trees.

    It sees what `pair_logreg` sees, and the trees see how overlap, numbers and negation go together. It cannot see what
    the passages say about the words of the claim. Cost: 1,000 claims in about four seconds. Source: Geurts, Ernst and
    Wehenkel 2006, "Extremely Randomized Trees".
    """

    C: float = Field(default=0.1, gt=0)
    """Inverse strength of the regularization of the logistic regression."""
    n_trees: int = Field(default=300, ge=1)
    """Number of extremely randomized trees."""
    max_iter: int = Field(default=100, ge=1)
    """Number of boosted trees per label."""
    features: ClassVar[str] = "words and comparison"
    unsavable_reason = UNTRUSTED

    def model(self, seed: int) -> Any:
        """The three models, whose probabilities are averaged."""
        from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        trees = ExtraTreesClassifier(
            self.n_trees, min_samples_leaf=5, class_weight="balanced", random_state=seed, n_jobs=1
        )
        members = [("words", _regression(self.C))]
        for name, model in (("random", trees), ("boosted", _boosted_trees(self.max_iter, seed))):
            numbers = FunctionTransformer(_without_words)
            members.append((name, make_pipeline(numbers, DictVectorizer(sparse=False), model)))
        return VotingClassifier(members, voting="soft")


class PairBoosted(PairClassifier):
    """Gradient-boosted trees on overlap, missing words, numbers, names, negation and opposites of claim and passages.

    It sees how the claim and its passages differ; it cannot see the words themselves. Cost: 1,000 claims in about two
    seconds. Source: Friedman 2001, "Greedy Function Approximation: A Gradient Boosting Machine".
    """

    max_iter: int = Field(default=100, ge=1)
    """Number of trees per label."""
    features: ClassVar[str] = "comparison"

    def model(self, seed: int) -> Any:
        """Features to dense columns, then histogram gradient boosting."""
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.pipeline import make_pipeline

        return make_pipeline(DictVectorizer(sparse=False), _boosted_trees(self.max_iter, seed))


def _boosted_trees(max_iter: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=max_iter, max_depth=3, learning_rate=0.05, class_weight="balanced", random_state=seed
    )


def _regression(inverse_strength: float) -> Any:
    """Features to columns, scaled to at most 1, then logistic regression with balanced labels."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    logreg = LogisticRegression(C=inverse_strength, class_weight="balanced", max_iter=2000)
    return make_pipeline(DictVectorizer(), MaxAbsScaler(), logreg)


def _without_words(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """The features that are no tagged words."""
    return [{name: value for name, value in row.items() if ":" not in name} for row in rows]


def _all_features(claim: str, passages: tuple[ShownPassage, ...]) -> dict[str, float]:
    return tagged_words(claim, passages) | comparison(claim, passages)


def _evidence_words(_: str, passages: tuple[ShownPassage, ...]) -> dict[str, float]:
    words = {f"evidence:{word}": 1.0 for passage in passages for word in words_of(passage.text)}
    return words | {"passages": float(min(len(passages), 5))}


FEATURES: dict[str, Featurize] = {
    "comparison": comparison,
    "words and comparison": _all_features,
    "words of the evidence": _evidence_words,
}
"""Functions that turn a claim and its passages into features; a saved model names one of them."""
