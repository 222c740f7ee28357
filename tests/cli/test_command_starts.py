"""What a command loads before its work: asked of the modules, because a time depends on the machine."""

from __future__ import annotations

import json
import os
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
    *("harness.runner.plan", "harness.runner.verification.shown_counts", "harness.data.formats.source"),
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


def output_of_main(code: str, *arguments: str, **environment: str) -> str:
    """What a new process prints that runs some code and then the command line."""
    code = f"{code}\nfrom harness.__main__ import main; main()"
    whole = os.environ | environment
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=whole
    ).stdout


def test_a_process_that_ends_does_not_walk_through_what_it_loaded(small):
    code = "import atexit, gc; atexit.register(lambda: print('TRACKED', len(gc.get_objects())))"
    (line,) = [line for line in output_of_main(code, "check", str(small)).splitlines() if line.startswith("TRACKED")]
    assert int(line.split()[1]) < 1000


def test_a_command_looks_for_no_plugins(small, tmp_path):
    (tmp_path / "loud.py").write_text("print('LOADED')\nplugin = None\n", encoding="utf-8")
    metadata = tmp_path / "loud-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[pydantic]\nloud = loud:plugin\n", encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    assert "LOADED" not in output_of_main("", "check", str(small), PYTHONPATH=path)
