"""HTML page of an article with the verdicts of a chain: marked claims, quoted passages, and what the page is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.scoring.article_page import page_environment
from harness.text_tables import format_number

if TYPE_CHECKING:
    from harness.scoring.verification.checked_claims import EarlierVerdict
    from harness.scoring.verification.judged_claims import JudgedClaim, QuotedPassage, Verification
    from harness.scoring.verification.left_out import LeftOut

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
    change: str
    """What the verdict is without this passage."""
    changes: bool
    """Whether it is another one."""


class Earlier(NamedTuple):
    """An earlier verdict beside a claim."""

    text: str
    verdict: str
    source: str
    url: str | None
    published: str
    similarity: str
    numbers_differ: bool


class Card(NamedTuple):
    """A claim with its verdict and its passages."""

    mark: Mark
    score: str
    others: tuple[tuple[str, str], ...]
    """The other labels with their scores."""
    quotes: tuple[Quote, ...]
    change: str
    """What would change the verdict."""
    earlier: tuple[Earlier, ...]
    reason: str
    """Why there is no verdict."""


def verification_page(result: Verification, index: str | None = None) -> str:
    """Returns the page as one HTML document without scripts or external resources; all text is escaped.

    Args:
        result: article with its verdicts.
        index: address of the list that the page belongs to; None: the page stands alone.
    """
    labels = result.chain.judge.card.labels
    common = common_verdicts(result)
    cards = [claim_card(number, claim, common) for number, claim in enumerate(result.claims, start=1)]
    measured = result.chain.card.measured
    whole = measured.get("rows", {}).get("S0", {})
    template = page_environment().get_template("verification_page.html")
    return template.render(
        result=result,
        title=result.article.title or result.article.article_id,
        pieces=tuple(_pieces(result, [card.mark for card in cards])),
        cards=cards,
        labels=labels,
        index=index,
        stages=measured.get("stages", {}),
        whole={name: format_number(whole[name]) for name in ("value", "low", "high") if whole.get(name) is not None},
        experiment=measured.get("experiment", ""),
        kind=score_kind(result),
    )


def common_verdicts(result: Verification) -> dict[str, str]:
    """Returns what each label means in common terms."""
    common = dict(zip(TONES, TONES, strict=True))
    for use in result.chain.judge.card.schemes:
        common |= use.mapping.common
    return common


def score_kind(result: Verification) -> str:
    """Returns what the scores of the judge are."""
    return "probability by the classifier" if result.chain.judge.card.probabilities else "score, not a probability"


def claim_card(number: int, claim: JudgedClaim, common: Mapping[str, str]) -> Card:
    """Returns a claim as the pages show it.

    Args:
        number: number of the claim on its page.
        claim: the claim.
        common: meaning of each label in common terms; see `common_verdicts`.
    """
    tone = TONES.get(common.get(claim.verdict or "", ""), "other")
    ranked = sorted(claim.scores.items(), key=lambda item: -item[1])
    answers = claim.left_out or (None,) * len(claim.evidence)
    return Card(
        mark=Mark(number, claim.text, claim.verdict or "no answer", tone),
        score="" if claim.score is None else format_number(claim.score),
        others=tuple((label, format_number(score)) for label, score in ranked if label != claim.verdict),
        quotes=tuple(_quote(claim, quoted, answer) for quoted, answer in zip(claim.evidence, answers, strict=True)),
        change=_change(claim),
        earlier=tuple(_earlier(verdict) for verdict in claim.checked),
        reason=claim.reason or "",
    )


def _quote(claim: JudgedClaim, quoted: QuotedPassage, answer: LeftOut | None) -> Quote:
    passage = quoted.passage
    changes = answer is not None and answer.verdict != claim.verdict
    change = ""
    if answer is not None and claim.score is not None and answer.score is not None:
        now = f"{claim.verdict} {format_number(answer.score)} instead of {format_number(claim.score)}"
        change = f"Without it: {answer.verdict or 'no answer'} ({now})" if changes else f"Without it: {now}"
    return Quote(
        text=passage.text if len(passage.text) <= MAX_QUOTE else f"{passage.text[:MAX_QUOTE]}…",
        source=passage.publisher or passage.title or passage.document_id,
        url=_web_address(passage.url),
        published=passage.published,
        passage_id=passage.passage_id,
        change=change,
        changes=changes,
    )


def _change(claim: JudgedClaim) -> str:
    """What would change the verdict, in a sentence; empty if no passage was read or none was left out."""
    if not claim.left_out or claim.verdict is None:
        return ""
    if claim.changed_by:
        changes = [f"passage {i + 1} ({claim.left_out[i].verdict or 'no answer'})" for i in claim.changed_by]
        single = f"is another one without {', or without '.join(changes)}"
    elif len(claim.left_out) > 1:
        single = f"stays the same without any one of the {len(claim.left_out)} passages"
    else:
        single = "stays the same without its only passage"
    alone = claim.without_passages
    if alone is None or len(claim.left_out) == 1:
        return f"The verdict {single}."
    score = "" if alone.score is None or alone.verdict != claim.verdict else f" {format_number(alone.score)}"
    return f"The verdict {single}; for the sentence alone, it is: {alone.verdict or 'no answer'}{score}."


def _earlier(verdict: EarlierVerdict) -> Earlier:
    claim = verdict.claim
    return Earlier(
        text=claim.text,
        verdict=claim.verdict,
        source=claim.publisher or "publisher not stated",
        url=_web_address(claim.url),
        published=claim.published or "no date",
        similarity=format_number(verdict.similarity),
        numbers_differ=verdict.numbers_differ,
    )


def _web_address(url: str | None) -> str | None:
    return url if (url or "").startswith(("https://", "http://")) else None


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
