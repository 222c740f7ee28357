"""Writers of the output files of `harness probe`, and its table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.files import json_line
from harness.runner.chain.losses import Estimate
from harness.scoring.probes.probe import ProbedStage, Probing, edited_claims
from harness.text_tables import align_columns, count_of, format_number


def estimate_text(estimate: Estimate, *, signed: bool = False) -> str:
    """A number with its interval, as tables show it; `-` where it is not defined."""
    if estimate.value is None:
        return "-"
    numbers = [
        ("+" if signed and number > 0 else "") + format_number(number)
        for number in (estimate.value, estimate.low, estimate.high)
        if number is not None
    ]
    return numbers[0] if len(numbers) < 3 else f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def stage_table(stage: ProbedStage) -> str:
    """The edits of a stage as aligned text."""
    rows = [["edit", "expected", "n", "shift of score", "labels changed", "as expected"]]
    for row in stage.rows:
        shift = estimate_text(row.shift, signed=True)
        rows.append(
            [row.edit, row.expected, f"{row.n:,}", shift, estimate_text(row.flipped), estimate_text(row.as_expected)]
        )
    return align_columns(rows)


def title_of(stage: ProbedStage, dataset: str) -> str:
    """One line on what is probed."""
    claims = count_of(stage.n_claims, "claim")
    return f"{stage.system} · {stage.task} · score of {stage.score_of} · {claims} of {dataset} ({stage.claims_are})"


def probe_table(result: Probing) -> str:
    """All of a probing as plain text."""
    parts = []
    for stage in result.stages:
        parts += [title_of(stage, result.dataset), stage.held_out, stage_table(stage)]
    if result.planted is not None:
        planted = result.planted
        answers = {True: "caught", False: "not caught", None: "not a verdict"}
        parts.append("the three faults of the seed article")
        parts.append(
            align_columns([["fault", "", "why"], *([f.fault, answers[f.caught], f.why] for f in planted.faults)], 200)
        )
        if planted.caught.value is not None:
            parts.append(
                f"of {planted.n_pairs} pairs of planted errors: caught {estimate_text(planted.caught)}, the right "
                f"sentence refuted {estimate_text(planted.false_alarms)}"
            )
        parts.append(planted.note)
    return "\n\n".join(parts)


def _write_jsonl(path: Path, result: Probing) -> None:
    path.write_text("".join(json_line(claim) for claim in edited_claims(result)), encoding="utf-8")


def _write_html(path: Path, result: Probing) -> None:
    from harness.scoring.probes.page import probe_page

    path.write_text(probe_page(result), encoding="utf-8")


WRITERS: dict[str, Callable[[Path, Probing], None]] = {".html": _write_html, ".jsonl": _write_jsonl}
"""Function that writes an output file, by its suffix."""
