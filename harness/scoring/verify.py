"""Reads an article with a saved chain: picks sentences, looks for passages, and gives each a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Bools
from harness.data.articles.article_file import ReadOptions
from harness.data.claims import Claims, ShownPassage
from harness.data.corpora.passages import Corpus, Passage, open_corpus
from harness.display import displayed
from harness.errors import FaultsError, UnknownName, unknown_name
from harness.files import atomic_file, json_line
from harness.records import Article
from harness.retrieval import Index, checked_retriever
from harness.retrieval.stored import index_command, is_index, open_index
from harness.runner.chain.saved_chain import ChainModel, load_chain
from harness.runner.verification.gold_evidence import evidence_column, later_passages
from harness.scoring.inputs import ScoringInput
from harness.scoring.score_claims import language_warnings
from harness.text_tables import count_of


@displayed
@dataclass(frozen=True)
class QuotedPassage:
    """A passage that was shown with a claim."""

    passage: Passage
    score: float
    """Score of the retriever."""

    def document(self) -> dict[str, Any]:
        """The passage as `harness verify` writes it."""
        return self.passage.model_dump(mode="json", exclude_none=True) | {"score": self.score}


@displayed
@dataclass(frozen=True)
class JudgedClaim:
    """A sentence of the article that the detector picked, with its verdict."""

    claim_id: str
    article_id: str
    start: int
    """Offset of the first character in the text of the article, in Unicode code points."""
    end: int
    text: str
    detection_score: float
    """Score of the detector for its positive label."""
    verdict: str | None
    """Label with which the judge answers; None: it gives no answer."""
    scores: dict[str, float]
    """Score of the judge for each label."""
    probabilities: bool
    """Whether the scores are probabilities."""
    evidence: tuple[QuotedPassage, ...]
    """Passages that the judge read, best first; empty if none was found."""

    def document(self) -> dict[str, Any]:
        """The claim as a line of `harness verify -o out.jsonl`."""
        fields = {name: getattr(self, name) for name in ("claim_id", "article_id", "start", "end", "text")}
        return fields | {
            "detection_score": self.detection_score,
            "verdict": self.verdict,
            "scores": self.scores,
            "probabilities": self.probabilities,
            "evidence": [quoted.document() for quoted in self.evidence],
        }


@displayed
@dataclass(frozen=True)
class Verification:
    """An article with the verdicts of a chain."""

    article: Article
    """Article that was read."""
    n_sentences: int
    """Number of sentences of the article."""
    claims: tuple[JudgedClaim, ...]
    """Sentences that the detector picked, in the order of the article."""
    chain: ChainModel
    """Chain that gave the verdicts."""
    corpus: Path
    """File of the passages."""
    n_passages: int
    """Number of passages of the corpus."""
    out: Path | None = None
    """Output file; None: no file was written."""
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The document that `harness verify --json` prints."""
        return {
            "article_id": self.article.article_id,
            "title": self.article.title,
            "n_sentences": self.n_sentences,
            "chain": str(self.chain.folder),
            "stages": self.chain.card.measured.get("stages", {}),
            "corpus": str(self.corpus),
            "n_passages": self.n_passages,
            "out": None if self.out is None else str(self.out),
            "warnings": list(self.warnings),
            "claims": [claim.document() for claim in self.claims],
        }


def verify(
    article: str | Path,
    chain: str | Path,
    corpus: str | Path,
    out: str | Path | None = None,
    *,
    language: str | None = None,
    encoding: str | None = None,
    root: str | Path | None = None,
) -> Verification:
    """Reads an article with a saved chain: picks sentences, looks for passages in a corpus, and judges each sentence.

    The verdicts are those of a classifier that nobody has checked.

    Args:
        article: article file (.txt, .md, .html), `-` (standard input), or a table or dataset with one article.
        chain: folder that `harness run CHAIN --save-models` wrote.
        corpus: passages to look in; see `harness.open_corpus`. The folder of an index that has the retriever of the
            chain (`harness index`) spares a large corpus being read and indexed for each article.
        out: file to write: .html (a page) or .jsonl (one claim per line).
        language: language of an article that declares none; default: detected, else the first language of the detector.
        encoding: encoding of a text file; default: detected.
        root: folder of fetched benchmarks.
    Raises: HarnessError: an input is missing or invalid, or has no sentence; nothing is written.
    """
    target = None if out is None else Path(out)
    if target is not None and target.suffix.lower() not in WRITERS:
        raise UnknownName(f"-o {target}: {unknown_name('suffix', target.suffix, list(WRITERS))}")
    loaded = load_chain(chain)
    sought = _open_passages(loaded, corpus, root)
    passages = sought.corpus
    languages = loaded.detector.card.languages or ("en",)
    source = ScoringInput(
        reading=ReadOptions(encoding=encoding, name="stdin", offline=True),
        language=language or languages[0],
        detects=language is None,
        root=root,
    )
    read_article, claims, spans = _read_one(source, article)
    result = Verification(
        article=read_article,
        n_sentences=len(claims),
        claims=tuple(_judge(loaded, sought, claims, spans)),
        chain=loaded,
        corpus=passages.path,
        n_passages=len(passages),
        out=target,
        warnings=(
            *loaded.detector.warnings,
            *language_warnings(loaded.detector, list(source.languages)),
            *source.all_notes(),
            *_corpus_warnings(read_article, passages, next(iter(source.languages))),
        ),
    )
    if target is not None:
        with atomic_file(target) as temporary:
            WRITERS[target.suffix.lower()](temporary, result)
    return result


def _read_one(source: ScoringInput, name: str | Path) -> tuple[Article, Claims, list[tuple[int, int]]]:
    """The only article of an input, its sentences, and where they stand.

    Raises: FaultsError: the input has no sentence, or several articles.
    """
    batches = list(source.batches([name]))
    documents = [document for batch in batches for document in batch.documents]
    if len(documents) > 1:
        names = ", ".join(document.article.article_id for document in documents[:3])
        message = f"has {len(documents):,} articles ({names}, ...); give one article at a time"
        raise FaultsError.single(name, message, code="several-articles")
    if not documents or not documents[0].claims:
        raise FaultsError.single(name, "has no sentence to judge; give an article with text", code="empty")
    return documents[0].article, batches[0].claims, [(claim.start, claim.end) for claim in documents[0].claims]


class _Passages(NamedTuple):
    """Passages to look in."""

    corpus: Corpus
    open_index: Callable[[], Index]
    """Gives the index; passages are indexed only for articles that have a claim."""


def _open_passages(chain: ChainModel, corpus: str | Path, root: str | Path | None) -> _Passages:
    """Opens the passages, or an index of them.

    Raises: HarnessError: the corpus is invalid, or the index has another retriever than the chain.
    """
    retrieve = chain.card.retrieve
    retriever = checked_retriever(retrieve.retriever, retrieve.settings)
    if not is_index(corpus):
        opened = open_corpus(corpus, root)
        return _Passages(opened, lambda: retriever.index(opened))
    stored = open_index(corpus)
    if not stored.is_by(retrieve.retriever, retrieve.settings):
        again = index_command(stored.card.corpus, retrieve.retriever, retrieve.settings, corpus)
        message = f"is an index by {stored.card.retriever}, and the chain looks for passages by {retrieve.retriever}"
        raise FaultsError.single(corpus, f"{message} with its own settings; run: {again}", code="other-retriever")
    return _Passages(stored.corpus, lambda: stored.index)


def _judge(
    chain: ChainModel, passages: _Passages, claims: Claims, spans: Sequence[tuple[int, int]]
) -> Iterator[JudgedClaim]:
    """Yields the sentences that the detector picks, with their passages and verdicts."""
    detection = chain.detector.score(claims)
    labels = chain.detector.predict(claims, detection)
    rows = np.array([row for row, label in enumerate(labels) if label == chain.detector.card.positive], dtype=np.int64)
    picked = claims.take(rows)
    if not len(picked):
        return
    evidence = _look_up(chain, passages, picked)
    column = evidence_column(
        [[ShownPassage(q.passage.passage_id, q.passage.text, q.score) for q in quoted] for quoted in evidence]
    )
    judged = replace(picked, evidence=column)
    scores = chain.judge.score(judged)
    verdicts = chain.judge.predict(judged, scores)
    for index, row in enumerate(rows):
        start, end = spans[row]
        yield JudgedClaim(
            claim_id=picked.claim_id[index],
            article_id=picked.article_id[index],
            start=start,
            end=end,
            text=picked.text[index],
            detection_score=float(detection[row, -1]),
            verdict=verdicts[index],
            scores=dict(zip(chain.judge.card.labels, scores[index].tolist(), strict=True)),
            probabilities=chain.judge.card.probabilities,
            evidence=tuple(evidence[index]),
        )


def _look_up(chain: ChainModel, passages: _Passages, claims: Claims) -> list[list[QuotedPassage]]:
    """The first passages for each claim, without those that were published after it."""
    retrieve, corpus = chain.card.retrieve, passages.corpus
    allowed: Bools | None = None
    if "later" not in retrieve.include:
        allowed = ~later_passages(claims.published, corpus.values("published"))
    rows, scores = passages.open_index().search([str(text) for text in claims.text], retrieve.k, allowed)
    return [
        [QuotedPassage(corpus.passages[row], float(score)) for row, score in zip(*ranking, strict=True) if row >= 0]
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


def _write_jsonl(path: Path, result: Verification) -> None:
    path.write_text("".join(json_line(claim.document()) for claim in result.claims), encoding="utf-8")


def _write_html(path: Path, result: Verification) -> None:
    from harness.scoring.verify_page import verification_page

    path.write_text(verification_page(result), encoding="utf-8")


WRITERS: dict[str, Callable[[Path, Verification], None]] = {".html": _write_html, ".jsonl": _write_jsonl}
"""Function that writes an output file, by its suffix."""
