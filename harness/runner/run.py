"""Runs an experiment: the function behind `harness run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from harness.arguments import as_list
from harness.display import Rows
from harness.endpoints.trusted_hosts import require_trust
from harness.errors import HarnessError
from harness.features.encoder_files import hub_by_argument
from harness.progress import Progress, silent
from harness.runner.chain.config import LoadedChain, keys_of_chain, read_chain
from harness.runner.chain.normalizing import normalize_stage
from harness.runner.chain.run_chain import plan_chain, run_chain
from harness.runner.config import Experiment
from harness.runner.configs.document import Config, read_document
from harness.runner.configs.read_several import ReadSeveral, read_several
from harness.runner.execute import finished_units
from harness.runner.external_calls import forecast_of, hosts_of, keys_of
from harness.runner.runs.one_experiment import RunOptions, run_experiment
from harness.runner.runs.prepare import Announce, no_one, prepare, read_chosen
from harness.runner.runs.run_result import RunPlan, RunResult
from harness.runner.runs.several import plan_several, refuse_faults, run_several
from harness.runner.runs.trial import Trial
from harness.runner.units.cluster_fits import Workers
from harness.runner.units.estimate import plan_units
from harness.runner.units.shards import Shard
from harness.runner.watching.events import EventLog, Say, no_word


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
    backend: str = "local",
    scheduler: str | None = None,
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
        backend: what fits: `local`, the processes of this machine, or `dask`, the workers of a Dask cluster.
        scheduler: address of the scheduler of the Dask cluster, such as `tcp://10.0.0.1:8786`.
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
        say: called with a line if the run shares its folder with another one that is going on, or if `events` cannot be
            written any more; the run goes on.
    Raises: HarnessError: an error in the config, the data or on the disk, a key would go to a host that is not trusted,
        a limit of calls is reached, or no system can be fitted; finished units are kept.
    """
    options = RunOptions(
        limit=limit,
        sample=sample,
        ids=ids,
        shard=shard,
        workers=Workers.of(backend, scheduler, jobs, offline=offline),
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
        say=say,
    )
    with EventLog(events, say) as log:
        return _run_any(config, overrides, as_list(only), options._replace(events=log))


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
    return run_experiment(config, overrides, only, options)


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
    trial, loaded = Trial.of(limit, sample, ids), read_chosen(config, overrides, only, root)
    folder = Path(out) / loaded.experiment.name
    loaded, units_by_system, data = prepare(loaded, trial=trial, folder=folder, root=root)
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
