"""A dataset in other tools' formats: one row a claim, or the whole as tables; all or nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.dataset import Dataset
from harness.data.exchange.claim_review import claim_reviews
from harness.data.exchange.label_studio import labelling_config, studio_tasks
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.errors import UnknownName, unknown_name
from harness.files import write_files

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is run as a formula by spreadsheets."""

ROW_GROUP = 20_000
"""Rows that a reader of Parquet holds at a time."""

Files = dict[Path, bytes]


class ExportRequest(NamedTuple):
    """What `export` was asked for."""

    dataset: Dataset
    path: Path
    labels: bool
    gold: str


def export(dataset: Dataset, to: str, out: str | Path, *, labels: bool = True, gold: str = "adjudicated") -> Path:
    """Writes a dataset in another tool's format.

    Args:
        dataset: brought to life.
        to: csv, jsonl, parquet, hf (a folder that `datasets.load_dataset` reads, with its card), label-studio (tasks,
            and beside them the labelling interface), or claimreview (JSON-LD of the claims with a verdict).
        out: the file, or for `hf` the folder; replaced if it is there.
        labels: for label-studio: False gives tasks without labels, as a blind second pass needs them.
        gold: the rule that makes one label of several annotators' ones, in csv, jsonl, parquet and claimreview.
    Raises: HarnessError: no such format, or the dataset has no text.
    """
    dataset.require_text()
    if to not in FORMATS:
        raise UnknownName(unknown_name("format", to, list(FORMATS)))
    path = Path(out)
    write_files(FORMATS[to](ExportRequest(dataset, path, labels, gold)))
    return path


def rows_of(dataset: Dataset, gold: str = "adjudicated", *, every: bool = True) -> list[dict[str, Any]]:
    """One row a claim, superseded ones left out: its fields, its article's, its parts, and gold by axis.

    Args:
        dataset: brought to life.
        gold: the rule for `SCHEME.AXIS` columns; a claim that it leaves undecided has None.
        every: add `annotations` and `evidence`, lists of the whole records.
    """
    articles = {article.article_id: article for article in dataset.articles}
    columns = dict(_gold_columns(dataset, gold))
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
            **{name: found.get(claim.claim_id) for name, found in columns.items()},
        }
        if every:
            row |= {"annotations": annotations.get(claim.claim_id, []), "evidence": evidence.get(claim.claim_id, [])}
        rows.append(row)
    return rows


def _gold_columns(dataset: Dataset, gold: str) -> Iterable[tuple[str, dict[str, str]]]:
    for name in dataset.info.schemes:
        for axis in find_scheme(dataset.folder, name).axes:
            found = gold_labels(dataset.annotations, name, axis.name, gold).labels
            if found:
                yield f"{name}.{axis.name}", {claim_id: label.label for claim_id, label in found.items()}


def _by_claim(records: Iterable[Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record.claim_id, []).append(record.model_dump(mode="json", exclude_none=True))
    return found


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _csv(wanted: ExportRequest) -> Files:
    rows = rows_of(wanted.dataset, wanted.gold, every=False)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(rows[0] if rows else ["claim_id", "text"])
    writer.writerows([safe_cell(value) for value in row.values()] for row in rows)
    return {wanted.path: b"\xef\xbb\xbf" + stream.getvalue().encode()}


def _jsonl(wanted: ExportRequest) -> Files:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows_of(wanted.dataset, wanted.gold))
    return {wanted.path: "".join(lines).encode()}


def _table(dataset: Dataset, gold: str) -> pa.Table:
    import pyarrow as pa

    rows = rows_of(dataset, gold, every=False)
    annotations, evidence = _by_claim(dataset.annotations), _by_claim(dataset.evidence)
    names = list(rows[0]) if rows else ["claim_id", "text"]
    numbers = ("start", "end")
    columns = {n: pa.array([row[n] for row in rows], pa.int64() if n in numbers else pa.string()) for n in names}
    for name, found in (("annotations", annotations), ("evidence", evidence)):
        listed = [json.dumps(found.get(row["claim_id"], []), ensure_ascii=False) for row in rows]
        columns[name] = pa.array(listed, pa.string())
    return pa.table(columns)


def _parquet_bytes(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP)
    return bytes(sink.getvalue().to_pybytes())


def _parquet(wanted: ExportRequest) -> Files:
    return {wanted.path: _parquet_bytes(_table(wanted.dataset, wanted.gold))}


def _hf(wanted: ExportRequest) -> Files:
    """A folder of Parquet files, one a part, and a card whose head tells `datasets` where they are."""
    import pyarrow as pa
    import yaml

    dataset, path = wanted.dataset, wanted.path
    table = _table(dataset, wanted.gold)
    parts = table["split.official"].to_pylist() if "split.official" in table.column_names else [None] * len(table)
    names = list(dict.fromkeys(part or "all" for part in parts))
    files, listed = {}, []
    for name in names:
        slug = "".join(sign if sign.isalnum() else "_" for sign in name)
        rows = pa.array([(part or "all") == name for part in parts], pa.bool_())
        files[path / "data" / f"{slug}.parquet"] = _parquet_bytes(table.filter(rows))
        listed.append({"split": slug, "path": f"data/{slug}.parquet"})
    info = dataset.info
    head = {
        "pretty_name": info.title,
        "license": "other",
        "license_name": info.license,
        "language": [info.language],
        "configs": [{"config_name": "default", "data_files": listed}],
    }
    own = dataset.folder / "README.md"
    body = own.read_text(encoding="utf-8") if own.exists() else f"# {info.title}\n\nLicense: {info.license}.\n"
    cited = f"\n## Citation\n\n{info.citation.strip()}\n" if info.citation and not own.exists() else ""
    card = f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n{body}{cited}"
    return files | {path / "README.md": card.encode()}


def _label_studio(wanted: ExportRequest) -> Files:
    dataset, path = wanted.dataset, wanted.path
    schemes = [find_scheme(dataset.folder, name) for name in dataset.info.schemes]
    tasks = studio_tasks(dataset, schemes, labels=wanted.labels)
    return {
        path: (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode(),
        path.with_suffix(".xml"): labelling_config(schemes).encode(),
    }


def _claimreview(wanted: ExportRequest) -> Files:
    return {
        wanted.path: (
            json.dumps(claim_reviews(wanted.dataset, wanted.gold), ensure_ascii=False, indent=1) + "\n"
        ).encode()
    }


FORMATS: dict[str, Callable[[ExportRequest], Files]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "hf": _hf,
    "label-studio": _label_studio,
    "claimreview": _claimreview,
}
"""Format to what makes its files."""
