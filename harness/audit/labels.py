"""Checks of labels: contradictions, shortcuts that give the label away, drift between sides, and rare positives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools, Codes
from harness.audit.base import Check, CheckResult, share
from harness.audit.sentences import QuestionLabels, SentenceTable
from harness.text_tables import count_of

MIN_ROWS = 30
"""Minimum number of rows for a statement about a word, a length, or a side."""
MIN_PURITY = 0.8
"""Minimum share of one label among the rows with a word, from which the word gives the label away."""
MIN_PURITY_GAIN = 0.3
"""Minimum difference between that share and the label's share among all rows."""
MIN_AUC_DISTANCE = 0.2
"""Minimum distance of a ROC AUC from 0.5, from which length gives the label away."""
MIN_DRIFT = 0.05
"""Minimum difference between a label's shares on two sides."""
MIN_DRIFT_Z = 4.0
"""Minimum difference between a label's shares on two sides, in standard errors."""
MIN_POSITIVES = 100
"""Number of positive rows below which a side gets a note."""
MAX_WORDS = 5
"""Maximum number of words in a message."""


def _labeled_axes(sentences: SentenceTable) -> Iterator[tuple[int, str, QuestionLabels]]:
    for number, source in enumerate(sentences.sources):
        for answers in source.answers:
            if not answers.is_task and (answers.codes >= 0).any():
                yield number, f"{source.name}, {answers.name}", answers


def _find_conflicts(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, where, answers in _labeled_axes(sentences):
        has_label = answers.codes >= 0
        rows = sentences.rows(number)[has_label]
        keys, codes = sentences.key[rows], answers.codes[has_label]
        # Each distinct (text, label) pair becomes one number; a text that remains twice has two labels.
        pair_keys = np.unique(keys * len(answers.labels) + codes) // len(answers.labels)
        conflicting_keys = np.flatnonzero(np.bincount(pair_keys, minlength=len(sentences.keys)) > 1)
        conflicting_keys = conflicting_keys[sentences.long[conflicting_keys]]
        is_conflicting = np.isin(keys, conflicting_keys)
        n_rows = int(is_conflicting.sum())
        if n_rows:
            example = sentences.claim(int(rows[keys == conflicting_keys[0]][0]))
            message = (
                f"{share(n_rows, len(rows))} have a text with different labels "
                f"({len(conflicting_keys):,} texts), for example '{example}'"
            )
            yield CheckResult("warning", where, n_rows, message)


class _Giveaway(NamedTuple):
    """A word that gives a label away."""

    purity: float
    """Share of the label among the rows with the word."""
    rows: int
    """Number of rows with the word."""
    word: str
    label: str

    def __str__(self) -> str:
        return f"'{self.word}' ({self.purity:.0%} '{self.label}' in {self.rows:,} rows)"


def _find_giveaway_words(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, where, answers in _labeled_axes(sentences):
        giveaways = _giveaways(sentences, number, answers)
        if giveaways:
            examples = ", ".join(map(str, giveaways[:MAX_WORDS]))
            n_rows = sum(giveaway.rows for giveaway in giveaways)
            message = f"{len(giveaways):,} single words predict the label: {examples}"
            yield CheckResult("note", where, n_rows, message)


def _giveaways(sentences: SentenceTable, number: int, answers: QuestionLabels) -> list[_Giveaway]:
    """Words that give a label away, the purest and most frequent first."""
    has_label = answers.codes >= 0
    codes = answers.codes[has_label]
    counts = dict[str, Codes]()
    for row, code in zip(sentences.rows(number)[has_label], codes, strict=True):
        for word in set(sentences.keys[sentences.key[row]].split()):
            if word not in counts:
                counts[word] = np.zeros(len(answers.labels), dtype=np.int64)
            counts[word][code] += 1
    label_shares = np.bincount(codes, minlength=len(answers.labels)) / len(codes)
    giveaways = []
    for word, label_counts in counts.items():
        n_rows, label = int(label_counts.sum()), int(label_counts.argmax())
        purity = label_counts[label] / n_rows
        # If 85% of all rows have a label, a word with 85% of it says nothing: the word must beat the label's own share.
        if n_rows >= MIN_ROWS and purity >= MIN_PURITY and purity - label_shares[label] >= MIN_PURITY_GAIN:
            giveaways.append(_Giveaway(purity, n_rows, word, answers.labels[label]))
    return sorted(giveaways, reverse=True, key=lambda giveaway: giveaway[:2])


def _find_lengths(sentences: SentenceTable) -> Iterator[CheckResult]:
    n_words = np.array([key.count(" ") + 1 for key in sentences.keys], dtype=np.int64)
    for number, where, answers in _labeled_axes(sentences):
        has_label = answers.codes >= 0
        lengths = n_words[sentences.key[sentences.rows(number)[has_label]]]
        codes = answers.codes[has_label]
        # With two labels, the finding for one is the mirror image of the finding for the other.
        first_code = 1 if len(answers.labels) == 2 else 0
        for code, label in list(enumerate(answers.labels))[first_code:]:
            auc = _roc_auc(lengths, codes == code)
            if auc is not None and abs(auc - 0.5) >= MIN_AUC_DISTANCE:
                relation = "longer" if auc > 0.5 else "shorter"
                message = f"rows labeled '{label}' are {relation}: length alone ranks them with a ROC AUC of {auc:.2f}"
                yield CheckResult("warning", where, int((codes == code).sum()), message)


def _roc_auc(values: Codes, positive: Bools) -> float | None:
    """ROC AUC; ties count half. None with fewer than MIN_ROWS positive or negative rows."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if min(n_positive, n_negative) < MIN_ROWS:
        return None
    # The AUC is the Mann-Whitney U statistic, scaled: the rank sum of the positives minus its minimum. Tied values get
    # the mean of their ranks, which counts a tie as half a win.
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    least_rank_sum = n_positive * (n_positive + 1) / 2
    return float((rank[positive].sum() - least_rank_sum) / (n_positive * n_negative))


def _find_drift(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, name, (first, *later_sides) in sentences.partitions():
        source = sentences.sources[number]
        for answers in source.answers:
            # Labels of a task are derived from an axis, whose drift is reported.
            if answers.is_task:
                continue
            where = f"{source.name}, {name}, {answers.name}"
            codes_first = answers.codes[first.rows - sentences.starts[number]]
            for second in later_sides:
                codes_second = answers.codes[second.rows - sentences.starts[number]]
                yield from _drift_results(
                    where,
                    answers.labels,
                    (first.name, codes_first[codes_first >= 0]),
                    (second.name, codes_second[codes_second >= 0]),
                )


def _drift_results(
    where: str, labels: tuple[str, ...], first: tuple[str, Codes], second: tuple[str, Codes]
) -> Iterator[CheckResult]:
    """Labels whose shares differ between two sides, each given as its name and its gold codes."""
    n, m = len(first[1]), len(second[1])
    if min(n, m) < MIN_ROWS:
        return
    for code, label in enumerate(labels):
        p, q = float((first[1] == code).mean()), float((second[1] == code).mean())
        # Two-proportion z-test. The difference must be large and significant: on large sides, trifles are significant.
        pooled = (p * n + q * m) / (n + m)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        if error and abs(p - q) >= MIN_DRIFT and abs(p - q) / error >= MIN_DRIFT_Z:
            message = f"'{label}' is {p:.1%} of '{first[0]}' and {q:.1%} of '{second[0]}'"
            yield CheckResult("warning", where, m, message)


def _find_few_positives(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, source in enumerate(sentences.sources):
        tasks = [answers for answers in source.answers if answers.is_task]
        for answers, name in product(tasks, source.partitions):
            for side in sentences.sides(number, name):
                codes = answers.codes[side.rows - sentences.starts[number]]
                n_positive = int((codes == 1).sum())
                if (codes >= 0).any() and n_positive < MIN_POSITIVES:
                    yield _few_positives(f"{source.name}, {name}, {answers.name}", side.name, n_positive)


def _few_positives(where: str, side: str, n_positive: int) -> CheckResult:
    if not n_positive:
        message = f"'{side}' has no positive row: recall, F1, and average precision are undefined"
        return CheckResult("warning", where, 0, message)
    # Half the width of a 95% interval for a recall of .5, where a proportion varies most.
    half_width = 1.96 * float(np.sqrt(0.25 / n_positive))
    message = (
        f"'{side}' has only {count_of(n_positive, 'positive row')}: "
        f"the 95% interval of a recall near .5 is ±{half_width:.2f}"
    )
    return CheckResult("note", where, n_positive, message)


CHECKS = (
    Check("A07", "equal text with different labels", _find_conflicts),
    Check("A08", "words that give the label away", _find_giveaway_words),
    Check("A09", "length gives the label away", _find_lengths),
    Check("A10", "the balance of labels differs between sides", _find_drift),
    Check("A11", "too few positives", _find_few_positives),
)
