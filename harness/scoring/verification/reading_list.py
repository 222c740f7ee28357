"""The sentences of several articles as one list for a desk, in the order in which to read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from harness.display import displayed
from harness.errors import Fault, HarnessError
from harness.scoring.verification.files import ranked_claims
from harness.scoring.verification.judged_claims import JudgedClaim, Verification

WORDS_PER_MINUTE = 238
"""Words that a reader of English nonfiction reads silently in a minute (mean of 190 studies, Brysbaert 2019)."""
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*(min|minutes?)?")


class BudgetError(HarnessError):
    """A reading budget that is neither a number of sentences nor of minutes."""

    code = "invalid-budget"


class FailedArticle(NamedTuple):
    """An article that could not be read or judged."""

    path: str
    article_id: str | None
    """None: it could not be read."""
    message: str

    @property
    def fault(self) -> Fault:
        """The failure as a fault of its file."""
        return Fault(self.path, None, None, self.message.removeprefix(f"{self.path}: "), "failed-article")


class ReadingBudget(NamedTuple):
    """What a desk can read."""

    sentences: int | None = None
    """Number of sentences; None: no limit."""
    minutes: float | None = None
    """Minutes for the sentences with the passages that are quoted; None: no limit."""

    @classmethod
    def parse(cls, text: str | int | None) -> ReadingBudget:
        """Returns the budget of a text such as `20` or `30min`; None is no limit.

        Raises: BudgetError: the text is no budget, or none is left to read.
        """
        if text is None:
            return cls()
        match = _BUDGET.fullmatch(str(text).strip().lower())
        number = float(match.group(1)) if match else 0.0
        if match and match.group(2) and number > 0:
            return cls(minutes=number)
        if match and number >= 1 and number.is_integer():
            return cls(sentences=int(number))
        raise BudgetError(f"--budget: expected a number of sentences (20) or minutes (30min), got '{text}'")

    def count(self, claims: Sequence[JudgedClaim]) -> int:
        """Returns how many of the first claims fit."""
        if self.minutes is None:
            return len(claims) if self.sentences is None else min(self.sentences, len(claims))
        words_left = self.minutes * WORDS_PER_MINUTE
        for n, claim in enumerate(claims):
            texts = (claim.text, *(quoted.passage.text for quoted in claim.evidence))
            words_left -= sum(len(text.split()) for text in texts)
            if words_left < 0:
                return n
        return len(claims)

    def __str__(self) -> str:
        if self.minutes is not None:
            return f"{self.minutes:g} minutes at {WORDS_PER_MINUTE} words a minute"
        return "all" if self.sentences is None else f"{self.sentences:,} sentences"


@displayed
@dataclass(frozen=True)
class ReadingList:
    """Articles with the verdicts of a chain, and their sentences in the order in which to read them."""

    articles: tuple[Verification, ...]
    """Articles that were judged, in the order of the input."""
    failures: tuple[FailedArticle, ...]
    """Articles that could not be read or judged, with the reason."""
    budget: ReadingBudget
    out: Path | None = None
    """Folder or file that was written; None: none."""
    n_stored: int = 0
    """Number of articles that an earlier run had judged."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks on how the articles were read."""
    fetched: tuple[dict[str, Any], ...] = ()
    """How each article from the web was fetched: URLs, date, status, SHA-256."""

    @cached_property
    def ranked(self) -> tuple[tuple[Verification, JudgedClaim], ...]:
        """The sentences of all articles, those with the highest score of the detector first."""
        return tuple(ranked_claims(self.articles))

    @cached_property
    def n_in_budget(self) -> int:
        """Number of the first sentences that the budget allows to read."""
        return self.budget.count([claim for _, claim in self.ranked])

    def document(self) -> dict[str, Any]:
        """The document that `harness verify --json` prints for several articles."""
        return {
            "articles": [
                {
                    "article_id": result.article.article_id,
                    "title": result.article.title,
                    "n_sentences": result.n_sentences,
                    "n_claims": len(result.claims),
                }
                for result in self.articles
            ],
            "failures": [failure._asdict() for failure in self.failures],
            "budget": str(self.budget),
            "n_in_budget": self.n_in_budget,
            "out": None if self.out is None else str(self.out),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "fetched": list(self.fetched),
            "claims": [claim.document() for _, claim in self.ranked],
        }
