"""The claims of a fetched benchmark as its submissions name them: by file and by the publisher's id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.article_file import article_id_of
from harness.data.benchmarks.benchmark import Benchmark
from harness.data.dataset import Dataset
from harness.records import Claim

BY_FILE = ("debate_scores", "sentence_labels")
"""Submission formats with one file per file of the publisher, in which the id of a claim is its number, from 1."""
SPREADSHEET_ID = re.compile(r"([0-9])([.-])([0-9]+)E-([0-9]+)")
"""The safe name of an id that a spreadsheet rounded before publication (`1.24105E+18`, `1,57811E+18`)."""


class SubmissionClaim(NamedTuple):
    """A claim that a submission has a line for."""

    id: str
    """Id of the claim in the publisher's files; those of a file may repeat."""
    claim: Claim


def is_by_file(benchmark: Benchmark) -> bool:
    """Whether submissions have one file per file of the publisher, with its name; else one per official part."""
    return benchmark.official is not None and benchmark.official.submission in BY_FILE


def submission_claims(benchmark: Benchmark, dataset: Dataset) -> dict[str, list[SubmissionClaim]]:
    """The files of a submission to every part of a benchmark: name to claims, in the order of the publisher's file.

    Args:
        benchmark: definition of the benchmark.
        dataset: the benchmark as fetched.
    """
    article_ids = {article.article_id for article in dataset.articles}
    parts = dataset.splits["official"]
    published_names = _published_file_names(benchmark)
    by_file = is_by_file(benchmark)
    files = dict[str, list[SubmissionClaim]]()
    for claim in dataset.current:
        part = parts.get(claim.claim_id, "")
        if by_file:
            lines = files.setdefault(_file_of(benchmark, claim, part, published_names), [])
            claim_id = str(len(lines) + 1)
        else:
            lines = files.setdefault(f"{benchmark.name}-{part}.tsv", [])
            claim_id = _publisher_id(claim, part, article_ids)
        lines.append(SubmissionClaim(claim_id, claim))
    return files


def _publisher_id(claim: Claim, part: str, article_ids: set[str]) -> str:
    # Fetching built the article id from the publisher's id: it put the split before it, made it a safe file name
    # and numbered repeated ids. Undo these steps in reverse order.
    without_number = re.sub(r"\.[0-9]+$", "", claim.article_id)
    name = without_number if without_number in article_ids else claim.article_id
    publisher_id = name.removeprefix(f"{part}-")
    rounded = SPREADSHEET_ID.fullmatch(publisher_id)
    if not rounded:
        return publisher_id
    # The safe name turned a decimal comma and the plus sign into hyphens.
    return f"{rounded[1]}{rounded[2].replace('-', ',')}{rounded[3]}E+{rounded[4]}"


def _file_of(benchmark: Benchmark, claim: Claim, part: str, published_names: Mapping[str, str]) -> str:
    """The name of the file that the claim's prediction goes to."""
    if claim.article_id in published_names:
        return published_names[claim.article_id]
    # An article that no file is named after is one of several in the only file of its part, or in a zip.
    files = [name for name in benchmark.parts[part].files if "*" not in name]
    only_file = published_names[article_id_of(Path(files[0]))] if len(files) == 1 else None
    return only_file or f"{claim.article_id}.tsv"


def _published_file_names(benchmark: Benchmark) -> dict[str, str]:
    """Article id to the base name of the publisher's file; a spreadsheet becomes a .tsv file."""
    paths = [Path(name.rpartition("!")[2]) for name in benchmark.files() if "*" not in name]
    return {
        article_id_of(path): path.with_suffix(".tsv").name if path.suffix == ".xlsx" else path.name for path in paths
    }
