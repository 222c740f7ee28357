"""What a report shows of evidence: the passages of each claim, errors against coverage, and recall against depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from harness.arrays import Floats
from harness.errors import HarnessError, Undefined
from harness.metrics.verification.risk_coverage import risk_coverage
from harness.report.curves import Curve
from harness.report.figures import Figure, Grid
from harness.report.report_data import ReportData, ReportedSystem, first_seed_column
from harness.report.svg import Frame, Line, line_chart
from harness.runner.splitting.joined_datasets import join_datasets
from harness.runner.verification.shown_evidence import open_corpus_of
from harness.text_tables import format_number

MAX_SHOWN = 10
"""Maximum number of passages per claim and system that the error browser shows."""
COVERAGES = (0.1, 0.25, 0.5, 0.75, 1.0)
DEPTHS = (1, 3, 5, 10, 20, 50, 100)


def passage_texts(data: ReportData) -> dict[str, str]:
    """The text of each passage by id, of the gold evidence and of the corpus, as far as they can be opened."""
    datasets, config = data.context.datasets, data.context.experiment
    if not datasets or not any("gold_evidence" in subject.entry.columns for subject in data.subjects):
        return {}
    texts = {(one.passage_id or one.evidence_id): one.text for dataset in datasets for one in dataset.evidence}
    try:
        corpus = open_corpus_of(join_datasets(datasets), config.corpus, None)
    except (HarnessError, OSError):
        return texts  # the report shows the ids of other passages
    return texts | {passage.passage_id: passage.text for passage in corpus.passages}


def shown_passages(
    subject: ReportedSystem, texts: Mapping[str, str], add: Callable[[str], int]
) -> list[list[int]] | None:
    """For each claim the passages that a system was shown, as pairs of numbers of texts: id and text.

    Args:
        subject: the system.
        texts: text of each passage by id.
        add: gives the number of a text.
    Returns: a flat list per claim; None if the system is shown no passages.
    """
    if "evidence" not in subject.entry.columns:
        return None
    return [
        [number for name in list(names)[:MAX_SHOWN] for number in (add(name), add(texts.get(name, "")))]
        for names in first_seed_column(subject.entry, "evidence")
    ]


def gold_passages(
    data: ReportData, texts: Mapping[str, str], add: Callable[[str], int]
) -> list[list[list[int]]] | None:
    """For each claim its groups of gold passages, each as pairs of numbers of texts: id and text."""
    entry = data.subjects[0].entry
    if "gold_evidence" not in entry.columns:
        return None
    return [
        [[number for name in group for number in (add(name), add(texts.get(name, "")))] for group in groups]
        for groups in first_seed_column(entry, "gold_evidence")
    ]


def verification_figures(data: ReportData) -> list[Figure]:
    """Errors against coverage for verdicts, recall against depth for evidence; none for other tasks."""
    task = data.table.entries[0].result.task
    if task == "verdict":
        return _figure(_coverage_frame(), "Lower is better.", COVERAGES, _risk_lines(data))
    if task == "evidence":
        return _figure(_depth_frame(), "A gold passage that is not returned is not found.", DEPTHS, _depth_lines(data))
    return []


def _figure(frame: Frame, caption: str, places: Iterable[float], lines: list[Line]) -> list[Figure]:
    if not lines:
        return []
    at: Floats = np.array(tuple(places), dtype=np.float64)
    head = ("system", *(f"{frame.x_label.split(',')[0]} {place:g}" for place in at))
    rows = tuple((line.name, *(format_number(value) for value in line.curve.at(at))) for line in lines)
    grid = Grid(f"{frame.title}: {frame.y_label} at", head, rows)
    return [Figure(frame.title, caption, line_chart(frame, lines), grid)]


def _coverage_frame() -> Frame:
    return Frame(
        "Errors against coverage",
        "Share of wrong verdicts among the claims that a system answers, against the share that it answers, the surest "
        "first; one line per system.",
        "share of claims answered, surest first",
        "share of wrong verdicts",
    )


def _risk_lines(data: ReportData) -> list[Line]:
    lines = list[Line]()
    for subject in data.subjects:
        try:
            curve = risk_coverage(data.table.gold, subject.entry.runs[0])
        except Undefined:
            continue
        lines.append(Line(subject.key, subject.name, Curve(curve.coverage, curve.risk)))
    return lines


def _depth_frame() -> Frame:
    return Frame(
        "Recall against depth",
        "Mean share of a claim's gold passages among the first passages, against their number, one line per system.",
        "passages read per claim",
        "share of gold passages found",
        x=(0.0, float(max(DEPTHS))),
    )


def _depth_lines(data: ReportData) -> list[Line]:
    lines = list[Line]()
    for subject in data.subjects:
        columns = (first_seed_column(subject.entry, name) for name in ("evidence", "gold_evidence"))
        curves = [_recalls(*pair) for pair in zip(*columns, strict=True) if len(pair[1])]
        depth = np.arange(max(DEPTHS) + 1, dtype=np.float64)
        lines.append(Line(subject.key, subject.name, Curve(depth, np.mean(curves, axis=0))))
    return lines


def _recalls(names: Any, groups: Any) -> Floats:
    """The recall among the first 0, 1, 2, ... passages."""
    gold = {name for group in groups for name in group}
    hits = np.zeros(max(DEPTHS) + 1)
    for rank, name in enumerate(list(names)[: max(DEPTHS)], start=1):
        hits[rank] = name in gold
    recalls: Floats = np.cumsum(hits) / len(gold)
    return recalls
