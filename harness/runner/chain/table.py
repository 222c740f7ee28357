"""The table of a chain: its verdicts by where it starts, and what each stage loses."""

from __future__ import annotations

import html
from collections.abc import Sequence

from harness.runner.chain.losses import FROM_CLAIMS, WHOLE, ByText, ChainLosses, Estimate
from harness.runner.tables import format_value
from harness.text_tables import align_columns, count_of, format_number, html_table

LOSSES = {"detection": "S1 - S0", "retrieval": "S2 - S1", "judging": "1 - S2", "together": "1 - S0"}
"""How the loss of each stage is computed."""


def chain_table(losses: ChainLosses) -> str:
    """A chain as plain text: a title line, the rows with intervals, the losses, notes and warnings."""
    parts = [_title(losses), align_columns(_rows(losses)), align_columns(_loss_rows(losses))]
    if losses.by_text is not None:
        parts.append(align_columns(_by_text_rows(losses.by_text)))
    return "\n\n".join(parts) + "\n\n" + "\n".join(_notes(losses))


def chain_html(losses: ChainLosses) -> str:
    """`chain_table` as HTML, for notebooks."""
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in _notes(losses))
    tables = [html_table(_rows(losses), _title(losses)), html_table(_loss_rows(losses), "Lost by each stage")]
    if losses.by_text is not None:
        tables.append(html_table(_by_text_rows(losses.by_text), "Statements or texts"))
    return "\n".join([*tables, f"<ul>{notes}</ul>"])


def _title(losses: ChainLosses) -> str:
    stages = " · ".join(f"{stage}: {system}" for stage, system in losses.stages.items())
    return (
        f"{losses.experiment} · {count_of(losses.n_claims, 'gold claim')} in {losses.n_articles:,} articles · {stages}"
    )


def _rows(losses: ChainLosses) -> list[list[str]]:
    rows = [["start", "macro F1", "beyond gold per article", "precision"]]
    for name, row in losses.rows.items():
        beyond = [_estimate(row.beyond.per_article), _estimate(row.beyond.precision)]
        rows.append([f"{name}: {row.start}", format_value(row.value), *beyond])
    return rows


def _loss_rows(losses: ChainLosses) -> list[list[str]]:
    rows = [["lost by", "", "macro F1"]]
    if WHOLE in losses.rows:
        return rows + [[stage, LOSSES[stage], _estimate(loss)] for stage, loss in losses.losses.items()]
    rows.append(["detection", "", "not measured"])
    formulas = LOSSES | {"together": f"1 - {FROM_CLAIMS}"}
    return rows + [[stage, formulas[stage], _estimate(loss)] for stage, loss in losses.losses.items()]


def _by_text_rows(by_text: ByText) -> list[list[str]]:
    return [
        ["passages looked for by", "", "macro F1"],
        ["text of the claim", f"{by_text.start} without statements", format_value(by_text.value)],
        ["gained by statements", f"{by_text.start} - that", _estimate(by_text.gain)],
    ]


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    text = format_number(estimate.value)
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{format_number(estimate.low)}, {format_number(estimate.high)}]"


def _notes(losses: ChainLosses) -> Sequence[str]:
    return [
        *_notes_of_detection(losses),
        "the judge is fitted to the kind of evidence that it is shown in each row: found passages, or gold evidence",
        "intervals: 95 percent, over articles; losses are paired over articles",
        *losses.notes,
        *([] if losses.normalized is None else losses.normalized.lines()),
        *(f"warning: {warning}" for warning in losses.warnings),
    ]


def _notes_of_detection(losses: ChainLosses) -> list[str]:
    if WHOLE not in losses.rows:
        return [
            "not measured: detection, S0 (the whole chain) and claims beyond gold, because claims are given (detect: "
            "gold); what all stages lose together is more than is shown"
        ]
    beyond = losses.rows[WHOLE].beyond.claims
    return [
        f"gold claims are the claims with a gold verdict; {losses.n_found:,} of {losses.n_claims:,} are detected, and "
        "the others count as wrong",
        f"beyond gold: {count_of(beyond, 'detected sentence')} that no gold claim matches (.5 of the characters); most "
        "datasets have verdicts on some of their claims only, so that not each of them is an error",
    ]
