"""Checks of verdicts: one claim with two of them, and verdicts that follow from the stances of passages by a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness.audit.base import Check, CheckResult
from harness.audit.sentences import SentenceTable
from harness.audit.verification.table import MIN_ROWS, NO_STANCE, VerificationTable, verification_tables
from harness.records import NEUTRAL
from harness.text_tables import count_of

MIN_AGREEMENT = 0.99
"""Share of claims whose verdict is the most frequent one for their stances, from which verdicts are a rule."""
MIN_GAIN = 0.05
"""Minimum difference between that share and the share of the most frequent verdict."""
MAX_COPIES = 200
"""Rows with one claim text, above which the text stands for another (it is removed, or a placeholder)."""
MAX_PAIRS = 4
"""Maximum number of combinations of labels in a message."""
MAX_RULES = 8
"""Maximum number of cases of a rule in a message."""


class _Judgment(NamedTuple):
    """One label of a claim text: a verdict, or the stance of a passage."""

    row: int
    label: str
    passages: frozenset[str]


def _find_two_verdicts(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, table in verification_tables(sentences):
        for answers in table.verdicts():
            rows = np.flatnonzero(answers.codes >= 0)
            judgments = [_Judgment(int(r), answers.labels[answers.codes[r]], table.passage_keys[r]) for r in rows]
            yield from _two_labels(table, f"{table.source.name}, {answers.name}", judgments, "verdicts")
        if table.has_several_stances:
            judgments = [
                _Judgment(row, passage.stance or NO_STANCE, frozenset([passage.text]))
                for row, passages in enumerate(table.evidence)
                for passage in passages
                if passage.stance not in (None, NEUTRAL)
            ]
            yield from _two_labels(table, f"{table.source.name}, stances", judgments, "stances")


def _two_labels(table: VerificationTable, where: str, judgments: list[_Judgment], kind: str) -> Iterator[CheckResult]:
    """Claim texts with two labels: with the same evidence a contradiction, else a claim without a single verdict."""
    copies = Counter(str(table.claim_keys[row]) for row in {judgment.row for judgment in judgments})
    by_text, by_pair = dict[str, list[_Judgment]](), dict[str, list[_Judgment]]()
    for judgment in judgments:
        text = str(table.claim_keys[judgment.row])
        if copies[text] > MAX_COPIES:
            continue
        by_text.setdefault(text, []).append(judgment)
        by_pair.setdefault("\n".join([text, *sorted(judgment.passages)]), []).append(judgment)
    contradictions = [same for same in by_pair.values() if len({j.label for j in same}) > 1]
    with_evidence = [same for same in contradictions if same[0].passages]
    if with_evidence:
        n_rows = len({j.row for same in with_evidence for j in same})
        message = f"{count_of(len(with_evidence), 'claim text')} with the same evidence have two {kind}: "
        yield CheckResult("error", where, n_rows, message + _example(table, with_evidence[0]))
    several = [same for same in by_text.values() if len({j.label for j in same}) > 1]
    if several:
        n_rows = len({j.row for same in several for j in same})
        pairs = Counter(" and ".join(sorted({f"'{j.label}'" for j in same})) for same in several)
        kinds = ", ".join(f"{count:,} {labels}" for labels, count in pairs.most_common(MAX_PAIRS))
        message = (
            f"{len(several):,} of {len(by_text):,} claim texts have two {kind} or more ({kinds}), for example "
            f"{_example(table, several[0])}"
        )
        yield CheckResult("warning" if kind == "verdicts" else "note", where, n_rows, message)


def _example(table: VerificationTable, judgments: list[_Judgment]) -> str:
    first = judgments[0]
    second = next(judgment for judgment in judgments if judgment.label != first.label)
    return f"'{table.claim_id(first.row)}' is '{first.label}', '{table.claim_id(second.row)}' is '{second.label}'"


def _find_rules(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, table in verification_tables(sentences):
        if not any(passage.stance for passages in table.evidence for passage in passages):
            continue
        for answers in table.verdicts():
            cases = [
                (frozenset(passage.stance or NO_STANCE for passage in table.evidence[row]), answers.labels[code])
                for row, code in enumerate(answers.codes)
                if code >= 0 and table.evidence[row]
            ]
            result = _rule(f"{table.source.name}, {answers.name}", cases)
            if result is not None:
                yield result


def _rule(where: str, cases: list[tuple[frozenset[str], str]]) -> CheckResult | None:
    """The rule that gives the verdict of claims from the stances of their passages, if it fits nearly all claims."""
    counts = dict[frozenset[str], Counter[str]]()
    for stances, label in cases:
        counts.setdefault(stances, Counter())[label] += 1
    n_right = sum(max(labels.values()) for labels in counts.values())
    n_majority = max(Counter(label for _, label in cases).values(), default=0)
    if len(cases) < MIN_ROWS or n_right < MIN_AGREEMENT * len(cases) or n_right - n_majority < MIN_GAIN * len(cases):
        return None
    ordered = sorted(counts.items(), key=lambda item: -sum(item[1].values()))
    rules = "; ".join(
        f"{' and '.join(sorted(stances))} -> {labels.most_common(1)[0][0]}" for stances, labels in ordered[:MAX_RULES]
    )
    more = f" and {len(ordered) - MAX_RULES} more" if len(ordered) > MAX_RULES else ""
    n_several = sum(len(stances) > 1 for stances, _ in cases)
    message = (
        f"the verdict follows from the stances of the passages for {n_right:,} of {len(cases):,} claims with "
        f"evidence: {rules}{more}"
    )
    if n_several >= MIN_GAIN * len(cases):
        return CheckResult("warning", where, len(cases), message)
    message += "; nearly every claim has one stance, so that stance and verdict are one label under two names"
    return CheckResult("note", where, len(cases), message)


CHECKS = (
    Check("A18", "one claim with two verdicts", _find_two_verdicts),
    Check("A19", "verdicts that are a rule of the stances of passages", _find_rules),
)
