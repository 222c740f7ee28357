"""Lists registered components, one line each: the function behind `harness list`."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from harness.errors import UnknownName, unknown_name
from harness.registry import UnknownComponent


def _first_line(component: object) -> str:
    if isinstance(component, UnknownComponent):
        return f"cannot be used: {component}"
    return (inspect.getdoc(component) or "").split("\n\n")[0].replace("\n", " ")


def _datasets() -> dict[str, str]:
    from harness.data.dataset import read_info
    from harness.data.load import dataset_names
    from harness.folders import shipped

    return {name: read_info(shipped("data") / name).title for name in dataset_names()}


def _benchmarks() -> dict[str, str]:
    from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark

    return {name: load_benchmark(name).summary for name in benchmark_names()}


def _classifiers() -> dict[str, str]:
    from harness.classifiers import CLASSIFIERS

    return {name: _first_line(component) for name, component in CLASSIFIERS.each().items()}


def _metrics() -> dict[str, str]:
    from harness.metrics import METRICS

    return {name: _first_line(component) for name, component in METRICS.each().items()}


def _schemes() -> dict[str, str]:
    from harness.schemes import load_scheme, scheme_names

    return {name: load_scheme(name).title for name in scheme_names()}


def _checks() -> dict[str, str]:
    from harness.audit import CHECKS

    checks = CHECKS.each()
    return {
        number: _first_line(check) if isinstance(check, UnknownComponent) else check.title
        for number, check in checks.items()
    }


KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "datasets": _datasets,
    "benchmarks": _benchmarks,
    "classifiers": _classifiers,
    "metrics": _metrics,
    "schemes": _schemes,
    "checks": _checks,
}


def list_components(kind: str) -> dict[str, str]:
    """Maps the name of every registered component of a kind to its summary.

    Args:
        kind: datasets, benchmarks, classifiers, metrics, schemes or checks.
    Raises: UnknownName: no such kind.
    """
    if kind not in KINDS:
        raise UnknownName(unknown_name("kind", kind, list(KINDS)))
    return KINDS[kind]()
