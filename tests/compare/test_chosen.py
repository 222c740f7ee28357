"""Which results are over the same claims: only claims with a label count."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, build_report, compare_results, run
from harness.files import sha256
from harness.runner.result_files import sealed

CONFIG = """\
name: small
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers: [length, rules]
metrics: [f1, average_precision]
random_seeds: [1, 2]
intervals: {{resamples: 100}}
"""


@pytest.fixture
def results(small, tmp_path) -> list[Path]:
    (tmp_path / "small.yaml").write_text(CONFIG.format(dataset=small), encoding="utf-8")
    return [Path(result.path) for result in run(tmp_path / "small.yaml", out=tmp_path / "runs").results]


def without_rows(folder: Path, drop) -> None:
    """Takes predictions away, as if the claims had not been in the data of the result."""
    path = folder / "predictions.parquet"
    table = pq.read_table(path)
    rows = table.to_pandas()
    pq.write_table(table.filter(pa.array(~drop(rows))), path)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    document["predictions_sha256"] = sha256(path.read_bytes())
    (folder / "result.json").write_text(json.dumps(sealed(document)), encoding="utf-8")


@pytest.mark.parametrize("which", [0, 1])
def test_claims_without_a_label_in_one_result_only_change_no_number(results, tmp_path, which):
    before = compare_results(results)
    without_rows(results[which], lambda rows: rows.gold.isna() & (rows.claim_id.str.len() % 2 == 0))
    without_rows(results[1 - which], lambda rows: rows.gold.isna() & rows.claim_id.str.startswith("Oslo"))
    after = compare_results(results)
    assert after.systems == before.systems
    assert after.pairs == before.pairs
    report = build_report(results, tmp_path / "report.html", root=tmp_path)
    assert (report.systems, report.claims) == (2, 48)


def test_a_claim_with_a_label_in_one_result_only_is_refused(results):
    first = pq.read_table(results[0] / "predictions.parquet").to_pandas()
    claim_id = first.claim_id[first.gold.notna()].iloc[0]
    without_rows(results[1], lambda rows: rows.claim_id == claim_id)
    with pytest.raises(HarnessError, match=r"different claims: 1 only in .*length.*"):
        compare_results(results)


def test_a_claim_that_lost_its_label_is_refused(results, tmp_path):
    shutil.copytree(results[0], tmp_path / "other")
    path = tmp_path / "other" / "predictions.parquet"
    table = pq.read_table(path)
    gold = [None if row == 0 else label for row, label in enumerate(table["gold"].to_pylist())]
    pq.write_table(table.set_column(table.column_names.index("gold"), "gold", pa.array(gold, pa.string())), path)
    document = json.loads((tmp_path / "other" / "result.json").read_text(encoding="utf-8"))
    document["predictions_sha256"] = sha256(path.read_bytes())
    (tmp_path / "other" / "result.json").write_text(json.dumps(sealed(document)), encoding="utf-8")
    with pytest.raises(HarnessError, match="different claims: 1 only in"):
        compare_results([results[1], tmp_path / "other"])
