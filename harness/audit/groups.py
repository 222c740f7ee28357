"""What belongs together on two sides: articles, speakers, neighboring sentences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from harness.audit.base import Check, CheckResult, Severity, share
from harness.audit.sentences import SentenceTable
from harness.data.claims import codes_of


def _shared(sentences: SentenceTable, column: str, severity: Severity, thing: str) -> Iterator[CheckResult]:
    for number, name, sides in sentences.partitions():
        source, start = sentences.sources[number], sentences.starts[number]
        values = getattr(source.claims, column)
        for first, second in combinations(sides, 2):
            there = {value for value in values[first.rows - start] if value}
            tested = values[second.rows - start]
            both = np.array([value in there for value in tested], dtype=bool)
            if both.any():
                named = dict.fromkeys(str(value) for value in tested[both])
                message = (
                    f"{share(int(both.sum()), len(tested))} of '{second.name}' belong to {thing}s that stand in "
                    f"'{first.name}' too: {len(named):,} {thing}s, for one '{next(iter(named))}'"
                )
                yield CheckResult(severity, f"{source.name}, {name}", int(both.sum()), message)


def _articles(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _shared(sentences, "article_id", "error", "article")


def _speakers(sentences: SentenceTable) -> Iterator[CheckResult]:
    yield from _shared(sentences, "speaker", "note", "speaker")


def _neighbors(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, name, _ in sentences.partitions():
        source = sentences.sources[number]
        side = codes_of(np.array([part or "" for part in source.partitions[name]], dtype=object))
        on_one = np.array([part is not None for part in source.partitions[name]], dtype=bool)
        article = source.claims.article_codes()
        cut = (article[1:] == article[:-1]) & (side[1:] != side[:-1]) & on_one[1:] & on_one[:-1]
        if cut.any():
            row = int(np.flatnonzero(cut)[0])
            one, other = source.claims.claim_id[row], source.claims.claim_id[row + 1]
            message = f"{int(cut.sum()):,} pairs of neighboring sentences are cut apart, for one '{one}' and '{other}'"
            yield CheckResult("warning", f"{source.name}, {name}", int(cut.sum()), message)


CHECKS = (
    Check("A04", "one article on two sides", _articles),
    Check("A05", "one speaker on two sides", _speakers),
    Check("A06", "neighboring sentences on two sides", _neighbors),
)
