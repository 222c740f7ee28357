"""The input of checks: sentences of all audited datasets in one table, their labels, and their sides of splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Codes
from harness.audit.near_duplicates import MIN_WORDS, NearPairs, near_pairs
from harness.data.claims import Claims, codes_of
from harness.data.corpora.passages import Passage, corpus_of
from harness.data.dataset import Dataset
from harness.data.duplicate_key import text_keys
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.records import Evidence
from harness.schemes import Scheme

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Rows = npt.NDArray[np.int64]


class QuestionLabels(NamedTuple):
    """The gold labels of a dataset for one question."""

    name: str
    """Name of an axis of the scheme (`claimbuster.label`) or of a task (`check_worthiness`)."""
    labels: tuple[str, ...]
    """Possible labels; for a task: `no`, `yes`."""
    codes: Codes
    """Gold label of each claim as an index into `labels`, shape (n_claims,); -1: no gold."""
    is_task: bool
    """Whether `name` is a task."""
    is_verdict: bool = False
    """Whether the labels are verdicts: what the evidence says of the claim."""


class AuditedDataset(NamedTuple):
    """A dataset as the checks see it."""

    name: str
    """Name of the dataset."""
    claims: Claims
    """Claims, in the order of their articles."""
    answers: tuple[QuestionLabels, ...]
    """Gold labels, per question."""
    partitions: Mapping[str, Sequence[str | None]]
    """Side of each claim, by name of the split; None: on no side."""
    language: str
    """Language code."""
    examples: tuple[str, ...] = ()
    """Examples in the guidelines of its label schemes."""
    evidence: tuple[tuple[Evidence, ...], ...] = ()
    """Gold evidence of each claim, in the order of `claims`; empty if the dataset has none."""
    passages: tuple[Passage, ...] = ()
    """Passages of its corpus; empty if it has none."""


class SplitSide(NamedTuple):
    """One side of a split, such as its training set."""

    name: str
    """Name of the side."""
    rows: Rows
    """Rows of the sentence table."""


class Copies(NamedTuple):
    """Which rows have the same text or a similar one, without the texts."""

    key: Codes
    """Number of the text of each row, shape (n_rows,)."""
    long: Bools
    """Whether each text is long enough not to repeat by chance, shape (n_keys,)."""
    pairs: NearPairs | None
    """Near duplicates among the texts; None: they do not count."""

    def among(self, rows: Rows, of: Rows) -> Bools:
        """Returns whether the text of each row occurs among other rows; see `SentenceTable.have_duplicates`."""
        key_occurs = np.zeros(len(self.long), dtype=bool)
        key_occurs[self.key[of]] = True
        if self.pairs is not None:
            left, right, _ = self.pairs
            of_left, of_right = key_occurs[left], key_occurs[right]
            key_occurs[left[of_right]] = True
            key_occurs[right[of_left]] = True
        duplicates: Bools = key_occurs[self.key[rows]] & self.long[self.key[rows]]
        return duplicates


@dataclass(frozen=True, eq=False)
class SentenceTable:
    """The sentences of all datasets, one dataset after another."""

    sources: tuple[AuditedDataset, ...]
    """Datasets, in the order of their rows."""
    starts: tuple[int, ...]
    """First row of each dataset."""
    key: Codes
    """Text of each row as an index into `keys`, shape (n_rows,)."""
    keys: tuple[str, ...]
    """Distinct texts, normalized by `text_key`."""

    def rows(self, number: int) -> Rows:
        """Returns the rows of a dataset, given its index in `sources`."""
        return np.arange(self.starts[number], self.starts[number] + len(self.sources[number].claims))

    def sides(self, number: int, partition: str) -> list[SplitSide]:
        """Returns the sides of a split of a dataset: `train` first, the others in order of first occurrence."""
        rows_by_side: dict[str, list[int]] = {}
        for row, side in enumerate(self.sources[number].partitions[partition], start=self.starts[number]):
            if side is not None:
                rows_by_side.setdefault(side, []).append(row)
        names = sorted(rows_by_side, key=lambda name: name != "train")
        return [SplitSide(name, np.array(rows_by_side[name], dtype=np.int64)) for name in names]

    def partitions(self) -> Iterator[tuple[int, str, list[SplitSide]]]:
        """Yields dataset index, split name, and sides of every split with at least two sides."""
        for number, source in enumerate(self.sources):
            for name in source.partitions:
                sides = self.sides(number, name)
                if len(sides) > 1:
                    yield number, name, sides

    @cached_property
    def long(self) -> Bools:
        """Whether each text is long enough not to repeat by chance, shape (n_keys,)."""
        return np.array([key.count(" ") + 1 >= MIN_WORDS and bool(key) for key in self.keys], dtype=bool)

    @cached_property
    def pairs(self) -> NearPairs:
        """Near duplicates among the keys."""
        return near_pairs(self.keys)

    @cached_property
    def near(self) -> csr_matrix:
        """Sparse matrix, shape (n_keys, n_keys); 1 if two keys are equal or near duplicates."""
        from scipy.sparse import csr_matrix, identity

        n = len(self.keys)
        left, right, _ = self.pairs
        ones = np.ones(len(left), dtype=np.int8)
        # `pairs` has each pair once, so the transpose adds the other direction and the identity equality with itself.
        one_direction = csr_matrix((ones, (left, right)), shape=(n, n))
        return (one_direction + one_direction.T + identity(n, dtype=np.int8, format="csr")).tocsr()

    def copies(self) -> Copies:
        """Returns exact and near duplicates, which take less memory than the texts."""
        return Copies(self.key, self.long, self.pairs)

    def have_duplicates(self, rows: Rows, of: Rows, *, near: bool = False) -> Bools:
        """Returns whether the text of each row occurs among other rows; False for short texts.

        Args:
            rows: rows to look up, shape (m,).
            of: rows to search.
            near: whether near duplicates count too.
        Returns: shape (m,).
        """
        return Copies(self.key, self.long, self.pairs if near else None).among(rows, of)

    def claim(self, row: int) -> str:
        """Returns the id of the claim in a row."""
        number = int(np.searchsorted(self.starts, row, side="right")) - 1
        return str(self.sources[number].claims.claim_id[row - self.starts[number]])

    def first_duplicate(self, row: int, of: Rows) -> int | None:
        """Returns the first row of `of` with the same text as `row`, else the first near duplicate, else None."""
        duplicates = of[self.key[of] == self.key[row]]
        if not len(duplicates):
            near_keys = self.near[int(self.key[row])].indices
            duplicates = of[np.isin(self.key[of], near_keys)]
        return int(duplicates[0]) if len(duplicates) else None


def build_sentence_table(sources: Sequence[AuditedDataset]) -> SentenceTable:
    """Returns the sentence table of datasets."""
    keys = list[str]()
    for source in sources:
        keys += text_keys(source.claims.text.tolist())
    codes = codes_of(keys)
    lengths = [len(source.claims) for source in sources]
    starts = tuple(int(start) for start in np.cumsum([0, *lengths[:-1]]))
    return SentenceTable(tuple(sources), starts, codes, tuple(dict.fromkeys(keys)))


def audit_view(dataset: Dataset, partitions: Mapping[str, Sequence[str | None]] | None = None) -> AuditedDataset:
    """Returns a dataset as the checks see it.

    Args:
        dataset: a dataset with its text.
        partitions: side of each claim, by name of the split; default: the split files of the dataset.
    Raises: HarnessError: the text of the dataset is missing.
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
    corpus = corpus_of(dataset.folder)
    return AuditedDataset(
        dataset.info.name,
        claims,
        tuple(answers),
        partitions,
        language=dataset.info.language,
        examples=tuple(examples),
        evidence=evidence_by_claim(claims, dataset.evidence),
        passages=tuple(corpus.passages) if corpus else (),
    )


def evidence_by_claim(claims: Claims, evidence: Sequence[Evidence]) -> tuple[tuple[Evidence, ...], ...]:
    """Returns the gold evidence of each claim, in the order of the claims; nothing if there is none.

    Args:
        claims: claims of a dataset.
        evidence: evidence of the same dataset.
    """
    if not evidence:
        return ()
    by_claim = dict[str, list[Evidence]]()
    for item in evidence:
        by_claim.setdefault(item.claim_id, []).append(item)
    return tuple(tuple(by_claim.get(claim_id, ())) for claim_id in claims.claim_id)


def _answers(dataset: Dataset, scheme: Scheme, claims: Claims) -> Iterator[QuestionLabels]:
    """Labels of each axis of a scheme, then of each task that the scheme answers with yes or no."""
    gold_by_axis = {}
    for axis in scheme.axes:
        if axis.feature:
            continue
        gold = gold_labels(dataset.annotations, scheme.name, axis.name).labels.names
        gold_by_axis[axis.name] = [gold.get(claim) for claim in claims.claim_id]
        labels = tuple(label for label in axis.label_names if label != axis.abstain_label)
        to_itself = {label: label for label in labels}
        verdicts = scheme.tasks.get("verdict")
        is_verdict = verdicts is not None and verdicts.axis == axis.name
        answers = _question_labels(f"{scheme.name}.{axis.name}", labels, gold_by_axis[axis.name], to_itself)
        yield answers._replace(is_verdict=is_verdict)
    for task, mapping in scheme.tasks.items():
        if mapping.positive and mapping.axis in gold_by_axis:
            to_answer = dict.fromkeys(mapping.negative, "no") | dict.fromkeys(mapping.positive, "yes")
            yield _question_labels(task, ("no", "yes"), gold_by_axis[mapping.axis], to_answer, is_task=True)


def _question_labels(
    name: str,
    labels: tuple[str, ...],
    gold: Sequence[str | None],
    mapping: Mapping[str, str],
    *,
    is_task: bool = False,
) -> QuestionLabels:
    """Labels of one question, from the gold labels of an axis and the mapping of these to `labels`."""
    code_of = {axis_label: labels.index(label) for axis_label, label in mapping.items()}
    codes = np.fromiter((code_of.get(label, -1) if label else -1 for label in gold), dtype=np.int64, count=len(gold))
    return QuestionLabels(name, labels, codes, is_task)
