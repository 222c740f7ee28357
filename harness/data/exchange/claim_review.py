"""ClaimReview (schema.org): reads claims with ratings from web pages, and writes verdicts as JSON-LD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset, DatasetInfo
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.errors import FaultsError
from harness.files import decode, read_bytes
from harness.records import Article, Claim

SCHEME = "claimreview"
VERDICT_AXES = ("verdict", "rating")
JSON_LD_BLOCK = re.compile(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script>", re.IGNORECASE | re.DOTALL)
MAX_DEPTH = 50
"""Maximum nesting of JSON in which reviews are searched."""
RATING_WORDS = {
    "true": "true correct accurate verdadero vrai wahr richtig verified",
    "mostly true": "mostly-true mostlytrue",
    "mixed": "mixed mixture half-true halftrue partly partially-true partly-false partially-false",
    "misleading": "misleading out-of-context missing-context cherry-picked distorts distorted exaggerated",
    "mostly false": "mostly-false mostlyfalse barely-true",
    "false": "false incorrect wrong fake pants-on-fire falso faux falsch hoax fabricated altered",
    "unproven": "unproven unsupported unverified no-evidence",
}
"""Publishers' words for a rating, by label. A rating in other words gets the label `other`; its words are the note."""


def read_claim_reviews(path: Path) -> list[dict[str, Any]]:
    """Returns the reviews of an HTML page or a JSON-LD file as rows for `add_claims`.

    A row has the claim's text, speaker, date and rating, and the publisher's words for the rating as its note. Scripts
    of the page are not run.

    Raises: FaultsError: the file has no ClaimReview with a claim.
    """
    text = decode(read_bytes(path), path)
    # A page is HTML unless it begins like JSON; text of a JSON file may contain "<" as well.
    blocks = JSON_LD_BLOCK.findall(text) if "<" in text[:2000] and not text.lstrip().startswith(("{", "[")) else [text]
    rows = [row for block in blocks for review in _reviews(_parse_block(block)) if (row := _to_row(review))]
    if not rows:
        raise FaultsError.single(path, "has no ClaimReview (JSON-LD) with a claimReviewed")
    return rows


def _parse_block(block: str) -> Any:
    """Returns the value of a block; None if it is invalid JSON, which is common on the web."""
    try:
        # Publishers end blocks with ";" and leave line breaks unescaped inside strings, which strict=False allows.
        return json.loads(block.strip().removesuffix(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _reviews(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yields the ClaimReview objects in a JSON value, at any depth: many pages nest them in a @graph."""
    if isinstance(value, list):
        for item in value if depth < MAX_DEPTH else ():
            yield from _reviews(item, depth + 1)
    elif isinstance(value, dict):
        types = value.get("@type", "ClaimReview" if "claimReviewed" in value else None)
        if "ClaimReview" in (types if isinstance(types, list) else [types]):
            yield value
        elif depth < MAX_DEPTH:
            for item in value.values():
                yield from _reviews(item, depth + 1)


def _text_at(value: Any, *keys: str) -> str | None:
    """Returns the text at a path of keys, or None; of a list on the way, the first item counts."""
    for name in keys:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(name) if isinstance(value, dict) else None
    return value.strip() or None if isinstance(value, str) else None


def _to_row(review: dict[str, Any]) -> dict[str, Any] | None:
    text = _text_at(review.get("claimReviewed"))
    if text is None:
        return None
    rating_text = _text_at(review, "reviewRating", "alternateName") or _text_at(review, "reviewRating", "name")
    date = re.match(r"\d{4}-\d{2}-\d{2}", _text_at(review, "itemReviewed", "datePublished") or "")
    notes = (rating_text, _text_at(review, "author", "name"), _text_at(review.get("url")))
    row = {
        "text": " ".join(text.split()),
        "speaker": _text_at(review, "itemReviewed", "author", "name"),
        # Some publishing systems write the year 1 for an unknown date.
        "date": date.group() if date and not date.group().startswith("0001") else None,
        "rating": rating_of(rating_text),
        "note": "; ".join(note for note in notes if note),
    }
    return {name: value for name, value in row.items() if value}


def rating_of(rating_text: str | None) -> str:
    """Returns the label for a rating in a publisher's words; `other` if the words are unknown or missing."""
    normalized = re.sub(r"[^a-z]+", "-", (rating_text or "").casefold()).strip("-")
    for label, words in RATING_WORDS.items():
        if normalized in words.split():
            return label
    return "other"


def claim_reviews(dataset: Dataset, gold: str) -> list[dict[str, Any]]:
    """Returns one ClaimReview per claim with a verdict, which is a gold label on an axis named verdict or rating.

    The publisher must add what the dataset does not contain: the review's address and its date.

    Args:
        dataset: dataset whose articles have text.
        gold: rule for the gold label of a claim with several annotators.
    """
    claims = {claim.claim_id: claim for claim in dataset.current}
    articles = {article.article_id: article for article in dataset.articles}
    reviews = []
    for name in dataset.info.schemes:
        axes = [axis.name for axis in find_scheme(dataset.folder, name).axes if axis.name in VERDICT_AXES]
        for axis in axes:
            for claim_id, label in gold_labels(dataset.annotations, name, axis, gold).labels.items():
                if claim_id in claims:
                    claim = claims[claim_id]
                    reviews.append(_to_review(claim, articles[claim.article_id], label.label, dataset.info))
    return reviews


def _to_review(claim: Claim, article: Article, verdict: str, info: DatasetInfo) -> dict[str, Any]:
    item: dict[str, Any] = {
        "@type": "Claim",
        "appearance": article.url,
        "datePublished": claim.date or article.published,
    }
    if claim.speaker:
        item["author"] = {"@type": "Person", "name": claim.speaker}
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "identifier": claim.claim_id,
        "claimReviewed": claim.text,
        "itemReviewed": {key: value for key, value in item.items() if value},
        "reviewRating": {"@type": "Rating", "alternateName": verdict},
        "author": {"@type": "Organization", "name": info.title},
        "license": info.license,
    }
