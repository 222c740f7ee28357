"""What would change a verdict: each passage is left out in turn, and the claim is judged again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from harness.data.claims import Claims, ShownPassage
from harness.display import displayed
from harness.runner.models.saved_model import Model
from harness.runner.verification.gold_evidence import evidence_column


@displayed
class LeftOut(NamedTuple):
    """The answer of the judge without one of the passages."""

    verdict: str | None
    """Label without the passage; None: no answer."""
    score: float | None
    """Score, without the passage, of the label that was given with it; None if none was given."""

    def document(self) -> dict[str, Any]:
        """The answer as `harness verify` writes it."""
        return self._asdict()


class WithoutPassages(NamedTuple):
    """The answers of the judge for a claim without some of its passages."""

    each: tuple[LeftOut, ...] = ()
    """Without each passage in turn, in their order."""
    all: LeftOut | None = None
    """Without any passage; None: there was none to leave out."""


def judge_without_passages(judge: Model, judged: Claims, verdicts: Sequence[str | None]) -> list[WithoutPassages]:
    """Judges each claim once for each of its passages, which is left out, and once without any.

    Args:
        judge: model of the judge.
        judged: claims with their passages.
        verdicts: label of each claim with all its passages.
    """
    rows: list[int] = []
    shown: list[Sequence[ShownPassage]] = []
    for row, passages in enumerate(judged.evidence):
        variants = [[*passages[:i], *passages[i + 1 :]] for i in range(len(passages))]
        variants += [[]] if passages else []
        rows += [row] * len(variants)
        shown += variants
    if not rows:
        return [WithoutPassages() for _ in verdicts]
    claims = replace(judged.take(np.array(rows, dtype=np.int64)), evidence=evidence_column(shown))
    scores = judge.score(claims)
    labels = judge.predict(claims, scores)
    columns = {label: column for column, label in enumerate(judge.card.labels)}
    answers: list[list[LeftOut]] = [[] for _ in verdicts]
    for row, label, line in zip(rows, labels, scores, strict=True):
        given = verdicts[row]
        answers[row].append(LeftOut(label, None if given is None else float(line[columns[given]])))
    return [
        WithoutPassages(tuple(of_claim[:-1]), of_claim[-1]) if of_claim else WithoutPassages() for of_claim in answers
    ]
