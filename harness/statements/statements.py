"""Writes a statement for each claim, and keeps the claim's text where what was written cannot be used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.jsonl import read_records
from harness.endpoints.calls import Estimate
from harness.endpoints.trusted_hosts import KeyUse
from harness.errors import Fault, FaultsError
from harness.records import Record
from harness.statements.guard import refusal


class ClaimInContext(NamedTuple):
    """A claim with what surrounds it."""

    claim_id: str
    text: str
    start: int
    """Offset of the claim in the text of the article."""
    article: str
    """Text of the article."""
    title: str | None = None
    speaker: str | None = None
    published: str | None = None
    language: str = "en"


class Written(NamedTuple):
    """What a system wrote for one claim."""

    text: str | None
    """None: it wrote nothing."""
    reason: str | None = None
    """Why it wrote nothing."""


class Statement(Record):
    """A line of a file of statements; other files need `claim_id` and `statement` alone."""

    claim_id: str
    statement: str
    """What stands for the claim: what a system wrote, or the text of the claim."""
    reason: str | None = None
    """Why the text of the claim stands here; None: it does not."""
    written: str | None = None
    """What the system wrote, where that is not used."""
    invented: tuple[str, ...] = ()
    """Numbers and names in it that neither the claim nor its article has."""


class Normalizer(ABC):
    """A system that writes statements."""

    @abstractmethod
    def write(self, claims: Sequence[ClaimInContext]) -> list[Written]:
        """Returns what the system writes for each claim, in their order."""

    def check(self) -> None:
        """Checks what can be checked before the first claim.

        Raises: HarnessError: a file is missing or invalid.
        """
        return

    def renew(self) -> None:
        """Asks anew on the next call, where replies are kept."""
        return

    def planned_requests(self, claims: Sequence[ClaimInContext]) -> Mapping[str, Estimate]:
        """Returns the estimated tokens of each request whose reply is not stored, by key."""
        return {}

    def hosts(self) -> tuple[str, ...]:
        """Returns the hosts that receive the claims."""
        return ()

    def sent_keys(self) -> tuple[KeyUse, ...]:
        """Returns the keys that may be sent, and the hosts that they go to."""
        return ()


class Identity(Normalizer):
    """Writes the text of the claim."""

    def write(self, claims: Sequence[ClaimInContext]) -> list[Written]:
        """Returns the text of each claim."""
        return [Written(claim.text) for claim in claims]


def write_statements(normalizer: Normalizer, claims: Sequence[ClaimInContext]) -> list[Statement]:
    """Returns the statement of each claim; its text, with the reason, where what was written cannot be used.

    Raises: HarnessError: the system fails.
    """
    return [_guarded(claim, written) for claim, written in zip(claims, normalizer.write(claims), strict=True)]


def _guarded(claim: ClaimInContext, written: Written) -> Statement:
    text = (written.text or "").strip()
    if written.text is None:
        return Statement(claim_id=claim.claim_id, statement=claim.text, reason=written.reason)
    if text == claim.text.strip():
        return Statement(claim_id=claim.claim_id, statement=claim.text)
    material = [claim.article, *(field for field in (claim.title, claim.speaker, claim.published) if field)]
    reason, invented = refusal(text, claim.text, material, claim.language)
    if reason is None:
        return Statement(claim_id=claim.claim_id, statement=text)
    return Statement(
        claim_id=claim.claim_id, statement=claim.text, reason=reason, written=text or None, invented=invented
    )


def reasons_of(statements: Sequence[Statement]) -> dict[str, int]:
    """Returns the number of claims whose text stands for them, by reason, the most frequent first."""
    return dict(Counter(statement.reason for statement in statements if statement.reason).most_common())


def read_statements(path: Path) -> dict[str, str]:
    """Returns the statement of each claim of a file.

    Raises: FaultsError: the file is missing or invalid; lists every fault with its line.
    """
    records, faults = read_records(path, Statement)
    lines = dict[str, int]()
    for line, record in records:
        if lines.setdefault(record.claim_id, line) != line:
            message = f"'{record.claim_id}' occurs twice (first on line {lines[record.claim_id]}); keep one"
            faults.append(Fault(str(path), line, "claim_id", message, "duplicate-id"))
        if not record.statement.strip():
            faults.append(Fault(str(path), line, "statement", "is empty; remove the line", "empty"))
    if faults:
        raise FaultsError(faults)
    return {record.claim_id: record.statement for _, record in records}
