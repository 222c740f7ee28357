"""Versions of an article: which one replaces which, and what its labels are worth for the next."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.jsonl import to_json_lines
from harness.data.labels.annotations import new_annotation
from harness.data.labels.gold import active_annotations
from harness.data.sentences.claims_of import make_claim
from harness.files import read_bytes
from harness.records import Annotation, Article, Claim

INHERITED = ("title", "published", "publisher", "url", "language", "license")
CARRIED = "carried over from "


class Versions:
    """Which article replaces which, as it grows."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.earlier: dict[str, str] = {}
        self.later: dict[str, str] = {}
        for article in articles:
            self.add(article)

    def add(self, article: Article) -> None:
        """Takes in one article."""
        if article.replaces is not None:
            self.earlier[article.article_id] = article.replaces
            self.later.setdefault(article.replaces, article.article_id)

    def of(self, article_id: str) -> list[str]:
        """Every version of an article, the first one first."""
        first, seen = article_id, {article_id}
        while (before := self.earlier.get(first)) is not None and before not in seen:
            first = before
            seen.add(first)
        chain = [first]
        while (after := self.later.get(chain[-1])) is not None and after not in chain:
            chain.append(after)
        return chain

    def next_id(self, article_id: str, taken: Iterable[str]) -> str:
        """The id of the next version: `ferry.v2` after `ferry`."""
        taken, chain = set(taken), self.of(article_id)
        number = len(chain) + 1
        while (name := f"{chain[0][:110]}.v{number}") in taken:
            number += 1
        return name


def next_version(old: Article, new: Article, article_id: str) -> Article:
    """The new article as the version that replaces the old one; what it does not say of itself is as it was."""
    kept = {name: getattr(old, name) for name in INHERITED if getattr(new, name) is None}
    return new.model_copy(update=kept | {"article_id": article_id, "replaces": old.article_id})


class ClaimMatch(NamedTuple):
    """The claims of a new version."""

    claims: list[Claim]
    """Each that was there before names its old claim in `replaces`."""
    changed: list[Claim]
    """Of these, the sentences that are new or were changed."""


def match_claims(article: Article, sentences: Sequence[Claim], old: Sequence[Claim]) -> ClaimMatch:
    """The sentences of a new version, each with the equal claim of the old one; first with first where a text repeats.

    A claim of the old version that is no sentence (it overlaps another one) stays a claim where its text occurs once.
    """
    waiting: dict[str | None, list[Claim]] = defaultdict(list)
    for claim in old:
        waiting[claim.text].append(claim)
    claims, changed = list[Claim](), list[Claim]()
    for sentence in sentences:
        queue = waiting[sentence.text]
        speakers = (None, sentence.speaker)
        same = next((c for c in queue if sentence.speaker is None or c.speaker in speakers), None)
        if same is None:
            claims.append(sentence)
            changed.append(sentence)
        else:
            queue.remove(same)
            claims.append(_after(sentence, same))
    left = {claim.claim_id for queue in waiting.values() for claim in queue}
    text = article.text or ""
    for claim in _overlapping(old):
        if claim.claim_id in left and claim.text and text.count(claim.text) == 1:
            start = text.index(claim.text)
            claims.append(_after(make_claim(article, start, start + len(claim.text)), claim))
    unique = {claim.claim_id: claim for claim in reversed(claims)}
    return ClaimMatch(list(reversed(unique.values())), changed)


def _after(claim: Claim, old: Claim) -> Claim:
    kept = {name: getattr(old, name) for name in ("speaker", "date", "topic", "statement")}
    kept["speaker"] = claim.speaker or old.speaker
    return claim.model_copy(update=kept | {"replaces": old.claim_id})


def _overlapping(claims: Sequence[Claim]) -> list[Claim]:
    """The claims of an article that share a character with another one."""
    ordered = sorted(claims, key=lambda claim: (claim.start, claim.end))
    found: dict[str, Claim] = {}
    widest = ordered[0] if ordered else None
    for claim in ordered[1:]:
        if widest is not None and claim.start < widest.end:
            found |= {widest.claim_id: widest, claim.claim_id: claim}
        if widest is None or claim.end > widest.end:
            widest = claim
    return list(found.values())


def carry_over_labels(claims: Iterable[Claim], annotations: Sequence[Annotation]) -> list[Annotation]:
    """The labels of replaced claims as new annotations of the claims that replace them, which say so.

    A question that an annotator answered for the new claim already is left alone, so that it can be done twice.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    by_claim: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in active_annotations(annotations):
        by_claim[annotation.claim_id].append(annotation)
    answered = {(a.claim_id, a.annotator, a.scheme, a.axis, a.role) for a in annotations}
    return [
        new_annotation(
            claim.claim_id,
            a.scheme,
            a.axis,
            a.label,
            a.annotator,
            a.guideline,
            role=a.role,
            at=now,
            value=a.value,
            note=_note(claim.replaces or "", a.note),
        ).model_copy(update={"confidence": a.confidence})
        for claim in claims
        for a in by_claim.get(claim.replaces or "", ())
        if (claim.claim_id, a.annotator, a.scheme, a.axis, a.role) not in answered
    ]


def _note(claim_id: str, before: str | None) -> str:
    own = re.sub(rf"^{CARRIED}[^\s;]+(?:; )?", "", before or "")
    return f"{CARRIED}{claim_id}" + (f"; {own}" if own else "")


def appended_logs(folder: Path, annotations: Iterable[Annotation]) -> dict[Path, bytes]:
    """The label logs with new annotations after the lines that they have, which stay as they are."""
    by_annotator: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        by_annotator[annotation.annotator].append(annotation)
    files = {}
    for annotator, added in by_annotator.items():
        log = folder / "annotations" / f"{annotator}.jsonl"
        earlier = read_bytes(log) if log.exists() else b""
        line_end = b"" if earlier.endswith(b"\n") or not earlier else b"\n"
        files[log] = earlier + line_end + "".join(to_json_lines(added)).encode()
    return files
