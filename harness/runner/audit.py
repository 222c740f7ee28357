"""Audits datasets together, or the splits of an experiment: the function behind `harness audit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.arguments import as_list
from harness.audit.ancestry import write_atlas
from harness.audit.base import Finding
from harness.audit.checks import CHECKS, run_checks
from harness.audit.sentences import (
    AuditedDataset,
    QuestionLabels,
    SentenceTable,
    audit_view,
    build_sentence_table,
)
from harness.data.benchmarks.benchmark import benchmark_names
from harness.data.corpora.passages import Passage, corpus_of, open_corpus
from harness.data.labels.tasks import answers_of, find_task
from harness.data.load import dataset_names, open_dataset
from harness.display import Rows, displayed
from harness.folders import shipped
from harness.progress import Progress, silent
from harness.runner.load_config import load_experiment
from harness.runner.plan import ExperimentData, load_data
from harness.runner.splitting.joined_datasets import joined_label_codes
from harness.runner.verification.gold_evidence import GoldEvidence


@displayed
@dataclass(frozen=True)
class Audit:
    """Findings of an audit."""

    targets: tuple[str, ...]
    sentences: int
    findings: Rows[Finding]

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def failed(self) -> bool:
        """Whether a finding makes numbers wrong."""
        return any(finding.severity == "error" for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """The findings as `harness audit --json` prints them."""
        return {"findings": [finding.document() for finding in self.findings]}


def audit_targets(
    targets: str | Path | Sequence[str | Path],
    *,
    root: str | Path | None = None,
    atlas: str | Path | None = None,
    progress: Progress = silent,
) -> Audit:
    """Runs the leakage and quality checks; `docs/reference/audit-checks/` explains each.

    Args:
        targets: one or more datasets (names or folders), checked together; and experiments (config files or shipped
            names), whose folds are checked.
        root: folder of fetched benchmarks.
        atlas: also write the measured overlaps of the datasets to this file.
        progress: shows progress over the targets and the checks.
    Raises: HarnessError: a target is missing or invalid.
    """
    targets = as_list(targets)
    with progress(len(targets) + len(CHECKS.names())) as advance:
        sources = []
        for target in targets:
            sources.append(_source(str(target), root))
            advance(f"opened {target}")
        sentences: SentenceTable = build_sentence_table(sources)
        if atlas is not None:
            write_atlas(sentences, Path(atlas))
        findings = run_checks(sentences, advance)
    return Audit(tuple(map(str, targets)), len(sentences.key), Rows(findings))


def _source(target: str, root: str | Path | None) -> AuditedDataset:
    if not _is_config(target):
        return audit_view(open_dataset(target, root))
    loaded = load_experiment(target)
    data = load_data(loaded, root)
    task = find_task(loaded.experiment.task)
    answers = list[QuestionLabels]()
    if data.schemes:
        labels = answers_of(task, data.schemes).labels
        codes = joined_label_codes(data.joined, data.gold)
        is_verdict = task.name == "verdict"
        answers.append(QuestionLabels(task.name, labels, codes, is_task=task.binary, is_verdict=is_verdict))
    gold = GoldEvidence(data.joined).by_claim
    return AuditedDataset(
        loaded.experiment.name,
        data.claims,
        tuple(answers),
        _folds(data),
        data.joined.datasets[0].info.language,
        evidence=tuple(tuple(gold.get(claim_id, ())) for claim_id in data.claims.claim_id) if gold else (),
        passages=_passages(data, loaded.experiment.corpus, root),
    )


def _passages(data: ExperimentData, corpus: str | None, root: str | Path | None) -> tuple[Passage, ...]:
    """The passages that an experiment retrieves from; by default the corpora of its datasets."""
    if corpus is not None:
        return tuple(open_corpus(corpus, root).passages)
    corpora = [corpus_of(dataset.folder) for dataset in data.joined.datasets]
    return tuple(passage for known in corpora if known for passage in known.passages)


def _is_config(target: str) -> bool:
    if Path(target).is_dir() or target in (*dataset_names(), *benchmark_names()):
        return False
    return Path(target).suffix in (".yaml", ".yml") or (shipped("experiments") / f"{target}.yaml").exists()


def _folds(data: ExperimentData) -> dict[str, list[str | None]]:
    """Side of each claim, by fold name."""
    sides = {}
    for fold in data.folds:
        side: list[str | None] = [None] * len(data.claims)
        for row in fold.train:
            side[row] = "train"
        for row in fold.test:
            side[row] = "test"
        sides[fold.name] = side
    return sides
