"""Articles from where they are: files, folders, standard input, tables, data sets. The text stays as it came."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Union

from pydantic import ValidationError

from harness.data.encoding import UTF_8, decoded
from harness.data.jsonl import read_records
from harness.data.marked_text import markdown_title, marked_markdown, marked_transcript
from harness.data.spans import Marked
from harness.errors import Fault, FaultsError
from harness.files import read_bytes, sha256
from harness.records import Article, explain_validation

if TYPE_CHECKING:
    import datasets

TEXT_SUFFIXES = (".txt", ".text")
MARKDOWN_SUFFIXES = (".md", ".markdown")
HTML_SUFFIXES = (".html", ".htm")
JSONL_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
TRANSCRIPT_SUFFIX = ".transcript.txt"
LONGEST_TITLE = 300
STDIN = "-"

Source = Union[str, Path, Article, "datasets.Dataset"]


class FoundArticle(NamedTuple):
    """An article and where it was read."""

    path: str | Path
    line: int | None
    """Line of the file, from 1; None where the file is one article."""
    article: Article
    marked: Marked | None = None
    """What is markup in its text, and who speaks."""
    encoding: str = UTF_8
    """How the file's bytes were read."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How sources are read."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of an article to the column of a table that holds it, where their names differ."""
    transcript: bool = False
    """Whether the lines of a text, or the rows of a table, are turns of speakers."""
    encoding: str | None = None
    """None: it is detected."""
    name: str | None = None
    """What standard input is called: an id, with a suffix where it is no plain text (`page.html`)."""
    offline: bool = False
    """Whether a source that needs the network is refused."""


class File(NamedTuple):
    """The bytes of an article file, and its name."""

    path: str | Path
    """As messages say it."""
    name: str
    data: bytes
    reading: Reading

    @property
    def suffix(self) -> str:
        """In lower case."""
        return Path(self.name).suffix.lower()

    @property
    def article_id(self) -> str:
        """A safe id from the name."""
        whole = self.name.lower().endswith(TRANSCRIPT_SUFFIX)
        return article_id_of(Path(self.name[: -len(TRANSCRIPT_SUFFIX)] + ".txt" if whole else self.name))


Reader = Callable[[File], list[FoundArticle]]


def safe_name(text: str, otherwise: str) -> str:
    """A name for an id or a file: a hyphen for all but letters, digits, dot, underscore and hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or otherwise


def article_id_of(path: Path) -> str:
    """A safe id from a file's name: its stem."""
    return safe_name(path.stem, "article")


def read_articles(sources: Sequence[Source], reading: Reading | None = None) -> list[FoundArticle]:
    """The articles of some sources, in order.

    Args:
        sources: files; folders, which stand for the files directly in them that have a known suffix, by name;
            patterns (`news/**/*.md`); `-` for standard input; `hub:OWNER/NAME`; articles; `datasets.Dataset`s.
        reading: how they are read.
    Raises: FaultsError: every fault of every source, at once.
    """
    reading = reading or Reading()
    articles: list[FoundArticle] = []
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


def sources_of(sources: Sequence[Source]) -> list[Source]:
    """Each file that the sources stand for: folders and patterns as their files, all else as it is.

    Raises: FaultsError: a folder or pattern without article files, or an unknown suffix.
    """
    return [path for source in sources for path in _expanded(source)]


def _read(source: Source, reading: Reading) -> list[FoundArticle]:
    from harness.data.article_sets import HUB, read_hub, read_rows_of

    if isinstance(source, Article):
        return [FoundArticle("article", None, with_its_text(source))]
    if not isinstance(source, str | Path):
        return read_rows_of(source, "dataset", reading)
    if str(source).startswith(HUB):
        return read_hub(str(source), reading)
    if str(source) == STDIN:
        return read_file(_stdin(reading))
    return read_file(File(source, Path(source).name, read_bytes(Path(source)), reading))


def _stdin(reading: Reading) -> File:
    import sys

    if reading.name is None:
        raise FaultsError.one("standard input", "has no name; give the article's id: --name ID (page.html for HTML)")
    known = reading.name.lower().endswith(tuple(READERS))
    name = reading.name if known else f"{reading.name}.txt"
    return File("standard input", name, sys.stdin.buffer.read(), reading)


def _expanded(source: Source) -> list[Source]:
    """The files that a folder or a pattern stands for; any other source is itself."""
    from harness.data.article_sets import HUB

    if not isinstance(source, str | Path) or str(source).startswith(HUB):
        return [source]
    path = Path(source)
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in READERS and p.is_file())
        if not inside:
            raise FaultsError.one(source, f"no article files in this folder; known: {', '.join(READERS)}")
        return [*inside]
    if path.exists() or not glob.has_magic(str(source)):
        if str(source) != STDIN and path.suffix.lower() not in READERS:
            message = f"suffix '{path.suffix}' is not known; known: {', '.join(READERS)}. Rename the file, or convert"
            raise FaultsError.one(source, f"{message} it to one")
        return [source]
    found = sorted(Path(name) for name in glob.glob(str(source), recursive=True))  # noqa: PTH207 (absolute patterns)
    kept = [p for p in found if p.suffix.lower() in READERS and p.is_file()]
    if not kept:
        raise FaultsError.one(source, f"no article file has a name of this pattern; known: {', '.join(READERS)}")
    return [*kept]


def read_file(file: File) -> list[FoundArticle]:
    """The articles of one file.

    Raises: FaultsError: all its faults.
    """
    return READERS[file.suffix](file)


def make_article(path: str | Path, line: int | None, **fields: object) -> Article:
    """An article, each wrong field a fault at its place."""
    try:
        return with_its_text(Article.model_validate(fields), path, line)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), line, ".".join(map(str, place)), message) for place, message in explain_validation(error)
        ) from None


def with_its_text(article: Article, path: str | Path = "article", line: int | None = None) -> Article:
    """The article, if its text is there and is what its hash says."""
    faults = [Fault(str(path), line, *fault) for fault in _text_faults(article)]
    if faults:
        raise FaultsError(faults)
    return article


def _text_faults(article: Article) -> list[tuple[str, str]]:
    if not (article.text or "").strip():
        return [("text", "is missing or empty; an article needs text")]
    if article.text_sha256 not in (None, sha256(article.text or "")):
        return [("text_sha256", "is not the SHA-256 of text; the text was changed")]
    return []


def _decoded(file: File) -> tuple[str, str]:
    text, encoding = decoded(file.data, file.path, file.reading.encoding)
    if not text.strip():
        raise FaultsError.one(file.path, "is empty; an article needs text")
    return text, encoding


def _read_text(file: File) -> list[FoundArticle]:
    text, encoding = _decoded(file)
    spoken = file.reading.transcript or file.name.lower().endswith(TRANSCRIPT_SUFFIX)
    marked = marked_transcript(text, file.path) if spoken else None
    first, *rest = re.split(r"\r\n|\r|\n", text.lstrip("\r\n"), maxsplit=2)
    titled = len(rest) == 2 and not rest[0].strip() and len(first) <= LONGEST_TITLE
    title = (first.strip() or None) if titled else None
    article = make_article(file.path, None, article_id=file.article_id, title=title, text=text)
    return [FoundArticle(file.path, None, article, marked, encoding)]


def _read_markdown(file: File) -> list[FoundArticle]:
    text, encoding = _decoded(file)
    title = (markdown_title(text) or "")[:LONGEST_TITLE] or None
    article = make_article(file.path, None, article_id=file.article_id, title=title, text=text)
    return [FoundArticle(file.path, None, article, marked_markdown(text), encoding)]


def _read_html(file: File) -> list[FoundArticle]:
    from harness.data.article_html import read_page

    page = read_page(file.data, file.path, file.reading.encoding)
    article = make_article(file.path, None, article_id=file.article_id, **page.fields)
    return [FoundArticle(file.path, None, article, None, page.encoding)]


def _read_jsonl(file: File) -> list[FoundArticle]:
    records, faults = read_records(Path(file.path), Article, file.data)
    first: dict[str, int] = {}
    for line, article in records:
        if article.article_id in first:
            message = f"'{article.article_id}' stands in line {first[article.article_id]} already; ids are unique"
            faults.append(Fault(str(file.path), line, "article_id", message))
        first.setdefault(article.article_id, line)
        faults += [Fault(str(file.path), line, *fault) for fault in _text_faults(article)]
    if not records and not faults:
        faults.append(Fault(str(file.path), None, None, "is empty; one JSON object a line is expected"))
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return [FoundArticle(file.path, line, article) for line, article in records]


def _read_table(file: File) -> list[FoundArticle]:
    from harness.data.article_tables import read_table

    return read_table(file)


READERS: dict[str, Reader] = {
    **dict.fromkeys(TEXT_SUFFIXES, _read_text),
    **dict.fromkeys(MARKDOWN_SUFFIXES, _read_markdown),
    **dict.fromkeys(HTML_SUFFIXES, _read_html),
    **dict.fromkeys(JSONL_SUFFIXES, _read_jsonl),
    **dict.fromkeys(TABLE_SUFFIXES, _read_table),
}
