"""A submission in a publisher's format, from a result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.articles.reading import article_id_of, safe_name
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

BY_ARTICLE = ("debate_scores", "sentence_labels")
"""Submission formats of a file for each article, in which a claim's id is its number, from 1."""
MAX_SHOWN = 3
DAMAGED = re.compile(r"([0-9])([.-])([0-9]+)E-([0-9]+)")
"""An id that a spreadsheet damaged before it was published (`1.24105E+18`, `1,57811E+18`), as a safe name keeps it."""


class _Row(NamedTuple):
    """One line of a submission; its fields are the columns that a benchmark's YAML file names."""

    id: str
    topic: str
    run: str
    score: str
    label: str


SPELLINGS = {"sentence_id": "id", "class_label": "label", "run_id": "run"}
"""Columns that publishers call otherwise."""


def write_submission(
    result: str | Path, out: str | Path, root: str | Path | None = None, *, random_seed: int | None = None
) -> list[Path]:
    """Writes a result as a submission to its benchmark, all files or none: one a debate or speech, else one a part.

    Args:
        result: a result's folder, under `runs/EXPERIMENT/results`.
        out: the folder to write to.
        root: where fetched benchmarks live.
        random_seed: whose predictions to take; needed where the result has several.
    Returns: the files, in order.
    Raises: HarnessError: it is no result of one official benchmark, has no prediction for a claim, or for another task.
    """
    found, columns = read_result(result), read_predictions(result)
    if found.dataset not in scored_benchmarks():
        raise HarnessError(f"{result}: is about '{found.dataset}', which nobody scores officially")
    scoring = scoring_of(found.dataset)
    if not scoring.official.writes or not find_task(found.task).binary:
        raise HarnessError(f"{result}: no task gives what submissions to '{found.dataset}' hold; none can be made")
    dataset = open_dataset(found.dataset, root)
    if [dataset.fingerprint] != [one.fingerprint for one in found.provenance.datasets]:
        raise HarnessError(f"{result}: was made from other data of '{found.dataset}' than is fetched now; run it again")
    lines = _lines(found, scoring, dataset, _of_seed(found, columns, random_seed))
    names = list(scoring.official.writes)
    files = {}
    for name, rows in _files(scoring, dataset, lines).items():
        cells = [[str(getattr(row, SPELLINGS.get(column, column))) for column in names] for row in rows]
        files[Path(out) / name] = table_text([names, *cells] if scoring.official.header else cells)
    write_files(files)
    return list(files)


def _of_seed(result: Result, columns: Columns, random_seed: int | None) -> Columns:
    """The predictions of one random seed, each claim once."""
    seeds = sorted({int(seed) for seed in columns["random_seed"]})
    if random_seed is None and len(seeds) > 1:
        raise HarnessError(f"{result.path}: has random seeds {', '.join(map(str, seeds))}; choose with --random-seed")
    if random_seed is not None and random_seed not in seeds:
        raise HarnessError(f"{result.path}: has no random seed {random_seed}; it has {', '.join(map(str, seeds))}")
    kept = columns["random_seed"] == (seeds[0] if random_seed is None else random_seed)
    chosen = {name: values[kept] for name, values in columns.items()}
    if len(set(chosen["claim_id"])) < len(chosen["claim_id"]):
        raise HarnessError(f"{result.path}: predicts a claim in several folds; a submission has one prediction each")
    return chosen


def _lines(result: Result, scoring: Scoring, dataset: Dataset, columns: Columns) -> dict[str, _Row]:
    """Claim to its line of the submission."""
    of_id = {claim_id: number for number, claim_id in enumerate(columns["claim_id"])}
    wanted = {"score", "label"} & {SPELLINGS.get(name, name) for name in scoring.official.writes}
    scores = [repr(float(score)) for score in columns["score:yes"]] if "score" in wanted else [""] * len(of_id)
    labels = _labels(result, scoring, columns) if "label" in wanted else [""] * len(of_id)
    run = safe_name(result.system, "run")
    ids = _publisher_ids(scoring, dataset)
    return {
        claim.claim_id: _Row(ids[claim.claim_id], claim.topic or "-", run, scores[place], labels[place])
        for claim in dataset.current
        if (place := of_id.get(claim.claim_id, -1)) >= 0
    }


def _publisher_ids(scoring: Scoring, dataset: Dataset) -> dict[str, str]:
    """Claim to the id that the publisher's files have for it."""
    ids, counted = dict[str, str](), dict[str, int]()
    articles = {article.article_id for article in dataset.articles}
    parts = dataset.splits["official"]
    for claim in dataset.current:
        counted[claim.article_id] = counted.get(claim.article_id, 0) + 1
        name = claim.article_id
        if re.sub(r"\.[0-9]+$", "", name) in articles:  # an id that stands twice was given a number
            name = re.sub(r"\.[0-9]+$", "", name)
        own = name.removeprefix(f"{parts.get(claim.claim_id)}-")
        damaged = DAMAGED.fullmatch(own)
        if damaged:
            own = f"{damaged[1]}{damaged[2].replace('-', ',')}{damaged[3]}E+{damaged[4]}"
        ids[claim.claim_id] = str(counted[claim.article_id]) if scoring.official.submission in BY_ARTICLE else own
    return ids


def _labels(result: Result, scoring: Scoring, columns: Columns) -> list[str]:
    """The predicted labels, as the publisher writes them."""
    scheme = load_scheme(scoring.benchmark.scheme)
    mapping = mapping_of(find_task(result.task), scheme)
    axis = scheme.axis(mapping.axis)
    meant = {YES_NO[0]: mapping.negative, YES_NO[1]: mapping.positive}
    code_of = {label.name: label.code or label.name for label in axis.labels}
    spelled = {code: written for written, code in scoring.benchmark.options.get("values", {}).items()}
    written = {label: [spelled.get(code_of[n], code_of[n]) for n in names] for label, names in meant.items()}
    predicted = list(columns["predicted"])
    unsaid = [label for label in dict.fromkeys(predicted) if len(written.get(label, ())) != 1]
    if unsaid:
        raise HarnessError(f"{result.path}: the prediction '{unsaid[0]}' of '{result.task}' is no one label there")
    return [written[label][0] for label in predicted]


def _files(scoring: Scoring, dataset: Dataset, lines: Mapping[str, _Row]) -> dict[str, list[_Row]]:
    """File name to lines, in the order of the publisher's file.

    Raises: HarnessError: a file would lack some of its claims.
    """
    parts, files = dataset.splits["official"], dict[str, list[Claim]]()
    by_article = scoring.official.submission in BY_ARTICLE
    names = _published_names(scoring)
    for claim in dataset.current:
        part = f"{scoring.benchmark.name}-{parts.get(claim.claim_id)}.tsv"
        name = names.get(claim.article_id, f"{claim.article_id}.tsv") if by_article else part
        files.setdefault(name, []).append(claim)
    chosen = {name: claims for name, claims in files.items() if any(claim.claim_id in lines for claim in claims)}
    short = {name: _absent(claims, lines) for name, claims in chosen.items() if _absent(claims, lines)}
    if short:
        said = "; ".join(
            f"{len(absent):,} for {name} ({', '.join(absent[:MAX_SHOWN])})" for name, absent in short.items()
        )
        raise HarnessError(f"the result lacks predictions: {said}; run it on whole files, without --limit")
    return {name: [lines[claim.claim_id] for claim in claims] for name, claims in chosen.items()}


def _absent(claims: Sequence[Claim], lines: Mapping[str, _Row]) -> list[str]:
    return [claim.claim_id for claim in claims if claim.claim_id not in lines]


def _published_names(scoring: Scoring) -> dict[str, str]:
    """Article to the base name of the publisher's file, without the suffix of a spreadsheet."""
    published = [Path(name.rpartition("!")[2]) for name in scoring.benchmark.files() if "*" not in name]
    return {
        article_id_of(path): path.with_suffix(".tsv").name if path.suffix == ".xlsx" else path.name
        for path in published
    }
