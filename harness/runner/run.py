"""Runs an experiment: the function behind `harness run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import yaml

from harness.arguments import as_list
from harness.display import Rows
from harness.endpoints.trusted_hosts import require_trust
from harness.errors import HarnessError
from harness.features.encoder_files import hub_by_argument
from harness.features.stages import Spent, add_up, stage, stage_clock
from harness.files import folder_lock
from harness.partial_files import remove_partial_files
from harness.progress import Progress, silent
from harness.runner.chain.config import LoadedChain, keys_of_chain, read_chain
from harness.runner.chain.normalizing import normalize_stage
from harness.runner.chain.run_chain import plan_chain, run_chain
from harness.runner.config import Experiment, LoadedExperiment
from harness.runner.configs.document import Config, read_document
from harness.runner.execute import execute, finished_units
from harness.runner.external_calls import forecast_of, hosts_of, keys_of
from harness.runner.models.save_models import fit_and_save_models
from harness.runner.official.leaderboards import leaderboards_for
from harness.runner.plan import ExperimentData, Unit, data_for_system
from harness.runner.result_files import Result
from harness.runner.results import build_result
from harness.runner.runs.prepare import Announce, no_one, prepare
from harness.runner.runs.run_result import RunPlan, RunResult
from harness.runner.runs.several import ReadSeveral, plan_several, read_several, refuse_faults, run_several
from harness.runner.runs.trial import Trial
from harness.runner.storage.current import record_run
from harness.runner.units.estimate import plan_units
from harness.runner.units.failures import failed_systems, nothing_fitted
from harness.runner.units.shards import Shard, ShardProgress, count_foreign, refuse_shards, shard_lock
from harness.runner.verification.reads_evidence import evidence_gains
from harness.runner.watching.events import EventLog, Say, no_word
from harness.runner.watching.profile import MEASURE, READ, Profile
from harness.user_code.local_code import code_as_imported


@hub_by_argument
def run(
    config: str | Path | Mapping[str, Any] | Experiment,
    *,
    overrides: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    limit: int | None = None,
    sample: int | None = None,
    ids: str | Path | Sequence[str] | None = None,
    shard: str | tuple[int, int] | None = None,
    jobs: int = 1,
    out: str | Path = "runs",
    fresh: bool = False,
    root: str | Path | None = None,
    save_models: bool = False,
    progress: Progress = silent,
    offline: bool = False,
    trust_hosts: str | Sequence[str] = (),
    announce: Announce = no_one,
    profile: bool = False,
    events: str | Path | None = None,
    say: Say = no_word,
) -> RunResult:
    """Runs an experiment; finished units are reused.

    A system that cannot be fitted has no result; `RunResult.failed` says why, and the other systems are run.

    Args:
        config: path of a config file, the name of a shipped experiment, a mapping with the content of a config file, or
            an experiment.
        overrides: changes to the config as `KEY=VALUE`; see `read_config`.
        only: names of the systems to run; empty: all. For verdicts, a name without its evidence means it with each.
        limit: use at most this many training and test claims per fold, for a quick trial.
        sample: use whole articles, drawn at random until they have this many claims. The split stays, and so does an
            article's side of it; the first random seed of the config is that of the draw.
        ids: use these claims only: a file with the id of a claim, or of an article, on each line; or a list of ids.
        shard: fit only this part of the units, as `1/4` or (1, 4), and write no results; processes that fit the other
            parts may share the run folder, and a run without `shard` then writes the results.
        jobs: number of processes, at least 1; the numbers do not depend on it.
        out: parent folder of run folders.
        fresh: fit finished units again.
        root: folder of fetched benchmarks; default `$HARNESS_DATA_ROOT`, else the user cache folder.
        save_models: also fit each system for later use and save it beside its result; see `harness.load_model`.
        progress: shows progress over the fits and the results.
        offline: refuse what needs the network.
        trust_hosts: hosts that may get the keys that a config file names; they are remembered.
        announce: called with the hosts that may be contacted, if any, before the first contact.
        profile: time the stages of the run, by system; see `RunResult.profile`.
        events: file to which a line of JSON is appended for each change of state; see docs/how-to/follow-a-run.md.
        say: called with a line if `events` cannot be written any more; the run goes on.
    Raises: HarnessError: an error in the config, the data or on the disk, a key would go to a host that is not trusted,
        a limit of calls is reached, or no system can be fitted; finished units are kept.
    """
    options = RunOptions(
        limit=limit,
        sample=sample,
        ids=ids,
        shard=shard,
        jobs=jobs,
        out=Path(out),
        fresh=fresh,
        root=root,
        save_models=save_models,
        progress=progress,
        offline=offline,
        trust_hosts=tuple(as_list(trust_hosts)),
        announce=announce,
        profile=profile,
        events=EventLog(None),
    )
    with EventLog(events, say) as log:
        return _run_any(config, overrides, as_list(only), options._replace(events=log))


class RunOptions(NamedTuple):
    """The arguments of a run that its experiments share; see `run`."""

    limit: int | None
    sample: int | None
    ids: str | Path | Sequence[str] | None
    shard: str | tuple[int, int] | None
    jobs: int
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


def _run_any(config: Config, overrides: str | Sequence[str], only: Sequence[str], options: RunOptions) -> RunResult:
    """Runs an experiment, a chain, or several experiments."""
    is_file = isinstance(config, str | Path)  # which can be somebody else's; a mapping is part of the caller's program
    if (chain := _chain_of(config, overrides, only, options.shard)) is not None:
        if is_file:
            require_trust(keys_of_chain(chain), options.trust_hosts, str(config))
        folder = options.out / chain.chain.name
        normalize = partial(normalize_stage, offline=options.offline, announce=options.announce)
        run_stage = partial(_run_any, overrides=(), only=(), options=options._replace(out=folder))
        return run_chain(chain, folder, run_stage, options.root, normalize=normalize, fresh=options.fresh)
    if (several := _several_of(config, overrides, options.ids, options.root)) is not None:
        if is_file:
            require_trust(several.sent_keys(), options.trust_hosts, str(config))
        folder = options.out / several.name
        inside = options._replace(out=folder)
        return run_several(several, folder, only, lambda part, names: _run_any(part, (), names, inside))
    return _run_experiment(config, overrides, only, options)


def _run_experiment(
    config: Config, overrides: str | Sequence[str], only: Sequence[str], options: RunOptions
) -> RunResult:
    """Runs one experiment."""
    part, began = options.part(), perf_counter()
    with stage_clock() as reading, stage(READ):
        loaded, units_by_system, data, folder = prepare(
            config,
            overrides=overrides,
            only=only,
            trial=Trial.of(options.limit, options.sample, options.ids),
            out=options.out,
            root=options.root,
            offline=options.offline,
            renew=options.fresh and not options.offline,
            announce=options.announce,
        )
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
    try:
        if part is not None:
            with shard_lock(folder, part), code_as_imported():
                own = [unit for unit in units if part.has(unit.unit_id)]
                _announce_contacts(config, _pending(own, folder), options)
                result = _run_shard(loaded, units, data, folder, shard=part, options=options)
        else:
            with folder_lock(folder, "a run"), code_as_imported():
                result = _run_all(config, loaded, units_by_system, data, folder, options=options)
    except BaseException as error:
        options.events.write("run_ended", **facts, state="failed", reason=str(error) or type(error).__name__)
        raise
    seconds = perf_counter() - began
    n_failed = len(result.failed)
    options.events.write(
        "run_ended", **facts, state="finished", seconds=seconds, fitted=result.fitted, failed_systems=n_failed
    )
    if not options.profile:
        return replace(result, profile=None)
    by_system = {} if result.profile is None else result.profile.by_system
    found = Spent() if result.profile is None else result.profile.read
    return replace(result, profile=Profile(reading.get(READ, Spent()).plus(found), by_system, seconds))


def _announce_contacts(config: Config, to_fit: Sequence[Unit], options: RunOptions) -> None:
    """Says which hosts are contacted, after the user has confirmed those that get a key."""
    hosts = hosts_of(to_fit, offline=options.offline)
    if isinstance(config, str | Path):
        require_trust(keys_of(to_fit), options.trust_hosts, str(config))
    if hosts:
        options.announce(hosts)


def _run_all(
    config: Config,
    loaded: LoadedExperiment,
    units_by_system: Mapping[str, list[Unit]],
    data: ExperimentData,
    folder: Path,
    *,
    options: RunOptions,
) -> RunResult:
    """Fits all units, and writes the results; the caller holds the lock of the folder."""
    refuse_shards(folder)
    remove_partial_files(folder)
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
            jobs=options.jobs,
            fresh=options.fresh,
            advance=lambda unit: advance(unit.title),
            events=options.events,
        )
        failed = failed_systems(finished.failed, names)
        loaded = loaded._replace(
            systems=tuple(system for system in loaded.systems if system.system_name not in finished.failed)
        )
        built, measured = list[Result](), dict[str, Mapping[str, Spent]]()
        for system in loaded.systems:
            name = system.system_name
            with stage_clock() as measured[name], stage(MEASURE):
                seen = data_for_system(system, data, loaded.experiment)
                built.append(build_result(loaded, seen, system, units_by_system[name], folder, finished=finished))
            _write_result_event(built[-1], options.events)
            advance(f"{name}: values and intervals")
    results = Rows(built)
    record_run(folder, results, failed if data.trial.name is None else ())
    if not results:
        raise nothing_fitted(finished.failed)
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
    """Fits the units of a shard; temporary files stay, because those of other shards may be in use."""
    own = [unit for unit in units if shard.has(unit.unit_id)]
    ids = {unit.unit_id for unit in own}
    stored = finished_units(own, folder)
    with options.progress(len(ids - stored.keys())) as advance:
        finished = execute(
            own,
            data,
            folder,
            stored=stored,
            jobs=options.jobs,
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


def plan(
    config: str | Path | Mapping[str, Any] | Experiment,
    *,
    overrides: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    limit: int | None = None,
    sample: int | None = None,
    ids: str | Path | Sequence[str] | None = None,
    shard: str | tuple[int, int] | None = None,
    out: str | Path = "runs",
    root: str | Path | None = None,
) -> RunPlan:
    """The work that `run` would do with the same arguments; fits nothing and writes nothing."""
    if (chain := _chain_of(config, overrides, only, shard)) is not None:
        folder = Path(out) / chain.chain.name
        return plan_chain(
            chain, folder, partial(plan, limit=limit, sample=sample, ids=ids, out=folder, root=root), root
        )
    if (several := _several_of(config, overrides, ids, root)) is not None:
        folder = Path(out) / several.name

        def plan_part(experiment: Experiment, names: list[str]) -> RunPlan:
            return plan(experiment, only=names, limit=limit, sample=sample, shard=shard, out=folder, root=root)

        planned = plan_several(several, folder, as_list(only), plan_part)
        return planned._replace(config=_extended(config, overrides))
    part = None if shard is None else Shard.parse(shard)
    loaded, units_by_system, data, folder = prepare(
        config, overrides=overrides, only=only, trial=Trial.of(limit, sample, ids), out=out, root=root
    )
    units = {
        unit.unit_id: unit
        for units_of_system in units_by_system.values()
        for unit in units_of_system
        if part is None or part.has(unit.unit_id)
    }
    stored = finished_units(units.values(), folder)
    pending = [unit for unit in units.values() if unit.unit_id not in stored]
    unit_list, estimate = plan_units([*units.values()], stored.keys(), folder)
    return RunPlan(
        experiment=loaded.experiment.name,
        folder=folder,
        units=len(units),
        finished=len(units) - len(pending),
        hosts=hosts_of(pending),
        forecast=forecast_of(pending, data),
        keys=keys_of(pending),
        unit_list=Rows(unit_list),
        estimate=estimate,
        config=_extended(config, overrides),
    )


def _extended(config: Config, overrides: str | Sequence[str]) -> str:
    """The whole of a config that extends another, as YAML; empty for one that stands alone."""
    document = read_document(config, overrides)
    if document.extends is None:
        return ""
    lines = f"# {document.path} extends {document.extends}; the whole config:\n"
    return lines + yaml.safe_dump(document.content, sort_keys=False, allow_unicode=True)


def _several_of(
    config: Config, overrides: str | Sequence[str], ids: object, root: str | Path | None
) -> ReadSeveral | None:
    """The experiments of a config with several; None for one with a single experiment.

    Raises: HarnessError: the config has faults, or ids are given, which are those of one dataset.
    """
    several = read_several(config, overrides)
    if several is None:
        return None
    refuse_faults(several, root)
    if ids is not None:
        raise HarnessError("--ids: is for a config with one experiment, because its claims are those of one dataset")
    return several


def _chain_of(
    config: str | Path | Mapping[str, Any] | Experiment,
    overrides: str | Sequence[str],
    only: str | Sequence[str],
    shard: str | tuple[int, int] | None,
) -> LoadedChain | None:
    """The chain of a config; None for another task.

    Raises: HarnessError: the config has faults, `only` names a system, or a shard is asked for.
    """
    chain = read_chain(config, overrides)
    if chain is not None and shard is not None:
        raise HarnessError("--shard: is not for chains; leave it out, or use --jobs")
    if chain is not None and as_list(only):
        raise HarnessError("--only: a chain needs all its stages; leave it out")
    return chain
