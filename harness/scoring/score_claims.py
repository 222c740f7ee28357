"""Scores claims that carry no labels: what a model gives for articles, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.classifiers.base import Reason
from harness.runner.models.model import Model, find_model, load_model, untrained_model
from harness.scoring.inputs import ArticleClaims, ScoringInput


class ScoredClaim(NamedTuple):
    """A claim and what a model gives for it."""

    claim_id: str
    article_id: str
    start: int
    """Offset of its first character in its article, in Unicode code points."""
    end: int
    position: int
    """Its place among the claims of its article, from 0."""
    text: str
    score: dict[str, float]
    """One number per label; higher is more."""
    predicted: str | None
    """None: the system predicts no label, or has no answer."""
    reasons: tuple[Reason, ...] | None
    """What moved the score of the positive label, or of the last one, the strongest first; None: it cannot say."""

    @property
    def rank_score(self) -> float:
        """The score that claims are ranked by: that of the positive label, or of the last one."""
        return next(reversed(self.score.values()))

    def document(self) -> dict[str, Any]:
        """The claim as JSON has it."""
        reasons = None if self.reasons is None else [reason._asdict() for reason in self.reasons]
        return self._asdict() | {"reasons": reasons}


class ScoredBatch(NamedTuple):
    """Some whole articles, scored."""

    documents: tuple[ArticleClaims, ...]
    claims: tuple[ScoredClaim, ...]
    """Of all the documents, in order."""


def open_system(system: str | Path) -> Model:
    """A saved model by its folder, that of its result or of its run; or a registered system that needs no training.

    Raises: HarnessError: it is neither.
    """
    name = str(system)
    is_name = isinstance(system, str) and "/" not in name and not Path(name).exists()
    if is_name:
        return untrained_model(name)
    return load_model(find_model(Path(system)))


def scored(
    model: Model, source: ScoringInput, inputs: Sequence[str | Path], *, explained: bool = True
) -> Iterator[ScoredBatch]:
    """The claims of the inputs with their scores, in order.

    Args:
        model: what scores them.
        source: how the inputs are read.
        inputs: see `ScoringInput.batches`.
        explained: whether reasons are asked for.
    """
    for batch in source.batches(inputs):
        scores = model.score(batch.claims)
        predicted = model.predict(batch.claims, scores)
        found = model.explain(batch.claims) if explained else None
        reasons: Sequence[tuple[Reason, ...] | None] = [None] * len(batch.claims) if found is None else found
        rows = zip(scores.tolist(), predicted, reasons, batch.claims.position.tolist(), strict=True)
        listed = (claim for document in batch.documents for claim in document.claims)
        yield ScoredBatch(
            batch.documents,
            tuple(
                ScoredClaim(
                    claim_id=claim.claim_id,
                    article_id=claim.article_id,
                    start=claim.start,
                    end=claim.end,
                    position=position,
                    text=claim.text or "",
                    score=dict(zip(model.card.labels, row, strict=True)),
                    predicted=label,
                    reasons=why,
                )
                for claim, (row, label, why, position) in zip(listed, rows, strict=True)
            ),
        )


def language_warnings(model: Model, languages: Sequence[str]) -> list[str]:
    """A warning for each language of the input that the model was not made for, or not trained on."""
    warnings = []
    for known, done in ((model.card.made_for, "made for"), (model.card.languages, "trained on")):
        strange = [name for name in languages if _primary(name) not in {_primary(other) for other in known}]
        if known and strange:
            warnings.append(
                f"{model.card.system} was {done} '{', '.join(known)}'; the input is in '{', '.join(strange)}'"
            )
    return warnings


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
