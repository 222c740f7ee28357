"""The commands `add`, `check`, `split`, `export` and `fetch`, which work on datasets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.text_tables import count_of

folder = click.Path(path_type=Path)


@click.command()
@click.argument("dataset_dir", type=folder)
@click.option(
    "--claims",
    type=folder,
    metavar="FILE",
    help="Labeled claims: .jsonl, .csv, .tsv; a Label Studio export (.json); a ClaimReview page (.html, .jsonld).",
)
@click.option("--text", help="Text of one free-standing claim.")
@click.option(
    "--label", "labels", multiple=True, metavar="AXIS=L", help="With --text: label on an axis; may be repeated."
)
@click.option("--as", "annotator", required=True, metavar="ANNOTATOR", help="Role or handle of the annotator.")
@click.option("--scheme", help="Label scheme; default: the first scheme of the dataset.")
@click.option("--labeler", metavar="NAME", help="Label Studio: labeler whose labels to add, if there are several.")
@click.option("--dry-run", is_flag=True, help="Check and count; write nothing.")
def add(
    dataset_dir: Path,
    claims: Path | None,
    text: str | None,
    labels: tuple[str, ...],
    annotator: str,
    scheme: str | None,
    labeler: str | None,
    dry_run: bool,
) -> None:
    """Add labeled claims to a dataset folder.

    Writes nothing if a row has a fault.
    """
    import harness

    if (claims is None) == (text is None) or (claims is not None and labels):
        raise click.UsageError("give either --claims FILE, or --text TEXT with --label AXIS=L")
    rows: Path | list[dict[str, str]]
    if claims is not None:
        rows = claims
    else:
        pairs = [label.partition("=") for label in labels]
        malformed = [name for name, equals, _ in pairs if not equals]
        if malformed:
            raise click.UsageError(f"--label: expected AXIS=L, got '{malformed[0]}'")
        names = ["text", *(name for name, _, _ in pairs)]
        if len(set(names)) < len(names):
            raise click.UsageError("--label: an axis is given twice; give one label per axis")
        rows = [{"text": text or ""} | {name: value for name, _, value in pairs}]
    result = harness.add_claims(dataset_dir, rows, annotator, scheme=scheme, labeler=labeler, dry_run=dry_run)
    verb = "would add" if dry_run else "added"
    added = f"{count_of(result.claims_added, 'claim')} and {count_of(result.annotations_added, 'label')}"
    click.echo(
        f"{dataset_dir}: {verb} {added} "
        f"({result.superseded} replace an earlier label, {result.unchanged} duplicates skipped)"
    )


@click.command()
@click.argument("paths", nargs=-1, required=True, type=folder, metavar="PATH...")
@no_code
@as_json
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Validate dataset folders and configs.

    Reports every fault that shows without running anything, each with file and line.
    """
    import harness

    faults = harness.check(paths)
    if as_json:
        keys = ("path", "line", "field", "message", "code")
        print_json({"faults": [{key: getattr(fault, key) for key in keys} for fault in faults]})
    else:
        click.echo("\n".join(map(str, faults)) if faults else f"no faults in {', '.join(map(str, paths))}")
    sys.exit(1 if faults else 0)


@click.command()
@click.argument("dataset")
@click.option("-o", "--out", required=True, type=folder, metavar="FILE", help="Split file to write.")
@click.option(
    "--protocol",
    type=click.Choice(["grouped_folds", "by_time", "leave_one_out", "random_folds"]),
    default="grouped_folds",
    show_default=True,
    help="How to split the claims.",
)
@click.option("--k", type=click.IntRange(min=2), default=5, show_default=True, help="Number of folds.")
@click.option(
    "--by",
    type=click.Choice(["article", "speaker", "topic", "source"]),
    default="article",
    show_default=True,
    help="Keep claims of one article (speaker, ...) in the same fold.",
)
@click.option("--random-seed", type=int, default=13, show_default=True, help="Random seed.")
@click.option(
    "--hash-assignment",
    is_flag=True,
    help="Assign groups to folds by hash, so that added data moves no existing group (fold sizes vary more).",
)
@click.option("--stratified", is_flag=True, help="Balance the gold labels of --task over folds.")
@click.option("--task", help="Task whose gold labels --stratified balances.")
@click.option("--scheme", help="Label scheme of --task; default: the first scheme of the dataset.")
@click.option(
    "--part",
    "parts_only",
    multiple=True,
    metavar="PART",
    help="Official part whose claims to use; may be repeated; default: all.",
)
@click.option("--test-from", metavar="DATE", help="by_time: date of the first test claims.")
@click.option("--test-share", type=float, metavar="SHARE", help="by_time: share of claims to test on, the latest ones.")
@data_root
def split(dataset: str, out: Path, parts_only: tuple[str, ...], data_root: Path | None, **options: Any) -> None:
    """Save a split of a dataset to a file.

    A config can name the file.
    """
    import harness

    frozen = harness.freeze_split(dataset, out, parts=parts_only or None, root=data_root, **options)
    parts = ", ".join(f"{name} {count}" for name, count in frozen.parts.items())
    click.echo(f"{frozen.path}: {parts} claims")
    for warning in frozen.warnings:
        click.echo(f"warning: {warning}", err=True)


@click.command()
@click.argument("dataset", metavar="DATASET_DIR|RESULT_DIR")
@click.option(
    "--to",
    required=True,
    metavar="FORMAT",
    help="csv, jsonl, parquet, hf, label-studio or claimreview; for a result: submission.",
)
@click.option(
    "-o", "--out", required=True, type=folder, metavar="OUT", help="File to write; a folder for some formats."
)
@click.option("--blind", is_flag=True, help="label-studio: tasks without labels, in random order.")
@click.option(
    "--gold",
    default="adjudicated",
    show_default=True,
    help="Rule that turns several annotators' labels into one gold label.",
)
@click.option("--random-seed", type=int, help="submission: random seed of the predictions, if there are several.")
@data_root
def export(
    dataset: str, to: str, out: Path, blind: bool, gold: str, random_seed: int | None, data_root: Path | None
) -> None:
    """Write data in another tool's format.

    Writes a dataset, or a result as a submission to its benchmark.
    """
    import harness

    if to == "submission":
        for file in harness.write_submission(dataset, out, data_root, random_seed=random_seed):
            click.echo(str(file))
        return
    source = harness.open_dataset(dataset, data_root)
    path = harness.export(source, to, out, labels=not blind, gold=gold)
    click.echo(f"{path}: {len(source.current):,} claims of '{source.info.name}' as {to}")


@click.command()
@click.argument("benchmark")
@click.option("--from", "source", type=folder, metavar="PATH", help="Folder or zip file with the publisher's files.")
@click.option("--offline", is_flag=True, help="Refuse to download.")
@data_root
def fetch(benchmark: str, source: Path | None, offline: bool, data_root: Path | None) -> None:
    """Download a public benchmark.

    Or read a copy of its files (`--from`). Every file is checked by its SHA-256.
    """
    import harness

    if offline and source is None:
        raise click.UsageError("--offline needs --from PATH with a copy of the publisher's files")
    result = harness.fetch(benchmark, source, data_root, say=lambda line: click.echo(line, err=True))
    click.echo(f"{result.folder}: {result.articles:,} articles, {result.claims:,} claims")
    for name in result.absent:
        click.echo(f"missing{f' in {source}' if source else ''}: {name}", err=True)
    for name in result.unpinned:
        click.echo(f"not checked (no known SHA-256): {name}", err=True)


COMMANDS: tuple[click.Command, ...] = (add, check, split, export, fetch)
