"""The systems of a retrieval experiment: retrievers, and run files that were made elsewhere."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import ValidationError

from harness.arrays import Bools, Codes, Floats
from harness.classifiers.base import Classifier, Scorer
from harness.data.claims import Claims, Column, Gold
from harness.data.corpora import Corpus
from harness.data.labels.tasks import TaskGold
from harness.errors import HarnessError
from harness.metrics.base import Metric
from harness.records import explain_validation, preview
from harness.retrieval import build_retriever, checked_retriever
from harness.runner.config import System
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.evidence_source import FileEvidence, FoundEvidence, RankedEvidence
from harness.runner.verification.gold_evidence import GoldEvidence, ShownEvidence, gold_groups
from harness.yaml_file import KeyPath

if TYPE_CHECKING:
    from harness.runner.units.unit_file import Predictions

FROM_FILE = "from_file"
"""Name of the system that takes the ranking of a TREC run file."""
DEPTH = 100
"""Number of passages that are ranked for each claim, unless a system sets `depth`."""
AddFault = Callable[[KeyPath, str], None]


class RankedPassages(Classifier):
    """A retriever in the place of a classifier: it ranks passages, so nothing is fitted."""

    unsavable_reason: ClassVar[str | None] = "a retriever is not fitted; keep its index with harness index"

    source: FoundEvidence | FileEvidence
    """What is ranked."""

    def check(self) -> None:
        """Checks that a run file exists.

        Raises: HarnessError: it does not.
        """
        if isinstance(self.source, FileEvidence) and not Path(self.source.file).is_file():
            raise HarnessError(f"{self.source.file}: does not exist; expected a TREC run file")

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override] # a class variable of other classifiers
        """Distributions that compute the ranking."""
        if isinstance(self.source, FileEvidence):
            return ()
        return build_retriever(self.source.retriever, self.source.settings).packages

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Never called: the passages are ranked when the data are loaded."""
        raise NotImplementedError


def retrieval_systems(entries: Any, add: AddFault) -> tuple[System, ...]:
    """The systems of the `retrievers` of a config.

    Args:
        entries: names, or mappings with a name and settings.
        add: called with the place and the message of each fault.
    """
    systems = list[System]()
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
        name, label = settings.pop("name", None), settings.pop("label", None)
        if not isinstance(name, str) or not isinstance(label, str | None):
            add(("retrievers", number), "expected a retriever's name, or a mapping with a name and settings")
            continue
        sweeps = {key: value["each"] for key, value in settings.items() if _is_sweep(value)}
        for values in itertools.product(*sweeps.values()):
            chosen = dict(zip(sweeps, values, strict=True))
            suffix = ",".join(f"{key}={value}" for key, value in chosen.items())
            title = (label or name) + (f"[{suffix}]" if suffix else "")
            try:
                source = _source(name, settings | chosen)
            except ValidationError as error:
                for explanation in explain_validation(error):
                    place = ("depth" if key == "k" else key for key in explanation.place)
                    add(("retrievers", number, *place), explanation.message)
            except HarnessError as error:
                add(("retrievers", number), str(error))
            else:
                classifier = RankedPassages(source=source)
                systems.append(System(title, name, settings | chosen, classifier, evidence=source, entry=number))
    return tuple(systems)


def _is_sweep(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"each"} and isinstance(value["each"], list)


def _source(name: str, settings: Mapping[str, Any]) -> FoundEvidence | FileEvidence:
    looked_for = {key: settings[key] for key in ("query", "statements") if key in settings and name != FROM_FILE}
    own = {"k" if key == "depth" else key: value for key, value in settings.items() if key in ("depth", "include")}
    rest = {key: value for key, value in settings.items() if key not in {"depth", "include", *looked_for}}
    shared = RankedEvidence.model_validate_json(json.dumps({"k": DEPTH} | own, default=str)).model_dump()
    if name == FROM_FILE:
        if set(rest) != {"path"} or not isinstance(rest["path"], str):
            raise HarnessError(f"'{FROM_FILE}' takes the path of a TREC run file as `path`, got {preview(rest)}")
        return FileEvidence(file=rest["path"], **shared)
    checked_retriever(name, rest)
    return FoundEvidence(retriever=name, settings=rest, **looked_for, **shared)


def retrieval_gold(joined: JoinedDatasets, metrics: Sequence[str]) -> TaskGold:
    """The claims that have gold evidence; a label stands for each metric, and the codes mean nothing.

    Raises: HarnessError: no claim has gold evidence.
    """
    gold = GoldEvidence(joined)
    if not gold.by_claim:
        raise HarnessError(f"dataset '{joined.name}' has no gold evidence (evidence.jsonl), so nothing can be found")
    has_gold: Bools = np.array([bool(gold.groups_of(name)) for name in joined.claims.claim_id], dtype=bool)
    rows: Codes = np.flatnonzero(has_gold)
    codes: Codes = np.zeros(len(rows), dtype=np.int64)
    return TaskGold(Gold(tuple(metrics), codes), rows, {})


def gold_texts(joined: JoinedDatasets) -> Column:
    """The gold evidence of each claim as text: passages joined by ` + `, alternatives by ` | `; None without any."""
    texts = np.empty(len(joined.claims), dtype=object)
    texts[:] = [" | ".join(" + ".join(group) for group in groups) or None for groups in gold_groups(joined)]
    return texts


def ranking_values(
    joined: JoinedDatasets, shown: ShownEvidence, rows: Codes, metrics: Mapping[str, Metric]
) -> Predictions:
    """The value of each metric for each claim, in the form of scores.

    Args:
        joined: the datasets.
        shown: passages that a system ranks for each claim of the datasets, best first.
        rows: claims to score.
        metrics: metrics of the task `evidence`, by the name of their column.
    Returns: scores of shape (n_rows, n_metrics); 0 for claims without gold evidence, which no value counts.
    """
    from harness.metrics.verification.rankings import JudgedRankings, RankingMetric, SourceRecallAt
    from harness.runner.units.unit_file import Predictions

    gold = GoldEvidence(joined)
    groups = [gold.groups_of(claim_id) for claim_id in joined.claims.claim_id[rows]]
    has_gold: Bools = np.array(list(map(bool, groups)), dtype=bool)
    judged = JudgedRankings(
        [[(passage.passage_id, passage.score or 0.0) for passage in shown.column[row]] for row in rows[has_gold]],
        [group for group in groups if group],
        _sources(shown.corpus) if any(isinstance(metric, SourceRecallAt) for metric in metrics.values()) else None,
    )
    values: Floats = np.zeros((len(rows), len(metrics)))
    for number, metric in enumerate(metrics.values()):
        if isinstance(metric, RankingMetric):
            values[has_gold, number] = metric.of_claims(judged)
    return Predictions(
        scores=values,
        predicted=np.full(len(rows), -1, dtype=np.int64),
        probabilities=False,
        gives_scores=True,
        gives_labels=False,
        n_unanswered=0,
    )


def _sources(corpus: Corpus | None) -> dict[str, str]:
    """The source of each passage: the first of the documents that are extracts of one source, else its document."""
    from harness.audit.verification.corpora import same_source_groups

    passages = corpus.passages if corpus else ()
    first = {document: group[0] for group in same_source_groups(passages) for document in group}
    return {passage.passage_id: first.get(passage.document_id, passage.document_id) for passage in passages}


def trec_files(joined: JoinedDatasets, column: Column, rows: Codes, system: str) -> dict[str, bytes]:
    """The ranking as a TREC run file and the gold evidence as a qrels file, by file name."""
    gold, name = GoldEvidence(joined), "".join(c if not c.isspace() else "_" for c in system)
    run, qrels = list[str](), list[str]()
    for claim_id, passages in zip(joined.claims.claim_id[rows], column[rows], strict=True):
        run += [
            f"{claim_id} Q0 {passage.passage_id} {rank} {passage.score!r} {name}"
            for rank, passage in enumerate(passages, start=1)
        ]
        cited = sorted(frozenset[str]().union(*gold.groups_of(claim_id)))
        qrels += [f"{claim_id} 0 {passage_id} 1" for passage_id in cited]
    return {
        "run.trec": "".join(f"{line}\n" for line in run).encode(),
        "qrels.trec": "".join(f"{line}\n" for line in qrels).encode(),
    }
