"""Runs the stages of a chain, and plans them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path

from harness.display import Rows
from harness.endpoints.calls import Estimate
from harness.errors import HarnessError
from harness.files import json_document, write_text
from harness.runner.chain.config import LoadedChain, keys_of_chain, with_statements
from harness.runner.chain.losses import chain_losses
from harness.runner.chain.normalizing import Normalized, claims_to_normalize, statements_file
from harness.runner.chain.saved_chain import DETECT, JUDGE, save_chain
from harness.runner.config import Experiment
from harness.runner.external_calls import Forecast
from harness.runner.models.save_models import SavedModel
from harness.runner.models.saved_model import FOLDER
from harness.runner.runs.run_result import RunPlan, RunResult
from harness.runner.units.estimate import join_estimates


def plan_chain(
    chain: LoadedChain, folder: Path, plan_stage: Callable[[Experiment], RunPlan], root: str | Path | None
) -> RunPlan:
    """The work of all stages of a chain.

    Before statements are written, nobody knows what is found by them: their judge is then planned as by the text.
    """
    judging, pending = chain.judging, dict[str, Estimate]()
    hosts: tuple[str, ...] = ()
    if (normalizer := chain.normalizer) is not None:
        normalizer.check()
        _, claims = claims_to_normalize(chain.chain, root)
        pending = dict(normalizer.planned_requests(claims))
        hosts = normalizer.hosts() if pending else ()
        if statements_file(folder).exists():
            judging = with_statements(judging, statements_file(folder))
    stages = [plan_stage(stage) for stage in (chain.detection, judging) if stage is not None]
    statements = Forecast.of(pending.values())
    return RunPlan(
        experiment=chain.chain.name,
        folder=folder,
        units=sum(stage.units for stage in stages),
        finished=sum(stage.finished for stage in stages),
        hosts=tuple(dict.fromkeys([*hosts, *(host for stage in stages for host in stage.hosts)])),
        forecast=reduce(Forecast.__add__, (stage.forecast for stage in stages), statements),
        keys=keys_of_chain(chain),
        unit_list=Rows([unit for stage in stages for unit in stage.unit_list]),
        estimate=join_estimates([stage.estimate for stage in stages]),
    )


def run_chain(
    chain: LoadedChain,
    folder: Path,
    run_stage: Callable[[Experiment], RunResult],
    root: str | Path | None,
    *,
    normalize: Callable[..., Normalized],
    fresh: bool,
) -> RunResult:
    """Runs the stages of a chain as experiments of their own, in its folder, and joins their results.

    Raises: HarnessError: a stage cannot be fitted.
    """
    detection = None if chain.detection is None else run_stage(chain.detection)
    normalized, judging_config, normalizer = None, chain.judging, chain.normalizer
    if normalizer is not None:
        if fresh:
            normalizer.renew()
        normalized = normalize(chain.chain, normalizer, folder, root)
        judging_config = with_statements(chain.judging, statements_file(folder))
    judging = run_stage(judging_config)
    for failure in judging.failed:
        raise HarnessError(f"{failure.system} failed: {failure.reason}")
    detected = [] if detection is None else [*detection.results]
    losses = chain_losses(chain.chain, next(iter(detected), None), judging.results, root, normalized)
    write_text(folder / "chain.json", json_document(losses.document()))
    models: tuple[SavedModel, ...] = ()
    if detection is None and judging.models:
        reason = "it starts at gold claims (detect: gold); name a detector to save a chain that reads articles"
        models = (SavedModel(chain.chain.name, None, reason),)
    if detection is not None and detection.models and judging.models:
        # The first judge is the one that was fitted to passages that are found.
        stages = {DETECT: detection.models[0], JUDGE: judging.models[0]}
        models = (save_chain(folder / FOLDER, chain.chain, stages, losses.document()),)
    return RunResult(
        experiment=chain.chain.name,
        folder=folder,
        results=Rows([*detected, *judging.results]),
        fitted=judging.fitted + (0 if detection is None else detection.fitted),
        damaged=judging.damaged + (0 if detection is None else detection.damaged),
        models=models,
        chain=losses,
    )
