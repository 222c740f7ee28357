"""Features of form: what a text looks like and where it stands, without what it says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes, Floats
from harness.audit.verification.table import LabeledTexts
from harness.data.sentences.normalize import MARKER, Form

MIN_MARKER_ROWS = 10
"""Minimum number of rows with a marker."""
FIRST = "the first of the claims that share its evidence or article"
ORDER = "place in the order of rows"
MAX_MARKERS = 20
"""Maximum number of markers, the most frequent ones."""

_WORD = re.compile(r"\w+")
_QUOTATION_MARKS = '"\u201c\u201d\u00ab\u00bb'
_TYPOGRAPHIC = "\u2019\u2018\u201c\u201d\u2013\u2014\u2026"


class FormFeature(NamedTuple):
    """One feature of form."""

    name: str
    """Name, as messages show it."""
    values: Floats
    """Value of each row, NaN where the feature does not apply; shape (n_rows,)."""

    @property
    def is_binary(self) -> bool:
        """Whether all values are 0 or 1: absent or present."""
        return bool(np.isin(self.values[np.isfinite(self.values)], (0.0, 1.0)).all())

    @property
    def varies(self) -> bool:
        """Whether rows differ in it."""
        return len(np.unique(self.values[np.isfinite(self.values)])) > 1


def _capitals(text: str) -> float:
    """The share of words after the first that begin with a capital letter."""
    words = _WORD.findall(text)[1:]
    return sum(word[0].isupper() for word in words) / len(words) if words else 0.0


_TEXT_FEATURES: dict[str, Callable[[str], float]] = {
    "a capital at the start": lambda text: float(text.lstrip("\"'([ ")[:1].isupper()),
    "share of words with a capital": _capitals,
    "all letters lowercase": lambda text: float(text == text.lower()),
    "all letters uppercase": lambda text: float(text == text.upper() != text.lower()),
    "space before punctuation": lambda text: float(re.search(r"\s[.,;:!?%)](\s|$)", text) is not None),
    "two spaces in a row": lambda text: float("  " in text),
    "a line break": lambda text: float("\n" in text or "\t" in text),
    "space at an end": lambda text: float(text != text.strip()),
    "a period at the end": lambda text: float(text.rstrip().endswith(".")),
    "a question mark at the end": lambda text: float(text.rstrip().endswith("?")),
    "quotation marks": lambda text: float(any(mark in text for mark in _QUOTATION_MARKS)),
    "typographic characters": lambda text: float(
        any(mark in text for mark in "\u2019\u2018\u201c\u201d\u2013\u2014\u2026")
    ),
    "a web address": lambda text: float("http" in text or "www." in text),
    "an @ or # name": lambda text: float(re.search(r"[@#]\w", text) is not None),
    "characters": lambda text: float(len(text)),
    "words": lambda text: float(len(text.split())),
}
"""Features of one text."""


_FORM_OF_FEATURE: dict[str, Form] = {
    **dict.fromkeys(("a capital at the start", "share of words with a capital"), "case"),
    **dict.fromkeys(("all letters lowercase", "all letters uppercase"), "case"),
    **dict.fromkeys(("space before punctuation", "two spaces in a row", "a line break", "space at an end"), "spacing"),
    **dict.fromkeys(("a period at the end", "typographic characters"), "marks"),
}
"""The form that `same_form` of a config makes alike, by the feature that tells."""


def form_of(feature: FormFeature) -> Form | None:
    """Returns what `same_form` of a config takes to remove a feature; None if it is not one that it removes."""
    return "markers" if feature.name.startswith("the marker ") else _FORM_OF_FEATURE.get(feature.name)


def claim_form(labeled: LabeledTexts, texts: Sequence[str]) -> list[FormFeature]:
    """Returns the form of claims: their text, their row, and whether they are the first of their group.

    Args:
        labeled: rows with labels.
        texts: text of the claim of each row.
    """
    first = np.zeros(len(texts))
    first[np.unique(labeled.groups, return_index=True)[1]] = 1.0
    first[np.bincount(labeled.groups)[labeled.groups] == 1] = np.nan
    order = [
        FormFeature(FIRST, first),
        FormFeature(ORDER, labeled.rows / max(1, int(labeled.rows.max(initial=1)))),
    ]
    return [feature for feature in (*_text_form(texts), *order) if feature.varies]


def evidence_form(labeled: LabeledTexts) -> list[FormFeature]:
    """Returns the form of the evidence: its text, and the number of passages.

    Args:
        labeled: rows with labels.
    """
    count = np.array([len(passages) for passages in labeled.evidence], dtype=np.float64)
    features = [*_text_form(labeled.evidence_texts), FormFeature("passages", count)]
    return [feature for feature in features if feature.varies]


def _text_form(texts: Sequence[str]) -> list[FormFeature]:
    features = [
        FormFeature(name, np.array([value_of(text) for text in texts])) for name, value_of in _TEXT_FEATURES.items()
    ]
    found_markers = [set(MARKER.findall(text)) for text in texts]
    counts = Counter(marker for markers in found_markers for marker in markers)
    frequent = [marker for marker, n_rows in counts.most_common(MAX_MARKERS) if n_rows >= MIN_MARKER_ROWS]
    for marker in frequent:
        has_marker = np.array([float(marker in markers) for markers in found_markers])
        features.append(FormFeature(f"the marker {marker}", has_marker))
    return features


def form_matrix(features: Sequence[FormFeature]) -> Floats:
    """Returns the values of features as columns, -1 where one does not apply; shape (n_rows, n_features)."""
    return np.nan_to_num(np.column_stack([feature.values for feature in features]), nan=-1.0)


def describe(feature: FormFeature, codes: Codes, code: int, label: str) -> str:
    """Returns a feature with its share (or median) in the rows with a label and in the others.

    Args:
        feature: a feature.
        codes: label of each row, shape (n_rows,).
        code: label to describe.
        label: name of that label.
    """
    applies, is_label = np.isfinite(feature.values), codes == code
    own, others = feature.values[applies & is_label], feature.values[applies & ~is_label]
    if feature.is_binary:
        return f"{feature.name} ({own.mean():.0%} of '{label}', {others.mean():.0%} of the others)"
    digits = ".2f" if np.nanmax(feature.values) <= 1 else ",.0f"
    medians = (format(float(np.median(values)), digits) for values in (own, others))
    return f"{feature.name} (median {next(medians)} for '{label}', {next(medians)} for the others)"
