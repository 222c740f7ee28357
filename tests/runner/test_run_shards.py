"""Shards: several processes fit parts of one run into one folder, and a run of all writes what one process writes."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import HarnessError, files, load_experiment, plan, run
from harness.classifiers.baselines.trivial import Length
from harness.files import WriteError
from harness.runner import execute
from harness.runner.units import leases
from harness.runner.units.leases import unit_lease
from harness.runner.units.sharing import shared_folder

UNITS = 4 * (1 + 3 + 1)
"""In 4 folds: one fit of each system that ignores the seed, and three of `prior_random`."""
SEEDED_UNITS = 4 * (1 + 3 + 3)
"""With code of the user in place of `length`, which is fitted with each seed."""
MODULE = '''\
import os
import time
from pathlib import Path

from harness.classifiers.baselines.trivial import Length


class Waits(Length):
    """Scores by length; where files are named in the environment, a fit makes one when it begins, and waits for one."""

    def fit(self, claims, gold, seed):
        started = os.environ.get("STARTED")
        if started:
            Path(started).touch()
            while not Path(os.environ["GO"]).exists():
                time.sleep(0.01)
        return super().fit(claims, gold, seed)
'''


def contents(folder: Path) -> dict[str, object]:
    """Every file of a run folder but its locks; of `result.json`, all but time, cost and place."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".lock" not in str(path):
            name, data = str(path.relative_to(folder)), path.read_bytes()
            if path.name == "result.json":
                document = json.loads(data)
                del document["cost"], document["path"], document["content_sha256"], document["provenance"]["made_at"]
                found[name] = document
            elif path.suffix == ".parquet" or path.name == "experiment.yaml":
                found[name] = data
            else:
                found[name] = None
    return found


def start(config: Path, out: Path, *options: str, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "harness", "run", str(config), "--out", str(out), *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=config.parent,
        env=os.environ | env,
        start_new_session=True,
    )


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    while not file.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.soak
def test_four_processes_and_a_run_of_all_write_what_one_process_writes(config, tmp_path):
    whole = run(config, out=tmp_path / "one")
    shards = [start(config, tmp_path / "four", "--shard", f"{number}/4") for number in (1, 2, 3, 4)]
    printed = [process.communicate(timeout=120) for process in shards]
    assert [process.returncode for process in shards] == [0] * 4, printed
    assert not list((tmp_path / "four").rglob("result.json"))
    assert all("of the experiment" in out for out, _ in printed)
    merged = run(config, out=tmp_path / "four")
    assert merged.fitted == 0
    assert str(merged) == str(whole)
    assert contents(tmp_path / "four") == contents(tmp_path / "one")
    assert len(list((tmp_path / "four").rglob("units/*.parquet"))) == UNITS


def test_a_shard_fits_its_units_only_and_says_what_is_left(config, tmp_path):
    first = run(config, out=tmp_path / "runs", shard=(1, 2))
    assert len(first.results) == 0
    assert first.shard is not None
    assert 0 < first.fitted == first.shard.units < UNITS
    assert first.shard.left == UNITS - first.fitted
    assert not (tmp_path / "runs/small/results").exists()
    assert first.document()["shard"]["left"] == first.shard.left
    with pytest.raises(HarnessError, match="run the same without --shard"):
        first.to_pandas()
    again = run(config, out=tmp_path / "runs", shard="1/2")
    assert (again.fitted, again.shard) == (0, first.shard)
    second = run(config, out=tmp_path / "runs", shard="2/2")
    assert (second.fitted, second.shard.left) == (UNITS - first.fitted, 0)
    assert "no unit of the experiment is left" in str(second)


def test_shards_stay_the_same_when_units_are_added(config, tmp_path):
    def units_of(shard: str, out: Path) -> set[str]:
        run(config, out=out, shard=shard)
        return {path.stem for path in out.glob("small/units/*.parquet")}

    before = [units_of(f"{number}/3", tmp_path / f"before-{number}") for number in (1, 2, 3)]
    config.write_text(config.read_text().replace("[1, 2, 3]", "[1, 2, 3, 4]").replace("length]", "length, position]"))
    assert len(load_experiment(config).systems) == 4
    after = [units_of(f"{number}/3", tmp_path / f"after-{number}") for number in (1, 2, 3)]
    assert all(old <= new for old, new in zip(before, after, strict=True))
    assert sum(map(len, after)) > sum(map(len, before)) == UNITS


def test_a_plan_of_a_shard_counts_its_units(config, tmp_path, harness):
    fitted = run(config, out=tmp_path / "runs", shard="1/3").fitted
    planned = [plan(config, out=tmp_path / "runs", shard=(number, 3)) for number in (1, 2, 3)]
    assert [part.finished for part in planned] == [fitted, 0, 0]
    assert sum(part.units for part in planned) == UNITS
    printed = harness("run", config, "--dry-run", "--shard", "1/3")
    assert printed.stdout == f"small: {fitted} units, {fitted} finished, in runs/small\n"


@pytest.mark.parametrize("value", ["0/4", "5/4", "4", "a/b"])
def test_a_shard_that_is_none_is_refused_before_anything_is_written(config, harness, tmp_path, value):
    refused = harness("run", config, "--shard", value)
    assert refused.returncode == 2
    assert refused.stderr == f"harness: --shard: got '{value}'; expected I/N with I from 1 to N, such as 1/4\n"
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("option", "remedy"), [("--fresh", "a new --out"), ("--save-models", "without --shard")])
def test_options_of_a_whole_run_are_refused_for_a_shard(config, harness, tmp_path, option, remedy):
    refused = harness("run", config, "--shard", "1/2", option)
    assert refused.returncode == 2
    assert remedy in refused.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.smoke
def test_a_second_run_joins_the_first_and_both_write_what_one_process_writes(config, tmp_path, monkeypatch):
    (tmp_path / "waits.py").write_text(MODULE, encoding="utf-8")
    config.write_text(config.read_text().replace("length]", "{name: 'waits:Waits', label: waits}]"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)  # the commit of the working folder is a part of the provenance
    clean = run(config, out=tmp_path / "one")
    started, lines = tmp_path / "started", []
    first = start(config, tmp_path / "two", STARTED=str(started), GO=str(tmp_path / "go"))
    wait_for(started, first)

    @contextmanager
    def release(_: int) -> Iterator[Callable[[str], None]]:
        """Lets the first run go on when the second has fitted a unit."""
        yield lambda _: (tmp_path / "go").touch()

    second = run(config, out=tmp_path / "two", say=lines.append, progress=release)
    printed, said = first.communicate()
    assert lines == [f"{tmp_path}/two/small: joins a run that is going on; what both need is fitted once"]
    assert second.fitted > 0
    assert f"\n{SEEDED_UNITS - second.fitted} units fitted" in said
    assert printed.rstrip() == str(clean).rstrip() == str(second).rstrip()
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_four_shards_of_which_one_is_killed_fit_each_unit_once(config, tmp_path, monkeypatch):
    (tmp_path / "waits.py").write_text(MODULE, encoding="utf-8")
    config.write_text(config.read_text().replace("length]", "{name: 'waits:Waits', label: waits}]"))
    monkeypatch.syspath_prepend(str(tmp_path))
    clean = run(config, out=tmp_path / "one")
    started = tmp_path / "started"
    killed = start(config, tmp_path / "four", "--shard", "2/4", STARTED=str(started), GO=str(tmp_path / "never"))
    wait_for(started, killed)
    with pytest.raises(WriteError, match="--fresh would fit its units again"):
        run(config, out=tmp_path / "four", fresh=True)
    fitted = [run(config, out=tmp_path / "four", shard=(number, 4)).fitted for number in (1, 3, 4)]
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    units = tmp_path / "four/small/units"
    assert len(list((units / ".leases").iterdir())) == 1  # that of the fit that was killed
    by_killed = len(list(units.glob("*.parquet"))) - sum(fitted)
    again = run(config, out=tmp_path / "four", shard=(2, 4))
    assert again.fitted > 0
    assert by_killed + again.fitted + sum(fitted) == SEEDED_UNITS
    merged = run(config, out=tmp_path / "four")
    assert merged.fitted == 0
    assert str(merged) == str(clean)
    assert contents(tmp_path / "four") == contents(tmp_path / "one")


def test_shards_of_two_configs_or_versions_share_no_unit_and_say_so(config, tmp_path, monkeypatch):
    first = run(config, out=tmp_path / "runs", shard=(1, 2))
    assert first.shard.of_others == 0
    config.write_text(config.read_text().replace("k: 4", "k: 2"))
    second = run(config, out=tmp_path / "runs", shard=(2, 2))
    assert second.shard.of_others == first.fitted
    assert f"{first.fitted} units in the folder of other settings, data or package versions" in str(second)
    monkeypatch.setattr("harness.classifiers.base._version", lambda _: "0.0.1")
    older = run(config, out=tmp_path / "runs", shard=(2, 2))
    assert (older.fitted, older.shard.of_others) == (older.shard.units, first.fitted + second.fitted)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disk_that_fills_ends_the_run_and_loses_no_unit(config, tmp_path, monkeypatch, jobs):
    written, make = [], files.temporary_folder

    def fills(folder):
        written.append(folder)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return make(folder)

    monkeypatch.setattr(files, "temporary_folder", fills)
    with pytest.raises(WriteError, match="the disk is full; free some space and run the same command again"):
        run(config, out=tmp_path / "runs", jobs=jobs)
    monkeypatch.undo()
    left = len(list(tmp_path.glob("runs/small/units/*.parquet")))
    assert left == 5
    assert run(config, out=tmp_path / "runs").fitted == UNITS - left


def test_a_lease_of_a_unit_keeps_it_for_last_and_its_end_gives_it_back(config, tmp_path):
    ids = [unit.unit_id for unit in plan(config, out=tmp_path / "runs").unit_list]
    (tmp_path / "runs/small/units").mkdir(parents=True)
    order = []

    def give_back_when_all_others_are_fitted() -> None:
        with unit_lease(tmp_path / f"runs/small/units/{ids[0]}.parquet"):
            ready.set()
            for _ in range(2000):
                order[:] = [path.stem for path in tmp_path.glob("runs/small/units/*.parquet")]
                if len(order) == UNITS - 1:
                    return
                time.sleep(0.005)

    ready = threading.Event()
    other = threading.Thread(target=give_back_when_all_others_are_fitted)
    other.start()
    ready.wait()
    assert run(config, out=tmp_path / "runs").fitted == UNITS
    other.join()
    assert {*order} == {*ids[1:]}


@pytest.mark.parametrize("is_fitted", [True, False])
def test_a_unit_whose_lease_ran_out_while_its_owner_lives_stays_that_of_the_next(
    config, tmp_path, monkeypatch, is_fitted
):
    run(config, out=tmp_path / "one")
    units = tmp_path / "runs/small/units"
    fit, taken = Length.fit, []

    def fit_slowly(self, *arguments):
        """While a unit is fitted, another process takes its lease over, and may finish it."""
        if not taken:
            (lease,) = (units / ".leases").iterdir()
            lease.write_text('{"token": "of the next"}')
            taken.append(lease)
            if is_fitted:
                name = f"{lease.stem}.parquet"
                (units / name).write_bytes((tmp_path / "one/small/units" / name).read_bytes())
        return fit(self, *arguments)

    monkeypatch.setattr(Length, "fit", fit_slowly)
    result = run(config, out=tmp_path / "runs")
    assert result.fitted == (UNITS - 1 if is_fitted else UNITS)
    assert taken[0].read_text() == '{"token": "of the next"}'
    taken[0].unlink()
    for unit in units.glob("*.parquet"):
        assert unit.read_bytes() == (tmp_path / "one/small/units" / unit.name).read_bytes()


def test_runs_of_two_configs_share_a_folder_and_overwrite_nothing(config, tmp_path):
    other = config.with_name("other.yaml")
    other.write_text(config.read_text().replace("k: 4", "k: 2"))
    lines = []
    with shared_folder(tmp_path / "runs/small"):
        first = run(config, out=tmp_path / "runs", say=lines.append)
        second = run(other, out=tmp_path / "runs", say=lines.append)
    assert len(lines) == 2
    assert (first.fitted, second.fitted) == (UNITS, UNITS // 2)
    assert len(list((tmp_path / "runs/small/results").iterdir())) == 6
    assert str(run(config, out=tmp_path / "runs")) == str(first)


def test_a_plan_lists_its_units_and_estimates_the_rest(config, tmp_path, harness):
    before = json.loads(harness("run", config, "--dry-run", "--json").stdout)
    assert before["estimate"] == {
        "seconds": None,
        "megabytes": None,
        "unknown_units": UNITS,
        "money": 0.0,
        "calls": 0,
        "tokens": 0,
    }
    half = run(config, out=tmp_path / "runs", shard="1/2")
    after = plan(config, out=tmp_path / "runs").document()
    done = {unit["unit_id"] for unit in after["unit_list"] if unit["done"]}
    assert done == {path.stem for path in tmp_path.glob("runs/small/units/*.parquet")}
    assert len(done) == after["finished"] == half.fitted
    assert {unit["system"] for unit in after["unit_list"]} == {"majority", "prior_random", "length"}
    assert [unit["unit_id"] for unit in after["unit_list"]] == [unit["unit_id"] for unit in before["unit_list"]]
    left = [unit["seconds"] for unit in after["unit_list"] if not unit["done"]]
    assert after["estimate"]["unknown_units"] == left.count(None)
    run(config, out=tmp_path / "runs")
    config.write_text(config.read_text().replace("k: 4", "k: 2"))
    changed = plan(config, out=tmp_path / "runs")
    assert changed.finished == 0
    assert changed.estimate.unknown_units == 0
    assert changed.estimate.seconds == pytest.approx(sum(unit.seconds for unit in changed.unit_list))
    assert changed.estimate.megabytes > 10


def test_a_shard_names_the_systems_that_fail(config, tmp_path, harness_process):
    (tmp_path / "waits.py").write_text(
        MODULE.replace("        started = os", "        raise ValueError('no more of this')\n        started = os"),
        encoding="utf-8",
    )
    config.write_text(config.read_text().replace("length]", "{name: 'waits:Waits', label: waits}]"))
    done = harness_process("run", config, "--shard", "1/1")
    assert done.returncode == 1
    assert "waits failed: fold-0, seed 1: 'waits:Waits' raised ValueError: no more of this" in done.stdout
    assert "16 of 28 units fitted; 12 units of the experiment left" in done.stdout


def test_a_run_says_that_it_waits_and_a_clock_that_is_ahead_keeps_no_lease(config, tmp_path, monkeypatch):
    units, lines = run(config, out=tmp_path / "runs").folder / "units", list[str]()
    unit = min(units.glob("*.parquet"))
    unit.unlink()
    (units / ".leases").mkdir(exist_ok=True)
    lease = units / ".leases" / f"{unit.stem}.json"
    lease.write_text('{"host": "elsewhere", "pid": 1, "began": "5", "token": "x"}')
    os.utime(lease, (2**32, 2**32))  # in the year 2106
    monkeypatch.setattr(leases, "LEASE_S", 0.3)
    monkeypatch.setattr(execute, "QUIET_S", 0.0)
    assert run(config, out=tmp_path / "runs", say=lines.append).fitted == 1
    (line,) = lines
    assert line.startswith("waits for 1 unit that other processes are fitting; one that gives no sign of life for ")
