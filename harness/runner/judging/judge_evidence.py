"""Evidence judged by a language model: the functions behind `harness evaluate --judge`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.arguments import as_list
from harness.errors import HarnessError
from harness.runner.judging.averitec import averitec_claims
from harness.runner.judging.evaluation import JudgedClaims, JudgedEvaluation, judge_claims
from harness.runner.judging.judge import CallPlan, load_judge
from harness.runner.judging.result_claims import result_claims

JUDGED = "averitec"
"""Benchmark whose submissions are judged."""


def judge_evidence(
    source: str | Path,
    judge: str,
    *,
    gold: str | Path | None = None,
    predictions: str | Path | None = None,
    cassette: str | Path | None = None,
    threshold: float = 0.5,
    offline: bool = False,
    people: str | Path | None = None,
    sample: int | None = None,
    out: str | Path | None = None,
    trust_hosts: str | Sequence[str] = (),
    root: str | Path | None = None,
) -> JudgedEvaluation:
    """Judges the evidence of a submission or a result with a language model.

    The model splits the reference evidence and the found evidence of each claim into facts, and says of each whether
    the other side supports it. Replies are kept, so that the same call gives the same numbers and sends nothing.

    Args:
        source: `averitec`, or the folder of a result of verdicts, whose system is shown passages.
        judge: `ENDPOINT/MODEL`, such as http://localhost:8000/v1/llama-3.3-70b, or a .yaml file with settings of
            `language_model`.
        gold: gold file of AVeriTeC.
        predictions: prediction file of AVeriTeC, in the form of 2024 or of 2025.
        cassette: file to record replies in, and to read them from.
        threshold: least recall (not strict) that counts as enough evidence.
        offline: send nothing; comparisons without a stored reply widen the bounds.
        people: folder of an earlier `sample` that people labeled.
        sample: number of decisions of the judge to write into `out`, to be labeled.
        out: new folder for the sample.
        trust_hosts: hosts that may get the key that the file of a judge names; they are remembered.
        root: folder of fetched benchmarks.
    Raises: HarnessError: a file is invalid, or the endpoint fails; there is no value then, and replies that arrived are
        kept.
    """
    if (sample is None) != (out is None):
        raise HarnessError("--sample N and -o FOLDER go together: the folder gets the decisions to label")
    model = load_judge(judge, cassette=cassette, offline=offline, trust_hosts=as_list(trust_hosts))
    claims = _claims(source, gold, predictions, root)
    return judge_claims(
        str(source) if predictions is None else f"{source}: {predictions}",
        claims,
        model,
        threshold=threshold,
        offline=offline,
        people=None if people is None else Path(people),
        sample=None if sample is None or out is None else (sample, Path(out)),
    )


def plan_judging(
    source: str | Path,
    judge: str,
    *,
    gold: str | Path | None = None,
    predictions: str | Path | None = None,
    cassette: str | Path | None = None,
    root: str | Path | None = None,
) -> CallPlan:
    """The requests that `judge_evidence` would send with the same arguments; sends nothing."""
    # A judge that is only planned sends no key, so that nothing has to be trusted.
    has_replies = cassette is not None and Path(cassette).exists()
    model = load_judge(judge, cassette=cassette if has_replies else None, offline=has_replies)
    return model.plan(_claims(source, gold, predictions, root).all())


def _claims(
    source: str | Path, gold: str | Path | None, predictions: str | Path | None, root: str | Path | None
) -> JudgedClaims:
    if str(source) == JUDGED:
        if gold is None or predictions is None:
            raise HarnessError(f"--judge: {JUDGED} takes one --gold FILE and one --predictions FILE")
        return averitec_claims(str(gold), str(predictions))
    if Path(source).is_dir():
        if gold is not None or predictions is not None:
            raise HarnessError("--judge: a result has its own gold and predictions; remove --gold and --predictions")
        return result_claims(Path(source), root)
    raise HarnessError(f"--judge: expected {JUDGED} or the folder of a result of verdicts, got '{source}'")
