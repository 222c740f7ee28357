"""What edits do to the scores of one model: the shift of each claim, and means with intervals over articles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Codes, Floats
from harness.data.claims import Claims, Column, codes_of
from harness.display import displayed
from harness.errors import Undefined
from harness.runner.chain.losses import Estimate
from harness.runner.models.saved_model import Model
from harness.runner.verification.gold_evidence import evidence_column
from harness.scoring.probes.edits import Edit, Expectation, Passages, Shown
from harness.uncertainty.resampling import clopper_pearson, jackknife_t, jackknife_weights

INTERVAL_SEED = 13
SAME = 1e-9
"""Difference of scores up to which they count as equal."""


@displayed
class EditedClaim(NamedTuple):
    """One claim before and after an edit."""

    claim_id: str
    article_id: str
    before: str
    after: str
    gold: str | None
    """Gold label of the claim as it was, as the model names it; None: it has none."""
    should_be: str | None
    """Label of the model that is right after the edit; None if the edit does not settle it."""
    score_before: float
    """Score of the positive label of a detector, or of the gold verdict."""
    score_after: float
    label_before: str | None
    """Predicted label; None: no answer."""
    label_after: str | None
    passages_before: tuple[str, ...] = ()
    """Ids of the passages shown."""
    passages_after: tuple[str, ...] = ()


@displayed
@dataclass(frozen=True)
class EditShift:
    """What one edit does to the scores of a model."""

    edit: str
    does: str
    expected: Expectation
    n: int
    """Number of claims that the edit applies to."""
    n_articles: int
    shift: Estimate
    """Mean change of the score."""
    flipped: Estimate
    """Share of claims whose predicted label changes."""
    as_expected: Estimate
    """Share of claims that behave as the expectation says."""
    claims: tuple[EditedClaim, ...]

    def document(self) -> dict[str, Any]:
        """The row as `harness probe --json` prints it."""
        return {
            "edit": self.edit,
            "expected": self.expected,
            "n": self.n,
            "n_articles": self.n_articles,
            "shift": self.shift._asdict(),
            "flipped": self.flipped._asdict(),
            "as_expected": self.as_expected._asdict(),
        }


class Material(NamedTuple):
    """The claims that are edited, with what is known of them."""

    claims: Claims
    """Claims with the passages that the model reads."""
    gold: Sequence[str | None]
    """Gold label of each claim, as the model names it."""
    common: Sequence[str | None]
    """Gold verdict of each claim in common terms; None for a detector."""
    label_of: Mapping[str, str]
    """Label of the model for each common verdict."""


def measure_edit(
    model: Model, material: Material, edit: Edit, *, expected: Expectation, seed: int, before: Before
) -> EditShift:
    """Edits every claim that an edit applies to and scores it again.

    Args:
        model: the model.
        material: the claims.
        edit: the edit.
        expected: what it should do to the model.
        seed: random seed; with the edit and the claim it settles every random choice.
        before: scores and labels of all claims as they are.
    """
    is_verdict = model.card.positive is None
    usable = [row for row in range(len(material.claims)) if _is_usable(edit, material.common[row], is_verdict)]
    rows, edited = _edited(edit, material.claims, usable, seed)
    changed_claims: list[EditedClaim] = []
    if len(rows):
        scores = model.score(edited)
        labels = model.predict(edited, scores)
        for index, row in enumerate(rows.tolist()):
            column = model.card.labels.index(material.gold[row] or "") if is_verdict else -1
            becomes = edit.becomes.get(material.common[row] or "") if is_verdict else None
            changed_claims.append(
                EditedClaim(
                    claim_id=material.claims.claim_id[row],
                    article_id=material.claims.article_id[row],
                    before=material.claims.text[row],
                    after=edited.text[index],
                    gold=material.gold[row],
                    should_be=material.label_of.get(becomes) if becomes else None,
                    score_before=float(before.scores[row, column]),
                    score_after=float(scores[index, column]),
                    label_before=before.labels[row],
                    label_after=labels[index],
                    passages_before=tuple(passage.passage_id for passage in material.claims.evidence[row]),
                    passages_after=tuple(passage.passage_id for passage in edited.evidence[index]),
                )
            )
    return _shift_of(edit, expected, changed_claims)


class Before(NamedTuple):
    """Scores and labels of claims as they are."""

    scores: Floats
    """Shape (n_claims, n_labels)."""
    labels: Sequence[str | None]


def score_before(model: Model, claims: Claims) -> Before:
    """Scores claims as they are."""
    scores = model.score(claims)
    return Before(scores, model.predict(claims, scores))


def _is_usable(edit: Edit, verdict: str | None, is_verdict: bool) -> bool:
    """Whether the effect of an edit is known for a claim with a gold verdict."""
    return not is_verdict or edit.verdicts is None or verdict in edit.verdicts


def _edited(edit: Edit, claims: Claims, usable: Sequence[int], seed: int) -> tuple[Codes, Claims]:
    """The rows of the claims that an edit applies to, and these claims edited."""
    rows: list[int] = []
    texts: list[str] = []
    evidence: list[Any] = []
    shown = Shown(list(claims.evidence), [str(name) for name in claims.article_id])
    for row in usable:
        # A generator of its own for each claim: what is drawn for one does not depend on the others.
        random = Random(f"{seed} {edit.name} {claims.claim_id[row]}")  # noqa: S311 - no secret depends on it
        text: str | None = claims.text[row]
        passages: Passages | None = shown.passages[row]
        if edit.change is not None:
            text = edit.change(claims.text[row], random)
        elif edit.change_evidence is not None:
            passages = edit.change_evidence(row, shown, random)
        if text is not None and passages is not None:
            rows.append(row)
            texts.append(text)
            evidence.append(passages)
    taken = claims.take(np.array(rows, dtype=np.int64))
    column: Column = np.array(texts, dtype=object)
    return np.array(rows, dtype=np.int64), replace(taken, text=column, evidence=evidence_column(evidence))


def _shift_of(edit: Edit, expected: Expectation, claims: Sequence[EditedClaim]) -> EditShift:
    articles = codes_of(np.array([claim.article_id for claim in claims], dtype=object))
    shifts = np.array([claim.score_after - claim.score_before for claim in claims], dtype=np.float64)
    answered = all(claim.label_before is not None or claim.label_after is not None for claim in claims)
    flips = np.array([claim.label_before != claim.label_after for claim in claims], dtype=np.float64)
    behaved = np.array([BEHAVES[expected](claim) for claim in claims], dtype=np.float64)
    by_label = expected in ("must not change", "verdict should flip")
    nothing = Estimate(None)
    return EditShift(
        edit=edit.name,
        does=edit.does,
        expected=expected,
        n=len(claims),
        n_articles=len(set(articles.tolist())),
        shift=mean_over_articles(shifts, articles),
        flipped=mean_over_articles(flips, articles, is_share=True) if answered else nothing,
        as_expected=mean_over_articles(behaved, articles, is_share=True) if answered or not by_label else nothing,
        claims=tuple(claims),
    )


BEHAVES: Mapping[Expectation, Callable[[EditedClaim], bool]] = {
    "must not change": lambda claim: claim.label_before == claim.label_after,
    "should fall": lambda claim: claim.score_after < claim.score_before - SAME,
    # Right before and after: a judge that refutes everything is not praised for refuting the edited claim.
    "verdict should flip": lambda claim: claim.label_before == claim.gold and claim.label_after == claim.should_be,
}
"""Whether a claim behaves as an expectation says."""


def mean_over_articles(values: Floats, articles: Codes, *, is_share: bool = False) -> Estimate:
    """The mean over claims with its 95% interval over articles; none with fewer than three articles.

    Args:
        values: one number per claim.
        articles: article of each claim, codes from 0 without gaps; same shape.
        is_share: whether the values are zeros and ones.
    """
    if not len(values):
        return Estimate(None)
    value = float(values.mean())
    n_articles = int(articles.max()) + 1
    weights = jackknife_weights(n_articles, INTERVAL_SEED).astype(np.float64)
    totals, counts = np.bincount(articles, weights=values), np.bincount(articles).astype(np.float64)
    try:
        if n_articles < 3:
            raise Undefined("an interval needs at least three articles")
        bounds = (0.0, 1.0) if is_share else (-np.inf, np.inf)
        interval = jackknife_t(value, weights @ totals / (weights @ counts), bounds)
    except Undefined:
        if not is_share or n_articles < 3:
            return Estimate(value)
        # All claims agree: the exact interval, with articles as trials.
        interval = clopper_pearson(round(value) * n_articles, n_articles)
    return Estimate(value, interval.low, interval.high)
