"""score."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.experiments import as_json, data_root, print_json

if TYPE_CHECKING:
    from harness.scoring.score import ScoringResult

SHOWN_REASONS = 4
MAX_CHARACTERS = 1_000
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Characters that steer a terminal or turn text around."""


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--system",
    required=True,
    metavar="NAME_OR_MODEL",
    help="A saved model's folder, or a system that needs no training.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="A .jsonl, .csv, .parquet or .html.")
@click.option("--claims", is_flag=True, help="Each row of a table is one claim (always so with a column claim_id).")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="A table's column: text=body.")
@click.option("--transcript", is_flag=True, help="Lines are turns: 'Speaker: text', or rows with a speaker.")
@click.option("--encoding", help="Of text files; default: detected.")
@click.option("--name", metavar="ID", help="What standard input (-) is called; page.html for HTML.")
@click.option("--language", metavar="CODE", help="Of what does not state its own; default: the model's.")
@click.option("--reasons/--no-reasons", default=True, help="What moved each score; by default on, slow for encoders.")
@data_root
@as_json
def score(
    inputs: tuple[str, ...], columns: tuple[str, ...], data_root: Path | None, as_json: bool, **options: Any
) -> None:
    """Score new articles or claims.

    INPUT: an article (.txt, .md, .html), a table of articles or claims (.jsonl, .csv, .tsv, .parquet), a folder of
    them, a quoted pattern, - (standard input), or a dataset by folder or name.

    Without -o the claims with the highest scores are printed, the highest first.
    """
    import harness

    pairs = [column.partition("=") for column in columns]
    wrong = [column for column, (field, _, name) in zip(columns, pairs, strict=True) if not (field and name)]
    if wrong:
        raise click.UsageError(f"--column: expected FIELD=COLUMN, got '{wrong[0]}'")
    mapping = {field: name for field, _, name in pairs}
    done = harness.score(list(inputs), root=data_root, columns=mapping, **options)
    for warning in done.warnings:
        click.echo(f"warning: {plain(warning, MAX_CHARACTERS)}", err=True)
    if as_json:
        print_json(done.document())
    elif done.out is None:
        _print(done)
    else:
        system = plain(done.card.system, MAX_CHARACTERS)  # a model's folder may come from anywhere
        click.echo(f"{done.out}: {done.n:,} claims of {done.n_articles:,} articles, scored by {system}")


def _print(done: ScoringResult) -> None:
    """The claims with the highest scores, as a table as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from harness.scoring.article_page import legend
    from harness.text_tables import format_number

    console = Console(soft_wrap=False, highlight=False, markup=False, emoji=False)
    console.print(f"{done.n:,} claims in {done.n_articles:,} articles · {plain(legend(done.card), MAX_CHARACTERS)}")
    if not done.n:
        return
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("score", "predicted", "claim", "why"):
        table.add_column(heading, justify="right" if heading == "score" else "left", vertical="top")
    for claim in done.top:
        reasons = (claim.reasons or ())[:SHOWN_REASONS]
        why = "\n".join(f"{reason.weight:+.2f} {plain(reason.text or reason.name, 24)}" for reason in reasons)
        cells = (format_number(claim.rank_score), plain(claim.predicted or "-", 80), plain(claim.text, 300), why)
        table.add_row(*map(Text, cells))
    console.print(table)
    if done.n > len(done.top):
        click.echo(
            f"the first {len(done.top)} of {done.n:,}; all of them: -o FILE (.jsonl, .csv, .parquet, .html)", err=True
        )


def plain(text: str, longest: int) -> str:
    """A text as a terminal may have it: nothing that steers it, and not too long."""
    seen = _UNSEEN.sub(" ", text[: longest * 2])
    return seen if len(seen) <= longest else seen[: longest - 1] + "…"


COMMANDS: tuple[click.Command, ...] = (score,)
