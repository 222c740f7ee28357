"""The same text twice: across sides, nearly, and on one side."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.audit.base import Check, Found, Severity, share
from harness.audit.sentences import Rows, Sentences, Side

MANY = 0.01
"""A share of repeated rows that chance does not explain."""


def _across(sentences: Sentences, *, near: bool) -> Iterator[Found]:
    for number, name, sides in sentences.partitions():
        for first, second in combinations(sides, 2):
            rows = second.rows
            exact = sentences.copies(rows, first.rows)
            found = sentences.copies(rows, first.rows, near=True) & ~exact if near else exact
            if found.any():
                where = f"{sentences.sources[number].name}, {name}"
                yield _said(sentences, where, first, second, rows[found], near)


def _said(sentences: Sentences, where: str, first: Side, second: Side, rows: Rows, near: bool) -> Found:
    many = len(rows) >= MANY * len(second.rows)
    severity: Severity = ("warning" if many else "note") if near else ("error" if many else "warning")
    twin = sentences.twin(int(rows[0]), first.rows)
    example = f"'{sentences.claim(int(rows[0]))}' and '{sentences.claim(twin)}'" if twin is not None else ""
    what = "nearly the text of a row" if near else "the text of a row"
    message = (
        f"{share(len(rows), len(second.rows))} of '{second.name}' have {what} in '{first.name}', for one {example}"
    )
    return Found(severity, where, len(rows), message)


def _exact(sentences: Sentences) -> Iterator[Found]:
    yield from _across(sentences, near=False)


def _near(sentences: Sentences) -> Iterator[Found]:
    yield from _across(sentences, near=True)


def _repeated(sentences: Sentences) -> Iterator[Found]:
    for number, source in enumerate(sentences.sources):
        rows = sentences.rows(number)
        keys = sentences.key[rows]
        first = np.zeros(len(rows), dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        again = rows[~first & sentences.long[keys]]
        if len(again):
            severity: Severity = "warning" if len(again) >= MANY * len(rows) else "note"
            message = (
                f"{share(len(again), len(rows))} repeat an earlier row, for one '{sentences.claim(int(again[0]))}'"
            )
            yield Found(severity, source.name, len(again), message)


CHECKS = (
    Check("A01", "the same text on two sides", _exact),
    Check("A02", "nearly the same text on two sides", _near),
    Check("A03", "the same text more than once", _repeated),
)
