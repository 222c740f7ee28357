"""HTML page of several articles: the sentences to read first, with their passages, and the list of the articles."""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.files import sha256
from harness.scoring.article_page import page_environment
from harness.scoring.verification.judged_claims import Verification
from harness.scoring.verification.reading_list import ReadingList
from harness.scoring.verify_page import Card, claim_card, common_verdicts, score_kind
from harness.text_tables import format_number


class Entry(NamedTuple):
    """A sentence on the list."""

    card: Card
    detection: str
    title: str
    link: str


class Row(NamedTuple):
    """An article on the list."""

    title: str
    link: str
    n_sentences: int
    n_claims: int
    n_listed: int
    """Number of its sentences that the budget allows to read."""
    n_checked: int
    """Number of its sentences about which there is an earlier verdict."""


def page_name(article_id: str) -> str:
    """Returns the name of an article's files, without a suffix: letters of its id, and a digest of it."""
    letters = re.sub(r"[^A-Za-z0-9]+", "-", article_id).strip("-")[:60]
    return f"{letters or 'article'}-{sha256(article_id)[:10]}"


def list_page(reading_list: ReadingList) -> str:
    """Returns the page as one HTML document without scripts or external resources; all text is escaped."""
    places = {
        claim.claim_id: number
        for result in reading_list.articles
        for number, claim in enumerate(result.claims, start=1)
    }
    entries = []
    for rank, (result, claim) in enumerate(reading_list.ranked, start=1):
        card = claim_card(rank, claim, common_verdicts(result))
        link = f"{_link(result)}#c{places[claim.claim_id]}"
        entries.append(Entry(card, format_number(claim.detection_score), _title(result), link))
    n = reading_list.n_in_budget
    listed = [result.article.article_id for result, _ in reading_list.ranked[:n]]
    rows = [
        Row(
            title=_title(result),
            link=_link(result),
            n_sentences=result.n_sentences,
            n_claims=len(result.claims),
            n_listed=listed.count(result.article.article_id),
            n_checked=sum(bool(claim.checked) for claim in result.claims),
        )
        for result in reading_list.articles
    ]
    first = reading_list.articles[0]
    template = page_environment().get_template("list_page.html")
    return template.render(
        entries=entries[:n],
        rest=entries[n:],
        rows=rows,
        failures=reading_list.failures,
        budget=str(reading_list.budget),
        kind=score_kind(first),
        detector=first.chain.detector.card.system,
        corpus=first.corpus_name,
        n_passages=first.n_passages,
        warnings=(*reading_list.warnings, *reading_list.notes),
    )


def _title(result: Verification) -> str:
    return result.article.title or result.article.article_id


def _link(result: Verification) -> str:
    return f"pages/{page_name(result.article.article_id)}.html"
