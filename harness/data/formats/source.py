"""What every format reader gives: articles made of labelled lines."""

from __future__ import annotations

from typing import NamedTuple


class SourceClaim(NamedTuple):
    """One labelled sentence of a publisher's file."""

    text: str
    code: str | None
    """The label as the publisher writes it; None where the file has no labels."""
    speaker: str | None = None
    order: int = 0
    """Place in the article, where several files of a publisher hold sentences of one article."""


class SourceArticle(NamedTuple):
    """One article of a publisher's file (a debate, a tweet), its sentences in order."""

    article_id: str
    title: str
    claims: list[SourceClaim]
    published: str | None = None
