"""Runs an experiment: the function behind `harness run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from harness.arguments import as_list
from harness.display import Rows
from harness.endpoints.trusted_hosts import require_trust
from harness.errors import HarnessError
from harness.features.encoder_files import hub_by_argument
from harness.files import folder_lock, remove_partial_files
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
from harness.user_code.local_code import code_as_imported

if TYPE_CHECKING:
    pass


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
    Raises: HarnessError: an error in the config, the data or on the disk, a key would go to a host that is not trusted,
        a limit of calls is reached, or no system can be fitted; finished units are kept.
    """
    if (chain := _chain_of(config, overrides, only, shard)) is not None:
        if isinstance(config, str | Path):
            require_trust(keys_of_chain(chain), as_list(trust_hosts), str(config))
        run_stage = partial(
            run,
            limit=limit,
            sample=sample,
            ids=ids,
            jobs=jobs,
            out=Path(out) / chain.chain.name,
            fresh=fresh,
            root=root,
            save_models=save_models,
            progress=progress,
            offline=offline,
            announce=announce,
        )
        normalize = partial(normalize_stage, offline=offline, announce=announce)
        return run_chain(chain, Path(out) / chain.chain.name, run_stage, root, normalize=normalize, fresh=fresh)
    if (several := _several_of(config, overrides, ids, root)) is not None:
        if isinstance(config, str | Path):
            require_trust(several.sent_keys(), as_list(trust_hosts), str(config))

        def run_part(experiment: Experiment, names: list[str]) -> RunResult:
            return run(
                experiment,
                only=names,
                limit=limit,
                sample=sample,
                shard=shard,
                jobs=jobs,
                out=Path(out) / several.name,
                fresh=fresh,
                root=root,
                save_models=save_models,
                progress=progress,
                offline=offline,
                announce=announce,
            )

        return run_several(several, Path(out) / several.name, as_list(only), run_part)
    part = None if shard is None else Shard.parse(shard)
    if part is not None and (fresh or save_models):
        remedy = "to fit everything again, choose a new --out folder" if fresh else "give it to the run without --shard"
        raise HarnessError(f"--shard: does not go with {'--fresh' if fresh else '--save-models'}; {remedy}")
    loaded, units_by_system, data, folder = prepare(
        config,
        overrides=overrides,
        only=only,
        trial=Trial.of(limit, sample, ids),
        out=out,
        root=root,
        offline=offline,
        renew=fresh and not offline,
        announce=announce,
    )
    units = [unit for units_of_system in units_by_system.values() for unit in units_of_system]

    def announce_contacts(to_fit: Sequence[Unit]) -> None:
        """Says which hosts are contacted, after the user has confirmed those that get a key."""
        hosts = hosts_of(to_fit, offline=offline)
        if isinstance(config, str | Path):  # a file can be somebody else's; a mapping is part of the caller's program
            require_trust(keys_of(to_fit), as_list(trust_hosts), str(config))
        if hosts:
            announce(hosts)

    if part is not None:
        with shard_lock(folder, part), code_as_imported():
            announce_contacts(_pending([unit for unit in units if part.has(unit.unit_id)], folder))
            return _run_shard(loaded, units, data, folder, shard=part, jobs=jobs, progress=progress)
    with folder_lock(folder, "a run"), code_as_imported():
        refuse_shards(folder)
        remove_partial_files(folder)
        stored = {} if fresh else finished_units(units, folder)
        to_fit = [unit for unit in units if unit.unit_id not in stored]
        if save_models:  # which fits every system once more, unless its models cannot be saved
            to_fit += [unit for unit in units if unit.system.classifier.unsavable_reason is None]
        announce_contacts(to_fit)
        n_pending = len({unit.unit_id for unit in units} - stored.keys())
        with progress(n_pending + len(loaded.systems)) as advance:
            finished = execute(
                units, data, folder, stored=stored, jobs=jobs, fresh=fresh, advance=lambda unit: advance(unit.title)
            )
            failed = failed_systems(finished.failed, [system.system_name for system in loaded.systems])
            loaded = loaded._replace(
                systems=tuple(system for system in loaded.systems if system.system_name not in finished.failed)
            )
            built = list[Result]()
            for system in loaded.systems:
                seen, own_units = data_for_system(system, data, loaded.experiment), units_by_system[system.system_name]
                built.append(build_result(loaded, seen, system, own_units, folder, finished=finished))
                advance(f"{system.system_name}: values and intervals")
        results = Rows(built)
        record_run(folder, results, failed if data.trial.name is None else ())
        if not results:
            raise nothing_fitted(finished.failed)
        models = fit_and_save_models(loaded, data, results, fresh=fresh) if save_models else ()
    published = leaderboards_for(loaded.experiment.document(), list(loaded.metrics))
    return RunResult(
        experiment=loaded.experiment.name,
        folder=folder,
        results=results,
        fitted=len(finished.fitted),
        damaged=finished.damaged,
        published=published,
        models=models,
        evidence_gains=evidence_gains(results),
        failed=failed,
    )


def _run_shard(
    loaded: LoadedExperiment,
    units: Sequence[Unit],
    data: ExperimentData,
    folder: Path,
    *,
    shard: Shard,
    jobs: int,
    progress: Progress,
) -> RunResult:
    """Fits the units of a shard; temporary files stay, because those of other shards may be in use."""
    own = [unit for unit in units if shard.has(unit.unit_id)]
    ids = {unit.unit_id for unit in own}
    stored = finished_units(own, folder)
    with progress(len(ids - stored.keys())) as advance:
        finished = execute(own, data, folder, stored=stored, jobs=jobs, advance=lambda unit: advance(unit.title))
    missing = len(ids - finished.units.keys())
    others = _pending([unit for unit in units if unit.unit_id not in ids], folder)
    return RunResult(
        experiment=loaded.experiment.name,
        folder=folder,
        results=Rows(),
        fitted=len(finished.fitted),
        damaged=finished.damaged,
        failed=failed_systems(finished.failed, [system.system_name for system in loaded.systems]),
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
