"""The command `harness score`: scores new articles or claims."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.options.web import announce_hosts, print_fetched, web_options
from harness.cli.progress import show_progress
from harness.cli.start import DELIMITER_HELP
from harness.guarded_stream import unguarded
from harness.text_tables import count_of, one_line

if TYPE_CHECKING:
    from harness.scoring.score import ScoringResult

MAX_REASONS = 4
"""Number of reasons per claim in the printed table."""
MAX_CHARACTERS = 1_000
"""Maximum length of a name or a warning from a model."""


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--system",
    metavar="NAME_OR_MODEL",
    help="Folder of a saved model, or name of a system that needs no training.",
)
@click.option(
    "--default", "by_default", is_flag=True, help="Use a model trained on the built-in articles, on first use."
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="File to write: .jsonl, .csv, .parquet, .html."
)
@click.option("--claims", is_flag=True, help="Read each table row as one claim (default with a column claim_id).")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Table column of a field, such as text=body.",
)
@click.option("--transcript", is_flag=True, help="Read each line ('Speaker: text') or row as the turn of one speaker.")
@click.option("--encoding", help="Encoding of text files; default: detected.")
@click.option("--delimiter", metavar="NAME", help=DELIMITER_HELP)
@click.option("--sheet", metavar="NAME", help="Sheet of .xlsx files; default: the first.")
@click.option("--name", metavar="ID", help="Name of standard input (-), such as page.html for HTML.")
@click.option("--language", metavar="CODE", help="Language of inputs that declare none; default: detected.")
@click.option(
    "--reasons/--no-reasons", default=True, help="Report reasons for each score (default: on; slow for encoders)."
)
@web_options
@no_code
@data_root
@as_json
def score(
    inputs: tuple[str, ...],
    columns: tuple[str, ...],
    by_default: bool,
    data_root: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score new articles or claims.

    INPUT is an article (.txt, .md, .html), a table of articles or claims (.jsonl, .csv, .tsv, .xlsx, .parquet), a
    folder of these, a quoted glob pattern, the URL of a public page or feed (RSS, Atom), - (standard input), or the
    folder or name of a dataset.

    --default ranks sentences by whether they are worth checking, with a model that it trains on the built-in articles
    once (harness run default-model measures it).

    Without -o, prints the claims with the highest scores, the highest first.
    """
    import harness
    from harness.data.sentences.claims_of import dropped_line

    if by_default == (options["system"] is not None):
        raise click.UsageError("give either --system NAME_OR_MODEL or --default")
    pairs = [column.partition("=") for column in columns]
    invalid = [column for column, (field, _, name) in zip(columns, pairs, strict=True) if not (field and name)]
    if invalid:
        raise click.UsageError(f"--column: expected FIELD=COLUMN, got '{invalid[0]}'")
    if not options["offline"]:
        announce_hosts(inputs)
    mapping = {field: name for field, _, name in pairs}
    result = harness.score(
        list(inputs),
        root=data_root,
        columns=mapping,
        progress=show_progress("claims"),
        announce=lambda line: click.echo(line, err=True),
        **options,
    )
    for warning in result.warnings:
        click.echo(f"warning: {one_line(warning, MAX_CHARACTERS)}", err=True)
    print_fetched(result.fetched)
    if result.dropped:
        click.echo(dropped_line(result.dropped), err=True)
    if as_json:
        print_json(result.document())
    elif result.out is None:
        _print(result)
    else:
        # A saved model may come from anyone, so its texts must not control the terminal.
        system = one_line(result.card.system, MAX_CHARACTERS)
        counts = f"{count_of(result.n, 'claim')} in {count_of(result.n_articles, 'article')}"
        click.echo(f"{result.out}: {counts} scored by {system}")


def _print(result: ScoringResult) -> None:
    """Prints the claims with the highest scores as a table of the terminal's width."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from harness.scoring.article_page import legend
    from harness.scoring.reason_words import in_words
    from harness.text_tables import format_number

    console = Console(soft_wrap=False, highlight=False, markup=False, emoji=False, file=unguarded(sys.stdout))
    counts = f"{count_of(result.n, 'claim')} in {count_of(result.n_articles, 'article')}"
    console.print(f"{counts} · {one_line(legend(result.card), MAX_CHARACTERS)}")
    if not result.n:
        return
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("score", "predicted", "claim", "why"):
        table.add_column(heading, justify="right" if heading == "score" else "left", vertical="top")
    for claim in result.top:
        reasons = in_words(claim.reasons or (), claim.text)[:MAX_REASONS]
        reason_lines = [f"{reason.weight:+.2f} {one_line(reason.words, 80)}" for reason in reasons]
        cells = (
            format_number(claim.rank_score),
            one_line(claim.predicted or "-", 80),
            one_line(claim.text, 300),
            "\n".join(reason_lines),
        )
        table.add_row(*map(Text, cells))
    console.print(table)
    if result.n > len(result.top):
        click.echo(
            f"top {len(result.top)} of {result.n:,} claims; write all with -o FILE (.jsonl, .csv, .parquet, .html)",
            err=True,
        )


COMMANDS: tuple[click.Command, ...] = (score,)
