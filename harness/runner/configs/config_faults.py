"""Every fault of a config: of one experiment, of several, or of a chain; and of its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import Fault, FaultsError, HarnessError
from harness.runner.config import CHAIN
from harness.runner.configs.data_faults import add_data_faults
from harness.runner.configs.document import ReadDocument, read_document
from harness.runner.configs.read_several import read_parts
from harness.runner.load_config import read_config, read_experiment


def config_faults(config: Path, root: str | Path | None, unchecked: Callable[[str], None]) -> Sequence[Fault]:
    """The faults of a config and of its data; `unchecked` takes each reason why a part cannot be checked yet."""
    try:
        document = read_document(config)
        if document.content.get("task") == CHAIN:
            return _chain_faults(document, root, unchecked)
        if (several := read_parts(document)) is not None:
            for part in several.parts:
                add_data_faults(part, root, unchecked)
            return list(dict.fromkeys(fault for part in several.parts for fault in part.faults.in_order()))
        read = read_experiment(document)
    except FaultsError as error:
        return error.faults
    except HarnessError as error:
        return [Fault(str(config), None, None, str(error), error.code)]
    add_data_faults(read, root, unchecked)
    return read.faults.in_order()


def _chain_faults(document: ReadDocument, root: str | Path | None, unchecked: Callable[[str], None]) -> Sequence[Fault]:
    from harness.runner.chain.config import load_chain

    stages = [read_config(stage) for stage in load_chain(document).stages]
    for read in stages:
        add_data_faults(read, root, unchecked)
    faults = [fault for read in stages for fault in read.faults.in_order()]
    return list(dict.fromkeys(replace(fault, path=str(document.path), line=None) for fault in faults))
