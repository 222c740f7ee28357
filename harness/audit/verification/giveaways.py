"""Checks of what gives verdicts away: words of fact-checkers in evidence, claims alone, evidence alone, form alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools, Codes, Floats
from harness.audit.base import Check, CheckResult, Severity
from harness.audit.sentences import SentenceTable
from harness.audit.verification.form import (
    FIRST,
    ORDER,
    FormFeature,
    claim_form,
    describe,
    evidence_form,
    form_matrix,
    form_of,
)
from harness.audit.verification.probe import Probe, group_weights, probe_numbers, probe_words, usable_rows, weighted_auc
from harness.audit.verification.table import MIN_ROWS, LabeledTexts, VerificationTable, verification_tables
from harness.data.sentences.normalize import Form

MIN_AUC = 0.55
"""Minimum ROC AUC of a probe, from which it gets a note."""
WARNING_AUC = 0.65
"""ROC AUC of a probe, from which it gets a warning."""
MIN_FEATURE_AUC = 0.04
"""Minimum distance of the ROC AUC of one feature from 0.5, from which a message names it."""
MAX_FEATURES = 5
"""Maximum number of features or words in a message."""
MIN_ABSENCE_GAP = 0.5
"""Minimum difference between the shares of claims without evidence."""
MIN_WORD_GROUPS = 10
"""Minimum number of groups of claims with a word, and without."""
MIN_WORD_GAP = 0.1
"""Minimum difference between a label's shares with a word and without."""
MIN_WORD_Z = 3.3
"""The same difference, in standard errors over groups: high, because there are many words and labels."""
MIN_EXPECTED = 2.0
"""Minimum number of groups with a word and a label that chance alone would give."""
MIN_KIND_Z = 2.8
"""The same for a kind of words, of which there are few."""

VERDICT_WORDS = {
    "false": r"false(?:ly|hood)?s?",
    "fake": r"fakes?|faked|hoax(?:es)?",
    "fact check": r"fact[- ]?check(?:s|ed|ers?|ing)?",
    "misleading": r"mislead(?:s|ing)?|misled",
    "debunked": r"debunk(?:s|ed|ing)?",
    "untrue": r"untrue|incorrect(?:ly)?|inaccurate(?:ly)?|erroneous(?:ly)?",
    "misinformation": r"misinformation|disinformation|fabricated|doctored",
    "unfounded": r"unfounded|baseless|unproven|unsubstantiated",
    "no evidence": r"(?:no|not enough|insufficient|lacks?) (?:evidence|proof|answer)|no answer could be found",
    "myth": r"myths?|rumou?rs?|conspiracy",
    "true": r"true|truth",
    "correct": r"correct(?:ly)?|accurate(?:ly)?",
    "confirmed": r"confirm(?:s|ed)?|verified",
    "the claim": r"th(?:e|is|ese) claims?|claimed|pants on fire",
}
"""Words of verdicts, each with its pattern. They are English."""
DENIALS = ("false", "fake", "fact check", "misleading", "debunked", "untrue", "misinformation", "unfounded", "myth")
"""Words that say that a claim is wrong; together they are common where each alone is rare."""
AFFIRMATIONS = ("true", "correct", "confirmed")
"""Words that say that a claim is right."""
KINDS = {"any word that denies": DENIALS, "any word that affirms": AFFIRMATIONS}
"""Kinds of words, each with its words."""
_PATTERNS = {
    name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for name, pattern in {
        **{kind: "|".join(VERDICT_WORDS[word] for word in words) for kind, words in KINDS.items()},
        **VERDICT_WORDS,
    }.items()
}


def _labeled(sentences: SentenceTable) -> Iterator[tuple[VerificationTable, LabeledTexts]]:
    for _, table in verification_tables(sentences):
        for labeled in table.labeled():
            yield table, labeled


class _Word(NamedTuple):
    """A verdict word that goes with a label."""

    z: float
    rows: int
    text: str


def _find_verdict_words(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, labeled in _labeled(sentences):
        rows = usable_rows(labeled.codes, labeled.evidence_groups, _has_evidence(labeled))
        if not len(rows):
            continue
        texts = [labeled.evidence_texts[row] for row in rows]
        words = [
            word
            for name, pattern in _PATTERNS.items()
            for word in _association(name, np.array([bool(pattern.search(t)) for t in texts]), labeled, rows)
        ]
        if words:
            listed = ", ".join(word.text for word in sorted(words, reverse=True)[:MAX_FEATURES])
            message = f"words of fact-checkers in the evidence go with the label: {listed}"
            yield CheckResult("warning", labeled.where, max(word.rows for word in words), message)


def _association(name: str, has_word: Bools, labeled: LabeledTexts, rows: Codes) -> Iterator[_Word]:
    """The label that goes with a word most, if the difference is large and not chance."""
    codes, groups = labeled.codes[rows], labeled.evidence_groups[rows]
    # Claims of one group share evidence, so that a group counts once.
    n_with, n_without = len(np.unique(groups[has_word])), len(np.unique(groups[~has_word]))
    if min(n_with, n_without) < MIN_WORD_GROUPS:
        return
    best = _Word(0.0, 0, "")
    for code, label in enumerate(labeled.labels):
        p, q, share = (float((codes[mask] == code).mean()) for mask in (has_word, ~has_word, has_word | True))
        error = np.sqrt(share * (1 - share) * (1 / n_with + 1 / n_without))
        if error and p - q >= MIN_WORD_GAP and share * n_with >= MIN_EXPECTED:
            text = f"'{name}' ({p:.0%} '{label}' in {int(has_word.sum()):,} rows, {q:.0%} without it)"
            best = max(best, _Word((p - q) / error, int(has_word.sum()), text))
    if best.z >= (MIN_KIND_Z if name in KINDS else MIN_WORD_Z):
        yield best


def _has_evidence(labeled: LabeledTexts) -> Bools:
    return np.array([any(p.text.strip() for p in passages) for passages in labeled.evidence], dtype=bool)


def _find_claim_giveaways(sentences: SentenceTable) -> Iterator[CheckResult]:
    for table, labeled in _labeled(sentences):
        texts = [str(table.source.claims.text[row]) for row in labeled.rows]
        yield from _probed(labeled, "claim", texts, labeled.groups)


def _find_evidence_giveaways(sentences: SentenceTable) -> Iterator[CheckResult]:
    for _, labeled in _labeled(sentences):
        yield from _probed(labeled, "evidence", labeled.evidence_texts, labeled.evidence_groups)


def _probed(labeled: LabeledTexts, part: str, texts: Sequence[str], groups: Codes) -> Iterator[CheckResult]:
    """The result of a probe of words, which sees one part of what a verdict is about."""
    rows = usable_rows(labeled.codes, groups, np.array([bool(text.strip()) for text in texts], dtype=bool))
    if len(rows):
        probe = probe_words([texts[row] for row in rows], labeled.codes[rows], groups[rows])
        if _tells(probe):
            message = f"words of the {part} alone predict the label: {probe}"
            yield CheckResult(_severity(probe), labeled.where, probe.rows, message)


def _tells(probe: Probe) -> bool:
    return probe.low > 0.5 and probe.auc >= MIN_AUC


def _severity(probe: Probe) -> Severity:
    return "warning" if probe.auc >= WARNING_AUC else "note"


def _find_form_giveaways(sentences: SentenceTable) -> Iterator[CheckResult]:
    for table, labeled in _labeled(sentences):
        texts = [str(table.source.claims.text[row]) for row in labeled.rows]
        has_evidence = _has_evidence(labeled)
        yield from _absent_evidence(labeled, has_evidence)
        yield from _form_results(labeled, "claims", claim_form(labeled, texts), np.ones_like(has_evidence))
        yield from _form_results(labeled, "evidence", evidence_form(labeled), has_evidence)


def _absent_evidence(labeled: LabeledTexts, has_evidence: Bools) -> Iterator[CheckResult]:
    """A label that claims without evidence have, and others do not."""
    for code, label in enumerate(labeled.labels):
        own, others = ~has_evidence[labeled.codes == code], ~has_evidence[labeled.codes != code]
        if min(len(own), len(others)) >= MIN_ROWS and own.mean() - others.mean() >= MIN_ABSENCE_GAP:
            shares = f"{own.mean():.0%} of '{label}', {others.mean():.0%} of the others"
            message = f"the absence of evidence predicts the label: {shares}"
            yield CheckResult("note", labeled.where, int(own.sum()), message)


def _form_results(
    labeled: LabeledTexts, part: str, all_features: Sequence[FormFeature], mask: Bools
) -> Iterator[CheckResult]:
    """The result of the probe of form for claims or evidence, with the features that tell most."""
    groups = labeled.groups if part == "claims" else labeled.evidence_groups
    rows = usable_rows(labeled.codes, groups, mask)
    features = [feature._replace(values=feature.values[rows]) for feature in all_features]
    features = [feature for feature in features if feature.varies]
    if not len(rows) or not features:
        return
    probe = probe_numbers(form_matrix(features), labeled.codes[rows], groups[rows])
    if _tells(probe):
        telling = _telling_features(labeled, features, rows, groups[rows])
        listed = "; ".join(feature.text for feature in telling) or "only together"
        forms = list(dict.fromkeys(feature.form for feature in telling if feature.form))
        remedy = f"; to train and test without it: same_form: [{', '.join(forms)}] in the config" if forms else ""
        if any(feature.is_order for feature in telling):
            remedy += "; the order is safe with classifiers that see one claim at a time and metrics that average ties"
        message = f"the form of the {part} alone predicts the label: {probe}; by feature: {listed}{remedy}"
        yield CheckResult(_severity(probe), labeled.where, probe.rows, message)


class _Telling(NamedTuple):
    """A feature of form that ranks one label before or after the others."""

    distance: float
    text: str
    form: Form | None
    """What `same_form` of a config takes to remove it."""
    is_order: bool
    """Whether it is where the row stands."""


def _telling_features(labeled: LabeledTexts, features: list[FormFeature], rows: Codes, groups: Codes) -> list[_Telling]:
    """The features that rank one label before or after the others, the clearest first."""
    codes = labeled.codes[rows]
    telling = list[_Telling]()
    for feature in features:
        applies = np.isfinite(feature.values)
        best = (0.0, "")
        # Of two labels, which a feature tells equally well but for rounding, the one that has it is named.
        present = np.unique(codes[applies])
        means = [feature.values[applies & (codes == code)].mean() for code in present]
        for code in present[np.argsort(means)[::-1]]:
            distance = _clear_distance(feature.values[applies], codes[applies] == code, groups[applies])
            if distance > best[0] + 1e-9:
                best = (distance, describe(feature, codes, int(code), labeled.labels[code]))
        if best[1]:
            telling.append(_Telling(*best, form_of(feature), feature.name in (FIRST, ORDER)))
    return sorted(telling, key=lambda feature: -feature.distance)[:MAX_FEATURES]


def _clear_distance(values: Floats, is_label: Bools, groups: Codes) -> float:
    """Distance of the ROC AUC of a feature from 0.5; 0 if it is small or may be chance."""
    _, group_codes = np.unique(groups, return_inverse=True)
    if abs(weighted_auc(values, is_label, np.ones((1, len(values))))[0] - 0.5) < MIN_FEATURE_AUC:
        return 0.0
    distances = weighted_auc(values, is_label, group_weights(group_codes)) - 0.5
    # The interval is of 99 percent because there are many features.
    low, high = np.quantile(distances[1:], [0.005, 0.995])
    return abs(float(distances[0])) if low * high > 0 else 0.0


CHECKS = (
    Check("A20", "verdict words in the evidence", _find_verdict_words),
    Check("A21", "labels that the claim alone gives away", _find_claim_giveaways),
    Check("A22", "labels that the evidence alone gives away", _find_evidence_giveaways),
    Check("A23", "labels that form alone gives away", _find_form_giveaways),
)
