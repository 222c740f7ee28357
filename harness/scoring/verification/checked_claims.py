"""Claims that fact-checkers have judged: read from ClaimReview records, and matched with sentences by meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.data.corpora.passages import Corpus, Passage
from harness.data.exchange.claim_review import review_rows
from harness.display import displayed
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import fingerprint
from harness.retrieval import Index, Rankings, checked_retriever
from harness.text_tables import count_of

REVIEW_SUFFIXES = (".json", ".jsonl", ".jsonld", ".html", ".htm", ".txt")
"""Suffixes of files of ClaimReview records."""
MAX_EARLIER = 3
"""Number of earlier verdicts that are shown with a sentence."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Similarity(NamedTuple):
    """A measure of how alike two claims are."""

    retriever: str
    settings: dict[str, Any]
    threshold: float
    """Least similarity of a claim that counts as the same."""
    sees_background: bool
    """Whether the measure weighs words by how common they are, among checked claims and sentences alike."""


SIMILARITIES = {
    "tfidf": Similarity("tfidf", {"ngrams": 2}, 0.4, sees_background=True),
    "embedding": Similarity("embedding", {}, 0.75, sees_background=False),
}
"""Ways to match. The thresholds are chosen on the English debates of CheckThat! 2018, whose task 2 gives the checked
claim of 94 of 4,064 sentences: docs/how-to/run-a-chain.md has the precision and recall."""


@displayed
class CheckedClaim(NamedTuple):
    """A claim that a fact-checker has judged, as its ClaimReview states it."""

    text: str
    verdict: str
    """The publisher's own words where the record has some."""
    publisher: str | None
    published: str | None
    """Date of the review, in ISO 8601."""
    url: str | None
    """Address of the review."""


@displayed
class EarlierVerdict(NamedTuple):
    """A checked claim that is about the same as a sentence."""

    claim: CheckedClaim
    similarity: float
    """From 0 to 1."""
    numbers_differ: bool
    """Whether each of the two has a number that the other lacks, so that they say different things."""

    def document(self) -> dict[str, Any]:
        """The verdict as `harness verify` writes it."""
        return self.claim._asdict() | {"similarity": self.similarity, "numbers_differ": self.numbers_differ}


def earlier_verdict_of(document: Mapping[str, Any]) -> EarlierVerdict:
    """The verdict of a document that `EarlierVerdict.document` gave."""
    claim = CheckedClaim(**{name: document[name] for name in CheckedClaim._fields})
    return EarlierVerdict(claim, document["similarity"], document["numbers_differ"])


@dataclass(frozen=True)
class CheckedClaims:
    """Checked claims, and the measure by which sentences are matched with them."""

    claims: tuple[CheckedClaim, ...]
    similarity: Similarity
    notes: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the claims, their verdicts and the measure."""
        return fingerprint([*(part for claim in self.claims for part in claim), *map(str, self.similarity)])

    @cached_property
    def _index(self) -> Index:
        return self._index_with(())

    def search(self, texts: Sequence[str], background: Sequence[str], k: int) -> Rankings:
        """Ranks the checked claims for some sentences, the most similar first.

        Args:
            texts: sentences.
            background: all sentences of their article, among which words are common or rare.
            k: maximum number of claims per sentence.
        """
        if not self.similarity.sees_background:
            return self._index.search(texts, k)
        n_background = len(set(background))
        allowed = np.arange(len(self.claims) + n_background) < len(self.claims)
        return self._index_with(background).search(texts, k, np.broadcast_to(allowed, (len(texts), len(allowed))))

    def match(self, texts: Sequence[str], background: Sequence[str]) -> list[tuple[EarlierVerdict, ...]]:
        """Returns the earlier verdicts about each sentence, the most similar first; see `search`."""
        rankings = self.search(texts, background, min(MAX_EARLIER, len(self.claims)))
        return [
            tuple(
                EarlierVerdict(claim, round(float(score), 4), _numbers_differ(text, claim.text))
                for row, score in zip(rows, scores, strict=True)
                if row >= 0 and score >= self.similarity.threshold
                for claim in [self.claims[row]]
            )
            for text, rows, scores in zip(texts, rankings.rows, rankings.scores, strict=True)
        ]

    def _index_with(self, background: Sequence[str]) -> Index:
        texts = [*(claim.text for claim in self.claims), *dict.fromkeys(background)]
        passages = tuple(Passage(passage_id=str(n), document_id=str(n), text=text) for n, text in enumerate(texts))
        retriever = checked_retriever(self.similarity.retriever, self.similarity.settings)
        return retriever.index(Corpus(Path(), passages))


def open_checked(path: str | Path, match_by: str = "tfidf", threshold: float | None = None) -> CheckedClaims:
    """Reads checked claims.

    Args:
        path: a file of ClaimReview records (JSON-LD, JSON Lines, a web page, an answer of the Fact Check Tools API), or
            a folder of them, with its subfolders.
        match_by: measure of `SIMILARITIES`.
        threshold: least similarity of a claim that counts as the same; default: that of the measure.
    Raises: UnknownName: no measure has this name. FaultsError: there is no record.
    """
    if match_by not in SIMILARITIES:
        raise UnknownName(f"--match: {unknown_name('measure', match_by, list(SIMILARITIES))}")
    similarity = SIMILARITIES[match_by]
    if threshold is not None:
        similarity = similarity._replace(threshold=threshold)
    folder = Path(path)
    files = [folder]
    if folder.is_dir():
        paths = sorted(folder.rglob("*"))
        files = [p for p in paths if p.is_file() and p.suffix.lower() in REVIEW_SUFFIXES and p.name[0] not in ".~"]
    claims: dict[CheckedClaim, None] = {}
    faults: list[Fault] = []
    without: list[str] = []
    notes: dict[str, int] = {}
    for file in files:
        try:
            rows, remarks = review_rows(file)
        except FaultsError as error:
            faults += error.faults
            continue
        for remark in remarks[1:]:  # the first one names the format
            notes[f"{file}: {remark}"] = 1
        if not rows:
            without.append(file.name)
        for row in rows:
            verdict = row.cells.get("note") or row.cells["rating"]
            claims.setdefault(CheckedClaim(row.cells["text"], verdict, row.author, row.cells.get("at"), row.url))
    if faults:
        raise FaultsError(faults)
    if not claims:
        message = "has no ClaimReview with a claimReviewed; expected files of JSON-LD, JSON Lines or HTML"
        raise FaultsError.single(path, message, code="no-reviews")
    if without:
        more = f" and {len(without) - 3:,} more" if len(without) > 3 else ""
        notes[f"{path}: {count_of(len(without), 'file')} without a ClaimReview: {', '.join(without[:3])}{more}"] = 1
    return CheckedClaims(tuple(claims), similarity, tuple(notes))


def _numbers_differ(a: str, b: str) -> bool:
    left, right = ({n.replace(",", "") for n in _NUMBER.findall(text)} for text in (a, b))
    return bool(left - right and right - left)
