"""The file that says where and when the articles of a folder were fetched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.data.articles.article_file import Fetch
from harness.files import json_line, read_bytes
from harness.records import Article

FETCHED = "fetched.jsonl"


def fetch_entry(fetch: Fetch, article: Article) -> dict[str, Any]:
    """How an article was fetched, as a document."""
    return {"article_id": article.article_id} | fetch._asdict()


def fetch_log(folder: Path, fetches: Iterable[tuple[Fetch, Article]]) -> bytes:
    """The content of a folder's file of fetches, with those of new articles at its end.

    Args:
        folder: the folder.
        fetches: how each new article was fetched.
    """
    path = folder / FETCHED
    before = read_bytes(path) if path.exists() else b""
    before += b"\n" if before and not before.endswith(b"\n") else b""
    lines = "".join(json_line(fetch_entry(fetch, article)) for fetch, article in fetches)
    return before + lines.encode()
