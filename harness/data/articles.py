"""Article files: plain text, HTML and JSONL, read into Article records. The text stays as it came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError
from harness.files import decode, read_bytes
from harness.records import Article

TEXT_SUFFIXES = (".txt", ".text")
HTML_SUFFIXES = (".html", ".htm")
JSONL_SUFFIXES = (".jsonl", ".ndjson")
LONGEST_TITLE = 300


def article_id_of(path: Path) -> str:
    """A safe id from a file's name: its stem, with a hyphen for all but letters, digits, dot, underscore and hyphen."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.")[:100]
    return stem or "article"


def read_articles(sources: Sequence[Path]) -> list[Article]:
    """The articles of some files, in order; a folder stands for the files in it that have a known suffix, by name.

    Raises: FaultsError: every fault of every file, at once.
    """
    articles: list[Article] = []
    faults: list[Fault] = []
    for path in _expanded(sources, faults):
        try:
            articles += _read_file(path)
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
        inside = sorted(path for path in source.iterdir() if path.suffix.lower() in READERS)
        if not inside:
            faults.append(
                Fault(str(source), None, None, f"no article files in this folder; known: {', '.join(READERS)}")
            )
        paths += inside
    return paths


def _read_file(path: Path) -> list[Article]:
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


def _read_text(path: Path) -> list[Article]:
    text = _decoded(path)
    first, *rest = re.split(r"\r\n|\r|\n", text.lstrip("\r\n"), maxsplit=2)
    titled = len(rest) == 2 and not rest[0].strip() and len(first) <= LONGEST_TITLE
    return [Article(article_id=article_id_of(path), title=first.strip() if titled else None, text=text)]


def _read_html(path: Path) -> list[Article]:
    data = read_bytes(path)
    if b"\x00" in data[:1024] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise FaultsError.one(path, "is not a text file; an HTML file is expected")
    if not data.strip():
        raise FaultsError.one(path, "is empty; an article needs text")
    import trafilatura

    found = trafilatura.bare_extraction(data, include_comments=False, include_tables=False, with_metadata=True)
    if found is None or not (found.text or "").strip():
        raise FaultsError.one(
            path,
            "has no article text that could be told from menus and boilerplate; save the text as .txt and ingest that",
        )
    return [
        Article(
            article_id=article_id_of(path),
            title=found.title or None,
            text=found.text,
            published=found.date or None,
            publisher=found.sitename or None,
            url=found.url or None,
        )
    ]


def _read_jsonl(path: Path) -> list[Article]:
    records, faults = read_records(path, Article)
    first: dict[str, int] = {}
    for line, article in records:
        if article.article_id in first:
            message = f"'{article.article_id}' stands in line {first[article.article_id]} already; ids are unique"
            faults.append(Fault(str(path), line, "article_id", message))
        first.setdefault(article.article_id, line)
        if not (article.text or "").strip():
            faults.append(Fault(str(path), line, "text", "is missing or empty; an article needs text"))
    if not records and not faults:
        faults.append(Fault(str(path), None, None, "is empty; one JSON object a line is expected"))
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return [article for _, article in records]


READERS = (
    dict.fromkeys(TEXT_SUFFIXES, _read_text)
    | dict.fromkeys(HTML_SUFFIXES, _read_html)
    | dict.fromkeys(JSONL_SUFFIXES, _read_jsonl)
)
