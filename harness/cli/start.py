"""The commands `new`, `guideline`, `ingest` and `schema`, which start a dataset and its config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.experiments import data_root
from harness.cli.options.web import announce_hosts, web_options
from harness.text_tables import count_of

if TYPE_CHECKING:
    from harness.data.corpora.ingest_corpus import CorpusResult
    from harness.data.ingest import IngestResult

folder = click.Path(path_type=Path)
MAX_LISTED = 5
"""Number of files or documents that a line names."""
DELIMITER_HELP = "Delimiter of .csv and .tsv: comma, semicolon, tab, at, pipe, none, or a character; default: found."


@click.command()
@click.argument("directory", type=folder, metavar="DIR")
@click.option("--language", help="BCP 47 code of the articles; default: en.")
@click.option("--from", "source", metavar="DATASET", help="Copy a dataset: shipped, fetched, or a folder.")
@click.option(
    "--with-labels", "labels", is_flag=True, help="With --from: copy its labels and evidence too; default: label anew."
)
@data_root
def new(directory: Path, language: str | None, source: str | None, labels: bool, data_root: Path | None) -> None:
    """Create a dataset folder to start from.

    With a guideline to edit, a config to run, and the JSON Schema of configs for your editor; or a copy of a dataset,
    to which you can add: its articles and claims, to be labeled anew, or its labels too (--with-labels). Overwrites
    nothing.
    """
    import harness

    dataset = harness.new(directory, language=language, source=source, labels=labels, root=data_root)
    copy = f"as a copy of {source}, {'with its labels' if labels else 'without its labels (--with-labels copies them)'}"
    origin = copy if source else "without articles"
    click.echo(f"{dataset.folder}: created, {origin}. Next steps:")
    click.echo("\n".join(f"  {step}" for step in dataset.steps))


@click.command()
@click.argument("scheme")
@click.option("-o", "--out", type=folder, metavar="FILE", help="File to write, .md or .html; default: print Markdown.")
@data_root
def guideline(scheme: str, out: Path | None, data_root: Path | None) -> None:
    """Write the guideline of a label scheme, for annotators.

    Questions, labels with definitions and examples, the text to follow, and a test with answers. SCHEME is the name of
    a built-in scheme (harness list schemes), a scheme file, or a dataset with one scheme.
    """
    import harness
    from harness.annotate.guideline import find_guideline, to_markdown

    if out is None:
        click.echo(to_markdown(find_guideline(scheme, data_root)), nl=False)
        return
    written = harness.guideline(scheme, out, root=data_root)
    click.echo(f"{out}: guideline of {written.scheme}, with {count_of(written.exercises, 'test sentence')}")
    if written.undefined:
        labels = ", ".join(dict.fromkeys(label for _, label in written.undefined))
        click.echo(f"not defined yet: {labels}; write a definition of each in the file of the scheme", err=True)


@click.command()
@click.option("-o", "--out", type=folder, metavar="FILE", help="File to write; default: print it.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema of configs, for editors.

    An editor with a YAML language server then completes and checks keys and settings while you type. A config names the
    file in its first line; the path starts from the folder of the config:

    # yaml-language-server: $schema=./experiment.schema.json
    """
    import harness
    from harness.cli.experiments import print_json
    from harness.runner.configs.schema import MODELINE

    document = harness.schema(out)
    if out is None:
        print_json(document)
    else:
        click.echo(f"{out}: written. First line of a config in the same folder:")
        click.echo(f"{MODELINE}./{out.name}")


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--into", required=True, type=folder, metavar="DATASET_DIR", help="Dataset folder; created if absent.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Read a field from another table column: text=body.",
)
@click.option("--transcript", is_flag=True, help="Read lines ('Speaker: text'), or rows with a speaker, as turns.")
@click.option("--encoding", help="Encoding of text files; default: detected.")
@click.option("--delimiter", metavar="NAME", help=DELIMITER_HELP)
@click.option("--sheet", metavar="NAME", help="Sheet of .xlsx files; default: the first.")
@click.option(
    "--name", metavar="ID", help="Id of the article from standard input (-), with its kind: page.html, rows.jsonl."
)
@click.option("--replaces", metavar="ID", help="Id of the article that the only article of SOURCE replaces.")
@web_options
@click.option("--as-corpus", is_flag=True, help="Make a corpus for `harness search`: each paragraph is a passage.")
def ingest(sources: tuple[str, ...], columns: tuple[str, ...], as_corpus: bool, **options: Any) -> None:
    """Add articles to a dataset folder.

    Their sentences become claims; with --as-corpus their paragraphs become the passages of DATASET_DIR/corpus.jsonl, in
    a folder of its own or that of a dataset.

    SOURCE: a file (.txt, .md, .html, .pdf, .docx, .odt, .rtf, .eml, .rss, .atom, .xml, .warc, .warc.gz, .jsonl, .csv,
    .tsv, .xlsx, .parquet), a folder of them, a quoted pattern ('news/**/*.md'), the URL of a page or feed (RSS, Atom),
    - (standard input), or hub:OWNER/NAME. Only public pages are fetched, as their sites' robots.txt allow;
    DATASET_DIR/fetched.jsonl says what was fetched.

    Never changes existing ids, and skips articles that are already present. A changed article becomes a new version,
    and the labels of its unchanged sentences carry over. Your own copy of an article restores the text of a stand-off
    dataset.
    """
    import harness
    from harness.data.sentences.claims_of import dropped_line
    from harness.records import preview

    pairs = [column.partition("=") for column in columns]
    malformed = [column for column, (field, _, name) in zip(columns, pairs, strict=True) if not (field and name)]
    if malformed:
        raise click.UsageError(f"--column: expected FIELD=COLUMN, got '{malformed[0]}'")
    if not options["offline"]:
        announce_hosts(sources)
    mapping = {field: name for field, _, name in pairs}
    if as_corpus:
        if options.pop("replaces") is not None:
            raise click.UsageError("--replaces: a corpus has no versions of articles; leave it out")
        _print_corpus(harness.ingest_corpus(list(sources), columns=mapping, **options), options["encoding"])
        return
    result = harness.ingest(list(sources), columns=mapping, **options)
    _print_reading(result, options["encoding"])
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    if result.dropped:
        click.echo(dropped_line(result.dropped), err=True)
    added = f"{count_of(result.articles_added, 'article')} added ({count_of(result.claims_added, 'claim')})"
    restored = ""
    if result.text_restored or result.missing_text:
        restored = f"; text restored for {result.text_restored}, still missing for {result.missing_text}"
    click.echo(f"{result.folder}: {added}; {result.unchanged} already present{restored}")
    if result.versions:
        versions = ", ".join(f"{version.article_id} replaces {version.replaces}" for version in result.versions)
        click.echo(f"new versions: {versions}; {count_of(result.carried_over, 'label')} carried over")
    if result.to_relabel:
        click.echo(f"{count_of(len(result.to_relabel), 'sentence')} to label again:")
        click.echo("\n".join(f"  {claim.claim_id}  {preview(claim.text)}" for claim in result.to_relabel))


def _print_reading(result: IngestResult | CorpusResult, encoding: str | None) -> None:
    """Prints how sources were read, where that is not plain.

    Args:
        result: what was read.
        encoding: encoding that the user named.
    """
    for source, name in result.encodings:
        if encoding:
            message = f"{source}: read as {name}"
        else:
            message = f"{source}: not UTF-8; read as {name}. If characters look wrong, set --encoding NAME"
        click.echo(message, err=True)
    for note in result.notes:
        click.echo(f"note: {note}", err=True)


def _print_corpus(result: CorpusResult, encoding: str | None) -> None:
    """Prints what was added to a corpus, and what was left out.

    Args:
        result: what was added.
        encoding: encoding that the user named.
    """
    _print_reading(result, encoding)
    for what, names in (("without text", result.empty), ("with the text of another document", result.duplicates)):
        if names:
            more = f" and {len(names) - MAX_LISTED:,} more" if len(names) > MAX_LISTED else ""
            click.echo(f"left out {what}: {len(names):,} ({', '.join(names[:MAX_LISTED])}{more})", err=True)
    if result.repeated:
        click.echo(f"paragraphs that their document repeats, left out: {result.repeated:,}", err=True)
    added = f"{count_of(result.documents_added, 'document')} added ({count_of(result.passages_added, 'passage')})"
    click.echo(f"{result.path}: {added}; {result.unchanged:,} already present")


COMMANDS: tuple[click.Command, ...] = (new, guideline, ingest, schema)
