"""Export of a dataset to other tools' formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.dataset import Dataset
from harness.data.exchange.claim_review import claim_reviews
from harness.data.exchange.label_studio import labeling_config, studio_tasks
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.errors import UnknownName, unknown_name
from harness.files import write_files

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet evaluate a cell as a formula."""

ROW_GROUP = 20_000
"""Rows per row group, which a reader of Parquet loads at once."""

Files = dict[Path, bytes]


class ExportRequest(NamedTuple):
    """Arguments of one export."""

    dataset: Dataset
    path: Path
    labels: bool
    """Whether tasks for Label Studio include the labels."""
    gold: str
    """Rule for the gold label of a claim with several annotators."""


def export(dataset: Dataset, to: str, out: str | Path, *, labels: bool = True, gold: str = "adjudicated") -> Path:
    """Writes a dataset in another tool's format and returns the path of the export.

    Args:
        dataset: dataset whose articles have text.
        to: csv, jsonl, parquet, hf (a folder with a dataset card that `datasets.load_dataset` reads), label-studio
            (tasks, and the labeling interface in an .xml file next to them), or claimreview (JSON-LD of the claims with
            a verdict).
        out: output file, or output folder for `hf`; existing files are replaced.
        labels: whether tasks for label-studio include the labels; False for a blind second annotation.
        gold: rule for the gold label of a claim with several annotators, in csv, jsonl, parquet, hf and claimreview.
    Raises: HarnessError: the format is unknown, or the dataset has no text.
    """
    dataset.require_text()
    if to not in FORMATS:
        raise UnknownName(unknown_name("format", to, list(FORMATS)))
    path = Path(out)
    write_files(FORMATS[to](ExportRequest(dataset, path, labels, gold)))
    return path


def rows_of(dataset: Dataset, gold: str = "adjudicated", *, records: bool = True) -> list[dict[str, Any]]:
    """Returns one row per current claim: the fields of the claim and its article, its splits, and its gold labels.

    Args:
        dataset: dataset whose articles have text.
        gold: rule for the gold labels in the `SCHEME.AXIS` columns; a claim that it leaves undecided has None.
        records: whether the columns `annotations` and `evidence`, lists of complete records, are included.
    """
    articles = {article.article_id: article for article in dataset.articles}
    gold_columns = dict(_gold_columns(dataset, gold))
    annotations, evidence = _by_claim(dataset.annotations), _by_claim(dataset.evidence)
    rows = []
    for claim in dataset.current:
        article = articles[claim.article_id]
        row: dict[str, Any] = {
            "claim_id": claim.claim_id,
            "text": claim.text,
            **{name: getattr(claim, name) for name in ("article_id", "start", "end", "speaker", "date", "topic")},
            **{name: getattr(article, name) for name in ("title", "published", "publisher", "url")},
            "language": article.language or dataset.info.language,
            **{f"split.{name}": parts.get(claim.claim_id) for name, parts in dataset.splits.items()},
            **{name: labels.get(claim.claim_id) for name, labels in gold_columns.items()},
        }
        if records:
            row |= {"annotations": annotations.get(claim.claim_id, []), "evidence": evidence.get(claim.claim_id, [])}
        rows.append(row)
    return rows


def _gold_columns(dataset: Dataset, gold: str) -> Iterable[tuple[str, dict[str, str]]]:
    for name in dataset.info.schemes:
        for axis in find_scheme(dataset.folder, name).axes:
            labels = gold_labels(dataset.annotations, name, axis.name, gold).labels
            if labels:
                yield f"{name}.{axis.name}", {claim_id: label.label for claim_id, label in labels.items()}


def _by_claim(records: Iterable[Any]) -> dict[str, list[dict[str, Any]]]:
    by_claim: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_claim.setdefault(record.claim_id, []).append(record.model_dump(mode="json", exclude_none=True))
    return by_claim


def safe_cell(value: Any) -> Any:
    """Returns a cell that a spreadsheet does not evaluate: text that begins like a formula gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _csv(request: ExportRequest) -> Files:
    rows = rows_of(request.dataset, request.gold, records=False)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(rows[0] if rows else ["claim_id", "text"])
    writer.writerows([safe_cell(value) for value in row.values()] for row in rows)
    # Excel reads a CSV file as UTF-8 only if it begins with a byte order mark.
    return {request.path: b"\xef\xbb\xbf" + stream.getvalue().encode()}


def _jsonl(request: ExportRequest) -> Files:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows_of(request.dataset, request.gold))
    return {request.path: "".join(lines).encode()}


def _table(dataset: Dataset, gold: str) -> pa.Table:
    import pyarrow as pa

    rows = rows_of(dataset, gold, records=False)
    annotations, evidence = _by_claim(dataset.annotations), _by_claim(dataset.evidence)
    names = list(rows[0]) if rows else ["claim_id", "text"]
    columns = {}
    for name in names:
        column_type = pa.int64() if name in ("start", "end") else pa.string()
        columns[name] = pa.array([row[name] for row in rows], column_type)
    # As JSON text, since every dataset then has the same columns of the same types.
    for name, by_claim in (("annotations", annotations), ("evidence", evidence)):
        cells = [json.dumps(by_claim.get(row["claim_id"], []), ensure_ascii=False) for row in rows]
        columns[name] = pa.array(cells, pa.string())
    return pa.table(columns)


def _parquet_bytes(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP)
    return bytes(sink.getvalue().to_pybytes())


def _parquet(request: ExportRequest) -> Files:
    return {request.path: _parquet_bytes(_table(request.dataset, request.gold))}


def _hf(request: ExportRequest) -> Files:
    """Returns a Parquet file per official split, and a dataset card whose YAML head lists them for `datasets`."""
    import pyarrow as pa
    import yaml

    dataset, path = request.dataset, request.path
    table = _table(dataset, request.gold)
    # A claim outside of the official splits goes to the split "all".
    split_names = ["all"] * len(table)
    if "split.official" in table.column_names:
        split_names = [name or "all" for name in table["split.official"].to_pylist()]
    files, data_files = {}, []
    for split_name in dict.fromkeys(split_names):
        # The names of splits must be identifiers in `datasets`.
        slug = "".join(character if character.isalnum() else "_" for character in split_name)
        in_split = pa.array([name == split_name for name in split_names], pa.bool_())
        files[path / "data" / f"{slug}.parquet"] = _parquet_bytes(table.filter(in_split))
        data_files.append({"split": slug, "path": f"data/{slug}.parquet"})
    info = dataset.info
    head = {
        "pretty_name": info.title,
        "license": "other",
        "license_name": info.license,
        "language": [info.language],
        "configs": [{"config_name": "default", "data_files": data_files}],
    }
    readme = dataset.folder / "README.md"
    if readme.exists():
        body = readme.read_text(encoding="utf-8")
    else:
        citation = f"\n## Citation\n\n{info.citation.strip()}\n" if info.citation else ""
        body = f"# {info.title}\n\nLicense: {info.license}.\n{citation}"
    card = f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n{body}"
    return files | {path / "README.md": card.encode()}


def _label_studio(request: ExportRequest) -> Files:
    dataset, path = request.dataset, request.path
    schemes = [find_scheme(dataset.folder, name) for name in dataset.info.schemes]
    tasks = studio_tasks(dataset, schemes, labels=request.labels)
    return {
        path: (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode(),
        path.with_suffix(".xml"): labeling_config(schemes).encode(),
    }


def _claimreview(request: ExportRequest) -> Files:
    reviews = claim_reviews(request.dataset, request.gold)
    return {request.path: (json.dumps(reviews, ensure_ascii=False, indent=1) + "\n").encode()}


FORMATS: dict[str, Callable[[ExportRequest], Files]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "hf": _hf,
    "label-studio": _label_studio,
    "claimreview": _claimreview,
}
"""Function that returns the files of an export with their contents, by format."""
