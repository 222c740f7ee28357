"""Makes claims from spans of an article."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from harness.data.articles.article_file import MaskedText, PartSpan
from harness.data.articles.junk import without_junk
from harness.data.dataset import Segmentation
from harness.data.sentences.segment import sentences, supported
from harness.files import sha256
from harness.records import Article, Claim, Part, make_claim_id
from harness.text_tables import count_of

OF_SPAN = {"claim_id", "article_id", "start", "end", "text"}
"""Fields of a claim that follow from its article and its place."""


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


class NewClaims(Sequence[Claim]):
    """The claims of an article in little memory: where they are, and the fields that few of them have."""

    def __init__(self, article: Article, claims: Sequence[Claim]) -> None:
        self._article = article
        self._starts = array("q", [claim.start for claim in claims])
        self._ends = array("q", [claim.end for claim in claims])
        fields = (claim.model_dump(exclude_none=True, exclude=OF_SPAN) for claim in claims)
        self._more = {number: more for number, more in enumerate(fields) if more}

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Claim]:
        return map(self._claim, range(len(self)))

    @overload
    def __getitem__(self, number: int) -> Claim: ...

    @overload
    def __getitem__(self, number: slice) -> list[Claim]: ...

    def __getitem__(self, number: int | slice) -> Claim | list[Claim]:
        numbers = range(len(self))[number]
        return self._claim(numbers) if isinstance(numbers, int) else [self._claim(each) for each in numbers]

    def _claim(self, number: int) -> Claim:
        return make_claim(self._article, self._starts[number], self._ends[number], **self._more.get(number, {}))


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
