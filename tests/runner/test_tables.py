"""The table of a run: which values a note is about."""

from __future__ import annotations

from harness import run

CONFIG = """\
name: noted
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2}}
classifiers: [majority, length]
metrics: [f1, average_precision, brier]
"""


def test_a_note_on_every_value_does_not_list_them(small, tmp_path):
    (tmp_path / "noted.yaml").write_text(CONFIG.format(dataset=small), encoding="utf-8")
    lines = str(run(tmp_path / "noted.yaml", out=tmp_path / "runs", limit=20)).splitlines()
    rough = [line for line in lines if line.endswith("so the interval is rough")]
    assert len(rough) == 1
    assert rough[0].startswith("all values: only "), "length has no Brier score, so no interval of it is rough"
    assert "length Brier: the scores are not probabilities; calibrate the system first" in lines


def test_a_note_on_one_metric_of_many_systems_names_the_metric_once(small, tmp_path):
    labels = ["a", "b", "c", "d"]
    systems = ", ".join(f"{{name: length, label: {label}}}" for label in labels)
    config = CONFIG.format(dataset=small).replace("[majority, length]", f"[majority, length, {systems}]")
    (tmp_path / "noted.yaml").write_text(config, encoding="utf-8")
    lines = str(run(tmp_path / "noted.yaml", out=tmp_path / "runs")).splitlines()
    reason = "the scores are not probabilities; calibrate the system first"
    assert f"Brier of length, {', '.join(labels)}: {reason}" in lines
