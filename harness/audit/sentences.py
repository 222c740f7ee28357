"""What checks look at: the sentences of some datasets in one table, their labels, and the sides they stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes
from harness.audit.near_duplicates import MIN_WORDS, NearPairs, near_pairs, text_key
from harness.data.claims import Claims, codes_of
from harness.data.dataset import Dataset
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.schemes import Scheme

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Rows = npt.NDArray[np.int64]


class QuestionLabels(NamedTuple):
    """One question that a dataset's labels answer."""

    name: str
    """An axis of the scheme (`claimbuster.label`), or a task (`check_worthiness`)."""
    labels: tuple[str, ...]
    codes: Codes
    """Shape (n_claims,); index into `labels`, -1 where there is no gold."""
    is_task: bool


class AuditedDataset(NamedTuple):
    """A dataset on its way into an audit."""

    name: str
    claims: Claims
    answers: tuple[QuestionLabels, ...]
    partitions: Mapping[str, Sequence[str | None]]
    """Name of a way to split it to the side of each claim; None: on no side."""
    language: str
    examples: tuple[str, ...] = ()
    """The examples of the guidelines that it was labelled under."""


class SplitSide(NamedTuple):
    """The sentences of a dataset that stand on one side of a split."""

    name: str
    rows: Rows


@dataclass(frozen=True, eq=False)
class SentenceTable:
    """The sentences of all sources, one source after another. All columns have shape (n,)."""

    sources: tuple[AuditedDataset, ...]
    starts: tuple[int, ...]
    """The first row of each source."""
    key: Codes
    """Index into `keys`."""
    keys: tuple[str, ...]
    """The different texts, as `text_key` writes them."""

    def rows(self, number: int) -> Rows:
        """The rows of a source."""
        return np.arange(self.starts[number], self.starts[number] + len(self.sources[number].claims))

    def sides(self, number: int, partition: str) -> list[SplitSide]:
        """The sides of a source's split, in the order of first sight, the side to train on first."""
        found: dict[str, list[int]] = {}
        for row, side in enumerate(self.sources[number].partitions[partition], start=self.starts[number]):
            if side is not None:
                found.setdefault(side, []).append(row)
        names = sorted(found, key=lambda name: name != "train")
        return [SplitSide(name, np.array(found[name], dtype=np.int64)) for name in names]

    def partitions(self) -> Iterator[tuple[int, str, list[SplitSide]]]:
        """Source number, split name and sides of every split with two sides or more."""
        for number, source in enumerate(self.sources):
            for name in source.partitions:
                sides = self.sides(number, name)
                if len(sides) > 1:
                    yield number, name, sides

    @cached_property
    def long(self) -> npt.NDArray[np.bool_]:
        """Shape (n_keys,); whether a text is too long to be repeated by chance."""
        return np.array([key.count(" ") + 1 >= MIN_WORDS and bool(key) for key in self.keys], dtype=bool)

    @cached_property
    def pairs(self) -> NearPairs:
        """The near duplicates among the keys."""
        return near_pairs(self.keys)

    @cached_property
    def near(self) -> csr_matrix:
        """Shape (n_keys, n_keys); 1 where two keys are equal or near duplicates."""
        from scipy.sparse import csr_matrix, identity

        n = len(self.keys)
        left, right, _ = self.pairs
        ones = np.ones(len(left), dtype=np.int8)
        one_way = csr_matrix((ones, (left, right)), shape=(n, n))
        return (one_way + one_way.T + identity(n, dtype=np.int8, format="csr")).tocsr()

    def have_duplicates(self, rows: Rows, of: Rows, *, near: bool = False) -> npt.NDArray[np.bool_]:
        """Which rows have their text among other rows too; short texts never do.

        Args:
            rows: shape (m,).
            of: the other rows.
            near: count near duplicates too.
        Returns: shape (m,).
        """
        there = np.zeros(len(self.keys), dtype=np.int8)
        there[self.key[of]] = 1
        if near:
            there = (self.near @ there.astype(np.int32) > 0).astype(np.int8)
        found: npt.NDArray[np.bool_] = (there > 0)[self.key[rows]] & self.long[self.key[rows]]
        return found

    def claim(self, row: int) -> str:
        """The claim of a row, as messages name it."""
        number = int(np.searchsorted(self.starts, row, side="right")) - 1
        return str(self.sources[number].claims.claim_id[row - self.starts[number]])

    def first_duplicate(self, row: int, of: Rows) -> int | None:
        """The first of some rows that has a row's text, or nearly."""
        same = of[self.key[of] == self.key[row]]
        if not len(same):
            neighbors = self.near[int(self.key[row])].indices
            same = of[np.isin(self.key[of], neighbors)]
        return int(same[0]) if len(same) else None


def build_sentence_table(sources: Sequence[AuditedDataset]) -> SentenceTable:
    """The table of some sources."""
    texts = [str(text) for source in sources for text in source.claims.text]
    known: dict[str, str] = {}
    keys = np.array([known.setdefault(text, text_key(text)) for text in texts], dtype=object)
    codes = codes_of(keys)
    lengths = [len(source.claims) for source in sources]
    starts = tuple(int(start) for start in np.cumsum([0, *lengths[:-1]]))
    return SentenceTable(tuple(sources), starts, codes, tuple(dict.fromkeys(keys)))


def audit_view(dataset: Dataset, partitions: Mapping[str, Sequence[str | None]] | None = None) -> AuditedDataset:
    """A dataset as checks look at it.

    Args:
        dataset: brought to life.
        partitions: ways to split it; default: the split files in its folder.
    Raises: HarnessError: its text is not there.
    """
    claims = dataset.table()
    if partitions is None:
        partitions = {
            name: [parts.get(claim_id) for claim_id in claims.claim_id] for name, parts in dataset.splits.items()
        }
    answers, examples = list[QuestionLabels](), list[str]()
    for name in dataset.info.schemes:
        scheme = find_scheme(dataset.folder, name)
        answers += _answers(dataset, scheme, claims)
        examples += [example for axis in scheme.axes for label in axis.labels for example in label.examples]
    return AuditedDataset(dataset.info.name, claims, tuple(answers), partitions, dataset.info.language, tuple(examples))


def _answers(dataset: Dataset, scheme: Scheme, claims: Claims) -> Iterator[QuestionLabels]:
    by_axis = {}
    for axis in scheme.axes:
        if axis.feature:
            continue
        found = gold_labels(dataset.annotations, scheme.name, axis.name).labels
        by_axis[axis.name] = [found[c].label if c in found else None for c in claims.claim_id]
        names = tuple(label for label in axis.label_names if label != axis.abstain_label)
        yield _coded(f"{scheme.name}.{axis.name}", names, by_axis[axis.name], {name: name for name in names})
    for task, mapping in scheme.tasks.items():
        if mapping.positive and mapping.axis in by_axis:
            said = dict.fromkeys(mapping.negative, "no") | dict.fromkeys(mapping.positive, "yes")
            yield _coded(task, ("no", "yes"), by_axis[mapping.axis], said, is_task=True)


def _coded(
    name: str, labels: tuple[str, ...], given: Sequence[str | None], said: Mapping[str, str], *, is_task: bool = False
) -> QuestionLabels:
    code = {label: labels.index(said[label]) for label in said}
    codes = np.fromiter((code.get(label, -1) if label else -1 for label in given), dtype=np.int64, count=len(given))
    return QuestionLabels(name, labels, codes, is_task)
