"""The command line: fast, documented, and no traceback for a user's mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness.cli.command import harness as group

COMMANDS = sorted(group.commands)


@pytest.mark.smoke
def test_help_answers_without_heavy_imports():
    code = (
        "import sys\nfrom harness.cli.command import harness\n"
        "try:\n    harness.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'datasets', 'pydantic', 'rich', 'yaml'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert "HEAVY []" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["--version"], "version"), (["list"], "experiments"), (["list", "--json"], "experiments")],
)
def test_a_command_that_reads_nothing_imports_no_library_for_data(arguments, expected):
    code = (
        f"import sys\nfrom harness.cli.command import harness\n"
        f"try:\n    harness.main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'pydantic', 'rich', 'yaml', 'harness.records'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert expected in done.stdout
    assert "HEAVY []" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_stands_in_the_docs(name, harness, root):
    command = group.commands[name]
    assert command.help
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert all("-o" in option.opts for option in options if "--out" in option.opts)
    assert len({option.help for option in options}) == len(options)
    assert all(option.help for option in options), [option.name for option in options]
    docs = "".join(path.read_text(encoding="utf-8") for path in [root / "README.md", *(root / "docs").rglob("*.md")])
    assert re.search(rf"harness {name}\b", docs)


@pytest.mark.parametrize("kind", ["classifiers", "metrics", "schemes", "benchmarks", "datasets", "checks"])
def test_every_registered_name_has_a_summary_and_stands_in_the_docs(kind, harness, root):
    done = harness("list", kind, "--json")
    found = json.loads(done.stdout)
    docs = "".join(path.read_text(encoding="utf-8") for path in [root / "README.md", *(root / "docs").rglob("*.md")])
    for entry in found:
        assert set(entry) == {"name", "summary"}
        assert entry["summary"]
        assert f"`{entry['name']}`" in docs or f"[{entry['name']}]" in docs, (
            f"{kind}: {entry['name']} is not in README.md or docs/"
        )
    for columns in (40, 80, 200):
        lines = harness("list", kind, COLUMNS=str(columns)).stdout.splitlines()
        assert [line.split()[0] for line in lines if not line.startswith(" ")] == [entry["name"] for entry in found]
        indent = max(len(entry["name"]) for entry in found) + 2
        assert max(map(len, lines)) <= max(columns, indent + 20)
        assert " ".join(line[indent:] for line in lines) == " ".join(
            " ".join(entry["summary"].split()) for entry in found
        )


def test_experiments_are_listed_in_natural_order(harness):
    names = [entry["name"] for entry in json.loads(harness("list", "experiments", "--json").stdout)]
    assert names == sorted(names)
    assert names.index("checkthat-2019") + 1 == names.index("checkthat-2019-best")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["run"], 2, "Missing argument 'CONFIG...'"),
        (["run", "nope.yaml"], 2, "nope.yaml: does not exist"),
        (["rnu"], 2, "No such command 'rnu'"),
        (["list", "classifers"], 2, "Did you mean 'classifiers'?"),
        (
            ["evaluate", "checkthat-2091-task1", "--gold", "a", "--predictions", "b"],
            2,
            "Did you mean 'checkthat-20",
        ),
        (["check", "nowhere"], 2, "nowhere: does not exist"),
        (["fetch", "claimbuster"], 2, "get the publisher's files from https://doi.org/10.5281/zenodo.3609356"),
        (["fetch", "claimbuster", "--from", "."], 2, "contains none of the files of 'claimbuster'"),
        (["add", ".", "--as", "me"], 2, "give either --claims FILE, or --text TEXT with --label AXIS=L"),
        (["add", ".", "--text", "T", "--label", "x", "--as", "me"], 2, "expected AXIS=L, got 'x'"),
        (["add", ".", "--text", "T", "--label", "a=b", "--as", "me"], 2, "is not a dataset folder"),
        (["split", "nowhere", "-o", "x.jsonl"], 2, "no dataset is called 'nowhere'"),
        (["split", "checkthat-2019-task1", "-o", "x.jsonl"], 2, "is not fetched yet"),
    ],
)
def test_a_mistake_is_a_message_and_an_exit_code(harness, args, code, said):
    done = harness(*args)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_check_finds_faults_with_exit_code_1_and_lists_them_as_json(harness, tmp_path):
    (tmp_path / "bad.yaml").write_text("name: x\ntask: y\ndataset: z\nclassifiers: [majority]\n")
    done = harness("check", "bad.yaml")
    assert done.returncode == 1
    assert done.stdout.startswith("bad.yaml:2: task: no task is called 'y'")
    assert harness("run", "bad.yaml").stderr == done.stdout
    fault, other = json.loads(harness("check", "bad.yaml", "--json").stdout)["faults"]
    assert (other["line"], other["field"], other["code"]) == (3, "dataset", "unknown-name")
    assert list(fault) == ["path", "line", "field", "message", "code"]
    assert (fault["path"], fault["line"], fault["field"], fault["code"]) == ("bad.yaml", 2, "task", "unknown-name")


def list_that_raises(error: str, folder: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys, harness.cli.command as cli\n"
        f"def broken(*args, **kwargs): raise {error}\n"
        "cli.harness.commands['list'].callback = broken\n"
        "sys.argv = ['harness', 'list', 'metrics']\ncli.main()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)


def test_a_bug_of_ours_is_one_line_and_a_log(tmp_path):
    done = list_that_raises("RuntimeError('boom \\x1b]0;title\\x07 \\u202e \\ud800')", tmp_path)
    assert done.returncode == 70
    assert "internal error (please report it): RuntimeError: boom" in done.stderr
    assert "Traceback" not in done.stderr
    log = re.search(r"traceback in (\S+)", done.stderr)
    assert log
    text = Path(log[1]).read_text(encoding="utf-8")
    assert "RuntimeError: boom \\x1b]0;title\\x07 \\u202e" in text
    assert text.replace("\n", "").isprintable()


def test_too_little_memory_is_said_before_a_library_hangs_or_crashes_for_want_of_it(tmp_path):
    command = f"ulimit -v 400000; exec {sys.executable} -m harness run public-matters"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 2
    assert "not enough memory: the limit of this process is 410 MB (ulimit -v), and this command needs" in done.stderr
    assert done.stdout == ""


def test_an_interrupted_run_says_so(tmp_path):
    done = list_that_raises("KeyboardInterrupt", tmp_path)
    assert done.returncode == 130
    assert "completed work is saved" in done.stderr


def test_a_file_that_ends_too_early_is_no_interruption(tmp_path):
    done = list_that_raises("EOFError('marshal data too short')", tmp_path)
    assert done.returncode == 70
    assert "internal error (please report it): EOFError: marshal data too short; traceback in" in done.stderr
    assert "interrupted" not in done.stderr


def test_a_module_of_the_users_own_that_does_not_import_is_no_bug_of_ours(harness, tmp_path):
    (tmp_path / "mine.py").write_text("def broken(:\n")
    (tmp_path / "mine.yaml").write_text(
        'name: mine\ntask: checkability\ndataset: public-matters\nclassifiers: ["mine:Digits"]\n'
    )
    done = harness("run", "mine.yaml")
    assert done.returncode == 2
    assert "mine.yaml:4: classifiers[0]: classifier 'mine:Digits': module 'mine' cannot be imported" in done.stderr
    assert "SyntaxError" in done.stderr


def test_a_classifier_of_the_users_own_module_runs(harness, tmp_path, root):
    """The example of docs/how-to/extend.md, run as written there."""
    page = (root / "docs" / "how-to" / "extend.md").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(page.split("```python\n")[1].split("```")[0])
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntask: checkability\ndataset: public-matters\n"
        'classifiers: ["mine:Digits", {name: "mine:Digits", label: four, most: 4}]\nmetrics: [average_precision]\n'
    )
    done = harness("run", "mine.yaml")
    assert done.returncode == 0, done.stderr
    assert "mine:Digits" in done.stdout
    assert "four" in done.stdout
