"""Every fault of a config: of one experiment, of several, or of a chain; and of its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import Fault, FaultsError, HarnessError
from harness.runner.chain.config import read_chain
from harness.runner.configs.data_faults import add_data_faults
from harness.runner.configs.read_several import read_several
from harness.runner.load_config import read_config


def config_faults(config: Path, root: str | Path | None, unchecked: Callable[[str], None]) -> Sequence[Fault]:
    """The faults of a config and of its data; `unchecked` takes each reason why a part cannot be checked yet."""
    try:
        if (chain := read_chain(config)) is not None:
            stages = [read_config(stage) for stage in chain.stages]
            for read in stages:
                add_data_faults(read, root, unchecked)
            faults = [fault for read in stages for fault in read.faults.in_order()]
            return list(dict.fromkeys(replace(fault, path=str(config), line=None) for fault in faults))
        if (several := read_several(config)) is not None:
            for part in several.parts:
                add_data_faults(part, root, unchecked)
            return list(dict.fromkeys(fault for part in several.parts for fault in part.faults.in_order()))
        read = read_config(config)
    except FaultsError as error:
        return error.faults
    except HarnessError as error:
        return [Fault(str(config), None, None, str(error), error.code)]
    add_data_faults(read, root, unchecked)
    return read.faults.in_order()
