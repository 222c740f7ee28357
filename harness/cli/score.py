"""The command `harness score`: scores new articles or claims."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

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
EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it: 128 + signal 2."""
MAX_CHARACTERS = 1_000
"""Maximum length of a name or a warning from a model."""


def print_remarks(warnings: Iterable[str], notes: Iterable[str] = ()) -> None:
    """Prints warnings, and notes on how inputs were read, to stderr."""
    for word, lines in (("warning", warnings), ("note", notes)):
        for line in lines:
            click.echo(f"{word}: {one_line(line, MAX_CHARACTERS)}", err=True)


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
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="File to write: .jsonl, .csv, .parquet, .html; or a folder of Parquet files, for an archive of any size.",
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
@click.option(
    "--name", metavar="ID", help="Name of standard input (-), whose suffix is its kind: page.html, rows.jsonl."
)
@click.option("--language", metavar="CODE", help="Language of inputs that declare none; default: detected.")
@click.option(
    "--reasons/--no-reasons",
    default=True,
    help="Report reasons for each score (default: on; slow for encoders; not in a folder of scores).",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Number of processes, with -o FOLDER."
)
@click.option(
    "--shard",
    metavar="I/N",
    help="With -o FOLDER: score part I of N of the input only, into a folder that all parts share.",
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
    jobs: int,
    shard: str | None,
    **options: Any,
) -> None:
    """Score new articles or claims.

    INPUT is an article or several (.txt, .md, .html, .pdf, .docx, .odt, .rtf, .eml, .rss, .atom, .xml, .warc,
    .warc.gz), a table of articles or claims (.jsonl, .csv, .tsv, .xlsx, .parquet), a folder of these, a quoted glob
    pattern, the URL of a public page or feed (RSS, Atom), - (standard input), or the folder or name of a dataset.

    --default ranks sentences by whether they are worth checking, with a model that it trains on the built-in articles
    once (harness run default-model measures it).

    Without -o, prints the claims with the highest scores, the highest first.

    With -o FOLDER, INPUT may be an archive of any size: tables, lines and extracted pages (.parquet, .jsonl, .csv,
    .tsv, .wet, .txt, also as .gz), folders, patterns and addresses such as s3://bucket/pages/. Run the same command
    again to continue after an interruption.
    """

    if by_default == (options["system"] is not None):
        raise click.UsageError("give either --system NAME_OR_MODEL or --default")
    pairs = [column.partition("=") for column in columns]
    invalid = [column for column, (field, _, name) in zip(columns, pairs, strict=True) if not (field and name)]
    if invalid:
        raise click.UsageError(f"--column: expected FIELD=COLUMN, got '{invalid[0]}'")
    mapping = {field: name for field, _, name in pairs}
    if options["out"] == Path("-"):
        raise click.UsageError("-o -: standard output gets no rows; give a file, or --json for a program")
    if options["out"] is not None and (not options["out"].suffix or options["out"].is_dir()):
        _score_archive(inputs, mapping, jobs=jobs, shard=shard, by_default=by_default, as_json=as_json, options=options)
        return
    if jobs > 1 or shard is not None:
        raise click.UsageError(f"{'--jobs' if jobs > 1 else '--shard'} needs a folder of scores: -o FOLDER")
    if not options["offline"]:
        announce_hosts(inputs)
    try:
        _score_file(inputs, mapping, data_root, as_json, options)
    except KeyboardInterrupt:
        remedy = "; to keep what is finished, give -o a folder (-o FOLDER)" if options["out"] is not None else ""
        click.echo(f"harness: interrupted; nothing was written{remedy}", err=True)
        sys.exit(EXIT_INTERRUPTED)


def _score_file(
    inputs: tuple[str, ...], columns: dict[str, str], data_root: Path | None, as_json: bool, options: dict[str, Any]
) -> None:
    """Scores inputs into one file, or prints their scores."""
    import harness
    from harness.data.sentences.claims_of import dropped_line

    result = harness.score(
        list(inputs),
        root=data_root,
        columns=columns,
        progress=show_progress("claims"),
        announce=lambda line: click.echo(line, err=True),
        **options,
    )
    print_remarks(result.warnings, result.notes)
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


ARTICLE_OPTIONS = ("transcript", "encoding", "sheet", "name", "max_articles", "data_root")
"""Options of articles that do not apply to an archive."""


def _score_archive(
    inputs: tuple[str, ...],
    columns: dict[str, str],
    *,
    jobs: int,
    shard: str | None,
    by_default: bool,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Scores an archive into a folder; blocks that cannot be read are reported at the end."""
    import harness
    from harness.cli.faults import prints_all_faults
    from harness.errors import fault_lines
    from harness.scoring.default_model import default_model

    context = click.get_current_context()
    given = [name for name in ARTICLE_OPTIONS if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')}: does not go with a folder of scores (-o FOLDER)")
    if options["reasons"] and context.get_parameter_source("reasons") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--reasons: a folder of scores (-o FOLDER) holds none; give -o FILE, such as out.jsonl")
    remote = [name for name in inputs if "://" in name and not name.startswith(("file://", "memory://"))]
    if options["offline"] and remote:
        raise click.UsageError(f"--offline: refuses {remote[0]}")
    if remote:
        click.echo(f"network: {', '.join(dict.fromkeys(map(_without_credentials, remote)))}", err=True)
    model_folder = default_model(lambda line: click.echo(line, err=True)).folder if by_default else None
    try:
        result = harness.score_archive(
            list(inputs),
            model_folder or options["system"],
            options["out"],
            columns=columns,
            jobs=jobs,
            shard=shard,
            progress=show_progress("MB", size=1_000_000),
            **{name: options[name] for name in ("claims", "delimiter", "language")},
        )
    except KeyboardInterrupt:
        n_parts = sum(1 for _ in Path(options["out"]).glob("*.parquet"))
        state = f"{count_of(n_parts, 'part')} saved" if n_parts else "no part is finished, so nothing is saved"
        again = f"{state}; run the same command again to go on"
        click.echo(f"harness: interrupted; {again}", err=True)
        sys.exit(EXIT_INTERRUPTED)
    print_remarks(result.warnings)
    if as_json:
        print_json(result.document())
    else:
        click.echo(str(result))
    if result.faults:
        for line in fault_lines(result.faults, all_faults=prints_all_faults()):
            click.echo(line, err=True)
        click.echo("harness: these have no scores yet; the rest is saved", err=True)
        sys.exit(2)


def _without_credentials(address: str) -> str:
    """The file system and the host of an address, without a user and a password."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"


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
