"""Finds the claims that rows describe, and makes those that a dataset does not have yet, with their articles."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from harness.data.additions.claim_table import ClaimTable
from harness.data.additions.columns import ARTICLE_FIELDS
from harness.data.articles.article_file import make_article, safe_name
from harness.data.dataset import Dataset
from harness.data.exchange.export import safe_cell
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import sha256
from harness.records import Article, Claim, preview
from harness.text_tables import count_of

UNSTABLE = re.compile(r"_x000D_|[\x00-\x1f\x7f\ufffd\ufffe\uffff]")
"""What spreadsheets add, replace or lose: escapes of Excel, and control characters."""
MAX_IDS = 5
"""Number of claims or places that a message lists."""


class ClaimRow(NamedTuple):
    """The fields of one row that has no faulty cell."""

    line: int | None
    fields: Mapping[str, Any]
    document: str | None = None
    """Text in which the claim's text begins at `start`; None if the claim is not a span of a text in the file."""

    @property
    def text(self) -> str:
        """Text without blanks around it."""
        return str(self.fields["text"]).strip()


class ClaimFinder:
    """The articles and claims of a dataset, and those that rows add to them."""

    def __init__(self, dataset: Dataset, path: str) -> None:
        self.path = path
        self.articles = {article.article_id: article for article in dataset.articles}
        self.claims = ClaimTable(dataset.claims, self.articles)
        self.documents_added = 0
        """Number of new articles that are documents, not free-standing claims."""
        self.statements_added = 0
        """Number of claims of the dataset that get a statement."""
        self.faults: list[Fault] = []
        self._known_articles = dict(self.articles)
        self._language = dataset.info.language
        self._current = dataset.current
        self._by_text: dict[str, list[Claim]] = defaultdict(list)
        """Current claims of the dataset by their text, for the texts of rows."""
        self._close: dict[str, str | None] = {}
        """Id of an article that is not known to the most similar one that is."""

    @cached_property
    def _names_by_digits(self) -> dict[tuple[str, ...], list[str]]:
        """Ids of articles by the numbers in them."""
        names: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for name in self._known_articles:
            names[tuple(re.findall(r"\d+", name))].append(name)
        return names

    def find_all(self, rows: Sequence[ClaimRow]) -> list[int | None]:
        """Returns the number of the claim of each row in `claims`; None for a row with a fault, which is in `faults`.

        Claims that are new are made.
        """
        self._find_same_texts(rows)
        claims: list[int | None] = [None] * len(rows)
        stated: list[int] = []
        documents: dict[str, list[int]] = defaultdict(list)
        marked: dict[str, list[int]] = defaultdict(list)
        raw_ids: dict[str, str] = {}
        for index, row in enumerate(rows):
            fields = row.fields
            if "statement" in fields:
                stated.append(index)
            if "claim_id" in fields:
                claims[index] = self._claim_by_id(row)
            elif "text" not in fields:
                message = "is missing; identify the claim by claim_id, by article_id and text, or by text"
                self._fault(row, "text", message, "missing-field")
            elif "article_id" not in fields and row.document is not None:
                marked[self._marked_article(row, row.document)].append(index)
            elif "article_id" not in fields:
                claims[index] = self._claim_by_text(row)
            else:
                article_id = self._article_id(row, raw_ids)
                if article_id is not None:
                    documents[article_id].append(index)
        for article_id, indices in (*documents.items(), *marked.items()):
            document = [rows[index] for index in indices]
            if article_id in self._known_articles or article_id in marked:
                in_article = self._claims_in(self.articles[article_id], document)
            else:
                in_article = self._new_document(article_id, document)
            for index, claim in zip(indices, in_article, strict=True):
                claims[index] = claim
        for index in stated:
            number = claims[index]
            if number is not None:
                self._add_statement(rows[index], number)
        return claims

    def _find_same_texts(self, rows: Sequence[ClaimRow]) -> None:
        """Finds the claims of the dataset that have the text of a row."""
        if not self._current:
            return
        texts = {row.text for row in rows if "text" in row.fields}
        texts |= {text[1:] for text in texts}  # see `_unescaped`
        for claim in self._current:
            if claim.text in texts:
                self._by_text[claim.text or ""].append(claim)

    def _add_statement(self, row: ClaimRow, number: int) -> None:
        """Gives a claim its statement; one that it has is never replaced."""
        claim, statement = self.claims[number], row.fields["statement"]
        if claim.statement is None:
            self.claims.add_statement(number, statement)
            self.statements_added += 1
        elif claim.statement != statement:
            expected, got = preview(claim.statement), preview(statement)
            message = f"is not that of claim '{claim.claim_id}': expected {expected}, got {got}"
            self._fault(row, "statement", f"{message}; leave the cell empty, or correct claims.jsonl", "contradiction")

    def _fault(self, row: ClaimRow, field: str | None, message: str, code: str = "invalid") -> None:
        self.faults.append(Fault(self.path, row.line, field, message, code))

    def _claim_by_id(self, row: ClaimRow) -> int | None:
        claim_id = row.fields["claim_id"]
        number = self.claims.number_of(claim_id)
        if number is None:
            message = (
                f"no claim '{claim_id}' in claims.jsonl; if the column is not an id of this dataset, pass over it "
                "with --ignore-column"
            )
            self._fault(row, "claim_id", message, "unknown-id")
            return None
        claim = self.claims[number]
        for field in ("article_id", "text"):
            cell, actual = row.fields.get(field), str(getattr(claim, field))
            if cell is not None and _plain(str(cell)) not in (_plain(actual), _plain(safe_cell(actual))):
                message = f"is not that of claim '{claim_id}': expected {preview(actual)}, got {preview(cell)}"
                self._fault(row, field, f"{message}; give claim_id alone")
                return None
        return number

    def _claim_by_text(self, row: ClaimRow) -> int | None:
        """Returns the free-standing claim of a text, or the only claim of the dataset that has this text."""
        text = row.text
        article_id = f"claim-{sha256(text)[:10]}"
        same_text = self._by_text.get(text, [])
        if article_id not in self._known_articles and same_text:
            if len(same_text) == 1:
                return self.claims.number_of(same_text[0].claim_id)
            ids = ", ".join(claim.claim_id for claim in same_text[:MAX_IDS])
            more = f" and {len(same_text) - MAX_IDS} more" if len(same_text) > MAX_IDS else ""
            message = f"is the text of {len(same_text)} claims ({ids}{more}); give claim_id, or article_id and start"
            self._fault(row, "text", message)
            return None
        article = self.articles.get(article_id) or self._make_article(article_id, text, [row])
        return None if article is None else self._add_claim(article, 0, len(article.text or ""), row)

    def _marked_article(self, row: ClaimRow, document: str) -> str:
        """Returns the id of the article with the text in which a row marks a span; the article is made if it is new."""
        article_id = f"claim-{sha256(document)[:10]}"
        same_text = (article.article_id for article in self._known_articles.values() if article.text == document)
        article_id = next(same_text, article_id)
        if article_id not in self.articles:
            self._make_article(article_id, document, [row])
        return article_id

    def _article_id(self, row: ClaimRow, raw_ids: dict[str, str]) -> str | None:
        """Returns the id of the article of a row; None after a fault."""
        raw = str(row.fields["article_id"])
        article_id = raw if raw in self._known_articles else safe_name(raw, "article")
        if raw_ids.setdefault(article_id, raw) != raw:
            message = f"{preview(raw)} and {preview(raw_ids[article_id])} are both the id '{article_id}'; rename one"
            self._fault(row, "article_id", message)
            return None
        if article_id not in self._known_articles:
            close = self._mistyped(article_id, row.text)
            if close is not None or "start" in row.fields:
                hint = f" Did you mean '{close}'? It has this text." if close is not None else ""
                known = unknown_name("article", raw, list(self._known_articles))
                message = f"no article is called '{raw}'.{hint}" if hint else f"{known}; ingest the article first"
                self._fault(row, "article_id", message, "unknown-name")
                return None
        return article_id

    def _mistyped(self, article_id: str, text: str) -> str | None:
        """Returns the article of almost this name that has the text of a row; None if there is none."""
        if article_id not in self._close:
            names = self._names_by_digits.get(tuple(re.findall(r"\d+", article_id)), [])  # doc-11 is no doc-12
            self._close[article_id] = next(iter(difflib.get_close_matches(article_id, names, n=1, cutoff=0.8)), None)
        close = self._close[article_id]
        return close if close is not None and text in (self.articles[close].text or "") else None

    def _new_document(self, article_id: str, rows: Sequence[ClaimRow]) -> list[int | None]:
        """Makes an article from the rows of a document, one a line in their order, and a claim of each row."""
        texts = [row.text for row in rows]
        article = self._make_article(article_id, "\n".join(texts), rows)
        if article is None:
            return [None] * len(rows)
        self.documents_added += 1
        claims: list[int | None] = []
        start = 0
        for row, text in zip(rows, texts, strict=True):
            claims.append(self._add_claim(article, start, start + len(text), row))
            start += len(text) + 1  # the line break of the join
        return claims

    def _make_article(self, article_id: str, text: str, rows: Sequence[ClaimRow]) -> Article | None:
        """Makes an article with the fields that its rows agree on; None after a fault."""
        fields: dict[str, str] = {}
        line_of: dict[str, int | None] = {}
        for row in rows:
            for field in ARTICLE_FIELDS:
                cell = row.fields.get(field)
                if field == "language" and cell == self._language:
                    continue  # the language of the dataset is not repeated in its articles
                if cell is not None and fields.setdefault(field, cell) != cell:
                    message = (
                        f"is {preview(cell)} for article '{article_id}', line {line_of[field]} has "
                        f"{preview(fields[field])}; give one for all rows of an article"
                    )
                    self._fault(row, field, message, "contradiction")
                    return None
                line_of.setdefault(field, row.line)
        try:
            article = make_article(self.path, rows[0].line, article_id=article_id, text=text, **fields)
        except FaultsError as error:
            self.faults += error.faults
            return None
        return self.articles.setdefault(article_id, article)

    def _claims_in(self, article: Article, rows: Sequence[ClaimRow]) -> list[int | None]:
        """Returns the claims of rows of an article that the dataset has."""
        claims: list[int | None] = [None] * len(rows)
        by_text: dict[str, list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            if "start" in row.fields:
                claims[index] = self._claim_at(article, row)
            else:
                by_text[_unescaped(article, row.text)].append(index)
        for text, indices in by_text.items():
            starts = self._starts(article, text, len(indices))
            if starts is None:
                versions = (a.article_id for a in self.articles.values() if a.replaces == article.article_id)
                newer = next(versions, None)
                for index in indices:
                    self._fault(rows[index], "text", _place_message(article, text, len(indices), newer))
                continue
            for index, start in zip(indices, starts, strict=True):
                claims[index] = self._add_claim(article, start, start + len(text), rows[index])
        return claims

    def _claim_at(self, article: Article, row: ClaimRow) -> int | None:
        start = int(row.fields["start"])
        body = article.text or ""
        # A table may have lost the blanks around a text, and have gained an apostrophe before a formula.
        candidates = (row.fields["text"], row.text, _unescaped(article, row.text))
        text = next((text for text in candidates if body[start : start + len(text)] == text), None)
        if text is None:
            actual = preview(body[start:][:40])
            message = f"is not the text at start {start} of article '{article.article_id}', which has {actual}"
            self._fault(row, "text", message)
            return None
        return self._add_claim(article, start, start + len(text), row)

    def _starts(self, article: Article, text: str, n_rows: int) -> list[int] | None:
        """Returns a start for each row with this text, in the order of the rows; None if the places are not clear.

        Places that are claims come before other places of the text, as a row describes a claim.
        """
        claimed = sorted(claim.start for claim in self._by_text.get(text, []) if claim.article_id == article.article_id)
        for starts in (claimed, _places(article, text)):
            if len(starts) == n_rows:
                return starts
            if len(starts) == 1:
                return starts * n_rows
        return None

    def _add_claim(self, article: Article, start: int, end: int, row: ClaimRow) -> int:
        details = {field: row.fields[field] for field in ("speaker", "date", "topic") if field in row.fields}
        return self.claims.add(article, start, end, details)


def _plain(text: str) -> str:
    """Returns a text as it survives a spreadsheet: without control characters, and with single blanks."""
    return " ".join(UNSTABLE.sub(" ", text.replace("_x005F_x", "_x")).split())


def _places(article: Article, text: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(text), article.text or "")]


def _place_message(article: Article, text: str, n_rows: int, newer: str | None) -> str:
    """Returns the message for a text that occurs in an article never, or in more or fewer places than rows name it."""
    places = _places(article, text)
    where = f"occurs {len(places)} times in article '{article.article_id}'"
    if not places and newer is not None:
        return f"{where}, which '{newer}' replaces; give the article_id of the newest version"
    if not places:
        return (
            f"{where}; give the exact characters of the article, or the article_id of a new article "
            "(the text of an article never changes; 'harness ingest' brings a changed one as a new version)"
        )
    starts = ", ".join(map(str, places[:MAX_IDS])) + (", ..." if len(places) > MAX_IDS else "")
    return (
        f"{where} and in {count_of(n_rows, 'row')}; give its start in a column 'start' (one of {starts}), its "
        "claim_id, or one row for each place, in order"
    )


def _unescaped(article: Article, text: str) -> str:
    """Returns a text without the apostrophe that `harness export --to csv` puts before a formula."""
    body = article.text or ""
    return text[1:] if text not in body and text[1:] in body and safe_cell(text[1:]) == text else text
