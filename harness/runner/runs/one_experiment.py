"""Runs one experiment: its units are fitted, and its results are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from harness.display import Rows
from harness.endpoints.trusted_hosts import require_trust
from harness.errors import HarnessError
from harness.features.stages import Spent, add_up, stage, stage_clock
from harness.partial_files import remove_partial_files
from harness.progress import Progress
from harness.runner.config import Experiment, LoadedExperiment
from harness.runner.configs.document import Config
from harness.runner.execute import execute, finished_units
from harness.runner.external_calls import hosts_of, keys_of
from harness.runner.models.save_models import fit_and_save_models
from harness.runner.official.leaderboards import leaderboards_for
from harness.runner.plan import ExperimentData, Unit, data_for_system
from harness.runner.result_files import Result
from harness.runner.results import build_result
from harness.runner.runs.prepare import Announce, prepare, read_chosen
from harness.runner.runs.run_result import RunResult
from harness.runner.runs.trial import Trial
from harness.runner.runs.unchanged import RunInputs
from harness.runner.storage.current import failures_in, record_run
from harness.runner.units.cluster_fits import Workers
from harness.runner.units.failures import failed_systems, nothing_fitted
from harness.runner.units.pool import start_early
from harness.runner.units.shards import Shard, ShardProgress, count_foreign
from harness.runner.units.sharing import shared_folder, writing_results
from harness.runner.verification.reads_evidence import evidence_gains
from harness.runner.watching.events import EventLog, Say
from harness.runner.watching.profile import MEASURE, READ, Profile
from harness.user_code.local_code import code_as_imported


class RunOptions(NamedTuple):
    """The arguments of a run that its experiments share; see `run`."""

    limit: int | None
    sample: int | None
    ids: str | Path | Sequence[str] | None
    shard: str | tuple[int, int] | None
    workers: Workers
    out: Path
    fresh: bool
    root: str | Path | None
    save_models: bool
    progress: Progress
    offline: bool
    trust_hosts: tuple[str, ...]
    announce: Announce
    profile: bool
    events: EventLog
    say: Say

    def may_be_found_again(self) -> bool:
        """Whether a run that changes nothing need not look at its data and its units."""
        asks_more = self.profile or self.save_models or self.events.is_written
        return self.shard is None and not self.fresh and not asks_more

    def part(self) -> Shard | None:
        """The shard to fit; None for all units.

        Raises: HarnessError: it is no shard, or other options do not go with it.
        """
        if self.shard is None:
            return None
        if self.fresh or self.save_models:
            remedy = "to fit everything again, choose a new --out folder"
            remedy = remedy if self.fresh else "give it to the run without --shard"
            option = "--fresh" if self.fresh else "--save-models"
            raise HarnessError(f"--shard: does not go with {option}; {remedy}")
        return Shard.parse(self.shard)


def run_experiment(
    config: Config, overrides: str | Sequence[str], only: Sequence[str], options: RunOptions
) -> RunResult:
    """Runs one experiment."""
    part, began = options.part(), perf_counter()
    named = config.name if isinstance(config, Experiment) else None
    with stage_clock() as reading:
        with _end_told(options.events, experiment=named), stage(READ):
            trial = Trial.of(options.limit, options.sample, options.ids)
            loaded = read_chosen(config, overrides, only, options.root)
            folder = options.out / loaded.experiment.name
            inputs = RunInputs.of(loaded, trial, options.root, folder)
            if options.may_be_found_again() and (result := _find_again(inputs, options)) is not None:
                return result
        start_early(options.workers.jobs, _modules_of(loaded))
        with _end_told(options.events, experiment=named), stage(READ):
            prepared = prepare(
                loaded,
                trial=trial,
                folder=folder,
                root=options.root,
                offline=options.offline,
                renew=options.fresh and not options.offline,
                announce=options.announce,
            )
        result = _run_prepared(config, prepared, inputs, part, options, began=began)
    if not options.profile:
        return replace(result, profile=None)
    seconds = perf_counter() - began
    by_system = {} if result.profile is None else result.profile.by_system
    lookup = Spent() if result.profile is None else result.profile.read
    return replace(result, profile=Profile(reading.get(READ, Spent()).plus(lookup), by_system, seconds))


def _modules_of(loaded: LoadedExperiment) -> list[str]:
    """What a process imports to fit the systems of an experiment, code of the user apart."""
    classifiers = [system.classifier for system in loaded.systems]
    modules = {type(each).__module__: None for each in classifiers}
    return ["harness.runner.execute", "pyarrow.parquet", *(name for name in modules if name.startswith("harness."))]


def _run_prepared(
    config: Config,
    prepared: tuple[LoadedExperiment, dict[str, list[Unit]], ExperimentData],
    inputs: RunInputs,
    part: Shard | None,
    options: RunOptions,
    *,
    began: float,
) -> RunResult:
    """Fits the units of an experiment, or of a shard of it."""
    loaded, units_by_system, data = prepared
    folder = inputs.folder
    experiment = loaded.experiment.name
    units = [unit for units_of_system in units_by_system.values() for unit in units_of_system]
    facts: dict[str, Any] = {"experiment": experiment, "folder": str(folder)}
    options.events.write(
        "run_started",
        **facts,
        task=loaded.experiment.task,
        dataset=data.joined.name,
        units=len(units),
        systems=[system.system_name for system in loaded.systems],
        shard=None if part is None else str(part),
    )
    with _end_told(options.events, **facts):
        if part is not None:
            with _shared(folder, options.say), code_as_imported():
                own = [unit for unit in units if part.has(unit.unit_id)]
                _announce_contacts(config, _pending(own, folder), options)
                result = _run_shard(loaded, units, data, folder, shard=part, options=options)
        else:
            with _shared(folder, options.say, alone=options.fresh), code_as_imported():
                result = _run_all(config, loaded, units_by_system, data, inputs, options=options)
    seconds = perf_counter() - began
    n_failed = len(result.failed)
    options.events.write(
        "run_ended", **facts, state="finished", seconds=seconds, fitted=result.fitted, failed_systems=n_failed
    )
    return result


def _find_again(inputs: RunInputs, options: RunOptions) -> RunResult | None:
    """The results of the last run, if nothing has changed that they depend on; else None."""
    results = inputs.find_results()
    if results is None:
        return None
    for system in inputs.loaded.systems:
        system.classifier.check()
    with _shared(inputs.folder, options.say), writing_results(inputs.folder):
        record_run(inputs.folder, results)
    experiment = inputs.loaded.experiment
    return RunResult(
        experiment=experiment.name,
        folder=inputs.folder,
        results=Rows(results),
        fitted=0,
        published=leaderboards_for(experiment.document(), list(inputs.loaded.metrics)),
    )


@contextmanager
def _end_told(events: EventLog, **facts: Any) -> Iterator[None]:
    """Writes the event of the end if an error ends the block."""
    try:
        yield
    except BaseException as error:
        events.write("run_ended", **facts, state="failed", reason=str(error) or type(error).__name__)
        raise


def _announce_contacts(config: Config, to_fit: Sequence[Unit], options: RunOptions) -> None:
    """Says which hosts are contacted, after the user has confirmed those that get a key."""
    hosts = hosts_of(to_fit, offline=options.offline)
    if isinstance(config, str | Path):
        require_trust(keys_of(to_fit), options.trust_hosts, str(config))
    if options.workers.scheduler is not None and to_fit:
        hosts = (options.workers.scheduler, *hosts)
    if hosts:
        options.announce(hosts)


@contextmanager
def _shared(folder: Path, say: Say, *, alone: bool = False) -> Iterator[None]:
    """Shares a run folder with other runs, and says so if there are any; removes what killed ones left behind."""
    with shared_folder(folder, alone=alone) as joins:
        if joins:
            say(f"{folder}: joins a run that is going on; what both need is fitted once")
        else:
            remove_partial_files(folder)
        failures_in(folder)  # what cannot be read ends the run before it begins
        yield


def _run_all(
    config: Config,
    loaded: LoadedExperiment,
    units_by_system: Mapping[str, list[Unit]],
    data: ExperimentData,
    inputs: RunInputs,
    *,
    options: RunOptions,
) -> RunResult:
    """Fits all units, and writes the results."""
    folder = inputs.folder
    units = [unit for units_of_system in units_by_system.values() for unit in units_of_system]
    with stage_clock() as reading, stage(READ):
        stored = {} if options.fresh else finished_units(units, folder)
    to_fit = [unit for unit in units if unit.unit_id not in stored]
    if options.save_models:  # which fits every system once more, unless its models cannot be saved
        to_fit += [unit for unit in units if unit.system.classifier.unsavable_reason is None]
    _announce_contacts(config, to_fit, options)
    n_pending = len({unit.unit_id for unit in units} - stored.keys())
    names = [system.system_name for system in loaded.systems]
    with options.progress(n_pending + len(names)) as advance:
        finished = execute(
            units,
            data,
            folder,
            stored=stored,
            workers=options.workers,
            fresh=options.fresh,
            advance=lambda unit: advance(unit.title),
            events=options.events,
        )
        failed = failed_systems(finished.failed, names)
        loaded = loaded._replace(
            systems=tuple(system for system in loaded.systems if system.system_name not in finished.failed)
        )
        built, measured = list[Result](), dict[str, Mapping[str, Spent]]()
        with writing_results(folder):
            for system in loaded.systems:
                name = system.system_name
                with stage_clock() as measured[name], stage(MEASURE):
                    seen = data_for_system(system, data, loaded.experiment)
                    built.append(build_result(loaded, seen, system, units_by_system[name], folder, finished=finished))
                _write_result_event(built[-1], options.events)
                advance(f"{name}: values and intervals")
    results = Rows(built)
    with writing_results(folder):
        record_run(folder, results, failed if data.trial.name is None else ())
        if not results:
            raise nothing_fitted(finished.failed)
        if not failed:
            inputs.record(results, units)
        models = fit_and_save_models(loaded, data, results, fresh=options.fresh) if options.save_models else ()
    by_system = {name: add_up(finished.spent.get(name, {}), measured.get(name, {})) for name in names}
    return RunResult(
        experiment=loaded.experiment.name,
        folder=folder,
        results=results,
        fitted=len(finished.fitted),
        damaged=finished.damaged,
        published=leaderboards_for(loaded.experiment.document(), list(loaded.metrics)),
        models=models,
        evidence_gains=evidence_gains(results),
        failed=failed,
        profile=Profile(reading.get(READ, Spent()), by_system, 0.0),
    )


def _write_result_event(result: Result, events: EventLog) -> None:
    events.write(
        "result_written",
        experiment=result.experiment,
        result=result.result_id,
        system=result.system,
        task=result.task,
        dataset=result.dataset,
        path=result.path,
        trial=result.trial,
        values={name: value.value for name, value in result.values.items()},
    )


def _run_shard(
    loaded: LoadedExperiment,
    units: Sequence[Unit],
    data: ExperimentData,
    folder: Path,
    *,
    shard: Shard,
    options: RunOptions,
) -> RunResult:
    """Fits the units of a shard."""
    own = [unit for unit in units if shard.has(unit.unit_id)]
    ids = {unit.unit_id for unit in own}
    stored = finished_units(own, folder)
    with options.progress(len(ids - stored.keys())) as advance:
        finished = execute(
            own,
            data,
            folder,
            stored=stored,
            workers=options.workers,
            advance=lambda unit: advance(unit.title),
            events=options.events,
        )
    missing = len(ids - finished.units.keys())
    others = _pending([unit for unit in units if unit.unit_id not in ids], folder)
    return RunResult(
        experiment=loaded.experiment.name,
        folder=folder,
        results=Rows(),
        fitted=len(finished.fitted),
        damaged=finished.damaged,
        failed=failed_systems(finished.failed, [system.system_name for system in loaded.systems]),
        profile=Profile(Spent(), finished.spent, 0.0),
        shard=ShardProgress(
            str(shard),
            len(ids),
            missing,
            missing + len(others),
            count_foreign(folder, [unit.unit_id for unit in units]),
        ),
    )


def _pending(units: Iterable[Unit], folder: Path) -> list[Unit]:
    """The units that are not finished, each once."""
    by_id = {unit.unit_id: unit for unit in units}
    stored = finished_units(by_id.values(), folder)
    return [unit for unit_id, unit in by_id.items() if unit_id not in stored]
