"""Audits: numbered checks of datasets and splits, and the atlas of overlaps between public datasets."""

from __future__ import annotations

from harness.audit import ancestry, duplicates, groups, guideline, labels
from harness.audit.base import Check, Finding
from harness.audit.sentences import AuditedDataset, SentenceTable, build_sentence_table
from harness.audit.verification import CHECKS as VERIFICATION_CHECKS
from harness.progress import Advance, ignore
from harness.registry import Registry

_BUILTIN = (
    *duplicates.CHECKS,
    *groups.CHECKS,
    *labels.CHECKS,
    *guideline.CHECKS,
    *ancestry.CHECKS,
    *VERIFICATION_CHECKS,
)
CHECKS: Registry[Check] = Registry("check", {check.number: check for check in _BUILTIN}, "harness.checks")
"""Checks by number; other packages register their own under other numbers."""

__all__ = ["CHECKS", "AuditedDataset", "Check", "Finding", "SentenceTable", "build_sentence_table", "run_checks"]


def run_checks(sentences: SentenceTable, advance: Advance = ignore) -> list[Finding]:
    """Runs all checks and returns their findings, in the order of the check numbers; `advance` takes each check."""
    findings = []
    for check in map(CHECKS.get, CHECKS.names()):
        findings += [Finding(check.number, *result) for result in check.find(sentences)]
        advance(f"{check.number} {check.title}")
    return findings
