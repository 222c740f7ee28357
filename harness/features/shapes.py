"""Surface features of a sentence: length, cues, sentiment words, letters, and punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.features.cues import CUES, find_cues

WORD = re.compile(r"\w+(?:['’]\w+)?")
POSITIVE_WORDS = re.compile(
    r"\b(?:good|great|best|better|strong|safe|success|successful|win|won|proud|hope|free|fair|right|improved?|love|happy|"
    r"peace|freedom|progress|benefit|secure|wonderful|tremendous|excellent)\b",
    re.IGNORECASE,
)
NEGATIVE_WORDS = re.compile(
    r"\b(?:bad|worst|worse|weak|wrong|fail|failed|failure|lose|lost|crisis|war|kill|killed|dead|death|poor|crime|criminal|"
    r"disaster|terrible|attack|fraud|lie|lied|problem|debt|threat|danger|dangerous|corrupt|hate|fear)\b",
    re.IGNORECASE,
)
NEGATION = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)
SECOND_PERSON = re.compile(r"\byou(?:rs?)?\b", re.IGNORECASE)
MAX_WORDS = 60
"""Cap on the number of words, so that one very long sentence does not dominate the feature."""
MAX_PER_CUE = 5
"""Cap on the occurrences of one cue."""
SHAPES = (
    "words",
    "letters per word",
    "capitalized",
    "digits",
    "commas",
    "quotation marks",
    "positive words",
    "negative words",
    "negation",
    "second person",
    *(cue.name for cue in CUES),
)
"""Names of the columns of `shapes_of`."""


def shapes_of(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Returns the surface features of texts.

    Returns: shape (n_texts, n_shapes), columns as in `SHAPES`; a row depends on its own text only.
    """
    return np.array([_row(text) for text in texts], dtype=np.float64).reshape(len(texts), len(SHAPES))


def _row(text: str) -> list[float]:
    words = WORD.findall(text)
    counts = {cue.name: cue.times for cue in find_cues(text)}
    return [
        min(len(words), MAX_WORDS),
        sum(map(len, words)) / max(len(words), 1),
        # The first word is capitalized in any sentence.
        sum(word[0].isupper() for word in words[1:]),
        sum(any(map(str.isdigit, word)) for word in words),
        text.count(","),
        sum(text.count(mark) for mark in '"“”'),
        *(len(pattern.findall(text)) for pattern in (POSITIVE_WORDS, NEGATIVE_WORDS, NEGATION, SECOND_PERSON)),
        *(min(counts.get(cue.name, 0), MAX_PER_CUE) for cue in CUES),
    ]
