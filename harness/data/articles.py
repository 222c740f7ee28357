"""Article files: plain text, HTML and JSONL, read into Article records. The text stays as it came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError
from harness.files import decode, read_bytes, sha256
from harness.records import Article

TEXT_SUFFIXES = (".txt", ".text")
HTML_SUFFIXES = (".html", ".htm")
JSONL_SUFFIXES = (".jsonl", ".ndjson")
LONGEST_TITLE = 300

Numbered = list[tuple[int | None, Article]]


class FoundArticle(NamedTuple):
    """An article and where it was read."""

    path: Path
    line: int | None
    """Line of the file, from 1; None where the file is one article."""
    article: Article


def safe_name(text: str, otherwise: str) -> str:
    """A name for an id or a file: a hyphen for all but letters, digits, dot, underscore and hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or otherwise


def article_id_of(path: Path) -> str:
    """A safe id from a file's name: its stem."""
    return safe_name(path.stem, "article")


def read_articles(sources: Sequence[Path]) -> list[FoundArticle]:
    """The articles of some files, in order; a folder stands for the files in it that have a known suffix, by name.

    Raises: FaultsError: every fault of every file, at once.
    """
    articles: list[FoundArticle] = []
    faults: list[Fault] = []
    for path in _expanded(sources, faults):
        try:
            articles += [FoundArticle(path, line, article) for line, article in _read_file(path)]
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return articles


def _expanded(sources: Sequence[Path], faults: list[Fault]) -> list[Path]:
    paths: list[Path] = []
    for source in sources:
        if not source.is_dir():
            paths.append(source)
            continue
        inside = sorted(path for path in source.iterdir() if path.suffix.lower() in READERS and path.is_file())
        if not inside:
            faults.append(
                Fault(str(source), None, None, f"no article files in this folder; known: {', '.join(READERS)}")
            )
        paths += inside
    return paths


def _read_file(path: Path) -> Numbered:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise FaultsError.one(
            path,
            f"suffix '{path.suffix}' is not known; known: {', '.join(READERS)}. Rename the file, or convert it to one",
        )
    return reader(path)


def _decoded(path: Path) -> str:
    text = decode(read_bytes(path), path)
    if not text.strip():
        raise FaultsError.one(path, "is empty; an article needs text")
    return text


def _read_text(path: Path) -> Numbered:
    text = _decoded(path)
    first, *rest = re.split(r"\r\n|\r|\n", text.lstrip("\r\n"), maxsplit=2)
    titled = len(rest) == 2 and not rest[0].strip() and len(first) <= LONGEST_TITLE
    title = (first.strip() or None) if titled else None
    return [(None, Article(article_id=article_id_of(path), title=title, text=text))]


def _read_html(path: Path) -> Numbered:
    data = read_bytes(path)
    if b"\x00" in data[:1024] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise FaultsError.one(path, "is not a text file; an HTML file in UTF-8 is expected")
    if not data.strip():
        raise FaultsError.one(path, "is empty; an article needs text")
    import logging

    import trafilatura

    logging.getLogger("trafilatura").addHandler(logging.NullHandler())  # our message says it; theirs stay off stderr
    found = trafilatura.bare_extraction(data, include_comments=False, include_tables=False, with_metadata=True)
    # Without an article, what is found are the words of its menus: no sentence ends there.
    if found is None or not re.search(r"[.!?…]", found.text or ""):
        raise FaultsError.one(
            path,
            "has no article text that could be told from menus and boilerplate; save the text as .txt and ingest that",
        )
    article = Article(
        article_id=article_id_of(path),
        title=found.title or None,
        text=found.text,
        published=found.date or None,
        publisher=found.sitename or None,
        url=found.url or None,
    )
    return [(None, article)]


def _read_jsonl(path: Path) -> Numbered:
    records, faults = read_records(path, Article)
    first: dict[str, int] = {}
    for line, article in records:
        if article.article_id in first:
            message = f"'{article.article_id}' stands in line {first[article.article_id]} already; ids are unique"
            faults.append(Fault(str(path), line, "article_id", message))
        first.setdefault(article.article_id, line)
        if not (article.text or "").strip():
            faults.append(Fault(str(path), line, "text", "is missing or empty; an article needs text"))
        elif article.text_sha256 not in (None, sha256(article.text or "")):
            faults.append(Fault(str(path), line, "text_sha256", "is not the SHA-256 of text; the text was changed"))
    if not records and not faults:
        faults.append(Fault(str(path), None, None, "is empty; one JSON object a line is expected"))
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return list(records)


READERS = (
    dict.fromkeys(TEXT_SUFFIXES, _read_text)
    | dict.fromkeys(HTML_SUFFIXES, _read_html)
    | dict.fromkeys(JSONL_SUFFIXES, _read_jsonl)
)
