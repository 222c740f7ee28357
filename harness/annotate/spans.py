"""Corrects the span of a claim: a new claim at exact offsets takes the place of one that begins or ends wrongly."""

from __future__ import annotations

from pathlib import Path

from harness.data.add_claims import add_claims
from harness.data.sentences.claims_of import make_claim
from harness.errors import HarnessError
from harness.records import Article, Claim


class BadSpan(HarnessError):
    """A span that is none of an article, or is the one that the claim has already."""

    code = "bad-span"


def corrected(article: Article, claim: Claim, start: int, end: int) -> Claim:
    """Returns the claim of a span that is to replace the span of a claim, without the blanks around it.

    Raises: BadSpan: the span is outside the article, is empty, or is that of the claim.
    """
    text = article.text or ""
    if not 0 <= start < end <= len(text):
        raise BadSpan(
            f"characters {start:,} to {end:,} are no span of the article, which has {len(text):,}; select its text"
        )
    span = text[start:end]
    start, end = start + len(span) - len(span.lstrip()), end - len(span) + len(span.rstrip())
    if start >= end:
        raise BadSpan("the span holds blanks only; select the text of the claim")
    if (start, end) == (claim.start, claim.end):
        raise BadSpan("this is the span that the claim has; select another one")
    return make_claim(article, start, end, speaker=claim.speaker, date=claim.date, topic=claim.topic)


def add_corrected(folder: Path, claim: Claim, annotator: str) -> None:
    """Adds a claim that `corrected` returned to a dataset folder; the claims that it has stay.

    Raises: HarnessError: the dataset has faults, or cannot be written; nothing was added.
    """
    row = {"article_id": claim.article_id, "text": claim.text, "start": claim.start}
    row |= {name: value for name in ("speaker", "date", "topic") if (value := getattr(claim, name)) is not None}
    add_claims(folder, [row], annotator)
