"""The result of a probing: stages, shifts, and planted errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.display import displayed
from harness.scoring.probes.measure import EditShift
from harness.scoring.probes.planted import PlantedErrors


@displayed
@dataclass(frozen=True)
class ProbedStage:
    """One model of what is probed: a detector or a judge."""

    stage: str
    """`detect` or `judge`."""
    system: str
    task: str
    score_of: str
    """What the score is that shifts."""
    n_claims: int
    """Number of claims that may be edited."""
    claims_are: str
    """Which claims these are."""
    in_training: bool
    """Whether the model was trained on these claims."""
    held_out: str
    """What is known of that."""
    rows: tuple[EditShift, ...]

    def document(self) -> dict[str, Any]:
        """The stage as `harness probe --json` prints it."""
        fields = ("stage", "system", "task", "score_of", "n_claims", "claims_are", "in_training", "held_out")
        return {name: getattr(self, name) for name in fields} | {"edits": [row.document() for row in self.rows]}


@displayed
@dataclass(frozen=True)
class Probing:
    """How the scores of a model or a chain move under edits of known effect."""

    name: str
    """Folder or name of what is probed."""
    dataset: str
    """Dataset whose claims are edited."""
    stages: tuple[ProbedStage, ...]
    """The models: one, or the detector and the judge of a chain."""
    planted: PlantedErrors
    """What it makes of the planted errors, whatever the dataset."""
    warnings: tuple[str, ...]
    out: Path | None = None

    def document(self) -> dict[str, Any]:
        """The document that `harness probe --json` prints."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "stages": [stage.document() for stage in self.stages],
            "planted_errors": self.planted.document(),
            "warnings": list(self.warnings),
            "out": None if self.out is None else str(self.out),
        }


def edited_claims(result: Probing) -> Iterator[dict[str, Any]]:
    """Yields every edited claim as a line of `harness probe -o out.jsonl`."""
    for stage in result.stages:
        for row in stage.rows:
            for claim in row.claims:
                yield {"stage": stage.stage, "edit": row.edit, "expected": row.expected} | claim._asdict()
