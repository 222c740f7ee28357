"""The command `assign`: who labels which claims."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.experiments import MultiValueCommand, as_json, data_root, print_json
from harness.text_tables import align_columns, count_of

if TYPE_CHECKING:
    from harness.annotate.assign import AssignResult


class Share(click.ParamType[float]):
    """A share, as a percentage or a number: `5%`, `0.05`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Returns the share as a number."""
        text = str(value).strip()
        try:
            return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"expected a share such as 5% or 0.05, got '{value}'", param, ctx)


@click.command(cls=MultiValueCommand)
@click.argument("dataset")
@click.option("--annotators", multiple=True, metavar="NAME...", help="Roles or handles of the annotators.")
@click.option("--overlap", type=int, metavar="N", help="Number of annotators of each claim; default: 1.")
@click.option(
    "--by",
    type=click.Choice(["claim", "article"]),
    help="article: the claims of an article go to the same annotators; default: claim.",
)
@click.option(
    "--order",
    metavar="NAME",
    help="Order of the questions: sequential (default), random, by-article, uncertainty, disagreement or diversity.",
)
@click.option("--scores", multiple=True, metavar="FILE...", help="What systems say, for uncertainty and disagreement.")
@click.option(
    "--repeats",
    type=Share(),
    metavar="SHARE",
    help="Share of the claims of each annotator that are asked again, without saying so, such as 5%.",
)
@click.option("--articles", multiple=True, metavar="ID...", help="Claims of these articles only; default: all.")
@click.option("--first", type=int, metavar="N", help="Only the first N claims of the order; default: all.")
@click.option(
    "--drop", multiple=True, metavar="NAME...", help="Take back from these annotators what they have not labeled yet."
)
@click.option("--seed", type=int, help="Seed of all that is random; default: 0.")
@click.option("--status", is_flag=True, help="Show how far each annotator is, and assign nothing.")
@click.option("--scheme", help="--status: label scheme whose axes count; default: the first scheme of the dataset.")
@data_root
@as_json
def assign(
    dataset: str,
    annotators: tuple[str, ...],
    scores: tuple[str, ...],
    articles: tuple[str, ...],
    drop: tuple[str, ...],
    status: bool,
    scheme: str | None,
    data_root: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Assign claims to annotators.

    Each claim goes to --overlap of them, as many to each as to any other; harness label then asks each about their own
    claims only. The files (assignments/NAME.jsonl) belong into git. What is assigned stays: after new claims, the same
    command assigns these. --articles and --first assign a part.

    --drop takes back claims that have no label of the annotator yet, and leaves every label as it is.
    """
    import harness

    given = {name: value for name, value in options.items() if value is not None}
    if status and (annotators or scores or given or articles or drop):
        raise click.UsageError("--status assigns nothing; leave the other options out")
    if drop and (annotators or scores or given):
        raise click.UsageError("--drop assigns nothing; leave the other options but --articles out")
    if not (status or drop or annotators):
        raise click.UsageError("give --annotators NAME..., --drop NAME..., or --status")
    if not status and scheme is not None:
        raise click.UsageError("--scheme belongs to --status")
    if status:
        result = harness.assignments(dataset, scheme=scheme, root=data_root)
    elif drop:
        result = harness.unassign(dataset, drop, articles=articles, root=data_root)
    else:
        result = harness.assign(dataset, annotators, scores=scores, articles=articles, root=data_root, **given)
    if as_json:
        print_json(result.document())
        return
    click.echo(_format(result, dataset, annotators))


def _format(result: AssignResult, dataset: str, annotators: tuple[str, ...]) -> str:
    dropped = [f"taken back from {name}: {count_of(n, 'claim')}" for name, n in result.dropped.items()]
    if not result.progress:
        return "\n".join([*dropped, f"{result.folder}: nothing is assigned; assign claims with --annotators NAME..."])
    rows = [["annotator", *(["new"] if annotators else []), "claims", "labeled", "repeats", "repeated"]]
    for one in result.progress:
        new = [f"{result.added.get(one.annotator, 0):,}"] if annotators else []
        counts = (one.assigned, one.labeled, one.repeats, one.repeated)
        rows.append([one.annotator, *new, *(f"{count:,}" for count in counts)])
    lines = [align_columns(rows), *dropped]
    if result.unassigned:
        lines.append(f"assigned to nobody: {count_of(result.unassigned, 'claim')}")
    if annotators:
        lines.append(f"{result.folder}: commit these files; each annotator then runs")
        lines.append(f"  harness label {shlex.quote(dataset)} --as NAME")
    if dropped:
        lines.append(f"{result.folder}: commit these files; harness assign gives the claims to others")
    lines += result.notes
    return "\n".join(lines)


COMMANDS: tuple[click.Command, ...] = (assign,)
