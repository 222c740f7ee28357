"""Export of a result as a submission in the format of the benchmark's publisher."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.article_file import article_id_of, safe_name
from harness.data.dataset import Dataset
from harness.data.formats.submissions import table_text
from harness.data.labels.tasks import YES_NO, find_task, mapping_of
from harness.data.load import open_dataset
from harness.errors import HarnessError
from harness.files import write_files
from harness.records import Claim
from harness.runner.official.scorers import Scoring, scored_benchmarks, scoring_of
from harness.runner.result_files import Columns, Result, read_predictions, read_result
from harness.schemes import load_scheme

BY_FILE = ("debate_scores", "sentence_labels")
"""Submission formats with one file per file of the publisher, in which the id of a claim is its number, from 1."""
MAX_SHOWN = 3
"""Number of claim ids in a message."""
SPREADSHEET_ID = re.compile(r"([0-9])([.-])([0-9]+)E-([0-9]+)")
"""The safe name of an id that a spreadsheet rounded before publication (`1.24105E+18`, `1,57811E+18`)."""


class _Row(NamedTuple):
    """One line of a submission; the fields are the columns that the YAML file of a benchmark names."""

    id: str
    """Id of the claim in the publisher's files."""
    topic: str
    """Topic of the claim; `-` without a topic."""
    run: str
    """Name of the system."""
    score: str
    """Score of the positive label; empty if the format has no scores."""
    label: str
    """Predicted label in the publisher's spelling; empty if the format has no labels."""


FIELD_OF_COLUMN = {"sentence_id": "id", "class_label": "label", "run_id": "run"}
"""Publishers' names of columns that differ from the field names of a row."""


def write_submission(
    result: str | Path, out: str | Path, root: str | Path | None = None, *, random_seed: int | None = None
) -> list[Path]:
    """Write a result as a submission to its benchmark, one file per debate or speech, or else one per official split.

    Either all files are written or none.

    Args:
        result: folder of a result, under `runs/EXPERIMENT/results`.
        out: folder to write to.
        root: folder of fetched benchmarks.
        random_seed: random seed whose predictions to write; required if the result has several.
    Returns: the paths of the files, in order.
    Raises: HarnessError: a result on a dataset without an official scorer, with predictions missing for some claims, or
        of a task that does not yield the required output.
    """
    loaded = read_result(result)
    columns = read_predictions(loaded)
    if loaded.dataset not in scored_benchmarks():
        raise HarnessError(
            f"{result}: cannot export a submission: dataset '{loaded.dataset}' has no official scorer; datasets with "
            f"one: {', '.join(scored_benchmarks())}"
        )
    scoring = scoring_of(loaded.dataset)
    if not scoring.official.writes or not find_task(loaded.task).binary:
        raise HarnessError(
            f"{result}: cannot export a submission: '{loaded.dataset}' requires output that task '{loaded.task}' does "
            "not produce"
        )
    dataset = open_dataset(loaded.dataset, root)
    # Also refuses a result of several datasets, whose claims no single benchmark has.
    if [dataset.fingerprint] != [source.fingerprint for source in loaded.provenance.datasets]:
        raise HarnessError(
            f"{result}: the fetched '{loaded.dataset}' differs from the data of this result; run the experiment again"
        )
    rows_by_claim = _rows_by_claim(loaded, scoring, dataset, _select_seed(loaded, columns, random_seed))
    column_names = list(scoring.official.writes)
    files = {}
    for name, rows in _rows_by_file(scoring, dataset, rows_by_claim).items():
        cells = [[str(getattr(row, FIELD_OF_COLUMN.get(column, column))) for column in column_names] for row in rows]
        files[Path(out) / name] = table_text([column_names, *cells] if scoring.official.header else cells)
    write_files(files)
    return list(files)


def _select_seed(result: Result, columns: Columns, random_seed: int | None) -> Columns:
    """The predictions of one random seed, with each claim once."""
    seeds = sorted({int(seed) for seed in columns["random_seed"]})
    if not result.random_seeds and random_seed in result.provenance.config.random_seeds:
        random_seed = seeds[0]  # one run serves every seed
    listed_seeds = ", ".join(map(str, seeds))
    if random_seed is None and len(seeds) > 1:
        raise HarnessError(f"{result.path}: has several random seeds ({listed_seeds}); choose one with --random-seed")
    if random_seed is not None and random_seed not in seeds:
        raise HarnessError(f"{result.path}: has no random seed {random_seed}; its random seeds: {listed_seeds}")
    is_selected = columns["random_seed"] == (seeds[0] if random_seed is None else random_seed)
    selected = {name: values[is_selected] for name, values in columns.items()}
    if len(set(selected["claim_id"])) < len(selected["claim_id"]):
        raise HarnessError(
            f"{result.path}: predicts some claims in several folds, and a submission needs exactly one prediction per "
            "claim; use a split that tests each claim once"
        )
    return selected


def _rows_by_claim(result: Result, scoring: Scoring, dataset: Dataset, columns: Columns) -> dict[str, _Row]:
    """Claim id to the line of the submission."""
    index_of = {claim_id: index for index, claim_id in enumerate(columns["claim_id"])}
    fields = {FIELD_OF_COLUMN.get(name, name) for name in scoring.official.writes}
    # repr writes the shortest text that reads back as the same float, so ties stay ties and nothing else becomes one.
    scores = [repr(float(score)) for score in columns["score:yes"]] if "score" in fields else [""] * len(index_of)
    labels = _published_labels(result, scoring, columns) if "label" in fields else [""] * len(index_of)
    run = safe_name(result.system, "run")
    ids = _publisher_ids(scoring, dataset)
    rows = dict[str, _Row]()
    for claim in dataset.current:
        index = index_of.get(claim.claim_id)
        if index is not None:
            rows[claim.claim_id] = _Row(
                id=ids[claim.claim_id],
                topic=claim.topic or "-",
                run=run,
                score=scores[index],
                label=labels[index],
            )
    return rows


def _publisher_ids(scoring: Scoring, dataset: Dataset) -> dict[str, str]:
    """Claim id to the id of the claim in the publisher's files."""
    ids = dict[str, str]()
    n_seen = dict[str, int]()
    article_ids = {article.article_id for article in dataset.articles}
    splits = dataset.splits["official"]
    published_names = _published_file_names(scoring)
    by_file = scoring.official.submission in BY_FILE
    for claim in dataset.current:
        if by_file:
            name = _submission_file(scoring, claim, splits, published_names)
            n_seen[name] = n_seen.get(name, 0) + 1
            ids[claim.claim_id] = str(n_seen[name])
            continue
        # Fetching built the article id from the publisher's id: it put the split before it, made it a safe file name
        # and numbered repeated ids. Undo these steps in reverse order.
        without_number = re.sub(r"\.[0-9]+$", "", claim.article_id)
        name = without_number if without_number in article_ids else claim.article_id
        publisher_id = name.removeprefix(f"{splits.get(claim.claim_id)}-")
        rounded = SPREADSHEET_ID.fullmatch(publisher_id)
        if rounded:
            # The safe name turned a decimal comma and the plus sign into hyphens.
            publisher_id = f"{rounded[1]}{rounded[2].replace('-', ',')}{rounded[3]}E+{rounded[4]}"
        ids[claim.claim_id] = publisher_id
    return ids


def _published_labels(result: Result, scoring: Scoring, columns: Columns) -> list[str]:
    """The predicted labels in the publisher's spelling."""
    scheme = load_scheme(scoring.benchmark.scheme)
    mapping = mapping_of(find_task(result.task), scheme)
    axis = scheme.axis(mapping.axis)
    scheme_labels = {YES_NO[0]: mapping.negative, YES_NO[1]: mapping.positive}
    code_of = {label.name: label.code or label.name for label in axis.labels}
    # The benchmark maps spellings to codes for reading; writing needs the reverse.
    spelling_of = {code: spelling for spelling, code in scoring.benchmark.options.get("values", {}).items()}
    spellings = {
        label: [spelling_of.get(code_of[name], code_of[name]) for name in names]
        for label, names in scheme_labels.items()
    }
    predicted = list(columns["predicted"])
    ambiguous = [label for label in dict.fromkeys(predicted) if len(spellings.get(label, ())) != 1]
    if ambiguous:
        labels = ", ".join(spellings.get(ambiguous[0], ())) or "no label"
        raise HarnessError(
            f"{result.path}: cannot export a submission: predicted label '{ambiguous[0]}' of task '{result.task}' "
            f"corresponds to {labels} of the benchmark, and a submission needs exactly one label"
        )
    return [spellings[label][0] for label in predicted]


def _rows_by_file(scoring: Scoring, dataset: Dataset, rows: Mapping[str, _Row]) -> dict[str, list[_Row]]:
    """File name to lines, in the order of the publisher's file.

    Raises: HarnessError: a file has predictions for only some of its claims.
    """
    splits = dataset.splits["official"]
    published_names = _published_file_names(scoring)
    claims_by_file = dict[str, list[Claim]]()
    for claim in dataset.current:
        claims_by_file.setdefault(_submission_file(scoring, claim, splits, published_names), []).append(claim)
    # Files without any prediction belong to splits that the result did not test.
    tested = {
        name: claims for name, claims in claims_by_file.items() if any(claim.claim_id in rows for claim in claims)
    }
    missing = {
        name: [claim.claim_id for claim in claims if claim.claim_id not in rows] for name, claims in tested.items()
    }
    counts = [f"{len(ids):,} for {name} ({', '.join(ids[:MAX_SHOWN])})" for name, ids in missing.items() if ids]
    if counts:
        raise HarnessError(
            f"the result has no predictions for some claims: {'; '.join(counts)}; run the experiment on whole files, "
            "without --limit"
        )
    return {name: [rows[claim.claim_id] for claim in claims] for name, claims in tested.items()}


def _submission_file(
    scoring: Scoring, claim: Claim, splits: Mapping[str, str], published_names: Mapping[str, str]
) -> str:
    """The name of the file that a claim's prediction goes to.

    Args:
        scoring: settings of the benchmark.
        claim: the claim.
        splits: official part of each claim id.
        published_names: names of publisher's files; see `_published_file_names`.
    """
    part = splits.get(claim.claim_id, "")
    if scoring.official.submission not in BY_FILE:
        return f"{scoring.benchmark.name}-{part}.tsv"
    if claim.article_id in published_names:
        return published_names[claim.article_id]
    # An article that no file is named after is one of several in the only file of its part, or in a zip.
    files = [name for name in scoring.benchmark.parts[part].files if "*" not in name]
    only_file = published_names[article_id_of(Path(files[0]))] if len(files) == 1 else None
    return only_file or f"{claim.article_id}.tsv"


def _published_file_names(scoring: Scoring) -> dict[str, str]:
    """Article id to the base name of the publisher's file; a spreadsheet becomes a .tsv file."""
    paths = [Path(name.rpartition("!")[2]) for name in scoring.benchmark.files() if "*" not in name]
    return {
        article_id_of(path): path.with_suffix(".tsv").name if path.suffix == ".xlsx" else path.name for path in paths
    }
