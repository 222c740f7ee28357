"""Examples of a guideline that are sentences of a dataset: whoever reads it has seen their labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.audit.base import Check, CheckResult
from harness.audit.near_duplicates import match_near_duplicates, text_key
from harness.audit.sentences import SentenceTable
from harness.schemes import load_scheme, scheme_names


def _examples(sentences: SentenceTable) -> dict[str, str]:
    """Text key to example, of every shipped scheme and of those that the sources bring."""
    shipped = [
        example
        for name in scheme_names()
        for axis in load_scheme(name).axes
        for label in axis.labels
        for example in label.examples
    ]
    own = [example for source in sentences.sources for example in source.examples]
    return {text_key(example): example for example in (*shipped, *own)}


def _inside(sentences: SentenceTable) -> Iterator[CheckResult]:
    examples = _examples(sentences)
    few = list(examples)
    hits: dict[str, int] = {}
    for key, number in match_near_duplicates(sentences.keys, few):
        hits.setdefault(few[number], key)
    for example, key in hits.items():
        rows = np.flatnonzero(sentences.key == key)
        number = int(np.searchsorted(sentences.starts, rows[0], side="right")) - 1
        claim, text = sentences.claim(int(rows[0])), examples[example]
        message = f"'{claim}' is an example of a guideline, or nearly: \"{text}\""
        yield CheckResult("error", sentences.sources[number].name, len(rows), message)


CHECKS = (Check("A12", "examples of a guideline among the sentences", _inside),)
