"""Text that datasets share: measured on the given datasets, and looked up in the atlas of public datasets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.audit.base import Check, CheckResult, share
from harness.audit.sentences import Rows, SentenceTable
from harness.data.claims import codes_of
from harness.errors import FaultsError
from harness.files import json_document, read_bytes, write_text

ATLAS = Path(__file__).parent / "atlas.json"
MIN_SHARE = 0.02
"""Minimum share of shared rows in one of the parts; below it, debates and newspapers overlap by chance."""
MIN_SHARED = 20
"""Minimum number of shared rows in each part."""

_Counts = np.ndarray[tuple[int, int], np.dtype[np.int32]]


class Overlap(NamedTuple):
    """The text that two parts of datasets share, counted on both sides: a text can repeat within a part."""

    left: str
    """Name of the left part, as `dataset/part`."""
    right: str
    """Name of the right part."""
    rows_left: int
    """Rows of the left part."""
    rows_right: int
    """Rows of the right part."""
    equal_left: int
    """Rows of the left part whose text is in the right part, ignoring case, punctuation, and web addresses."""
    equal_right: int
    """Rows of the right part whose text is in the left part."""
    near_left: int
    """Rows of the left part whose text or a near duplicate is in the right part."""
    near_right: int
    """Rows of the right part whose text or a near duplicate is in the left part."""
    articles_left: int
    """Articles (debates, ...) of the left part; 0 if its claims have no article in common."""
    mostly_left: int
    """Articles of the left part with more than half of their longer sentences in the right part."""
    articles_right: int
    """Articles of the right part; 0 if its claims have no article in common."""
    mostly_right: int
    """Articles of the right part with more than half of their longer sentences in the left part."""
    question: str | None
    """Question that both parts have labels for: a task, or an axis of a common scheme; None: no common question."""
    compared: int
    """Rows of the left part with gold on both sides."""
    agreeing: int
    """Compared rows with the same label on both sides."""

    @property
    def dataset_left(self) -> str:
        """Name of the left dataset."""
        return self.left.partition("/")[0]

    @property
    def dataset_right(self) -> str:
        """Name of the right dataset."""
        return self.right.partition("/")[0]

    def __str__(self) -> str:
        share_left = share(self.near_left, self.rows_left)
        share_right = share(self.near_right, self.rows_right)
        text = f"{share_left} of {self.left} are in {self.right}, and {share_right} of {self.right} are in {self.left}"
        if self.mostly_left or self.mostly_right:
            sides = (
                (self.mostly_left, self.articles_left, self.left),
                (self.mostly_right, self.articles_right, self.right),
            )
            counts = [f"{mostly} of {articles} articles of {part}" for mostly, articles, part in sides if articles]
            text += f"; mostly shared: {' and '.join(counts)}"
        if self.compared:
            text += f"; {self.agreeing:,} of {self.compared:,} rows have the same label for {self.question}"
        return text


class _Part(NamedTuple):
    """A part of a dataset, or a whole dataset without official parts."""

    source: int
    """Index of the dataset in the table."""
    name: str
    """Name, as `dataset/part` or `dataset`."""
    rows: Rows


def overlaps(sentences: SentenceTable, *, within: bool = False) -> list[Overlap]:
    """Returns all pairs of parts that share enough text to matter, the largest shares first.

    Args:
        sentences: table of at least two datasets.
        within: whether to compare parts of the same dataset too.
    """
    parts = _parts(sentences)
    equal, near = _shared_rows(sentences, parts)
    result = []
    for i, left in enumerate(parts):
        for j, right in enumerate(parts[i + 1 :], start=i + 1):
            if (left.source == right.source and not within) or not _is_reported(near, i, j, parts):
                continue
            question, compared, agreeing = _agreement(sentences, left, right)
            articles_left, mostly_left = _articles(sentences, left, right.rows)
            articles_right, mostly_right = _articles(sentences, right, left.rows)
            overlap = Overlap(
                left=left.name,
                right=right.name,
                rows_left=len(left.rows),
                rows_right=len(right.rows),
                equal_left=int(equal[i, j]),
                equal_right=int(equal[j, i]),
                near_left=int(near[i, j]),
                near_right=int(near[j, i]),
                articles_left=articles_left,
                mostly_left=mostly_left,
                articles_right=articles_right,
                mostly_right=mostly_right,
                question=question,
                compared=compared,
                agreeing=agreeing,
            )
            result.append(overlap)
    return sorted(result, key=lambda o: (-max(o.near_left / o.rows_left, o.near_right / o.rows_right), o.left, o.right))


def _shared_rows(sentences: SentenceTable, parts: Sequence[_Part]) -> tuple[_Counts, _Counts]:
    """Rows of each part whose text is in each other part: equal texts only, and with near duplicates.

    Returns: two arrays of shape (n_parts, n_parts); row: the part whose rows are counted; column: the part that is
        searched. Short texts are not counted.
    """
    from scipy.sparse import csr_matrix

    rows = [part.rows for part in parts]
    part_index = np.repeat(np.arange(len(parts)), [len(part_rows) for part_rows in rows])
    key = sentences.key[np.concatenate(rows)] if rows else np.zeros(0, dtype=np.int64)
    is_long = sentences.long[key]
    ones = np.ones(int(is_long.sum()), dtype=np.int32)
    # How often each part has each text (parts x keys). Multiplied by whether the other part has it (keys x parts), that
    # gives the number of shared rows for all pairs at once.
    counts = csr_matrix((ones, (part_index[is_long], key[is_long])), shape=(len(parts), len(sentences.keys)))
    in_part = counts.sign()
    equal = csr_matrix(counts @ in_part.T).toarray()
    # A text can have several near duplicates in one part; it still counts once.
    near_in_part = csr_matrix(sentences.near @ in_part.T)
    near_in_part.data = np.minimum(near_in_part.data, 1)
    return equal, csr_matrix(counts @ near_in_part).toarray()


def _is_reported(near: _Counts, i: int, j: int, parts: Sequence[_Part]) -> bool:
    largest_share = max(near[i, j] / len(parts[i].rows), near[j, i] / len(parts[j].rows))
    return bool(largest_share >= MIN_SHARE and min(near[i, j], near[j, i]) >= MIN_SHARED)


def _parts(sentences: SentenceTable) -> list[_Part]:
    """The official parts of all datasets, by name; a dataset without official parts is one part."""
    parts = []
    for number, source in enumerate(sentences.sources):
        if "official" in source.partitions:
            sides = sentences.sides(number, "official")
            parts += [_Part(number, f"{source.name}/{side.name}", side.rows) for side in sides]
        else:
            parts.append(_Part(number, source.name, sentences.rows(number)))
    return sorted(parts, key=lambda part: part.name)


def _articles(sentences: SentenceTable, part: _Part, other_rows: Rows) -> tuple[int, int]:
    """The number of articles of a part, and of those that are mostly in other rows; 0 without articles."""
    long_rows = part.rows[sentences.long[sentences.key[part.rows]]]
    claims = sentences.sources[part.source].claims
    article = codes_of(claims.article_id[long_rows - sentences.starts[part.source]])
    # As many articles as claims: each claim is its own article, so there are no articles to compare.
    if not len(article) or len(article) == article.max() + 1:
        return 0, 0
    shared = np.bincount(article, weights=sentences.have_duplicates(long_rows, other_rows, near=True))
    sizes = np.bincount(article)
    return len(sizes), int((shared * 2 > sizes).sum())


def _agreement(sentences: SentenceTable, left: _Part, right: _Part) -> tuple[str | None, int, int]:
    """The common question, the rows of the left part that can be compared, and those with the same label.

    A row can be compared if it has gold and an equal text in the right part has gold.
    """
    left_answers = {answers.name: answers for answers in sentences.sources[left.source].answers}
    right_answers = {answers.name: answers for answers in sentences.sources[right.source].answers}
    common = [name for name in left_answers if name in right_answers]
    if not common:
        return None, 0, 0
    # Tasks come before axes, and check-worthiness before other tasks; `min` returns the first of equals.
    question = min(common, key=lambda name: (name != "check_worthiness", not left_answers[name].is_task))
    left_codes = left_answers[question].codes[left.rows - sentences.starts[left.source]]
    right_codes = right_answers[question].codes[right.rows - sentences.starts[right.source]]
    # A text that repeats in the right part can have several labels there. The most frequent one counts; texts with a
    # tie are not compared.
    votes = np.zeros((len(sentences.keys), len(right_answers[question].labels)), dtype=np.int64)
    has_gold = right_codes >= 0
    np.add.at(votes, (sentences.key[right.rows][has_gold], right_codes[has_gold]), 1)
    has_majority = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1
    keys = sentences.key[left.rows]
    compared = has_majority[keys] & sentences.long[keys] & (left_codes >= 0)
    agreeing = compared & (votes.argmax(axis=1)[keys] == left_codes)
    return question, int(compared.sum()), int(agreeing.sum())


def _find_overlaps(sentences: SentenceTable) -> Iterator[CheckResult]:
    for overlap in overlaps(sentences):
        shared = max(overlap.near_left, overlap.near_right)
        yield CheckResult("warning", f"{overlap.left} and {overlap.right}", shared, str(overlap))


@cache
def atlas() -> tuple[Overlap, ...]:
    """Returns the overlaps between public datasets, as measured on their publishers' files."""
    return read_atlas(ATLAS)


def read_atlas(path: Path) -> tuple[Overlap, ...]:
    """Reads the overlaps from a file that `write_atlas` wrote.

    Raises: FaultsError: the file is not an atlas.
    """
    try:
        document = json.loads(read_bytes(path))
        return tuple(Overlap(**entry) for entry in document["overlaps"])
    except (ValueError, TypeError, KeyError):
        raise FaultsError.single(
            path, "is not an atlas; create one with: harness audit DATASET... --atlas FILE"
        ) from None


def write_atlas(sentences: SentenceTable, path: Path) -> list[Overlap]:
    """Measures the overlaps between datasets and within each of them, and writes and returns them."""
    measured = overlaps(sentences, within=True)
    names = sorted({source.name for source in sentences.sources})
    document = {"datasets": names, "overlaps": [overlap._asdict() for overlap in measured]}
    write_text(path, json_document(document))
    return measured


def _find_known_overlaps(sentences: SentenceTable) -> Iterator[CheckResult]:
    audited = {source.name for source in sentences.sources}
    for overlap in atlas():
        pair = {overlap.dataset_left, overlap.dataset_right}
        # If both datasets are audited, A13 measures their overlap; overlaps within one dataset are A01 to A03.
        if len(pair & audited) == 1 and len(pair) == 2:
            shared = max(overlap.near_left, overlap.near_right)
            yield CheckResult("note", f"{overlap.left} and {overlap.right}", shared, f"{overlap} (from the atlas)")


CHECKS = (
    Check("A13", "datasets that contain each other's text", _find_overlaps),
    Check("A14", "public datasets known to share text with this one", _find_known_overlaps),
)
