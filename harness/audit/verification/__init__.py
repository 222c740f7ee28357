"""Checks of verdicts and their evidence."""

from __future__ import annotations

from harness.audit.verification import crossing, verdicts

CHECKS = (*crossing.CHECKS, *verdicts.CHECKS)

__all__ = ["CHECKS"]
