"""Reads the pages of a web archive (WARC), by warcio."""

from __future__ import annotations

import io
from collections import Counter
from contextlib import redirect_stderr
from typing import Any

from harness.data.articles.article_file import InputFile, LoadedArticle, make_article
from harness.data.articles.documents.content import ArticleIds, clean, counted, day_of
from harness.data.articles.html import read_page
from harness.errors import FaultsError

MAX_PAGE = 10 << 20
"""Bytes of a page; longer ones are passed over."""
MAX_UNPACKED = 4 << 30
"""Bytes of all records, unpacked."""
MAX_RECORDS = 1_000_000
PIECE = 1 << 20
_PAGES = ("text/html", "application/xhtml+xml")


def read_warc(file: InputFile) -> list[LoadedArticle]:
    """Returns the articles of the HTML pages of a web archive; the other records are counted by kind in a note.

    `published` is the day that the page states, else the day on which it was archived. Of several copies of a page, the
    last one counts.

    Raises: FaultsError: the archive is damaged before its first page, is too large, or has no article.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    passed_over = Counter[str]()
    ids = ArticleIds(file)
    articles = dict[str, tuple[str, LoadedArticle]]()
    budget = _Budget(file)
    records = ArchiveIterator(io.BytesIO(file.data))
    try:
        with redirect_stderr(io.StringIO()):  # warcio writes what it finds there
            for record in records:
                kind = _other_kind(record)
                if kind is None:
                    _add_page(file, record, ids, articles, passed_over, budget)
                else:
                    passed_over[kind] += 1
                budget.spend_rest(record.raw_stream)
                if getattr(record.raw_stream, "limit", 0) > 0:
                    raise EOFError("its last record is cut off")
    except (ArchiveLoadFailed, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        if not articles:
            message = f"is damaged, or is no web archive ({reason}); get it again"
            raise FaultsError.single(file.path, message, code="damaged") from None
        file.reading.note(f"{file.path}: is damaged after {len(articles):,} pages ({reason}); the rest was not read")
    if records.err_count:
        file.reading.note(f"{file.path}: {records.err_count:,} of its records are not as long as they state")
    if passed_over:
        file.reading.note(f"{file.path}: passed over {counted(passed_over)}")
    if not articles:
        raise FaultsError.single(file.path, "has no HTML page with the text of an article", code="empty")
    return [article for _, article in articles.values()]


class _Budget:
    """Counts what an archive unpacks to, which may be without end."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        self._n_bytes = self._n_records = 0

    def spend(self, n: int) -> None:
        """Counts bytes that were read.

        Raises: FaultsError: the archive is too large.
        """
        self._n_bytes += n
        if self._n_bytes > MAX_UNPACKED or self._n_records > MAX_RECORDS:
            message = (
                f"unpacks to more than {MAX_UNPACKED:,} bytes, or has more than {MAX_RECORDS:,} records; divide it"
            )
            raise FaultsError.single(self._file.path, message, code="too-large")

    def spend_rest(self, stream: Any) -> None:
        """Reads the rest of a record, piece by piece."""
        self._n_records += 1
        while piece := stream.read(PIECE):
            self.spend(len(piece))


def _other_kind(record: Any) -> str | None:
    """What a record is; None for a page."""
    if record.rec_type != "response":
        return f"{record.rec_type or 'unknown'} record"
    if record.http_headers is None:
        return "response without HTTP"
    status = record.http_headers.get_statuscode()
    content = (record.http_headers.get_header("Content-Type") or "").partition(";")[0].strip().lower()
    if status != "200":
        return f"response with status {status[:3] if status else '?'}"
    return None if content in _PAGES else f"response of type {content[:50] or 'unknown'}"


def _add_page(
    file: InputFile,
    record: Any,
    ids: ArticleIds,
    articles: dict[str, tuple[str, LoadedArticle]],
    passed_over: Counter[str],
    budget: _Budget,
) -> None:
    """Adds the article of a page, or counts why it has none."""
    from warcio.exceptions import ArchiveLoadFailed

    try:
        stream = record.content_stream()
        data = stream.read(MAX_PAGE + 1)
        while data and len(data) <= MAX_PAGE and (piece := stream.read(MAX_PAGE + 1 - len(data))):
            data += piece
    except (ArchiveLoadFailed, EOFError):
        raise
    except Exception:  # the unpackers raise what they like
        passed_over["page that cannot be unpacked"] += 1
        return
    budget.spend(len(data))
    if len(data) > MAX_PAGE:
        passed_over[f"page of more than {MAX_PAGE >> 20} MiB"] += 1
        return
    url = clean(record.rec_headers.get_header("WARC-Target-URI") or "")
    at = record.rec_headers.get_header("WARC-Date") or ""
    try:
        page = read_page(data, f"{file.path} ({url})", file.reading.encoding)
    except FaultsError:
        passed_over["page without the text of an article"] += 1
        return
    # The address in the archive is the one that was asked for; the page may state another one of itself.
    fields = page.fields | {"url": url or page.fields["url"], "published": page.fields["published"] or day_of(at)}
    article_id = ids.of(url, fields["text"] or "")
    earlier = articles.get(article_id)
    if earlier is not None:
        passed_over["earlier capture of a page"] += 1
        if earlier[0] > at:
            return
    article = make_article(file.path, None, article_id=article_id, **fields)
    articles[article_id] = at, LoadedArticle(file.path, None, article, page.marked, page.encoding)
