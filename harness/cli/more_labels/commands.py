"""The commands `suspects`, `power`, `curve` and `next`: what labels, and more of them, are worth."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.experiments import as_json, data_root, print_json
from harness.text_tables import align_columns, count_of, format_number, visible

if TYPE_CHECKING:
    from harness.compare.more_labels.articles_needed import PairPlan, PowerPlan
    from harness.compare.more_labels.learning_curve import CurveSet, LearningCurve
    from harness.compare.more_labels.suspects import RankBy, SuspectQueue
    from harness.scoring.next_articles import NextArticles

MAX_LISTED = 20
"""Number of claims or articles that are printed; files and JSON have all."""
ONE_TABLE = 10_000
"""Width of a table whose rows stay whole, because the text of a claim stands below each."""
MAX_TEXT = 100
"""Number of characters of a claim or title that are printed."""
results_argument = click.argument(
    "results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT..."
)
metric_option = click.option("--metric", metavar="NAME", help="Metric, by name or heading; default: the first.")
out_option = click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="File to write, a JSON line per claim."
)


@click.command()
@results_argument
@out_option
@click.option(
    "--system", "systems", multiple=True, metavar="NAME", help="Use this system only; may be repeated; default: all."
)
@click.option(
    "--rank-by",
    type=click.Choice(["margin", "self_confidence"]),
    default="margin",
    show_default=True,
    help="Probability of the gold label minus the highest other one, or that of the gold label alone.",
)
@click.option("--dataset", metavar="DATASET", help="Dataset with the texts; default: that of the results.")
@data_root
@as_json
def suspects(
    results: tuple[Path, ...],
    out: Path | None,
    systems: tuple[str, ...],
    rank_by: RankBy,
    dataset: str | None,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """List labels that are likely wrong.

    Takes the probabilities of systems that were fitted without the claim, and lists each claim that they are confident
    has another label (confident learning). Several systems count by the mean of their probabilities. The file given
    with -o has a line per claim, the most suspect first, and is an order to label in.

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system.
    """
    import harness

    queue = harness.suspects(results, out, systems=systems, rank_by=rank_by, dataset=dataset, root=data_root)
    if as_json:
        print_json(queue.document())
        return
    click.echo("\n".join(_suspect_lines(queue, out)))


def _suspect_lines(queue: SuspectQueue, out: Path | None) -> Iterator[str]:
    if queue.suspects:
        listed = queue.suspects[:MAX_LISTED]
        rows = [["score", "gold", "suggested", "claim", "labeled by"]]
        rows += [
            [
                format_number(row.score),
                visible(row.gold),
                visible(row.suggested),
                row.claim_id,
                visible(", ".join(row.annotators)) or "-",
            ]
            for row in listed
        ]
        *head, body = align_columns(rows, ONE_TABLE).split("\n", 2)
        yield from head
        for line, row in zip(body.splitlines(), listed, strict=True):
            yield line
            yield f"       {visible(row.text)[:MAX_TEXT]}"
        yield ""
    yield (
        f"{queue.dataset}: {count_of(len(queue.suspects), 'suspect')} of {count_of(queue.n, 'claim')}, by "
        f"{', '.join(queue.systems)}; gold rule: {queue.gold_rule}; estimated share of wrong labels: "
        f"{format_number(queue.error_rate)}"
    )
    for pair in queue.pairs:
        kind = f"{visible(pair.gold)}, likely {visible(pair.true)}"
        yield f"  {kind}: {pair.listed:,} listed, {pair.estimated:,.0f} estimated"
    if len(queue.suspects) > MAX_LISTED:
        yield f"the first {MAX_LISTED} are listed; -o FILE and --json have all"
    yield from queue.notes
    if out is not None:
        yield f"written: {out}, an order for harness label DATASET --as NAME --from-scores {out}"


@click.command()
@results_argument
@metric_option
@as_json
def power(results: tuple[Path, ...], metric: str | None, as_json: bool) -> None:
    """Say how many articles it takes until systems can be told apart.

    Takes the present difference of each pair to stay as it is, and its standard error over whole articles to fall with
    the square root of their number. No model is run.

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system.
    """
    import harness

    plan = harness.power(results, metric=metric)
    if as_json:
        print_json(plan.document())
        return
    click.echo("\n".join(_power_lines(plan)))


def _power_lines(plan: PowerPlan) -> Iterator[str]:
    from harness.compare.more_labels.articles_needed import MAX_TIMES, MAX_TIMES_BY_CURVES

    unit = f"{plan.unit}s"
    with_curves = any(pair.by_curves is not None for pair in plan.pairs)
    rows = [["pair", "difference", unit, "interval", "for 80% power", "claims", "by curves", ""]]
    rows += [_power_row(pair) for pair in plan.pairs]
    rows = rows if with_curves else [[*row[:-2], row[-1]] for row in rows]
    yield f"{plan.heading}, now {count_of(plan.n, 'claim')} in {count_of(plan.n_units, plan.unit)}"
    yield ""
    yield align_columns(rows)
    yield ""
    yield (
        f"{unit}: number at which the 95% interval of the present difference, uncorrected, begins to leave out 0; "
        f"interval: 95%, by resampling {unit}; -: more than {MAX_TIMES} times as many as now"
    )
    yield (
        f"for 80% power: number at which it does so in 80% of samples, if the present difference is the true one; "
        f"claims: in {unit} of the present size"
    )
    if with_curves:
        yield (
            f"by curves: number at which it does so if the systems also learn from the {unit}, by their learning "
            f"curves; -: more than {MAX_TIMES_BY_CURVES} times as many as now"
        )
    else:
        yield f"the difference is taken to stay as it is; where more {unit} also train the systems, it may not"
    yield from plan.notes


def _power_row(pair: PairPlan) -> list[str]:
    name = visible(f"{pair.a} - {pair.b}")
    if pair.difference is None or pair.needed is None:
        return [name, "-", "-", "-", "-", "-", "-", visible(pair.verdict)]
    needed = pair.needed
    interval = f"[{_number(needed.low)}, {_number(needed.high)}]"
    numbers = [_number(needed.units), interval, _number(needed.for_power), _number(pair.claims or 0.0)]
    by_curves = "-" if pair.by_curves is None else _number(pair.by_curves)
    return [name, format_number(pair.difference), *numbers, by_curves, pair.verdict]


def _number(value: float) -> str:
    return "-" if value == float("inf") else f"{value:,.0f}"


@click.command()
@results_argument
@metric_option
@as_json
def curve(results: tuple[Path, ...], metric: str | None, as_json: bool) -> None:
    """Say what twice the training claims are expected to bring.

    Reads a run whose config has split.train_share: {each: [0.1, 0.2, 0.35, 0.5, 0.7, 1]}, which fits each system to
    nested shares of the training claims in whole articles, and puts a power law through the values. No model is run.

    A RESULT is a result folder, or a run folder (runs/NAME), which stands for the current result of each system.
    """
    import harness

    curves = harness.curve(results, metric=metric)
    if as_json:
        print_json(curves.document())
        return
    click.echo("\n".join(_curve_lines(curves)))


def _curve_lines(curves: CurveSet) -> Iterator[str]:
    from harness.runner.tables import format_value

    rows = [["system", "share", curves.heading, "power law"]]
    for curve_ in curves.curves:
        rows += [
            [
                visible(curve_.system),
                f"{point.share:g}",
                format_value(point.value),
                "-" if point.law is None else format_number(point.law),
            ]
            for point in curve_.points
        ]
    yield align_columns(rows)
    yield ""
    yield from (_gain_line(curve_) for curve_ in curves.curves)
    yield f"over {count_of(curves.n, 'claim')} in {count_of(curves.n_units, curves.unit)}"
    yield from curves.notes


def _gain_line(curve_: LearningCurve) -> str:
    if curve_.law is None:
        return f"{visible(curve_.system)}: twice the training claims: {curve_.verdict}"
    law = curve_.law
    interval = f"{law.gain:+.3f} [{law.low:+.3f}, {law.high:+.3f}]"
    return f"{visible(curve_.system)}: twice the training claims: {interval}, {curve_.verdict}"


@click.command("next")
@click.argument("dataset")
@click.option("--system", required=True, metavar="MODEL", help="Saved model, or the folder of its run.")
@out_option
@click.option("-n", "n", type=click.IntRange(min=1), help="Number of articles; default: all.")
@click.option(
    "--distance-weight",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Weight of how unlike labeled articles an article is; the rest is that of what the model is unsure of.",
)
@data_root
@as_json
def next_(
    dataset: str,
    system: str,
    out: Path | None,
    n: int | None,
    distance_weight: float,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Say which articles to label next.

    Ranks the articles with claims that have no label: those first that a saved model is unsure of, and that no labeled
    article is like. The file given with -o has a line per claim, in the order of the articles, and is an order to label
    in.
    """
    import harness

    result = harness.next_articles(dataset, system, out, n=n, distance_weight=distance_weight, root=data_root)
    if as_json:
        print_json(result.document())
        return
    click.echo("\n".join(_next_lines(result, out)))


def _next_lines(result: NextArticles, out: Path | None) -> Iterator[str]:
    rows = [["score", "unsure", "distance", "claims", "article", "title"]]
    rows += [
        [
            *(format_number(number) for number in (article.score, article.uncertainty, article.distance)),
            f"{len(article.claims):,}",
            article.article_id,
            visible(article.title)[:MAX_TEXT],
        ]
        for article in result.articles[:MAX_LISTED]
    ]
    yield align_columns(rows)
    yield ""
    yield (
        f"{result.dataset}: {count_of(result.without, 'article')} with claims without a label"
        f"{f' on {result.axis}' if result.axis else ''}, {count_of(result.labeled, 'article')} with labels"
    )
    if len(result.articles) > MAX_LISTED:
        yield f"the first {MAX_LISTED} are listed; -o FILE and --json have all"
    if out is not None:
        yield f"written: {out}, an order for harness label {shlex.quote(result.dataset)} --as NAME --from-scores {out}"


COMMANDS: tuple[click.Command, ...] = (suspects, power, curve, next_)
