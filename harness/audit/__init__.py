"""Audits: numbered checks of datasets and splits, and the atlas of which public datasets contain each other."""

from __future__ import annotations

from harness.audit import ancestry, duplicates, groups, guideline, labels
from harness.audit.base import Check, Finding
from harness.audit.sentences import AuditedDataset, SentenceTable, build_sentence_table
from harness.registry import Registry

_SHIPPED = (*duplicates.CHECKS, *groups.CHECKS, *labels.CHECKS, *guideline.CHECKS, *ancestry.CHECKS)
CHECKS: Registry[Check] = Registry("check", {check.number: check for check in _SHIPPED}, "harness.checks")
"""Number to check; other packages add theirs under numbers of their own."""

__all__ = ["CHECKS", "AuditedDataset", "Check", "Finding", "SentenceTable", "build_sentence_table", "run_checks"]


def run_checks(sentences: SentenceTable) -> list[Finding]:
    """Everything that the checks find, in the order of their numbers."""
    return [
        Finding(check.number, *found) for check in map(CHECKS.get, CHECKS.names()) for found in check.find(sentences)
    ]
