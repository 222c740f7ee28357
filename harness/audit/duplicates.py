"""Checks for duplicates: equal and nearly equal texts across sides, and repeated texts in a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.audit.base import Check, CheckResult, Severity, share
from harness.audit.sentences import Rows, SentenceTable, SplitSide

REPEAT_SHARE = 0.01
"""Share of repeated rows from which the finding is more severe; chance explains smaller shares."""


def _find_across_sides(sentences: SentenceTable, *, near: bool) -> Iterator[CheckResult]:
    for number, name, sides in sentences.partitions():
        for first, second in combinations(sides, 2):
            is_exact = sentences.have_duplicates(second.rows, first.rows)
            # A01 reports exact duplicates; A02 reports only what it adds to them.
            is_near = sentences.have_duplicates(second.rows, first.rows, near=True) & ~is_exact if near else is_exact
            if is_near.any():
                where = f"{sentences.sources[number].name}, {name}"
                yield _result(sentences, where, first, second, rows=second.rows[is_near], near=near)


def _result(
    sentences: SentenceTable, where: str, first: SplitSide, second: SplitSide, *, rows: Rows, near: bool
) -> CheckResult:
    is_frequent = len(rows) >= REPEAT_SHARE * len(second.rows)
    if near:
        severity: Severity = "warning" if is_frequent else "note"
    else:
        severity = "error" if is_frequent else "warning"
    duplicate = sentences.first_duplicate(int(rows[0]), first.rows)
    example = f"'{sentences.claim(int(rows[0]))}'"
    if duplicate is not None:
        example += f" and '{sentences.claim(duplicate)}'"
    relation = "nearly duplicate" if near else "duplicate"
    rows_of_side = f"{share(len(rows), len(second.rows))} of '{second.name}'"
    message = f"{rows_of_side} {relation} a row of '{first.name}', for example {example}"
    return CheckResult(severity, where, len(rows), message)


def _find_exact(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _find_across_sides(sentences, near=False)


def _find_near(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _find_across_sides(sentences, near=True)


def _find_repeated(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, source in enumerate(sentences.sources):
        rows = sentences.rows(number)
        keys = sentences.key[rows]
        is_first = np.zeros(len(rows), dtype=bool)
        is_first[np.unique(keys, return_index=True)[1]] = True
        repeated_rows = rows[~is_first & sentences.long[keys]]
        if len(repeated_rows):
            severity: Severity = "warning" if len(repeated_rows) >= REPEAT_SHARE * len(rows) else "note"
            example = sentences.claim(int(repeated_rows[0]))
            message = f"{share(len(repeated_rows), len(rows))} repeat an earlier row, for example '{example}'"
            yield CheckResult(severity, source.name, len(repeated_rows), message)


CHECKS = (
    Check("A01", "the same text on two sides", _find_exact),
    Check("A02", "nearly the same text on two sides", _find_near),
    Check("A03", "the same text more than once", _find_repeated),
)
