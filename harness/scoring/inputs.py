"""Reads the articles and claims to score, from files, folders, tables and datasets, in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.article_file import ArticleSource, LoadedArticle, ReadOptions
from harness.data.articles.encoding import UTF_8
from harness.data.articles.hub import HUB
from harness.data.articles.language import Detection
from harness.data.articles.sources import STDIN, read_articles, sources_of
from harness.data.claims import Claims
from harness.data.dataset import Dataset, DatasetInfo, Segmentation
from harness.data.load import find_dataset, open_dataset
from harness.data.sentences.claims_of import claims_of, make_claim, unsupported
from harness.data.web.addresses import is_url
from harness.data.web.log import fetch_entry
from harness.errors import Fault, FaultsError, HarnessError, NotFetched
from harness.records import Article, Claim
from harness.scoring.claim_tables import CLAIM_SUFFIXES, ClaimRow, claim_rows, holds_claims
from harness.scoring.seen_ids import SeenIds, seen_ids

BATCH = 4096
"""Number of claims at which a batch ends; the last article is complete, so a batch may be larger."""


class ArticleClaims(NamedTuple):
    """An article and its claims, in order."""

    article: Article
    """Article; without text if only its claims are known."""
    claims: tuple[Claim, ...]


class ClaimBatch(NamedTuple):
    """Complete articles and the table of their claims."""

    documents: tuple[ArticleClaims, ...]
    claims: Claims


@dataclass(kw_only=True)
class ScoringInput:
    """Reader of the inputs to score; `notes` and `languages` are complete after all batches are read."""

    reading: ReadOptions = field(default_factory=ReadOptions)
    language: str = "en"
    """Language of inputs that declare none."""
    detects: bool = True
    """Whether the language of articles that declare none is detected."""
    as_claims: bool = False
    """Whether each row of a table is one claim, which is not segmented; always so with a column claim_id."""
    root: str | Path | None = None
    """Folder of fetched benchmarks."""
    notes: dict[str, None] = field(default_factory=dict)
    """Warnings about the inputs, in order; a dict, to drop repeats."""
    languages: dict[str, None] = field(default_factory=dict)
    """Languages of the inputs, in order of appearance; a dict, to drop repeats."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Number of pieces of articles that gave no claim, by kind."""
    detection: Detection = field(default_factory=Detection)
    """What was detected, for the notes."""
    fetched: list[dict[str, Any]] = field(default_factory=list)
    """How each article from the web was fetched, with its id."""

    def all_notes(self) -> list[str]:
        """Returns what the user should know about how the inputs were read."""
        return [*self.reading.notes, *self.notes, *self.detection.notes()]

    def batches(self, inputs: Sequence[str | Path], size: int = BATCH) -> Iterator[ClaimBatch]:
        """Yields the claims of all inputs in order, in batches of complete articles.

        Args:
            inputs: article files, folders of them, glob patterns, URLs, `-`; dataset folders or names; tables of
                claims.
            size: number of claims at which a batch ends.
        Raises: FaultsError: an input is invalid; lists every fault of the first such input.
        """
        documents: list[ArticleClaims] = []
        n_claims = 0
        for document in self._unique_documents(inputs):
            documents.append(document)
            n_claims += len(document.claims)
            if n_claims >= size:
                yield claim_batch(documents)
                documents, n_claims = [], 0
        if documents:
            yield claim_batch(documents)

    def documents_by_source(
        self, inputs: Sequence[str | Path]
    ) -> Iterator[tuple[str, tuple[ArticleClaims, ...] | HarnessError]]:
        """Yields each file or dataset with its articles, or with the reason why it cannot be read.

        Args:
            inputs: as those of `batches`.
        Raises: FaultsError: inputs are missing, or of an unknown kind; lists all of them.
        """
        for source in self._sources(inputs):
            try:
                yield _source_path(source), tuple(self._documents(source))
            except HarnessError as error:
                yield _source_path(source), error

    def _unique_documents(self, inputs: Sequence[str | Path]) -> Iterator[ArticleClaims]:
        with seen_ids() as seen:
            yield from self._checked_documents(inputs, seen)

    def _checked_documents(self, inputs: Sequence[str | Path], seen: SeenIds) -> Iterator[ArticleClaims]:
        for source in self._sources(inputs):
            path = _source_path(source)
            for document in self._documents(source):
                article = document.article
                # Claims are scored in the context of their article, so two articles must not share an id. A table of
                # claims is read row by row, so rows of one article that are apart look like two articles.
                first = seen.first_place(article.article_id, path)
                if first is not None:
                    remedy = "rename one of them"
                    if first == path:
                        remedy = (
                            "give rows with the same text an article_id each, put the rows of one article next to "
                            "each other, or, if each row is one claim, give --claims"
                        )
                    message = f"duplicate article '{article.article_id}' (first in {first}); {remedy}"
                    raise FaultsError.single(path, message)
                self.languages.setdefault(article.language or self.language)
                yield document

    def _sources(self, inputs: Sequence[str | Path]) -> list[ArticleSource | Dataset]:
        """Returns the datasets and files that the inputs refer to.

        Raises: FaultsError: inputs are missing or invalid; lists all of them.
        """
        sources: list[ArticleSource | Dataset] = []
        faults: list[Fault] = []
        for name in inputs:
            try:
                folder = _dataset_folder(name, self.root)
                sources += [open_dataset(folder)] if folder is not None else sources_of([name], self.reading)
            except FaultsError as error:
                faults += error.faults
        missing = [path for path in sources if isinstance(path, str | Path) and not _exists(path)]
        faults += [Fault(str(path), None, None, "does not exist; check the path", "does-not-exist") for path in missing]
        if self.as_claims and STDIN in map(str, sources):
            message = "standard input is read as an article; save the table to a file, and give its path"
            faults.append(Fault("--claims", None, None, message))
        if faults:
            raise FaultsError(faults)
        return sources

    def _documents(self, source: ArticleSource | Dataset) -> Iterator[ArticleClaims]:
        if isinstance(source, Dataset):
            yield from self._dataset_documents(source)
        elif isinstance(source, str | Path) and not is_url(source) and self._is_claim_table(Path(source)):
            yield from _row_documents(claim_rows(Path(source), self.reading))
        else:
            yield from self._article_documents(source)

    def _is_claim_table(self, path: Path) -> bool:
        is_table = path.suffix.lower() in CLAIM_SUFFIXES and path.is_file()
        return is_table and (self.as_claims or holds_claims(path, self.reading))

    def _article_documents(self, source: ArticleSource) -> Iterator[ArticleClaims]:
        for loaded in read_articles([source], self.reading):
            if loaded.encoding != UTF_8:
                self.notes.setdefault(f"{loaded.path}: is not UTF-8; read as {loaded.encoding}")
            if loaded.fetch is not None:
                self.fetched.append(fetch_entry(loaded.fetch, loaded.article))
            yield self._segment(loaded)

    def _segment(self, loaded: LoadedArticle) -> ArticleClaims:
        article = loaded.article
        if self.detects:
            article = self.detection.of(article, self.language, is_row=loaded.line is not None)
        for warning in unsupported([article.language or self.language]):
            self.notes.setdefault(warning)
        claims = claims_of(article, Segmentation(), self.language, loaded.marked, self.dropped)
        return ArticleClaims(article, tuple(claims))

    def _dataset_documents(self, dataset: Dataset) -> Iterator[ArticleClaims]:
        dataset.require_text()
        claims_by_article: dict[str, list[Claim]] = {}
        for claim in dataset.current:
            claims_by_article.setdefault(claim.article_id, []).append(claim)
        for article in dataset.articles:
            if article.article_id in claims_by_article:
                # The dataset's language takes precedence over the default for inputs that declare none.
                language = article.language or dataset.info.language
                claims = tuple(claims_by_article[article.article_id])
                yield ArticleClaims(article.model_copy(update={"language": language}), claims)


def _source_path(source: ArticleSource | Dataset) -> str:
    return str(source.folder) if isinstance(source, Dataset) else str(source)


def _exists(path: str | Path) -> bool:
    return str(path) == STDIN or str(path).startswith(HUB) or is_url(path) or Path(path).exists()


def _dataset_folder(source: str | Path, root: str | Path | None) -> Path | None:
    """Returns the folder of a dataset that is given by its path or its name; None if the source is not a dataset."""
    path = Path(source)
    if is_url(source):
        return None
    if path.exists():
        return path if (path / "dataset.yaml").is_file() else None
    if "/" in str(source) or path.suffix:
        return None
    try:
        return find_dataset(str(source), root)
    except NotFetched:
        raise  # the name of a known benchmark: the message says how to fetch it
    except HarnessError:
        return None


def _row_documents(rows: Iterable[ClaimRow]) -> Iterator[ArticleClaims]:
    """Yields one article per run of consecutive rows with the same article id, so that no table is read whole."""
    article_rows: list[ClaimRow] = []
    for row in rows:
        if article_rows and row.article_id != article_rows[-1].article_id:
            yield _rows_to_document(article_rows)
            article_rows = []
        article_rows.append(row)
    if article_rows:
        yield _rows_to_document(article_rows)


def _rows_to_document(rows: Sequence[ClaimRow]) -> ArticleClaims:
    """Returns an article and its claims; without offsets, the text of the article is the claims, one per line."""
    first = rows[0]
    article = Article(
        article_id=first.article_id, title=first.title, published=first.published, language=first.language
    )
    if all(row.start is not None for row in rows):
        claims = [_claim(row, row.start or 0, (row.start or 0) + len(row.text)) for row in rows]
        return ArticleClaims(article, tuple(claims))
    article = article.model_copy(update={"text": "\n".join(row.text for row in rows)})
    claims, offset = [], 0
    for row in rows:
        claims.append(_claim(row, offset, offset + len(row.text), article))
        offset += len(row.text) + 1  # the line break
    return ArticleClaims(article, tuple(claims))


def _claim(row: ClaimRow, start: int, end: int, article: Article | None = None) -> Claim:
    if row.claim_id is None and article is not None:
        return make_claim(article, start, end, speaker=row.speaker)
    return Claim(
        claim_id=row.claim_id or f"{row.article_id}-{start}",
        article_id=row.article_id,
        start=start,
        end=end,
        text=row.text,
        speaker=row.speaker,
    )


def claim_batch(documents: Sequence[ArticleClaims]) -> ClaimBatch:
    """Returns articles with the table of their claims."""
    info = DatasetInfo(format=2, name="unlabeled", version="0", title="", license="", language="en")
    claims = tuple(claim for document in documents for claim in document.claims)
    dataset = Dataset(Path(), info, tuple(document.article for document in documents), claims)
    return ClaimBatch(tuple(documents), dataset.table())
