"""Makes claims from spans of an article."""

from __future__ import annotations

from harness.data.articles.article_file import MaskedText
from harness.data.dataset import Segmentation
from harness.data.sentences.segment import sentences, supported
from harness.files import sha256
from harness.records import Article, Claim, make_claim_id


def make_claim(article: Article, start: int, end: int, **more: str | None) -> Claim:
    """Make the claim of a span of an article.

    Args:
        article: with text.
        start, end: offsets in Unicode code points; `end` is one past the last character.
        more: further fields of the claim, such as `speaker`.
    """
    text = (article.text or "")[start:end]
    claim_id = make_claim_id(article.article_id, start, end, sha256(text))
    return Claim(claim_id=claim_id, article_id=article.article_id, start=start, end=end, text=text, **more)


def claims_of(
    article: Article, segmentation: Segmentation, language: str, marked: MaskedText | None = None
) -> list[Claim]:
    """Make one claim per sentence of an article; what has neither a letter nor a digit (`* * *`) is no sentence.

    Args:
        article: with text.
        segmentation: the dataset's options for the segmentation.
        language: the dataset's language (a BCP 47 tag), for an article that declares none.
        marked: the masked text and its speakers; None for a plain text without speakers.
    """
    marked = marked or MaskedText(article.text or "")
    spans = sentences(
        marked.text, split_quotations=segmentation.split_quotations, language=article.language or language
    )
    return [
        make_claim(article, start, end, speaker=marked.speaker_at(start))
        for start, end in spans
        if any(map(str.isalnum, marked.text[start:end]))
    ]


def unsupported(languages: list[str]) -> list[str]:
    """Warnings, one for each language without segmentation rules."""
    return [
        f"language '{language}': the segmentation has no rules for this language; check the claims"
        for language in languages
        if not supported(language)
    ]
