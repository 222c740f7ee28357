"""The orders in which claims are asked about. Each is the same every time for the same dataset, seed and scores."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.annotate.score_files import ClaimScores, read_scores
from harness.arrays import Floats, safe_divide
from harness.data.assignments.distribute import random_key
from harness.data.packed.records import column_of, taken
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import Annotation, Claim

ORDERS = {
    "sequential": "the order of the articles and of the sentences in them",
    "random": "claims in random order",
    "by-article": "whole articles, in random order",
    "uncertainty": "first the claims of which the systems of --scores are least certain",
    "disagreement": "first the claims on which the systems of --scores differ most",
    "diversity": "first one claim of each article, each as unlike those before it as possible; then the next ones",
    "outdated": "first, and again, the claims that you labeled under another version of the guideline",
}
"""Orders by name, with what each asks first."""
SCORED = ("uncertainty", "disagreement")
N_UNLIKE, N_CANDIDATES = 500, 2000
"""Diversity: how many claims are chosen by their words, and among how many; more would delay the first question."""
N_FEATURES = 1024


class Ordering(NamedTuple):
    """How claims are put in order."""

    name: str = "sequential"
    """One of `ORDERS`."""
    seed: int = 0
    """Seed of what is random."""
    scores: tuple[str | Path, ...] = ()
    """Files of scores, or results, one for each system; for `uncertainty` and `disagreement`."""
    from_scores: str | Path | None = None
    """File of scores, or result, whose claims alone are asked about, the highest scores first, in place of an order."""

    @property
    def outdated_again(self) -> bool:
        """Whether claims that were labeled under another version of the guideline are asked about again."""
        return self.name == "outdated"

    def check(self) -> None:
        """Checks that the parts fit together.

        Raises: UnknownName: there is no such order. HarnessError: the order lacks scores, or makes no use of them.
        """
        if self.name not in ORDERS:
            raise UnknownName(f"--order: {unknown_name('order', self.name, list(ORDERS))}")
        if self.from_scores is not None and self.name != "sequential":
            raise HarnessError(f"--from-scores is an order itself; leave --order {self.name} out")
        if self.scores and self.name not in SCORED:
            raise HarnessError(
                f"--scores belongs to --order {' or '.join(SCORED)}; the highest scores come first with --from-scores"
            )
        n_needed = {"uncertainty": 1, "disagreement": 2}.get(self.name, 0)
        if len(self.scores) < n_needed:
            needed = "each of two systems or more" if n_needed > 1 else "a system"
            raise HarnessError(f"--order {self.name}: give --scores FILE for {needed} (harness score -o writes it)")

    def sort(
        self, claims: Sequence[Claim], standing: Iterable[Annotation] = (), versions: Mapping[str, str] | None = None
    ) -> Sequence[Claim]:
        """Returns claims in this order; those without scores come last, or with `from_scores` not at all.

        Args:
            claims: claims in the order of the articles.
            standing: labels of the annotator, for `outdated`.
            versions: version of the guideline by scheme, for `outdated`.
        Raises: FaultsError, HarnessError: the order is none, or a file of scores has faults.
        """
        self.check()
        if self.from_scores is None and self.name == "sequential":
            return claims
        ids = list(column_of(claims, "claim_id"))
        if self.from_scores is not None:
            scores = read_scores("--from-scores", self.from_scores, ids).positive()
            rows = _by_value(-scores)[: int((~np.isnan(scores)).sum())]
        elif self.name in SCORED:
            files = [read_scores("--scores", path, ids) for path in self.scores]
            rows = _by_value((_uncertainty if self.name == "uncertainty" else _disagreement)(files))
        elif self.name == "outdated":
            versions = versions or {}
            outdated = {a.claim_id for a in standing if a.guideline != versions.get(a.scheme, a.guideline)}
            rows = sorted(range(len(ids)), key=lambda row: ids[row] not in outdated)
        elif self.name == "random":
            rows = _random(range(len(ids)), ids, self.seed)
        elif self.name == "by-article":
            articles = list(column_of(claims, "article_id"))
            rows = _random(range(len(ids)), articles, self.seed)
        else:
            rows = _diversity(claims, ids, self.seed)
        return taken(claims, rows)


def _by_value(values: Floats) -> list[int]:
    """Sorts rows by values, the lowest first; those without one come last."""
    rows: list[int] = np.argsort(values, kind="stable").tolist()
    return rows


def _uncertainty(files: Sequence[ClaimScores]) -> Floats:
    """Returns the mean rank of the margin of each claim over the systems, whose scales differ."""
    ranks = np.array([_ranks(file.margins()) for file in files])
    n_known = (~np.isnan(ranks)).sum(axis=0)
    return safe_divide(np.nansum(ranks, axis=0), n_known)


def _disagreement(files: Sequence[ClaimScores]) -> Floats:
    """Returns the negative entropy of the predicted labels of each claim; ties go to the less certain one."""
    columns = [file.predicted() for file in files]
    names = {label: code for code, label in enumerate({label: None for column in columns for label in column if label})}
    codes = np.array([[names.get(label or "", -1) for label in column] for column in columns])
    n_labels = (codes >= 0).sum(axis=0)
    shares = [safe_divide((codes == code).sum(axis=0), n_labels) for code in names.values()]
    entropy = -sum(share * np.log(np.where(share > 0, share, 1.0)) for share in shares)
    entropy = np.where(n_labels < 2, np.nan, entropy)
    scored = [file for file in files if file.labels]
    # Entropies of a few labels differ by far more than the part of the margin.
    ties = np.nan_to_num(_uncertainty(scored), nan=1.0) if scored else 0.0
    return np.asarray(1e-6 * ties - entropy)


def _ranks(values: Floats) -> Floats:
    """Returns the rank of each value from 0 to 1; equal values have one rank."""
    ranks = np.full(len(values), np.nan)
    is_known = ~np.isnan(values)
    codes = np.unique(values[is_known], return_inverse=True)[1]
    ranks[is_known] = codes / max(1, int(codes.max(initial=0)))
    return ranks


def _random(rows: Iterable[int], names: Sequence[str], seed: int) -> list[int]:
    """Sorts rows by the random keys of their names; those with the same name stay together, in their order."""
    rows = list(rows)
    key_of = {name: random_key(seed, name) for name in {names[row] for row in rows}}
    return sorted(rows, key=lambda row: key_of[names[row]])


def _diversity(claims: Sequence[Claim], ids: Sequence[str], seed: int) -> list[int]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, article_id in enumerate(column_of(claims, "article_id")):
        rows_of[article_id].append(row)
    articles = sorted(rows_of, key=lambda article_id: random_key(seed, article_id))
    rounds: list[list[int]] = []
    for article_id in articles:
        for rank, row in enumerate(_random(rows_of[article_id], ids, seed)):
            if rank == len(rounds):
                rounds.append([])
            rounds[rank].append(row)
    spread = [row for rows_of_round in rounds for row in rows_of_round]
    # Words decide within a round, so that every article comes once before one comes twice.
    first: list[int] = []
    for rows_of_round in rounds:
        room = min(N_UNLIKE, len(spread)) - len(first)
        if room <= 0:
            break
        candidates = rows_of_round[:N_CANDIDATES]
        texts = column_of(taken(claims, [*candidates, *first]), "text")
        first += [candidates[index] for index in _most_unlike(list(texts), len(candidates), room)]
    chosen = set(first)
    return [*first, *(row for row in spread if row not in chosen)]


def _most_unlike(texts: Sequence[str | None], n_candidates: int, n: int) -> list[int]:
    """Returns up to n candidates, each the farthest (cosine, TF-IDF) from all before it; the first comes first.

    Args:
        texts: texts of the candidates, then of the claims before them.
        n_candidates: number of candidates.
        n: number of those to choose.
    """
    vectors = _vectors(texts)
    by_word = np.ascontiguousarray(vectors[:n_candidates].T)
    nearest = np.zeros(n_candidates, dtype=np.float32)

    def approach(vector: npt.NDArray[np.float32]) -> None:
        words = np.flatnonzero(vector)  # a claim has few
        np.maximum(nearest, vector[words] @ by_word[words], out=nearest)

    for vector in vectors[n_candidates:]:
        approach(vector)
    chosen: list[int] = []
    for _ in range(min(n, n_candidates)):
        index = int(nearest.argmin())
        chosen.append(index)
        approach(vectors[index])
        nearest[index] = np.inf
    return chosen


def _vectors(texts: Sequence[str | None]) -> npt.NDArray[np.float32]:
    """Returns TF-IDF vectors of length 1; words are hashed. (scikit-learn takes longer to load than all of this.)"""
    counts = np.zeros((len(texts), N_FEATURES), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", (text or "").casefold()):
            counts[row, int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % N_FEATURES] += 1
    weights = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
    vectors: npt.NDArray[np.float32] = counts * weights.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return vectors
