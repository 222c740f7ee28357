"""Judges the evidence of a submission with a language model: the function behind `harness evaluate --judge`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.arguments import as_list
from harness.errors import HarnessError
from harness.runner.judging.averitec import averitec_claims
from harness.runner.judging.evaluation import JudgedClaims, JudgedEvaluation, judge_claims
from harness.runner.judging.judge import CallPlan, load_judge

JUDGED = "averitec"
"""Benchmark whose submissions are judged."""


def judge_evidence(
    benchmark: str,
    gold: str | Path,
    predictions: str | Path,
    judge: str,
    *,
    cassette: str | Path | None = None,
    threshold: float = 0.5,
    offline: bool = False,
    people: str | Path | None = None,
    sample: int | None = None,
    out: str | Path | None = None,
    trust_hosts: str | Sequence[str] = (),
) -> JudgedEvaluation:
    """Judges the evidence of a submission with a language model.

    The model splits the reference evidence and the found evidence of each claim into facts, and says of each whether
    the other side supports it. Replies are kept, so that the same call gives the same numbers and sends nothing.

    Args:
        benchmark: `averitec`.
        gold: gold file.
        predictions: prediction file, in the form of 2024 or of 2025.
        judge: `ENDPOINT/MODEL`, such as http://localhost:8000/v1/llama-3.3-70b, or a .yaml file with settings of
            `language_model`.
        cassette: file to record replies in, and to read them from.
        threshold: least recall (not strict) that counts as enough evidence.
        offline: send nothing; comparisons without a stored reply widen the bounds.
        people: folder of an earlier `sample` that people labeled.
        sample: number of decisions of the judge to write into `out`, to be labeled.
        out: new folder for the sample.
        trust_hosts: hosts that may get the key that the file of a judge names; they are remembered.
    Raises: HarnessError: a file is invalid, or the endpoint fails; there is no value then, and replies that arrived are
        kept.
    """
    if (sample is None) != (out is None):
        raise HarnessError("--sample N and -o FOLDER go together: the folder gets the decisions to label")
    model = load_judge(judge, cassette=cassette, offline=offline, trust_hosts=as_list(trust_hosts))
    return judge_claims(
        f"{benchmark}: {predictions}",
        _claims(benchmark, gold, predictions),
        model,
        threshold=threshold,
        offline=offline,
        people=None if people is None else Path(people),
        sample=None if sample is None or out is None else (sample, Path(out)),
    )


def plan_judging(
    benchmark: str, gold: str | Path, predictions: str | Path, judge: str, *, cassette: str | Path | None = None
) -> CallPlan:
    """The requests that `judge_evidence` would send with the same arguments; sends nothing."""
    # A judge that is only planned sends no key, so that nothing has to be trusted.
    has_replies = cassette is not None and Path(cassette).exists()
    model = load_judge(judge, cassette=cassette if has_replies else None, offline=has_replies)
    return model.plan(_claims(benchmark, gold, predictions).all())


def _claims(benchmark: str, gold: str | Path, predictions: str | Path) -> JudgedClaims:
    if benchmark != JUDGED:
        raise HarnessError(f"--judge: reads submissions of {JUDGED} only, got '{benchmark}'")
    return averitec_claims(str(gold), str(predictions))
