"""Reads articles from files, folders, standard input, tables and data sets. The text of an article stays unchanged."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from harness.data.articles.article_file import (
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
    check_text,
    make_article,
    suffix_of,
    text_faults,
)
from harness.data.articles.documents.kinds import KINDS, check_libraries, check_size, read_document
from harness.data.articles.encoding import DecodedText, decode_text
from harness.data.articles.html import read_page
from harness.data.articles.hub import HUB, read_dataset_rows, read_hub
from harness.data.articles.markup import markdown_title, mask_markdown, mask_transcript
from harness.data.articles.rows import ROWS_AS_TEXT, looks_like_rows
from harness.data.articles.tables import read_table
from harness.data.jsonl import read_records
from harness.data.web.addresses import check_url, is_url
from harness.data.web.articles import read_web
from harness.errors import Fault, FaultsError
from harness.files import read_bytes
from harness.records import Article

MAX_TITLE = 300
"""Characters of a title; a longer first line of a text file is not a title."""
STDIN = "-"
STDIN_PATH = "standard input"
"""What messages call it."""
MAX_PASSED_OVER = 5
"""Number of files that are passed over for one reason and named."""


MAX_FAULTY = 20
"""Number of files that cannot be read and are named in one line."""


def read_articles(sources: Sequence[ArticleSource], reading: ReadOptions | None = None) -> list[LoadedArticle]:
    """Read the articles of several sources, in order.

    Args:
        sources: files; folders (their direct files with a known suffix, sorted by name); patterns (`news/**/*.md`);
            URLs of pages and feeds; `-` for standard input; `hub:OWNER/NAME`; `Article` objects; `datasets.Dataset`
            objects.
        reading: the options for reading; None uses the defaults.
    Raises: FaultsError: all faults of all sources, at once.
    """
    reading = reading or ReadOptions()
    articles: list[LoadedArticle] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            articles += _read_each(source, _expand(source, reading), reading)
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return articles


def _read_each(source: ArticleSource, files: Sequence[ArticleSource], reading: ReadOptions) -> list[LoadedArticle]:
    """The articles of the files of a source.

    Raises: FaultsError: all faults of all files; where only some files have one, the first fault names them.
    """
    articles: list[LoadedArticle] = []
    faults: list[Fault] = []
    faulty: list[str] = []
    for path in files:
        try:
            articles += _read(path, reading)
        except FaultsError as error:
            if not reading.passes_over(error.faults):
                faults += error.faults
                faulty.append(Path(str(path)).name)
    if not faults:
        return articles
    if 0 < len(faulty) < len(files):
        more = f" and {len(faulty) - MAX_FAULTY:,} more" if len(faulty) > MAX_FAULTY else ""
        message = (
            f"{len(faulty):,} of its {len(files):,} files cannot be read: {', '.join(faulty[:MAX_FAULTY])}{more}. "
            "Nothing was taken from the others; mend these (reasons below), or move them out of the folder"
        )
        faults.insert(0, Fault(str(source), None, None, message, "faulty-files"))
    raise FaultsError(faults)


def sources_of(sources: Sequence[ArticleSource], reading: ReadOptions) -> list[ArticleSource]:
    """The sources with each folder and pattern replaced by its files; notes the files that are passed over.

    Raises: FaultsError: a folder or pattern without article files, or an unknown suffix.
    """
    return [path for source in sources for path in _expand(source, reading)]


def _read(source: ArticleSource, reading: ReadOptions) -> list[LoadedArticle]:
    if isinstance(source, Article):
        return [LoadedArticle("article", None, check_text(source))]
    if not isinstance(source, str | Path):
        return read_dataset_rows(source, "dataset", reading)
    if str(source).startswith(HUB):
        return read_hub(str(source), reading)
    if is_url(source):
        return read_web(str(source), reading, READERS)
    if str(source) == STDIN:
        return read_file(_read_stdin(reading))
    path = Path(source)
    if path.is_file():
        check_size(path, suffix_of(path), path.stat().st_size)
    return read_file(InputFile(source, path.name, read_bytes(path), reading))


def _read_stdin(reading: ReadOptions) -> InputFile:
    import sys

    if reading.name is None:
        raise FaultsError.single(
            STDIN_PATH, "has no file name; set the article id with --name ID (such as page.html for HTML)"
        )
    has_suffix = reading.name.lower().endswith(tuple(READERS))
    name = reading.name if has_suffix else f"{reading.name}.txt"
    return InputFile(STDIN_PATH, name, sys.stdin.buffer.read(), reading)


def _expand(source: ArticleSource, reading: ReadOptions) -> list[ArticleSource]:
    """The files of a folder or a pattern; any other source unchanged. Notes the files that are passed over."""
    if not isinstance(source, str | Path) or str(source).startswith(HUB):
        return [source]
    if is_url(source):
        check_url(str(source), any_port=reading.web.any_port)
        return [source]
    path = Path(source)
    if path.is_dir():
        files = _readable(source, sorted(path.iterdir()), reading)
        check_libraries(source, files)
        if not files:
            raise FaultsError.single(source, f"contains no article files; expected one of {', '.join(READERS)}")
        return [*files]
    if path.exists() or not glob.has_magic(str(source)):
        if str(source) != STDIN and suffix_of(path) not in READERS:
            raise _no_reader(source)
        return [source]
    matches = sorted(Path(name) for name in glob.glob(str(source), recursive=True))  # noqa: PTH207 (absolute patterns)
    articles = _readable(source, matches, reading)
    check_libraries(source, articles)
    if not articles:
        raise FaultsError.single(source, f"pattern matches no article files; expected one of {', '.join(READERS)}")
    return [*articles]


def _no_reader(source: str | Path) -> FaultsError:
    """Says why a source without a reader's suffix cannot be read, and what to do."""
    path = Path(source)
    if path.exists():
        expected = ", ".join(READERS)
        return FaultsError.single(
            source, f"unknown suffix '{path.suffix}'; expected one of {expected}. Rename or convert the file"
        )
    is_like_a_host = "." in path.parts[0].strip(".")
    address = f", or write https://{source} if it is the address of a page" if is_like_a_host else ""
    return FaultsError.single(source, f"does not exist; check the path{address}", code="does-not-exist")


def _readable(source: str | Path, paths: Sequence[Path], reading: ReadOptions) -> list[Path]:
    """The files that a reader takes; notes the others of a folder or a pattern, a line for each reason."""
    passed_over: dict[str, list[str]] = {}
    files = []
    for path in paths:
        if path.is_dir():
            reason = "folders (a quoted pattern such as 'news/**/*' reads them)"
        elif path.name.startswith((".", "~$")):
            reason = "hidden files"
        elif suffix_of(path) not in READERS:
            reason = f"files of another kind (read are {', '.join(READERS)})"
        elif not path.is_file():
            reason = "links to nothing and special files"
        else:
            files.append(path)
            continue
        passed_over.setdefault(reason, []).append(path.name)
    for reason, names in passed_over.items():
        more = f" and {len(names) - MAX_PASSED_OVER:,} more" if len(names) > MAX_PASSED_OVER else ""
        reading.note(f"{source}: passed over {reason}: {', '.join(names[:MAX_PASSED_OVER])}{more}")
    return files


def read_file(file: InputFile) -> list[LoadedArticle]:
    """Read the articles of one file, by its suffix.

    Raises: FaultsError: all faults of the file.
    """
    return READERS[file.suffix](file)


def _decode(file: InputFile) -> DecodedText:
    text, encoding = decode_text(file.data, file.path, file.reading.encoding)
    if not text.strip():
        raise FaultsError.single(file.path, "is empty; an article needs text", code="empty")
    return DecodedText(text, encoding)


def _read_text(file: InputFile) -> list[LoadedArticle]:
    text, encoding = _decode(file)
    if looks_like_rows(text):
        named = ", or say what it is with --name rows.jsonl" if file.path == STDIN_PATH else ""
        raise FaultsError.single(file.path, f"{ROWS_AS_TEXT}{named}", code="rows")
    is_transcript = file.reading.transcript or file.name.lower().endswith(TRANSCRIPT_SUFFIX)
    masked = mask_transcript(text, file.path) if is_transcript else None
    # A first line with an empty line after it is the title, as in files that were saved from a news page.
    first, *rest = re.split(r"\r\n|\r|\n", text.lstrip("\r\n"), maxsplit=2)
    has_title = len(rest) == 2 and not rest[0].strip() and len(first) <= MAX_TITLE
    title = (first.strip() or None) if has_title else None
    article = make_article(file.path, None, article_id=file.article_id, title=title, text=text)
    return [LoadedArticle(file.path, None, article, masked, encoding)]


def _read_markdown(file: InputFile) -> list[LoadedArticle]:
    text, encoding = _decode(file)
    title = (markdown_title(text) or "")[:MAX_TITLE] or None
    article = make_article(file.path, None, article_id=file.article_id, title=title, text=text)
    return [LoadedArticle(file.path, None, article, mask_markdown(text), encoding)]


def _read_html(file: InputFile) -> list[LoadedArticle]:
    page = read_page(file.data, file.path, file.reading.encoding)
    article = make_article(file.path, None, article_id=file.article_id, **page.fields)
    return [LoadedArticle(file.path, None, article, page.marked, page.encoding)]


def _read_jsonl(file: InputFile) -> list[LoadedArticle]:
    if file.reading.columns:
        return read_table(file)
    data = file.data
    if file.reading.encoding is not None:
        data = decode_text(data, file.path, file.reading.encoding).text.encode()
    records, faults = read_records(Path(file.path), Article, data)
    first_lines: dict[str, int] = {}
    passed_over: set[int] = set()
    for line, article in records:
        if article.article_id in first_lines:
            message = f"duplicate id '{article.article_id}' (first on line {first_lines[article.article_id]})"
            faults.append(Fault(str(file.path), line, "article_id", message, "duplicate-id"))
        first_lines.setdefault(article.article_id, line)
        without_text = text_faults(article, file.path, line)
        if file.reading.passes_over(without_text):
            passed_over.add(line)
        else:
            faults += without_text
    if not records and not faults:
        faults.append(Fault(str(file.path), None, None, "is empty; expected one JSON object per line", "empty"))
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return [LoadedArticle(file.path, line, article) for line, article in records if line not in passed_over]


READERS: dict[str, ArticleReader] = {
    **dict.fromkeys(TEXT_SUFFIXES, _read_text),
    **dict.fromkeys(MARKDOWN_SUFFIXES, _read_markdown),
    **dict.fromkeys(HTML_SUFFIXES, _read_html),
    **dict.fromkeys(JSONL_SUFFIXES, _read_jsonl),
    **dict.fromkeys(TABLE_SUFFIXES, read_table),
    **dict.fromkeys(KINDS, read_document),
}
