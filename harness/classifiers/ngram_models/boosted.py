"""Gradient-boosted trees on shapes and words, fitted by LightGBM and stored as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Integers
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, class_priors, top_reasons, two_columns
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.claimbuster_features import cue_texts, feature_text
from harness.data.claims import Claims, Gold
from harness.display import displayed
from harness.errors import HarnessError
from harness.features.encoder_files import let_idle_threads_sleep, require_extra
from harness.features.ngrams import NgramSettings
from harness.features.shapes import SHAPES, shapes_of
from harness.features.stages import in_stage
from harness.features.weights import TFIDF_TYPES, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH = 1024
"""Number of claims evaluated at once, which bounds memory."""


@displayed
class Trees(NamedTuple):
    """All nodes of all trees in one table; both children of a leaf are the leaf itself."""

    feature: Integers
    """Column that a node tests, shape (n_nodes,)."""
    threshold: Floats
    """Highest value that goes to the left child, shape (n_nodes,)."""
    left: Integers
    """Index of the left child, shape (n_nodes,)."""
    right: Integers
    """Index of the right child, shape (n_nodes,)."""
    value: Floats
    """Contribution of a leaf to the score; for an inner node, the mean of its leaves over the training claims."""
    roots: Integers
    """Index of the first node of each tree, shape (n_rounds, n_scores)."""
    depth: int
    """Maximum number of tests from a root to a leaf."""

    def leaves(self, rows: Floats) -> tuple[Integers, list[Integers]]:
        """The leaf that each row reaches in each tree, and the nodes on the path to it.

        Args:
            rows: feature values, shape (n_rows, n_columns).
        Returns: leaf indices, shape (n_rows, n_rounds, n_scores); and per level, from the root on, an array of that
            shape with the nodes.
        """
        nodes = np.broadcast_to(self.roots, (len(rows), *self.roots.shape))
        row_index = np.arange(len(rows))[:, None, None]
        path = []
        # All rows descend all trees together, one level per iteration. A row that reaches its leaf early stays there,
        # because a leaf is its own child.
        for _ in range(self.depth):
            path.append(nodes)
            goes_left = rows[row_index, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(goes_left, self.left[nodes], self.right[nodes])
        return nodes, path

    def scores(self, rows: Floats) -> Floats:
        """The sum of the leaf values of each row, shape (n_rows, n_scores)."""
        parts = [self.value[self.leaves(batch)[0]].sum(axis=1) for batch in _batches(rows)]
        return np.concatenate(parts) if parts else np.empty((0, self.roots.shape[1]))

    def contributions(self, rows: Floats) -> Floats:
        """The contribution of each column to the last score: the sum of the changes of the node value along the paths.

        Args:
            rows: feature values, shape (n_rows, n_columns).
        Returns: shape (n_rows, n_columns); a row's sum is its score minus the mean score of the training claims.
        """
        total = np.zeros_like(rows)
        for start in range(0, len(rows), BATCH):
            leaves, path = self.leaves(rows[start : start + BATCH])
            for before, after in pairwise([*path, leaves]):
                change = self.value[after] - self.value[before]
                row_index = np.broadcast_to(np.arange(len(change))[:, None], change.shape[:2]) + start
                # `add.at`, because `+=` counts a column once even if several trees of the same level test it.
                np.add.at(total, (row_index, self.feature[before][:, :, -1]), change[:, :, -1])
        return total


def _batches(rows: Floats) -> list[Floats]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


@dataclass(frozen=True)
class BoostedScorer(Scorer):
    """Probabilities: the logistic function of the sum of the trees, or the softmax of one sum per label."""

    probabilities: ClassVar[bool] = True
    tfidf: Tfidf
    columns: Integers
    """Indices, among shapes and words, of the features that any tree tests."""
    trees: Trees
    n_labels: int
    labels: tuple[int, ...]
    """Indices of the labels that occur in the training claims."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label without training claims."""
        from scipy.special import expit, softmax

        sums = self.trees.scores(self._rows(list(claims.text)))
        probabilities = two_columns(expit(sums[:, 0])) if len(self.labels) == 2 else softmax(sums, axis=1)
        scores = np.zeros((len(claims), self.n_labels))
        scores[:, self.labels] = probabilities
        return scores

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The shapes and words that moved the sum of the last label most, at most ten per claim.

        None if no training claim has that label.
        """
        if self.labels[-1] != self.n_labels - 1:
            return None
        texts = list(claims.text)
        contributions = self.trees.contributions(self._rows(texts))
        all_names = [*(f"shape:{name}" for name in SHAPES), *self.tfidf.ngrams.names()]
        names = [all_names[column] for column in self.columns]
        columns = np.arange(len(names))
        return [
            top_reasons(names, columns, row, partial(feature_text, text=text, cues=cue_texts(text)))
            for text, row in zip(texts, contributions, strict=True)
        ]

    def _rows(self, texts: list[str]) -> Floats:
        rows: Floats = _features(texts, self.tfidf)[:, self.columns].toarray()
        return rows


class BoostedFeatures(Classifier):
    """Gradient-boosted decision trees on ClaimBuster's feature families: shapes, cues and word TF-IDF.

    Sees the features of `claimbuster_features` and their interactions; cannot see word order or context. LightGBM
    (Ke et al. 2017, "LightGBM: A Highly Efficient Gradient Boosting Decision Tree") fits the trees; the same seed and
    number of threads give the same trees. They are stored and evaluated as plain arrays. Cost: fitting 19,000 sentences
    takes about 20 seconds on one core, and scoring a thousand less than one.
    The weight of a reason is the change of the expected score along the claim's paths through the trees (Saabas 2014).
    The shapes and cues are English. If the training claims have one label only, scores are the label shares.
    """

    languages = ("en",)
    packages = ("numpy", "scipy", "lightgbm")
    saved_types = (BoostedScorer, Trees, *TFIDF_TYPES)

    trees: int = Field(default=200, ge=1)
    """Number of boosting rounds; with more than two labels, each round adds a tree per label."""
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    """Factor on the contribution of each tree."""
    leaves: int = Field(default=15, ge=2)
    """Maximum number of leaves of a tree."""
    min_claims: int = Field(default=20, ge=1)
    """Minimum number of training claims in a leaf."""
    min_df: int = Field(default=5, ge=1)
    """Minimum number of training claims with a word; rarer words are ignored."""
    threads: int = Field(default=1, ge=1)
    """CPU threads for fitting. A setting, because the last digits of the scores may depend on it."""

    def check(self) -> None:
        """Raises: HarnessError: LightGBM is not installed, or its OpenMP library is missing."""
        require_extra("boost", "lightgbm")
        let_idle_threads_sleep()
        try:
            import lightgbm  # noqa: F401
        except OSError as error:
            raise HarnessError(
                f"LightGBM cannot be loaded ({error}); install the system's OpenMP library (libgomp1)"
            ) from None

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the trees and stores only the features that they test."""
        self.check()
        present = np.unique(gold.codes)
        if len(present) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        texts = list(claims.text)
        tfidf, _ = Tfidf.fit(NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=self.min_df), texts)
        codes = np.searchsorted(present, gold.codes)
        trees = _node_table(
            self._train(_features(texts, tfidf), codes, seed), n_scores=1 if len(present) == 2 else len(present)
        )
        # Most words are in no tree. Renumbering the tested columns keeps the dense rows of `score` narrow.
        columns = np.unique(trees.feature)
        compact = trees._replace(feature=np.searchsorted(columns, trees.feature))
        return BoostedScorer(tfidf, columns, compact, len(gold.labels), tuple(present.tolist()))

    def _train(self, rows: csr_matrix, codes: Integers, seed: int) -> dict[str, Any]:
        """Trains the trees; returns LightGBM's own description of them."""
        import lightgbm

        n_labels = int(codes.max()) + 1
        settings = {
            "objective": "binary" if n_labels == 2 else "multiclass",
            "num_class": 1 if n_labels == 2 else n_labels,
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_claims,
            "seed": seed % 2**31,
            "num_threads": self.threads,
            "deterministic": True,
            # LightGBM would otherwise time both layouts and pick one, and the sums of the two differ in rounding.
            "force_row_wise": True,
            "use_missing": False,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(rows.astype(np.float64), codes, free_raw_data=True)
        model: dict[str, Any] = lightgbm.train(settings, data, num_boost_round=self.trees).dump_model()
        return model


def _node_table(model: dict[str, Any], n_scores: int) -> Trees:
    """The trees of a LightGBM model as one table of nodes.

    Args:
        model: LightGBM's description of the model.
        n_scores: number of trees per round.
    """
    nodes: list[tuple[int, float, int, int, float]] = []
    depth = 0

    def add(node: dict[str, Any], level: int) -> tuple[int, float, int]:
        """Adds a node and all below it; returns its index, its mean value and its number of training claims."""
        nonlocal depth
        depth = max(depth, level)
        index = len(nodes)
        # The entry of a leaf. An inner node overwrites it below, once the indices of its children are known.
        nodes.append((0, 0.0, index, index, float(node.get("leaf_value", 0.0))))
        if "split_feature" not in node:
            return index, float(node["leaf_value"]), int(node.get("leaf_count", 1))
        left, left_mean, left_count = add(node["left_child"], level + 1)
        right, right_mean, right_count = add(node["right_child"], level + 1)
        count = left_count + right_count
        value = (left_mean * left_count + right_mean * right_count) / max(count, 1)
        nodes[index] = (int(node["split_feature"]), float(node["threshold"]), left, right, value)
        return index, value, count

    roots = [add(tree["tree_structure"], 0)[0] for tree in model["tree_info"]]
    feature, threshold, left, right, value = map(np.array, zip(*nodes, strict=True))
    return Trees(
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        value=value,
        roots=np.array(roots).reshape(-1, n_scores),
        depth=depth,
    )


@in_stage("featurize")
def _features(texts: list[str], tfidf: Tfidf) -> csr_matrix:
    """Shapes, followed by word weights; shape (n_texts, n_shapes + n_words)."""
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack([csr_matrix(shapes_of(texts)), tfidf.transform(texts)], format="csr"))
