"""Gathers the passages that each source of evidence shows with each claim of an experiment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from harness.arrays import Bools
from harness.data.claims import ShownPassage
from harness.data.corpora.passages import Corpus, open_corpus
from harness.data.sentences.normalize import Form, normalize_text
from harness.data.splits.folds import Fold
from harness.errors import FaultsError, HarnessError
from harness.retrieval import build_retriever
from harness.retrieval.best_of import BEST_OF, BestOf
from harness.retrieval.build import name_and_settings
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.evidence_source import (
    EvidenceSetting,
    FileEvidence,
    FoundEvidence,
    Included,
    evidence_key,
    evidence_name,
)
from harness.runner.verification.gold_evidence import (
    GoldEvidence,
    Ranked,
    ShownEvidence,
    evidence_column,
    fingerprint_of,
    later_passages,
    prefixes_of,
)
from harness.runner.verification.queries import queries_of
from harness.text_tables import count_of, format_number


def gather_evidence(
    sources: Iterable[EvidenceSetting],
    joined: JoinedDatasets,
    corpus: str | None,
    root: str | Path | None,
    folds: Sequence[Fold] = (),
) -> dict[str, ShownEvidence]:
    """Gathers the evidence of each source, by the source's `evidence_key`; sources that show nothing are left out.

    Args:
        sources: the sources of all systems.
        joined: the datasets of the experiment.
        corpus: path or name of the corpus; None: that of the only dataset.
        root: folder of fetched benchmarks.
        folds: training and test claims, for `best_of`.
    Raises: HarnessError: the corpus or a run file is missing or invalid, or no claim has gold evidence.
    """
    by_key = {evidence_key(source): source for source in sources if source != "none"}
    if not by_key:
        return {}
    gold = GoldEvidence(joined)
    ranked = {key: source for key, source in by_key.items() if isinstance(source, FoundEvidence | FileEvidence)}
    shown = {key: gold.shown() for key in by_key.keys() - ranked.keys()}
    if ranked:
        rankings = _Rankings(joined, open_corpus_of(joined, corpus, root), folds)
        shown |= {key: rankings.shown(source, gold) for key, source in ranked.items()}
    return {key: _normalized(evidence, joined.normalized) for key, evidence in shown.items()}


def _normalized(shown: ShownEvidence, forms: Sequence[Form]) -> ShownEvidence:
    """What is shown, with the texts of passages made alike as those of the claims are."""
    if not forms:
        return shown
    column = evidence_column(
        [[p._replace(text=normalize_text(p.text, forms)) for p in passages] for passages in shown.column]
    )
    return shown._replace(column=column, fingerprint=fingerprint_of(column))


def open_corpus_of(joined: JoinedDatasets, corpus: str | None, root: str | Path | None) -> Corpus:
    """Opens the passages that an experiment retrieves from.

    Args:
        joined: the datasets of the experiment.
        corpus: path or name of the corpus; None: that of the only dataset.
        root: folder of fetched benchmarks.
    Raises: HarnessError: the corpus is missing or invalid.
    """
    if corpus is None and len(joined.datasets) > 1:
        names = ", ".join(dataset.info.name for dataset in joined.datasets)
        raise HarnessError(f"corpus: name the passages to retrieve from, because there are several datasets ({names})")
    return open_corpus(joined.datasets[0].folder if corpus is None else corpus, root)


def read_run_of(joined: JoinedDatasets, file: str) -> dict[str, dict[str, float]]:
    """Reads a TREC run file for the claims of an experiment: the score of each passage, by claim.

    Raises: FaultsError: all faults of the file, each with its line; or no query is a claim.
    """
    from harness.data.archives import open_input
    from harness.data.exchange.trec import read_run

    run, claim_ids = read_run(open_input(file)), joined.claims.claim_id
    if run.keys().isdisjoint(claim_ids):
        example = f"for example '{next(iter(run))}', where the dataset has '{claim_ids[0]}'"
        raise FaultsError.single(file, f"no query is the id of a claim ({example})", code="unknown-id")
    return run


def _recall(passages: Sequence[ShownPassage], cited: Collection[str], k: int) -> float:
    """The share of the cited passages among the first k."""
    return sum(passage.passage_id in cited for passage in passages[:k]) / len(cited)


class _Rankings:
    """The rankings of the passages of a corpus for each claim."""

    def __init__(self, joined: JoinedDatasets, corpus: Corpus, folds: Sequence[Fold]) -> None:
        self.joined, self.claims, self.corpus, self.folds = joined, joined.claims, corpus, folds

    def shown(self, source: FoundEvidence | FileEvidence, gold: GoldEvidence) -> ShownEvidence:
        """The first passages of a ranking for each claim, without those that are left out."""
        name = evidence_name(source)
        allowed, warnings = self._allowed(source.include)
        chosen = list[str]()
        if isinstance(source, FoundEvidence):
            warnings += queries_of(self.joined, source)[1]
        if isinstance(source, FoundEvidence) and source.retriever == BEST_OF and self.folds:
            ranked, chosen = self._best_found(source, allowed, gold)
        elif isinstance(source, FoundEvidence):
            ranked = self._found(source, allowed)
        else:
            ranked, of_file = self._from_file(source, allowed)
            warnings += of_file
        column = evidence_column(ranked)
        note = f"{name}: {len(self.corpus):,} passages{gold.coverage(column, self.corpus.row_of)}"
        return ShownEvidence(column, fingerprint_of(column), (note, *chosen), tuple(warnings), self.corpus)

    def _found(self, source: FoundEvidence, allowed: Bools | None) -> Ranked:
        passages = self.corpus.passages
        index = build_retriever(source.retriever, source.settings).index(self.corpus)
        rows, scores = index.search(queries_of(self.joined, source)[0], source.k, allowed)
        return [
            [
                ShownPassage(passages[row].passage_id, passages[row].text, float(score))
                for row, score in zip(*ranking, strict=True)
                if row >= 0
            ]
            for ranking in zip(rows, scores, strict=True)
        ]

    def _best_found(self, source: FoundEvidence, allowed: Bools | None, gold: GoldEvidence) -> tuple[Ranked, list[str]]:
        """For the test claims of each fold the ranking of the retriever that finds most for its training claims.

        Returns: the passages of each claim, and what was chosen for each fold.
        """
        choice = build_retriever(source.retriever, source.settings)
        if not isinstance(choice, BestOf):
            raise TypeError(source.retriever)
        candidates = list[FoundEvidence]()
        for entry in choice.retrievers:
            name, settings = name_and_settings(entry)
            candidates.append(source.model_copy(update={"retriever": name, "settings": settings}))
        rankings = [self._found(candidate, allowed) for candidate in candidates]
        cited = [frozenset[str]().union(*gold.groups_of(claim_id)) for claim_id in self.claims.claim_id]
        ranked = list[Sequence[ShownPassage]]()
        notes = list[str]()
        for fold in self.folds:
            rows = [row for row in fold.train if cited[row]]
            if not rows:
                raise HarnessError(f"split: {fold.name} has no training claim with gold evidence to choose by")
            recalls = [np.mean([_recall(ranking[row], cited[row], choice.k) for row in rows]) for ranking in rankings]
            best = int(np.argmax(recalls))
            ranked = ranked or list(rankings[best])  # claims that no fold tests are shown by the first choice
            for row in fold.test:
                ranked[row] = rankings[best][row]
            values = ", ".join(
                f"{evidence_name(candidate)} {format_number(float(recall))}"
                for candidate, recall in zip(candidates, recalls, strict=True)
            )
            notes.append(
                f"{BEST_OF}, {fold.name}: {evidence_name(candidates[best])}, by R@{choice.k} of "
                f"{count_of(len(rows), 'training claim')} ({values})"
            )
        return ranked, notes

    def _from_file(self, source: FileEvidence, allowed: Bools | None) -> tuple[Ranked, list[str]]:
        """The ranking of a run file, ordered as trec_eval does, and what the file has too much or too little."""
        from harness.metrics.official.trec import trec_ranking

        run, row_of = read_run_of(self.joined, source.file), self.corpus.row_of
        strangers = sorted(run.keys() - set(self.claims.claim_id))
        unknown, ranked = set[str](), list[list[ShownPassage]]()
        for number, claim_id in enumerate(self.claims.claim_id):
            scores = run.get(claim_id, {})
            unknown |= scores.keys() - row_of.keys()
            ranking = [row_of[name] for name in trec_ranking(scores) if name in row_of]
            ranking = [row for row in ranking if allowed is None or allowed[number, row]][: source.k]
            found_passages = [self.corpus.passages[row] for row in ranking]
            ranked.append([ShownPassage(p.passage_id, p.text, scores[p.passage_id]) for p in found_passages])
        n_short = sum(len(passages) < source.k for passages in ranked)
        warnings = []
        if strangers:
            warnings.append(f"{count_of(len(strangers), 'query id')} of no claim ('{strangers[0]}')")
        if unknown:
            warnings.append(f"{count_of(len(unknown), 'passage')} not in the corpus ('{min(unknown)}')")
        if n_short:
            warnings.append(f"fewer than {source.k} passages for {n_short:,} of {len(ranked):,} claims")
        return ranked, warnings

    def _allowed(self, include: Collection[Included]) -> tuple[Bools | None, list[str]]:
        """Which passages each claim may be shown, shape (n_claims, n_passages), None for all; and what is left out."""
        left_out, warnings = list[Bools](), list[str]()
        if "later" not in include:
            later = later_passages(self.claims.published, self.corpus.values("published"))
            if later.any():
                left_out.append(later)
                n_claims = count_of(int(later.any(axis=1).sum()), "claim")
                warnings.append(f"passages published after the claim are left out for {n_claims}")
            undated = sum(not day for day in self.corpus.values("published"))
            undated_claims = sum(not day for day in self.claims.published)
            if undated or undated_claims:
                warnings.append(
                    f"{undated:,} of {len(self.corpus):,} passages and {undated_claims:,} of {len(self.claims):,} "
                    "claims have no date, so that they cannot be left out for coming after the claim"
                )
        if "fact-check" not in include:
            of_fact_check = self._of_fact_check()
            if of_fact_check.any():
                left_out.append(of_fact_check)
                n_passages = int(of_fact_check.any(axis=0).sum())
                warnings.append(f"{count_of(n_passages, 'passage')} of the fact-check that gave the verdict left out")
        return (~np.any(left_out, axis=0) if left_out else None), warnings

    def _of_fact_check(self) -> Bools:
        """Whether a passage is of the page that gave the verdict on a claim; shape (n_claims, n_passages)."""
        pages = dict[str, set[str]]()
        for dataset, prefix in zip(self.joined.datasets, prefixes_of(self.joined), strict=True):
            for annotation in dataset.annotations:
                if annotation.url:
                    pages.setdefault(prefix + annotation.claim_id, set()).add(annotation.url)
        rows_of_url = dict[str | None, list[int]]()
        for row, url in enumerate(self.corpus.values("url")):
            rows_of_url.setdefault(url, []).append(row)
        same = np.zeros((len(self.claims), len(self.corpus)), dtype=bool)
        for row, claim_id in enumerate(self.claims.claim_id):
            for url in pages.get(claim_id, ()):
                same[row, rows_of_url.get(url, [])] = True
        return same
