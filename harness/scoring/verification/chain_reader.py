"""Reads articles with a saved chain, one after another: picks sentences, looks for passages, and judges them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools
from harness.data.claims import Claims, ShownPassage
from harness.data.corpora.passages import Corpus, open_corpus
from harness.errors import FaultsError
from harness.records import Article
from harness.retrieval import Index, checked_retriever
from harness.retrieval.stored import index_command, is_index, open_index
from harness.runner.chain.saved_chain import ChainModel
from harness.runner.verification.gold_evidence import evidence_column, later_passages
from harness.scoring.inputs import ArticleClaims, claim_batch
from harness.scoring.score_claims import language_warnings
from harness.scoring.verification.checked_claims import CheckedClaims, EarlierVerdict
from harness.scoring.verification.judged_claims import JudgedClaim, QuotedPassage, Verification
from harness.scoring.verification.left_out import judge_without_passages
from harness.text_tables import count_of


class Passages(NamedTuple):
    """Passages to look in."""

    corpus: Corpus
    open_index: Callable[[], Index]
    """Gives the index; passages are indexed only for articles that have a claim."""


def open_passages(chain: ChainModel, corpus: str | Path, root: str | Path | None) -> Passages:
    """Opens the passages, or an index of them.

    Raises: HarnessError: the corpus is invalid, or the index has another retriever than the chain.
    """
    retrieve = chain.card.retrieve
    retriever = checked_retriever(retrieve.retriever, retrieve.settings)
    if not is_index(corpus):
        opened = open_corpus(corpus, root)
        return Passages(opened, lambda: retriever.index(opened))
    stored = open_index(corpus)
    if not stored.is_by(retrieve.retriever, retrieve.settings):
        again = index_command(stored.card.corpus, retrieve.retriever, retrieve.settings, corpus)
        message = f"is an index by {stored.card.retriever}, and the chain looks for passages by {retrieve.retriever}"
        raise FaultsError.single(corpus, f"{message} with its own settings; run: {again}", code="other-retriever")
    return Passages(stored.corpus, lambda: stored.index)


@dataclass(frozen=True)
class ChainReader:
    """Reads articles with a chain, one after another; the passages are indexed once."""

    chain: ChainModel
    passages: Passages
    checked: CheckedClaims | None = None
    """Claims that fact-checkers have judged."""

    @cached_property
    def _index(self) -> Index:
        return self.passages.open_index()

    @property
    def corpus(self) -> Corpus:
        """Passages to look in."""
        return self.passages.corpus

    @property
    def language(self) -> str:
        """Language of articles that declare none: the first one that the detector was trained on."""
        return next(iter(self.chain.detector.card.languages), "en")

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What concerns every article."""
        return (*self.chain.detector.warnings, *(() if self.checked is None else self.checked.notes))

    def read(self, document: ArticleClaims, language: str) -> Verification:
        """Reads an article.

        Args:
            document: the article with its sentences.
            language: its language.
        Raises: FaultsError: it has no sentence.
        """
        article = document.article
        if not document.claims:
            message = "has no sentence to judge; give an article with text"
            raise FaultsError.single(article.article_id, message, code="empty")
        return Verification(
            article=article,
            n_sentences=len(document.claims),
            claims=tuple(self._judge(document)),
            chain=self.chain,
            corpus=self.corpus.path,
            n_passages=len(self.corpus),
            warnings=(
                *language_warnings(self.chain.detector, [language]),
                *_corpus_warnings(article, self.corpus, language),
            ),
        )

    def _judge(self, document: ArticleClaims) -> Iterator[JudgedClaim]:
        """Yields the sentences that the detector picks, with their passages and verdicts."""
        detector, judge = self.chain.detector, self.chain.judge
        claims = claim_batch([document]).claims
        detection = detector.score(claims)
        labels = detector.predict(claims, detection)
        rows = np.array([row for row, label in enumerate(labels) if label == detector.card.positive], dtype=np.int64)
        picked = claims.take(rows)
        if not len(picked):
            return
        evidence = self._look_up(picked)
        column = evidence_column(
            [[ShownPassage(q.passage.passage_id, q.passage.text, q.score) for q in quoted] for quoted in evidence]
        )
        judged = replace(picked, evidence=column)
        scores = judge.score(judged)
        verdicts = judge.predict(judged, scores)
        without = judge_without_passages(judge, judged, verdicts)
        checked: Sequence[tuple[EarlierVerdict, ...]] = [()] * len(picked)
        if self.checked is not None:
            checked = self.checked.match(list(picked.text), list(claims.text))
        for index, row in enumerate(rows):
            claim = document.claims[row]
            yield JudgedClaim(
                claim_id=claim.claim_id,
                article_id=claim.article_id,
                start=claim.start,
                end=claim.end,
                text=picked.text[index],
                detection_score=float(detection[row, -1]),
                verdict=verdicts[index],
                scores=dict(zip(judge.card.labels, scores[index].tolist(), strict=True)),
                probabilities=judge.card.probabilities,
                evidence=tuple(evidence[index]),
                left_out=without[index].each,
                without_passages=without[index].all,
                checked=checked[index],
            )

    def _look_up(self, claims: Claims) -> list[list[QuotedPassage]]:
        """The first passages for each claim, without those that were published after it."""
        retrieve, passages = self.chain.card.retrieve, self.corpus.passages
        allowed: Bools | None = None
        if "later" not in retrieve.include:
            allowed = ~later_passages(claims.published, self.corpus.values("published"))
        rows, scores = self._index.search([str(text) for text in claims.text], retrieve.k, allowed)
        return [
            [QuotedPassage(passages[row], float(score)) for row, score in zip(*ranking, strict=True) if row >= 0]
            for ranking in zip(rows, scores, strict=True)
        ]


def _corpus_warnings(article: Article, corpus: Corpus, language: str) -> Iterator[str]:
    """What limits the evidence: passages in another language, and dates that are missing."""
    primary = language.partition("-")[0].lower()
    languages = Counter(corpus.values("language"))
    others = {name for name in languages if name and name.partition("-")[0].lower() != primary}
    if others:
        names, n_others = ", ".join(sorted(others)), sum(languages[name] for name in others)
        yield f"{count_of(n_others, 'passage')} of {len(corpus):,} in another language ({names}) than the article"
    undated = sum(not day for day in corpus.values("published"))
    if not article.published:
        yield "the article has no date, so that passages published after it are not left out"
    elif undated:
        yield f"{undated:,} of {len(corpus):,} passages have no date, so that they may be later than the article"
