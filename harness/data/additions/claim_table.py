"""The claims of a dataset and those that rows add to it, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.files import sha256
from harness.records import Article, Claim, make_claim_id


class ClaimTable:
    """Claims by number, from 0: those of a dataset, then new ones, of which the articles have the text."""

    def __init__(self, claims: Sequence[Claim], articles: Mapping[str, Article]) -> None:
        self._articles = articles
        self._given = claims
        self._numbers = {claim.claim_id: number for number, claim in enumerate(claims)}
        self._ids = list(self._numbers)
        self._article_ids: list[str] = []
        self._starts = array("q")
        self._ends = array("q")
        self._more: dict[int, dict[str, Any]] = {}
        """Further fields by number, where there are any."""

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, number: int) -> Claim:
        more = self._more.get(number, {})
        place = number - len(self._given)
        if place < 0:
            claim = self._given[number]
            return claim.model_copy(update=more) if more else claim
        article_id, start, end = self._article_ids[place], self._starts[place], self._ends[place]
        text = (self._articles[article_id].text or "")[start:end]
        return Claim(claim_id=self._ids[number], article_id=article_id, start=start, end=end, text=text, **more)

    def number_of(self, claim_id: str) -> int | None:
        """Returns the number of a claim; None if there is none."""
        return self._numbers.get(claim_id)

    def claim_id(self, number: int) -> str:
        """Returns the id of a claim."""
        return self._ids[number]

    def article_id(self, number: int) -> str:
        """Returns the id of the article of a claim."""
        place = number - len(self._given)
        return self._article_ids[place] if place >= 0 else self._given[number].article_id

    def add(self, article: Article, start: int, end: int, more: Mapping[str, str]) -> int:
        """Adds the claim of a span, unless there is one. Returns its number.

        Args:
            article: one of the articles, with text.
            start: offset of the first character, in Unicode code points.
            end: offset one past the last character.
            more: further fields of a new claim, such as `speaker`.
        """
        text = (article.text or "")[start:end]
        claim_id = make_claim_id(article.article_id, start, end, sha256(text))
        number = self._numbers.setdefault(claim_id, len(self._ids))
        if number == len(self._ids):
            self._ids.append(claim_id)
            self._article_ids.append(article.article_id)
            self._starts.append(start)
            self._ends.append(end)
            if more:
                self._more[number] = dict(more)
        return number

    def add_statement(self, number: int, statement: str) -> None:
        """Gives a claim a statement."""
        self._more.setdefault(number, {})["statement"] = statement

    def in_order(self) -> Iterator[Claim]:
        """Yields the claims in the order of their articles, then by offset."""
        rank = {article_id: place for place, article_id in enumerate(self._articles)}
        numbers = list(range(len(self)))
        n_given = len(self._given)
        # Three stable sorts, as a tuple for each claim takes more memory than all that is known of it.
        numbers.sort(key=lambda n: self._ends[n - n_given] if n >= n_given else self._given[n].end)
        numbers.sort(key=lambda n: self._starts[n - n_given] if n >= n_given else self._given[n].start)
        numbers.sort(key=lambda n: rank[self.article_id(n)])
        return map(self.__getitem__, numbers)
