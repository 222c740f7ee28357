"""Reads an article with a saved chain: picks sentences, looks for passages, and gives each a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.data.articles.article_file import ReadOptions
from harness.errors import FaultsError
from harness.runner.chain.saved_chain import load_chain
from harness.scoring.inputs import ArticleClaims, ScoringInput
from harness.scoring.verification.chain_reader import ChainReader, open_passages
from harness.scoring.verification.checked_claims import open_checked
from harness.scoring.verification.files import check_target, write_verifications
from harness.scoring.verification.judged_claims import Verification


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
    offline: bool = False,
    max_articles: int = 50,
    root: str | Path | None = None,
) -> Verification:
    """Reads an article with a saved chain: picks sentences, looks for passages in a corpus, and judges each sentence.

    The verdicts are those of a classifier that nobody has checked. `verify_articles` reads several articles.

    Args:
        article: article file (.txt, .md, .html, .pdf, .docx, .odt, .rtf, .eml), URL of a page, `-` (standard input), or
            a table, feed, web archive or dataset with one article.
        chain: folder that `harness run CHAIN --save-models` wrote.
        corpus: passages to look in; see `harness.open_corpus`. The folder of an index that has the retriever of the
            chain (`harness index`) spares a large corpus being read and indexed for each call.
        out: file to write: .html (a page), .jsonl (one claim per line), .csv, or .json (ClaimReview drafts).
        checked: file or folder of ClaimReview records: verdicts of fact-checkers, which are shown with sentences that
            are about the same.
        match_by: how sentences are matched with them: `tfidf`, or `embedding` (extra `embeddings`).
        threshold: least similarity of a match, from 0 to 1; default: that of `match_by`.
        author: organization that publishes the ClaimReview drafts; required for .json.
        language: language of an article that declares none; default: detected, else the first language of the
            detector.
        encoding: encoding of a text file; default: detected.
        offline: whether to refuse an article that needs the network.
        max_articles: number of entries of a feed that are read.
        root: folder of fetched benchmarks.
    Raises: HarnessError: an input is missing or invalid, or has no sentence; nothing is written.
    """
    target = None if out is None else Path(out)
    if target is not None:
        check_target(target, author)
    claims_checked = None if checked is None else open_checked(checked, match_by, threshold)
    loaded = load_chain(chain)
    reader = ChainReader(loaded, open_passages(loaded, corpus, root), claims_checked)
    source = ScoringInput(
        reading=ReadOptions(
            encoding=encoding, name="stdin", offline=offline, max_articles=max_articles, one_article=True
        ),
        language=language or reader.language,
        detects=language is None,
        root=root,
    )
    document = _read_one(source, article)
    result = reader.read(document, document.article.language or source.language)
    result = replace(
        result,
        out=target,
        warnings=(*reader.warnings, *result.warnings),
        notes=tuple(source.all_notes()),
        fetched=tuple(source.fetched),
    )
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
