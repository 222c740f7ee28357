"""Scored articles as one HTML page: every sentence shaded by its score, and what moved the score."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.classifiers.base import Reason
from harness.runner.models.card import ModelCard
from harness.runner.models.model import Model
from harness.scoring.inputs import ArticleClaims
from harness.scoring.score_claims import ScoredBatch, ScoredClaim
from harness.text_tables import format_number

if TYPE_CHECKING:
    import jinja2

LISTED = 10
"""Sentences that stand in the list beside an article."""
REASONS = 6
TEMPLATES = Path(__file__).parent / "templates"
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
"""Characters that HTML may not hold."""


class Sentence(NamedTuple):
    """A claim as the page shows it."""

    key: str
    text: str
    score: str
    shade: float
    """0 at the lowest score of the page, 1 at the highest."""
    positive: bool
    predicted: str
    reasons: tuple[Reason, ...] | None
    listed: bool
    """Whether it stands in the list too."""


class Section(NamedTuple):
    """An article, or free-standing claims that follow each other."""

    title: str
    n: int
    n_positive: int
    pieces: tuple[str | Sentence, ...]
    """Sentences, and the text between them."""
    top: tuple[Sentence, ...]
    """The highest scores, the highest first."""


class Scale(NamedTuple):
    """The range of the scores of a page."""

    low: float
    high: float
    threshold: float | None

    def place(self, score: float) -> float:
        """From 0 at the lowest to 1 at the highest."""
        return (score - self.low) / (self.high - self.low) if self.high > self.low else 0.0

    @property
    def mark(self) -> float | None:
        """Where the threshold stands; None where it is outside, or there is none."""
        inside = self.threshold is not None and self.low <= self.threshold <= self.high
        return self.place(self.threshold) if inside and self.threshold is not None else None

    @property
    def outside(self) -> str | None:
        """Which side of all scores the threshold is on; None: it is inside, or there is none."""
        if self.threshold is None or self.mark is not None:
            return None
        return "above" if self.threshold > self.high else "below"


def article_page(model: Model, batches: Sequence[ScoredBatch], warnings: Iterable[str] = ()) -> str:
    """The page: one file, no script, nothing loaded from anywhere; all text escaped.

    Args:
        model: what scored.
        batches: the articles with their claims, in order.
        warnings: what a reader must know.
    """
    card = model.card
    scores = [claim.rank_score for batch in batches for claim in batch.claims]
    scale = Scale(min(scores, default=0.0), max(scores, default=0.0), card.threshold)
    positive = card.labels[-1]
    sections = tuple(_Sections(scale, positive).of(batches))
    return (
        _environment()
        .get_template("article_page.html")
        .render(
            card=card,
            positive=positive,
            legend=legend(card),
            scheme=scheme_of(card),
            scale=scale,
            sections=sections,
            n=len(scores),
            n_positive=sum(section.n_positive for section in sections),
            warnings=tuple(warnings),
        )
    )


def legend(card: ModelCard) -> str:
    """What a score means: whose it is, of what, and from where on it is a yes."""
    what = f"score of '{card.labels[-1]}'" + ("" if card.probabilities else ", no probability")
    if card.positive is None:
        rule = f"predicted: the highest of {', '.join(card.labels)}"
    else:
        rule = "no threshold" if card.threshold is None else f"threshold {format_number(card.threshold)}"
    return " · ".join(part for part in (card.system, card.task, what, rule) if part)


def scheme_of(card: ModelCard) -> str:
    """The label scheme, and which of its labels are the positive one; empty where the system was not trained."""
    said = []
    for scheme in card.schemes:
        meaning = ", ".join(scheme.mapping.positive)
        said.append(f"{scheme.name} {scheme.version}" + (f" (yes is {meaning})" if meaning else ""))
    return "; ".join(said)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": format_number, "clean": clean, "signed": _signed}
    return environment


def clean(text: str) -> str:
    """A text without characters that HTML may not hold, each replaced by one."""
    return _UNSEEN.sub("\ufffd", text)


def _signed(weight: float) -> str:
    return f"{weight:+.2f}".replace("-", "\u2212")


class _Sections:
    """Makes sections, and numbers their sentences."""

    def __init__(self, scale: Scale, positive: str) -> None:
        self.scale, self.positive = scale, positive
        self.numbers = itertools.count(1)

    def of(self, batches: Iterable[ScoredBatch]) -> Iterator[Section]:
        """One section an article; articles of one claim that follow each other share one."""
        alone: list[ScoredClaim] = []
        for document, claims in _documents(batches):
            text = document.article.text
            if len(claims) == 1 and (text or "").strip() in ("", claims[0].text.strip()):
                alone += claims
                continue
            if alone:
                yield self._section("Claims", None, alone)
                alone = []
            yield self._section(document.article.title or document.article.article_id, text, claims)
        if alone:
            yield self._section("Claims", None, alone)

    def _section(self, title: str, text: str | None, claims: Sequence[ScoredClaim]) -> Section:
        order = sorted(range(len(claims)), key=lambda row: -claims[row].rank_score)[:LISTED]
        listed = set(order)
        sentences = [self._sentence(claim, row in listed) for row, claim in enumerate(claims)]
        return Section(
            title=title,
            n=len(claims),
            n_positive=sum(sentence.positive for sentence in sentences),
            pieces=tuple(_pieces(text, claims, sentences)),
            top=tuple(sentences[row] for row in order),
        )

    def _sentence(self, claim: ScoredClaim, listed: bool) -> Sentence:
        return Sentence(
            key=f"s{next(self.numbers)}",
            text=claim.text,
            score=format_number(claim.rank_score),
            shade=round(self.scale.place(claim.rank_score), 3),
            positive=claim.predicted == self.positive,
            predicted=claim.predicted or "no label",
            reasons=None if claim.reasons is None else claim.reasons[:REASONS],
            listed=listed,
        )


def _documents(batches: Iterable[ScoredBatch]) -> Iterator[tuple[ArticleClaims, list[ScoredClaim]]]:
    for batch in batches:
        before = 0
        for document in batch.documents:
            after = before + len(document.claims)
            yield document, list(batch.claims[before:after])
            before = after


def _pieces(text: str | None, claims: Sequence[ScoredClaim], sentences: Sequence[Sentence]) -> Iterator[str | Sentence]:
    """Sentences with the text between them; line breaks where the text is not known."""
    place = 0
    for claim, sentence in zip(claims, sentences, strict=True):
        if text is None:
            yield from ["\n"] if place else []
            place = 1
        elif claim.start < place:  # claims that overlap: the later one on a line of its own
            yield "\n"
        else:
            yield from [text[place : claim.start]] if claim.start > place else []
            place = claim.end
        yield sentence
    if text is not None and text[place:]:
        yield text[place:]
