"""HTML page of an article with the verdicts of a chain: marked claims, quoted passages, and what the page is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.scoring.article_page import page_environment
from harness.text_tables import format_number

if TYPE_CHECKING:
    from harness.scoring.verify import JudgedClaim, Verification

TONES = {
    "supported": "supported",
    "refuted": "refuted",
    "conflicting or cherry-picked": "mixed",
    "not enough evidence": "open",
}
"""Color of each common verdict; other labels are gray."""
MAX_QUOTE = 700
"""Number of characters that are quoted of a passage."""


class Mark(NamedTuple):
    """A claim in the text of the article."""

    number: int
    text: str
    verdict: str
    tone: str
    """What the verdict means in common terms, for its color: a key of `TONES`, or `other`."""


class Quote(NamedTuple):
    """A passage beside a claim."""

    text: str
    source: str
    url: str | None
    published: str | None
    passage_id: str


class Card(NamedTuple):
    """A claim with its verdict and its passages."""

    mark: Mark
    score: str
    others: tuple[tuple[str, str], ...]
    """The other labels with their scores."""
    quotes: tuple[Quote, ...]


def verification_page(result: Verification) -> str:
    """Returns the page as one HTML document without scripts or external resources; all text is escaped."""
    labels = result.chain.judge.card.labels
    common = dict(zip(TONES, TONES, strict=True))
    for use in result.chain.judge.card.schemes:
        common |= use.mapping.common
    cards = [_card(number, claim, common) for number, claim in enumerate(result.claims, start=1)]
    measured = result.chain.card.measured
    whole = measured.get("rows", {}).get("S0", {})
    template = page_environment().get_template("verification_page.html")
    return template.render(
        result=result,
        title=result.article.title or result.article.article_id,
        pieces=tuple(_pieces(result, [card.mark for card in cards])),
        cards=cards,
        labels=labels,
        stages=measured.get("stages", {}),
        whole={name: format_number(whole[name]) for name in ("value", "low", "high") if whole.get(name) is not None},
        experiment=measured.get("experiment", ""),
        kind="probability by the classifier" if result.chain.judge.card.probabilities else "score, not a probability",
    )


def _card(number: int, claim: JudgedClaim, common: Mapping[str, str]) -> Card:
    tone = TONES.get(common.get(claim.verdict or "", ""), "other")
    quotes = [
        Quote(
            text=passage.text if len(passage.text) <= MAX_QUOTE else f"{passage.text[:MAX_QUOTE]}…",
            source=passage.publisher or passage.title or passage.document_id,
            url=passage.url if (passage.url or "").startswith(("https://", "http://")) else None,
            published=passage.published,
            passage_id=passage.passage_id,
        )
        for passage in (quoted.passage for quoted in claim.evidence)
    ]
    ranked = sorted(claim.scores.items(), key=lambda item: -item[1])
    return Card(
        mark=Mark(number, claim.text, claim.verdict or "no answer", tone),
        score=format_number(claim.scores[claim.verdict]) if claim.verdict is not None else "",
        others=tuple((label, format_number(score)) for label, score in ranked if label != claim.verdict),
        quotes=tuple(quotes),
    )


def _pieces(result: Verification, marks: list[Mark]) -> Iterator[str | Mark]:
    """Yields the claims with the text between them; claims on lines of their own if the text is unknown."""
    text, end = result.article.text, 0
    for claim, mark in zip(result.claims, marks, strict=True):
        if text is None or claim.start < end:  # unknown text, or a claim that overlaps an earlier one
            yield "\n"
        else:
            yield text[end : claim.start]
            end = claim.end
        yield mark
    yield (text or "")[end:]
