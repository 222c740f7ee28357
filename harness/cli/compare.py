"""The command `harness compare`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, print_json


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option("--metric", metavar="NAME", help="Metric to compare, as named in the results; default: the first.")
@click.option(
    "--correction",
    type=click.Choice(["holm", "bh"]),
    default="holm",
    show_default=True,
    help="Multiple-testing correction over all pairs.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "csv", "html"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--fail-if",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Exit with code 1 if the rule holds, such as 'f1 < baseline - 0.02'; may be repeated.",
)
@as_json
def compare(
    results: tuple[Path, ...], metric: str | None, correction: str, form: str, rules: tuple[str, ...], as_json: bool
) -> None:
    """Compare systems on the same claims.

    Shows pairwise differences with intervals, tests, and tie groups.

    A RESULT is a result folder, or a run folder that contains several (runs/NAME).
    """
    import harness
    from harness.compare.tables import FORMATS

    verdicts = harness.check_gate(results, rules) if rules else []
    comparison = harness.compare_results(results, metric=metric, correction="bh" if correction == "bh" else "holm")
    if as_json:
        gate = {"gate": [verdict._asdict() for verdict in verdicts]} if rules else {}
        print_json(comparison.document() | gate)
    else:
        click.echo(FORMATS[form](comparison))
    for verdict in verdicts:
        click.echo(f"{'failed' if verdict.failed else 'passed'}: {verdict.rule}: {verdict.message}", err=True)
    sys.exit(1 if any(verdict.failed for verdict in verdicts) else 0)


COMMANDS: tuple[click.Command, ...] = (compare,)
