"""Labels that a system could get right, or a table wrong, for a reason that is none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.arrays import Codes
from harness.audit.base import Check, CheckResult, share
from harness.audit.sentences import QuestionLabels, SentenceTable

MIN_ROWS = 30
PURE = 0.8
"""A word this sure of a label, and PURER above the label's own share, gives the label away."""
PURER = 0.3
FAR_FROM_CHANCE = 0.2
DRIFT = 0.05
DRIFT_Z = 4.0
FEW_POSITIVES = 100
MAX_WORDS = 5


def _axes(sentences: SentenceTable) -> Iterator[tuple[int, str, QuestionLabels]]:
    for number, source in enumerate(sentences.sources):
        for answers in source.answers:
            if not answers.is_task and (answers.codes >= 0).any():
                yield number, f"{source.name}, {answers.name}", answers


def _conflicts(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, where, answers in _axes(sentences):
        labelled = answers.codes >= 0
        rows = sentences.rows(number)[labelled]
        keys, codes = sentences.key[rows], answers.codes[labelled]
        pairs = np.unique(keys * len(answers.labels) + codes) // len(answers.labels)
        torn = np.flatnonzero(np.bincount(pairs, minlength=len(sentences.keys)) > 1)
        torn = torn[sentences.long[torn]]
        both = np.isin(keys, torn)
        if both.any():
            one = rows[keys == torn[0]][0]
            message = (
                f"{share(int(both.sum()), len(rows))} have a text that is labelled in two ways ({len(torn):,} texts)"
            )
            yield CheckResult("warning", where, int(both.sum()), f"{message}, for one '{sentences.claim(int(one))}'")


def _words(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, where, answers in _axes(sentences):
        given = list[tuple[float, int, str]]()
        labelled = answers.codes >= 0
        codes, base = answers.codes[labelled], np.bincount(answers.codes[labelled], minlength=len(answers.labels))
        counts = dict[str, Codes]()
        for row, code in zip(sentences.rows(number)[labelled], codes, strict=True):
            for word in set(sentences.keys[sentences.key[row]].split()):
                if word not in counts:
                    counts[word] = np.zeros(len(answers.labels), dtype=np.int64)
                counts[word][code] += 1
        for word, of_labels in counts.items():
            total, label = int(of_labels.sum()), int(of_labels.argmax())
            purity = of_labels[label] / total
            if total >= MIN_ROWS and purity >= PURE and purity - base[label] / len(codes) >= PURER:
                given.append((purity, total, f"'{word}' ({purity:.0%} '{answers.labels[label]}' in {total:,} rows)"))
        if given:
            given.sort(reverse=True, key=lambda found: found[:2])
            listed = ", ".join(text for _, _, text in given[:MAX_WORDS])
            rows = sum(total for _, total, _ in given)
            yield CheckResult("note", where, rows, f"{len(given):,} single words give the label away: {listed}")


def _lengths(sentences: SentenceTable) -> Iterator[CheckResult]:
    words = np.array([key.count(" ") + 1 for key in sentences.keys], dtype=np.int64)
    for number, where, answers in _axes(sentences):
        labelled = answers.codes >= 0
        long = words[sentences.key[sentences.rows(number)[labelled]]]
        codes = answers.codes[labelled]
        listed = list(enumerate(answers.labels))
        for code, label in listed[1:] if len(listed) == 2 else listed:
            chance = _auc(long, codes == code)
            if chance is not None and abs(chance - 0.5) >= FAR_FROM_CHANCE:
                way = "longer" if chance > 0.5 else "shorter"
                message = f"rows labelled '{label}' are {way}: length alone ranks them with a ROC AUC of {chance:.2f}"
                yield CheckResult("warning", where, int((codes == code).sum()), message)


def _auc(values: Codes, positive: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float | None:
    """ROC AUC by ranks, ties half; None with fewer than MIN_ROWS on a side."""
    n, m = int(positive.sum()), int((~positive).sum())
    if min(n, m) < MIN_ROWS:
        return None
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m))


def _drift(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, name, sides in sentences.partitions():
        for answers in sentences.sources[number].answers:
            if answers.is_task:
                continue
            first = sides[0]
            for second in sides[1:]:
                one, other = (answers.codes[s.rows - sentences.starts[number]] for s in (first, second))
                yield from _drifted(
                    f"{sentences.sources[number].name}, {name}, {answers.name}",
                    answers.labels,
                    (first.name, one[one >= 0]),
                    (second.name, other[other >= 0]),
                )


def _drifted(
    where: str, labels: tuple[str, ...], first: tuple[str, Codes], second: tuple[str, Codes]
) -> Iterator[CheckResult]:
    n, m = len(first[1]), len(second[1])
    if min(n, m) < MIN_ROWS:
        return
    for code, label in enumerate(labels):
        p, q = float((first[1] == code).mean()), float((second[1] == code).mean())
        pooled = (p * n + q * m) / (n + m)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        if error and abs(p - q) >= DRIFT and abs(p - q) / error >= DRIFT_Z:
            message = f"'{label}' is {p:.1%} of '{first[0]}' and {q:.1%} of '{second[0]}'"
            yield CheckResult("warning", where, m, message)


def _positives(sentences: SentenceTable) -> Iterator[CheckResult]:
    for number, source in enumerate(sentences.sources):
        for answers in source.answers:
            if not answers.is_task:
                continue
            for name in source.partitions:
                for side in sentences.sides(number, name):
                    codes = answers.codes[side.rows - sentences.starts[number]]
                    positive = int((codes == 1).sum())
                    if (codes >= 0).any() and positive < FEW_POSITIVES:
                        yield _few(f"{source.name}, {name}, {answers.name}", side.name, positive)


def _few(where: str, side: str, positive: int) -> CheckResult:
    if not positive:
        return CheckResult(
            "warning", where, 0, f"'{side}' has no positive row: recall, F1 and average precision have no value"
        )
    wide = 1.96 * float(np.sqrt(0.25 / positive))
    message = f"'{side}' has {positive:,} positive rows: a recall near .5 is known to ±{wide:.2f} at best"
    return CheckResult("note", where, positive, message)


CHECKS = (
    Check("A07", "equal text with different labels", _conflicts),
    Check("A08", "words that give the label away", _words),
    Check("A09", "length gives the label away", _lengths),
    Check("A10", "the balance of labels differs between sides", _drift),
    Check("A11", "too few positives", _positives),
)
