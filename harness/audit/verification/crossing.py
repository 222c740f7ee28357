"""Checks of evidence on two sides of a split: the same passages, the same documents, and claims that share evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.arrays import Codes
from harness.audit.base import Check, CheckResult, Severity
from harness.audit.sentences import SentenceTable
from harness.audit.verification.table import VerificationTable, is_long, verification_tables

ERROR_SHARE = 0.2
"""Share of the claims of a side, from which evidence that crosses is an error."""
MIN_SHARED = 0.02
"""Share of the claims of a dataset, from which shared evidence gets a note."""
MAX_CLAIMS_PER_TOPIC = 50
"""Maximum mean number of claims per topic, up to which topics are compared."""

Tokens = Sequence[frozenset[str]]
"""What each claim is looked up by."""


def _find_crossing_passages(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, table in verification_tables(sentences):
        tokens = _long_passages(table)
        for where, train, test in _sides(sentences, number, table):
            rows, n_with, example = _crossing(table, tokens, train.rows, test.rows)
            if rows:
                severity: Severity = "error" if rows >= ERROR_SHARE * n_with else "warning"
                passages = set[str]().union(*(tokens[row] for row in test.rows))
                seen = passages & set[str]().union(*(tokens[row] for row in train.rows))
                message = (
                    f"{_share(rows, n_with)} of '{test.name}' have a passage that is evidence in '{train.name}' "
                    f"({len(seen):,} of {len(passages):,} passages), for example {example}"
                )
                yield CheckResult(severity, where, rows, message)


def _find_crossing_documents(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, table in verification_tables(sentences):
        kinds = (("evidence from a document", _documents(table)), ("the topic", _topics(table)))
        for kind, tokens in kinds:
            for where, train, test in _sides(sentences, number, table):
                rows, n_with, example = _crossing(table, tokens, train.rows, test.rows)
                if rows:
                    relation = f"have {kind} of claims in '{train.name}'"
                    yield CheckResult(
                        "note",
                        where,
                        rows,
                        f"{_share(rows, n_with)} of '{test.name}' {relation}, for example {example}",
                    )


def _find_shared_evidence(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, table in verification_tables(sentences):
        tokens = _long_passages(table)
        articles_of, claims_of = dict[str, set[str]](), dict[str, list[int]]()
        for row, (passages, article) in enumerate(zip(tokens, table.source.claims.article_id, strict=True)):
            for passage in passages:
                articles_of.setdefault(passage, set()).add(article)
                claims_of.setdefault(passage, []).append(row)
        shared = [passage for passage, articles in articles_of.items() if len(articles) > 1]
        rows = sorted({row for passage in shared for row in claims_of[passage]})
        n_with = sum(map(bool, tokens))
        if len(rows) >= max(2, MIN_SHARED * n_with):
            first, second = claims_of[shared[0]][:2]
            message = (
                f"{_share(len(rows), n_with)} with evidence share a passage with a claim of another article, so that a "
                f"split by article puts it on two sides, for example '{table.claim_id(first)}' and "
                f"'{table.claim_id(second)}'"
            )
            yield CheckResult("note", table.source.name, len(rows), message)


class _Side:
    """One side of a split, with rows of its dataset."""

    def __init__(self, name: str, rows: Codes) -> None:
        self.name, self.rows = name, rows


def _sides(sentences: SentenceTable, number: int, table: VerificationTable) -> Iterator[tuple[str, _Side, _Side]]:
    """Location, first side and other side, for each pair of a first and another side of each split."""
    for owner, name, (first, *others) in sentences.partitions():
        if owner == number:
            train, *later = (_Side(side.name, side.rows - sentences.starts[number]) for side in (first, *others))
            for test in later:
                yield f"{table.source.name}, {name}", train, test


def _crossing(table: VerificationTable, tokens: Tokens, train: Codes, test: Codes) -> tuple[int, int, str]:
    """Number of test claims with a token of a training claim, number of those with any token, and an example."""
    first_of: dict[str, int] = {}
    for row in train:
        for token in tokens[row]:
            first_of.setdefault(token, int(row))
    with_tokens = [int(row) for row in test if tokens[row]]
    crossing = [row for row in with_tokens if any(token in first_of for token in tokens[row])]
    example = ""
    if crossing:
        partner = min(first_of[token] for token in tokens[crossing[0]] if token in first_of)
        example = f"'{table.claim_id(crossing[0])}' and '{table.claim_id(partner)}'"
    return len(crossing), len(with_tokens), example


def _long_passages(table: VerificationTable) -> Tokens:
    """The passages of each claim that are too long to repeat by chance."""
    return [frozenset(filter(is_long, keys)) for keys in table.passage_keys]


def _documents(table: VerificationTable) -> Tokens:
    """The documents of the evidence of each claim, by the corpus, else by source and address."""
    document_of = {passage.passage_id: passage.document_id for passage in table.source.passages}
    return [
        frozenset(
            name
            for item in evidence
            if (name := document_of.get(item.passage_id or item.evidence_id) or item.url or item.source)
        )
        for evidence in table.evidence
    ]


def _topics(table: VerificationTable) -> Tokens:
    """The topic of each claim; none if topics are as coarse as sections of a newspaper, which every side has."""
    topics = table.source.claims.topic.tolist()
    if not table.source.evidence or len({topic for topic in topics if topic}) * MAX_CLAIMS_PER_TOPIC < sum(
        map(bool, topics)
    ):
        topics = [None] * len(topics)
    return [frozenset([topic] if topic else []) for topic in topics]


def _share(count: int, total: int) -> str:
    return f"{count:,} of {total:,} claims ({100 * count / max(total, 1):.1f}%)"


CHECKS = (
    Check("A15", "evidence of test claims in training evidence", _find_crossing_passages),
    Check("A16", "documents and topics of evidence on two sides", _find_crossing_documents),
    Check("A17", "claims of different articles with the same evidence", _find_shared_evidence),
)
