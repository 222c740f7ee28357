"""Audits: numbered checks of datasets and splits, and the atlas of which public datasets contain each other."""

from __future__ import annotations

from harness.audit import ancestry, copies, groups, guideline, labels
from harness.audit.base import Check, Finding
from harness.audit.sentences import Sentences, Source, sentences_of

CHECKS: dict[str, Check] = {
    check.number: check
    for check in (*copies.CHECKS, *groups.CHECKS, *labels.CHECKS, *guideline.CHECKS, *ancestry.CHECKS)
}
"""Number to check."""

__all__ = ["CHECKS", "Check", "Finding", "Sentences", "Source", "find_in", "sentences_of"]


def find_in(sentences: Sentences) -> list[Finding]:
    """Everything that the checks find, in the order of their numbers."""
    return [Finding(check.number, *found) for check in CHECKS.values() for found in check.find(sentences)]
