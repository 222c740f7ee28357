"""The same text twice: across sides, nearly, and on one side."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.audit.base import Check, CheckResult, Severity, share
from harness.audit.sentences import Rows, SentenceTable, SplitSide

REPEAT_SHARE = 0.01
"""A share of repeated rows that chance does not explain."""


def _across(sentences: SentenceTable, *, near: bool) -> Iterator[CheckResult]:
    for number, name, sides in sentences.partitions():
        for first, second in combinations(sides, 2):
            rows = second.rows
            exact = sentences.have_duplicates(rows, first.rows)
            found = sentences.have_duplicates(rows, first.rows, near=True) & ~exact if near else exact
            if found.any():
                where = f"{sentences.sources[number].name}, {name}"
                yield _said(sentences, where, first, second, rows[found], near)


def _said(
    sentences: SentenceTable, where: str, first: SplitSide, second: SplitSide, rows: Rows, near: bool
) -> CheckResult:
    many = len(rows) >= REPEAT_SHARE * len(second.rows)
    severity: Severity = ("warning" if many else "note") if near else ("error" if many else "warning")
    twin = sentences.first_duplicate(int(rows[0]), first.rows)
    example = f"'{sentences.claim(int(rows[0]))}' and '{sentences.claim(twin)}'" if twin is not None else ""
    what = "nearly the text of a row" if near else "the text of a row"
    message = (
        f"{share(len(rows), len(second.rows))} of '{second.name}' have {what} in '{first.name}', for one {example}"
    )
    return CheckResult(severity, where, len(rows), message)


def _exact(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _across(sentences, near=False)


def _near(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _across(sentences, near=True)


def _repeated(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, source in enumerate(sentences.sources):
        rows = sentences.rows(number)
        keys = sentences.key[rows]
        first = np.zeros(len(rows), dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        again = rows[~first & sentences.long[keys]]
        if len(again):
            severity: Severity = "warning" if len(again) >= REPEAT_SHARE * len(rows) else "note"
            message = (
                f"{share(len(again), len(rows))} repeat an earlier row, for one '{sentences.claim(int(again[0]))}'"
            )
            yield CheckResult(severity, source.name, len(again), message)


CHECKS = (
    Check("A01", "the same text on two sides", _exact),
    Check("A02", "nearly the same text on two sides", _near),
    Check("A03", "the same text more than once", _repeated),
)
