"""The command `harness probe`: how scores move under edits of known effect."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.score import MAX_CHARACTERS, terminal_text


@click.command()
@click.argument("model", metavar="MODEL_OR_CHAIN")
@click.option(
    "--dataset", default="planted-errors", show_default=True, metavar="NAME", help="Dataset with the claims to edit."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="File to write: .html or .jsonl.")
@click.option("--only", multiple=True, metavar="EDIT", help="Make this edit only; may be repeated.")
@click.option(
    "--gold",
    metavar="RULE",
    help="Rule that makes gold labels from annotations; default: that of the model's training.",
)
@click.option("--seed", type=int, default=13, show_default=True, help="Random seed of the edits.")
@no_code
@data_root
@as_json
def probe(
    model: str,
    dataset: str,
    out: Path | None,
    only: tuple[str, ...],
    gold: str | None,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Show how scores move when claims are edited in ways of known effect.

    MODEL_OR_CHAIN is the folder of a saved model or chain, or the name of a system that needs no training.

    A changed number must turn a verdict, and a typing error must not. The edits are rules of English.
    """
    import harness
    from harness.scoring.probes.writers import probe_table

    result = harness.probe(model, dataset, out, only=only, gold=gold, seed=seed, root=data_root)
    for warning in result.warnings:
        click.echo(f"warning: {terminal_text(warning, MAX_CHARACTERS)}", err=True)
    if as_json:
        print_json(result.document())
        return
    click.echo(probe_table(result))
    if result.out is not None:
        click.echo(f"\n{result.out} written", err=True)


COMMANDS: tuple[click.Command, ...] = (probe,)
"""Commands of this module."""
