"""Runs an experiment: the one function behind `harness run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.benchmarks.benchmark import Published
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import folder_lock, remove_partial_files
from harness.runner.config import LoadedExperiment, load_experiment
from harness.runner.execute import execute, unit_path
from harness.runner.external_calls import Forecast, forecast_of, hosts_of, with_task_prompt
from harness.runner.models.save_models import SavedModel, fit_and_save_models
from harness.runner.official.leaderboards import leaderboards_for
from harness.runner.plan import Unit, data_for_system, expand_transfer, load_data, units_of
from harness.runner.result_files import Result
from harness.runner.results import build_result
from harness.runner.slices import slices_of


class RunResult(NamedTuple):
    """What a run gave."""

    experiment: str
    folder: Path
    results: tuple[Result, ...]
    """One per system, in the config's order."""
    fitted: int
    """Units that were fitted; the others were found."""
    published: tuple[Published, ...] = ()
    """The published leaderboards that these results stand beside."""
    models: tuple[SavedModel, ...] = ()
    """What became of each system's model, where models were to be kept."""

    def document(self) -> dict[str, Any]:
        """The outcome as `harness run --json` prints it."""
        document: dict[str, Any] = {
            "experiment": self.experiment,
            "results": [result.summary() for result in self.results],
        }
        if self.models:
            document["models"] = [
                {"system": kept.system, "path": str(kept.folder) if kept.folder else None, "reason": kept.reason}
                for kept in self.models
            ]
        return document

    def __str__(self) -> str:
        from harness.runner.tables import results_table

        return results_table(self.results, self.published)

    def _repr_html_(self) -> str:
        from harness.runner.tables import results_html

        return results_html(self.results, self.published)


class RunPlan(NamedTuple):
    """What a run would do."""

    experiment: str
    folder: Path
    units: int
    finished: int
    hosts: tuple[str, ...] = ()
    """Whom the units that are not finished may contact."""
    forecast: Forecast = Forecast(0, 0)
    """The calls that they would make there."""

    def __str__(self) -> str:
        said = f"{self.experiment}: {self.units} units, {self.finished} finished, in {self.folder}"
        calls, tokens = self.forecast
        if not self.hosts:
            return f"{said}\nthe cassette lacks up to {calls:,} replies" if calls else said
        would = f"would send up to {calls:,} calls to {', '.join(self.hosts)}, about {tokens:,} tokens at most"
        return f"{said}\n{would}; kept replies are not asked for again"


Progress = Callable[[int], AbstractContextManager[Callable[[Unit], None]]]
"""Shows how far a run is: starts at 0 of a number of units, and is given each unit when it is done."""


Announce = Callable[[tuple[str, ...]], None]
"""Told the hosts that will be contacted, before they are."""


def _nobody(_: tuple[str, ...]) -> None:
    return None


def _silent(_: int) -> AbstractContextManager[Callable[[Unit], None]]:
    return nullcontext(lambda _: None)


def run(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    only: Sequence[str] = (),
    limit: int | None = None,
    jobs: int = 1,
    out: str | Path = "runs",
    fresh: bool = False,
    root: str | Path | None = None,
    save_models: bool = False,
    progress: Progress = _silent,
    offline: bool = False,
    announce: Announce = _nobody,
) -> RunResult:
    """Runs an experiment; finished units are found again and not repeated.

    Args:
        config: a config file, or the name of a shipped experiment.
        overrides: `KEY=VALUE`, changes to the config; see `load_experiment`.
        only: labels of the systems to run; all if empty.
        limit: at most this many training and test claims per fold, for a trial.
        jobs: processes to fit with, at least 1; the numbers do not depend on it.
        out: the folder of run folders.
        fresh: fit finished units again too.
        root: where fetched benchmarks live; default `$HARNESS_DATA_ROOT`, else the user cache folder.
        save_models: keep each system, fitted for use, beside its result; see `harness.load_model`.
        progress: shows how far it is.
        offline: refuse what needs the network.
        announce: told the hosts that may be contacted, if any, before they are.
    Raises: HarnessError: the config, the data or the disk is at fault; finished units are kept.
    """
    loaded, units_by_system, material, folder = _prepared(config, overrides, only, limit, out, root, offline, announce)
    units = [unit for found in units_by_system.values() for unit in found]
    hosts = hosts_of([unit for unit in units if fresh or not unit_path(folder, unit).exists()], offline=offline)
    if hosts:
        announce(hosts)
    with folder_lock(folder, "a run"):
        remove_partial_files(folder)
        with progress(len({unit.unit_id for unit in units})) as advance:
            fitted = execute(units, material, folder, jobs=jobs, fresh=fresh, advance=advance)
        results = tuple(
            build_result(
                loaded,
                data_for_system(system, material, loaded.experiment),
                system,
                units_by_system[system.system_name],
                folder,
            )
            for system in loaded.systems
        )
        models = fit_and_save_models(loaded, material, results, fresh=fresh) if save_models else ()
    published = leaderboards_for(loaded.experiment.document(), list(loaded.metrics))
    return RunResult(loaded.experiment.name, folder, results, fitted, published, models)


def plan(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    only: Sequence[str] = (),
    limit: int | None = None,
    out: str | Path = "runs",
    root: str | Path | None = None,
) -> RunPlan:
    """What `run` with the same arguments would do; fits nothing and writes nothing."""
    loaded, units_by_system, material, folder = _prepared(config, overrides, only, limit, out, root)
    units = {unit.unit_id: unit for found in units_by_system.values() for unit in found}
    waiting = [unit for unit in units.values() if not unit_path(folder, unit).exists()]
    hosts, forecast = hosts_of(waiting), forecast_of(waiting, material)
    return RunPlan(loaded.experiment.name, folder, len(units), len(units) - len(waiting), hosts, forecast)


def _prepared(
    config: str | Path,
    overrides: Sequence[str],
    only: Sequence[str],
    limit: int | None,
    out: str | Path,
    root: str | Path | None,
    offline: bool = False,
    announce: Announce = _nobody,
) -> tuple[LoadedExperiment, dict[str, list[Unit]], Any, Path]:
    loaded = load_experiment(config, overrides)
    labels = [system.system_name for system in loaded.systems]
    for name in only:
        if name not in labels:
            raise UnknownName(f"--only: {unknown_name('system of this experiment', name, labels)}")
    if only:
        loaded = loaded._replace(systems=tuple(system for system in loaded.systems if system.system_name in only))
    said = tuple(dict.fromkeys(host for system in loaded.systems for host in system.classifier.downloads()))
    if said and offline:
        raise HarnessError(f"needs the network ({', '.join(said)}), which --offline refuses")
    if said:
        announce(said)
    for system in loaded.systems:
        system.classifier.check()
    material = load_data(loaded, root, limit)
    slices_of(loaded.experiment.slices, material)
    texts = [str(text) for text in material.claims.text]
    loaded = loaded._replace(
        systems=tuple(
            system._replace(classifier=system.classifier.with_experiment(texts, root)) for system in loaded.systems
        )
    )
    loaded = expand_transfer(with_task_prompt(loaded, material), material)
    by_system: dict[str, list[Unit]] = {system.system_name: [] for system in loaded.systems}
    for unit in units_of(loaded, material):
        by_system[unit.system.system_name].append(unit)
    return loaded, by_system, material, Path(out) / loaded.experiment.name
