"""Writers of the output files of `harness probe`, and its table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.files import json_line
from harness.scoring.probes.page import probe_page
from harness.scoring.probes.probing import ProbedStage, Probing, edited_claims
from harness.scoring.probes.texts import ANSWERS, NOTES, estimate_text, planted_sentences, title_of
from harness.text_tables import align_columns


def stage_table(stage: ProbedStage) -> str:
    """The edits of a stage as aligned text."""
    rows = [["edit", "expected", "n", "shift of score", "labels changed", "as expected"]]
    for row in stage.rows:
        shift = estimate_text(row.shift, signed=True)
        rows.append(
            [row.edit, row.expected, f"{row.n:,}", shift, estimate_text(row.flipped), estimate_text(row.as_expected)]
        )
    return align_columns(rows)


def probe_table(result: Probing) -> str:
    """All of a probing as plain text."""
    parts = []
    for stage in result.stages:
        parts += [f"{title_of(stage, result.dataset)}\n{stage.held_out}", stage_table(stage)]
    parts.append(NOTES)
    faults = result.planted.faults
    parts += ["The three faults of the seed article:"]
    parts += ["\n".join(f"  {fault.fault}: {ANSWERS[fault.caught]} ({fault.why})" for fault in faults)]
    parts += ["\n".join(f"{sentence}." for sentence in planted_sentences(result.planted))]
    return "\n\n".join(parts)


def _write_jsonl(path: Path, result: Probing) -> None:
    path.write_text("".join(json_line(claim) for claim in edited_claims(result)), encoding="utf-8")


def _write_html(path: Path, result: Probing) -> None:
    path.write_text(probe_page(result), encoding="utf-8")


WRITERS: dict[str, Callable[[Path, Probing], None]] = {".html": _write_html, ".jsonl": _write_jsonl}
"""Function that writes an output file, by its suffix."""
