"""Writes a fetched benchmark, over an earlier fetch too: renews what the publisher gave, loses nothing users added."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.data.corpora.passages import Passage
from harness.data.dataset import Dataset, dataset_file_contents
from harness.data.jsonl import to_json_lines
from harness.errors import FaultsError, HarnessError
from harness.files import json_document, read_bytes, sha256, write_files
from harness.folders import folder_lock
from harness.partial_files import is_temporary, remove_partial_files
from harness.records import Record

RECORD = "fetched.json"
"""Name of the record of a fetch, in the dataset folder."""
LOCK = ".lock"
IDS = {
    "articles.jsonl": "article_id",
    "claims.jsonl": "claim_id",
    "evidence.jsonl": "evidence_id",
    "corpus.jsonl": "passage_id",
}
"""Field that identifies a line of a file; in the folders below it is another."""
IDS_BY_FOLDER = {"annotations": "annotation_id", "splits": "claim_id"}
MAX_SHOWN = 5


class FetchRecord(Record):
    """What a fetch read and wrote, `fetched.json`."""

    format: int = 1
    benchmark: str
    """Name of the benchmark."""
    publisher_files: dict[str, str]
    """SHA-256 of each of the publisher's files that was read, by its published path."""
    files: dict[str, str]
    """SHA-256 of each file that was written, by its path in the folder."""


def write_fetched(
    dataset: Dataset, passages: Sequence[Passage], publisher_files: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Writes a fetched dataset into its folder, all of it or nothing.

    What the user added to an earlier fetch stays: own files, and lines of the fetched files.

    Args:
        dataset: the benchmark as converted.
        passages: the passages of its corpus; no corpus file is written without one.
        publisher_files: the publisher's files by published path.
    Returns: the files in the folder that hold additions, which stay as they are.
    Raises: HarnessError: the publisher's files give another content than before, and the additions cannot be told apart
        from it or refer to claims that it does not have; or a fetched file was changed otherwise. Nothing is written.
    """
    folder = dataset.folder
    new = {path.relative_to(folder).as_posix(): data for path, data in dataset_file_contents(dataset).items()}
    if passages:
        # First, as a folder without dataset.yaml, which is last, is not a dataset.
        new = {"corpus.jsonl": "".join(to_json_lines(passages)).encode()} | new
    digests = {name: sha256(data) for name, data in new.items()}
    record = FetchRecord(
        benchmark=dataset.info.name,
        publisher_files={name: sha256(data) for name, data in publisher_files.items()},
        files=digests,
    )
    with folder_lock(folder, "fetch"):
        remove_partial_files(folder)
        present = {name: read_bytes(folder / name) for name in _file_names(folder)}
        earlier = _read_record(folder)
        written = digests if earlier is None else earlier.files
        # A file is the user's if fetching wrote no such file, or wrote another content and does not write this one now.
        changed = [
            name
            for name, data in present.items()
            if name in {*written, *new} and sha256(data) not in (digests.get(name), written.get(name))
        ]
        own = [name for name in present if name not in written and name not in new]
        if earlier is None:
            # Without a record, a line that this fetch would not write is an addition, or it is from an older version.
            changed = [name for name in changed if not _ids(name, present[name]) <= _ids(name, new[name])]
        additions = [name for name in changed if written == digests and _has_all_lines(present[name], new[name])]
        if len(additions) < len(changed):
            raise HarnessError(_refusal(folder, [name for name in changed if name not in additions]))
        if not additions:
            _check_references(folder, own, present, new["claims.jsonl"])
        files = {folder / name: data for name, data in new.items() if name not in additions}
        # The record is last: if a write is cut short, the next fetch compares with what the earlier one wrote.
        write_files(files | {folder / RECORD: json_document(record.model_dump(mode="json")).encode()})
        for name in set(written) - set(new) - set(changed):
            (folder / name).unlink(missing_ok=True)
    return tuple(sorted([*additions, *own]))


def _file_names(folder: Path) -> list[str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths if not is_temporary(path)]
    return [name for name in names if name not in (LOCK, RECORD)]


def _read_record(folder: Path) -> FetchRecord | None:
    """The record of the last fetch; None if there is none, or it is damaged."""
    try:
        return FetchRecord.model_validate_json(read_bytes(folder / RECORD))
    except (FaultsError, ValidationError):
        return None


def _id_field(name: str) -> str | None:
    return IDS.get(name) or IDS_BY_FOLDER.get(Path(name).parent.name)


def _ids(name: str, data: bytes) -> set[str]:
    """The ids of the lines of a file; of a file of another kind, its lines."""
    field = _id_field(name)
    ids = ((line, _field(line, field) if field else None) for line in _lines(data))
    return {line if value is None else str(value) for line, value in ids}


def _lines(data: bytes) -> list[str]:
    # Not splitlines(), which also splits at U+2028 and other characters that JSON allows inside a string.
    return [line for line in data.decode("utf-8", errors="replace").split("\n") if line.strip()]


def _field(line: str, field: str) -> object:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record.get(field) if isinstance(record, dict) else None


def _has_all_lines(present: bytes, new: bytes) -> bool:
    """Whether a file has every line that fetching would write, so that the others are additions."""
    return set(new.splitlines()) <= set(present.splitlines())


def _check_references(folder: Path, own: Iterable[str], present: Mapping[str, bytes], claims: bytes) -> None:
    """Checks that the claims of the user's own label logs and splits are among the fetched ones.

    Raises: HarnessError: a claim is not.
    """
    claim_ids = _ids("claims.jsonl", claims)
    for name in own:
        if Path(name).parent.name not in IDS_BY_FOLDER or not name.endswith(".jsonl"):
            continue
        lost = [claim_id for line in _lines(present[name]) if (claim_id := _field(line, "claim_id")) not in claim_ids]
        if lost:
            reason = (
                f" ({len(lost):,} of its lines are about claims that this fetch does not give, such as '{lost[0]}')"
            )
            raise HarnessError(_refusal(folder, [name + reason]))


def _refusal(folder: Path, names: list[str]) -> str:
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return (
        f"{folder}: was changed since it was fetched, and fetching it again would lose changes in "
        f"{', '.join(names[:MAX_SHOWN])}{more}; nothing was written. Keep the changes in a copy: harness new COPY "
        f"--from {folder} --with-labels; then delete {folder} and fetch again"
    )
