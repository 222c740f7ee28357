"""Foreign file formats: one file each, gold and submission readers together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from harness.data.formats import (
    averitec_json,
    checkthat_debates,
    checkthat_verdicts,
    claimbuster_csv,
    claimrank_tsv,
    climate_fever_jsonl,
    fever_jsonl,
    labelled_json,
    labelled_table,
    newsclaims_json,
    policlaim_xlsx,
    scifact_jsonl,
)
from harness.data.formats.source import SourceArticle, SourceFile

Reader = Callable[[SourceFile], list[SourceArticle]]


class Submission(NamedTuple):
    """How a benchmark's gold and submission files are read for its official scorer."""

    read_gold: Callable[[Path, bytes], Mapping[str, bool]]
    """Path (for messages) and bytes of a gold file to id and whether it is positive, in the file's order."""
    read_scores: Callable[[Path, bytes], Mapping[str, float]]
    """Path and bytes of a submission to id and score, in the file's order."""


READERS: dict[str, Reader] = {
    "averitec_json": averitec_json.read_articles,
    "checkthat_debates": checkthat_debates.read_articles,
    "checkthat_verdicts": checkthat_verdicts.read_articles,
    "claimbuster_csv": claimbuster_csv.read_articles,
    "claimrank_tsv": claimrank_tsv.read_articles,
    "climate_fever_jsonl": climate_fever_jsonl.read_articles,
    "fever_jsonl": fever_jsonl.read_articles,
    "labelled_json": labelled_json.read_articles,
    "labelled_table": labelled_table.read_articles,
    "newsclaims_json": newsclaims_json.read_articles,
    "policlaim_xlsx": policlaim_xlsx.read_articles,
    "scifact_jsonl": scifact_jsonl.read_articles,
}
"""Format name to the reader of one publisher's file."""

SUBMISSIONS: dict[str, Submission] = {
    "checkthat_debates": Submission(checkthat_debates.read_gold, checkthat_debates.read_scores),
}
"""Format name to the readers that official scoring needs."""
