"""report."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.experiments import data_root


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE.html", help="File to write.")
@click.option("--metric", metavar="NAME", help="What systems are ordered by; default: the first of the results.")
@click.option(
    "--correction", type=click.Choice(["holm", "bh"]), default="holm", show_default=True, help="Over all pairs."
)
@click.option("--title", help="Default: the experiments' names.")
@data_root
def report(
    results: tuple[Path, ...], out: Path, metric: str | None, correction: str, title: str | None, data_root: Path | None
) -> None:
    """Write one self-contained HTML file: leaderboard, tests, figures, and every claim with every system's answer.

    A RESULT is a result folder, or a run folder with several (runs/NAME). The file opens from disk, offline.
    """
    import harness

    made = harness.build_report(
        results, out, metric=metric, correction="bh" if correction == "bh" else "holm", title=title, root=data_root
    )
    click.echo(str(made))


COMMANDS: tuple[click.Command, ...] = (report,)
