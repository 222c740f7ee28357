"""The table of checks, and what runs them all."""

from __future__ import annotations

from harness.audit import ancestry, duplicates, groups, guideline, labels
from harness.audit.base import Check, Finding
from harness.audit.sentences import SentenceTable
from harness.audit.verification import corpora, crossing, giveaways, verdicts
from harness.progress import Advance, ignore
from harness.registry import Registry

_ROOMS = (duplicates, groups, labels, guideline, ancestry, crossing, verdicts, giveaways, corpora)
CHECKS: Registry[Check] = Registry(
    "check", {check.number: check for room in _ROOMS for check in room.CHECKS}, "harness.checks"
)
"""Checks by number; other packages register their own under other numbers."""


def run_checks(sentences: SentenceTable, advance: Advance = ignore) -> list[Finding]:
    """Runs all checks and returns their findings, in the order of the check numbers; `advance` takes each check."""
    findings = []
    for check in map(CHECKS.get, CHECKS.names()):
        findings += [Finding(check.number, *result) for result in check.find(sentences)]
        advance(f"{check.number} {check.title}")
    return findings
