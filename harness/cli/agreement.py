"""The commands `harness agreement` and `harness gold`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.data import pairs_of
from harness.cli.experiments import as_json, data_root, print_json
from harness.text_tables import align_columns, count_of, format_number, visible

if TYPE_CHECKING:
    from harness.data.labels.agreement import Agreement, AxisAgreement
    from harness.data.labels.agreement_values import AgreementValue
    from harness.data.labels.gold_of import AxisGold

COLUMN_TITLES = {
    "raw_agreement": "raw",
    "cohen_kappa": "Cohen's kappa",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
}
MAX_NAMED = 5
"""Maximum number of annotators who are named beside a claim that splits them."""
MAX_LISTED = 12
"""Maximum number of annotators whose labels are counted one line each; beyond it, only totals are shown."""


def _table_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say how to read a file of ratings."""
    for option in (
        click.option("--sheet", metavar="NAME", help="FILE: sheet of an .xlsx file; default: the first."),
        click.option("--encoding", metavar="NAME", help="FILE: encoding; default: detected."),
        click.option("--delimiter", metavar="NAME", help="FILE: delimiter; default: detected."),
        click.option(
            "--no-header", is_flag=True, help="FILE: the first row names no columns; they are called 1, 2, 3, ..."
        ),
        click.option(
            "--annotator",
            "annotators",
            multiple=True,
            metavar="COLUMN",
            help="FILE with one item a row: column of an annotator. May be repeated; default: all that hold nothing "
            "else.",
        ),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="FILE: column of a field (item, annotator, label, at, article). May be repeated.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("dataset", metavar="DATASET|FILE")
@_table_options
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="FILE: label that annotators could choose. May be repeated; default: those of the file.",
)
@data_root
@as_json
def agreement(
    dataset: str,
    columns: tuple[str, ...],
    annotators: tuple[str, ...],
    labels: tuple[str, ...],
    no_header: bool,
    data_root: Path | None,
    as_json: bool,
    **table: str | None,
) -> None:
    """Measure the agreement of annotators.

    One table per axis of the scheme, with 95% confidence intervals; then pairs of annotators, the claims that split
    them, agreement over time, how far they repeat their own answers, and how far they agree with what was suggested.

    Of a dataset, or of a FILE of ratings (.csv, .tsv, .txt, .xlsx, .jsonl): one rating a row with the columns item,
    annotator and label, or one item a row and one annotator a column.

    Intervals come from BCa bootstrap resamples of whole articles; with one article there are none. In a file without
    articles, items are resampled.
    """
    import harness

    result = harness.agreement(
        dataset,
        root=data_root,
        columns=pairs_of("--column", "FIELD=COLUMN", columns),
        annotators=annotators,
        labels=labels,
        header=not no_header,
        **table,
    )
    if as_json:
        print_json(result.document())
    else:
        click.echo(_format_agreement(result))


@click.command()
@click.argument("dataset", metavar="DATASET|FILE")
@click.option(
    "--rule",
    default="adjudicated",
    show_default=True,
    help="Gold rule: adjudicated, majority, single, single:NAME, dawid_skene, mace; mace:0.9 decides only what has at "
    "least that probability.",
)
@click.option("--scheme", help="Label scheme; default: all schemes of the dataset.")
@_table_options
@data_root
@as_json
def gold(
    dataset: str,
    rule: str,
    scheme: str | None,
    columns: tuple[str, ...],
    annotators: tuple[str, ...],
    no_header: bool,
    data_root: Path | None,
    as_json: bool,
    **table: str | None,
) -> None:
    """Make gold labels of several annotators' labels.

    Shows how many claims a rule decides, and lists those that it does not: a rule never guesses. A config names the
    rule with the key gold. With --json, all gold labels, with the probability of each label (soft labels).

    Of a dataset, or of a FILE of ratings, as in harness agreement.
    """
    import harness

    result = harness.gold(
        dataset,
        rule,
        scheme=scheme,
        root=data_root,
        columns=pairs_of("--column", "FIELD=COLUMN", columns),
        annotators=annotators,
        header=not no_header,
        **table,
    )
    if as_json:
        print_json(result.document())
        return
    if not result.axes:
        click.echo(f"{result.dataset}: has no labels")
    click.echo("\n\n".join([*(_format_gold(axis, result.item) for axis in result.axes), *result.notes]))


def _format_gold(axis: AxisGold, item: str) -> str:
    counts = Counter(axis.labels.values())
    n = len(axis.labels) + len(axis.undecided)
    rows = [[f"{visible(axis.name)}: gold label", f"{item}s"]]
    rows += [[visible(label), f"{count:,}"] for label, count in sorted(counts.items())]
    rows += [["undecided", f"{len(axis.undecided):,} of {n:,}"]]
    tables = [rows]
    if axis.undecided:
        shown = axis.undecided[:MAX_LISTED]
        listed = [[visible(claim), _soft_label(axis.probabilities.get(claim, {}))] for claim in shown]
        left = len(axis.undecided) - len(shown)
        listed += [[f"and {left:,} more (--json lists all)", ""]] if left else []
        tables.append([["undecided", "soft label"], *listed])
    if axis.reliability:
        ranked = sorted(axis.reliability.items(), key=lambda item: (-item[1], item[0]))
        title = "annotator"
        if len(ranked) > MAX_LISTED:
            title = f"annotator (the {MAX_LISTED // 2} most and least reliable of {len(ranked):,})"
            ranked = [*ranked[: MAX_LISTED // 2], *ranked[-MAX_LISTED // 2 :]]
        tables.append([[title, "reliability"], *([visible(who), format_number(value)] for who, value in ranked)])
    return "\n\n".join([*map(align_columns, tables), *(f"{visible(axis.name)}: {note}" for note in axis.notes)])


def _soft_label(probabilities: Mapping[str, float]) -> str:
    ranked = sorted(probabilities.items(), key=lambda item: (-item[1], item[0]))
    return visible(", ".join(f"{label} {format_number(value)}" for label, value in ranked)) or "no label"


def _format_agreement(result: Agreement) -> str:
    if not result.axes:
        annotators = ", ".join(sorted(set(result.alone.values()))) or "none"
        return f"{result.dataset}: agreement requires an axis with labels by two annotators. Annotators: {annotators}"
    rows = [["axis", "n", *COLUMN_TITLES.values()]]
    for axis in result.axes:
        values = [axis.measures[name] for name in COLUMN_TITLES]
        rows.append([axis.name, str(values[0].n), *(_format_value(value) for value in values)])
    # Equal notes of several values are printed once, with the values they concern.
    columns_by_note: dict[str, list[str]] = {}
    for axis in result.axes:
        for name, value in axis.measures.items():
            for note in (value.reason, value.note):
                if note:
                    columns_by_note.setdefault(note, []).append(f"{axis.name} {COLUMN_TITLES[name]}")
    notes = [f"n: {result.item}s with two or more labels"]
    if interval_line := result.interval_line():
        notes[0] += f"; {interval_line}"
    notes += [f"{', '.join(columns)}: {note}" for note, columns in columns_by_note.items()]
    notes += [f"{name}: labeled only by {annotator}" for name, annotator in result.alone.items()]
    notes += result.notes
    parts = [align_columns(rows), "\n".join(notes)]
    for axis in result.axes:
        parts += [_format_labels(axis, result.item), *_format_details(axis, result.item)]
    return "\n\n".join(parts)


def _format_details(axis: AxisAgreement, item: str) -> list[str]:
    """Pairs of annotators, claims that split them, agreement over time, and repeats; what is empty is left out."""
    details = axis.details
    if details is None:
        return []
    name = visible(axis.name)
    tables = []
    if len(axis.annotators) > 2 and details.pairs:
        rows = [[visible(pair.first), visible(pair.second), *_cells(pair.measures)] for pair in details.pairs]
        tables.append([[f"{name}: pairs", "", *_titles(details.pairs[0].measures)], *rows])
    if details.splits:
        shown = details.splits[:MAX_LISTED]
        rows = [[visible(split.claim_id), _counts_of(split.labels)] for split in shown]
        title = f"{name}: {count_of(len(details.splits), item)} that split annotators"
        left = len(details.splits) - len(shown)
        rows += [[f"and {left:,} more (--json lists all)", ""]] if left else []
        tables.append([[title, "labels"], *rows])
    if details.drift.periods and details.drift.change is not None:
        periods = details.drift.periods
        rows = [[_minute(period.start), _minute(period.end), *_cells(period.measures)] for period in periods]
        change = ["last less first", "", "", _format_value(details.drift.change), ""]
        tables.append([[f"{name}: from", "to", *_titles(periods[0].measures)], *rows, change])
    for title, measured in (("answered twice", details.consistency), ("agrees with suggestions", details.suggestions)):
        rows = [[visible(one.annotator), *_cells(one.measures)] for one in measured[:MAX_LISTED]]
        left = len(measured) - len(rows)
        rows += [[f"and {left:,} more (--json lists all)", "", "", ""]] if left else []
        if rows:
            tables.append([[f"{name}: {title}", *_titles(measured[0].measures)], *rows])
    return [align_columns(table) for table in tables]


def _minute(time: str) -> str:
    """Returns a time in ISO 8601 to the minute."""
    return time[:16].replace("T", " ")


def _titles(measures: Mapping[str, AgreementValue]) -> list[str]:
    return ["n", *(COLUMN_TITLES[name] for name in measures)]


def _cells(measures: Mapping[str, AgreementValue]) -> list[str]:
    """Number of claims and values of a row."""
    values = list(measures.values())
    return [f"{values[0].n:,}", *map(_format_value, values)]


def _counts_of(labels: Mapping[str, str]) -> str:
    """Who gave which label; how many, if they are many."""
    if len(labels) <= MAX_NAMED:
        return visible("; ".join(f"{who}: {label}" for who, label in labels.items()))
    return visible(", ".join(f"{label}: {n}" for label, n in Counter(labels.values()).most_common()))


def _format_value(value: AgreementValue) -> str:
    if value.value is None:
        return "-"
    if value.low is None or value.high is None:
        return format_number(value.value)
    return f"{format_number(value.value)} [{format_number(value.low)}, {format_number(value.high)}]"


def _format_labels(axis: AxisAgreement, item: str) -> str:
    """Label counts per annotator and, for two annotators, the confusion matrix."""
    replaced = f" ({axis.twice} labels that the same annotator replaced later)" if axis.twice else ""
    if len(axis.annotators) > MAX_LISTED:
        total = axis.counts.sum(axis=0)
        counts = ", ".join(f"{label} {count:,}" for label, count in zip(axis.labels, total, strict=True))
        return f"{axis.name}: {len(axis.annotators)} annotators, labels: {counts}{replaced}"
    rows = [[f"{axis.name}: {item}s{replaced}", *axis.labels]]
    rows += [[name, *map(str, row)] for name, row in zip(axis.annotators, axis.counts.tolist(), strict=True)]
    counts_table = align_columns(rows)
    if axis.confusion is None:
        return counts_table
    first, second = axis.annotators
    rows = [[f"{axis.name}: {first} (rows), {second} (columns)", *axis.labels]]
    rows += [[label, *map(str, row)] for label, row in zip(axis.labels, axis.confusion.tolist(), strict=True)]
    return f"{counts_table}\n\n{align_columns(rows)}"


COMMANDS: tuple[click.Command, ...] = (agreement, gold)
