"""What a command loads before its work: asked of the modules, because a time depends on the machine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import harness

COMMANDS = """
import json, sys
from harness.cli.command import harness

for arguments in json.loads(sys.argv[1]):
    try:
        harness.main(arguments)
    except SystemExit as end:
        assert not end.code, arguments
    print("MODULES", json.dumps(sorted(sys.modules)))
"""
UNUSED_BY_DATASETS = {"numpy", "scipy", "pyarrow", "pandas", "harness.runner.config", "harness.classifiers"}
UNUSED_BY_CONFIGS = {
    *("scipy", "sklearn", "pyarrow", "pandas"),
    *("harness.runner.chain.config", "harness.statements.statements", "harness.data.sentences.segment"),
    *("harness.metrics.verification.rankings", "harness.metrics.verification.strict", "harness.metrics.probabilities"),
    *("harness.runner.tuning.tune", "harness.runner.units.unit_file", "harness.features.counts.corpus_counts"),
    *("harness.audit.verification", "harness.data.exchange.trec", "harness.metrics.official"),
}
UNUSED_BY_COMPARE = {
    *("scipy", "sklearn", "pandas", "pyarrow.compute", "harness.runner.execute", "harness.runner.results"),
    *("harness.runner.runs.run_result", "harness.runner.official.evaluate", "harness.data.web"),
    *("harness.statements.statements", "harness.runner.chain.config", "harness.data.sentences.segment"),
}


def modules_after(*commands: tuple[str, ...]) -> list[set[str]]:
    """The modules that are loaded after each of several commands, run one after the other in a new process."""
    run = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)], capture_output=True, text=True, check=True
    )
    lines = [line.removeprefix("MODULES ") for line in run.stdout.splitlines() if line.startswith("MODULES ")]
    return [set(json.loads(line)) for line in lines]


@pytest.fixture(scope="module")
def config(tmp_path_factory, small):
    path = tmp_path_factory.mktemp("starts") / "a.yaml"
    path.write_text(
        f"name: a\ntask: checkability\ndataset: {small}\nsplit: {{protocol: grouped_folds, k: 2}}\n"
        "classifiers: [majority, prior_random]\nmetrics: [f1]\n",
        encoding="utf-8",
    )
    return path


def test_a_check_loads_what_a_dataset_or_a_config_needs(config, small):
    of_dataset, of_config = modules_after(("check", str(small)), ("check", str(config)))
    assert of_dataset & UNUSED_BY_DATASETS == set()
    assert of_config & UNUSED_BY_CONFIGS == set()


def test_a_comparison_loads_what_it_shows(config):
    folder = config.parent / "runs"
    harness.run(config, out=folder)
    (of_compare,) = modules_after(("compare", str(folder / "a")))
    assert of_compare & UNUSED_BY_COMPARE == set()
    assert "harness.compare.compare" in of_compare
