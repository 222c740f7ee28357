"""Makes claims from spans of an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.data.articles.article_file import MaskedText, PartSpan
from harness.data.articles.junk import without_junk
from harness.data.dataset import Segmentation
from harness.data.sentences.segment import sentences, supported
from harness.files import sha256
from harness.records import Article, Claim, Part, make_claim_id
from harness.text_tables import count_of


def make_claim(article: Article, start: int, end: int, *, part: Part | None = None, **more: str | None) -> Claim:
    """Make the claim of a span of an article.

    Args:
        article: with text.
        start, end: offsets in Unicode code points; `end` is one past the last character.
        part: what the span is, if it is no running text.
        more: further fields of the claim, such as `speaker`.
    """
    text = (article.text or "")[start:end]
    claim_id = make_claim_id(article.article_id, start, end, sha256(text))
    return Claim(claim_id=claim_id, article_id=article.article_id, start=start, end=end, text=text, part=part, **more)


def claims_of(
    article: Article,
    segmentation: Segmentation,
    language: str,
    marked: MaskedText | None = None,
    dropped: Counter[str] | None = None,
) -> list[Claim]:
    """Make one claim per sentence of an article; what has neither a letter nor a digit (`* * *`) is no sentence.

    A row of a table is one claim. Times of a live blog, bylines, datelines and share buttons give none.

    Args:
        article: with text.
        segmentation: the dataset's options for the segmentation.
        language: the dataset's language (a BCP 47 tag), for an article that declares none.
        marked: the masked text and its speakers; None for a plain text without speakers.
        dropped: counter to which the pieces that give no claim are added, by kind.
    """
    marked = without_junk(marked or MaskedText(article.text or ""))
    if dropped is not None:
        dropped.update(marked.dropped)
    whole = [part for part in marked.parts if part.whole]
    spans = sentences(
        _without(whole, marked.text),
        split_quotations=segmentation.split_quotations,
        language=article.language or language,
    )
    return [
        _claim_of(article, marked, start, end)
        for start, end in sorted([*spans, *((part.start, part.end) for part in whole)])
        if any(map(str.isalnum, marked.text[start:end]))
    ]


def _without(parts: Sequence[PartSpan], text: str) -> str:
    """The text with spaces in place of the parts that are one claim each."""
    pieces, end = list[str](), 0
    for part in parts:
        pieces += [text[end : part.start], " " * (part.end - part.start)]
        end = part.end
    return "".join([*pieces, text[end:]])


def _claim_of(article: Article, marked: MaskedText, start: int, end: int) -> Claim:
    part = marked.part_at(start)
    statement = None if part is None else part.statement
    kind = None if part is None else part.part
    return make_claim(article, start, end, speaker=marked.speaker_at(start), part=kind, statement=statement)


def dropped_line(dropped: Mapping[str, int]) -> str:
    """Says what gave no claim: `dropped: 3 times, 1 byline`; empty if nothing was dropped."""
    counts = (count_of(number, kind) for kind, number in sorted(dropped.items(), key=lambda item: (-item[1], item[0])))
    return f"dropped: {', '.join(counts)}" if dropped else ""


def unsupported(languages: list[str]) -> list[str]:
    """Warnings, one for each language without segmentation rules."""
    return [
        f"language '{language}': the segmentation has no rules for this language; check the claims"
        for language in languages
        if not supported(language)
    ]
