"""The command `harness agreement`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.experiments import as_json, data_root, print_json

if TYPE_CHECKING:
    from harness.data.labels.agreement import Agreement, AgreementValue, AxisAgreement

COLUMN_TITLES = {
    "raw_agreement": "raw",
    "cohen_kappa": "Cohen's kappa",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
}
MAX_LISTED = 12
"""Maximum number of annotators whose labels are counted one line each; beyond it, only totals are shown."""


@click.command()
@click.argument("dataset", metavar="DATASET_DIR")
@data_root
@as_json
def agreement(dataset: str, data_root: Path | None, as_json: bool) -> None:
    """Measure the agreement of annotators.

    One table per axis of the scheme, with 95% confidence intervals.

    Intervals come from BCa bootstrap resamples of whole articles; with one article there are none.
    """
    import harness

    result = harness.agreement(dataset, root=data_root)
    if as_json:
        print_json(result.document())
    else:
        click.echo(_format_agreement(result))


def _format_agreement(result: Agreement) -> str:
    from harness.text_tables import align_columns

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
    notes = ["n: claims with two or more labels"]
    if interval_line := result.interval_line():
        notes[0] += f"; {interval_line}"
    notes += [f"{', '.join(columns)}: {note}" for note, columns in columns_by_note.items()]
    notes += [f"{name}: labeled only by {annotator}" for name, annotator in result.alone.items()]
    return "\n\n".join([align_columns(rows), "\n".join(notes), *map(_format_labels, result.axes)])


def _format_value(value: AgreementValue) -> str:
    from harness.text_tables import format_number

    if value.value is None:
        return "-"
    if value.low is None or value.high is None:
        return format_number(value.value)
    return f"{format_number(value.value)} [{format_number(value.low)}, {format_number(value.high)}]"


def _format_labels(axis: AxisAgreement) -> str:
    """Label counts per annotator and, for two annotators, the confusion matrix."""
    from harness.text_tables import align_columns

    replaced = f" ({axis.twice} labels that the same annotator replaced later)" if axis.twice else ""
    if len(axis.annotators) > MAX_LISTED:
        total = axis.counts.sum(axis=0)
        counts = ", ".join(f"{label} {count:,}" for label, count in zip(axis.labels, total, strict=True))
        return f"{axis.name}: {len(axis.annotators)} annotators, labels: {counts}{replaced}"
    rows = [[f"{axis.name}: claims{replaced}", *axis.labels]]
    rows += [[name, *map(str, row)] for name, row in zip(axis.annotators, axis.counts.tolist(), strict=True)]
    counts_table = align_columns(rows)
    if axis.confusion is None:
        return counts_table
    first, second = axis.annotators
    rows = [[f"{axis.name}: {first} (rows), {second} (columns)", *axis.labels]]
    rows += [[label, *map(str, row)] for label, row in zip(axis.labels, axis.confusion.tolist(), strict=True)]
    return f"{counts_table}\n\n{align_columns(rows)}"


COMMANDS: tuple[click.Command, ...] = (agreement,)
