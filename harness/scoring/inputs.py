"""Articles and claims that carry no labels, from wherever they are, as tables to score: a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.encoding import UTF_8
from harness.data.articles.hub import HUB
from harness.data.articles.reading import ArticleSource, LoadedArticle, ReadOptions
from harness.data.articles.sources import STDIN, read_articles, sources_of
from harness.data.claims import Claims
from harness.data.dataset import Dataset, DatasetInfo, Segmentation
from harness.data.load import find_dataset, open_dataset
from harness.data.sentences.claims_of import claims_of, make_claim, unsupported
from harness.errors import Fault, FaultsError, HarnessError, NotFetched
from harness.records import Article, Claim
from harness.scoring.claim_tables import CLAIM_SUFFIXES, ClaimRow, claim_rows, holds_claims

BATCH = 4096
"""A batch ends with the article that brings it to this many claims."""


class ArticleClaims(NamedTuple):
    """An article and its claims, in order."""

    article: Article
    """Without text where only claims are known."""
    claims: tuple[Claim, ...]


class ClaimBatch(NamedTuple):
    """Whole articles, and the table of their claims."""

    documents: tuple[ArticleClaims, ...]
    claims: Claims


@dataclass(kw_only=True)
class ScoringInput:
    """Reads inputs; what a reader should know of them is in `notes` when all batches were taken."""

    reading: ReadOptions = field(default_factory=ReadOptions)
    language: str = "en"
    """Of what does not state its own."""
    as_claims: bool = False
    """Whether each row of a table is one claim, which is not segmented; a table with claim_id always is so."""
    root: str | Path | None = None
    """Where fetched benchmarks live."""
    notes: dict[str, None] = field(default_factory=dict)
    languages: dict[str, None] = field(default_factory=dict)
    """The languages that were met, in order."""

    def batches(self, inputs: Sequence[str | Path], size: int = BATCH) -> Iterator[ClaimBatch]:
        """The claims of all inputs, in order, some whole articles at a time.

        Args:
            inputs: article files, folders of them, patterns, `-`; dataset folders or names; tables of claims.
        Raises: FaultsError: every fault of the input at which it stops.
        """
        waiting: list[ArticleClaims] = []
        count = 0
        for document in self._unique(inputs):
            waiting.append(document)
            count += len(document.claims)
            if count >= size:
                yield _batch(waiting)
                waiting, count = [], 0
        if waiting:
            yield _batch(waiting)

    def _unique(self, inputs: Sequence[str | Path]) -> Iterator[ArticleClaims]:
        seen: dict[str, object] = {}
        for source in self._found(inputs):
            for document in self._documents(source):
                article = document.article
                if article.article_id in seen:
                    first = seen[article.article_id]
                    message = f"article '{article.article_id}' is there twice (first in {first}); rename one of them"
                    raise FaultsError.single(_place(source), message)
                seen[article.article_id] = _place(source)
                self.languages.setdefault(article.language or self.language)
                yield document

    def _found(self, inputs: Sequence[str | Path]) -> list[ArticleSource | Dataset]:
        """Every dataset and file that the inputs stand for.

        Raises: FaultsError: all that are absent, at once.
        """
        found: list[ArticleSource | Dataset] = []
        faults: list[Fault] = []
        for source in inputs:
            try:
                folder = _dataset(source, self.root)
                found += [open_dataset(folder)] if folder is not None else sources_of([source])
            except FaultsError as error:
                faults += error.faults
        absent = [path for path in found if isinstance(path, str | Path) and not _is_there(path)]
        faults += [Fault(str(path), None, None, "does not exist; check the path", "does-not-exist") for path in absent]
        if faults:
            raise FaultsError(faults)
        return found

    def _documents(self, source: ArticleSource | Dataset) -> Iterator[ArticleClaims]:
        if isinstance(source, Dataset):
            yield from self._of_dataset(source)
        elif isinstance(source, str | Path) and self._is_claims(Path(source)):
            yield from _of_rows(claim_rows(Path(source), self.reading))
        else:
            yield from self._of_articles(source)

    def _is_claims(self, path: Path) -> bool:
        table = path.suffix.lower() in CLAIM_SUFFIXES and path.is_file()
        return table and (self.as_claims or holds_claims(path, self.reading))

    def _of_articles(self, source: ArticleSource) -> Iterator[ArticleClaims]:
        for found in read_articles([source], self.reading):
            if found.encoding != UTF_8:
                self.notes.setdefault(f"{found.path}: is not UTF-8; read as {found.encoding}")
            yield self._segmented(found)

    def _segmented(self, found: LoadedArticle) -> ArticleClaims:
        article = found.article
        for warning in unsupported([article.language or self.language]):
            self.notes.setdefault(warning)
        claims = claims_of(article, Segmentation(), self.language, found.marked)
        return ArticleClaims(article, tuple(claims))

    def _of_dataset(self, dataset: Dataset) -> Iterator[ArticleClaims]:
        dataset.require_text()
        of_article: dict[str, list[Claim]] = {}
        for claim in dataset.current:
            of_article.setdefault(claim.article_id, []).append(claim)
        for article in dataset.articles:
            if article.article_id in of_article:
                own = article.language or dataset.info.language
                yield ArticleClaims(article.model_copy(update={"language": own}), tuple(of_article[article.article_id]))


def _place(source: ArticleSource | Dataset) -> str:
    return str(source.folder) if isinstance(source, Dataset) else str(source)


def _is_there(path: str | Path) -> bool:
    return str(path) == STDIN or str(path).startswith(HUB) or Path(path).exists()


def _dataset(source: str | Path, root: str | Path | None) -> Path | None:
    """The folder of a dataset, where the source is one: by path, or by a name that nothing else has."""
    path = Path(source)
    if path.exists():
        return path if (path / "dataset.yaml").is_file() else None
    if "/" in str(source) or path.suffix:
        return None
    try:
        return find_dataset(str(source), root)
    except NotFetched:
        raise
    except HarnessError:
        return None


def _of_rows(rows: Iterable[ClaimRow]) -> Iterator[ArticleClaims]:
    """Rows of one article that stand together are its claims; without offsets, its text is their lines, joined."""
    waiting: list[ClaimRow] = []
    for row in rows:
        if waiting and row.article_id != waiting[-1].article_id:
            yield _document(waiting)
            waiting = []
        waiting.append(row)
    if waiting:
        yield _document(waiting)


def _document(rows: Sequence[ClaimRow]) -> ArticleClaims:
    first = rows[0]
    known = Article(article_id=first.article_id, title=first.title, published=first.published, language=first.language)
    if all(row.start is not None for row in rows):
        claims = [_claim(row, row.start or 0, (row.start or 0) + len(row.text)) for row in rows]
        return ArticleClaims(known, tuple(claims))
    article = known.model_copy(update={"text": "\n".join(row.text for row in rows)})
    claims, offset = [], 0
    for row in rows:
        claims.append(_claim(row, offset, offset + len(row.text), article))
        offset += len(row.text) + 1
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


def _batch(documents: Sequence[ArticleClaims]) -> ClaimBatch:
    info = DatasetInfo(format=2, name="unlabelled", version="0", title="", license="", language="en")
    claims = tuple(claim for document in documents for claim in document.claims)
    dataset = Dataset(Path(), info, tuple(document.article for document in documents), claims)
    return ClaimBatch(tuple(documents), dataset.table())
