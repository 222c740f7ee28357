"""The data of the error browser: every claim with its context, gold, and each system's score, label and reasons.

JSON under gzip and base64, in a script element that no browser runs. Texts stand once in a list and are pointed to;
scores keep four digits, and of a claim's reasons the three strongest stay.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.classifiers.base import Reason
from harness.report.report_data import ReportData, ReportedSystem, first_seed_column, heading_of
from harness.report.verification import gold_passages, passage_texts, shown_passages

MAX_REASONS = 3


class _Texts:
    """Each text once, by its number; 0 is the empty text."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {"": 0}

    def add(self, text: str | None) -> int:
        return self.number.setdefault(text or "", len(self.number))

    def add_all(self, texts: Sequence[str | None]) -> list[int]:
        return [self.add(text) for text in texts]


def browser_data(data: ReportData) -> dict[str, Any]:
    """The claims as columns, by claim."""
    texts, passages = _Texts(), passage_texts(data)
    labels = data.table.gold.labels
    code: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    first = data.subjects[0].entry
    claims, rows = data.context.claims, data.text_rows
    columns: dict[str, Any] = {
        "id": [str(claim) for claim in data.claim_ids],
        "article": texts.add_all(first_seed_column(first, "article_id").tolist()),
        "gold": [code.get(label, -1) for label in first_seed_column(first, "gold")],
    }
    if claims is not None and rows is not None:
        columns |= {
            name: texts.add_all(getattr(claims, name)[rows].tolist())
            for name in ("text", "previous", "next", "speaker", "title")
        }
    gold_evidence = gold_passages(data, passages, texts.add)
    if gold_evidence is not None:
        columns["evidence"] = gold_evidence
    return {
        "measure": heading_of(data, data.main) if data.ranks_passages else "",
        "labels": [] if data.ranks_passages else list(data.table.gold.names),
        "claims": columns,
        "systems": [
            _system(data, subject, texts) | {"evidence": shown_passages(subject, passages, texts.add)}
            for subject in data.subjects
        ],
        "texts": list(texts.number),
    }


def _system(data: ReportData, subject: ReportedSystem, texts: _Texts) -> dict[str, Any]:
    labels = data.table.gold.labels
    code: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    predicted = [code.get(label, -1) for label in first_seed_column(subject.entry, "predicted")]
    scores = np.column_stack([first_seed_column(subject.entry, f"score:{label}") for label in labels]).astype(float)
    displayed = scores[:, -1] if data.binary else scores.max(axis=1)
    if data.ranks_passages:  # the score of a claim is its value by the main metric
        displayed = scores[:, labels.index(data.main)]
    return {
        "name": subject.name,
        "key": subject.key,
        "score": [round_significant(score) for score in displayed.tolist()]
        if subject.provenance.gives_scores
        else None,
        "predicted": predicted if subject.provenance.gives_labels else None,
        "reasons": _reasons(subject, texts),
    }


def _reasons(subject: ReportedSystem, texts: _Texts) -> list[list[int | float]] | None:
    """Name, text and weight of the strongest reasons of each claim, as one flat list per claim."""
    seeds = subject.entry.columns["random_seed"]
    column = subject.entry.columns.get("reasons")
    if column is None or not any(isinstance(cell, str) for cell in column[seeds == seeds[0]]):
        return None
    return [_flat(_reasons_in(cell)[:MAX_REASONS], texts) for cell in column[seeds == seeds[0]]]


def _reasons_in(cell: str | None) -> tuple[Reason, ...]:
    """Reasons of a claim, the strongest first, parsed from the JSON in the predictions; empty if there are none."""
    return tuple(Reason(*reason) for reason in json.loads(cell)) if isinstance(cell, str) else ()


def _flat(reasons: Sequence[Reason], texts: _Texts) -> list[int | float]:
    return [
        number
        for reason in reasons
        for number in (texts.add(reason.name), texts.add(reason.text), round_significant(reason.weight, 3) or 0)
    ]


def round_significant(value: float, digits: int = 4) -> float | int | None:
    """Rounds to significant digits; None if the number is not finite."""
    if not np.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def compress_json(document: dict[str, Any]) -> str:
    """Encodes a document as base64 of gzipped JSON; equal documents give equal text."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0)).decode("ascii")
