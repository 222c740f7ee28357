"""At home in a shell: width, closed pipes, version, completion, kinds, names that `check` takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness as package
from harness.cli.command import harness as group
from harness.text_tables import align_columns

SETTINGS = {"HARNESS_DATA_ROOT": "data-root"}


def closed_early(folder: Path, *args: str) -> tuple[int, str]:
    """The exit code and the errors of a command whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "harness", *args]
    ended = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, cwd=folder, env=os.environ | SETTINGS, check=False
    )
    os.close(writer)
    return ended.returncode, ended.stderr


@pytest.fixture(scope="module")
def runs(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config of six systems with long names, which has run, and a faulty one."""
    folder = tmp_path_factory.mktemp("shell")
    config = f"name: six\ntask: checkability\ndataset: {small}\nsplit: {{k: 2}}\nslices: [length, article]\n"
    config += "metrics: [f1, macro_f1, average_precision]\nintervals: {resamples: 100}\nclassifiers:\n"
    config += "".join(f"  - {{name: length, cap: {cap}, label: length_with_a_cap_of_{cap}}}\n" for cap in range(20, 26))
    (folder / "six.yaml").write_text(config)
    (folder / "bad.yaml").write_text(config.replace("k: 2", "kk: 2"))
    package.run(folder / "six.yaml", out=folder / "runs")
    return folder


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--help"], 0),
        (["-V"], 0),
        (["list", "metrics"], 0),
        (["check", "bad.yaml"], 1),
        (["run", "six.yaml", "--json"], 0),
        (["compare", "runs/six"], 0),
        (["compare", "runs/six", "--fail-if", "point f1 < 2"], 1),
        (["report", "runs/six"], 0),
    ],
)
def test_a_closed_pipe_leaves_the_exit_code_as_it_is(runs, args, code):
    ended, errors = closed_early(runs, *args)
    assert ended == code, errors
    assert "Traceback" not in errors
    assert "Broken pipe" not in errors


def test_the_help_of_a_command_outlives_its_reader(tmp_path):
    for name in ("run", "label", "verify", "assign"):
        assert name in group.commands
        ended, errors = closed_early(tmp_path, name, "--help")
        assert (ended, errors) == (0, ""), name


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_tables_follow_the_width_and_name_every_system(runs, harness, columns):
    ended = harness("run", runs / "six.yaml", "--out", runs / "runs", COLUMNS=str(columns))
    tables = [block for block in ended.stdout.split("\n\n") if "\n---" in block]
    assert max(len(line) for table in tables for line in table.splitlines()) <= columns
    for heading in ("system", "F1 by length", "F1 by article"):
        blocks = [table for table in tables if table.startswith(heading)]
        assert blocks
        assert all(f"length_with_a_cap_of_{cap}" in "".join(blocks) for cap in range(20, 26))


def test_columns_that_do_not_fit_stand_below_with_the_first_column():
    rows = [["system", "aaaa", "bbbb", "cccc"], ["one", "1", "2", "3"]]
    assert align_columns(rows, 30).splitlines()[0] == "system  aaaa  bbbb  cccc"
    first, second = align_columns(rows, 18).split("\n\n")
    assert first == "system  aaaa  bbbb\n------------------\none     1     2"
    assert second == "system  cccc\n------------\none     3"


def test_a_table_below_leaves_out_rows_that_are_empty_there():
    rows = [("system", "aaaa", "bbbb"), ("mine", ".111", ".222"), ("theirs", "", ".333"), ("none", "", "")]
    first, second = align_columns(rows, 14).split("\n\n")
    assert [line.split()[0] for line in first.splitlines()[2:]] == ["mine", "none"]
    assert [line.split()[0] for line in second.splitlines()[2:]] == ["mine", "theirs", "none"]


def test_list_shows_its_kinds(harness):
    kinds = [line.split()[0] for line in harness("list").stdout.splitlines()]
    assert kinds == [
        "experiments",
        "datasets",
        "benchmarks",
        "classifiers",
        "retrievers",
        "metrics",
        "schemes",
        "checks",
    ]
    assert [entry["name"] for entry in json.loads(harness("list", "--json").stdout)] == kinds
    assert "quickstart" in harness("list", "experiments").stdout


def test_the_version_in_short(harness):
    assert harness("-V").stdout == harness("--version").stdout
    assert "0.1" in harness("-V").stdout


def test_a_report_without_a_file_name_stands_beside_its_results(runs, harness):
    ended = harness("report", runs / "runs" / "six")
    assert ended.returncode == 0, ended.stderr
    assert (runs / "runs" / "six" / "report.html").is_file()
    assert str(runs / "runs" / "six" / "report.html") in ended.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_the_shells_that_the_docs_name(shell, harness_process, root):
    page = (root / "docs" / "how-to" / "use-the-shell.md").read_text(encoding="utf-8")
    assert f"_HARNESS_COMPLETE={shell}_source harness" in page
    words = {"COMP_WORDS": "harness re", "COMP_CWORD": "re" if shell == "fish" else "1"}
    code = "import sys; sys.argv = ['harness']; from harness.cli import main; main()"
    settings = os.environ | {"_HARNESS_COMPLETE": f"{shell}_complete"} | words
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=settings, check=False)
    assert "report" in ended.stdout, ended.stderr


def test_check_takes_the_names_that_run_takes(harness):
    assert harness("check", "quickstart", "public-matters").returncode == 0
    unfetched = harness("check", "checkthat-2019")
    assert unfetched.returncode == 0
    assert "cannot be checked yet: benchmark 'checkthat-2019-task1' is not fetched yet" in unfetched.stderr
    assert harness("check", "checkthat-2019-task1").returncode == 2
    wrong = harness("check", "quikstart")
    assert wrong.returncode == 2
    assert "Did you mean 'quickstart'?" in wrong.stderr


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run", "--jbos", "2"], "--jobs"),
        (["compare", "--fial-if", "x"], "--fail-if"),
    ],
)
def test_a_mistyped_command_or_option_is_answered_with_the_closest(harness, args, hint):
    ended = harness(*args)
    assert ended.returncode == 2
    assert hint in ended.stderr
