"""The commands `add`, `check`, `split`, `export` and `fetch`, which work on datasets."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.faults import prints_all_faults
from harness.cli.progress import show_progress
from harness.errors import fault_lines
from harness.text_tables import count_of

folder = click.Path(path_type=Path)


@click.command()
@click.argument("dataset_dir", type=folder)
@click.option(
    "--claims",
    type=folder,
    metavar="FILE",
    help="Labeled claims (.csv, .tsv, .xlsx, .jsonl); an export of doccano, Prodigy or Label Studio; ClaimReview "
    "(.html, .jsonld, .json).",
)
@click.option("--text", help="Text of one free-standing claim.")
@click.option(
    "--label", "labels", multiple=True, metavar="AXIS=L", help="With --text: label on an axis; may be repeated."
)
@click.option("--note", help="With --text: note of the labels.")
@click.option("--confidence", type=click.FloatRange(0, 1), help="With --text: how sure the labels are, from 0 to 1.")
@click.option("--as", "annotator", required=True, metavar="ANNOTATOR", help="Role or handle of the annotator.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Read a field or an axis from another column: text=sentence, label=is_claim, evidence=passage, note=why, "
    "confidence=certainty, at=labeled_at; may be repeated.",
)
@click.option(
    "--ignore-column", "ignore_columns", multiple=True, metavar="COLUMN", help="Pass over this column; may be repeated."
)
@click.option(
    "--ignore-other-columns", is_flag=True, help="Pass over all columns that are neither a field nor an axis."
)
@click.option(
    "--labels",
    "values",
    multiple=True,
    metavar="VALUE=LABEL",
    help="With --claims: labels by their values in the file: 1=yes,0=no; may be repeated.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["majority", "first", "last", "newest"]),
    help="Rule for rows that give one claim different labels; default: refuse.",
)
@click.option(
    "--role",
    type=click.Choice(["label", "adjudicate", "suggest"]),
    default="label",
    show_default=True,
    help="adjudicate: decisions where annotators differ; the gold rule adjudicated takes them. suggest: proposals, "
    "such as those of a model; they count nowhere.",
)
@click.option("--at", metavar="TIME", help="Date or time of labels without a column 'at'; default: now.")
@click.option("--scheme", help="Label scheme; default: the first scheme of the dataset.")
@click.option("--new-scheme", metavar="NAME", help="Make a scheme from the labels found; default in a new dataset.")
@click.option("--task", help="New scheme: task that its labels answer.")
@click.option("--positive", multiple=True, metavar="LABEL", help="New scheme: label that means yes; may be repeated.")
@click.option("--language", help="New dataset: BCP 47 code of the claims; default: en.")
@click.option(
    "--delimiter", metavar="NAME", help="Delimiter: comma, semicolon, tab, at, pipe or a character; default: detected."
)
@click.option("--encoding", help="Encoding of the file; default: detected.")
@click.option("--sheet", metavar="NAME", help="Sheet of an .xlsx file; default: the first.")
@click.option("--labeler", metavar="NAME", help="Labeler (or publisher) whose labels to add, if an export has several.")
@click.option(
    "--format",
    "file_format",
    metavar="NAME",
    help="table, doccano, prodigy, label-studio or claimreview; default: recognized by the structure of the file.",
)
@click.option("--dry-run", is_flag=True, help="Check and count; write nothing.")
def add(
    dataset_dir: Path,
    claims: Path | None,
    text: str | None,
    labels: tuple[str, ...],
    note: str | None,
    confidence: float | None,
    columns: tuple[str, ...],
    values: tuple[str, ...],
    **options: Any,
) -> None:
    """Add labeled claims to a dataset folder.

    Writes nothing if a row has a fault. A file creates the folder if it is absent: rows with a document id become
    articles, and the labels found become a scheme. With a column of passages (evidence), several rows of one claim
    bring its evidence.
    """
    import harness

    if (claims is None) == (text is None) or (claims is not None and labels):
        raise click.UsageError("give either --claims FILE, or --text TEXT with --label AXIS=L")
    about = {name: cell for name, cell in (("note", note), ("confidence", confidence)) if cell is not None}
    if claims is not None and about:
        option = next(iter(about))
        raise click.UsageError(f"--{option} goes with --text; a file has it in a column: --column {option}=COLUMN")
    rows: Path | list[dict[str, Any]]
    if claims is not None:
        rows = claims
    else:
        row_labels = pairs_of("--label", "AXIS=L", labels)
        if {"text", *about} & row_labels.keys():
            raise click.UsageError("--label: an axis is given twice; give one label per axis")
        rows = [{"text": text or ""} | about | row_labels]
    result = harness.add_claims(
        dataset_dir,
        rows,
        columns=pairs_of("--column", "FIELD=COLUMN", columns),
        labels=pairs_of("--labels", "VALUE=LABEL", [pair for value in values for pair in value.split(",")]),
        **options,
    )
    for note in result.notes:
        click.echo(note, err=True)
    verb = "would add" if options["dry_run"] else "added"
    added = [count_of(result.claims_added, "claim"), count_of(result.annotations_added, "label")]
    if result.evidence_added:
        added += [count_of(result.evidence_added, "citation"), count_of(result.passages_added, "passage")]
    if result.articles_added:
        added.insert(0, count_of(result.articles_added, "article"))
    replaced = f"{result.superseded:,} {'replaces' if result.superseded == 1 else 'replace'} an earlier label"
    skipped = f"{count_of(result.unchanged, 'duplicate')} skipped"
    click.echo(f"{dataset_dir}: {verb} {', '.join(added[:-1])} and {added[-1]} ({replaced}, {skipped})")
    if result.steps and not options["dry_run"]:
        click.echo("Next steps:\n" + "\n".join(f"  {step}" for step in result.steps))


def pairs_of(option: str, form: str, texts: Sequence[str]) -> dict[str, str]:
    """Returns the NAME=VALUE pairs of an option."""
    pairs = [text.partition("=") for text in texts]
    malformed = [text for text, (name, equals, _) in zip(texts, pairs, strict=True) if not (name.strip() and equals)]
    if malformed:
        raise click.UsageError(f"{option}: expected {form}, got '{malformed[0]}'")
    names = [name.strip() for name, _, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        what = "an axis is given twice; give one label per axis" if option == "--label" else f"'{twice}' is given twice"
        raise click.UsageError(f"{option}: {what}")
    return {name: value.strip() for name, (_, _, value) in zip(names, pairs, strict=True)}


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--fix",
    is_flag=True,
    help="Repair what a merge or a kill left in a dataset folder, add files for git; check again.",
)
@data_root
@no_code
@as_json
def check(targets: tuple[str, ...], fix: bool, data_root: Path | None, as_json: bool) -> None:
    """Validate datasets and configs.

    Reports every fault that shows before the first fit, all at once, each with file and line.

    A TARGET is a dataset folder, a config, a folder of either, or the name of a built-in experiment, a built-in dataset
    or a fetched benchmark. The exit code is 1 if there is a fault.

    With --fix, every TARGET is a dataset folder of yours. No saved label is ever dropped: where an annotator answered a
    question in two copies, a new line takes the earlier answer back.
    """
    import harness

    repairs = [repair for target in targets for repair in harness.repair(target, data_root)] if fix else []
    faults = harness.check(targets, data_root, unchecked=lambda line: click.echo(line, err=True))
    if as_json:
        keys = ("path", "line", "field", "message", "code")
        document: dict[str, object] = {"faults": [{key: getattr(fault, key) for key in keys} for fault in faults]}
        if fix:
            document["repairs"] = [{"path": str(repair.path), "message": repair.message} for repair in repairs]
        print_json(document)
    else:
        for repair in repairs:
            click.echo(f"repaired: {repair.path}: {repair.message}")
        lines = fault_lines(faults, all_faults=prints_all_faults())
        click.echo("\n".join(lines) if faults else f"no faults in {', '.join(targets)}")
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
    help="csv, jsonl, parquet, hf, sheet, label-studio, doccano, prodigy or claimreview; for a result: submission.",
)
@click.option(
    "-o", "--out", required=True, type=folder, metavar="OUT", help="File to write; a folder for some formats."
)
@click.option("--blind", is_flag=True, help="sheet, label-studio, doccano, prodigy: without labels, in random order.")
@click.option(
    "--scheme", help="sheet, label-studio, doccano, prodigy: ask the questions of one scheme; default: of all."
)
@click.option("--spans", is_flag=True, help="doccano, prodigy: a task is an article, with its claims as marked spans.")
@click.option(
    "--gold",
    help="Rule that turns several annotators' labels into one gold label; default: adjudicated. A sheet is empty "
    "without it, and single:NAME fills in the labels of one annotator.",
)
@click.option(
    "--labeler",
    "labelers",
    multiple=True,
    metavar="NAME=EMAIL",
    help="label-studio: address there of an annotator, whose labels become annotations; those of others are "
    "pre-annotations. May be repeated.",
)
@click.option("--byte-order-mark", is_flag=True, help="csv: begin with a byte order mark, for Excel.")
@click.option("--random-seed", type=int, help="submission: random seed of the predictions, if there are several.")
@click.option("--overwrite", is_flag=True, help="Replace files beside OUT that exist with another content.")
@data_root
def export(
    dataset: str,
    to: str,
    out: Path,
    blind: bool,
    spans: bool,
    scheme: str | None,
    gold: str | None,
    labelers: tuple[str, ...],
    byte_order_mark: bool,
    random_seed: int | None,
    overwrite: bool,
    data_root: Path | None,
) -> None:
    """Write data in another tool's format.

    Writes a dataset, or a result as a submission to its benchmark.
    """
    import harness

    if to == "submission":
        for file in harness.write_submission(dataset, out, data_root, random_seed=random_seed, overwrite=overwrite):
            click.echo(str(file))
        return
    source = harness.open_dataset(dataset, data_root)
    addresses = pairs_of("--labeler", "NAME=EMAIL", labelers)
    result = harness.export(
        source,
        to,
        out,
        labels=not blind,
        gold=gold,
        byte_order_mark=byte_order_mark,
        addresses=addresses,
        spans=spans,
        scheme=scheme,
        overwrite=overwrite,
    )
    unit = "review" if to == "claimreview" else "claim"
    click.echo(f"{result.path}: {count_of(result.written, unit)} of '{source.info.name}' as {to}")
    for note in result.notes:
        click.echo(f"{result.path}: {note}")


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
    progress = show_progress("MB", size=1_000_000)
    result = harness.fetch(benchmark, source, data_root, say=lambda line: click.echo(line, err=True), progress=progress)
    click.echo(f"{result.folder}: {result.articles:,} articles, {result.claims:,} claims")
    for part in result.parts:
        left_out = f" ({part.rows - part.claims:,} without text are left out)" if part.rows != part.claims else ""
        repeated = f"; {count_of(part.repeated_texts, 'text')} several times" if part.repeated_texts else ""
        contradicted = f", {part.contradicted_texts:,} with different labels" if part.contradicted_texts else ""
        rows = f"{count_of(part.rows, 'row')}{left_out}, {count_of(part.claims, 'claim')}"
        click.echo(f"  {part.part}: {rows}{repeated}{contradicted}")
    if result.note:
        click.echo(f"note: {result.note}", err=True)
    if result.additions:
        click.echo(f"your additions stay: {', '.join(result.additions)}")
    for name in result.absent:
        click.echo(f"missing{f' in {source}' if source else ''}: {name}", err=True)
    for name in result.unpinned:
        click.echo(f"not checked (no known SHA-256): {name}", err=True)


COMMANDS: tuple[click.Command, ...] = (add, check, split, export, fetch)
