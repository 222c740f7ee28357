"""Versions of articles: matches their claims, and carries labels over to the claims of a new version."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.jsonl import to_json_lines
from harness.data.labels.annotations import new_annotation, time_now
from harness.data.labels.gold import active_annotations
from harness.data.sentences.claims_of import make_claim
from harness.files import read_bytes
from harness.records import Annotation, Article, Claim

INHERITED = ("title", "published", "publisher", "url", "language", "license")
"""Fields that a new version takes from the old one unless it has its own."""
CARRIED = "carried over from "
"""Beginning of the note of a carried-over label."""


class Versions:
    """The order of the versions of each article; articles can be added."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.earlier: dict[str, str] = {}
        self.later: dict[str, str] = {}
        for article in articles:
            self.add(article)

    def add(self, article: Article) -> None:
        """Adds an article."""
        if article.replaces is not None:
            self.earlier[article.article_id] = article.replaces
            self.later.setdefault(article.replaces, article.article_id)

    def of(self, article_id: str) -> list[str]:
        """Returns the ids of all versions of an article, oldest first."""
        # A file edited by hand can have a circle of versions: neither walk visits an article twice.
        oldest = article_id
        visited = {article_id}
        while (previous := self.earlier.get(oldest)) is not None and previous not in visited:
            oldest = previous
            visited.add(oldest)
        chain = [oldest]
        while (following := self.later.get(chain[-1])) is not None and following not in chain:
            chain.append(following)
        return chain

    def next_id(self, article_id: str, taken: Iterable[str]) -> str:
        """Returns an id for the next version: `ferry.v2` after `ferry`."""
        taken = set(taken)
        chain = self.of(article_id)
        number = len(chain) + 1
        # An id has at most 120 characters; cutting the base to 110 leaves room for the version number.
        while (name := f"{chain[0][:110]}.v{number}") in taken:
            number += 1
        return name


def next_version(old: Article, new: Article, article_id: str) -> Article:
    """Returns the new article as a version that replaces the old one and inherits the fields that it does not have."""
    inherited = {name: getattr(old, name) for name in INHERITED if getattr(new, name) is None}
    return new.model_copy(update=inherited | {"article_id": article_id, "replaces": old.article_id})


class ClaimMatch(NamedTuple):
    """The claims of a new version."""

    claims: list[Claim]
    """All claims; a claim that the old version has too names the old claim in `replaces`."""
    changed: list[Claim]
    """Claims that are new or changed."""


def match_claims(article: Article, sentences: Sequence[Claim], old: Sequence[Claim]) -> ClaimMatch:
    """Matches the sentences of a new article version with the claims of the old one.

    Claims match if they have the same text and no conflicting speaker; repeated texts match in order. A claim of the
    old version that is not a sentence (it overlaps another claim) remains a claim if its text occurs exactly once.

    Args:
        article: new version.
        sentences: sentences of the new version, in order.
        old: claims of the old version, in order.
    """
    unmatched: dict[str | None, list[Claim]] = defaultdict(list)
    for claim in old:
        unmatched[claim.text].append(claim)
    claims: list[Claim] = []
    changed: list[Claim] = []
    for sentence in sentences:
        candidates = unmatched[sentence.text]
        # A speaker that one of the two versions does not state is not a conflict.
        speakers = (None, sentence.speaker)
        match = next((c for c in candidates if sentence.speaker is None or c.speaker in speakers), None)
        if match is None:
            claims.append(sentence)
            changed.append(sentence)
        else:
            candidates.remove(match)
            claims.append(_as_successor(sentence, match))
    unmatched_ids = {claim.claim_id for candidates in unmatched.values() for claim in candidates}
    text = article.text or ""
    for claim in _overlapping(old):
        if claim.claim_id in unmatched_ids and claim.text and text.count(claim.text) == 1:
            start = text.index(claim.text)
            claims.append(_as_successor(make_claim(article, start, start + len(claim.text)), claim))
    # An overlapping claim can have the same span, and so the same id, as a sentence: the first one of an id stays. The
    # dict keeps the last value of a key, hence the double reversal.
    unique = {claim.claim_id: claim for claim in reversed(claims)}
    return ClaimMatch(list(reversed(unique.values())), changed)


def _as_successor(claim: Claim, old: Claim) -> Claim:
    inherited = {name: getattr(old, name) for name in ("date", "topic", "statement")}
    return claim.model_copy(
        update=inherited | {"speaker": claim.speaker or old.speaker, "replaces": old.claim_id},
    )


def _overlapping(claims: Sequence[Claim]) -> list[Claim]:
    """Returns the claims of an article that share a character with another claim."""
    # In the order of their starts, a claim overlaps an earlier one exactly if it overlaps the one that ends last.
    ordered = sorted(claims, key=lambda claim: (claim.start, claim.end))
    overlapping: dict[str, Claim] = {}
    ends_last = ordered[0] if ordered else None
    for claim in ordered[1:]:
        if ends_last is not None and claim.start < ends_last.end:
            overlapping |= {ends_last.claim_id: ends_last, claim.claim_id: claim}
        if ends_last is None or claim.end > ends_last.end:
            ends_last = claim
    return list(overlapping.values())


def carry_over_labels(claims: Iterable[Claim], annotations: Sequence[Annotation]) -> list[Annotation]:
    """Returns new annotations that give the labels of replaced claims to the claims that replace them.

    Args:
        claims: claims of new article versions.
        annotations: all annotations of the dataset.
    Returns: annotations with a note that names the replaced claim. Leaves out questions that the annotator has already
        answered for the new claim, so that a second call returns none.
    """
    now = time_now()
    by_claim: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in active_annotations(annotations):
        by_claim[annotation.claim_id].append(annotation)
    answered = {(a.claim_id, a.annotator, a.scheme, a.axis, a.role) for a in annotations}
    return [
        new_annotation(
            claim_id=claim.claim_id,
            scheme=a.scheme,
            axis=a.axis,
            label=a.label,
            annotator=a.annotator,
            guideline=a.guideline,
            role=a.role,
            # The date and words of somebody else's judgment stay what they are.
            at=a.at if a.author or a.url else now,
            value=a.value,
            note=a.note if a.author or a.url else _note(claim.replaces or "", a.note),
            author=a.author,
            url=a.url,
        ).model_copy(update={"confidence": a.confidence})
        for claim in claims
        for a in by_claim.get(claim.replaces or "", ())
        if (claim.claim_id, a.annotator, a.scheme, a.axis, a.role) not in answered
    ]


def _note(claim_id: str, old_note: str | None) -> str:
    # The note of a label that was carried over before names an older claim: the new claim replaces that part.
    own_note = re.sub(rf"^{CARRIED}[^\s;]+(?:; )?", "", old_note or "")
    return f"{CARRIED}{claim_id}" + (f"; {own_note}" if own_note else "")


def appended_logs(folder: Path, annotations: Iterable[Annotation]) -> dict[Path, bytes]:
    """Returns the content of the label logs with new annotations at the end, for `write_files`.

    Args:
        folder: dataset folder.
        annotations: new annotations.
    """
    by_annotator: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        by_annotator[annotation.annotator].append(annotation)
    files = {}
    for annotator, added in by_annotator.items():
        log = folder / "annotations" / f"{annotator}.jsonl"
        # Logs are append-only: existing bytes stay as they are, even if the last line has no line end.
        existing = read_bytes(log) if log.exists() else b""
        line_end = b"" if existing.endswith(b"\n") or not existing else b"\n"
        files[log] = existing + line_end + "".join(to_json_lines(added)).encode()
    return files
