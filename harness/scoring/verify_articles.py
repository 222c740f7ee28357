"""Reads many articles with a saved chain: one ranked list over all of them, and a folder with a page an article."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from harness.arguments import as_list
from harness.data.articles.article_file import ReadOptions
from harness.errors import FaultsError, HarnessError
from harness.files import fingerprint, json_document, read_text, sha256, write_files
from harness.partial_files import remove_partial_files
from harness.progress import Progress, silent
from harness.runner.chain.saved_chain import CHAIN_CARD, DETECT, JUDGE, ChainModel, load_chain
from harness.runner.models.card import CARD
from harness.scoring.inputs import ArticleClaims, ScoringInput
from harness.scoring.verification.chain_reader import ChainReader, open_passages
from harness.scoring.verification.checked_claims import open_checked
from harness.scoring.verification.files import WRITERS, check_target, file_content, write_verifications
from harness.scoring.verification.judged_claims import JudgedClaim, Verification, judged_claim_of
from harness.scoring.verification.list_page import list_page, page_name
from harness.scoring.verification.reading_list import FailedArticle, ReadingBudget, ReadingList
from harness.scoring.verify_page import verification_page

STORED = "articles"
"""Folder of what was judged, so that the same command goes on where it stopped."""
STORED_FORMAT = 1
INDEX, TABLE, LINES, REVIEWS = "index.html", "claims.csv", "claims.jsonl", "claim-reviews.json"


def verify_articles(
    articles: str | Path | Sequence[str | Path],
    chain: str | Path,
    corpus: str | Path,
    out: str | Path | None = None,
    *,
    budget: str | int | None = None,
    checked: str | Path | None = None,
    match_by: str = "tfidf",
    threshold: float | None = None,
    author: str | None = None,
    language: str | None = None,
    encoding: str | None = None,
    offline: bool = False,
    max_articles: int = 50,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> ReadingList:
    """Reads articles with a saved chain, and ranks the sentences of all of them by the score of the detector.

    An article that fails is named with its reason, and the others go on. A folder is complete at each moment: a page is
    written when its article is judged, the list at the end. The same call goes on where it stopped.

    Args:
        articles: article files, folders of them, glob patterns, URLs of pages and feeds, tables, datasets.
        chain: folder that `harness run CHAIN --save-models` wrote.
        corpus: passages to look in; see `harness.open_corpus`.
        out: folder to write (index.html, a page an article, claims.csv, claims.jsonl, and with an author
            claim-reviews.json), or a file: .csv, .jsonl, or .json (ClaimReview drafts).
        budget: what a desk can read: a number of sentences (`20`) or minutes (`30min`); default: all.
        checked, match_by, threshold, author, language, encoding, offline, max_articles, root: as those of `verify`.
        progress: shows the articles that are judged.
    Raises: HarnessError: an input is missing, the chain or the corpus is invalid, or no article can be read; nothing
        is written.
    """
    target = None if out is None else Path(out)
    limit = ReadingBudget.parse(budget)
    is_folder = target is not None and _is_folder(target)
    if target is not None and not is_folder:
        check_target(target, author)
    loaded = load_chain(chain)
    claims_checked = None if checked is None else open_checked(checked, match_by, threshold)
    reader = ChainReader(loaded, open_passages(loaded, corpus, root), claims_checked)
    source = ScoringInput(
        reading=ReadOptions(encoding=encoding, name="stdin", offline=offline, max_articles=max_articles),
        language=language or reader.language,
        detects=language is None,
        root=root,
    )
    documents, failures = _read_articles(source, as_list(articles))
    desk = _Desk(reader, target if is_folder else None, source.language)
    if target is not None and is_folder:
        _check_folder(target)
        remove_partial_files(target / STORED)  # a call that stores nothing new removes none
    results = []
    with progress(len(documents)) as advance:
        for path, document in documents:
            try:
                results.append(desk.judge(document))
            except HarnessError as error:
                failures.append(FailedArticle(path, document.article.article_id, str(error)))
            advance(document.article.article_id)
    if not results:
        raise FaultsError(failure.fault for failure in failures)
    reading_list = ReadingList(
        articles=tuple(results),
        failures=tuple(failures),
        budget=limit,
        out=target,
        n_stored=desk.n_stored,
        warnings=(*reader.warnings, *_shared_warnings(results)),
        notes=tuple(source.all_notes()),
        fetched=tuple(source.fetched),
    )
    if target is not None and is_folder:
        _write_folder(target, reading_list, author)
    elif target is not None:
        write_verifications(target, results, author)
    return reading_list


def _is_folder(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() not in WRITERS


def _check_folder(folder: Path) -> None:
    """Checks that a folder can be written to.

    Raises: FaultsError: it is a file, or has a page of another origin.
    """
    if folder.is_file():
        message = f"is a file; name a folder, or a file with one of {', '.join(WRITERS)}"
        raise FaultsError.single(folder, message, code="not-a-folder")
    if (folder / INDEX).exists() and not (folder / STORED).is_dir():
        message = f"has an {INDEX} that harness verify did not write; choose another folder"
        raise FaultsError.single(folder, message, code="not-ours")


def _read_articles(
    source: ScoringInput, inputs: Sequence[str | Path]
) -> tuple[list[tuple[str, ArticleClaims]], list[FailedArticle]]:
    """Returns the articles with the paths that they come from, and those that cannot be read."""
    documents: list[tuple[str, ArticleClaims]] = []
    failures: list[FailedArticle] = []
    first: dict[str, str] = {}
    for path, content in source.documents_by_source(inputs):
        if isinstance(content, HarnessError):
            failures.append(FailedArticle(path, None, str(content)))
            continue
        for document in content:
            article_id = document.article.article_id
            if article_id in first:
                message = f"has the id '{article_id}' of an article in {first[article_id]}; rename one of the two"
                failures.append(FailedArticle(path, article_id, message))
                continue
            first[article_id] = path
            documents.append((path, document))
    return documents, failures


@dataclass
class _Desk:
    """Judges articles, and keeps each in a folder, so that a second run finds it again."""

    reader: ChainReader
    folder: Path | None
    language: str
    n_stored: int = 0

    def __post_init__(self) -> None:
        self._inputs = _fingerprint_of(self.reader)

    def judge(self, document: ArticleClaims) -> Verification:
        """Returns the article with its verdicts; writes its page.

        Raises: HarnessError: it has no sentence, or a stage fails.
        """
        article = document.article
        if self.folder is None:
            return self.reader.read(document, article.language or self.language)
        spans = [(claim.claim_id, claim.start, claim.end) for claim in document.claims]
        key = fingerprint([self._inputs, self.language, article.model_dump_json(), json.dumps(spans)])
        path = self.folder / STORED / f"{page_name(article.article_id)}.json"
        stored = _read_stored(path, key)
        if stored is not None:
            self.n_stored += 1
            result = Verification(
                article=article,
                n_sentences=len(document.claims),
                claims=stored.claims,
                chain=self.reader.chain,
                corpus=self.reader.corpus.path,
                n_passages=len(self.reader.corpus),
                warnings=stored.warnings,
            )
        else:
            result = self.reader.read(document, article.language or self.language)
        content = {
            "format": STORED_FORMAT,
            "inputs": key,
            "article_id": article.article_id,
            "warnings": list(result.warnings),
            "claims": [claim.document() for claim in result.claims],
        }
        page = verification_page(result, index=f"../{INDEX}").encode()
        page_path = self.folder / "pages" / f"{page_name(article.article_id)}.html"
        write_files({page_path: page} | ({} if stored else {path: json_document(content).encode()}))
        return result


def _fingerprint_of(reader: ChainReader) -> str:
    """Digest of all that decides what is said of an article, but for the article."""
    chain: ChainModel = reader.chain
    cards = [chain.folder / CHAIN_CARD, chain.folder / DETECT / CARD, chain.folder / JUDGE / CARD]
    return fingerprint(
        [
            version("claim-harness"),
            STORED_FORMAT,
            *(sha256(card.read_bytes()) for card in cards),
            reader.corpus.fingerprint,
            None if reader.checked is None else reader.checked.fingerprint,
        ]
    )


class _Stored(NamedTuple):
    """What an earlier run said of an article."""

    claims: tuple[JudgedClaim, ...]
    warnings: tuple[str, ...]


def _read_stored(path: Path, key: str) -> _Stored | None:
    """What was stored of an article; None if there is nothing, it is of other inputs, or it is damaged."""
    if not path.is_file():
        return None
    try:
        document = json.loads(read_text(path))
        if document["inputs"] != key:
            return None
        return _Stored(tuple(map(judged_claim_of, document["claims"])), tuple(document["warnings"]))
    except (ValueError, TypeError, KeyError, RecursionError, FaultsError):
        return None


def _shared_warnings(results: Sequence[Verification]) -> Iterator[str]:
    """The warnings about articles, each once, with the articles that it is about."""
    counts = Counter(warning for result in results for warning in dict.fromkeys(result.warnings))
    for warning, count in counts.items():
        names = [result.article.article_id for result in results if warning in result.warnings]
        where = "each article" if count == len(results) > 1 else ", ".join(names[:3])
        more = f" and {count - 3:,} more" if where != "each article" and count > 3 else ""
        yield f"{where}{more}: {warning}"


def _write_folder(folder: Path, reading_list: ReadingList, author: str | None) -> None:
    """Writes the list of all articles and their tables: all of these files, or none."""
    results = reading_list.articles
    files = {
        folder / TABLE: file_content(".csv", results),
        folder / LINES: file_content(".jsonl", results),
        folder / INDEX: list_page(reading_list).encode(),
    }
    if author:
        files[folder / REVIEWS] = file_content(".json", results, author)
    write_files(files)
