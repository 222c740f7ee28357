"""add, check, split, fetch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from harness.cli.experiments import as_json, data_root, print_json

folder = click.Path(path_type=Path)


@click.command()
@click.argument("dataset_dir", type=folder)
@click.option(
    "--claims",
    type=folder,
    metavar="FILE",
    help="Labelled claims: .jsonl, .csv, .tsv; a Label Studio export (.json); a ClaimReview page (.html, .jsonld).",
)
@click.option("--text", help="One free-standing claim.")
@click.option("--label", "labels", multiple=True, metavar="AXIS=L", help="With --text: a label; may be repeated.")
@click.option("--as", "annotator", required=True, metavar="ANNOTATOR", help="Who labels: a role or a handle.")
@click.option("--scheme", help="Default: the dataset's first.")
@click.option("--labeler", metavar="NAME", help="Label Studio: whose labels to take, of several labelers.")
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
    """Add labelled claims to a dataset folder, all or nothing."""
    import harness

    if (claims is None) == (text is None) or (claims is not None and labels):
        raise click.UsageError("give either --claims FILE, or --text T with --label AXIS=L")
    rows: Path | list[dict[str, str]]
    if claims is not None:
        rows = claims
    else:
        pairs = [label.partition("=") for label in labels]
        wrong = [name for name, equals, _ in pairs if not equals]
        if wrong:
            raise click.UsageError(f"--label: expected AXIS=L, got '{wrong[0]}'")
        names = ["text", *(name for name, _, _ in pairs)]
        if len(set(names)) < len(names):
            raise click.UsageError("--label: an axis is given twice; give one label per axis")
        rows = [{"text": text or ""} | {name: value for name, _, value in pairs}]
    done = harness.add_claims(dataset_dir, rows, annotator, scheme=scheme, labeler=labeler, dry_run=dry_run)
    would = "would add" if dry_run else "added"
    click.echo(
        f"{dataset_dir}: {would} {done.claims_added} claims and {done.annotations_added} labels "
        f"({done.superseded} change an earlier one, {done.unchanged} were there already)"
    )


@click.command()
@click.argument("paths", nargs=-1, required=True, type=folder, metavar="PATH...")
@as_json
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Validate dataset folders and configs: all faults at once, each with file and line."""
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
@click.option("-o", "--out", required=True, type=folder, metavar="FILE", help="The split file to write.")
@click.option(
    "--protocol",
    type=click.Choice(["grouped_folds", "by_time", "leave_one_out", "random_folds"]),
    default="grouped_folds",
    show_default=True,
    help="How claims are split.",
)
@click.option("--k", type=click.IntRange(min=2), default=5, show_default=True, help="Folds.")
@click.option(
    "--by",
    type=click.Choice(["article", "speaker", "topic", "source"]),
    default="article",
    show_default=True,
    help="What stays whole.",
)
@click.option("--random-seed", type=int, default=13, show_default=True, help="Random seed.")
@click.option("--hash-assignment", is_flag=True, help="An added group moves no other; folds differ more in size.")
@click.option("--stratified", is_flag=True, help="Spread the gold labels of --task evenly.")
@click.option("--task", help="The task whose gold labels are spread.")
@click.option("--scheme", help="With --task; default: the dataset's first.")
@click.option(
    "--part", "parts_only", multiple=True, metavar="PART", help="Only claims of this official part; may be repeated."
)
@click.option("--test-from", metavar="DATE", help="by_time: the date of the first claims to test on.")
@click.option("--test-share", type=float, metavar="SHARE", help="by_time: the share, the latest, to test on.")
@data_root
def split(dataset: str, out: Path, parts_only: tuple[str, ...], data_root: Path | None, **options: Any) -> None:
    """Freeze a split of a dataset to a file that a config can name."""
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
    help="csv, jsonl, parquet, hf, label-studio or claimreview; of a result: submission.",
)
@click.option("-o", "--out", required=True, type=folder, metavar="OUT", help="The file to write; for some a folder.")
@click.option("--blind", is_flag=True, help="label-studio: tasks without labels, in a drawn order.")
@click.option("--gold", default="adjudicated", show_default=True, help="How several labels of a claim become one.")
@click.option("--random-seed", type=int, help="submission: whose predictions, of several random seeds.")
@data_root
def export(
    dataset: str, to: str, out: Path, blind: bool, gold: str, random_seed: int | None, data_root: Path | None
) -> None:
    """Write a dataset in another tool's format, or a result as a submission to its benchmark; all or nothing."""
    import harness

    if to == "submission":
        for file in harness.write_submission(dataset, out, data_root, random_seed=random_seed):
            click.echo(str(file))
        return
    opened = harness.open_dataset(dataset, data_root)
    place = harness.export(opened, to, out, labels=not blind, gold=gold)
    click.echo(f"{place}: {len(opened.current):,} claims of '{opened.info.name}' as {to}")


@click.command()
@click.argument("benchmark")
@click.option("--from", "source", type=folder, metavar="PATH", help="A folder or zip with the publisher's files.")
@click.option("--offline", is_flag=True, help="Refuse instead of downloading.")
@data_root
def fetch(benchmark: str, source: Path | None, offline: bool, data_root: Path | None) -> None:
    """Bring a public benchmark in, from its publisher or a copy of the files, each checked by its SHA-256."""
    import harness

    if offline and source is None:
        raise click.UsageError("--offline allows no download; give --from PATH with a copy of the publisher's files")
    done = harness.fetch(benchmark, source, data_root, say=lambda line: click.echo(line, err=True))
    click.echo(f"{done.folder}: {done.articles:,} articles, {done.claims:,} claims")
    for name in done.absent:
        click.echo(f"absent{f' from {source}' if source else ''}: {name}", err=True)
    for name in done.unpinned:
        click.echo(f"taken without a known SHA-256: {name}", err=True)


COMMANDS: tuple[click.Command, ...] = (add, check, split, export, fetch)
