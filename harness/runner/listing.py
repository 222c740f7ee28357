"""Lists registered components, one line each: the function behind `harness list`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple

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


def _retrievers() -> dict[str, str]:
    from harness.retrieval import RETRIEVERS

    return {name: _first_line(component) for name, component in RETRIEVERS.each().items()}


def _metrics() -> dict[str, str]:
    from harness.metrics import METRICS
    from harness.metrics.verification import EVIDENCE_METRICS

    # A name that both have is a mean over articles of ranked claims, and over claims of ranked passages.
    components = EVIDENCE_METRICS.each() | METRICS.each()
    return {name: _first_line(components[name]) for name in [*METRICS.names(), *EVIDENCE_METRICS.names()]}


def _schemes() -> dict[str, str]:
    from harness.schemes import load_scheme, scheme_names

    return {name: load_scheme(name).title for name in scheme_names()}


def _checks() -> dict[str, str]:
    from harness.audit.checks import CHECKS

    checks = CHECKS.each()
    return {
        number: _first_line(check) if isinstance(check, UnknownComponent) else check.title
        for number, check in checks.items()
    }


def _experiments() -> dict[str, str]:
    from harness.folders import shipped
    from harness.yaml_file import read_yaml

    documents = {path.stem: read_yaml(path).content for path in shipped("experiments").glob("*.yaml")}
    return {
        name: f"{document['task']} on {_names(document['dataset'])}" for name, document in sorted(documents.items())
    }


def _names(dataset: str | list[str]) -> str:
    return dataset if isinstance(dataset, str) else " + ".join(dataset)


class Kind(NamedTuple):
    """A kind of component."""

    summary: str
    listed: Callable[[], dict[str, str]]
    """Gives the summary of each component by its name."""


KINDS = {
    "experiments": Kind("configs that `harness run` takes by name", _experiments),
    "datasets": Kind("datasets that come with the package", _datasets),
    "benchmarks": Kind("public benchmarks that `harness fetch` reads", _benchmarks),
    "classifiers": Kind("systems that a config can name", _classifiers),
    "retrievers": Kind("ways to rank the passages of a corpus", _retrievers),
    "metrics": Kind("metrics that a config can name", _metrics),
    "schemes": Kind("label schemes with their guidelines", _schemes),
    "checks": Kind("checks of `harness audit`", _checks),
}


def list_components(kind: str | None = None) -> dict[str, str]:
    """Maps the name of every registered component of a kind to its summary.

    Args:
        kind: experiments, datasets, benchmarks, classifiers, retrievers, metrics, schemes or checks; None: the kinds
            themselves.
    Raises: UnknownName: no such kind.
    """
    if kind is None:
        return {name: component.summary for name, component in KINDS.items()}
    if kind not in KINDS:
        raise UnknownName(unknown_name("kind", kind, list(KINDS)))
    return KINDS[kind].listed()
