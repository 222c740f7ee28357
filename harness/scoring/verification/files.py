"""Files of `harness verify`: a page, lines, a table, and ClaimReview drafts."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.data.exchange.claim_review import DRAFT
from harness.data.exchange.export import safe_cell
from harness.errors import FaultsError, UnknownName, unknown_name
from harness.files import json_document, json_line, write_files
from harness.scoring.verification.judged_claims import JudgedClaim, QuotedPassage, Verification

REVIEW_SUFFIX = ".json"
DRAFT_TEXT = (
    "Machine-made draft, not a fact-check: a program picked the claim and gave it this rating by the cited passages. "
    "No person has checked it. Check it before you publish it."
)


def check_target(path: Path, author: str | None) -> None:
    """Checks a file that is to be written.

    Raises: UnknownName: its suffix is of no format. FaultsError: ClaimReview needs an author.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise UnknownName(f"-o {path}: {unknown_name('suffix', path.suffix, list(WRITERS))}")
    if suffix == REVIEW_SUFFIX and not (author or "").strip():
        message = "ClaimReview needs the organization that publishes the reviews; give --author NAME"
        raise FaultsError.single(path, message, code="no-author")


def write_verifications(path: Path, results: Sequence[Verification], author: str | None) -> None:
    """Writes a file by its suffix, completely or not at all."""
    write_files({path: file_content(path.suffix.lower(), results, author)})


def file_content(suffix: str, results: Sequence[Verification], author: str | None = None) -> bytes:
    """Returns the content of a file.

    Args:
        suffix: one of `WRITERS`.
        results: articles with their verdicts; a page takes one.
        author: organization that publishes the ClaimReview drafts.
    """
    return WRITERS[suffix](results, author)


def claim_review_drafts(result: Verification, author: str) -> Iterator[dict[str, Any]]:
    """Yields a ClaimReview draft for each claim with a verdict and a passage, which it cites.

    Args:
        result: article with its verdicts.
        author: organization that publishes the reviews; the draft has no other author, date or address of a review.
    """
    for claim in result.claims:
        if claim.verdict is None or not claim.evidence:
            continue
        score = claim.scores[claim.verdict]
        kind = "probability by the classifier" if claim.probabilities else "score, not a probability"
        item = {
            "@type": "Claim",
            "text": claim.text,
            "datePublished": result.article.published,
            "appearance": _without_empty(
                {
                    "@type": "Article",
                    "headline": result.article.title or result.article.article_id,
                    "url": result.article.url,
                    "datePublished": result.article.published,
                }
            ),
        }
        yield {
            "@context": "https://schema.org",
            "@type": "ClaimReview",
            "identifier": claim.claim_id,
            "creativeWorkStatus": DRAFT,
            "dateCreated": datetime.now(UTC).date().isoformat(),
            "author": {"@type": "Organization", "name": author},
            "claimReviewed": claim.text,
            "itemReviewed": _without_empty(item),
            "reviewRating": {
                "@type": "Rating",
                "alternateName": claim.verdict,
                "ratingExplanation": f"{kind}: {score:.3f}",
            },
            "reviewBody": DRAFT_TEXT,
            "citation": [_citation(quoted) for quoted in claim.evidence],
        }


def _citation(quoted: QuotedPassage) -> dict[str, Any]:
    passage = quoted.passage
    publisher = {"@type": "Organization", "name": passage.publisher} if passage.publisher else None
    return _without_empty(
        {
            "@type": "CreativeWork",
            "identifier": passage.passage_id,
            "name": passage.title,
            "text": passage.text,
            "url": passage.url if (passage.url or "").startswith(("https://", "http://")) else None,
            "datePublished": passage.published,
            "publisher": publisher,
        }
    )


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value}


def ranked_claims(results: Sequence[Verification]) -> list[tuple[Verification, JudgedClaim]]:
    """Returns the claims of all articles by the score of the detector, the highest first; equal ones in order."""
    pairs = [(result, claim) for result in results for claim in result.claims]
    return sorted(pairs, key=lambda pair: -pair[1].detection_score)


def csv_rows(results: Sequence[Verification]) -> Iterator[dict[str, Any]]:
    """Yields the rows of the table: the claims of all articles, ranked."""
    for rank, (result, claim) in enumerate(ranked_claims(results), start=1):
        passage = claim.evidence[0].passage if claim.evidence else None
        earlier = claim.checked[0] if claim.checked else None
        yield {
            "rank": rank,
            "article_id": claim.article_id,
            "title": result.article.title,
            "claim_id": claim.claim_id,
            "text": claim.text,
            "detection_score": claim.detection_score,
            "verdict": claim.verdict,
            "verdict_score": claim.score,
            "probability": claim.probabilities,
            "changed_without": " ".join(claim.evidence[i].passage.passage_id for i in claim.changed_by),
            "passages": len(claim.evidence),
            "passage": passage and passage.text,
            "source": passage and (passage.publisher or passage.title or passage.document_id),
            "published": passage and passage.published,
            "url": passage and passage.url,
            "earlier_verdict": earlier and earlier.claim.verdict,
            "earlier_publisher": earlier and earlier.claim.publisher,
            "earlier_published": earlier and earlier.claim.published,
            "earlier_url": earlier and earlier.claim.url,
            "earlier_claim": earlier and earlier.claim.text,
            "similarity": earlier and earlier.similarity,
            "numbers_differ": earlier and earlier.numbers_differ,
        }


CSV_COLUMNS = (
    *("rank", "article_id", "title", "claim_id", "text", "detection_score", "verdict", "verdict_score", "probability"),
    *("changed_without", "passages", "passage", "source", "published", "url", "earlier_verdict", "earlier_publisher"),
    *("earlier_published", "earlier_url", "earlier_claim", "similarity", "numbers_differ"),
)


def _csv(results: Sequence[Verification], _: str | None) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, CSV_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in csv_rows(results))
    # Excel reads a CSV file as UTF-8 only if it begins with a byte order mark; other tools take it for a character.
    return codecs.BOM_UTF8 + stream.getvalue().encode()


def _jsonl(results: Sequence[Verification], _: str | None) -> bytes:
    return "".join(json_line(claim.document()) for result in results for claim in result.claims).encode()


def _html(results: Sequence[Verification], _: str | None) -> bytes:
    from harness.scoring.verify_page import verification_page

    (result,) = results
    return verification_page(result).encode()


def _reviews(results: Sequence[Verification], author: str | None) -> bytes:
    return json_document([draft for result in results for draft in claim_review_drafts(result, author or "")]).encode()


WRITERS: dict[str, Callable[[Sequence[Verification], str | None], bytes]] = {
    ".html": _html,
    ".jsonl": _jsonl,
    ".csv": _csv,
    REVIEW_SUFFIX: _reviews,
}
"""Function that gives the content of an output file, by its suffix."""
