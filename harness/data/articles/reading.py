"""What reading articles works with: the file, how it is read, the article that comes out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Union

from pydantic import ValidationError

from harness.data.articles.encoding import UTF_8
from harness.errors import Fault, FaultsError
from harness.files import sha256
from harness.records import Article, explain_validation

if TYPE_CHECKING:
    import datasets


TEXT_SUFFIXES = (".txt", ".text")


MARKDOWN_SUFFIXES = (".md", ".markdown")


HTML_SUFFIXES = (".html", ".htm")


JSONL_SUFFIXES = (".jsonl", ".ndjson")


TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")


TRANSCRIPT_SUFFIX = ".transcript.txt"


ArticleSource = Union[str, Path, Article, "datasets.Dataset"]


class LoadedArticle(NamedTuple):
    """An article and where it was read."""

    path: str | Path
    line: int | None
    """Line of the file, from 1; None where the file is one article."""
    article: Article
    marked: MaskedText | None = None
    """What is markup in its text, and who speaks."""
    encoding: str = UTF_8
    """How the file's bytes were read."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
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


class InputFile(NamedTuple):
    """The bytes of an article file, and its name."""

    path: str | Path
    """As messages say it."""
    name: str
    data: bytes
    reading: ReadOptions

    @property
    def suffix(self) -> str:
        """In lower case."""
        return Path(self.name).suffix.lower()

    @property
    def article_id(self) -> str:
        """A safe id from the name."""
        whole = self.name.lower().endswith(TRANSCRIPT_SUFFIX)
        return article_id_of(Path(self.name[: -len(TRANSCRIPT_SUFFIX)] + ".txt" if whole else self.name))


ArticleReader = Callable[[InputFile], list[LoadedArticle]]


def safe_name(text: str, otherwise: str) -> str:
    """A name for an id or a file: a hyphen for all but letters, digits, dot, underscore and hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or otherwise


def article_id_of(path: Path) -> str:
    """A safe id from a file's name: its stem."""
    return safe_name(path.stem, "article")


def make_article(path: str | Path, line: int | None, **fields: object) -> Article:
    """An article, each wrong field a fault at its place."""
    try:
        return with_its_text(Article.model_validate(fields), path, line)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), line, ".".join(map(str, place)), message, code)
            for place, message, code, _ in explain_validation(error)
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


class MaskedText(NamedTuple):
    """An article's text as it is to be segmented: what is markup is blank, so that no sentence holds it at its ends."""

    text: str
    """As long as the article's own text, so that offsets are the same in both."""
    turns: tuple[tuple[int, str | None], ...] = ()
    """(offset, speaker) in order: who speaks from there on."""

    def speaker_at(self, offset: int) -> str | None:
        """Who speaks at an offset."""
        index = bisect_right(self.turns, offset, key=lambda turn: turn[0])
        return self.turns[index - 1][1] if index else None
