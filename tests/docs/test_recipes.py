"""The recipes for many machines: they run every shard once, and then the whole experiment."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

PAGE = Path(__file__).parents[2] / "docs/how-to/run-on-many-machines.md"
BLOCKS = re.findall(r"^```(sh|yaml)(?: title=\S+)?\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
SHELL = [body for kind, body in BLOCKS if kind == "sh"]
FAKES = {
    "harness": 'echo "$*" >> "$LOG"',
    "ssh": 'shift; bash -c "${*#*&& .venv/bin/}"',
    "sbatch": 'while [ $# -gt 1 ]; do [ "$1" = --wrap ] && exec bash -c "$2"; shift; done',
    "kubectl": "",
}


def the(kind: str, start: str) -> str:
    (block,) = (body for each, body in BLOCKS if each == kind and body.startswith(start))
    return block


@pytest.fixture
def shell(tmp_path):
    """Runs a script with stand-ins for the programs of a cluster; returns what `harness` was called with."""
    for name, body in FAKES.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)

    def run(script: str, **env: str) -> list[str]:
        log = tmp_path / "log"
        log.write_text("")
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)} | env
        subprocess.run(["bash", "-e", "-c", script], env=environment, check=True, capture_output=True)
        return log.read_text().splitlines()

    return run


@pytest.mark.parametrize("number", range(len(SHELL)))
def test_shell_of_a_recipe_has_no_syntax_error(number):
    checked = subprocess.run(["bash", "-n"], input=SHELL[number], text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_slurm_array_runs_each_shard(shell):
    script = the("sh", "#!/bin/bash")
    first, last = re.search(r"^#SBATCH --array=(\d+)-(\d+)$", script, re.MULTILINE).groups()
    ids = range(int(first), int(last) + 1)
    calls = [call for n in ids for call in shell(script, SLURM_ARRAY_TASK_ID=str(n))]
    assert calls == [f"run experiment.yaml --out runs --shard {n}/4" for n in (1, 2, 3, 4)]
    assert shell(the("sh", "array=")) == ["run experiment.yaml --out runs"]


def test_the_ssh_loop_runs_each_shard_and_then_all(shell):
    *shards, whole = shell(the("sh", "hosts="))
    assert sorted(shards) == [f"run experiment.yaml --shard {n}/4" for n in (1, 2, 3, 4)]
    assert whole == "run experiment.yaml"


def test_a_kubernetes_job_runs_each_shard(shell):
    job = yaml.safe_load(the("yaml", "apiVersion"))
    spec = job["spec"]
    assert (job["kind"], job["apiVersion"], spec["completionMode"]) == ("Job", "batch/v1", "Indexed")
    (container,) = spec["template"]["spec"]["containers"]
    assert container["command"] == ["bash", "-c"]
    (script,) = container["args"]
    calls = [call for index in range(spec["completions"]) for call in shell(script, JOB_COMPLETION_INDEX=str(index))]
    assert calls == [f"run experiment.yaml --shard {n}/4" for n in (1, 2, 3, 4)]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in spec["template"]["spec"]["volumes"]}


def test_a_matrix_of_ci_runs_each_shard_and_then_all(shell):
    workflow = yaml.safe_load(the("yaml", "name: experiment"))
    jobs = workflow["jobs"]
    (command,) = (step["run"] for step in jobs["shard"]["steps"] if "harness" in step.get("run", ""))
    numbers = jobs["shard"]["strategy"]["matrix"]["shard"]
    calls = [call for n in numbers for call in shell(command.replace("${{ matrix.shard }}", str(n)))]
    assert calls == [f"run experiment.yaml --out runs --shard {n}/4" for n in (1, 2, 3, 4)]
    assert jobs["results"]["needs"] == "shard"
    assert [step["run"] for step in jobs["results"]["steps"] if "harness" in step.get("run", "")] == [
        "harness run experiment.yaml --out runs"
    ]
