"""Export of a result as a submission in the format of the benchmark's publisher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.article_file import safe_name
from harness.data.benchmarks.submission_claims import SubmissionClaim, submission_claims
from harness.data.formats.submissions import table_text
from harness.data.labels.tasks import YES_NO, find_task, mapping_of
from harness.data.load import open_dataset
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import read_bytes, write_files
from harness.runner.official.scorers import Scoring, scored_benchmarks, scoring_of
from harness.runner.result_files import Columns, Result, read_predictions, read_result
from harness.schemes import load_scheme

MAX_SHOWN = 3
"""Number of claim ids in a message."""


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
    result: str | Path,
    out: str | Path,
    root: str | Path | None = None,
    *,
    random_seed: int | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write a result as a submission to its benchmark, one file per debate or speech, or else one per official split.

    Either all files are written or none.

    Args:
        result: folder of a result, under `runs/EXPERIMENT/results`.
        out: folder to write to.
        root: folder of fetched benchmarks.
        random_seed: random seed whose predictions to write; required if the result has several.
        overwrite: whether files of the folder that have these names and another content are replaced.
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
    columns = _select_seed(loaded, columns, random_seed)
    claims_by_file = submission_claims(scoring.benchmark, dataset)
    column_names = list(scoring.official.writes)
    files = {}
    for name, rows in _rows_by_file(loaded, scoring, columns, claims_by_file).items():
        cells = [[str(getattr(row, FIELD_OF_COLUMN.get(column, column))) for column in column_names] for row in rows]
        files[Path(out) / name] = table_text([column_names, *cells] if scoring.official.header else cells)
    taken = [path for path, text in files.items() if path.exists() and read_bytes(path) != text]
    if taken and not overwrite:
        remedy = "choose another folder (-o), or replace it with --overwrite"
        raise FaultsError(
            Fault(str(path), None, None, f"exists with other content; {remedy}", "exists") for path in taken
        )
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


def _rows_by_file(
    result: Result, scoring: Scoring, columns: Columns, claims_by_file: Mapping[str, Sequence[SubmissionClaim]]
) -> dict[str, list[_Row]]:
    """File name to lines, in the order of the publisher's file.

    Raises: HarnessError: a file has predictions for only some of its claims.
    """
    index_of = {claim_id: index for index, claim_id in enumerate(columns["claim_id"])}
    fields = {FIELD_OF_COLUMN.get(name, name) for name in scoring.official.writes}
    # repr writes the shortest text that reads back as the same float, so ties stay ties and nothing else becomes one.
    scores = [repr(float(score)) for score in columns["score:yes"]] if "score" in fields else [""] * len(index_of)
    labels = _published_labels(result, scoring, columns) if "label" in fields else [""] * len(index_of)
    run = safe_name(result.system, "run")
    # Files without any prediction belong to splits that the result did not test.
    tested = {
        name: claims
        for name, claims in claims_by_file.items()
        if any(claim.claim_id in index_of for _, claim in claims)
    }
    missing = {
        name: [claim.claim_id for _, claim in claims if claim.claim_id not in index_of]
        for name, claims in tested.items()
    }
    counts = [f"{len(ids):,} for {name} ({', '.join(ids[:MAX_SHOWN])})" for name, ids in missing.items() if ids]
    if counts:
        raise HarnessError(
            f"the result has no predictions for some claims: {'; '.join(counts)}; run the experiment on whole files, "
            "without --limit"
        )
    rows = dict[str, list[_Row]]()
    for name, claims in tested.items():
        for publisher_id, claim in claims:
            index = index_of[claim.claim_id]
            row = _Row(publisher_id, claim.topic or "-", run, scores[index], labels[index])
            rows.setdefault(name, []).append(row)
    return rows


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
