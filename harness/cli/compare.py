"""The command `harness compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from harness.cli.experiments import as_json, no_code, print_json
from harness.cli.progress import show_progress

all_results = click.option(
    "--all",
    "all_results",
    is_flag=True,
    help="Take every result of a run folder that is over the same claims and labels, not only the current ones.",
)


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric to compare, as named or headed in the results; repeat it for several columns; default: the first, and "
    "with --format latex all.",
)
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
@no_code
@as_json
def compare(
    results: tuple[Path, ...],
    metrics: tuple[str, ...],
    correction: Literal["holm", "bh"],
    form: str,
    rules: tuple[str, ...],
    all_results: bool,
    as_json: bool,
) -> None:
    """Compare systems on the same claims.

    Shows pairwise differences with intervals, tests, and tie groups. The corrected p-value decides whether two systems
    differ; notes tell where an interval disagrees. A single system is enough for the formats markdown, latex, csv and
    html.

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system.
    """
    from harness.compare.compare import compare_metrics
    from harness.compare.gate import check_table, read_rule
    from harness.compare.results import read_table
    from harness.compare.tables import FORMATS

    parsed = [read_rule(rule) for rule in rules]
    is_table = as_json or form == "table"
    table = read_table(results, least=2 if is_table else 1, all_results=all_results)
    comparisons = compare_metrics(
        table,
        metrics,
        every=form == "latex" and not as_json,
        correction=correction,
        progress=show_progress("pairs"),
    )
    verdicts = check_table(table, parsed, comparisons)
    if as_json:
        gate = {"gate": [verdict._asdict() for verdict in verdicts]} if rules else {}
        documents = [comparison.document() for comparison in comparisons]
        print_json((documents[0] if len(documents) == 1 else {"comparisons": documents}) | gate)
    else:
        click.echo(FORMATS[form](comparisons))
        if form != "table":  # which has these lines already
            for line in (*comparisons[0].notes, *comparisons[0].left_out):
                click.echo(line, err=True)
    for verdict in verdicts:
        click.echo(f"{'failed' if verdict.failed else 'passed'}: {verdict.rule}: {verdict.message}", err=True)
    sys.exit(1 if any(verdict.failed for verdict in verdicts) else 0)


COMMANDS: tuple[click.Command, ...] = (compare,)
