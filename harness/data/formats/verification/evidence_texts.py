"""Evidence that a publisher gives as texts without ids: a passage is identified by its text, a group by its texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.data.formats.source import SourceArticle, SourceEvidence
from harness.files import sha256


def id_of_texts(kind: str, *texts: str) -> str:
    """Returns an id that equal texts share in all files, such as `passage-0a1b2c3d4e5f6071`."""
    digest = sha256("\n".join(texts))
    return f"{kind}-{digest[:16]}"


def joint_evidence(texts: Sequence[str], stance: str | None) -> tuple[SourceEvidence, ...]:
    """Returns one group of passages, without repeated ones.

    Args:
        texts: texts of the passages.
        stance: stance of the whole group.
    """
    distinct = dict.fromkeys(text.strip() for text in texts)
    return tuple(SourceEvidence(text, passage_id=id_of_texts("passage", text), stance=stance) for text in distinct)


def merged_by_id(articles: Iterable[SourceArticle]) -> list[SourceArticle]:
    """Returns one article per id, with the claims and passages of all that have it, in the place of the first."""
    by_id = dict[str, list[SourceArticle]]()
    for article in articles:
        by_id.setdefault(article.article_id, []).append(article)
    return [
        same[0]._replace(
            claims=[claim for article in same for claim in article.claims],
            passages=tuple(passage for article in same for passage in article.passages),
        )
        for same in by_id.values()
    ]
