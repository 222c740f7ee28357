"""compare."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, print_json


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option("--metric", metavar="NAME", help="By its name in the results; default: the first.")
@click.option(
    "--correction", type=click.Choice(["holm", "bh"]), default="holm", show_default=True, help="Over all pairs."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "csv", "html"]),
    default="table",
    show_default=True,
    help="How it is printed.",
)
@click.option(
    "--fail-if", "rules", multiple=True, metavar="RULE", help="Exit code 1 if it holds: 'f1 < baseline - 0.02'."
)
@as_json
def compare(
    results: tuple[Path, ...], metric: str | None, correction: str, form: str, rules: tuple[str, ...], as_json: bool
) -> None:
    """Compare systems pairwise on the same claims: differences with intervals, tests, tie groups.

    A RESULT is a result folder, or a run folder with several (runs/NAME).
    """
    import harness
    from harness.compare.tables import FORMATS

    verdicts = harness.check_gate(results, rules) if rules else []
    found = harness.compare_results(results, metric=metric, correction="bh" if correction == "bh" else "holm")
    if as_json:
        gate = {"gate": [verdict._asdict() for verdict in verdicts]} if rules else {}
        print_json(found.document() | gate)
    else:
        click.echo(FORMATS[form](found))
    for verdict in verdicts:
        click.echo(f"{'failed' if verdict.failed else 'passed'}: {verdict.rule}: {verdict.message}", err=True)
    sys.exit(1 if any(verdict.failed for verdict in verdicts) else 0)


COMMANDS: tuple[click.Command, ...] = (compare,)
