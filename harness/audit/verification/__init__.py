"""Checks of verdicts and their evidence."""

from __future__ import annotations

from harness.audit.verification import corpora, crossing, giveaways, verdicts
from harness.audit.verification.corpora import same_source_groups

CHECKS = (*crossing.CHECKS, *verdicts.CHECKS, *giveaways.CHECKS, *corpora.CHECKS)

__all__ = ["CHECKS", "same_source_groups"]
