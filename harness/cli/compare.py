"""The commands `compare`, for results, and `diff`, for releases of a dataset."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.progress import show_progress
from harness.memory import importing

if TYPE_CHECKING:
    from harness.compare.dataset_diff import DatasetDiff

MAX_LISTED = 10
"""Number of changes of a kind that `diff` lists."""
MAX_TEXT = 70
"""Number of characters of a claim that `diff` shows."""
all_results = click.option(
    "--all",
    "all_results",
    is_flag=True,
    help="Take every result of a run folder that is over the same claims and labels, not only the current ones.",
)


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric to compare, as named or headed in the results; repeat it for several columns; default: the first, and "
    "with --format latex all.",
)
@click.option(
    "--correction",
    type=click.Choice(["holm", "bh"]),
    default="holm",
    show_default=True,
    help="Multiple-testing correction over all pairs.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "csv", "html"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--fail-if",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Exit with code 1 if the rule holds, such as 'f1 < baseline - 0.02'; may be repeated.",
)
@all_results
@no_code
@as_json
def compare(
    results: tuple[Path, ...],
    metrics: tuple[str, ...],
    correction: Literal["holm", "bh"],
    form: str,
    rules: tuple[str, ...],
    all_results: bool,
    as_json: bool,
) -> None:
    """Compare systems on the same claims.

    Shows pairwise differences with intervals, tests, and tie groups. The corrected p-value decides whether two systems
    differ; notes tell where an interval disagrees. A single system is enough for the formats markdown, latex, csv and
    html.

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system. The
    folder of a config with several experiments alone shows systems by datasets, with the mean rank of each system.
    """
    with importing():
        from harness.compare.compare import compare_metrics
        from harness.compare.gate import check_table, read_rule
        from harness.compare.results import read_table
        from harness.compare.several import is_of_several
        from harness.compare.tables import FORMATS

    if len(results) == 1 and is_of_several(results[0]):
        _show_several(results[0], metrics, form, rules, as_json=as_json)
        return
    parsed = [read_rule(rule) for rule in rules]
    is_table = as_json or form == "table"
    table = read_table(results, least=2 if is_table else 1, all_results=all_results)
    comparisons = compare_metrics(
        table,
        metrics,
        every=form == "latex" and not as_json,
        correction=correction,
        progress=show_progress("pairs"),
    )
    verdicts = check_table(table, parsed, comparisons)
    if as_json:
        gate = {"gate": [verdict._asdict() for verdict in verdicts]} if rules else {}
        documents = [comparison.document() for comparison in comparisons]
        print_json((documents[0] if len(documents) == 1 else {"comparisons": documents}) | gate)
    else:
        click.echo(FORMATS[form](comparisons))
        if form != "table":  # which has these lines already
            for line in (*comparisons[0].notes, *comparisons[0].left_out):
                click.echo(line, err=True)
    for verdict in verdicts:
        click.echo(f"{'failed' if verdict.failed else 'passed'}: {verdict.rule}: {verdict.message}", err=True)
    sys.exit(1 if any(verdict.failed for verdict in verdicts) else 0)


def _show_several(folder: Path, metrics: tuple[str, ...], form: str, rules: tuple[str, ...], *, as_json: bool) -> None:
    """Prints the table of a config with several experiments, once for each metric."""
    import harness
    from harness.compare.several import WIDE_FORMATS

    if rules:
        raise click.UsageError("--fail-if is for results over the same claims; give the run folder of one experiment")
    tables = [harness.compare_several(folder, metric) for metric in metrics or (None,)]
    if as_json:
        documents = [table.document() for table in tables]
        print_json(documents[0] if len(documents) == 1 else {"tables": documents})
    else:
        click.echo("\n\n".join(WIDE_FORMATS[form](table) for table in tables))


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--results",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="RESULT",
    help="Result or run folder to score under the new labels; may be repeated.",
)
@data_root
@as_json
def diff(old: str, new: str, results: tuple[Path, ...], data_root: Path | None, as_json: bool) -> None:
    """Compare two releases of a dataset.

    Shows which claims were added, moved or removed, which labels changed and by whom, and which gold labels are other
    ones. With --results, scores stored predictions under the labels of NEW, without running a model: the systems were
    trained on the labels of OLD, and claims that only NEW has are left out.
    """
    import harness

    result = harness.diff(old, new, results, root=data_root)
    if as_json:
        print_json(result.document())
        return
    click.echo("\n".join(_diff_lines(result)))


def _diff_lines(result: DatasetDiff) -> Iterator[str]:
    from harness.compare.dataset_diff import counts_by_annotator
    from harness.text_tables import align_columns, count_of, format_number, visible

    yield f"{result.old} to {result.new}"
    kinds = Counter(change.change for change in result.claims)
    changed = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("added", "moved", "removed") if kinds[kind])
    yield f"claims: {changed or 'the same'}"
    yield from (f"  {c.change:<8} {c.claim_id}  {visible(c.text)[:MAX_TEXT]}" for c in result.claims[:MAX_LISTED])
    yield f"labels: {count_of(len(result.labels), 'change') if result.labels else 'the same'}"
    for annotator, axis, counter in counts_by_annotator(result.labels):
        yield f"  {annotator}, {axis}: " + ", ".join(f"{n:,} {kind}" for kind, n in counter.items())
    yield f"gold by the rule adjudicated: {count_of(len(result.gold), 'change') if result.gold else 'the same'}"
    for axis, n in Counter(change.axis for change in result.gold).items():
        yield f"  {axis}: {n:,}"
    yield from (
        f"  {g.claim_id}  {g.axis}: {visible(g.old or 'none')} -> {visible(g.new or 'none')}"
        for g in result.gold[:MAX_LISTED]
    )
    if max(len(result.claims), len(result.gold)) > MAX_LISTED:
        yield f"the first {MAX_LISTED} of each kind are listed; --json has all"
    if result.results:
        rows = [["system", "metric", "old", "new", "change", "claims", "gold changed", "no prediction"]]
        for row in result.results:
            new = "-" if row.new is None else format_number(row.new)
            if row.new is not None and row.low is not None and row.high is not None:
                new += f" [{format_number(row.low)}, {format_number(row.high)}]"
            change = "-" if row.new is None or row.old is None else f"{row.new - row.old:+.3f}"
            old = "-" if row.old is None else format_number(row.old)
            counts = [f"{n:,}" for n in (row.n, row.changed, row.unpredicted)]
            rows.append([visible(row.system), row.heading, old, new, change, *counts])
        yield ""
        yield align_columns(rows)
        rules = ", ".join(dict.fromkeys(row.gold_rule for row in result.results))
        yield f"Gold by the rule of the runs: {rules}."
        yield "No model was run: the systems are those that were trained on the old labels."
    yield from result.notes


COMMANDS: tuple[click.Command, ...] = (compare, diff)
