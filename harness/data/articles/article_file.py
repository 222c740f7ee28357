"""Types of the article readers (input file, options, loaded article), and the checks of an article."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Union

from pydantic import ValidationError

from harness.data.articles.encoding import UTF_8
from harness.data.delimited import MAX_BOOK_CELL
from harness.data.own_tables import TableOptions
from harness.data.web.client import WebClient
from harness.errors import Fault, FaultsError
from harness.files import sha256
from harness.folders import safe_name as safe_name
from harness.records import Article, Part, explain_validation

if TYPE_CHECKING:
    import datasets


TEXT_SUFFIXES = (".txt", ".text")
MARKDOWN_SUFFIXES = (".md", ".markdown")
HTML_SUFFIXES = (".html", ".htm")
JSONL_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")
TRANSCRIPT_SUFFIX = ".transcript.txt"
COMPRESSED_SUFFIX = ".warc.gz"


ArticleSource = Union[str, Path, Article, "datasets.Dataset"]


class Fetch(NamedTuple):
    """Where and when a page was fetched."""

    url: str
    """The URL that was asked for."""
    final_url: str
    """The URL after redirects."""
    date: str
    """When it was fetched (ISO 8601, UTC)."""
    status: int
    """Status of the reply."""
    media_type: str
    n_bytes: int
    is_cut: bool
    """Whether the page was longer, and cut off."""
    sha256: str
    """SHA-256 of the bytes, unpacked."""


class LoadedArticle(NamedTuple):
    """An article and the place it was read from."""

    path: str | Path
    line: int | None
    """Line of the file, from 1; None if the whole file is one article."""
    article: Article
    marked: MaskedText | None = None
    """The text without markup, and its speakers; None if the text is plain."""
    encoding: str = UTF_8
    """Encoding of the file."""
    fetch: Fetch | None = None
    """How it was fetched; None: it is no page from the web."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options for reading article sources."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Article field to the column of a table that holds it, for names that differ."""
    transcript: bool = False
    """Whether the lines of a text, or the rows of a table, are turns of speakers."""
    encoding: str | None = None
    """Encoding of text files; None detects it."""
    delimiter: str | None = None
    """Delimiter of delimited tables, by name or as a character; None finds it."""
    sheet: str | None = None
    """Name of the sheet of an .xlsx file; None takes the first."""
    name: str | None = None
    """Article id for standard input, with a suffix if it is not plain text (`page.html`)."""
    offline: bool = False
    """Whether to refuse sources that need the network."""
    max_articles: int = 50
    """Number of entries of a feed that are read."""
    one_article: bool = False
    """Whether a feed with several entries is refused before their pages are fetched."""
    web: WebClient = field(default_factory=WebClient)
    """What fetches pages."""
    notes: dict[str, None] = field(default_factory=dict)
    """What the user should know about how the sources were read, in order; a dict, to drop repeats."""

    empty: list[str] | None = None
    """Files and rows without text, which are passed over; None: they are faults."""

    def passes_over(self, faults: Sequence[Fault]) -> bool:
        """Whether a file or a row is passed over because it has no text; notes its place."""
        if self.empty is None or not faults or any(fault.code != "empty" for fault in faults):
            return False
        place = faults[0]
        self.empty.append(place.path if place.line is None else f"{place.path}:{place.line}")
        return True

    def table_options(self) -> TableOptions:
        """The options for a table, whose cells may hold whole articles."""
        return TableOptions(delimiter=self.delimiter, encoding=self.encoding, sheet=self.sheet, max_cell=MAX_BOOK_CELL)

    def note(self, *notes: str) -> None:
        """Adds notes, each once."""
        self.notes.update(dict.fromkeys(notes))


class InputFile(NamedTuple):
    """The bytes of an article file, and its name."""

    path: str | Path
    """Path as shown in messages."""
    name: str
    """File name that the format and the article id are taken from."""
    data: bytes
    reading: ReadOptions

    @property
    def suffix(self) -> str:
        """The suffix of the name, in lower case."""
        return suffix_of(self.name)

    @property
    def article_id(self) -> str:
        """A safe id made from the name without its suffix."""
        is_transcript = self.name.lower().endswith(TRANSCRIPT_SUFFIX)
        # Both parts of ".transcript.txt" are removed, as the stem would end in ".transcript" otherwise.
        name = self.name[: -len(TRANSCRIPT_SUFFIX)] + ".txt" if is_transcript else self.name
        return article_id_of(Path(name))


ArticleReader = Callable[[InputFile], list[LoadedArticle]]


def suffix_of(path: str | Path) -> str:
    """The suffix of a file name that tells its kind, in lower case: the last one, or `.warc.gz`."""
    name = Path(path).name.lower()
    return COMPRESSED_SUFFIX if name.endswith(COMPRESSED_SUFFIX) else Path(name).suffix


def article_id_of(path: Path) -> str:
    """A safe article id: the stem of a file name."""
    return safe_name(path.stem, "article")


def make_article(path: str | Path, line: int | None, **fields: object) -> Article:
    """Build and check an article.

    Raises: FaultsError: one fault per invalid field, with `path` and `line`.
    """
    try:
        return check_text(Article.model_validate(fields), path, line)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), line, ".".join(map(str, key_path)), message, code)
            for key_path, message, code, _ in explain_validation(error)
        ) from None


def check_text(article: Article, path: str | Path = "article", line: int | None = None) -> Article:
    """Return the article unchanged if it has a text that agrees with its hash.

    Raises: FaultsError: the text is missing or empty, or differs from `text_sha256`.
    """
    faults = text_faults(article, path, line)
    if faults:
        raise FaultsError(faults)
    return article


def text_faults(article: Article, path: str | Path, line: int | None) -> list[Fault]:
    """The faults of an article's text: at most one."""
    if not (article.text or "").strip():
        return [Fault(str(path), line, "text", "is missing or empty; an article needs text", "empty")]
    if article.text_sha256 not in (None, sha256(article.text or "")):
        return [Fault(str(path), line, "text_sha256", "is not the SHA-256 of text; the text was changed")]
    return []


class PartSpan(NamedTuple):
    """A span of an article that is no running text."""

    start: int
    end: int
    part: Part
    whole: bool = False
    """Whether the span is one claim, and is not cut into sentences."""
    statement: str | None = None
    """The span in words that are understood without the page (a row of a table with the names of its columns)."""


class MaskedText(NamedTuple):
    """The text of an article for the segmentation: spaces replace markup, so that it is not part of a sentence."""

    text: str
    """Masked text, as long as the article's own, so that offsets are the same in both."""
    turns: tuple[tuple[int, str | None], ...] = ()
    """Pairs (offset, speaker) in ascending order; the speaker holds until the next offset."""
    parts: tuple[PartSpan, ...] = ()
    """What is no running text, in ascending order, without overlaps."""
    dropped: Mapping[str, int] = MappingProxyType({})
    """Number of pieces that give no claim, by kind (`time`, `byline`)."""

    def speaker_at(self, offset: int) -> str | None:
        """The speaker at an offset; None before the first turn, or if nobody is named."""
        index = bisect_right(self.turns, offset, key=lambda turn: turn[0])
        return self.turns[index - 1][1] if index else None

    def part_at(self, offset: int) -> PartSpan | None:
        """The part that an offset is in; None for running text."""
        index = bisect_right(self.parts, offset, key=lambda part: part.start)
        return self.parts[index - 1] if index and offset < self.parts[index - 1].end else None
