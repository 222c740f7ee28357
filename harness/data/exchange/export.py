"""Export of a dataset to other tools' formats."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.dataset import Dataset
from harness.data.exchange.claim_review import VERDICT_AXES, claim_reviews
from harness.data.exchange.export_request import Exported, ExportRequest, Files
from harness.data.exchange.task_exports import to_doccano, to_label_studio, to_prodigy, to_sheet
from harness.data.labels.gold import gold_labels
from harness.data.load import find_scheme
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import read_bytes, sha256, write_files
from harness.text_tables import count_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet evaluate a cell as a formula."""

ROW_GROUP = 20_000
"""Rows per row group, which a reader of Parquet loads at once."""


SEAL = "# written by harness export, sha256 of what follows: "
"""A comment of a dataset card by which a later export tells whether somebody has edited the card."""
SEALED = re.compile(b"---\n" + SEAL.encode() + b"([0-9a-f]{64})\n(.*)", re.DOTALL)


class ExportResult(NamedTuple):
    """Result of an export."""

    path: Path
    """File or folder that was written."""
    written: int
    """Number of claims in it; of claimreview, number of reviews."""
    notes: tuple[str, ...] = ()
    """What the files do not contain and the user must add."""


def export(
    dataset: Dataset,
    to: str,
    out: str | Path,
    *,
    labels: bool = True,
    gold: str | None = None,
    byte_order_mark: bool = False,
    addresses: Mapping[str, str] | None = None,
    spans: bool = False,
    scheme: str | None = None,
    overwrite: bool = False,
) -> ExportResult:
    """Writes a dataset in another tool's format, and counts what was written.

    Args:
        dataset: dataset whose articles have text.
        to: csv, jsonl, parquet, hf (a folder with a dataset card that `datasets.load_dataset` reads), sheet (an .xlsx
            file to label in), label-studio (tasks, and the labeling interface in an .xml file next to them), doccano
            (JSONL, and its labels in a .labels.json file), prodigy (JSONL), or claimreview (JSON-LD of the claims with
            a verdict).
        out: output file, or output folder for `hf`; an existing file of this name, and the data files of an exported
            folder, are replaced.
        labels: whether tasks for label-studio, doccano and prodigy include the labels; False for a blind second
            annotation, also in a sheet.
        gold: rule for the gold label of a claim with several annotators, in csv, jsonl, parquet, hf, doccano and
            claimreview; default: adjudicated. A sheet has labels only where a rule is given: `single:NAME` takes those
            of one annotator, with their notes, values and confidence. prodigy has those of every annotator without it.
        byte_order_mark: whether a csv file begins with a byte order mark, which Excel needs to read it as UTF-8.
        addresses: label-studio: email address of an annotator there, by name; the labels of others come in as
            pre-annotations, since Label Studio refuses annotations by people whom it does not know.
        scheme: sheet, label-studio, doccano and prodigy: scheme of the dataset whose questions to ask; default: all.
        spans: doccano and prodigy: whether a task is an article, and its labeled claims are marked spans.
        overwrite: whether files beside `out` (the .xml or .labels.json file, the README.md of a folder) are replaced
            where they exist with another content, which may be yours.
    Raises: HarnessError: the format is unknown, the dataset has no text, or there is nothing to write.
    """
    dataset.require_text()
    if to not in FORMATS:
        raise UnknownName(unknown_name("format", to, list(FORMATS)))
    if byte_order_mark and to != "csv":
        raise HarnessError(f"a byte order mark is for csv, and the format is {to}; leave it out")
    _check_addresses(dataset, to, addresses or {}, labels=labels)
    if not dataset.current:
        raise HarnessError(f"{dataset.folder}: has no claims; nothing was written")
    path = Path(out)
    if scheme is not None and to not in TASKS:
        raise HarnessError(f"a scheme is chosen for {', '.join(TASKS)}, and the format is {to}; leave it out")
    if scheme is not None and scheme not in dataset.info.schemes:
        raise UnknownName(unknown_name("scheme", scheme, dataset.info.schemes))
    if spans and to not in ("doccano", "prodigy"):
        raise HarnessError(f"spans are for doccano and prodigy, and the format is {to}; leave them out")
    if to in ("sheet", "doccano", "prodigy") and gold is not None and not labels:
        raise HarnessError("a blind export has no labels, and gold says which ones it has; leave one of the two out")
    exported = FORMATS[to](
        ExportRequest(
            dataset,
            path,
            labels,
            gold,
            byte_order_mark=byte_order_mark,
            addresses=addresses or {},
            spans=spans,
            scheme=scheme,
        )
    )
    if not overwrite:
        _refuse_other_content(exported.files, path)
    write_files(exported.files)
    return ExportResult(path, exported.written, exported.notes)


def _refuse_other_content(files: Files, out: Path) -> None:
    """Refuses to replace files that the user did not name, unless an earlier export wrote them as they are."""
    taken = [
        file
        for file, data in files.items()
        if file != out and file.suffix != ".parquet" and file.exists() and not _is_own(read_bytes(file), data)
    ]
    if taken:
        remedy = "move it away, choose another name (-o), or replace it with --overwrite"
        raise FaultsError(
            Fault(str(file), None, None, f"exists with other content; {remedy}", "exists") for file in taken
        )


def _is_own(present: bytes, new: bytes) -> bool:
    """Whether a file has the new content, or the seal of a card that nobody edited."""
    sealed = SEALED.fullmatch(present)
    return present == new or (sealed is not None and sealed[1].decode() == sha256(sealed[2]))


def _check_addresses(dataset: Dataset, to: str, addresses: Mapping[str, str], *, labels: bool) -> None:
    if addresses and (to != "label-studio" or not labels):
        raise HarnessError("addresses of annotators are for label-studio with labels; leave them out")
    annotators = sorted({annotation.annotator for annotation in dataset.annotations})
    for name in addresses:
        if name not in annotators:
            raise UnknownName(unknown_name("annotator", name, annotators))


def rows_of(
    dataset: Dataset, gold: str = "adjudicated", *, records: bool = True, empty_axes: bool = False
) -> list[dict[str, Any]]:
    """Returns one row per current claim: the fields of the claim and its article, its splits, and its gold labels.

    Args:
        dataset: dataset whose articles have text.
        gold: rule for the gold labels in the `SCHEME.AXIS` columns; a claim that it leaves undecided has None.
        records: whether the columns `annotations` and `evidence`, lists of complete records, are included.
        empty_axes: whether axes without a label have a column, to be filled in.
    """
    articles = {article.article_id: article for article in dataset.articles}
    gold_columns = {name: labels for name, labels in _gold_columns(dataset, gold) if labels or empty_axes}
    annotations, evidence = _by_claim(dataset.annotations), _by_claim(dataset.evidence)
    rows = []
    for claim in dataset.current:
        article = articles[claim.article_id]
        row: dict[str, Any] = {
            "claim_id": claim.claim_id,
            "text": claim.text,
            **{name: getattr(claim, name) for name in ("article_id", "start", "end")},
            **{name: getattr(claim, name) for name in ("speaker", "date", "topic", "statement")},
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
            yield f"{name}.{axis.name}", dict(labels.names)


def _by_claim(records: Iterable[Any]) -> dict[str, list[dict[str, Any]]]:
    by_claim: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_claim.setdefault(record.claim_id, []).append(record.model_dump(mode="json", exclude_none=True))
    return by_claim


def safe_cell(value: Any) -> Any:
    """Returns a cell that a spreadsheet does not evaluate: text that begins like a formula gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _csv(request: ExportRequest) -> Exported:
    # Every axis has a column, so that the file can be filled in and added back.
    rows = rows_of(request.dataset, request.gold, records=False, empty_axes=True)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([safe_cell(value) for value in row.values()] for row in rows)
    # Excel reads a CSV file as UTF-8 only if it begins with a byte order mark; other tools take it for a character.
    mark = codecs.BOM_UTF8 if request.byte_order_mark else b""
    return Exported({request.path: mark + stream.getvalue().encode()}, len(rows))


def _jsonl(request: ExportRequest) -> Exported:
    rows = rows_of(request.dataset, request.gold)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return Exported({request.path: "".join(lines).encode()}, len(rows))


def _table(dataset: Dataset, gold: str) -> pa.Table:
    import pyarrow as pa

    rows = rows_of(dataset, gold, records=False)
    annotations, evidence = _by_claim(dataset.annotations), _by_claim(dataset.evidence)
    columns = {}
    for name in rows[0]:
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


def _parquet(request: ExportRequest) -> Exported:
    table = _table(request.dataset, request.gold)
    return Exported({request.path: _parquet_bytes(table)}, len(table))


def _hf(request: ExportRequest) -> Exported:
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
    for split_name, slug in _slugs(list(dict.fromkeys(split_names)), dataset).items():
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
    content = f"{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n{body}"
    card = f"---\n{SEAL}{sha256(content)}\n{content}"
    return Exported(files | {path / "README.md": card.encode()}, len(table))


def _slugs(split_names: list[str], dataset: Dataset) -> dict[str, str]:
    """Returns the name in `datasets` for each official split: identifiers, and files that no system takes for one.

    Raises: FaultsError: two splits would have the same name.
    """
    slugs: dict[str, str] = {}
    by_slug: dict[str, str] = {}
    faults = []
    for name in split_names:
        slugs[name] = slug = "".join(character if character.isalnum() else "_" for character in name)
        earlier = by_slug.setdefault(slug.casefold(), name)
        if earlier != name:
            message = f"'{earlier}' and '{name}' would both be called '{slug}' in the export; rename one"
            faults.append(Fault(str(dataset.folder / "splits" / "official.jsonl"), None, "part", message))
    if faults:
        raise FaultsError(faults)
    return slugs


def _claimreview(request: ExportRequest) -> Exported:
    dataset = request.dataset
    reviews = claim_reviews(dataset, request.gold)
    if not reviews:
        axes = [
            f"{name}.{axis.name}" for name in dataset.info.schemes for axis in find_scheme(dataset.folder, name).axes
        ]
        message = (
            f"no claim has a gold label on an axis called {' or '.join(VERDICT_AXES)} under the rule '{request.gold}' "
            f"(axes: {', '.join(axes)}); nothing was written"
        )
        raise HarnessError(f"{dataset.folder}: {message}")
    notes = []
    for key, name in (("author", "author"), ("url", "address"), ("datePublished", "date")):
        without = sum(key not in review for review in reviews)
        if without:
            notes.append(f"{count_of(without, 'review')} without {name}; add it before you publish them")
    files = {request.path: (json.dumps(reviews, ensure_ascii=False, indent=1) + "\n").encode()}
    return Exported(files, len(reviews), tuple(notes))


TASKS = ("sheet", "label-studio", "doccano", "prodigy")
"""Formats of tools in which people label."""
FORMATS: dict[str, Callable[[ExportRequest], Exported]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "hf": _hf,
    "sheet": to_sheet,
    "label-studio": to_label_studio,
    "doccano": to_doccano,
    "prodigy": to_prodigy,
    "claimreview": _claimreview,
}
"""Function that returns the files of an export with their contents, by format."""
