"""Small audited datasets of claims with verdicts and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.audit.base import CheckResult
from harness.audit.checks import CHECKS
from harness.audit.sentences import AuditedDataset, QuestionLabels, build_sentence_table, evidence_by_claim
from harness.data.claims import Claims
from harness.data.corpora.passages import Passage
from harness.records import Evidence


class Row(NamedTuple):
    """One claim."""

    text: str
    label: str | None = None
    evidence: tuple[str | tuple[str, str | None] | tuple[str, str | None, str | None], ...] = ()
    """Passages: a text, or text and stance, or text, stance and passage id."""
    side: str | None = None
    article: str | None = None
    topic: str | None = None


def column(values: Sequence[object]):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def dataset(rows: Sequence[Row], passages: Sequence[Passage] = (), name: str = "data") -> AuditedDataset:
    """A dataset of claims; each is an article of its own unless its row names one."""
    ids = [f"{name}-{number}" for number in range(len(rows))]
    none, blank = column([None] * len(rows)), column([""] * len(rows))
    claims = Claims(
        claim_id=column(ids),
        article_id=column([row.article or claim_id for row, claim_id in zip(rows, ids, strict=True)]),
        text=column([row.text for row in rows]),
        position=np.zeros(len(rows), dtype=np.int64),
        previous=blank,
        next=blank,
        title=none,
        speaker=none,
        published=none,
        topic=column([row.topic for row in rows]),
    )
    labels = tuple(sorted({row.label for row in rows if row.label}))
    codes = np.array([labels.index(row.label) if row.label else -1 for row in rows], dtype=np.int64)
    answers = QuestionLabels("scheme.verdict", labels, codes, is_task=False, is_verdict=True)
    sides = [row.side for row in rows]
    return AuditedDataset(
        name,
        claims,
        (answers,) if labels else (),
        {"official": sides} if any(sides) else {},
        "en",
        evidence=evidence_by_claim(claims, [item for pair in zip(ids, rows, strict=True) for item in _evidence(*pair)]),
        passages=tuple(passages),
    )


def _evidence(claim_id: str, row: Row) -> list[Evidence]:
    items = []
    for number, item in enumerate(row.evidence):
        text, stance, passage_id = (*((item,) if isinstance(item, str) else item), None, None)[:3]
        items.append(
            Evidence(
                evidence_id=f"{claim_id}.{number}",
                claim_id=claim_id,
                group=number,
                text=text,
                stance=stance,
                passage_id=passage_id,
            )
        )
    return items


def results(number: str, *sources: AuditedDataset) -> list[CheckResult]:
    """The results of a check."""
    return list(CHECKS.get(number).find(build_sentence_table(sources)))
