"""Work on a Dask cluster, and what is refused; whole runs are in `runner/units/test_cluster_fits.py`."""

from __future__ import annotations

import sys
import warnings
from contextlib import nullcontext

import pytest

from harness.endpoints import cluster
from harness.endpoints.cluster import ClusterError, ClusterWork, KilledByWork, do_on_cluster, versions_of
from harness.errors import MissingExtra

distributed = pytest.importorskip("distributed")

WORK = ClusterWork(nullcontext, lambda number: number**2)


@pytest.fixture(scope="module")
def local():
    """A cluster in this process, with one worker of two threads."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0", protocol="tcp"
    ) as started:
        yield started


def numbers(n: int):
    left = iter(range(n))
    return lambda most: [number for _, number in zip(range(most), left, strict=False)]


def do(scheduler: str, n: int = 20, packages=("numpy",)):
    return dict(do_on_cluster(scheduler, WORK, packages, numbers(n)))


def test_pieces_are_done_once_each(local, monkeypatch):
    monkeypatch.setattr(cluster, "AHEAD", 3)
    monkeypatch.setattr(distributed.Client, "nthreads", lambda _: {"tcp://one": 1})
    assert do(local.scheduler_address) == {number: number**2 for number in range(20)}


def test_a_worker_with_several_threads_is_refused(local):
    with pytest.raises(ClusterError, match=r"worker tcp://127\.0\.0\.1:\d+: 2 threads, .* expected 1 \(--nthreads 1"):
        do(local.scheduler_address)


def test_workers_of_other_versions_are_refused_by_name(local):
    with distributed.Client(local, set_as_default=False) as client:
        expected = versions_of(["numpy"]) | {"Python": "2.7", "numpy": "1.0"}
        other = cluster._Cluster(client, "tcp://here", WORK, expected)
        python = ".".join(map(str, sys.version_info[:2]))
        with pytest.raises(
            ClusterError, match=rf"worker tcp://.*: Python {python}, expected 2.7, numpy .*, expected 1.0"
        ):
            other.check_workers(["numpy"])
        one = cluster._Cluster(client, "tcp://here", WORK, versions_of([]) | {cluster.SOURCE: "other"})
        with pytest.raises(ClusterError, match="other source code of claim-harness"):
            one.check_workers([])
        with pytest.raises(ClusterError, match=r"worker tcp://.*Python .*; finished units are kept"):
            [*other.results(numbers(2))]  # as for a worker that came late


def test_a_scheduler_that_does_not_answer_is_said_within_the_time(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 0.2)
    with pytest.raises(ClusterError, match=r"no Dask scheduler answered at 'tcp://127\.0\.0\.1:9' within 0 s .*dask s"):
        do("tcp://127.0.0.1:9")


@pytest.mark.parametrize("address", ["nonsense://host:1", "tcp://", "::", "host", "tcp://host:port"])
def test_what_is_no_address_is_refused_before_a_client_starts(monkeypatch, address):
    monkeypatch.setattr(distributed, "Client", None)  # one that fails prints a traceback 20 s later
    with pytest.raises(ClusterError, match="no Dask scheduler answered"):
        do(address)


def test_a_protocol_that_takes_another_package_is_refused_in_one_line(monkeypatch, recwarn):
    def resolve(_):  # as distributed does for ucx:// from 2026 on
        warnings.warn("ucx was removed.\nInstall distributed-ucxx\n", FutureWarning, stacklevel=1)
        raise FutureWarning("ucx was removed.\nInstall distributed-ucxx\n")

    monkeypatch.setattr(distributed.comm, "resolve_address", resolve)
    with pytest.raises(ClusterError) as error:
        do("ucx://host:1")
    expected = "--scheduler: 'ucx://host:1' cannot be used: ucx was removed. Install distributed-ucxx"
    assert (str(error.value), recwarn.list) == (expected, [])


def test_a_client_whose_thread_does_not_start_in_time_is_said(monkeypatch):
    def start(_):
        loop = None
        assert loop is not None  # as distributed does after 10 s

    monkeypatch.setattr(distributed.utils.LoopRunner, "start", start)
    with pytest.raises(ClusterError, match=r"^--backend dask: the thread .* did not start within 10 s.*run the same"):
        do("tcp://127.0.0.1:9")


def test_a_cluster_without_workers_is_refused(local, monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS_S", 0.05)
    monkeypatch.setattr(distributed.Client, "nthreads", lambda _: {})
    with pytest.raises(ClusterError, match=r"has no worker; start some: dask worker tcp://.* --nthreads 1"):
        do(local.scheduler_address)


def test_a_missing_package_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install 'claim-harness\[dask\]'"):
        do("tcp://127.0.0.1:9")


class Ends:
    """A task that ended all workers that did it."""

    def result(self):
        raise distributed.KilledWorker("task", None, 3)


def test_a_piece_that_ends_its_workers_is_done_alone_and_then_fails(local):
    with distributed.Client(local, set_as_default=False) as client:
        one = cluster._Cluster(client, "tcp://here", WORK, versions_of([]))
        assert [*one._outcomes(Ends(), [3, 4])] == []
        assert sorted(one._in_flight.values()) == [[3], [4]]
        assert {future.result().outcomes[0] for future in one._in_flight} == {9, 16}
        ((number, error),) = one._outcomes(Ends(), [3])
    assert number == 3
    assert isinstance(error, KilledByWork)
    assert "4 workers were ended from outside" in str(error)
