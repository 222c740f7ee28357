"""The file of a unit: its predictions, with a fingerprint that shows whether the file is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Codes, Floats, arrow_coded, arrow_numbers, arrow_texts
from harness.classifiers.base import QuoteCounts
from harness.data.claims import Column
from harness.files import check_state_file, fingerprint, sha256, state_bytes
from harness.runner.cost import cost_path

if TYPE_CHECKING:
    import pyarrow as pa

MANY_ROWS = 50_000
"""Number of rows from which on threads read a file faster than one does."""
METADATA = b"harness"
"""Key of the facts in the metadata of the Parquet file."""


class Predictions(NamedTuple):
    """Predictions of one unit for the claims of its test rows, in their order."""

    scores: Floats
    """Shape (n_claims, n_labels)."""
    predicted: Codes
    """Shape (n_claims,); index into the labels, -1 for no answer."""
    probabilities: bool
    gives_scores: bool
    gives_labels: bool
    n_unanswered: int
    """Number of claims that the system has no answer for."""
    chosen: str | None = None
    """Settings chosen in fitting, as text."""
    unanswered_by_reason: Mapping[str, int] = MappingProxyType({})
    """Number of unanswered claims by reason; empty if there is only one reason."""
    quotes: QuoteCounts | None = None
    """Quotes in the answers of the system; None if it quotes no passages."""
    reasons: list[str | None] | None = None
    """Reasons for the score of each claim as JSON ([[name, text, weight], ...], the strongest first); None if the
    experiment does not ask for reasons, or the system gives none."""
    threshold: float | None = None
    """Threshold chosen in fitting."""


class StoredUnit(NamedTuple):
    """A unit as read from its file."""

    predictions: Predictions
    fingerprint: str
    """SHA-256 over the predictions and everything else that the file says of them."""


def unit_path(folder: Path, unit_id: str) -> Path:
    """Path of the predictions of a unit in a run folder."""
    return folder / "units" / f"{unit_id}.parquet"


class EncodedUnit(NamedTuple):
    """The file of a unit, and what a reader of it gets."""

    data: bytes
    """Content of the file; equal units give equal bytes."""
    stored: StoredUnit


def encode_unit(unit_id: str, claim_ids: Column, labels: tuple[str, ...], predictions: Predictions) -> EncodedUnit:
    """Encodes a unit as the content of its file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, pa.Array] = {"claim_id": arrow_texts(claim_ids)}
    for number, label in enumerate(labels):
        columns[f"score:{label}"] = arrow_numbers(predictions.scores[:, number])
    columns["predicted"] = label_column(labels, predictions.predicted)
    if predictions.reasons is not None:
        columns["reasons"] = arrow_texts(predictions.reasons)
    table = pa.table(columns)
    facts = {
        "unit_id": unit_id,
        "labels": labels,
        "probabilities": predictions.probabilities,
        "gives_scores": predictions.gives_scores,
        "gives_labels": predictions.gives_labels,
        "n_unanswered": predictions.n_unanswered,
        "chosen": predictions.chosen,
        "unanswered_by_reason": dict(predictions.unanswered_by_reason),
    }
    if predictions.quotes is not None:
        facts["quotes"] = predictions.quotes
    if predictions.threshold is not None:
        facts["threshold"] = predictions.threshold
    digest = _fingerprint(table, facts)
    facts["fingerprint"] = digest
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(facts)}), sink, compression="zstd")
    as_read = predictions._replace(
        predicted=np.asarray(predictions.predicted, dtype=np.int64),
        unanswered_by_reason=dict(predictions.unanswered_by_reason),
    )
    return EncodedUnit(bytes(sink.getvalue().to_pybytes()), StoredUnit(as_read, digest))


def label_column(labels: Sequence[str], codes: Codes) -> pa.Array:
    """A column of label names for codes; -1 becomes null."""
    return arrow_coded(codes, labels)


def read_unit(path: Path, unit_id: str) -> StoredUnit | None:
    """Reads the file of a unit; None if it is missing, or damaged: cut short, changed, or of another unit.

    Raises: FaultsError: what is in its place is no file, or not readable; or its cost is no file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_state_file(cost_path(path))
    if (data := state_bytes(path)) is None:
        return None
    try:
        file = pq.ParquetFile(pa.BufferReader(data))  # read_table imports pandas
        table = file.read(use_threads=file.metadata.num_rows > MANY_ROWS)
        facts = json.loads(table.schema.metadata[METADATA])
        recorded = facts.pop("fingerprint")
        if facts["unit_id"] != unit_id or recorded != _fingerprint(table, facts):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError, pa.ArrowException):
        return None  # whatever is wrong with the bytes: the unit is fitted again
    labels = facts["labels"]
    predictions = Predictions(
        scores=np.column_stack([np.from_dlpack(table[f"score:{label}"].combine_chunks()) for label in labels]),
        predicted=_codes(table["predicted"], labels),
        probabilities=facts["probabilities"],
        gives_scores=facts["gives_scores"],
        gives_labels=facts["gives_labels"],
        n_unanswered=facts["n_unanswered"],
        chosen=facts["chosen"],
        unanswered_by_reason=facts["unanswered_by_reason"],
        quotes=QuoteCounts(*facts["quotes"]) if "quotes" in facts else None,
        reasons=table["reasons"].to_pylist() if "reasons" in table.column_names else None,
        threshold=facts.get("threshold"),
    )
    return StoredUnit(predictions, recorded)


def _codes(column: pa.ChunkedArray, labels: Sequence[str]) -> Codes:
    """The index of each label; -1 where there is none."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    code = {label: number for number, label in enumerate(labels)} | {None: -1}
    codes: Codes = np.array([code[label] for label in encoded.dictionary.to_pylist()], dtype=np.int64)
    in_order: Codes = codes[np.from_dlpack(encoded.indices)]
    return in_order


def _fingerprint(table: pa.Table, facts: Mapping[str, object]) -> str:
    """A hash of values, not of bytes of the file, so that it does not depend on the version of the Parquet writer."""
    import pyarrow as pa

    columns = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_floating(column.type):
            digest = sha256(np.from_dlpack(column).astype("<f8", copy=False).tobytes())
        else:
            digest = _text_digest(column)
        columns.append([name, str(column.type), digest])
    return fingerprint([json.dumps(facts, sort_keys=True), *columns])


class _TextDigests:
    """Digests of text columns by their bytes: units of a fold repeat the same claim ids, which are encoded once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._digests: dict[str, str] = {}

    def digest(self, column: pa.Array) -> str:
        """`fingerprint` of the texts of a column."""
        import pyarrow as pa

        column = column if not column.offset else pa.concat_arrays([column, column[:0]])
        parts = [None if part is None else hashlib.sha256(part).hexdigest() for part in column.buffers()]
        key = fingerprint([str(column.type), len(column), *parts])
        if key not in self._digests:
            if len(self._digests) >= self.limit:
                self._digests.pop(next(iter(self._digests)))
            self._digests[key] = fingerprint(column.to_pylist())
        return self._digests[key]


_text_digest = _TextDigests(limit=256).digest
