"""What is registered, a line each: the one function behind `harness list`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from harness.errors import HarnessError, unknown_name
from harness.registry import Registry, UnknownComponent

T = TypeVar("T")


def _first_line(component: object) -> str:
    return (inspect.getdoc(component) or "").split("\n\n")[0].replace("\n", " ")


def _of(registry: Registry[T], say: Callable[[T], str]) -> dict[str, str]:
    """What is said of each component; of one whose package is broken, what is wrong."""
    found = {}
    for name in registry.names():
        try:
            found[name] = say(registry.get(name))
        except UnknownComponent as error:
            found[name] = str(error)
    return found


def _datasets() -> dict[str, str]:
    from harness.data.dataset import read_info
    from harness.data.fetch import dataset_names, shipped

    return {name: read_info(shipped("data") / name).title for name in dataset_names()}


def _benchmarks() -> dict[str, str]:
    from harness.data.benchmark import benchmark_names, load_benchmark

    return {name: load_benchmark(name).summary for name in benchmark_names()}


def _classifiers() -> dict[str, str]:
    from harness.classifiers import CLASSIFIERS

    return _of(CLASSIFIERS, _first_line)


def _metrics() -> dict[str, str]:
    from harness.metrics import METRICS

    return _of(METRICS, _first_line)


def _schemes() -> dict[str, str]:
    from harness.schemes import load_scheme, scheme_names

    return {name: load_scheme(name).title for name in scheme_names()}


def _checks() -> dict[str, str]:
    from harness.audit import CHECKS

    return _of(CHECKS, lambda check: check.title)


KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "datasets": _datasets,
    "benchmarks": _benchmarks,
    "classifiers": _classifiers,
    "metrics": _metrics,
    "schemes": _schemes,
    "checks": _checks,
}


def listing(kind: str) -> dict[str, str]:
    """Name to summary of everything registered of a kind.

    Args:
        kind: datasets, benchmarks, classifiers, metrics, schemes or checks.
    Raises: HarnessError: no such kind.
    """
    if kind not in KINDS:
        raise HarnessError(unknown_name("kind", kind, list(KINDS)))
    return KINDS[kind]()
