"""Reads a config that has several experiments, and checks each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.endpoints.trusted_hosts import KeyUse
from harness.runner.config import Experiment
from harness.runner.configs.document import Config, ReadDocument, read_document
from harness.runner.configs.several import Several, is_several, several_experiments
from harness.runner.load_config import ReadConfig, read_experiment


class ReadSeveral(NamedTuple):
    """The experiments of a config, checked."""

    name: str
    parts: tuple[ReadConfig, ...]

    def sent_keys(self) -> tuple[KeyUse, ...]:
        """The keys that the systems may send, and the hosts that they go to."""
        systems = (system for part in self.parts for system in part.systems)
        return tuple(dict.fromkeys(use for system in systems for use in system.classifier.sent_keys()))


def read_several(config: Config, overrides: str | Sequence[str] = ()) -> ReadSeveral | None:
    """Reads and checks a config with several experiments; None for one with a single experiment.

    Args:
        config, overrides: as for `harness.runner.load_config.load_experiment`.
    Raises: FaultsError: the config cannot be read, or its list of experiments has faults.
    """
    if isinstance(config, Experiment):
        return None
    return read_parts(read_document(config, overrides))


def read_parts(document: ReadDocument) -> ReadSeveral | None:
    """Checks a config with several experiments; None for one with a single experiment.

    Raises: FaultsError: its list of experiments has faults.
    """
    if not is_several(document.content):
        return None
    several: Several = several_experiments(document)
    return ReadSeveral(several.name, tuple(read_experiment(part) for part in several.parts))
