"""The command `harness report`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.compare import all_results
from harness.cli.experiments import data_root, no_code
from harness.cli.progress import show_progress


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="File to write; default: report.html in the folder of the first RESULT.",
)
@click.option("--metric", metavar="NAME", help="Metric that orders the systems; default: the first in the results.")
@click.option(
    "--correction",
    type=click.Choice(["holm", "bh"]),
    default="holm",
    show_default=True,
    help="Multiple-testing correction over all pairs.",
)
@click.option("--title", help="Title of the report; default: the names of the experiments.")
@click.option(
    "--claims",
    "most_claims",
    type=click.IntRange(min=1),
    metavar="N",
    help="Claims in the error browser, by disagreement of systems; default: all of up to 10,000, else as many as keep "
    "the page under 4 MB.",
)
@all_results
@no_code
@data_root
def report(
    results: tuple[Path, ...],
    out: Path | None,
    metric: str | None,
    correction: str,
    title: str | None,
    most_claims: int | None,
    all_results: bool,
    data_root: Path | None,
) -> None:
    """Write an HTML report of results.

    One self-contained file: leaderboard, tests, figures, and every system's answer for every claim (of more than
    10,000, for those on which systems disagree or err most).

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system. The
    file works offline.
    """
    import harness

    written = harness.build_report(
        results,
        out,
        metric=metric,
        correction="bh" if correction == "bh" else "holm",
        title=title,
        root=data_root,
        progress=show_progress("tests of pairs"),
        all_results=all_results,
        most_claims=most_claims,
    )
    click.echo(str(written))


COMMANDS: tuple[click.Command, ...] = (report,)
