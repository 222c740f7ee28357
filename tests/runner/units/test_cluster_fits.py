"""Runs on a Dask cluster of two worker processes, of which one is killed in a fit."""

from __future__ import annotations

import os
import platform
import signal
import threading
import time

import pytest

from harness import HarnessError, run
from harness.runner.units.cluster_fits import Workers
from harness.user_code.local_code import _POLICY

distributed = pytest.importorskip("distributed")

MODULE = '''\
import os
import time
import zlib
from pathlib import Path

from harness.classifiers.baselines.trivial import Length

HERE = Path(__file__).parent


class Waits(Length):
    """Scores by length; where a file asks for it, the first of all fits waits until its process is killed."""

    def fit(self, claims, gold, seed):
        with (HERE / "fits").open("a") as fits:
            fits.write(f"{zlib.crc32(' '.join(claims.claim_id).encode())} {seed} {os.getpid()}\\n")
        if (HERE / "wait").exists():
            (HERE / "wait").unlink()
            (HERE / "pid").write_text(f"{os.getpid()} ")
            time.sleep(300)
        return super().fit(claims, gold, seed)
'''


@pytest.fixture
def thread():
    """A cluster in this process, with one worker."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="tcp"
    ) as started:
        yield started


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as started:
        yield started


@pytest.fixture
def waits(config, tmp_path, monkeypatch):
    (tmp_path / "waits.py").write_text(MODULE, encoding="utf-8")
    config.write_text(
        config.read_text().replace(
            "[majority, prior_random, length]", "[majority, {name: 'waits:Waits', label: waits}]"
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return config


def units(folder):
    return {path.name: path.read_bytes() for path in folder.glob("small/units/*.parquet")}


def kill_when_it_waits(pid_file):
    for _ in range(6000):
        if pid_file.exists() and (pid := pid_file.read_text()).endswith(" "):
            os.kill(int(pid), signal.SIGKILL)
            return
        time.sleep(0.01)


def test_a_run_on_a_cluster_writes_what_a_run_of_this_process_writes(config, thread, tmp_path, monkeypatch):
    monkeypatch.setattr(_POLICY.hashed, "strict", False)  # the worker, which is this process, sets it
    alone, hosts = run(config, out=tmp_path / "alone"), []
    options = {"out": tmp_path / "dask", "backend": "dask", "scheduler": thread.scheduler_address}
    first = run(config, **options, shard="1/2", announce=hosts.append)
    result = run(config, **options)
    assert hosts == [(thread.scheduler_address,)]
    assert 0 < first.fitted == alone.fitted - result.fitted
    assert units(tmp_path / "dask") == units(tmp_path / "alone")
    assert str(result) == str(alone)
    assert not list((tmp_path / "dask/small/units/.leases").iterdir())


@pytest.mark.soak
def test_a_worker_that_is_killed_in_a_fit_costs_that_fit_only(waits, cluster, tmp_path):
    alone = run(waits, out=tmp_path / "alone")
    (tmp_path / "fits").unlink()
    (tmp_path / "wait").touch()
    killer = threading.Thread(target=kill_when_it_waits, args=(tmp_path / "pid",))
    killer.start()
    result = run(waits, out=tmp_path / "dask", backend="dask", scheduler=cluster.scheduler_address)
    killer.join()
    assert result.fitted == alone.fitted == 4 * (1 + 3)
    assert units(tmp_path / "dask") == units(tmp_path / "alone")
    assert str(result) == str(alone)
    assert not list((tmp_path / "dask/small/units/.leases").iterdir())
    fits = [line.split() for line in (tmp_path / "fits").read_text().splitlines()]
    killed = (tmp_path / "pid").read_text().strip()
    times = {(claim, seed): [pid for *key, pid in fits if key == [claim, seed]] for claim, seed, _ in fits}
    assert sorted(map(len, times.values())) == [1] * 11 + [2]
    assert all(pids[0] == killed for pids in times.values() if len(pids) == 2)
    assert str(os.getpid()) not in {pid for *_, pid in fits}


@pytest.mark.soak
def test_workers_of_another_python_are_refused_before_a_fit(config, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "python_version_tuple", lambda: ("3", "99", "0"))
    with pytest.raises(HarnessError, match=r"worker.* tcp://.*: Python 3\.\d+, expected 3\.99"):
        run(config, out=tmp_path / "runs", backend="dask", scheduler=cluster.scheduler_address)
    assert not units(tmp_path / "runs")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "ray"}, "--backend: got 'ray'; expected one of local, dask"),
        ({"backend": "dask"}, "--backend dask: needs --scheduler ADDRESS"),
        ({"scheduler": "tcp://a:1"}, "--scheduler: needs --backend dask"),
        ({"backend": "dask", "scheduler": "tcp://a:1", "jobs": 2}, "--jobs: does not go with --backend dask"),
        ({"backend": "dask", "scheduler": "tcp://a:1", "offline": True}, "which --offline refuses"),
    ],
)
def test_options_that_do_not_go_together_are_refused(config, tmp_path, options, message):
    with pytest.raises(HarnessError, match=message):
        run(config, out=tmp_path / "runs", **options)
    assert not (tmp_path / "runs").exists()


def test_options_name_the_workers():
    assert Workers.of("local", None, 3) == Workers(3)
    assert Workers.of("dask", "tcp://a:1", 1) == Workers(1, "tcp://a:1")
