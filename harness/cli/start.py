"""new, ingest: how a dataset starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

folder = click.Path(path_type=Path)


@click.command()
@click.argument("directory", type=folder, metavar="DIR")
@click.option("--language", default="en", show_default=True, help="BCP 47 code of the articles to come.")
def new(directory: Path, language: str) -> None:
    """Start a dataset folder with a guideline of your own and a config to run; overwrites nothing."""
    import harness

    started = harness.new(directory, language=language)
    click.echo(f"{started.folder}: a dataset without articles yet. Next:")
    click.echo("\n".join(f"  {step}" for step in started.steps))


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--into", required=True, type=folder, metavar="DATASET_DIR", help="Dataset folder; created if absent.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="A table's column: text=body.")
@click.option("--transcript", is_flag=True, help="Lines are turns: 'Speaker: text', or rows with a speaker.")
@click.option("--encoding", help="Of text files; default: detected.")
@click.option("--name", metavar="ID", help="Id of what comes from standard input (-); page.html for HTML.")
@click.option("--replaces", metavar="ID", help="The only article of SOURCE is a new version of this one.")
@click.option("--offline", is_flag=True, help="Refuse what needs the network (hub:OWNER/NAME).")
def ingest(sources: tuple[str, ...], columns: tuple[str, ...], **options: Any) -> None:
    """Turn articles into claims of a dataset folder.

    SOURCE: a file (.txt, .md, .html, .jsonl, .csv, .tsv, .parquet), a folder of them, a quoted pattern
    ('news/**/*.md'), - (standard input), or hub:OWNER/NAME.

    Adds, and never renumbers; what is there already adds nothing. A changed article becomes a new version, and the
    labels of its unchanged sentences carry over. Your own copy of an article brings a stand-off dataset to life.
    """
    import harness
    from harness.records import preview

    pairs = [column.partition("=") for column in columns]
    wrong = [column for column, (field, _, name) in zip(columns, pairs, strict=True) if not (field and name)]
    if wrong:
        raise click.UsageError(f"--column: expected FIELD=COLUMN, got '{wrong[0]}'")
    if not options["offline"]:
        _announce(sources)
    mapping = {field: name for field, _, name in pairs}
    done = harness.ingest(list(sources), columns=mapping, **options)
    for source, encoding in done.encodings:
        said = f"{source}: is not UTF-8; read as {encoding}. Should characters look wrong, name it: --encoding NAME"
        click.echo(said if not options["encoding"] else f"{source}: read as {encoding}", err=True)
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{done.folder}: {done.articles_added} articles added ({done.claims_added} claims), "
        f"{done.text_restored} brought to life, {done.unchanged} there already, {done.missing_text} still awaited"
    )
    if done.versions:
        listed = ", ".join(f"{version.article_id} replaces {version.replaces}" for version in done.versions)
        click.echo(f"new versions: {listed}; {done.carried_over} labels carried over")
    if done.to_relabel:
        click.echo(f"{len(done.to_relabel)} sentences to label again:")
        click.echo("\n".join(f"  {claim.claim_id}  {preview(claim.text)}" for claim in done.to_relabel))


def _announce(sources: tuple[str, ...]) -> None:
    """Names the hosts that will be asked, before they are."""
    if not any(source.startswith("hub:") for source in sources):
        return
    from harness.data.articles.hub import hub_host

    hosts = dict.fromkeys(host for source in sources if (host := hub_host(source)))
    if hosts:
        click.echo(f"network: {', '.join(hosts)}", err=True)


COMMANDS: tuple[click.Command, ...] = (new, ingest)
