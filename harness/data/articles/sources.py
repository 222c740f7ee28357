"""Articles from where they are: files, folders, standard input, tables, data sets. The text stays as it came."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from harness.data.articles.encoding import decoded
from harness.data.articles.html import read_page
from harness.data.articles.hub import HUB, read_hub, read_rows_of
from harness.data.articles.markup import markdown_title, marked_markdown, marked_transcript
from harness.data.articles.reading import (
    HTML_SUFFIXES,
    JSONL_SUFFIXES,
    MARKDOWN_SUFFIXES,
    TABLE_SUFFIXES,
    TEXT_SUFFIXES,
    TRANSCRIPT_SUFFIX,
    ArticleReader,
    ArticleSource,
    InputFile,
    LoadedArticle,
    ReadOptions,
    _text_faults,
    make_article,
    with_its_text,
)
from harness.data.articles.tables import read_table
from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError
from harness.files import read_bytes
from harness.records import Article

MAX_TITLE = 300
STDIN = "-"


def read_articles(sources: Sequence[ArticleSource], reading: ReadOptions | None = None) -> list[LoadedArticle]:
    """The articles of some sources, in order.

    Args:
        sources: files; folders, which stand for the files directly in them that have a known suffix, by name;
            patterns (`news/**/*.md`); `-` for standard input; `hub:OWNER/NAME`; articles; `datasets.Dataset`s.
        reading: how they are read.
    Raises: FaultsError: every fault of every source, at once.
    """
    reading = reading or ReadOptions()
    articles: list[LoadedArticle] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            for path in _expanded(source):
                try:
                    articles += _read(path, reading)
                except FaultsError as error:
                    faults += error.faults
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return articles


def sources_of(sources: Sequence[ArticleSource]) -> list[ArticleSource]:
    """Each file that the sources stand for: folders and patterns as their files, all else as it is.

    Raises: FaultsError: a folder or pattern without article files, or an unknown suffix.
    """
    return [path for source in sources for path in _expanded(source)]


def _read(source: ArticleSource, reading: ReadOptions) -> list[LoadedArticle]:
    if isinstance(source, Article):
        return [LoadedArticle("article", None, with_its_text(source))]
    if not isinstance(source, str | Path):
        return read_rows_of(source, "dataset", reading)
    if str(source).startswith(HUB):
        return read_hub(str(source), reading)
    if str(source) == STDIN:
        return read_file(_stdin(reading))
    return read_file(InputFile(source, Path(source).name, read_bytes(Path(source)), reading))


def _stdin(reading: ReadOptions) -> InputFile:
    import sys

    if reading.name is None:
        raise FaultsError.single("standard input", "has no name; give the article's id: --name ID (page.html for HTML)")
    known = reading.name.lower().endswith(tuple(READERS))
    name = reading.name if known else f"{reading.name}.txt"
    return InputFile("standard input", name, sys.stdin.buffer.read(), reading)


def _expanded(source: ArticleSource) -> list[ArticleSource]:
    """The files that a folder or a pattern stands for; any other source is itself."""
    if not isinstance(source, str | Path) or str(source).startswith(HUB):
        return [source]
    path = Path(source)
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in READERS and p.is_file())
        if not inside:
            raise FaultsError.single(source, f"no article files in this folder; known: {', '.join(READERS)}")
        return [*inside]
    if path.exists() or not glob.has_magic(str(source)):
        if str(source) != STDIN and path.suffix.lower() not in READERS:
            message = f"suffix '{path.suffix}' is not known; known: {', '.join(READERS)}. Rename the file, or convert"
            raise FaultsError.single(source, f"{message} it to one")
        return [source]
    found = sorted(Path(name) for name in glob.glob(str(source), recursive=True))  # noqa: PTH207 (absolute patterns)
    kept = [p for p in found if p.suffix.lower() in READERS and p.is_file()]
    if not kept:
        raise FaultsError.single(source, f"no article file has a name of this pattern; known: {', '.join(READERS)}")
    return [*kept]


def read_file(file: InputFile) -> list[LoadedArticle]:
    """The articles of one file.

    Raises: FaultsError: all its faults.
    """
    return READERS[file.suffix](file)


def _decoded(file: InputFile) -> tuple[str, str]:
    text, encoding = decoded(file.data, file.path, file.reading.encoding)
    if not text.strip():
        raise FaultsError.single(file.path, "is empty; an article needs text", code="empty")
    return text, encoding


def _read_text(file: InputFile) -> list[LoadedArticle]:
    text, encoding = _decoded(file)
    spoken = file.reading.transcript or file.name.lower().endswith(TRANSCRIPT_SUFFIX)
    marked = marked_transcript(text, file.path) if spoken else None
    first, *rest = re.split(r"\r\n|\r|\n", text.lstrip("\r\n"), maxsplit=2)
    titled = len(rest) == 2 and not rest[0].strip() and len(first) <= MAX_TITLE
    title = (first.strip() or None) if titled else None
    article = make_article(file.path, None, article_id=file.article_id, title=title, text=text)
    return [LoadedArticle(file.path, None, article, marked, encoding)]


def _read_markdown(file: InputFile) -> list[LoadedArticle]:
    text, encoding = _decoded(file)
    title = (markdown_title(text) or "")[:MAX_TITLE] or None
    article = make_article(file.path, None, article_id=file.article_id, title=title, text=text)
    return [LoadedArticle(file.path, None, article, marked_markdown(text), encoding)]


def _read_html(file: InputFile) -> list[LoadedArticle]:
    page = read_page(file.data, file.path, file.reading.encoding)
    article = make_article(file.path, None, article_id=file.article_id, **page.fields)
    return [LoadedArticle(file.path, None, article, None, page.encoding)]


def _read_jsonl(file: InputFile) -> list[LoadedArticle]:
    records, faults = read_records(Path(file.path), Article, file.data)
    first: dict[str, int] = {}
    for line, article in records:
        if article.article_id in first:
            message = f"'{article.article_id}' stands in line {first[article.article_id]} already; ids are unique"
            faults.append(Fault(str(file.path), line, "article_id", message, "duplicate-id"))
        first.setdefault(article.article_id, line)
        faults += [Fault(str(file.path), line, *fault) for fault in _text_faults(article)]
    if not records and not faults:
        faults.append(Fault(str(file.path), None, None, "is empty; one JSON object a line is expected", "empty"))
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return [LoadedArticle(file.path, line, article) for line, article in records]


READERS: dict[str, ArticleReader] = {
    **dict.fromkeys(TEXT_SUFFIXES, _read_text),
    **dict.fromkeys(MARKDOWN_SUFFIXES, _read_markdown),
    **dict.fromkeys(HTML_SUFFIXES, _read_html),
    **dict.fromkeys(JSONL_SUFFIXES, _read_jsonl),
    **dict.fromkeys(TABLE_SUFFIXES, read_table),
}
