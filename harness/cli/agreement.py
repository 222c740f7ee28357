"""agreement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.experiments import as_json, data_root, print_json

if TYPE_CHECKING:
    from harness.data.labels.agreement import Agreement, AgreementValue, AxisAgreement

HEADINGS = {
    "raw_agreement": "raw",
    "cohen_kappa": "Cohen's kappa",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
}
MAX_LISTED = 12
"""Annotators whose labels are counted line by line; of more, the number is said."""


@click.command()
@click.argument("dataset", metavar="DATASET_DIR")
@data_root
@as_json
def agreement(dataset: str, data_root: Path | None, as_json: bool) -> None:
    """How far the annotators of a dataset agree, axis by axis, with 95 percent intervals.

    Intervals are from 1,000 resamples of whole articles.
    """
    import harness

    found = harness.agreement(dataset, root=data_root)
    if as_json:
        print_json(found.document())
    else:
        click.echo(_shown(found))


def _shown(found: Agreement) -> str:
    from harness.text_tables import align_columns

    if not found.axes:
        annotators = sorted(set(found.alone.values()))
        return f"{found.dataset}: no axis has labels by two annotators ({', '.join(annotators) or 'no labels at all'})"
    rows = [["axis", "n", *HEADINGS.values()]]
    for axis in found.axes:
        values = [axis.measures[name] for name in HEADINGS]
        rows.append([axis.name, str(values[0].n), *(_cell(value) for value in values)])
    parts = [align_columns(rows)]
    said: dict[str, list[str]] = {}
    for axis in found.axes:
        for name, value in axis.measures.items():
            for text in (value.reason, value.note):
                if text:
                    said.setdefault(text, []).append(f"{axis.name} {HEADINGS[name]}")
    lines = ["n: claims with two labels or more; [95 percent interval]: 1,000 resamples of articles, seed 13, bca"]
    lines += [f"{', '.join(where)}: {text}" for text, where in said.items()]
    lines += [f"{name}: labels by {annotator} alone" for name, annotator in found.alone.items()]
    parts.append("\n".join(lines))
    parts += [_labels_of(axis) for axis in found.axes]
    return "\n\n".join(parts)


def _cell(value: AgreementValue) -> str:
    from harness.text_tables import format_number

    if value.value is None:
        return "-"
    if value.low is None or value.high is None:
        return format_number(value.value)
    return f"{format_number(value.value)} [{format_number(value.low)}, {format_number(value.high)}]"


def _labels_of(axis: AxisAgreement) -> str:
    """The labels of each annotator, and for two of them who said what."""
    from harness.text_tables import align_columns

    twice = f" ({axis.twice} labels by an annotator who gave a later one)" if axis.twice else ""
    if len(axis.annotators) > MAX_LISTED:
        total = axis.counts.sum(axis=0)
        counted = ", ".join(f"{label} {count:,}" for label, count in zip(axis.labels, total, strict=True))
        return f"{axis.name}: {len(axis.annotators)} annotators, labels: {counted}{twice}"
    rows = [[f"{axis.name}: claims{twice}", *axis.labels]]
    rows += [[who, *map(str, counts)] for who, counts in zip(axis.annotators, axis.counts.tolist(), strict=True)]
    text = align_columns(rows)
    if axis.confusion is None:
        return text
    first, second = axis.annotators
    table = [[f"{axis.name}: {first} (rows) against {second}", *axis.labels]]
    table += [[label, *map(str, row)] for label, row in zip(axis.labels, axis.confusion.tolist(), strict=True)]
    return f"{text}\n\n{align_columns(table)}"


COMMANDS: tuple[click.Command, ...] = (agreement,)
