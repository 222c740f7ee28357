"""ingest, add, check, split, fetch."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, data_root, print_json

folder = click.Path(path_type=Path)


@click.command()
@click.argument("sources", nargs=-1, required=True, type=folder, metavar="SOURCE...")
@click.option("--into", required=True, type=folder, metavar="DATASET_DIR", help="Dataset folder; created if absent.")
def ingest(sources: tuple[Path, ...], into: Path) -> None:
    """Turn articles (.txt, .html, .jsonl, or folders of them) into claims of a dataset folder.

    Adds, and never renumbers; what is there already adds nothing. Your own copy of an article brings a stand-off
    dataset to life.
    """
    import harness

    done = harness.ingest(sources, into)
    click.echo(
        f"{done.folder}: {done.articles_added} articles added ({done.claims_added} claims), "
        f"{done.brought_to_life} brought to life, {done.unchanged} there already, {done.awaited} still awaited"
    )


@click.command()
@click.argument("dataset_dir", type=folder)
@click.option("--claims", type=folder, metavar="FILE", help="A .jsonl, .csv or .tsv file of labelled claims.")
@click.option("--text", help="One free-standing claim.")
@click.option("--label", "labels", multiple=True, metavar="AXIS=L", help="With --text: a label; may be repeated.")
@click.option("--as", "annotator", required=True, metavar="ANNOTATOR", help="Who labels: a role or a handle.")
@click.option("--scheme", help="Default: the dataset's first.")
@click.option("--dry-run", is_flag=True, help="Check and count; write nothing.")
def add(
    dataset_dir: Path,
    claims: Path | None,
    text: str | None,
    labels: tuple[str, ...],
    annotator: str,
    scheme: str | None,
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
    done = harness.add_claims(dataset_dir, rows, annotator, scheme=scheme, dry_run=dry_run)
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
        keys = ("path", "line", "field", "message")
        print_json({"faults": [{key: getattr(fault, key) for key in keys} for fault in faults]})
    else:
        click.echo("\n".join(map(str, faults)) if faults else f"no faults in {', '.join(map(str, paths))}")
    sys.exit(1 if faults else 0)


@click.command()
@click.argument("dataset")
@click.option("-o", "--out", required=True, type=folder, metavar="FILE", help="The split file to write.")
@click.option("--k", type=click.IntRange(min=2), default=5, show_default=True, help="Folds.")
@click.option(
    "--by",
    type=click.Choice(["article", "speaker", "claim"]),
    default="article",
    show_default=True,
    help="What stays whole.",
)
@click.option("--seed", type=int, default=13, show_default=True, help="Random seed.")
@data_root
def split(dataset: str, out: Path, k: int, by: str, seed: int, data_root: Path | None) -> None:
    """Freeze grouped folds of a dataset to a file that a config can name."""
    import harness

    frozen = harness.freeze_split(dataset, out, k=k, by=by, seed=seed, root=data_root)  # type: ignore[arg-type]
    parts = ", ".join(f"{name} {count}" for name, count in frozen.parts.items())
    click.echo(f"{frozen.path}: {parts} claims")


@click.command()
@click.argument("benchmark")
@click.option("--from", "source", type=folder, metavar="PATH", help="A folder with the publisher's files.")
@data_root
def fetch(benchmark: str, source: Path | None, data_root: Path | None) -> None:
    """Bring a public benchmark in from a copy of its publisher's files, each checked by its SHA-256."""
    import harness

    done = harness.fetch(benchmark, source, data_root)
    click.echo(f"{done.folder}: {done.articles:,} articles, {done.claims:,} claims")
    for name in done.absent:
        click.echo(f"absent from {source}: {name}", err=True)


COMMANDS: tuple[click.Command, ...] = (ingest, add, check, split, fetch)
