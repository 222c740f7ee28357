"""The data of an experiment: one dataset, or several as one table, each under its own scheme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.arrays import Codes
from harness.audit import AuditedDataset, SentenceTable, build_sentence_table
from harness.data.claims import Claims, Gold
from harness.data.dataset import Dataset
from harness.data.labels.gold import gold_labels
from harness.data.labels.tasks import Task, TaskGold, mapping_of, task_gold
from harness.data.load import find_scheme, open_dataset
from harness.errors import HarnessError
from harness.files import fingerprint
from harness.schemes import Scheme

PREFIXED = ("claim_id", "article_id")


@dataclass(frozen=True, eq=False)
class JoinedDatasets:
    """Datasets as one table. With several, ids are `DATASET:ID`, official parts `DATASET/PART`, and a claim's source is
    its dataset.
    """

    datasets: tuple[Dataset, ...]
    claims: Claims
    official: Mapping[str, str] | None
    """Claim to official part; None: a dataset alone without official parts."""

    @property
    def name(self) -> str:
        """The datasets' names, joined by a plus."""
        return " + ".join(dataset.info.name for dataset in self.datasets)

    @property
    def fingerprint(self) -> str:
        """What classifiers can see of the claims."""
        prints = [dataset.fingerprint for dataset in self.datasets]
        return prints[0] if len(prints) == 1 else fingerprint(prints)

    @cached_property
    def sentences(self) -> SentenceTable:
        """The texts as the audit compares them."""
        return build_sentence_table([AuditedDataset(self.name, self.claims, (), {}, self.datasets[0].info.language)])

    @cached_property
    def languages(self) -> Mapping[str, str]:
        """Article of the table to the language that it is in."""
        several = len(self.datasets) > 1
        return {
            f"{dataset.info.name}:{article.article_id}" if several else article.article_id: article.language
            or dataset.info.language
            for dataset in self.datasets
            for article in dataset.articles
        }


def load_joined(names: Sequence[str | Path], root: str | Path | None = None) -> JoinedDatasets:
    """Opens datasets as one table.

    Args:
        names: datasets by name or folder; at least one.
        root: where fetched benchmarks live.
    Raises: HarnessError: one is absent, wrong or without text, or one is named twice.
    """
    datasets = tuple(open_dataset(name, root) for name in names)
    called = [dataset.info.name for dataset in datasets]
    if len(set(called)) < len(called):
        raise HarnessError(f"dataset: '{max(called, key=called.count)}' is named twice")
    if len(datasets) == 1:
        return JoinedDatasets(datasets, datasets[0].table(), datasets[0].splits.get("official"))
    official = {
        f"{dataset.info.name}:{claim.claim_id}": "/".join((dataset.info.name, *part))
        for dataset in datasets
        for claim in dataset.current
        for part in [_part(dataset, claim.claim_id)]
    }
    return JoinedDatasets(datasets, _joined([(dataset.info.name, dataset.table()) for dataset in datasets]), official)


def _part(dataset: Dataset, claim_id: str) -> tuple[str, ...]:
    part = dataset.splits.get("official", {}).get(claim_id)
    return () if part is None else (part,)


def _joined(tables: Sequence[tuple[str, Claims]]) -> Claims:
    columns = {}
    for field in fields(Claims):
        parts = []
        for name, table in tables:
            values = getattr(table, field.name)
            if field.name in PREFIXED:
                values = np.array([f"{name}:{value}" for value in values], dtype=object)
            elif field.name == "source":
                values = np.full(len(table), name, dtype=object)
            parts.append(values)
        columns[field.name] = np.concatenate(parts)
    return Claims(**columns)


def schemes_of(pool: JoinedDatasets, task: Task, named: str | None = None) -> tuple[Scheme, ...]:
    """The scheme under which each dataset answers a task: the named one, else the first that answers it.

    Raises: HarnessError: a dataset has no such scheme, or none that answers the task.
    """
    found = []
    for dataset in pool.datasets:
        listed = dataset.info.schemes
        if named is not None and named not in listed:
            known = ", ".join(listed) or "none"
            raise HarnessError(f"dataset '{dataset.info.name}' is not labelled under scheme '{named}'; it has: {known}")
        if not listed:
            raise HarnessError(f"dataset '{dataset.info.name}' is labelled under no scheme")
        schemes = [find_scheme(dataset.folder, name) for name in ([named] if named else listed)]
        found.append(next((scheme for scheme in schemes if task.name in scheme.tasks), schemes[0]))
        mapping_of(task, found[-1])
    if len({scheme.name for scheme in found}) > 1 and not task.binary:
        names = ", ".join(scheme.name for scheme in found)
        raise HarnessError(f"the task '{task.name}' has each scheme's own labels, so these cannot be joined: {names}")
    return tuple(found)


def joined_gold(pool: JoinedDatasets, task: Task, schemes: Sequence[Scheme], rule: str) -> TaskGold:
    """The gold of a task for the claims of a pool, each dataset under its own scheme."""
    golds, before = list[TaskGold](), 0
    counts: dict[str, int] = {}
    settled = []
    for dataset, scheme in zip(pool.datasets, schemes, strict=True):
        claims = dataset.table() if len(pool.datasets) > 1 else pool.claims
        labels = gold_labels(dataset.annotations, scheme.name, mapping_of(task, scheme).axis, rule)
        gold = task_gold(task, scheme, claims, labels)
        golds.append(gold)
        settled.append(gold.rows_with_gold + before)
        before += len(claims)
        for reason, count in gold.counts.items():
            counts[reason] = counts.get(reason, 0) + count
    codes = np.concatenate([gold.gold.codes for gold in golds])
    shares = None
    if any(gold.gold.shares is not None for gold in golds):
        shares = np.concatenate([np.eye(len(g.labels))[g.codes] if g.shares is None else g.shares for g, *_ in golds])
    return TaskGold(Gold(golds[0].gold.labels, codes, shares), np.concatenate(settled), counts)


def joined_label_codes(pool: JoinedDatasets, gold: TaskGold) -> Codes:
    """The gold code of each claim, -1 for none; shape (n_claims,)."""
    labels = np.full(len(pool.claims), -1, dtype=np.int64)
    labels[gold.rows_with_gold] = gold.gold.codes
    return labels


def label_mapping_lines(pool: JoinedDatasets, task: Task, schemes: Sequence[Scheme]) -> tuple[str, ...]:
    """How each dataset's scheme answers the task, and what that loses; a line for each."""
    lines = []
    for dataset, scheme in zip(pool.datasets, schemes, strict=True):
        mapping = mapping_of(task, scheme)
        if mapping.positive:
            said = f"yes is {', '.join(mapping.positive)}; no is {', '.join(mapping.negative)}"
            loses = f"; loses: {mapping.loses.strip()}" if mapping.loses else ""
            lines.append(f"{dataset.info.name} ({scheme.name}.{mapping.axis}): {said}{loses}")
    return tuple(lines)
