"""HTML page of scored articles: every sentence is shaded by its score, with the reasons for the score."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.data.labels.tasks import find_task
from harness.runner.models.card import ModelCard
from harness.runner.models.saved_model import Model
from harness.scoring.inputs import ArticleClaims
from harness.scoring.reason_words import SpokenReason, in_words
from harness.scoring.score_claims import ScoredBatch, ScoredClaim
from harness.text_tables import format_number

if TYPE_CHECKING:
    import jinja2

TOP_SENTENCES = 10
"""Number of sentences in the list next to an article."""
MAX_REASONS = 6
"""Number of reasons per sentence."""
TEMPLATES = Path(__file__).parent / "templates"
_INVALID_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
"""Characters that are not allowed in HTML."""

_RULES = re.compile(r"(?m)^[ \t]*[|+=:_*\u2014\u2500-\u257f-][ \t|+=:_*\u2014\u2500-\u257f-]+$\n?")
"""Lines of at least two characters that draw a rule."""


class Sentence(NamedTuple):
    """One claim on the page."""

    key: str
    """Anchor of the sentence."""
    text: str
    score: str
    shade: float
    """Score rescaled to 0 (lowest of the page) to 1 (highest)."""
    positive: bool
    predicted: str
    reasons: tuple[SpokenReason, ...] | None
    listed: bool
    """Whether the sentence is also in the list."""


class Section(NamedTuple):
    """One article, or consecutive free-standing claims."""

    title: str
    title_in_text: bool
    """Whether the text begins with the title, which is then not shown twice."""
    n: int
    """Number of sentences."""
    n_positive: int
    """Number of sentences with the positive label as predicted label."""
    pieces: tuple[str | Sentence, ...]
    """Sentences and the text between them, in order."""
    top: tuple[Sentence, ...]
    """Sentences with the highest scores, the highest first."""


class Scale(NamedTuple):
    """Range of the scores of a page."""

    low: float
    high: float
    threshold: float | None

    def rescale(self, score: float) -> float:
        """Returns a score rescaled to 0 (lowest of the page) to 1 (highest); 0 if all scores are equal."""
        return (score - self.low) / (self.high - self.low) if self.high > self.low else 0.0

    @property
    def mark(self) -> float | None:
        """Rescaled threshold; None if it is outside of the range or there is no threshold."""
        inside = self.threshold is not None and self.low <= self.threshold <= self.high
        return self.rescale(self.threshold) if inside and self.threshold is not None else None

    @property
    def outside(self) -> str | None:
        """`above` or `below` if the threshold is outside of the range, else None."""
        if self.threshold is None or self.mark is not None:
            return None
        return "above" if self.threshold > self.high else "below"


def article_page(model: Model, batches: Sequence[ScoredBatch], warnings: Iterable[str] = ()) -> str:
    """Returns the page as one HTML document without scripts or external resources; all text is escaped.

    Args:
        model: model that scored the claims.
        batches: articles with their claims, in order.
        warnings: warnings to show at the top.
    """
    card = model.card
    scores = [claim.rank_score for batch in batches for claim in batch.claims]
    scale = Scale(min(scores, default=0.0), max(scores, default=0.0), card.threshold)
    positive = card.labels[-1]
    sections = tuple(_SectionBuilder(scale, positive).build(batches))
    return (
        page_environment()
        .get_template("article_page.html")
        .render(
            card=card,
            heading=question_of(card),
            positive=positive,
            legend=legend(card),
            scheme=scheme_summary(card),
            scale=scale,
            sections=sections,
            n=len(scores),
            n_positive=sum(section.n_positive for section in sections),
            warnings=tuple(warnings),
        )
    )


def question_of(card: ModelCard) -> str:
    """Returns the question that the scores answer, as a heading."""
    question = find_task(card.task).question if card.task else "how does the system score these sentences?"
    return question[0].upper() + question[1:]


def legend(card: ModelCard) -> str:
    """Returns one line that explains the scores: the system, the task, the label, and the decision rule."""
    score_meaning = f"score of '{card.labels[-1]}'" + ("" if card.probabilities else " (not a probability)")
    if card.positive is None:
        rule = f"predicted: label with the highest score ({', '.join(card.labels)})"
    else:
        rule = "no threshold" if card.threshold is None else f"threshold {format_number(card.threshold)}"
    return " · ".join(part for part in (card.system, card.task, score_meaning, rule) if part)


def scheme_summary(card: ModelCard) -> str:
    """Returns the label schemes with their positive labels; empty for a system that was not trained."""
    summaries = []
    for scheme in card.schemes:
        positive = ", ".join(scheme.mapping.positive)
        summaries.append(f"{scheme.name} {scheme.version}" + (f" (positive: {positive})" if positive else ""))
    return "; ".join(summaries)


@cache
def page_environment() -> jinja2.Environment:
    """Returns the environment of the pages' templates, which escapes all text."""
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
    """Returns a text with U+FFFD for each character that is not allowed in HTML."""
    return _INVALID_CHARACTERS.sub("\ufffd", text)


def _signed(weight: float) -> str:
    # A minus sign is as wide as a plus sign; a hyphen is not.
    return f"{weight:+.2f}".replace("-", "\u2212")


class _SectionBuilder:
    """Builds the sections of a page and numbers their sentences."""

    def __init__(self, scale: Scale, positive: str) -> None:
        self.scale, self.positive = scale, positive
        self.numbers = itertools.count(1)

    def build(self, batches: Iterable[ScoredBatch]) -> Iterator[Section]:
        """Yields one section per article; consecutive articles that are one claim without a title share a section."""
        single_claims: list[ScoredClaim] = []
        for document, claims in _documents(batches):
            text = document.article.text
            if len(claims) == 1 and not document.article.title and (text or "").strip() in ("", claims[0].text.strip()):
                single_claims += claims
                continue
            if single_claims:
                yield self._section("Claims", None, single_claims)
                single_claims = []
            yield self._section(document.article.title or document.article.article_id, text, claims)
        if single_claims:
            yield self._section("Claims", None, single_claims)

    def _section(self, title: str, text: str | None, claims: Sequence[ScoredClaim]) -> Section:
        # sorted() is stable: of sentences with equal scores, the earlier ones come first.
        ranked = sorted(range(len(claims)), key=lambda index: -claims[index].rank_score)
        # A headline that stands twice in the article is listed once.
        first_of_text = {claims[index].text: index for index in reversed(ranked)}
        top_indices = [index for index in ranked if first_of_text[claims[index].text] == index][:TOP_SENTENCES]
        sentences = [self._sentence(claim, listed=index in top_indices) for index, claim in enumerate(claims)]
        return Section(
            title=title,
            title_in_text=text is not None and text.lstrip().startswith(title),
            n=len(claims),
            n_positive=sum(sentence.positive for sentence in sentences),
            pieces=tuple(_pieces(text, claims, sentences)),
            top=tuple(sentences[index] for index in top_indices),
        )

    def _sentence(self, claim: ScoredClaim, *, listed: bool) -> Sentence:
        return Sentence(
            key=f"s{next(self.numbers)}",
            text=claim.text,
            score=format_number(claim.rank_score),
            shade=round(self.scale.rescale(claim.rank_score), 3),
            positive=claim.predicted == self.positive,
            predicted=claim.predicted or "no label",
            reasons=None if claim.reasons is None else tuple(in_words(claim.reasons, claim.text)[:MAX_REASONS]),
            listed=listed,
        )


def _documents(batches: Iterable[ScoredBatch]) -> Iterator[tuple[ArticleClaims, list[ScoredClaim]]]:
    """Yields each article with its scored claims, which a batch has for all its articles in one sequence."""
    for batch in batches:
        start = 0
        for document in batch.documents:
            end = start + len(document.claims)
            yield document, list(batch.claims[start:end])
            start = end


def _pieces(text: str | None, claims: Sequence[ScoredClaim], sentences: Sequence[Sentence]) -> Iterator[str | Sentence]:
    """Yields the sentences with the text between them, or with line breaks between them if the text is unknown."""
    if text is None:
        for index, sentence in enumerate(sentences):
            if index:
                yield "\n"
            yield sentence
        return
    end = 0  # of the text that is on the page
    for claim, sentence in zip(claims, sentences, strict=True):
        if claim.start < end:  # the claim overlaps an earlier one, so it gets a line of its own
            yield "\n"
        else:
            if claim.start > end:
                yield _without_rules(text[end : claim.start])
            end = claim.end
        yield sentence
    if text[end:]:
        yield _without_rules(text[end:])


def _without_rules(text: str) -> str:
    """Returns the text between sentences without lines that only draw: rules of tables, rows of dashes."""
    return _RULES.sub("", text)
