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
from harness.report.report_data import ReportData, ReportedSystem, first_seed_column

MAX_REASONS = 3


class _Texts:
    """Each text once, by its number; 0 is the empty text."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {"": 0}

    def add(self, text: str | None) -> int:
        return self.number.setdefault(text or "", len(self.number))

    def add_all(self, texts: Sequence[str | None]) -> list[int]:
        return [self.add(text) for text in texts]


def browser_data(material: ReportData) -> dict[str, Any]:
    """The claims as columns, by claim."""
    texts = _Texts()
    labels = material.table.gold.labels
    code: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    first = material.subjects[0].entry
    claims = material.claims
    columns = {
        "id": [str(claim) for claim in material.claim_ids],
        "article": texts.add_all(first_seed_column(first, "article_id").tolist()),
        "gold": [code.get(label, -1) for label in first_seed_column(first, "gold")],
    }
    if claims is not None:
        columns |= {
            name: texts.add_all(getattr(claims, name).tolist())
            for name in ("text", "previous", "next", "speaker", "title")
        }
    return {
        "labels": list(labels),
        "claims": columns,
        "systems": [_system(material, subject, texts) for subject in material.subjects],
        "texts": list(texts.number),
    }


def _system(material: ReportData, subject: ReportedSystem, texts: _Texts) -> dict[str, Any]:
    labels = material.table.gold.labels
    code: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    predicted = [code.get(label, -1) for label in first_seed_column(subject.entry, "predicted")]
    scores = np.column_stack([first_seed_column(subject.entry, f"score:{label}") for label in labels]).astype(float)
    shown = scores[:, -1] if material.binary else scores.max(axis=1)
    return {
        "name": subject.name,
        "key": subject.key,
        "score": [round_significant(score) for score in shown.tolist()] if subject.provenance.gives_scores else None,
        "predicted": predicted if subject.provenance.gives_labels else None,
        "reasons": _reasons(subject, texts),
    }


def _reasons(subject: ReportedSystem, texts: _Texts) -> list[list[int | float]] | None:
    """Of each claim, name, text and weight of its strongest reasons, one after another."""
    seeds = subject.entry.columns["random_seed"]
    column = subject.entry.columns.get("reasons")
    if column is None or not any(isinstance(cell, str) for cell in column[seeds == seeds[0]]):
        return None
    return [_flat(_reasons_in(cell)[:MAX_REASONS], texts) for cell in column[seeds == seeds[0]]]


def _reasons_in(cell: str | None) -> tuple[Reason, ...]:
    """The reasons of a claim, the strongest first, from the JSON that predictions keep; none where there is none."""
    return tuple(Reason(*reason) for reason in json.loads(cell)) if isinstance(cell, str) else ()


def _flat(reasons: Sequence[Reason], texts: _Texts) -> list[int | float]:
    return [
        part
        for one in reasons
        for part in (texts.add(one.name), texts.add(one.text), round_significant(one.weight, 3) or 0)
    ]


def round_significant(value: float, digits: int = 4) -> float | int | None:
    """A number with so many significant digits; None where it is not finite."""
    if not np.isfinite(value):
        return None
    kept = float(f"{value:.{digits}g}")
    return int(kept) if kept == int(kept) else kept


def compress_json(document: dict[str, Any]) -> str:
    """A document as base64 of gzipped JSON; the same bytes for the same document."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0)).decode("ascii")
