"""The command `harness compare`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, print_json

all_results = click.option(
    "--all",
    "all_results",
    is_flag=True,
    help="Take every result of a run folder that is over the same claims and labels, not only the current ones.",
)


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
@all_results
@as_json
def compare(
    results: tuple[Path, ...],
    metric: str | None,
    correction: str,
    form: str,
    rules: tuple[str, ...],
    all_results: bool,
    as_json: bool,
) -> None:
    """Compare systems on the same claims.

    Shows pairwise differences with intervals, tests, and tie groups.

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system.
    """
    from harness.compare.compare import compare_table
    from harness.compare.gate import check_table, read_rule
    from harness.compare.results import read_table
    from harness.compare.tables import FORMATS

    parsed = [read_rule(rule) for rule in rules]
    table = read_table(results, all_results=all_results)
    comparison = compare_table(table, metric=metric, correction="bh" if correction == "bh" else "holm")
    verdicts = check_table(table, parsed, [comparison])
    if as_json:
        gate = {"gate": [verdict._asdict() for verdict in verdicts]} if rules else {}
        print_json(comparison.document() | gate)
    else:
        click.echo(FORMATS[form](comparison))
        if form != "table":  # which has these lines already
            for line in (*comparison.notes, *comparison.left_out):
                click.echo(line, err=True)
    for verdict in verdicts:
        click.echo(f"{'failed' if verdict.failed else 'passed'}: {verdict.rule}: {verdict.message}", err=True)
    sys.exit(1 if any(verdict.failed for verdict in verdicts) else 0)


COMMANDS: tuple[click.Command, ...] = (compare,)
