"""Turns the rows of an archive into tables of claims: each row is one, or an article that is segmented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.data.articles.article_file import make_article
from harness.data.articles.language import Detection
from harness.data.claims import Claims, Column
from harness.data.dataset import Segmentation
from harness.data.sentences.claims_of import claims_of
from harness.data.streams.blocks import Block
from harness.data.streams.columns import numbers_of
from harness.scoring.inputs import BATCH, ArticleClaims, claim_batch

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ROWS = 65_536
"""Rows of one article that are kept together; a longer one loses its context between them."""


class ClaimTable(NamedTuple):
    """Claims of one or more rows, and where each is from."""

    claims: Claims
    row: np.ndarray[Any, np.dtype[np.int64]]
    """Row of the block, from 0."""
    start: np.ndarray[Any, np.dtype[np.int64]]
    """Offset of the first character in the text of the row, in Unicode code points."""
    article_id: Column
    """Id of the article as the input has it, or else as the claims have it."""


class RowReader:
    """Reads the claims of a block.

    Args:
        as_claims: whether each row is one claim; else it is an article.
        language: language of rows that declare none.
        detects: whether the language of articles that declare none is detected.
    """

    def __init__(self, *, as_claims: bool, language: str, detects: bool) -> None:
        self.as_claims, self.language, self.detects = as_claims, language, detects
        self.n_rows = self.n_empty = 0
        self.languages: dict[str, None] = {}

    def claims(self, block: Block, tables: Iterator[pa.Table]) -> Iterator[ClaimTable]:
        """Yields the claims of the tables of a block; rows without text give none, and are counted."""
        name = f"{block.file.key}-{block.number}"
        texts = filter(len, map(self._with_text, tables))
        if self.as_claims:
            for table in _whole_articles(texts):
                self.languages |= dict.fromkeys(
                    value or self.language for value in table["language"].unique().to_pylist()
                )
                yield _row_claims(table, name)
        else:
            yield from self._article_claims(texts, name, block)

    def _with_text(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        self.n_rows += len(table)
        # A comparison with a Python value would import pandas; `filter` drops rows whose mask is null.
        has_text = pc.binary_length(pc.utf8_trim_whitespace(table["text"])).cast(pa.bool_())
        texts = table.filter(has_text)
        self.n_empty += len(table) - len(texts)
        return texts

    def _article_claims(self, tables: Iterator[pa.Table], name: str, block: Block) -> Iterator[ClaimTable]:
        detection = Detection()
        documents: list[ArticleClaims] = []
        rows: list[int] = []
        own_ids: list[str | None] = []
        for table in tables:
            for cells in table.to_pylist():
                row, own_id = cells.pop("row"), cells.pop("article_id")
                fields = {
                    key: value for key, value in cells.items() if key in ("title", "published", "language", "text")
                }
                article = make_article(f"{block.file.url} row {row}", None, article_id=f"{name}-{row}", **fields)
                if self.detects:
                    article = detection.of(article, self.language, is_row=True)
                self.languages.setdefault(article.language or self.language)
                claims = claims_of(article, Segmentation(), self.language)
                documents.append(ArticleClaims(article, tuple(claims)))
                rows += [row] * len(claims)
                own_ids += [own_id or article.article_id] * len(claims)
                if len(rows) >= BATCH:
                    yield _document_claims(documents, rows, own_ids)
                    documents, rows, own_ids = [], [], []
        if rows:
            yield _document_claims(documents, rows, own_ids)


def _document_claims(documents: list[ArticleClaims], rows: list[int], own_ids: list[str | None]) -> ClaimTable:
    starts = [claim.start for document in documents for claim in document.claims]
    claims = claim_batch(documents).claims
    return ClaimTable(claims, np.array(rows), np.array(starts), np.array(own_ids, dtype=object))


def _whole_articles(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yields the same rows, with the rows of one article that follow each other in one table."""
    import pyarrow as pa

    waiting: pa.Table | None = None
    for table in tables:
        joined = table if waiting is None else pa.concat_tables([waiting, table])
        ids = joined["article_id"].to_pylist()
        last = ids[-1]
        begin = len(ids)
        while last is not None and begin > 0 and ids[begin - 1] == last:
            begin -= 1
        if last is None or len(ids) - begin > MAX_ROWS:
            begin = len(ids)
        waiting = joined.slice(begin) if begin < len(ids) else None
        if begin:
            yield joined.slice(0, begin)
    if waiting is not None:
        yield waiting


def _row_claims(table: pa.Table, name: str) -> ClaimTable:
    """Returns one claim per row."""
    columns: dict[str, Column] = {
        field: np.array(table[field].to_pylist(), dtype=object) for field in table.column_names if field != "row"
    }
    rows = numbers_of(table["row"])
    own_names = np.array([f"{name}-{row}" for row in rows.tolist()], dtype=object)
    claim_id = np.where(columns["claim_id"] == None, own_names, columns["claim_id"])  # noqa: E711 (by element)
    article_id = np.where(columns["article_id"] == None, claim_id, columns["article_id"])  # noqa: E711
    text = columns["text"]
    follows = np.zeros(len(text), dtype=bool)
    follows[1:] = article_id[1:] == article_id[:-1]
    previous, following = np.full(len(text), "", dtype=object), np.full(len(text), "", dtype=object)
    previous[1:][follows[1:]] = text[:-1][follows[1:]]
    following[:-1][follows[1:]] = text[1:][follows[1:]]
    places = np.arange(len(text))
    position = places - np.maximum.accumulate(np.where(follows, 0, places))
    claims = Claims(
        claim_id=claim_id,
        article_id=article_id,
        text=text,
        position=position,
        previous=previous,
        next=following,
        title=columns["title"],
        speaker=columns["speaker"],
        published=columns["published"],
    )
    return ClaimTable(claims, rows, np.zeros(len(text), dtype=np.int64), article_id)
