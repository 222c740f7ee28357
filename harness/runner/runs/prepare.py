"""Prepares a run: its config and its data are read, and its units are listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.arguments import as_list
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.runner.config import Experiment, LoadedExperiment
from harness.runner.configs.data_faults import add_data_faults
from harness.runner.external_calls import with_task_prompt
from harness.runner.load_config import read_config
from harness.runner.plan import ExperimentData, Unit, expand_transfer, load_data, units_of
from harness.runner.provenance import git_commit
from harness.runner.runs.trial import Trial
from harness.runner.slices import slices_of
from harness.runner.units.sharing import shared_folder

Announce = Callable[[tuple[str, ...]], None]
"""Called with the hosts that a run may contact, before it contacts them."""


def no_one(_: tuple[str, ...]) -> None:
    """Tells nobody."""


def chosen_systems(only: Sequence[str], names: Sequence[str]) -> set[str]:
    """The systems that names mean; a name without its evidence means it with each."""
    return {other for other in names for name in only if other == name or (name not in names and _is_of(name, other))}


def _is_of(name: str, system: str) -> bool:
    """Whether a name is that of a system without the evidence that it is shown."""
    return system.startswith(f"{name} / ")


def read_chosen(
    config: str | Path | Mapping[str, Any] | Experiment,
    overrides: str | Sequence[str],
    only: str | Sequence[str],
    root: str | Path | None,
) -> LoadedExperiment:
    """The experiment of a config with its components, of the chosen systems alone.

    Raises: HarnessError: an error in the config, or no system has a name.
    """
    git_commit.cache_clear()  # asked once a run, not once a process, which may see several commits
    read = read_config(config, overrides)
    if read.faults.faults:  # a config that is refused is refused with its faults against the data, as by `check`
        add_data_faults(read, root, lambda _: None)
    loaded = read.loaded
    only = as_list(only)
    names = [system.system_name for system in loaded.systems]
    for name in only:
        if not chosen_systems([name], names):
            raise UnknownName(f"--only: {unknown_name('system of this experiment', name, names)}")
    if not only:
        return loaded
    chosen = chosen_systems(only, names)
    return loaded._replace(systems=tuple(system for system in loaded.systems if system.system_name in chosen))


def prepare(
    loaded: LoadedExperiment,
    *,
    trial: Trial,
    folder: Path,
    root: str | Path | None,
    offline: bool = False,
    renew: bool = False,
    announce: Announce = no_one,
) -> tuple[LoadedExperiment, dict[str, list[Unit]], ExperimentData]:
    """The experiment with what its systems learn of the data, the units of each system, and the data.

    Args:
        loaded: from `read_chosen`.
        folder: the run folder.
    Raises: HarnessError: an error in the data.
    """
    download_hosts = tuple(dict.fromkeys(host for system in loaded.systems for host in system.classifier.downloads()))
    if download_hosts and offline:
        raise HarnessError(f"needs the network ({', '.join(download_hosts)}), which --offline refuses")
    if download_hosts:
        announce(download_hosts)
    for system in loaded.systems:
        system.classifier.check()
    data = load_data(loaded, root, trial)
    slices_of(loaded.experiment.slices, data)  # an unknown kind of slice fails here, before the first fit
    texts = [str(text) for text in data.claims.text]
    loaded = loaded._replace(
        systems=tuple(
            system._replace(classifier=system.classifier.with_experiment(texts, root)) for system in loaded.systems
        )
    )
    loaded = expand_transfer(with_task_prompt(loaded, data, folder), data)
    if renew:
        with shared_folder(folder, alone=True):  # a run that is refused must not cost the replies of the other one
            for system in loaded.systems:
                system.classifier.renew()
    by_system: dict[str, list[Unit]] = {system.system_name: [] for system in loaded.systems}
    for unit in units_of(loaded, data):
        by_system[unit.system.system_name].append(unit)
    return loaded, by_system, data
