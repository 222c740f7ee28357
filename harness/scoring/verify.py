"""Reads an article with a saved chain: picks sentences, looks for passages, and gives each a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.arrays import Bools
from harness.data.articles.article_file import ReadOptions
from harness.data.claims import Claims, ShownPassage
from harness.data.corpora.passages import Corpus, open_corpus
from harness.errors import FaultsError
from harness.records import Article
from harness.retrieval import Index, checked_retriever
from harness.runner.chain.saved_chain import ChainModel, load_chain
from harness.runner.verification.gold_evidence import evidence_column, is_later
from harness.scoring.inputs import ArticleClaims, ScoringInput, claim_batch
from harness.scoring.score_claims import language_warnings
from harness.scoring.verification.checked_claims import CheckedClaims, EarlierVerdict, open_checked
from harness.scoring.verification.files import check_target, write_verifications
from harness.scoring.verification.judged_claims import JudgedClaim, QuotedPassage, Verification
from harness.scoring.verification.left_out import judge_without_passages
from harness.text_tables import count_of


@dataclass(frozen=True)
class ChainReader:
    """Reads articles with a chain, one after another; the passages are indexed once."""

    chain: ChainModel
    corpus: Corpus
    checked: CheckedClaims | None = None
    """Claims that fact-checkers have judged."""

    @cached_property
    def _index(self) -> Index:
        retrieve = self.chain.card.retrieve
        return checked_retriever(retrieve.retriever, retrieve.settings).index(self.corpus)

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
            days = [passage.published for passage in passages]
            allowed = np.array([[not is_later(day, claim) for day in days] for claim in claims.published], dtype=bool)
        rows, scores = self._index.search([str(text) for text in claims.text], retrieve.k, allowed)
        return [
            [QuotedPassage(passages[row], float(score)) for row, score in zip(*ranking, strict=True) if row >= 0]
            for ranking in zip(rows, scores, strict=True)
        ]


def verify(
    article: str | Path,
    chain: str | Path,
    corpus: str | Path,
    out: str | Path | None = None,
    *,
    checked: str | Path | None = None,
    match_by: str = "tfidf",
    threshold: float | None = None,
    author: str | None = None,
    language: str | None = None,
    encoding: str | None = None,
    root: str | Path | None = None,
) -> Verification:
    """Reads an article with a saved chain: picks sentences, looks for passages in a corpus, and judges each sentence.

    The verdicts are those of a classifier that nobody has checked. `verify_articles` reads several articles.

    Args:
        article: article file (.txt, .md, .html), `-` (standard input), or a table or dataset with one article.
        chain: folder that `harness run CHAIN --save-models` wrote.
        corpus: passages to look in; see `harness.open_corpus`.
        out: file to write: .html (a page), .jsonl (one claim per line), .csv, or .json (ClaimReview drafts).
        checked: file or folder of ClaimReview records: verdicts of fact-checkers, which are shown with sentences that
            are about the same.
        match_by: how sentences are matched with them: `tfidf`, or `embedding` (extra `embeddings`).
        threshold: least similarity of a match, from 0 to 1; default: that of `match_by`.
        author: organization that publishes the ClaimReview drafts; required for .json.
        language: language of an article that declares none; default: the first language of the detector.
        encoding: encoding of a text file; default: detected.
        root: folder of fetched benchmarks.
    Raises: HarnessError: an input is missing or invalid, or has no sentence; nothing is written.
    """
    target = None if out is None else Path(out)
    if target is not None:
        check_target(target, author)
    claims_checked = None if checked is None else open_checked(checked, match_by, threshold)
    reader = ChainReader(load_chain(chain), open_corpus(corpus, root), claims_checked)
    source = ScoringInput(
        reading=ReadOptions(encoding=encoding, name="stdin", offline=True),
        language=language or reader.language,
        root=root,
    )
    document = _read_one(source, article)
    result = reader.read(document, document.article.language or source.language)
    warnings = (*reader.warnings, *source.reading.notes, *source.notes, *result.warnings)
    result = replace(result, out=target, warnings=warnings)
    if target is not None:
        write_verifications(target, [result], author)
    return result


def _read_one(source: ScoringInput, name: str | Path) -> ArticleClaims:
    """The only article of an input, with its sentences.

    Raises: FaultsError: the input has no sentence, or several articles.
    """
    documents = [document for batch in source.batches([name]) for document in batch.documents]
    if len(documents) > 1:
        names = ", ".join(document.article.article_id for document in documents[:3])
        message = f"has {len(documents):,} articles ({names}, ...); give one article at a time, or a folder: -o FOLDER"
        raise FaultsError.single(name, message, code="several-articles")
    if not documents or not documents[0].claims:
        raise FaultsError.single(name, "has no sentence to judge; give an article with text", code="empty")
    return documents[0]


def _corpus_warnings(article: Article, corpus: Corpus, language: str) -> Iterator[str]:
    """What limits the evidence: passages in another language, and dates that are missing."""
    primary = language.partition("-")[0].lower()
    others = [p.language for p in corpus.passages if p.language and p.language.partition("-")[0].lower() != primary]
    if others:
        names = ", ".join(sorted(set(others)))
        yield f"{count_of(len(others), 'passage')} of {len(corpus):,} in another language ({names}) than the article"
    undated = sum(not passage.published for passage in corpus.passages)
    if not article.published:
        yield "the article has no date, so that passages published after it are not left out"
    elif undated:
        yield f"{undated:,} of {len(corpus):,} passages have no date, so that they may be later than the article"
