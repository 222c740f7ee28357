"""Claims from the spans of an article that has its text."""

from __future__ import annotations

from harness.data.articles.reading import MaskedText
from harness.data.dataset import Segmentation
from harness.data.sentences.segment import sentences, supported
from harness.files import sha256
from harness.records import Article, Claim, make_claim_id


def make_claim(article: Article, start: int, end: int, **more: str | None) -> Claim:
    """The claim of a span of an article that has its text."""
    text = (article.text or "")[start:end]
    claim_id = make_claim_id(article.article_id, start, end, sha256(text))
    return Claim(claim_id=claim_id, article_id=article.article_id, start=start, end=end, text=text, **more)


def claims_of(
    article: Article, segmentation: Segmentation, language: str, marked: MaskedText | None = None
) -> list[Claim]:
    """One claim per sentence of an article that has its text.

    Args:
        article: names its language, or has the dataset's.
        segmentation: the dataset's options.
        language: the dataset's.
        marked: what is markup in the text, and who speaks; None: nothing, and nobody is named.
    """
    marked = marked or MaskedText(article.text or "")
    spans = sentences(
        marked.text, split_quotations=segmentation.split_quotations, language=article.language or language
    )
    return [make_claim(article, start, end, speaker=marked.speaker_at(start)) for start, end in spans]


def unsupported(languages: list[str]) -> list[str]:
    """A warning for each language that the segmentation has no rules for."""
    return [
        f"language '{language}': sentences are cut by rules that were not made for it; check the claims"
        for language in languages
        if not supported(language)
    ]
