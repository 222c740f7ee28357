"""Lossless conversion of a dataset to and from tables; memory-mapped Parquet files of claims."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.dataset import Dataset, DatasetInfo, sort_claims
from harness.errors import FaultsError, HarnessError
from harness.records import Annotation, Article, Claim, Evidence, Record, explain_validation

if TYPE_CHECKING:
    import datasets
    import pandas as pd

RECORDS: dict[str, type[Record]] = {
    "articles": Article,
    "claims": Claim,
    "annotations": Annotation,
    "evidence": Evidence,
}


def to_pandas(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """Returns a dataset as frames named info (one row), articles, claims, annotations, evidence and splits.

    Every field is a column; a missing value is None.
    """
    import pandas as pd

    frames = {"info": pd.DataFrame([{"info": dataset.info.model_dump_json(exclude_unset=True)}], dtype="object")}
    for name, record_type in RECORDS.items():
        records = getattr(dataset, name)
        columns = {field: [getattr(record, field) for record in records] for field in record_type.model_fields}
        # The dtype "object" keeps integers next to None integers; pandas would turn them into floats.
        frames[name] = pd.DataFrame({field: pd.Series(cells, dtype="object") for field, cells in columns.items()})
    split_rows = [(name, claim, part) for name, parts in dataset.splits.items() for claim, part in parts.items()]
    frames["splits"] = pd.DataFrame(split_rows, columns=["split", "claim_id", "part"], dtype="object")
    return frames


def from_pandas(frames: Mapping[str, pd.DataFrame], folder: str | Path) -> Dataset:
    """Returns the dataset of frames from `to_pandas`; save it with `harness.data.dataset.write_dataset`.

    Args:
        frames: frames of `to_pandas`, with rows in any order; annotations, evidence and splits are optional.
        folder: folder of the dataset.
    Raises: HarnessError: a frame is missing, or a row is invalid; names the frame and the row.
    """
    missing = [name for name in ("info", "articles", "claims") if name not in frames]
    if missing:
        raise HarnessError(f"the frame '{missing[0]}' is missing; expected the frames of Dataset.to_pandas()")
    records = {name: _records(name, record_type, frames.get(name)) for name, record_type in RECORDS.items()}
    splits: dict[str, dict[str, str]] = {}
    if frames.get("splits") is not None:
        for row in frames["splits"].to_dict("records"):
            splits.setdefault(str(row["split"]), {})[str(row["claim_id"])] = str(row["part"])
    return Dataset(
        folder=Path(folder),
        info=DatasetInfo.model_validate_json(str(frames["info"]["info"].iloc[0])),
        articles=records["articles"],
        claims=sort_claims(records["articles"], records["claims"]),
        annotations=records["annotations"],
        splits=splits,
        evidence=records["evidence"],
    )


def _records(name: str, record_type: type[Record], frame: pd.DataFrame | None) -> tuple[Any, ...]:
    from pydantic import ValidationError

    if frame is None:
        return ()
    records = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        cells = {str(field): value for field, value in row.items() if not _is_missing(value)}
        try:
            # Validated as JSON, because strict records accept JSON's types but not NumPy's.
            records.append(record_type.model_validate_json(json.dumps(cells, default=_to_python)))
        except ValidationError as error:
            key_path, message, *_ = explain_validation(error)[0]
            raise HarnessError(f"frame '{name}', row {number}: {'.'.join(map(str, key_path))}: {message}") from None
    return tuple(records)


def _is_missing(value: Any) -> bool:
    # Only NaN differs from itself; pandas writes it for a missing value.
    return value is None or (isinstance(value, float) and value != value)


def _to_python(value: Any) -> Any:
    """Returns a NumPy scalar as a Python number, and any other value as text."""
    return value.item() if hasattr(value, "item") else str(value)


def to_hf(dataset: Dataset) -> datasets.DatasetDict:
    """Returns the frames of `to_pandas` as a `datasets.DatasetDict`: offsets as integers, all else as strings."""
    import datasets

    return datasets.DatasetDict({name: datasets.Dataset(_arrow(frame)) for name, frame in to_pandas(dataset).items()})


def _arrow(frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    # Types are stated, since Arrow infers none for a column in which every value is missing.
    integer_columns = {"start": pa.int64(), "end": pa.int64(), "group": pa.int64()}
    columns = {}
    for name in frame.columns:
        cells = frame[name].tolist()
        column_type = integer_columns.get(name, pa.string())
        if any(isinstance(cell, list | tuple | dict) for cell in cells):
            cells = [None if cell is None else json.dumps(cell) for cell in cells]
        columns[name] = pa.array(cells, column_type)
    return pa.table(columns)


def from_hf(tables: Mapping[str, datasets.Dataset], folder: str | Path) -> Dataset:
    """Returns the dataset of tables from `to_hf`.

    Args:
        tables: tables of `to_hf`, with rows in any order; annotations, evidence and splits are optional.
        folder: folder of the dataset.
    Raises: HarnessError: a table is missing, or a row is invalid; names the table and the row.
    """
    import pandas as pd

    frames = {
        name: pd.DataFrame({column: pd.Series(table[column][:], dtype="object") for column in table.column_names})
        for name, table in tables.items()
    }
    return from_pandas(frames, folder)


def open_claims(path: str | Path) -> datasets.Dataset:
    """Returns a memory-mapped Parquet file of claims (`harness export --to parquet`); rows are read on access.

    Args:
        path: the file; an Arrow copy of it is cached next to it, in the folder `.NAME.arrow`.
    Raises: FaultsError: the file does not exist, or is not a Parquet file.
    """
    import datasets

    file = Path(path)
    if not file.is_file():
        message = "does not exist; create it with: harness export DATASET_DIR --to parquet -o FILE"
        raise FaultsError.single(file, message)
    try:
        cache = file.with_name(f".{file.name}.arrow")
        datasets.disable_progress_bars()
        return datasets.Dataset.from_parquet(str(file), cache_dir=str(cache), keep_in_memory=False)
    except (ValueError, OSError, datasets.exceptions.DatasetGenerationError) as error:
        raise FaultsError.single(file, f"cannot be read as Parquet: {error}") from None
