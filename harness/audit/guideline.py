"""A check for guideline examples that are sentences of a dataset: readers of the guideline have seen their labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.audit.base import Check, CheckResult
from harness.audit.near_duplicates import match_near_duplicates, text_key
from harness.audit.sentences import SentenceTable
from harness.schemes import load_scheme, scheme_names


def _examples(sentences: SentenceTable) -> dict[str, str]:
    """Examples by text key, from every built-in scheme and from the schemes of the datasets."""
    builtin = [
        example
        for name in scheme_names()
        for axis in load_scheme(name).axes
        for label in axis.labels
        for example in label.examples
    ]
    own = [example for source in sentences.sources for example in source.examples]
    return {text_key(example): example for example in (*builtin, *own)}


def _find_examples(sentences: SentenceTable) -> Iterator[CheckResult]:
    examples = _examples(sentences)
    example_keys = list(examples)
    first_match: dict[str, int] = {}
    for key, number in match_near_duplicates(sentences.keys, example_keys):
        first_match.setdefault(example_keys[number], key)
    for example_key, key in first_match.items():
        rows = np.flatnonzero(sentences.key == key)
        number = int(np.searchsorted(sentences.starts, rows[0], side="right")) - 1
        claim = sentences.claim(int(rows[0]))
        message = f"'{claim}' equals or nearly equals an example of a guideline: \"{examples[example_key]}\""
        yield CheckResult("error", sentences.sources[number].name, len(rows), message)


CHECKS = (Check("A12", "examples of a guideline among the sentences", _find_examples),)
