"""Scores the claims of new articles with a model, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from harness.classifiers.base import Reason
from harness.display import displayed
from harness.errors import HarnessError
from harness.features.counts.kept_counts import counts_kept
from harness.runner.models.saved_model import Model, find_model, load_model, untrained_model
from harness.scoring.inputs import ArticleClaims, ScoringInput


@displayed
class ScoredClaim(NamedTuple):
    """A claim with its scores, predicted label and reasons."""

    claim_id: str
    article_id: str
    start: int
    """Offset of the first character in the article, in Unicode code points."""
    end: int
    position: int
    """Index among the claims of the article, from 0."""
    text: str
    score: dict[str, float]
    """Score of each label; higher means more likely."""
    predicted: str | None
    """Predicted label; None: the system predicts no labels, or did not answer."""
    reasons: tuple[Reason, ...] | None
    """Reasons for the score of the positive (or else the last) label, the strongest first; None: not available."""

    @property
    def rank_score(self) -> float:
        """Score of the positive (or else the last) label, by which claims are ranked."""
        # Scores are in label order, and the positive label of a scheme is its last.
        return next(reversed(self.score.values()))

    def document(self) -> dict[str, Any]:
        """Returns the claim as a JSON object."""
        reasons = None if self.reasons is None else [reason._asdict() for reason in self.reasons]
        return self._asdict() | {"reasons": reasons}


class ScoredBatch(NamedTuple):
    """Scored claims of one or more complete articles."""

    documents: tuple[ArticleClaims, ...]
    claims: tuple[ScoredClaim, ...]
    """Claims of all articles, in order."""


def open_system(system: str | Path) -> Model:
    """Returns a saved model, or a registered system that needs no training.

    Args:
        system: folder of a saved model, of its result or of its run; or name of the registered system.
    Raises: HarnessError: `system` is neither.
    """
    name = str(system)
    # A folder takes precedence over a system of the same name.
    is_system_name = isinstance(system, str) and "/" not in name and not Path(name).exists()
    if is_system_name:
        return untrained_model(name)
    model = load_model(find_model(Path(system)))
    if model.card.evidence is not None:
        raise HarnessError(
            f"{model.folder}: reads passages with each claim ({model.card.evidence}), which `harness score` does not "
            "have; to judge an article by the passages of a corpus: harness verify ARTICLE --chain RUN --corpus PATH"
        )
    return model


def score_batches(
    model: Model, source: ScoringInput, inputs: Sequence[str | Path], *, explained: bool = True
) -> Iterator[ScoredBatch]:
    """Yields the claims of the inputs with their scores, in order.

    Args:
        model: model that scores the claims.
        source: reader of the inputs.
        inputs: inputs as in `ScoringInput.batches`.
        explained: whether claims get reasons.
    """
    for batch in source.batches(inputs):
        with counts_kept() if explained else nullcontext():
            scores = model.score(batch.claims)
            predicted = model.predict(batch.claims, scores)
            explanations = model.explain(batch.claims) if explained else None
        reasons: Sequence[tuple[Reason, ...] | None] = (
            [None] * len(batch.claims) if explanations is None else explanations
        )
        rows = zip(scores.tolist(), predicted, reasons, batch.claims.position.tolist(), strict=True)
        claims = (claim for document in batch.documents for claim in document.claims)
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
                    score=dict(zip(model.card.labels, claim_scores, strict=True)),
                    predicted=label,
                    reasons=claim_reasons,
                )
                for claim, (claim_scores, label, claim_reasons, position) in zip(claims, rows, strict=True)
            ),
        )


def language_warnings(model: Model, languages: Sequence[str]) -> list[str]:
    """Returns warnings about languages of the input that the model does not support, or was not trained on."""
    warnings = []
    for model_languages, relation in ((model.card.made_for, "supports"), (model.card.languages, "was trained on")):
        primaries = {_primary_subtag(language) for language in model_languages}
        unsupported = [language for language in languages if _primary_subtag(language) not in primaries]
        if model_languages and unsupported:
            warnings.append(
                f"{model.card.system} {relation} '{', '.join(model_languages)}'; "
                f"the input contains '{', '.join(unsupported)}'"
            )
    return warnings


def _primary_subtag(language: str) -> str:
    """Returns the language of a tag without its region: `pt` for `pt-BR`."""
    return language.replace("_", "-").partition("-")[0].lower()
