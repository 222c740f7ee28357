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
from harness.runner.chain.each_claim import StageFailure, for_each_claim
from harness.runner.chain.saved_chain import ChainModel
from harness.runner.models.saved_model import Model
from harness.runner.verification.gold_evidence import evidence_column, later_passages
from harness.scoring.inputs import ArticleClaims, claim_batch
from harness.scoring.score_claims import language_warnings
from harness.scoring.verification.checked_claims import CheckedClaims, EarlierVerdict
from harness.scoring.verification.judged_claims import JudgedClaim, QuotedPassage, Verification
from harness.scoring.verification.left_out import LeftOut, WithoutPassages, judge_without_passages
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
        return (
            *dict.fromkeys((*self.chain.detector.warnings, *self.chain.judge.warnings)),
            *_query_warnings(self.chain),
            *(() if self.checked is None else self.checked.notes),
        )

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
        failures: list[str] = []
        judged = tuple(self._judge(document, failures))
        return Verification(
            article=article,
            n_sentences=len(document.claims),
            claims=judged,
            chain=self.chain,
            corpus=self.corpus.path,
            n_passages=len(self.corpus),
            warnings=(
                *failures,
                *language_warnings(self.chain.detector, [language]),
                *_corpus_warnings(article, self.corpus, language),
            ),
        )

    def _judge(self, document: ArticleClaims, failures: list[str]) -> Iterator[JudgedClaim]:
        """Yields the sentences that the detector picks, with passages and verdicts; adds to `failures`."""
        detector = self.chain.detector
        claims = claim_batch([document]).claims
        picked = dict[int, float]()
        for row, detected in enumerate(for_each_claim(claims, lambda some: _answers(detector, some))):
            if isinstance(detected, StageFailure):
                failures.append(f"the detector fails on '{claims.text[row]}': {detected.reason}")
            elif detected.label == detector.card.positive:
                picked[row] = detected.scores[-1]
        if not picked:
            return
        taken = claims.take(np.array([*picked], dtype=np.int64))
        checked: Sequence[tuple[EarlierVerdict, ...]] = [()] * len(taken)
        if self.checked is not None:
            checked = self.checked.match(list(taken.text), list(claims.text))
        for row, earlier, (evidence, answer, without) in zip(picked, checked, self._answer(taken), strict=True):
            claim = document.claims[row]
            if answer.reason not in (None, NO_PASSAGE):
                failures.append(f"no verdict on '{claims.text[row]}': {answer.reason}")
            yield JudgedClaim(
                claim_id=claim.claim_id,
                article_id=claim.article_id,
                start=claim.start,
                end=claim.end,
                text=claims.text[row],
                detection_score=picked[row],
                verdict=answer.label,
                scores=dict(zip(self.chain.judge.card.labels, answer.scores, strict=answer.reason is None)),
                probabilities=self.chain.judge.card.probabilities,
                evidence=evidence,
                reason=answer.reason,
                left_out=without.each,
                without_passages=without.all,
                checked=earlier,
            )

    def _answer(self, claims: Claims) -> list[tuple[tuple[QuotedPassage, ...], _Answer, WithoutPassages]]:
        """The passages that are found for each claim, and what the judge says of it; nothing without a passage."""
        judge, nothing = self.chain.judge, WithoutPassages()
        read = list[tuple[tuple[QuotedPassage, ...], _Answer, WithoutPassages]]()
        for quoted in for_each_claim(claims, self._look_up):
            if isinstance(quoted, StageFailure):
                read.append(((), _Answer(None, (), f"the retriever fails on it: {quoted.reason}"), nothing))
            else:
                read.append((tuple(quoted), _Answer(None, (), NO_PASSAGE), nothing))
        rows = np.array([row for row, (evidence, _, _) in enumerate(read) if evidence], dtype=np.int64)
        column = evidence_column(
            [[ShownPassage(q.passage.passage_id, q.passage.text, q.score) for q in evidence] for evidence, _, _ in read]
        )
        shown = replace(claims, evidence=column).take(rows)
        answers = for_each_claim(shown, lambda some: _judged(judge, some)) if len(shown) else []
        for row, answer in zip(rows.tolist(), answers, strict=True):
            if isinstance(answer, StageFailure):
                failed = _Answer(None, (), f"the judge fails on it: {answer.reason}")
                read[row] = (read[row][0], failed, WithoutPassages((LeftOut(None, None),) * len(read[row][0])))
            else:
                read[row] = (read[row][0], *answer)
        return read

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


NO_PASSAGE = "no passage was found"


class _Answer(NamedTuple):
    """What a model says of a claim."""

    label: str | None
    scores: tuple[float, ...]
    reason: str | None = None
    """Why there is none."""


def _answers(model: Model, claims: Claims) -> list[_Answer]:
    scores = model.score(claims)
    labels = model.predict(claims, scores)
    return [_Answer(label, tuple(row)) for label, row in zip(labels, scores.tolist(), strict=True)]


def _judged(judge: Model, claims: Claims) -> list[tuple[_Answer, WithoutPassages]]:
    """What the judge says of each claim, with its passages and without them."""
    answers = _answers(judge, claims)
    without = judge_without_passages(judge, claims, [answer.label for answer in answers])
    return list(zip(answers, without, strict=True))


def _query_warnings(chain: ChainModel) -> Iterator[str]:
    if chain.card.retrieve.query == "statement":
        yield "the chain looks for statements, which sentences of an article have none of: their text is looked for"


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
