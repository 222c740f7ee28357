"""Small dataset folders that tests write themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import ingest
from harness.data.dataset import Dataset
from harness.data.load import open_dataset

FERRY = "The ferry\n\nIt carried 2,100 people in May. It was late on nine days. Was it worth it?\n"
BRIDGE = "The bridge opened in 1932. Nobody paid to cross it. Many people love it.\n"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def change_line(path: Path, number: int, **changes: Any) -> None:
    """Changes one line, counted from 1; a value of None takes the key out."""
    records = lines(path)
    merged = records[number - 1] | changes
    records[number - 1] = {key: value for key, value in merged.items() if value is not None}
    write_lines(path, records)


def made(folder: Path, articles: Mapping[str, str] | None = None) -> Dataset:
    """A dataset folder made by ingest, of two articles unless told otherwise."""
    sources = folder.parent / f"{folder.name}-sources"
    sources.mkdir()
    for name, text in (articles or {"bridge": BRIDGE, "ferry": FERRY}).items():
        (sources / f"{name}.txt").write_bytes(text.encode())
    ingest([sources], folder)
    return open_dataset(folder)


def stand_off(folder: Path) -> None:
    """Takes the texts out of a dataset folder and leaves their hashes."""
    from harness.files import sha256

    for name in ("articles.jsonl", "claims.jsonl"):
        records = lines(folder / name)
        for record in records:
            record["text_sha256"] = sha256(record.pop("text"))
        write_lines(folder / name, records)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock, by its relative path."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


TWO_AXES = """\
name: two-axes
version: "1"
title: Two questions
source: Written for tests.
license: CC0
language: en
axes:
  - name: factual
    question: Does it state something?
    definition: Of the world, present or past.
    labels:
      - {name: "yes", definition: "It states something.", examples: [It rained.]}
      - {name: "no", definition: It states nothing.}
  - name: tone
    question: How does it speak?
    labels: [calm, loud, cannot tell]
    abstain_label: cannot tell
  - {name: quantity, feature: true, question: "Does it give a number?"}
  - {name: source, feature: true, question: "Whose words?", value: the source}
tasks:
  claim_detection: {axis: factual, positive: ["yes"], negative: ["no"]}
guideline: |
  Read the whole article first.
"""


def to_label(folder: Path, articles: Mapping[str, str] | None = None, scheme: str = TWO_AXES) -> Dataset:
    """A dataset folder whose claims wait for labels on the axes `factual` and `tone`."""
    made(folder, articles)
    (folder / "schemes").mkdir()
    (folder / "schemes" / "two-axes.yaml").write_text(scheme)
    info = folder / "dataset.yaml"
    text = info.read_text().split("schemes:")[0]
    info.write_text(f"{text}schemes: [two-axes]\n")
    return open_dataset(folder)
