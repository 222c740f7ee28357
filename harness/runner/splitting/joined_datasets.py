"""Datasets of an experiment joined into one table, each with its own label scheme."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.arrays import Codes
from harness.audit.sentences import AuditedDataset, Copies, build_sentence_table
from harness.data.claims import Claims, Gold
from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations, gold_labels, parse_rule
from harness.data.labels.tasks import Answers, Task, TaskGold, answers_of, mapping_of, own_label_names, task_gold
from harness.data.load import find_scheme, open_dataset
from harness.data.packed.records import column_of
from harness.data.sentences.normalize import Form, normalize_text
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import fingerprint
from harness.memory import return_freed_memory
from harness.schemes import Scheme, TaskMapping

PREFIXED_COLUMNS = ("claim_id", "article_id")
"""Columns whose values get the name of the dataset as a prefix, so that they stay unique."""


@dataclass(frozen=True, eq=False)
class JoinedDatasets:
    """One or several datasets as one table.

    With several, ids are `DATASET:ID`, official parts are `DATASET/PART`, and the source of a claim is its dataset.
    """

    datasets: tuple[Dataset, ...]
    """Datasets, in the order of their claims."""
    claims: Claims
    """Claims of all datasets."""
    official: Mapping[str, str] | None
    """Official part of each claim id; None: a single dataset without official parts."""
    normalized: tuple[Form, ...] = ()
    """What was made alike in the texts of the claims; see `normalize_text`."""

    @property
    def name(self) -> str:
        """Names of the datasets, joined by ` + `."""
        return " + ".join(dataset.info.name for dataset in self.datasets)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of everything that classifiers can see of the claims."""
        fingerprints = [dataset.fingerprint for dataset in self.datasets]
        fingerprints += [f"normalized:{form}" for form in self.normalized]
        return fingerprints[0] if len(fingerprints) == 1 else fingerprint(fingerprints)

    @cached_property
    def copies(self) -> Copies:
        """Exact and near duplicates among the claims, as the audit finds them."""
        audited = AuditedDataset(self.name, self.claims, (), {}, self.datasets[0].info.language)
        copies = build_sentence_table([audited]).copies()
        return_freed_memory(len(self.claims))
        return copies

    @cached_property
    def languages(self) -> Mapping[str, str]:
        """Language by article id of the table."""
        languages = {}
        for dataset in self.datasets:
            prefix = f"{dataset.info.name}:" if len(self.datasets) > 1 else ""
            columns = (column_of(dataset.articles, name) for name in ("article_id", "language"))
            for article_id, language in zip(*columns, strict=True):
                languages[prefix + article_id] = language or dataset.info.language
        return languages


def load_joined(
    names: Sequence[str | Path], root: str | Path | None = None, normalize: Collection[Form] = ()
) -> JoinedDatasets:
    """Opens datasets as one table.

    Args:
        names: names or folders of datasets; at least one.
        root: folder of fetched benchmarks.
        normalize: what is made alike in the texts of the claims.
    Raises: HarnessError: a dataset is missing, invalid, without text, or named twice.
    """
    joined = join_datasets(tuple(open_dataset(name, root) for name in names))
    if not normalize:
        return joined
    claims = joined.claims
    columns = {
        name: np.array([normalize_text(text, normalize) for text in getattr(claims, name)], dtype=object)
        for name in ("text", "previous", "next")
    }
    columns["statement"] = np.array(
        [text and normalize_text(text, normalize) for text in claims.statement], dtype=object
    )
    return replace(joined, claims=replace(claims, **columns), normalized=tuple(sorted(normalize)))


def join_datasets(datasets: tuple[Dataset, ...]) -> JoinedDatasets:
    """Joins opened datasets, at least one, to one table.

    Raises: HarnessError: a dataset is without text, or named twice.
    """
    dataset_names = [dataset.info.name for dataset in datasets]
    if len(set(dataset_names)) < len(dataset_names):
        repeated = max(dataset_names, key=dataset_names.count)
        raise HarnessError(f"dataset: '{repeated}' is listed twice; list each dataset once")
    if len(datasets) == 1:
        return JoinedDatasets(datasets, datasets[0].table(), datasets[0].splits.get("official"))
    official = {}
    for dataset in datasets:
        parts = dataset.splits.get("official", {})
        for claim in dataset.current:
            # A claim without an official part belongs to the part that bears the name of its dataset, so a dataset
            # without parts can be trained or tested on as a whole.
            part = parts.get(claim.claim_id)
            part_name = dataset.info.name if part is None else f"{dataset.info.name}/{part}"
            official[f"{dataset.info.name}:{claim.claim_id}"] = part_name
    claims = _join_claims([(dataset.info.name, dataset.table()) for dataset in datasets])
    return JoinedDatasets(datasets, claims, official)


def _join_claims(tables: Sequence[tuple[str, Claims]]) -> Claims:
    """One table of the claims of several datasets, given as name and table."""
    columns = {}
    for field in fields(Claims):
        column = []
        for name, table in tables:
            values = getattr(table, field.name)
            if field.name in PREFIXED_COLUMNS:
                values = np.array([f"{name}:{value}" for value in values], dtype=object)
            elif field.name == "source":
                values = np.full(len(table), name, dtype=object)
            column.append(values)
        columns[field.name] = np.concatenate(column)
    return Claims(**columns)


def published_rows_warnings(pool: JoinedDatasets, rows: Codes) -> list[str]:
    """Returns a warning for each official part that has another number of claims than the publisher's files have rows.

    Args:
        pool: the datasets.
        rows: scored claims, as rows of the table; only their parts are named.
    """
    warnings = list[str]()
    if not any(dataset.info.published_rows for dataset in pool.datasets):
        return warnings
    claim_ids = set(pool.claims.claim_id[rows])
    for dataset in pool.datasets:
        prefix = f"{dataset.info.name}:" if len(pool.datasets) > 1 else ""
        part_of = dataset.splits.get("official", {})
        counts = Counter(part_of.values())
        scored_parts = {part for claim_id, part in part_of.items() if prefix + claim_id in claim_ids}
        warnings += [
            f"part '{part}' of {dataset.info.name} has {published:,} rows in the publisher's files and "
            f"{counts[part]:,} claims here, because rows without text are left out: n differs from the published one"
            for part, published in dataset.info.published_rows.items()
            if part in scored_parts and published != counts[part]
        ]
    return warnings


def schemes_of(pool: JoinedDatasets, task: Task, named: str | None = None) -> tuple[Scheme, ...]:
    """Returns the label scheme of each dataset for a task.

    Args:
        pool: the datasets.
        task: the task.
        named: name of the scheme; None: the first scheme of each dataset that answers the task.
    Raises: HarnessError: a dataset has no such scheme, or no scheme that answers the task, or the schemes have too few
        labels in common.
    """
    chosen: list[Scheme] = []
    for dataset in pool.datasets:
        scheme_names = dataset.info.schemes
        if named is not None:
            check_scheme(dataset, named)
        if not scheme_names:
            raise HarnessError(f"dataset '{dataset.info.name}' has no label scheme in its dataset.yaml")
        candidates = [find_scheme(dataset.folder, name) for name in ([named] if named else scheme_names)]
        scheme = next((candidate for candidate in candidates if task.name in candidate.tasks), candidates[0])
        mapping_of(task, scheme)  # raises if the scheme does not answer the task
        chosen.append(scheme)
    answers_of(task, chosen)  # raises if the schemes cannot be joined
    return tuple(chosen)


def check_scheme(dataset: Dataset, name: str) -> None:
    """Checks that a dataset has a label scheme.

    Raises: UnknownName: it has not; the message lists its schemes.
    """
    if name not in dataset.info.schemes:
        raise UnknownName(unknown_name(f"scheme of dataset '{dataset.info.name}'", name, dataset.info.schemes))


def check_annotator(pool: JoinedDatasets, rule: str, axes: Collection[tuple[str, str]] | None) -> None:
    """Checks that the annotator of a rule `single:NAME` labeled claims.

    Args:
        pool: the datasets.
        rule: a gold rule.
        axes: schemes and axes that count, as pairs; None: all.
    Raises: UnknownName: the annotator gave no label; the message lists the annotators who did.
    """
    annotator = parse_rule(rule).annotator
    known = set[str]()
    for dataset in pool.datasets if annotator else ():
        active = active_annotations(dataset.annotations)
        given = set(zip(*(column_of(active, name) for name in ("annotator", "scheme", "axis")), strict=True))
        known |= {name for name, scheme, axis in given if axes is None or (scheme, axis) in axes}
    if annotator and annotator not in known:
        raise UnknownName(unknown_name("annotator with labels for the task", annotator, sorted(known)))


def joined_gold(pool: JoinedDatasets, task: Task, schemes: Sequence[Scheme], rule: str) -> TaskGold:
    """Returns the gold of a task for all claims, from the label scheme of each dataset.

    Args:
        pool: the datasets.
        task: the task.
        schemes: label scheme of each dataset.
        rule: rule that turns several annotators' labels into one gold label.
    Raises: HarnessError: the rule is unknown, or names an annotator without labels.
    """
    check_annotator(pool, rule, {(scheme.name, mapping_of(task, scheme).axis) for scheme in schemes})
    golds: list[TaskGold] = []
    rows_with_gold = []
    n_claims_before = 0
    counts: dict[str, int] = {}
    answers = answers_of(task, schemes)
    for dataset, scheme, code_of in zip(pool.datasets, schemes, answers.codes, strict=True):
        claims = dataset.table() if len(pool.datasets) > 1 else pool.claims
        labels = gold_labels(dataset.annotations, scheme.name, mapping_of(task, scheme).axis, rule)
        gold = task_gold(task, scheme, claims, labels, Answers(answers.labels, (code_of,)))
        golds.append(gold)
        rows_with_gold.append(gold.rows_with_gold + n_claims_before)
        n_claims_before += len(claims)
        for reason, count in gold.counts.items():
            counts[reason] = counts.get(reason, 0) + count
    codes = np.concatenate([gold.gold.codes for gold in golds])
    shares = None
    if any(gold.gold.shares is not None for gold in golds):
        # A dataset without label shares gets one-hot rows: each claim has its gold label with a share of 1.
        shares = np.concatenate([np.eye(len(g.labels))[g.codes] if g.shares is None else g.shares for g, *_ in golds])
    task_labels = golds[0].gold.labels
    names = own_label_names(task_labels, [mapping_of(task, scheme) for scheme in schemes])
    return TaskGold(Gold(task_labels, codes, shares, names), np.concatenate(rows_with_gold), counts)


def joined_label_codes(pool: JoinedDatasets, gold: TaskGold) -> Codes:
    """Returns the gold code of each claim, shape (n_claims,); -1: no gold."""
    labels = np.full(len(pool.claims), -1, dtype=np.int64)
    labels[gold.rows_with_gold] = gold.gold.codes
    return labels


def _verdict_line(dataset: str, scheme: Scheme, mapping: TaskMapping, shared: Sequence[str]) -> str:
    """Which of a scheme's labels mean each shared verdict, and which are left out."""
    meanings = [
        f"{verdict} = {', '.join(label for label, common in mapping.common.items() if common == verdict)}"
        for verdict in shared
    ]
    left_out = [name for name in scheme.axis(mapping.axis).label_names if mapping.common.get(name) not in shared]
    without = f"; left out: {', '.join(left_out)}" if left_out else ""
    loses = f"; loses: {mapping.loses.strip()}" if mapping.loses else ""
    return f"{dataset} ({scheme.name}.{mapping.axis}): {'; '.join(meanings)}{without}{loses}"


def label_mapping_lines(pool: JoinedDatasets, task: Task, schemes: Sequence[Scheme]) -> tuple[str, ...]:
    """Returns one line per dataset: how its label scheme maps to the task, and what the mapping loses."""
    lines = []
    for dataset, scheme in zip(pool.datasets, schemes, strict=True):
        mapping = mapping_of(task, scheme)
        if mapping.positive:
            labels = f"yes = {', '.join(mapping.positive)}; no = {', '.join(mapping.negative)}"
            loses = f"; loses: {mapping.loses.strip()}" if mapping.loses else ""
            lines.append(f"{dataset.info.name} ({scheme.name}.{mapping.axis}): {labels}{loses}")
        elif len({one.name for one in schemes}) > 1:
            lines.append(_verdict_line(dataset.info.name, scheme, mapping, answers_of(task, schemes).labels))
    return tuple(lines)
