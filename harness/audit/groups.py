"""Checks for groups on two sides of a split: articles, speakers, and neighboring sentences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.audit.base import Check, CheckResult, Severity, share
from harness.audit.sentences import SentenceTable
from harness.data.claims import codes_of


def _find_shared(sentences: SentenceTable, column: str, severity: Severity, kind: str) -> Iterator[CheckResult]:
    """Groups whose rows are on two sides; rows without a value in the column belong to no group."""
    for number, name, sides in sentences.partitions():
        source, start = sentences.sources[number], sentences.starts[number]
        values = getattr(source.claims, column)
        for first, second in combinations(sides, 2):
            first_groups = {value for value in values[first.rows - start] if value}
            second_values = values[second.rows - start]
            in_both = np.array([value in first_groups for value in second_values], dtype=bool)
            if in_both.any():
                groups = dict.fromkeys(str(value) for value in second_values[in_both])
                message = (
                    f"{share(int(in_both.sum()), len(second_values))} of '{second.name}' belong to {kind}s that are in "
                    f"'{first.name}' too: {len(groups):,} {kind}s, for example '{next(iter(groups))}'"
                )
                yield CheckResult(severity, f"{source.name}, {name}", int(in_both.sum()), message)


def _find_articles(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _find_shared(sentences, "article_id", "error", "article")


def _find_speakers(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _find_shared(sentences, "speaker", "note", "speaker")


def _find_neighbors(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, name, _ in sentences.partitions():
        source = sentences.sources[number]
        side = codes_of(np.array([part or "" for part in source.partitions[name]], dtype=object))
        has_side = np.array([part is not None for part in source.partitions[name]], dtype=bool)
        article = source.claims.article_codes()
        # Rows follow the text of their article, so row i and row i + 1 of one article are neighbors.
        same_article = article[1:] == article[:-1]
        is_separated = same_article & (side[1:] != side[:-1]) & has_side[1:] & has_side[:-1]
        n_pairs = int(is_separated.sum())
        if n_pairs:
            row = int(np.flatnonzero(is_separated)[0])
            example = f"'{source.claims.claim_id[row]}' and '{source.claims.claim_id[row + 1]}'"
            message = f"{n_pairs:,} pairs of neighboring sentences are on different sides, for example {example}"
            yield CheckResult("warning", f"{source.name}, {name}", n_pairs, message)


CHECKS = (
    Check("A04", "one article on two sides", _find_articles),
    Check("A05", "one speaker on two sides", _find_speakers),
    Check("A06", "neighboring sentences on two sides", _find_neighbors),
)
