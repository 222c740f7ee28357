"""ClaimReview (schema.org): reviews in web pages as claims with a rating, and verdicts as JSON-LD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.errors import FaultsError
from harness.files import decode, read_bytes

SCHEME = "claimreview"
BLOCK = re.compile(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script>", re.IGNORECASE | re.DOTALL)
MAX_DEPTH = 50
RATINGS = {
    "true": "true correct accurate verdadero vrai wahr richtig verified",
    "mostly true": "mostly-true mostlytrue",
    "mixed": "mixed mixture half-true halftrue partly partially-true partly-false partially-false",
    "misleading": "misleading out-of-context missing-context cherry-picked distorts distorted exaggerated",
    "mostly false": "mostly-false mostlyfalse barely-true",
    "false": "false incorrect wrong fake pants-on-fire falso faux falsch hoax fabricated altered",
    "unproven": "unproven unsupported unverified no-evidence",
}
"""Label to words that publishers write for it; a rating that is none of them is `other`, and keeps its words."""


def read_claim_reviews(path: Path) -> list[dict[str, Any]]:
    """Rows for `add_claims` from a page (HTML) or JSON-LD: text, speaker, date and rating; the rating's words as note.

    Nothing in a page is run, and its markup is not shown.

    Raises: FaultsError: it has no ClaimReview, or one without a claim.
    """
    text = decode(read_bytes(path), path)
    blocks = BLOCK.findall(text) if "<" in text[:2000] and not text.lstrip().startswith(("{", "[")) else [text]
    rows = [row for block in blocks for review in _reviews(_parsed(block)) if (row := _row(review))]
    if not rows:
        raise FaultsError.single(path, "has no ClaimReview (JSON-LD) with a claimReviewed")
    return rows


def _parsed(block: str) -> Any:
    """The content of a block; None where it is broken, as some on the web are."""
    try:
        return json.loads(block.strip().removesuffix(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _reviews(found: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(found, list):
        for inner in found if depth < MAX_DEPTH else ():
            yield from _reviews(inner, depth + 1)
    elif isinstance(found, dict):
        kinds = found.get("@type", "ClaimReview" if "claimReviewed" in found else None)
        if "ClaimReview" in (kinds if isinstance(kinds, list) else [kinds]):
            yield found
        elif depth < MAX_DEPTH:
            for inner in found.values():
                yield from _reviews(inner, depth + 1)


def _said(value: Any, *path: str) -> str | None:
    for name in path:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(name) if isinstance(value, dict) else None
    return value.strip() or None if isinstance(value, str) else None


def _row(review: dict[str, Any]) -> dict[str, Any] | None:
    text = _said(review.get("claimReviewed"))
    if text is None:
        return None
    words = _said(review, "reviewRating", "alternateName") or _said(review, "reviewRating", "name")
    day = re.match(r"\d{4}-\d{2}-\d{2}", _said(review, "itemReviewed", "datePublished") or "")
    row = {
        "text": " ".join(text.split()),
        "speaker": _said(review, "itemReviewed", "author", "name"),
        "date": day.group() if day and not day.group().startswith("0001") else None,
        "rating": rating_of(words),
        "note": "; ".join(part for part in (words, _said(review, "author", "name"), _said(review.get("url"))) if part),
    }
    return {name: value for name, value in row.items() if value}


def rating_of(words: str | None) -> str:
    """The label for a publisher's rating in words."""
    plain = re.sub(r"[^a-z]+", "-", (words or "").casefold()).strip("-")
    for label, known in RATINGS.items():
        if plain in known.split():
            return label
    return "other"


def claim_reviews(dataset: Dataset, gold: str) -> list[dict[str, Any]]:
    """One ClaimReview for each claim with a verdict: a label on an axis called verdict or rating.

    What only the publisher of a review can say (its address, its date) is left for the publisher to fill in.
    """
    claims = {claim.claim_id: claim for claim in dataset.current}
    articles = {article.article_id: article for article in dataset.articles}
    reviews = []
    for name in dataset.info.schemes:
        for axis in find_scheme(dataset.folder, name).axes:
            if axis.name not in ("verdict", "rating"):
                continue
            for claim_id, label in gold_labels(dataset.annotations, name, axis.name, gold).labels.items():
                if claim_id not in claims:
                    continue
                claim, article = claims[claim_id], articles[claims[claim_id].article_id]
                item: dict[str, Any] = {
                    "@type": "Claim",
                    "appearance": article.url,
                    "datePublished": claim.date or article.published,
                }
                if claim.speaker:
                    item["author"] = {"@type": "Person", "name": claim.speaker}
                reviews.append(
                    {
                        "@context": "https://schema.org",
                        "@type": "ClaimReview",
                        "identifier": claim_id,
                        "claimReviewed": claim.text,
                        "itemReviewed": {key: value for key, value in item.items() if value},
                        "reviewRating": {"@type": "Rating", "alternateName": label.label},
                        "author": {"@type": "Organization", "name": dataset.info.title},
                        "license": dataset.info.license,
                    }
                )
    return reviews
