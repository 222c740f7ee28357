"""A run on claims that contain markup, and a real browser to look at its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_texts import HOSTILE, PLACES

from harness import add_claims, build_report, ingest, run
from harness.files import sha256
from harness.runner.result_files import sealed

CONFIG = """\
name: hostile
task: checkability
dataset: {dataset}
gold: single:first
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers:
  - tfidf_logreg
  - {{name: length, label: "<i>length</i>"}}
  - rules
  - majority
metrics: [f1, average_precision, brier]
random_seeds: [1]
intervals: {{resamples: 200}}
"""


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of four systems on 8 articles; claims hold markup, scripts and template signs."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "sources").mkdir()
    rows = []
    for number, place in enumerate(PLACES):
        facts = [f"{place} spent {n * 7 + number} million on trams in 20{10 + n}." for n in range(4)]
        facts.append(HOSTILE[number % len(HOSTILE)])
        wishes = [f"Let us hope for {place}.", "Well.", f"Who would not love {place}?"]
        (folder / "sources" / f"{place}.txt").write_text("\n".join([*facts, *wishes]), encoding="utf-8")
        rows += [{"article_id": place, "text": text, "checkable": "yes"} for text in facts]
        rows += [{"article_id": place, "text": text, "checkable": "no"} for text in wishes[:2]]
        rows += [{"article_id": place, "text": wishes[2], "checkable": "cannot tell"}]
    dataset = folder / "data"
    ingest([folder / "sources"], dataset)
    add_claims(dataset, rows, "first", at="2026-01-01T00:00:00Z")
    second = [row | {"checkable": "no"} if row["text"].startswith("Oslo spent") else row for row in rows]
    add_claims(dataset, second, "second", at="2026-01-02T00:00:00Z")
    config = folder / "hostile.yaml"
    config.write_text(CONFIG.format(dataset=dataset), encoding="utf-8")
    outcome = run(config, out=folder / "runs")
    for result in outcome.results:
        if result.system in ("tfidf_logreg", "rules"):
            _explain(Path(result.path) / "predictions.parquet")
    return outcome.folder


def _explain(path: Path) -> None:
    """Gives each claim one reason: the first word, weighing .5; one with no text; so that the page has some to show."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    said = json.dumps([["number: <u>digits</u>", "million", 0.5], ["word", "spent", -0.25], ["bias", "", 0.125]])
    if "reasons" in table.column_names:
        table = table.drop_columns(["reasons"])
    pq.write_table(table.append_column("reasons", pa.array([said] * len(table), pa.string())), path)
    result = path.with_name("result.json")
    document = json.loads(result.read_text(encoding="utf-8")) | {"predictions_sha256": sha256(path.read_bytes())}
    result.write_text(json.dumps(sealed(document)), encoding="utf-8")


@pytest.fixture(scope="session")
def hostile_report(hostile_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of that run, as a file."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    build_report([hostile_run], out, title="A <title> & </title><script>document.title='t'</script>")
    return out


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a file offline; whatever the page complains of, or asks the network for, fails the test."""
    contexts, complaints = [], []

    def open_file(path: Path, *, strict: bool = True, **settings: Any) -> Any:
        context = chromium.new_context(offline=True, **settings)
        contexts.append(context)
        page = context.new_page()
        if not strict:
            page.goto(path.as_uri())
            return page
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert complaints == []
