"""What stands in the generated parts of the docs: one function per part, each Markdown from the code."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import get_args

import click
from docstrings import first_sentence, key_rows, one_line, table
from pydantic import BaseModel
from python_blocks import python_bases, python_functions, python_results

import harness
from harness.cli.command import harness as command_group


def rooms() -> str:
    """Every package folder under harness/, with the one line of its docstring."""
    return "\n".join(f"- `{folder}`: {line}" for folder, line in room_lines().items())


def room_lines() -> dict[str, str]:
    """Folder to the first line of its package's docstring, in the order of the layers, outermost first."""
    names = [module.name for module in pkgutil.walk_packages(harness.__path__, "harness.") if module.ispkg]
    layers = _layers()
    ordered = sorted(names, key=lambda name: (layers.index(name.split(".")[1]), name))
    return {f"{name.replace('.', '/')}/": _package_line(name) for name in ordered}


def _package_line(name: str) -> str:
    return (inspect.getdoc(importlib.import_module(name)) or "").partition("\n")[0]


def _layers() -> list[str]:
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (entry for entry in project["tool"]["importlinter"]["contracts"] if entry["type"] == "layers")
    return [room for layer in contract["layers"] for room in re.split(r"\s*\|\s*", layer)]


def commands() -> str:
    """Every command with its arguments and options."""
    return "\n\n".join(_command(name, command_group.commands[name]) for name in sorted(command_group.commands))


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"harness {name}")
    usage = " ".join([f"harness {name}", *command.collect_usage_pieces(context)])
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = ((_option_name(option), _option_default(option), one_line(option.help or "")) for option in options)
    text = "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(command.help or "").split("\n\n"))
    return f"## harness {name}\n\n```\n{usage}\n```\n\n{text}\n\n{table(('option', 'default', 'meaning'), rows)}"


def _option_name(option: click.Option) -> str:
    if option.is_flag:
        return f"`{', '.join(option.opts)}`"
    return one_line(f"`{', '.join(option.opts)} {option.metavar or _value_name(option)}`")


def _value_name(option: click.Option) -> str:
    return "|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.type.name.upper()


def _option_default(option: click.Option) -> str:
    if option.required:
        return "required"
    return f"`{option.default}`" if option.show_default and option.default is not None else ""


def config() -> str:
    """The keys of a config file, section by section."""
    from harness.metrics.intervals import Intervals
    from harness.runner.config import Experiment
    from harness.runner.splitting.split_config import Inner, Split

    return "\n\n".join(
        [
            f"## The config\n\n{keys(Experiment)}",
            f"## `split`\n\n{first_sentence(Split)}\n\n{keys(Split)}",
            f"### `split.inner`\n\n{first_sentence(Inner)}\n\n{keys(Inner)}",
            f"## `intervals`\n\n{first_sentence(Intervals)}\n\n{keys(Intervals)}",
        ]
    )


def chain() -> str:
    """The keys of the config of a chain, stage by stage."""
    from harness.runner.chain.config import Chain, Detection, Stage
    from harness.runner.verification.evidence_source import FoundEvidence

    sections = [keys(Chain)]
    for name, record in (("detect", Detection), ("retrieve", FoundEvidence), ("judge", Stage)):
        sections.append(f"### `{name}`\n\n{keys(record)}")
    return "\n\n".join(sections)


def choices() -> str:
    """What may be chosen inside the training claims: ranges, calibration, thresholds."""
    from harness.runner.tuning import calibrate, search_space

    records = [*_records(search_space), *_records(calibrate)]
    return "\n\n".join(f"### {_choice(record)}\n\n{first_sentence(record)}\n\n{keys(record)}" for record in records)


def _choice(record: type[BaseModel]) -> str:
    """How a config begins to write a choice, told by the record's first key."""
    key, field = next(iter(record.model_fields.items()))
    if key == "aim":
        return f"`threshold: {{aim: {get_args(field.annotation)[0]}}}`"
    return {"low": "`{search: ...}`", "candidates": "`tune`"}[key]


def _records(module: ModuleType) -> Iterator[type[BaseModel]]:
    from harness.records import Record

    for name, kind in vars(module).items():
        own = isinstance(kind, type) and issubclass(kind, Record) and kind.__module__ == module.__name__
        if own and not name.startswith("_"):
            yield kind


def keys(model: type[BaseModel]) -> str:
    """The keys of a record as a table."""
    return table(("key", "value", "default", "meaning"), key_rows(model))


def tasks() -> str:
    """The tasks with their questions and default metrics."""
    from harness.data.labels.tasks import TASKS

    rows = ((f"`{t.name}`", t.question, ", ".join(f"`{name}`" for name in t.metrics)) for t in TASKS.values())
    return table(("task", "question", "default metrics"), rows)


def evidence_metrics() -> str:
    """Every metric of the task `evidence`."""
    from harness.metrics.verification import EVIDENCE_METRICS

    rows = (
        (
            f"`{name}`",
            ", ".join(f"`{setting}`" for setting in metric.model_fields),
            metric.heading,
            first_sentence(metric),
        )
        for name, metric in EVIDENCE_METRICS.each().items()
    )
    return table(("name", "settings", "heading", "what it is"), rows)


def metrics() -> str:
    """Every metric of the registry."""
    from harness.metrics import METRICS

    rows = (
        (
            f"`{name}`",
            ", ".join(f"`{setting}`" for setting in metric.model_fields),
            one_line(metric.heading),
            metric.needs,
            f"{metric.bounds[0]:g} to {metric.bounds[1]:g}",
            "higher" if metric.higher_is_better else "lower",
            "yes or no" if metric.yes_or_no_only else "any",
            first_sentence(metric),
        )
        for name, metric in METRICS.each().items()
    )
    headings = ("name", "settings", "heading", "needs", "range", "better", "tasks", "what it is")
    return table(headings, rows)


def metric_settings() -> str:
    """The settings of the metrics that have some."""
    from harness.metrics import METRICS

    rows = ((f"`{name}`", *row) for name, metric in METRICS.each().items() for row in key_rows(metric))
    return table(("metric", "setting", "value", "default", "meaning"), rows)


def classifiers() -> str:
    """Every classifier of the registry with its settings."""
    from harness.classifiers import CLASSIFIERS

    written = []
    for name in CLASSIFIERS.table:
        kind = CLASSIFIERS.get(name)
        text = "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(kind.__doc__ or "").split("\n\n"))
        settings = table(("setting", "value", "default", "meaning"), key_rows(kind)) if kind.model_fields else ""
        written.append(f"## {name}\n\n{text}" + (f"\n\n{settings}" if settings else ""))
    return "\n\n".join(written)


def schemes() -> str:
    """Every label scheme: its axes with their labels, and the tasks that it answers."""
    from harness.schemes import load_scheme, scheme_names

    rows = []
    for name in scheme_names():
        scheme = load_scheme(name)
        labels = [f"{axis.name}: {', '.join(axis.label_names)}" for axis in scheme.axes if not axis.feature]
        features = sum(axis.feature for axis in scheme.axes)
        shown = "; ".join([*labels, *([f"and {features} features"] if features else [])])
        rows.append((f"`{name}`", one_line(scheme.title), one_line(shown), ", ".join(f"`{t}`" for t in scheme.tasks)))
    return table(("scheme", "title", "axes and labels", "tasks"), rows)


def benchmarks() -> str:
    """Every public benchmark."""
    from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark

    rows = []
    for name in benchmark_names():
        benchmark = load_benchmark(name)
        parts = list(benchmark.parts)
        shown = ", ".join(parts) if len(parts) <= 8 else f"{len(parts)} parts, {parts[0]} among them"
        terms = one_line(benchmark.license)
        rows.append((f"`{name}`", one_line(benchmark.summary), shown, f"`{benchmark.scheme}`", terms))
    return table(("name", "what it is", "parts", "scheme", "license as stated"), rows)


def dataset_records() -> str:
    """The fields of each file of a dataset folder."""
    from harness.data.assignments.assignment_files import Assignment
    from harness.data.corpora import Passage
    from harness.data.dataset import ClaimPart, DatasetInfo
    from harness.records import Annotation, Article, Claim, Evidence

    files = {
        "dataset.yaml": DatasetInfo,
        "articles.jsonl": Article,
        "claims.jsonl": Claim,
        "annotations/NAME.jsonl": Annotation,
        "assignments/NAME.jsonl": Assignment,
        "splits/NAME.jsonl": ClaimPart,
        "evidence.jsonl": Evidence,
        "corpus.jsonl": Passage,
    }
    return "\n\n".join(
        f"### `{name}`\n\n{first_sentence(record)}\n\n{_fields(record)}" for name, record in files.items()
    )


def result_records() -> str:
    """The fields of a result and of one of its values."""
    from harness.metrics.intervals import Value
    from harness.runner.results import Result

    return "\n\n".join(
        f"### {title}\n\n{first_sentence(record)}\n\n{_fields(record)}"
        for title, record in (("`result.json`", Result), ("A value in `result.json`", Value))
    )


def _fields(model: type[BaseModel]) -> str:
    return table(("field", "value", "default", "meaning"), key_rows(model))


def audit_checks() -> str:
    """Every numbered check, with its page."""
    from harness.audit.checks import CHECKS

    return table(("check", "finds"), ((f"[{n}]({n}.md)", check.title) for n, check in CHECKS.table.items()))


BLOCKS: dict[str, Callable[[], str]] = {
    block.__name__: block
    for block in (
        rooms,
        commands,
        config,
        chain,
        choices,
        tasks,
        evidence_metrics,
        metrics,
        metric_settings,
        classifiers,
        schemes,
        benchmarks,
        dataset_records,
        result_records,
        audit_checks,
        python_functions,
        python_results,
        python_bases,
    )
}
