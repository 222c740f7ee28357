"""Runs an experiment: the function behind `harness run`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.arguments import as_list
from harness.data.benchmarks.benchmark import Published
from harness.display import Rows, displayed
from harness.endpoints.trusted_hosts import KeyUse, require_trust
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.features.encoder_files import hub_by_argument
from harness.files import folder_lock, json_document, remove_partial_files, write_text
from harness.progress import Progress, silent
from harness.runner.chain.config import LoadedChain, keys_of_chain, read_chain, with_statements
from harness.runner.chain.losses import ChainLosses, chain_losses
from harness.runner.chain.normalizing import Normalized, claims_to_normalize, normalize_stage, statements_file
from harness.runner.chain.saved_chain import DETECT, JUDGE, save_chain
from harness.runner.chain.table import chain_html, chain_table
from harness.runner.config import Experiment, LoadedExperiment
from harness.runner.configs.data_faults import add_data_faults
from harness.runner.execute import execute, finished_units
from harness.runner.external_calls import Forecast, forecast_of, hosts_of, keys_of, with_task_prompt
from harness.runner.load_config import read_config
from harness.runner.models.save_models import SavedModel, fit_and_save_models
from harness.runner.models.saved_model import FOLDER
from harness.runner.official.leaderboards import leaderboards_for, references
from harness.runner.plan import ExperimentData, Unit, data_for_system, expand_transfer, load_data, units_of
from harness.runner.provenance import git_commit
from harness.runner.result_files import Result, Table
from harness.runner.results import build_result
from harness.runner.slices import slices_of
from harness.runner.storage.current import record_run
from harness.runner.units.estimate import Estimate, PlannedUnit, join_estimates, plan_document, plan_units
from harness.runner.units.failures import FailedSystem, failed_systems, nothing_fitted
from harness.runner.units.shards import Shard, ShardProgress, count_foreign, refuse_shards, shard_lock
from harness.runner.verification.reads_evidence import EvidenceGain, evidence_gains
from harness.user_code.local_code import code_as_imported

if TYPE_CHECKING:
    import pandas as pd


@displayed
@dataclass(frozen=True)
class RunResult:
    """The results of a run."""

    experiment: str
    folder: Path
    results: Rows[Result]
    """One result per system that could be fitted, in the order of the config."""
    fitted: int
    """Number of units fitted; the others were reused."""
    damaged: int = 0
    """Number of units that were fitted again because their file was damaged."""
    published: tuple[Published, ...] = ()
    """Published leaderboards of the same benchmark and split."""
    models: tuple[SavedModel, ...] = ()
    """Saved model of each system, or the reason why there is none, if `save_models` was set."""
    evidence_gains: tuple[EvidenceGain, ...] = ()
    """What each system of a verdict experiment gains over the best that sees the claim alone."""
    failed: Rows[FailedSystem] = field(default_factory=Rows)
    """Systems that could not be fitted, in the order of the config."""
    chain: ChainLosses | None = None
    """What each stage of a chain loses; its `results` are those of the detector and of the judge."""
    shard: ShardProgress | None = None
    """What is fitted and what is left, for a run of one shard, which has no results; else None."""

    def __len__(self) -> int:
        return len(self.results)

    def __fspath__(self) -> str:
        return str(self.folder)

    def to_pandas(self, table: Table = "values") -> pd.DataFrame:
        """The values or the predictions of all systems as a data frame; see `Result.to_pandas`."""
        import pandas as pd

        if self.shard is not None:
            raise HarnessError(f"no results: {self.shard}")
        return pd.concat([result.to_pandas(table) for result in self.results], ignore_index=True)

    def document(self) -> dict[str, Any]:
        """The document that `harness run --json` prints."""
        if self.chain is not None:
            return self.chain.document()
        document: dict[str, Any] = {
            "experiment": self.experiment,
            "results": [result.summary() for result in self.results],
        }
        if self.shard is not None:
            document["shard"] = {**self.shard._asdict(), "fitted": self.fitted}
        if self.failed:
            document["failed"] = [failure._asdict() for failure in self.failed]
        if self.evidence_gains:
            document["evidence_gains"] = [gain.document() for gain in self.evidence_gains]
        if self.published:
            document["published"] = [
                {
                    "metric": board.metric,
                    "source": f"{board.source} (over {board.n})",
                    "systems": [entry._asdict() for entry in references(board, self.results)],
                }
                for board in self.published
            ]
        if self.models:
            document["models"] = [
                {"system": model.system, "path": str(model.folder) if model.folder else None, "reason": model.reason}
                for model in self.models
            ]
        return document

    def __str__(self) -> str:
        from harness.runner.tables import results_table

        if self.chain is not None:
            return chain_table(self.chain)
        if self.shard is not None:
            reasons = (f"{failure.system} failed: {failure.reason}" for failure in self.failed)
            return "\n".join([f"{self.experiment}: {self.shard}", *reasons])
        return results_table(self.results, self.published, self.failed, self.evidence_gains)

    def _repr_html_(self) -> str:
        from harness.runner.tables import results_html

        if self.chain is not None:
            return chain_html(self.chain)
        if self.shard is not None:
            return f"<pre>{escape(str(self))}</pre>"
        return results_html(self.results, self.published, self.failed, self.evidence_gains)


@displayed
class RunPlan(NamedTuple):
    """The work that a run would do."""

    experiment: str
    folder: Path
    units: int
    finished: int
    hosts: tuple[str, ...] = ()
    """Hosts that the pending units may contact."""
    forecast: Forecast = Forecast(0, 0)
    """Calls that the pending units would make."""
    keys: tuple[KeyUse, ...] = ()
    """Keys that the config names, with the hosts that they would go to."""
    unit_list: Rows[PlannedUnit] = Rows()
    """Each unit, with whether it is finished and how long it takes."""
    estimate: Estimate = Estimate(None, None, 0)
    """What the pending units would take, by the costs of earlier fits."""

    def document(self) -> dict[str, Any]:
        """The document that `harness run --dry-run --json` prints."""
        return {
            "experiment": self.experiment,
            "folder": str(self.folder),
            "units": self.units,
            "finished": self.finished,
            "hosts": list(self.hosts),
            "keys": [use._asdict() for use in self.keys],
            **plan_document(self.unit_list, self.estimate, *self.forecast),
        }

    def __str__(self) -> str:
        summary = f"{self.experiment}: {self.units} units, {self.finished} finished, in {self.folder}"
        calls, tokens = self.forecast
        if not self.hosts:
            return f"{summary}\nup to {calls:,} replies are missing from the cassette" if calls else summary
        cost = f"would send up to {calls:,} calls to {', '.join(self.hosts)}, with at most about {tokens:,} tokens"
        keys = "".join(f"\nwould send the key in {use.variable} to {use.host}" for use in self.keys)
        return f"{summary}\n{cost}; cached replies are reused{keys}"


Announce = Callable[[tuple[str, ...]], None]
"""Called with the hosts that a run may contact, before it contacts them."""


def _nobody(_: tuple[str, ...]) -> None:
    return None


@hub_by_argument
def run(
    config: str | Path | Mapping[str, Any] | Experiment,
    *,
    overrides: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    limit: int | None = None,
    shard: str | tuple[int, int] | None = None,
    jobs: int = 1,
    out: str | Path = "runs",
    fresh: bool = False,
    root: str | Path | None = None,
    save_models: bool = False,
    progress: Progress = silent,
    offline: bool = False,
    trust_hosts: str | Sequence[str] = (),
    announce: Announce = _nobody,
) -> RunResult:
    """Runs an experiment; finished units are reused.

    A system that cannot be fitted has no result; `RunResult.failed` says why, and the other systems are run.

    Args:
        config: path of a config file, the name of a shipped experiment, a mapping with the content of a config file, or
            an experiment.
        overrides: changes to the config as `KEY=VALUE`; see `read_config`.
        only: names of the systems to run; empty: all. For verdicts, a name without its evidence means it with each.
        limit: use at most this many training and test claims per fold, for a quick trial.
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
        return _run_chain(chain, Path(out) / chain.chain.name, run_stage, root, normalize=normalize, fresh=fresh)
    part = None if shard is None else Shard.parse(shard)
    if part is not None and (fresh or save_models):
        remedy = "to fit everything again, choose a new --out folder" if fresh else "give it to the run without --shard"
        raise HarnessError(f"--shard: does not go with {'--fresh' if fresh else '--save-models'}; {remedy}")
    loaded, units_by_system, data, folder = _prepare(
        config,
        overrides=overrides,
        only=only,
        limit=limit,
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
        record_run(folder, results, failed if limit is None else ())
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
    shard: str | tuple[int, int] | None = None,
    out: str | Path = "runs",
    root: str | Path | None = None,
) -> RunPlan:
    """The work that `run` would do with the same arguments; fits nothing and writes nothing."""
    if (chain := _chain_of(config, overrides, only, shard)) is not None:
        folder = Path(out) / chain.chain.name
        return _plan_chain(chain, folder, partial(plan, limit=limit, out=folder, root=root), root)
    part = None if shard is None else Shard.parse(shard)
    loaded, units_by_system, data, folder = _prepare(
        config, overrides=overrides, only=only, limit=limit, out=out, root=root
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
    )


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


def _plan_chain(
    chain: LoadedChain, folder: Path, plan_stage: Callable[[Experiment], RunPlan], root: str | Path | None
) -> RunPlan:
    """The work of all stages of a chain.

    Before statements are written, nobody knows what is found by them: their judge is then planned as by the text.
    """
    judging, pending = chain.judging, dict[str, int]()
    hosts: tuple[str, ...] = ()
    if (normalizer := chain.normalizer) is not None:
        normalizer.check()
        _, claims = claims_to_normalize(chain.chain, root)
        pending = dict(normalizer.planned_requests(claims))
        hosts = normalizer.hosts() if pending else ()
        if statements_file(folder).exists():
            judging = with_statements(judging, statements_file(folder))
    stages = [plan_stage(stage) for stage in (chain.detection, judging) if stage is not None]
    statements = Forecast(len(pending), sum(pending.values()))
    return RunPlan(
        experiment=chain.chain.name,
        folder=folder,
        units=sum(stage.units for stage in stages),
        finished=sum(stage.finished for stage in stages),
        hosts=tuple(dict.fromkeys([*hosts, *(host for stage in stages for host in stage.hosts)])),
        forecast=Forecast(*map(sum, zip(statements, *(stage.forecast for stage in stages), strict=True))),
        keys=keys_of_chain(chain),
        unit_list=Rows([unit for stage in stages for unit in stage.unit_list]),
        estimate=join_estimates([stage.estimate for stage in stages]),
    )


def _run_chain(
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


def _is_of(name: str, system: str) -> bool:
    """Whether a name is that of a system without the evidence that it is shown."""
    return system.startswith(f"{name} / ")


def _prepare(
    config: str | Path | Mapping[str, Any] | Experiment,
    *,
    overrides: str | Sequence[str],
    only: str | Sequence[str],
    limit: int | None,
    out: str | Path,
    root: str | Path | None,
    offline: bool = False,
    renew: bool = False,
    announce: Announce = _nobody,
) -> tuple[LoadedExperiment, dict[str, list[Unit]], Any, Path]:
    git_commit.cache_clear()  # asked once a run, not once a process, which may see several commits
    read = read_config(config, overrides)
    if read.faults.faults:  # a config that is refused is refused with its faults against the data, as by `check`
        add_data_faults(read, root, lambda _: None)
    loaded = read.loaded
    only = as_list(only)
    names = [system.system_name for system in loaded.systems]
    for name in only:
        if name not in names and not any(_is_of(name, other) for other in names):
            raise UnknownName(f"--only: {unknown_name('system of this experiment', name, names)}")
    if only:
        chosen = {
            other for other in names for name in only if other == name or (name not in names and _is_of(name, other))
        }
        loaded = loaded._replace(systems=tuple(system for system in loaded.systems if system.system_name in chosen))
    download_hosts = tuple(dict.fromkeys(host for system in loaded.systems for host in system.classifier.downloads()))
    if download_hosts and offline:
        raise HarnessError(f"needs the network ({', '.join(download_hosts)}), which --offline refuses")
    if download_hosts:
        announce(download_hosts)
    for system in loaded.systems:
        system.classifier.check()
    data = load_data(loaded, root, limit)
    slices_of(loaded.experiment.slices, data)  # an unknown kind of slice fails here, before the first fit
    texts = [str(text) for text in data.claims.text]
    loaded = loaded._replace(
        systems=tuple(
            system._replace(classifier=system.classifier.with_experiment(texts, root)) for system in loaded.systems
        )
    )
    loaded = expand_transfer(with_task_prompt(loaded, data), data)
    folder = Path(out) / loaded.experiment.name
    if renew:
        with folder_lock(folder, "a run"):  # a run that is refused must not cost the replies of the one that refuses it
            for system in loaded.systems:
                system.classifier.renew()
    by_system: dict[str, list[Unit]] = {system.system_name: [] for system in loaded.systems}
    for unit in units_of(loaded, data):
        by_system[unit.system.system_name].append(unit)
    return loaded, by_system, data, folder
