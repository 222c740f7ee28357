"""The systems of a verdict experiment: each classifier with each evidence it is shown, and the two probes."""

from __future__ import annotations

from collections.abc import Sequence

from harness.classifiers.build import build
from harness.runner.config import System
from harness.runner.verification.evidence_source import EvidenceSetting, evidence_name

CLAIM_PROBE = "tfidf_logreg"
"""Classifier that sees the claim alone: what it predicts better than chance, the claim gives away."""

EVIDENCE_PROBE = "evidence_only"
"""Classifier that sees the passages alone: what it predicts better than chance, the evidence gives away."""


def shown_with(system: System, sources: Sequence[EvidenceSetting]) -> list[System]:
    """The system once per source; the source is part of its name."""
    return [
        system._replace(system_name=f"{system.system_name} / {evidence_name(source)}", evidence=source)
        for source in sources
    ]


def probes_of(systems: Sequence[System]) -> list[System]:
    """The probes that the systems lack: one that sees the claim alone, and one that sees the evidence alone.

    The evidence is that of the first system that is shown any, gold evidence first.
    """
    sources = [system.evidence for system in systems if system.evidence != "none"]
    source: EvidenceSetting = "gold" if "gold" in sources else next(iter(sources), "none")
    probes = list[System]()
    for name, shown in ((CLAIM_PROBE, "none"), (EVIDENCE_PROBE, source)):
        listed = any(system.name == name and system.evidence == shown for system in systems)
        if not listed and (name == CLAIM_PROBE or shown != "none"):
            probe = System(f"probe {name}", name, {}, build(name, {}), entry=len(systems))
            probes += shown_with(probe, [shown])
    return probes
