"""Faults of articles, claims and what refers to claims, each record by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from harness.data.packed.reading import PackedFile
from harness.data.packed.records import PackedRecords
from harness.errors import Fault
from harness.files import sha256
from harness.records import Article, Claim, Record, make_claim_id, preview

R = TypeVar("R", bound=Record)


def article_faults(path: Path, lines: Sequence[int], articles: PackedRecords[Article]) -> list[Fault]:
    """Returns the articles without a text or its hash, and those whose text is another."""
    faults = []
    for line, text, digest in zip(lines, articles.column("text"), articles.column("text_sha256"), strict=True):
        if text is None and digest is None:
            message = "is missing; give text, or text_sha256 for a stand-off dataset"
            faults.append(Fault(str(path), line, "text", message, "missing-field"))
        elif text is not None and digest is not None and digest != sha256(text):
            message = "is not the SHA-256 of text; the text was changed"
            faults.append(Fault(str(path), line, "text_sha256", message, "text-mismatch"))
    return faults


def rows_to_look_at(
    claims: PackedRecords[Claim], texts: Sequence[str | None], row_of: Mapping[str, int]
) -> Iterable[int]:
    """Yields the rows of all claims but those that are surely sound: most of them, decided fast."""
    names = ("claim_id", "article_id", "start", "end", "text", "text_sha256", "statement")
    columns = (claims.column(name) for name in names)
    text_of = {article_id: texts[row_of[article_id]] for article_id in set(claims.column("article_id")) & row_of.keys()}
    hashed = hashlib.sha256
    for row, (claim_id, article_id, start, end, text, digest, statement) in enumerate(zip(*columns, strict=True)):
        article_text = text_of.get(article_id)
        if not (
            text is not None
            and article_text is not None
            and digest is None
            and (statement is None or statement.strip())
            and 0 < end - start == len(text)
            and article_text[start:end] == text
            and claim_id == make_claim_id(article_id, start, end, hashed(text.encode()).hexdigest())
        ):
            yield row


def claim_faults(claim: Claim, articles: PackedFile[Article], article: int | None) -> Iterable[tuple[str, str, str]]:
    """Yields the faults of a claim, given the row of its article, as (field, message, code)."""
    if claim.statement is not None and not claim.statement.strip():
        yield "statement", "is empty; remove the field", "empty"
    if article is not None:
        yield from _span_faults(claim, articles.records[article])
    elif not articles.unreadable:
        yield "article_id", f"no article '{claim.article_id}' in articles.jsonl", "unknown-id"


def _span_faults(claim: Claim, article: Article) -> Iterable[tuple[str, str, str]]:
    """Yields the faults of a claim as a span of its article, as (field, message, code)."""
    digest = sha256(claim.text) if claim.text is not None else claim.text_sha256
    if digest is None:
        yield "text", "is missing; give text, or text_sha256 for a stand-off dataset", "missing-field"
        return
    if claim.text_sha256 not in (None, digest):
        yield "text_sha256", "is not the SHA-256 of text; the text was changed", "text-mismatch"
    if not claim.start < claim.end:
        yield "end", f"expected a number greater than start ({claim.start}), got {claim.end}", "invalid-span"
    elif article.text is not None:
        span_name = f"articles.jsonl '{article.article_id}'[{claim.start}:{claim.end}]"
        span_text = article.text[claim.start : claim.end]
        if claim.end > len(article.text):
            yield "end", f"is {claim.end}, but the article has {len(article.text)} characters", "invalid-span"
        elif claim.text is not None and span_text != claim.text:
            message = f"does not equal {span_name}: found {preview(claim.text)}, the article has {preview(span_text)}"
            yield "text", message, "text-mismatch"
        elif claim.text is None and sha256(span_text) != digest:
            yield "text_sha256", f"is not the SHA-256 of {span_name}", "text-mismatch"
    expected = make_claim_id(claim.article_id, claim.start, claim.end, digest)
    if claim.claim_id != expected:
        message = f"expected '{expected}' (from its article, start, end and text), got '{claim.claim_id}'"
        yield "claim_id", message, "id-mismatch"


def reference_faults(
    path: Path, lines: Sequence[int], records: PackedRecords[R], row_of: Mapping[str, int]
) -> list[Fault]:
    """Returns the records about claims that are not there."""
    ids = records.column("claim_id")
    if all(map(row_of.__contains__, ids)):
        return []
    return [
        Fault(str(path), line, "claim_id", f"no claim '{claim_id}' in claims.jsonl", "unknown-id")
        for line, claim_id in zip(lines, ids, strict=True)
        if claim_id not in row_of
    ]
