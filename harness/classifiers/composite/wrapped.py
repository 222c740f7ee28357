"""A scorer around another: what it does not change is the other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.classifiers.base import Bill, Reason, Scorer, Scores
from harness.data.claims import Claims, Codes


@dataclass(frozen=True)
class WrappedScorer(Scorer):
    """The scores, labels and reasons of another scorer."""

    scorer: Scorer

    @property
    def probabilities(self) -> bool:  # type: ignore[override]
        """As the inner scorer."""
        return self.scorer.probabilities

    @property
    def cutoff(self) -> float | None:  # type: ignore[override]
        """As the inner scorer."""
        return self.scorer.cutoff

    @property
    def gives_scores(self) -> bool:  # type: ignore[override]
        """As the inner scorer."""
        return self.scorer.gives_scores

    @property
    def gives_labels(self) -> bool:  # type: ignore[override]
        """As the inner scorer."""
        return self.scorer.gives_labels

    @property
    def not_kept(self) -> str | None:  # type: ignore[override]
        """As the inner scorer."""
        return self.scorer.not_kept

    def score(self, claims: Claims) -> Scores:
        """The inner scorer's scores."""
        return self.scorer.score(claims)

    def predict(self, claims: Claims, scores: Scores) -> Codes:
        """The inner scorer's labels."""
        return self.scorer.predict(claims, scores)

    def missing(self, claims: Claims) -> int:
        """The inner scorer's missing claims."""
        return self.scorer.missing(claims)

    def why_missing(self, claims: Claims) -> Mapping[str, int]:
        """The inner scorer's missing claims, by reason."""
        return self.scorer.why_missing(claims)

    def bill(self, claims: Claims) -> Bill | None:
        """The inner scorer's."""
        return self.scorer.bill(claims)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The inner scorer's reasons."""
        return self.scorer.explain(claims)
