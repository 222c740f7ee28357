"""The option `--all-faults`, which every command has."""

from __future__ import annotations

from dataclasses import dataclass

import click


@dataclass
class FaultOutput:
    """How a command prints faults."""

    all_faults: bool = False
    """Whether each fault gets a line, rather than each kind of fault."""


def all_faults_option() -> click.Option:
    """Returns the option, to be added to a command."""
    return click.Option(
        ["--all-faults"],
        is_flag=True,
        expose_value=False,
        callback=_set_all_faults,
        help="List every fault of a file, not one line per kind.",
    )


def prints_all_faults() -> bool:
    """Returns whether the running command was asked to list every fault."""
    return click.get_current_context().ensure_object(FaultOutput).all_faults


def _set_all_faults(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(FaultOutput).all_faults = True
