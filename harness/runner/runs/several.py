"""Runs and plans the experiments of a config that has several, in one folder, and puts their results side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

from harness.data.load import find_dataset
from harness.display import Rows
from harness.errors import EndsRun, Fault, FaultsError, HarnessError, NotFetched, UnknownName, unknown_name
from harness.files import json_document, write_text
from harness.runner.config import Experiment, System
from harness.runner.configs.read_several import ReadSeveral
from harness.runner.external_calls import Forecast
from harness.runner.load_config import ReadConfig
from harness.runner.runs.experiment_list import FILE_NAME, LIST_FORMAT, ExperimentList, ListedExperiment
from harness.runner.runs.prepare import chosen_systems
from harness.runner.runs.run_result import RunPlan, RunResult
from harness.runner.runs.wide_table import PartResults, wide_table
from harness.runner.units.estimate import join_estimates


def refuse_faults(several: ReadSeveral, root: str | Path | None) -> None:
    """Refuses a config with a fault in any experiment, or with a dataset that is not there, before anything is fitted.

    Raises: FaultsError: every fault, each once. NotFetched: a benchmark is not fetched.
    """
    missing = list[str]()
    for part in several.parts:
        for dataset in part.experiment.datasets if "dataset" in part.valid else ():
            try:
                find_dataset(dataset, root)
            except NotFetched as error:
                missing.append(str(error))
            except HarnessError as error:
                part.faults.add(("dataset",), str(error), error.code)
    faults = dict[Fault, None]()
    for part in several.parts:
        faults |= dict.fromkeys(part.faults.in_order())
    if faults:
        raise FaultsError(faults)
    if missing:
        raise NotFetched("\n".join(dict.fromkeys(missing)))


def _only_in(systems: Sequence[System], only: Sequence[str]) -> list[str]:
    """The names of `--only` that an experiment has."""
    names = [system.system_name for system in systems]
    return [name for name in only if chosen_systems([name], names)]


def _parts_with(several: ReadSeveral, only: Sequence[str]) -> list[tuple[ReadConfig, list[str]]]:
    """The experiments that have one of some systems (all: without names), with the names that each has.

    Raises: UnknownName: no experiment has a system.
    """
    parts = [(part, _only_in(part.systems, only)) for part in several.parts]
    for name in only:
        if not any(name in names for _, names in parts):
            known = {system.system_name for part in several.parts for system in part.systems}
            raise UnknownName(f"--only: {unknown_name('system of these experiments', name, sorted(known))}")
    return [(part, names) for part, names in parts if names or not only]


def run_several(
    several: ReadSeveral, folder: Path, only: Sequence[str], run_part: Callable[[Experiment, list[str]], RunResult]
) -> RunResult:
    """Runs each experiment in a run folder of its own; one that fails has no result, and the others are run.

    Args:
        several: the experiments, without faults.
        folder: the folder of the run folders.
        only: names of the systems to run; none: all.
        run_part: runs an experiment with some systems only.
    Raises: EndsRun: an error that ends the run. HarnessError: every experiment failed.
    """
    outcomes, failed, first_error = dict[str, RunResult](), dict[str, str](), None
    for part, names in _parts_with(several, only):
        name = part.experiment.name
        try:
            outcomes[name] = run_part(part.experiment, names)
        except EndsRun:
            raise
        except HarnessError as error:
            first_error, failed[name] = first_error or error, str(error)
    if not outcomes and first_error is not None:
        raise first_error
    results = Rows(result for outcome in outcomes.values() for result in outcome.results)
    is_shard = any(outcome.shard for outcome in outcomes.values())
    listed = [_listed(part, failed) for part in several.parts]
    if not is_shard:
        document = ExperimentList(format=LIST_FORMAT, name=several.name, experiments=tuple(listed))
        write_text(folder / FILE_NAME, json_document(document.model_dump(mode="json")))
    return RunResult(
        experiment=several.name,
        folder=folder,
        results=results,
        fitted=sum(outcome.fitted for outcome in outcomes.values()),
        damaged=sum(outcome.damaged for outcome in outcomes.values()),
        models=tuple(model for outcome in outcomes.values() for model in outcome.models),
        failed=Rows(failure for outcome in outcomes.values() for failure in outcome.failed),
        experiments=tuple(outcomes.values()),
        failed_experiments=failed,
        wide=None if is_shard else wide_table(several.name, [part_results(each, outcomes) for each in listed]),
    )


def _listed(part: ReadConfig, failed: dict[str, str]) -> ListedExperiment:
    experiment = part.experiment
    datasets = " + ".join(Path(dataset).name for dataset in experiment.datasets)
    reason = failed.get(experiment.name)
    return ListedExperiment(name=experiment.name, task=experiment.task, dataset=datasets, reason=reason)


def part_results(listed: ListedExperiment, outcomes: dict[str, RunResult]) -> PartResults:
    """The results of one experiment, for the table of all."""
    outcome = outcomes.get(listed.name)
    failed = {} if outcome is None else {failure.system: failure.reason for failure in outcome.failed}
    results = () if outcome is None else outcome.results
    dataset = results[0].dataset if results else listed.dataset
    return PartResults(listed.name, listed.task, dataset, results, failed, listed.reason or "not run")


def plan_several(
    several: ReadSeveral, folder: Path, only: Sequence[str], plan_part: Callable[[Experiment, list[str]], RunPlan]
) -> RunPlan:
    """The work of all experiments.

    Raises: HarnessError: every experiment that would not run, with the reason, and what a run does without them.
    """
    plans, refused = list[RunPlan](), list[str]()
    for part, names in _parts_with(several, only):
        try:
            plans.append(plan_part(part.experiment, names))
        except HarnessError as error:
            refused.append(f"{part.experiment.name}: {error}")
    if refused:
        others = [f"{each.experiment} ({each.units:,} units, {each.finished:,} finished)" for each in plans]
        rest = [f"a run goes on with the others: {', '.join(others)}"] if others else []
        raise HarnessError("\n".join([*refused, *rest]))
    return RunPlan(
        experiment=several.name,
        folder=folder,
        units=sum(each.units for each in plans),
        finished=sum(each.finished for each in plans),
        hosts=tuple(dict.fromkeys(host for each in plans for host in each.hosts)),
        forecast=reduce(Forecast.__add__, (each.forecast for each in plans)),
        keys=several.sent_keys() if any(each.keys for each in plans) else (),
        unit_list=Rows(unit for each in plans for unit in each.unit_list),
        estimate=join_estimates([each.estimate for each in plans]),
        experiments=tuple(plans),
    )
