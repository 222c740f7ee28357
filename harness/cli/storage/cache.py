"""The command `harness cache`: what the caches hold, and their deletion."""

from __future__ import annotations

import sys

import click

from harness.cli.experiments import as_json, print_json
from harness.text_tables import align_columns, size_of


@click.command()
@click.option(
    "--prune",
    "names",
    multiple=True,
    metavar="NAME",
    help="Delete the entries of a cache: replies, vectors, counts or fits; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Do not ask before replies are deleted.")
@as_json
def cache(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Show what the caches hold, and delete what is no longer wanted.

    Each entry is read and checked. Caches with a limit delete their oldest entries beyond it; only --prune deletes
    others. Replies of language models may have been paid for, so --prune replies asks first. What was spent of a budget
    stays counted, and fetched benchmarks stay.
    """
    import harness

    if "replies" in names and not yes:
        _ask_for_replies()
    states = harness.prune_caches(names) if names else harness.caches()
    if as_json:
        print_json([state._asdict() | {"path": str(state.path)} for state in states])
        return
    if names:
        for state in states:
            click.echo(f"{state.name}: {state.entries:,} deleted ({size_of(state.size)})")
        return
    rows = [["cache", "entries", "damaged", "size", "limit", "holds"]]
    rows += [
        [state.name, f"{state.entries:,}", f"{state.damaged:,}", size_of(state.size), state.limit, state.holds]
        for state in states
    ]
    click.echo(align_columns(rows))
    click.echo(f"in {states[0].path.parent}; --prune NAME deletes the entries of a cache")


def _ask_for_replies() -> None:
    """Asks whether to delete replies; ends the command, and deletes nothing, without a yes."""
    try:
        if click.confirm("Replies may have been paid for, and are asked for again. Delete them?", err=True):
            return
    except click.Abort:
        click.echo(err=True)
    click.echo("harness: nothing was deleted; --yes deletes replies without a question", err=True)
    sys.exit(1)


COMMANDS = (cache,)
