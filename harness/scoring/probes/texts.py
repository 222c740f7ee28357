"""What the table and the page of a probing say."""

from __future__ import annotations

from harness.runner.chain.losses import Estimate
from harness.scoring.probes.planted import PlantedErrors
from harness.scoring.probes.probing import ProbedStage
from harness.text_tables import count_of, format_number


def estimate_text(estimate: Estimate, *, signed: bool = False) -> str:
    """A number with its interval, as tables show it; `-` where it is not defined."""
    if estimate.value is None:
        return "-"
    present = [number for number in (estimate.value, estimate.low, estimate.high) if number is not None]
    numbers = [_number_text(number, signed=signed) for number in present]
    return numbers[0] if len(numbers) < 3 else f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


ANSWERS = {True: "caught", False: "not caught", None: "cannot be caught"}
"""What to say of a planted error; None: no verdict on a single sentence can catch it."""


def planted_sentences(planted: PlantedErrors) -> list[str]:
    """What a system makes of all planted errors, and whether it was trained on them."""
    sentences = [f"planted errors: {planted.note}"]
    if planted.caught.value is None:
        return sentences
    counts = (
        f"of {planted.n_pairs} pairs of planted errors, {estimate_text(planted.caught)} are caught (only the sentence "
        f"with the error is refuted); in {estimate_text(planted.false_alarms)} the right sentence is refuted"
    )
    return [counts, *sentences]


def _number_text(number: float, *, signed: bool) -> str:
    rounded = round(number, 3) + 0.0  # adding 0 turns -0.0 into 0.0
    return ("+" if signed and rounded > 0 else "") + format_number(rounded)


def title_of(stage: ProbedStage, dataset: str) -> str:
    """One line on what is probed."""
    claims = count_of(stage.n_claims, "claim")
    return f"{stage.system} · {stage.task} · score of {stage.score_of} · {claims} of {dataset} ({stage.claims_are})"


NOTES = (
    "shift: mean change of the score; intervals: 95 percent, over articles; n = 0: the edit applies to no claim\n"
    "as expected: the label stays (must not change); the score is lower (should fall); the verdict was right and is "
    "right again (verdict should flip)"
)
"""Notes below the table."""
