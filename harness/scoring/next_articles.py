"""`harness next`: which articles to label next, by what a model is unsure of and what no labeled article is like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.arrays import Bools, Codes, Floats
from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations
from harness.data.load import open_dataset
from harness.display import Rows, displayed
from harness.errors import HarnessError
from harness.features.ngrams import NgramSettings
from harness.features.weights import Tfidf
from harness.files import json_line, write_text
from harness.runner.models.saved_model import Model
from harness.scoring.score_claims import open_system

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WORDS = NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=1)
"""Articles are compared by the weights of their words."""


class NextArticle(NamedTuple):
    """An article to label."""

    article_id: str
    score: float
    """Mean of `uncertainty` and `distance`, by their weights; falls down the list."""
    uncertainty: float
    """Mean entropy of the model's probabilities over the claims without labels, in [0, 1]; 1: every label is as
    probable."""
    distance: float
    """1 minus the cosine of the words with the nearest article that has labels or stands above it, in [0, 1]."""
    claims: tuple[str, ...]
    """Ids of its claims without labels, in order."""
    title: str


@displayed
class NextArticles(NamedTuple):
    """The articles of a dataset without labels, those to label first on top."""

    dataset: str
    system: str
    axis: str | None
    """Axis whose labels count; None: any axis, for a system that was not trained."""
    labeled: int
    """Number of articles with labels."""
    without: int
    """Number of articles with claims that have no label."""
    articles: Sequence[NextArticle]

    def document(self) -> dict[str, Any]:
        """Returns the order as `harness next --json` prints it."""
        return self._asdict() | {"articles": [article._asdict() for article in self.articles]}


def next_articles(
    dataset: str | Path,
    system: str | Path,
    out: str | Path | None = None,
    *,
    n: int | None = None,
    distance_weight: float = 0.5,
    root: str | Path | None = None,
) -> NextArticles:
    """Ranks the articles with claims that have no label: those first that a model is unsure of, and that are new.

    One article after another is chosen; each one chosen counts as labeled for the distance of the rest, so that two
    articles alike do not both stand on top.

    Args:
        dataset: dataset folder or name.
        system: folder of a saved model whose scores are probabilities, of its result, or of its run.
        out: file to write, a JSON line per claim without a label with `claim_id` and `score`, in the order of the
            articles; None: no file.
        n: number of articles; default: all.
        distance_weight: weight of the distance, in [0, 1]; that of the uncertainty is 1 minus it.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the scores are no probabilities, or every claim has a label.
    """
    if not 0 <= distance_weight <= 1:
        raise HarnessError(f"next: --distance-weight: expected a number from 0 to 1, got {distance_weight:g}")
    model = _open_model(system)
    opened = open_dataset(dataset, root)
    axes = {use.name: use.mapping.axis for use in model.card.schemes}
    claims = opened.table()
    has_label = _has_label(opened, axes, claims.claim_id.tolist())
    if has_label.all():
        raise HarnessError(f"{opened.folder}: every claim has a label; bring in articles first: harness ingest")
    article, article_ids = claims.article_codes(), list(dict.fromkeys(claims.article_id.tolist()))
    unsure = _mean_uncertainty(_entropy(model.score(claims)), article, ~has_label)
    is_labeled, is_open = (np.bincount(article[r], minlength=len(article_ids)) > 0 for r in (has_label, ~has_label))
    words = _word_vectors(claims.text, article, len(article_ids))
    order = _order(words, unsure, is_labeled, is_open, distance_weight, n)
    titles = {record.article_id: record.title or "" for record in opened.articles}
    ranked = [
        NextArticle(
            article_id=article_ids[code],
            score=score,
            uncertainty=float(unsure[code]),
            distance=distance,
            claims=tuple(claims.claim_id[(article == code) & ~has_label].tolist()),
            title=titles[article_ids[code]],
        )
        for code, score, distance in order
    ]
    if out is not None:
        write_text(Path(out), "".join(_lines(ranked)))
    return NextArticles(
        dataset=str(dataset),
        system=_name(model),
        axis=next(iter(axes.values()), None),
        labeled=int(is_labeled.sum()),
        without=int(is_open.sum()),
        articles=Rows(ranked),
    )


def _open_model(system: str | Path) -> Model:
    """Opens a system whose scores are probabilities.

    Raises: HarnessError: there is no such system, or its scores are no probabilities.
    """
    model = open_system(system)
    if not model.card.probabilities:
        raise HarnessError(
            f"next: the scores of {model.card.system} are no probabilities, so they do not say what it is unsure of; "
            "set calibration for it in the config, or take another system"
        )
    return model


def _name(model: Model) -> str:
    return model.card.system if model.folder is None else str(model.folder)


def _has_label(dataset: Dataset, axes: Mapping[str, str], claim_ids: Sequence[str]) -> Bools:
    """Whether each claim has a label that counts, on the axis of the model by its scheme; any axis if there is none."""
    labeled = {
        annotation.claim_id
        for annotation in active_annotations(dataset.annotations)
        if not axes or axes.get(annotation.scheme) == annotation.axis
    }
    return np.array([claim_id in labeled for claim_id in claim_ids], dtype=bool)


def _entropy(probabilities: Floats) -> Floats:
    """The entropy of each row as a share of the greatest possible, in [0, 1]; shape (n_claims,)."""
    positive = np.where(probabilities > 0, probabilities, 1.0)
    entropy: Floats = -(positive * np.log(positive)).sum(axis=1) / np.log(probabilities.shape[1])
    return entropy


def _mean_uncertainty(uncertainty: Floats, article: Codes, counted: Bools) -> Floats:
    """The mean over the counted claims of each article; 0 for an article without any."""
    n_articles = int(article.max()) + 1
    sums = np.bincount(article[counted], weights=uncertainty[counted], minlength=n_articles)
    return sums / np.maximum(np.bincount(article[counted], minlength=n_articles), 1)


def _word_vectors(texts: Any, article: Codes, n_articles: int) -> csr_matrix:
    """The weights of the words of each article as vectors of length 1."""
    _, vectors = Tfidf.fit(WORDS, [" ".join(texts[article == code].tolist()) for code in range(n_articles)])
    return vectors.tocsr()


def _order(
    words: csr_matrix, unsure: Floats, is_labeled: Bools, is_open: Bools, distance_weight: float, n: int | None
) -> list[tuple[int, float, float]]:
    """Article code, score and distance of each article in the order of choice."""
    nearest = np.zeros(len(unsure))
    if is_labeled.any():
        nearest = np.asarray((words @ words[np.flatnonzero(is_labeled)].T).max(axis=1).todense()).ravel()
    remaining = is_open.copy()
    chosen: list[tuple[int, float, float]] = []
    while remaining.any() and (n is None or len(chosen) < n):
        distance = np.clip(1 - nearest, 0, 1)
        score = np.where(remaining, distance_weight * distance + (1 - distance_weight) * unsure, -1.0)
        code = int(score.argmax())
        chosen.append((code, float(score[code]), float(distance[code])))
        remaining[code] = False
        nearest = np.maximum(nearest, np.asarray((words @ words[code].T).todense()).ravel())
    return chosen


def _lines(articles: Sequence[NextArticle]) -> list[str]:
    return [
        json_line({"claim_id": claim_id, "score": article.score, "article_id": article.article_id})
        for article in articles
        for claim_id in article.claims
    ]
