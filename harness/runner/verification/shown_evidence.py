"""Gathers the passages that each source of evidence shows with each claim of an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools
from harness.data.claims import Claims, Column, ShownPassage, no_evidence
from harness.data.corpora.passages import Corpus, open_corpus
from harness.errors import HarnessError
from harness.files import fingerprint
from harness.records import Evidence
from harness.retrieval import build_retriever
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.evidence_source import (
    EvidenceSetting,
    FileEvidence,
    FoundEvidence,
    evidence_name,
)

WITHOUT_EVIDENCE = no_evidence(0)


class ShownEvidence(NamedTuple):
    """What one source shows with the claims of an experiment."""

    column: Column
    """Tuples of `ShownPassage`; shape (n_claims,)."""
    fingerprint: str
    """Fingerprint of the source and of all passages shown."""
    notes: tuple[str, ...]
    """How much is shown, for the reader of the table."""
    warnings: tuple[str, ...] = ()


def gather_evidence(
    sources: Iterable[EvidenceSetting], joined: JoinedDatasets, corpus: str | None, root: str | Path | None
) -> dict[str, ShownEvidence]:
    """Gathers the evidence of each source, by the source's name.

    Args:
        sources: the sources of all systems.
        joined: the datasets of the experiment.
        corpus: path or name of the corpus; None: that of the only dataset.
        root: folder of fetched benchmarks.
    Raises: HarnessError: the corpus or a run file is missing or invalid, or no claim has gold evidence.
    """
    gold = gold_evidence(joined)
    opened: Corpus | None = None
    shown = dict[str, ShownEvidence]()
    for source in dict.fromkeys(map(_Hashable, sources)):
        setting, name = source.setting, evidence_name(source.setting)
        if setting == "none":
            continue
        if setting == "gold":
            shown[name] = _gold_shown(name, joined.claims, gold)
            continue
        if opened is None:
            opened = open_corpus(corpus if corpus is not None else joined.datasets[0].folder, root)
        if isinstance(setting, FileEvidence):
            ranked, warnings = _rank_by_file(setting, joined.claims, opened)
        else:
            assert isinstance(setting, FoundEvidence)  # noqa: S101 - the only kind left
            ranked, warnings = _rank(setting, joined, opened)
        column = _column(ranked)
        digest = fingerprint([name, opened.fingerprint, *_identity(column)])
        notes = (f"{name}: {len(opened):,} passages{_coverage(column, joined.claims, gold)}",)
        shown[name] = ShownEvidence(column, digest, notes, tuple(warnings))
    return shown


class _Hashable(NamedTuple):
    """A setting that can be a key although its settings are a mapping."""

    setting: EvidenceSetting

    def __hash__(self) -> int:
        return hash(evidence_name(self.setting))


def gold_evidence(joined: JoinedDatasets) -> Mapping[str, list[Evidence]]:
    """The gold passages of each claim id of the table."""
    by_claim = dict[str, list[Evidence]]()
    for dataset in joined.datasets:
        prefix = f"{dataset.info.name}:" if len(joined.datasets) > 1 else ""
        for evidence in dataset.evidence:
            by_claim.setdefault(prefix + evidence.claim_id, []).append(evidence)
    return by_claim


def _gold_shown(name: str, claims: Claims, gold: Mapping[str, list[Evidence]]) -> ShownEvidence:
    if not gold:
        raise HarnessError("evidence: the dataset has no gold evidence (evidence.jsonl); set evidence: none")
    column = _column(
        [ShownPassage(e.passage_id or e.evidence_id, e.text) for e in gold.get(claim_id, ())]
        for claim_id in claims.claim_id
    )
    note = f"{name}: the passages that annotators cited, which no system has when it reads a new claim"
    return ShownEvidence(column, fingerprint([name, *_identity(column)]), (note,))


def _rank(setting: FoundEvidence, joined: JoinedDatasets, corpus: Corpus) -> tuple[list[list[ShownPassage]], list[str]]:
    """The first k passages of a retriever for each claim, without those that come after the claim."""
    index = build_retriever(setting.retriever, setting.settings).index(corpus)
    allowed, warnings = _allowed(setting, joined, corpus)
    rows, scores = index.search([str(text) for text in joined.claims.text], setting.k, allowed)
    ranked = [
        [
            ShownPassage(corpus.passages[row].passage_id, corpus.passages[row].text, float(score))
            for row, score in zip(*ranking, strict=True)
            if row >= 0
        ]
        for ranking in zip(rows, scores, strict=True)
    ]
    return ranked, warnings


def _allowed(setting: FoundEvidence, joined: JoinedDatasets, corpus: Corpus) -> tuple[Bools | None, list[str]]:
    """Which passages each claim may be shown, shape (n_claims, n_passages), None for all; and what was left out."""
    claims, name = joined.claims, evidence_name(setting)
    claim_days = np.array([(day or "")[:10] for day in claims.published], dtype=object)
    passage_days = np.array([(passage.published or "")[:10] for passage in corpus.passages], dtype=object)
    warnings, allowed = list[str](), None
    if "later" not in setting.include:
        later = (passage_days[None, :] > claim_days[:, None]) & (claim_days != "")[:, None]
        if later.any():
            allowed = ~later.astype(bool)
            n_claims = int(later.any(axis=1).sum())
            warnings.append(f"{name}: passages published after the claim are left out for {n_claims:,} claims")
        undated = int((passage_days == "").sum())
        undated_claims = int((claim_days == "").sum())
        if undated or undated_claims:
            warnings.append(
                f"{name}: {undated:,} of {len(corpus):,} passages and {undated_claims:,} of {len(claims):,} claims "
                "have no date, so that nothing is known of which came first"
            )
    if "fact-check" not in setting.include:
        of_fact_check = _from_fact_checks(joined, corpus)
        if of_fact_check.any():
            allowed = ~of_fact_check if allowed is None else allowed & ~of_fact_check
            warnings.append(
                f"{name}: {int(of_fact_check.sum()):,} passages of the fact-check that gave the verdict are left out"
            )
    return allowed, warnings


def _from_fact_checks(joined: JoinedDatasets, corpus: Corpus) -> Bools:
    """Whether a passage comes from the page that gave the verdict on a claim; shape (n_claims, n_passages)."""
    pages = dict[str, set[str]]()
    for dataset in joined.datasets:
        prefix = f"{dataset.info.name}:" if len(joined.datasets) > 1 else ""
        for annotation in dataset.annotations:
            if annotation.url:
                pages.setdefault(prefix + annotation.claim_id, set()).add(annotation.url)
    same = np.zeros((len(joined.claims), len(corpus)), dtype=bool)
    if pages:
        rows_of_url = dict[str, list[int]]()
        for row, passage in enumerate(corpus.passages):
            if passage.url:
                rows_of_url.setdefault(passage.url, []).append(row)
        for row, claim_id in enumerate(joined.claims.claim_id):
            for url in pages.get(claim_id, ()):
                same[row, rows_of_url.get(url, [])] = True
    return same


def _rank_by_file(setting: FileEvidence, claims: Claims, corpus: Corpus) -> tuple[list[list[ShownPassage]], list[str]]:
    """The first k passages of a run file for each claim, and what the file has too much or too little."""
    from harness.data.exchange.trec import read_run

    run = read_run(Path(setting.file))
    known = set(claims.claim_id)
    unknown_claims = sorted(set(run) - known)
    if not set(run) & known:
        raise HarnessError(f"{setting.file}: no query is a claim of the dataset (for example '{next(iter(run), '')}')")
    warnings, unknown, ranked = list[str](), set[str](), list[list[ShownPassage]]()
    for claim_id in claims.claim_id:
        hits = sorted(run.get(claim_id, {}).items(), key=lambda hit: -hit[1])
        unknown |= {passage_id for passage_id, _ in hits if passage_id not in corpus.row_of}
        hits = [hit for hit in hits if hit[0] in corpus.row_of][: setting.k]
        ranked.append([ShownPassage(name, corpus.passages[corpus.row_of[name]].text, score) for name, score in hits])
    short = sum(len(hits) < setting.k for hits in ranked)
    if unknown_claims:
        warnings.append(f"{setting.file}: {len(unknown_claims):,} queries are no claim ('{unknown_claims[0]}')")
    if unknown:
        warnings.append(f"{setting.file}: {len(unknown):,} passages are not in the corpus ('{min(unknown)}')")
    if short:
        warnings.append(f"{setting.file}: fewer than {setting.k} passages for {short:,} of {len(claims):,} claims")
    return ranked, warnings


def _coverage(column: Column, claims: Claims, gold: Mapping[str, list[Evidence]]) -> str:
    """For how many claims a whole group of gold passages is shown; empty if no claim has gold evidence."""
    with_gold = complete = 0
    for claim_id, passages in zip(claims.claim_id, column, strict=True):
        groups = dict[int, set[str]]()
        for evidence in gold.get(claim_id, ()):
            groups.setdefault(evidence.group, set()).add(evidence.passage_id or evidence.evidence_id)
        with_gold += bool(groups)
        names = {passage.passage_id for passage in passages}
        complete += any(group <= names for group in groups.values())
    if not with_gold:
        return ""
    return f"; a whole group of gold passages is shown for {complete:,} of {with_gold:,} claims with gold evidence"


def _column(ranked: Iterable[list[ShownPassage]]) -> Column:
    rows = [tuple(passages) for passages in ranked]
    column = no_evidence(len(rows))
    for row, passages in enumerate(rows):
        column[row] = passages
    return column


def _identity(column: Column) -> list[list[str]]:
    return [[text for passage in passages for text in passage[:2]] for passages in column]
