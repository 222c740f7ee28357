"""Gradient-boosted trees over shapes and words, fitted by LightGBM and kept as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Integers
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, class_priors, top_reasons
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.claimbuster_features import cues_in, place_in
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.features.encoder_files import require_extra
from harness.features.ngrams import NgramSettings
from harness.features.shapes import SHAPES, shapes_of
from harness.features.weights import TFIDF_TYPES, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH = 1024
"""Claims that go through all trees at once."""


class Trees(NamedTuple):
    """All nodes of all trees in one table; a leaf leads to itself."""

    feature: Integers
    """Shape (n_nodes,); the column that a node looks at."""
    threshold: Floats
    """Values up to this go left."""
    left: Integers
    right: Integers
    value: Floats
    """Of a leaf, what it adds to the score; of another node, the mean of its leaves over the training claims."""
    roots: Integers
    """Shape (n_rounds, n_scores): for each score the first node of its trees."""
    depth: int

    def leaves(self, rows: Floats) -> tuple[Integers, list[Integers]]:
        """The node that each row ends in, shape (n_rows, n_rounds, n_scores), and those on the way."""
        nodes = np.broadcast_to(self.roots, (len(rows), *self.roots.shape))
        at, way = np.arange(len(rows))[:, None, None], []
        for _ in range(self.depth):
            way.append(nodes)
            goes_left = rows[at, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(goes_left, self.left[nodes], self.right[nodes])
        return nodes, way

    def scores(self, rows: Floats) -> Floats:
        """The sum of the leaves that each row ends in, shape (n_rows, n_scores)."""
        parts = [self.value[self.leaves(some)[0]].sum(axis=1) for some in _batches(rows)]
        return np.concatenate(parts) if parts else np.empty((0, self.roots.shape[1]))

    def moved(self, rows: Floats) -> Floats:
        """How far each column moved the last score: along a row's ways, the sum of the changes of a node's value."""
        total = np.zeros_like(rows)
        for start in range(0, len(rows), BATCH):
            leaves, way = self.leaves(rows[start : start + BATCH])
            for before, after in pairwise([*way, leaves]):
                change = self.value[after] - self.value[before]
                at = np.broadcast_to(np.arange(len(change))[:, None], change.shape[:2]) + start
                np.add.at(total, (at, self.feature[before][:, :, -1]), change[:, :, -1])
        return total


def _batches(rows: Floats) -> list[Floats]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


@dataclass(frozen=True)
class BoostedScorer(Scorer):
    """Probabilities: the logistic function of the trees' sum, or the softmax of one sum per label."""

    probabilities: ClassVar[bool] = True
    tfidf: Tfidf
    columns: Integers
    """The features that any tree looks at, as places among shapes and words."""
    trees: Trees
    n_labels: int
    labels: tuple[int, ...]
    """The labels that occur in the training claims."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label that no training claim had."""
        from scipy.special import expit, softmax

        sums = self.trees.scores(self._rows(list(claims.text)))
        chances = np.column_stack([1 - expit(sums[:, 0]), expit(sums[:, 0])]) if len(self.labels) == 2 else sums
        scores = np.zeros((len(claims), self.n_labels))
        scores[:, self.labels] = chances if len(self.labels) == 2 else softmax(sums, axis=1)
        return scores

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The shapes and words that moved the sum of the last label most, at most ten a claim.

        None where the training claims had no claim of that label.
        """
        if self.labels[-1] != self.n_labels - 1:
            return None
        texts = list(claims.text)
        moved = self.trees.moved(self._rows(texts))
        every = [*(f"shape:{name}" for name in SHAPES), *self.tfidf.ngrams.names()]
        names = [every[column] for column in self.columns]
        every_column = np.arange(len(names))
        return [
            top_reasons(names, every_column, by, partial(place_in, text=text, cues=cues_in(text)))
            for text, by in zip(texts, moved, strict=True)
        ]

    def _rows(self, texts: list[str]) -> Floats:
        found: Floats = _features(texts, self.tfidf)[:, self.columns].toarray()
        return found


class BoostedFeatures(Classifier):
    """Gradient-boosted decision trees on ClaimBuster's feature families: shapes, cues and word TF-IDF.

    Sees what `claimbuster_features` sees, and how its features act together; cannot see word order or context. LightGBM
    (Ke et al. 2017, "LightGBM: A Highly Efficient Gradient Boosting Decision Tree") fits the trees, the same for the
    same seed and threads; they are kept and applied as plain arrays. Cost: 19,000 sentences are learned in about 20
    seconds on one core, and a thousand scored in less than one.
    A reason is a feature with the change of the expected score along the claim's paths through the trees (Saabas 2014).
    The shapes and cues are English. Training claims of one label give the shares of the labels.
    """

    languages = ("en",)
    packages = ("numpy", "scipy", "lightgbm")
    saved_types = (BoostedScorer, Trees, *TFIDF_TYPES)

    trees: int = Field(default=200, ge=1)
    """Rounds of boosting; with more than two labels, each has a tree per label."""
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    leaves: int = Field(default=15, ge=2)
    """The most leaves of a tree."""
    min_claims: int = Field(default=20, ge=1)
    """The fewest training claims in a leaf."""
    min_df: int = Field(default=5, ge=1)
    """A word that fewer training claims have is left out."""
    threads: int = Field(default=1, ge=1)
    """Of the processor, in fitting. A setting, because the last digits may depend on it."""

    def check(self) -> None:
        """Raises: HarnessError: LightGBM is not installed, or the system lacks what it is linked to."""
        require_extra("boost", "lightgbm")
        try:
            import lightgbm  # noqa: F401
        except OSError as error:
            raise HarnessError(
                f"LightGBM cannot be loaded ({error}); install the system's OpenMP library (libgomp1)"
            ) from None

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the trees."""
        self.check()
        present = np.unique(gold.codes)
        if len(present) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        texts = list(claims.text)
        tfidf, _ = Tfidf.fit(NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=self.min_df), texts)
        codes = np.searchsorted(present, gold.codes)
        trees = _table(self._boosted(_features(texts, tfidf), codes, seed), 1 if len(present) == 2 else len(present))
        columns = np.unique(trees.feature)
        compact = trees._replace(feature=np.searchsorted(columns, trees.feature))
        return BoostedScorer(tfidf, columns, compact, len(gold.labels), tuple(present.tolist()))

    def _boosted(self, rows: csr_matrix, codes: Integers, seed: int) -> dict[str, Any]:
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
            "force_row_wise": True,
            "use_missing": False,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(rows.astype(np.float64), codes, free_raw_data=True)
        found: dict[str, Any] = lightgbm.train(settings, data, num_boost_round=self.trees).dump_model()
        return found


def _table(model: dict[str, Any], n_scores: int) -> Trees:
    """The trees of LightGBM's own description as one table of nodes."""
    nodes: list[tuple[int, float, int, int, float]] = []
    depth = 0

    def add(node: dict[str, Any], level: int) -> tuple[int, float, int]:
        nonlocal depth
        depth, number = max(depth, level), len(nodes)
        nodes.append((0, 0.0, number, number, float(node.get("leaf_value", 0.0))))
        if "split_feature" not in node:
            return number, float(node["leaf_value"]), int(node.get("leaf_count", 1))
        sides = [add(node[side], level + 1) for side in ("left_child", "right_child")]
        count = sum(size for _, _, size in sides)
        value = sum(mean * size for _, mean, size in sides) / max(count, 1)
        nodes[number] = (int(node["split_feature"]), float(node["threshold"]), sides[0][0], sides[1][0], value)
        return number, value, count

    roots = [add(tree["tree_structure"], 0)[0] for tree in model["tree_info"]]
    feature, threshold, left, right, value = map(np.array, zip(*nodes, strict=True))
    return Trees(feature, threshold, left, right, value, np.array(roots).reshape(-1, n_scores), depth)


def _features(texts: list[str], tfidf: Tfidf) -> csr_matrix:
    """Shapes, then word weights; shape (n_texts, n_shapes + n_words)."""
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack([csr_matrix(shapes_of(texts)), tfidf.transform(texts)], format="csr"))
