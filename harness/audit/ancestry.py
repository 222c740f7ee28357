"""Which datasets contain each other's text: measured on the sources, and remembered in the atlas."""

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
"""Of the smaller side; less is what debates and newspapers repeat by chance."""
MIN_SHARED = 20


class Overlap(NamedTuple):
    """How much text two parts of public datasets share; each row is counted on its own side."""

    left: str
    """`dataset/part`."""
    right: str
    rows_left: int
    rows_right: int
    equal_left: int
    """Rows of the left part whose text, but for case, punctuation and addresses, is in the right part."""
    equal_right: int
    near_left: int
    """The same, near duplicates included."""
    near_right: int
    articles_left: int
    """Articles (debates, ...) of the left part; 0 where its claims stand alone."""
    mostly_left: int
    """Of those, the articles that have more than half of their longer sentences in the right part."""
    articles_right: int
    mostly_right: int
    question: str | None
    """What both were asked: a task, or an axis of a common scheme; None: nothing in common."""
    compared: int
    """Rows of the left part with gold on both sides."""
    agreeing: int
    """Of those compared, with the same answer."""

    @property
    def dataset_left(self) -> str:
        """The dataset of the left part."""
        return self.left.partition("/")[0]

    @property
    def dataset_right(self) -> str:
        """The dataset of the right part."""
        return self.right.partition("/")[0]

    def __str__(self) -> str:
        whole = share(self.near_left, self.rows_left)
        other = share(self.near_right, self.rows_right)
        text = f"{whole} of {self.left} are in {self.right}, and {other} the other way"
        if self.mostly_left or self.mostly_right:
            sides = (
                (self.mostly_left, self.articles_left, self.left),
                (self.mostly_right, self.articles_right, self.right),
            )
            said = [f"{mostly} of {articles} articles of {part}" for mostly, articles, part in sides if articles]
            text += f"; mostly shared are {' and '.join(said)}"
        if self.compared:
            text += f"; {self.agreeing:,} of {self.compared:,} rows agree on {self.question}"
        return text


def overlaps(sentences: SentenceTable, *, within: bool = False) -> list[Overlap]:
    """Every pair of parts that share enough text to matter, the largest shares first.

    Args:
        sentences: of two datasets or more.
        within: parts of one dataset too.
    """
    from scipy.sparse import csr_matrix

    parts = _parts(sentences)
    rows = [rows for _, _, rows in parts]
    n = len(sentences.keys)
    of_part = np.repeat(np.arange(len(parts)), [len(found) for found in rows])
    key = sentences.key[np.concatenate(rows)] if rows else np.zeros(0, dtype=np.int64)
    kept = sentences.long[key]
    ones = np.ones(int(kept.sum()), dtype=np.int32)
    counts = csr_matrix((ones, (of_part[kept], key[kept])), shape=(len(parts), n))
    there = counts.sign()
    equal = csr_matrix(counts @ there.T).toarray()
    reached = csr_matrix(sentences.near @ there.T)
    reached.data = np.minimum(reached.data, 1)
    near = csr_matrix(counts @ reached).toarray()
    found = []
    for i in range(len(parts)):
        for j in range(i + 1, len(parts)):
            if (parts[i][0] == parts[j][0] and not within) or not _matter(near, i, j, rows):
                continue
            question, compared, agreeing = _agreement(sentences, parts[i], parts[j])
            articles = [_articles(sentences, *pair) for pair in ((parts[i], rows[j]), (parts[j], rows[i]))]
            overlap = Overlap(
                left=parts[i][1],
                right=parts[j][1],
                rows_left=len(rows[i]),
                rows_right=len(rows[j]),
                equal_left=int(equal[i, j]),
                equal_right=int(equal[j, i]),
                near_left=int(near[i, j]),
                near_right=int(near[j, i]),
                articles_left=articles[0][0],
                mostly_left=articles[0][1],
                articles_right=articles[1][0],
                mostly_right=articles[1][1],
                question=question,
                compared=compared,
                agreeing=agreeing,
            )
            found.append(overlap)
    return sorted(found, key=lambda o: (-max(o.near_left / o.rows_left, o.near_right / o.rows_right), o.left, o.right))


def _matter(near: np.ndarray[tuple[int, int], np.dtype[np.int32]], i: int, j: int, rows: Sequence[Rows]) -> bool:
    largest = max(near[i, j] / len(rows[i]), near[j, i] / len(rows[j]))
    return bool(largest >= MIN_SHARE and min(near[i, j], near[j, i]) >= MIN_SHARED)


def _parts(sentences: SentenceTable) -> list[tuple[int, str, Rows]]:
    """Source number, `dataset/part` and rows, by name; a dataset without official parts is one."""
    parts = []
    for number, source in enumerate(sentences.sources):
        if "official" in source.partitions:
            sides = sentences.sides(number, "official")
            parts += [(number, f"{source.name}/{side.name}", side.rows) for side in sides]
        else:
            parts.append((number, source.name, sentences.rows(number)))
    return sorted(parts, key=lambda part: part[1])


def _articles(sentences: SentenceTable, part: tuple[int, str, Rows], other: Rows) -> tuple[int, int]:
    """The articles of a part, and those that are mostly in other rows."""
    number, _, rows = part
    long = sentences.long[sentences.key[rows]]
    article = codes_of(sentences.sources[number].claims.article_id[rows[long] - sentences.starts[number]])
    if not len(article) or len(article) == article.max() + 1:
        return 0, 0
    shared = np.bincount(article, weights=sentences.have_duplicates(rows[long], other, near=True))
    sizes = np.bincount(article)
    return len(sizes), int((shared * 2 > sizes).sum())


def _agreement(
    sentences: SentenceTable, one: tuple[int, str, Rows], other: tuple[int, str, Rows]
) -> tuple[str | None, int, int]:
    """The common question, rows of one part with an equal text that has gold in the other, and those that agree."""
    mine = {answers.name: answers for answers in sentences.sources[one[0]].answers}
    theirs = {answers.name: answers for answers in sentences.sources[other[0]].answers}
    common = [name for name in mine if name in theirs]
    common.sort(key=lambda name: mine[name].is_task, reverse=True)
    common.sort(key=lambda name: name != "check_worthiness")
    if not common:
        return None, 0, 0
    first, second = mine[common[0]], theirs[common[0]]
    votes = np.zeros((len(sentences.keys), len(second.labels)), dtype=np.int64)
    codes = second.codes[other[2] - sentences.starts[other[0]]]
    np.add.at(votes, (sentences.key[other[2]][codes >= 0], codes[codes >= 0]), 1)
    settled = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1
    keys, own = sentences.key[one[2]], first.codes[one[2] - sentences.starts[one[0]]]
    compared = settled[keys] & sentences.long[keys] & (own >= 0)
    agreeing = compared & (votes.argmax(axis=1)[keys] == own)
    return common[0], int(compared.sum()), int(agreeing.sum())


def _measured(sentences: SentenceTable) -> Iterator[CheckResult]:
    for overlap in overlaps(sentences):
        shared = max(overlap.near_left, overlap.near_right)
        yield CheckResult("warning", f"{overlap.left} and {overlap.right}", shared, str(overlap))


@cache
def atlas() -> tuple[Overlap, ...]:
    """The overlaps of the public datasets that the project knows, as measured on their publishers' files."""
    return read_atlas(ATLAS)


def read_atlas(path: Path) -> tuple[Overlap, ...]:
    """The overlaps of a file that `write_atlas` wrote.

    Raises: FaultsError: it is no such file.
    """
    try:
        document = json.loads(read_bytes(path))
        return tuple(Overlap(**entry) for entry in document["overlaps"])
    except (ValueError, TypeError, KeyError):
        raise FaultsError.single(
            path, "is not an atlas; make one with: harness audit DATASET... --atlas FILE"
        ) from None


def write_atlas(sentences: SentenceTable, path: Path) -> list[Overlap]:
    """Measures the overlaps of some datasets, of their own parts too, and writes them."""
    found = overlaps(sentences, within=True)
    measured = sorted({source.name for source in sentences.sources})
    document = {"datasets": measured, "overlaps": [overlap._asdict() for overlap in found]}
    write_text(path, json_document(document))
    return found


def _remembered(sentences: SentenceTable) -> Iterator[CheckResult]:
    here = {source.name for source in sentences.sources}
    for overlap in atlas():
        known = {overlap.dataset_left, overlap.dataset_right}
        if len(known & here) == 1 and len(known) == 2:
            shared = max(overlap.near_left, overlap.near_right)
            yield CheckResult("note", f"{overlap.left} and {overlap.right}", shared, f"{overlap} (measured before)")


CHECKS = (
    Check("A13", "datasets that contain each other's text", _measured),
    Check("A14", "public datasets known to share text with this one", _remembered),
)
