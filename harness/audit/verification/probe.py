"""Probes: how well a simple model predicts labels from a part of the data that should not tell them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from harness.arrays import Bools, Codes, Floats, safe_divide
from harness.audit.verification.table import MIN_GROUPS, MIN_ROWS

N_FOLDS = 5
"""Folds of the cross-validation."""
N_RESAMPLES = 400
"""Resamples of groups for an interval."""
MIN_LABEL_ROWS = 10
"""Minimum number of rows of a label; rows with rarer labels are left out."""
MAX_ROWS = 6_000
"""Maximum number of rows, which bounds the time; groups are drawn until there are as many."""
SEED = 13


class Model(Protocol):
    """What a probe needs of an estimator of scikit-learn."""

    classes_: Any

    def fit(self, features: Any, labels: Codes) -> Any:
        """Learns."""

    def predict_proba(self, features: Any) -> Floats:
        """Returns the probability of each class, shape (n_rows, n_classes)."""


class Probe(NamedTuple):
    """The result of a probe: ROC AUC of one label against the others, averaged over labels, in new groups."""

    auc: float
    low: float
    """Lower end of the 99% interval, by resampling groups."""
    high: float
    macro_f1: float
    majority_f1: float
    """Macro F1 of always predicting the most frequent label."""
    rows: int
    groups: int

    def __str__(self) -> str:
        return (
            f"ROC AUC {self.auc:.2f} [99%: {self.low:.2f}, {self.high:.2f}] (majority: 0.50), "
            f"macro F1 {self.macro_f1:.2f} (majority: {self.majority_f1:.2f}), "
            f"in {self.rows:,} rows of {self.groups:,} groups"
        )


def usable_rows(codes: Codes, groups: Codes, mask: Bools) -> Codes:
    """Returns the rows that a probe is run on; empty if they are too few for a statement.

    Args:
        codes: label of each row, shape (n_rows,).
        groups: group of each row, shape (n_rows,).
        mask: rows that may be used, shape (n_rows,).
    """
    counts = np.bincount(codes[mask], minlength=int(codes.max(initial=0)) + 1)
    rows: Codes = np.flatnonzero(mask & (counts >= MIN_LABEL_ROWS)[codes])
    if len(rows) > MAX_ROWS:
        order = np.random.default_rng(SEED).permutation(int(groups.max()) + 1)
        by_group = rows[np.argsort(order[groups[rows]], kind="stable")]
        rows = np.sort(by_group[:MAX_ROWS])
    enough = len(rows) >= MIN_ROWS and len(np.unique(codes[rows])) > 1
    return rows if enough and len(np.unique(groups[rows])) >= MIN_GROUPS else rows[:0]


def run_probe(
    features_of: Callable[[Codes, Codes], tuple[Any, Any]], model: Callable[[], Model], codes: Codes, groups: Codes
) -> Probe:
    """Returns what a model reaches in cross-validation, with groups kept whole.

    Args:
        features_of: returns the features of training rows and of test rows, from both as indices.
        model: returns an unfitted model.
        codes: label of each row; shape (n_rows,).
        groups: group of each row; shape (n_rows,).
    """
    labels, codes = np.unique(codes, return_inverse=True)
    _, groups = np.unique(groups, return_inverse=True)
    n_groups = int(groups.max()) + 1
    fold = (np.random.default_rng(SEED).permutation(n_groups) % N_FOLDS)[groups]
    scores = np.zeros((len(codes), len(labels)))
    for number in range(N_FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(test) and len(np.unique(codes[train])) > 1:
            known, new = features_of(train, test)
            fitted = model()
            fitted.fit(known, codes[train])
            scores[np.ix_(test, fitted.classes_)] = fitted.predict_proba(new)
    weights = group_weights(groups)
    aucs = np.mean([weighted_auc(column, codes == code, weights) for code, column in enumerate(scores.T)], axis=0)
    low, high = np.quantile(aucs[1:], [0.005, 0.995])
    majority = np.full(len(codes), np.bincount(codes).argmax())
    return Probe(
        auc=float(aucs[0]),
        low=float(low),
        high=float(high),
        macro_f1=_macro_f1(codes, scores.argmax(axis=1)),
        majority_f1=_macro_f1(codes, majority),
        rows=len(codes),
        groups=n_groups,
    )


def group_weights(groups: Codes) -> Floats:
    """Returns how often each row is drawn: first once, then in resamples of groups.

    Args:
        groups: group of each row, from 0 without gaps, shape (n_rows,).
    Returns: shape (1 + N_RESAMPLES, n_rows).
    """
    n_groups = int(groups.max()) + 1
    draws = np.random.default_rng(SEED).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=N_RESAMPLES)
    weights = np.vstack([np.ones(n_groups, dtype=np.int64), draws])[:, groups]
    return weights.astype(np.float64)


def weighted_auc(scores: Floats, positive: Bools, weights: Floats) -> Floats:
    """Returns the ROC AUC for each row of weights; ties count half; 0.5 without a positive or a negative row.

    Args:
        scores: score of each row, shape (n_rows,).
        positive: whether each row is positive, shape (n_rows,).
        weights: shape (n_resamples, n_rows).
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    ordered = weights[:, order]
    n_all = np.add.reduceat(ordered, starts, axis=1)
    n_positive = np.add.reduceat(ordered * positive[order], starts, axis=1)
    n_negative = n_all - n_positive
    pairs = n_positive.sum(axis=1) * n_negative.sum(axis=1)
    ordered_pairs = (n_positive * (np.cumsum(n_negative, axis=1) - n_negative / 2)).sum(axis=1)
    return safe_divide(ordered_pairs, pairs, otherwise=0.5)


def _macro_f1(codes: Codes, predicted: Codes) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(codes, predicted, average="macro", zero_division=0.0))


def probe_words(texts: Sequence[str], codes: Codes, groups: Codes) -> Probe:
    """Returns what a bag of words reaches: words and pairs of words, weighted by TF-IDF, in a logistic regression.

    Args:
        texts: text of each row.
        codes: label of each row; shape (n_rows,).
        groups: group of each row; shape (n_rows,).
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    # Counts do not depend on the training rows; only their weights, which are fitted without the test rows, do.
    # A word of one row is of no use, since that row is in the training rows or in the test rows.
    counter = CountVectorizer(analyzer="word", ngram_range=(1, 2), min_df=2, max_features=20_000, binary=True)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no word occurs twice
        return Probe(0.5, 0.5, 0.5, 0.0, 0.0, len(texts), len(np.unique(groups)))

    def features_of(train: Codes, test: Codes) -> tuple[Any, Any]:
        weighting = TfidfTransformer().fit(counts[train])
        return weighting.transform(counts[train]), weighting.transform(counts[test])

    def model() -> Model:
        # The dual of liblinear takes a tenth of the time of the default on many sparse words.
        settings = {"solver": "liblinear", "dual": True, "tol": 0.05, "random_state": SEED}
        one_label: Model = OneVsRestClassifier(LogisticRegression(C=3.0, class_weight="balanced", **settings))
        return one_label

    return run_probe(features_of, model, codes, groups)


def probe_numbers(features: Floats, codes: Codes, groups: Codes) -> Probe:
    """Returns what a small forest of trees reaches.

    Args:
        features: numbers that describe each row, shape (n_rows, n_features).
        codes: label of each row; shape (n_rows,).
        groups: group of each row; shape (n_rows,).
    """
    from sklearn.ensemble import ExtraTreesClassifier

    def model() -> Model:
        forest: Model = ExtraTreesClassifier(
            n_estimators=40,
            max_depth=7,
            min_samples_leaf=5,
            max_features=None,
            class_weight="balanced",
            random_state=SEED,
        )
        return forest

    return run_probe(lambda train, test: (features[train], features[test]), model, codes, groups)
