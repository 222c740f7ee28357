"""The JSON Schema of config files, for editors: made from the records that validate a config."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from harness.classifiers import CLASSIFIERS
from harness.classifiers.composite.nested import NestedClassifier
from harness.data.benchmarks.benchmark import benchmark_names
from harness.data.labels.gold import MODELS, RULES
from harness.data.labels.tasks import TASKS
from harness.data.load import dataset_names
from harness.files import json_document, write_text
from harness.metrics import METRICS
from harness.metrics.verification import EVIDENCE_METRICS
from harness.registry import Registry
from harness.retrieval.build import RETRIEVERS
from harness.runner.chain.config import Chain, Detection, Stage
from harness.runner.config import CHAIN, Experiment
from harness.runner.configs.document import EXPERIMENTS, EXTENDS
from harness.runner.configs.several import AXES
from harness.runner.tuning.calibrate import Calibration, FlagShare, MaximizeF1, PrecisionFloor
from harness.runner.tuning.search_space import Range, Tune
from harness.runner.verification.evidence_source import Defaults, RankedEvidence
from harness.runner.verification.retrieval_systems import FROM_FILE

MODELINE = "# yaml-language-server: $schema="
"""Start of the line by which a YAML file names its schema to editors; a path from the folder of the file follows."""
Schema = dict[str, Any]
DEFS = "#/$defs/"
EXPERIMENT = f"{DEFS}Experiment/properties"
RUN_FILE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["path"],
    "properties": {"path": {"type": "string", "description": "Path of a TREC run file."}},
}
"""Settings of `from_file` among the retrievers."""


def schema(out: str | Path | None = None) -> Schema:
    """The JSON Schema (draft 2020-12) of config files: every key, and every setting of classifiers and metrics.

    Args:
        out: file to write it to as well.
    Raises: HarnessError: the file cannot be written.
    """
    document = _config_schema()
    if out is not None:
        write_text(Path(out), json_document(document))
    return document


@cache
def field_docs(cls: type) -> dict[str, str]:
    """The docstring under each field of a class, those of its bases among them."""
    docs: dict[str, str] = {}
    for kind in reversed(cls.__mro__):
        if not kind.__module__.startswith("harness"):
            continue
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        assert isinstance(node, ast.ClassDef)  # noqa: S101 - the source of a class
        for line, after in zip(node.body, node.body[1:], strict=False):
            match line, after:
                case ast.AnnAssign(target=target), ast.Expr(value=ast.Constant(value=str(doc))):
                    docs[ast.unparse(target)] = " ".join(doc.split())
    return docs


class _Documented(GenerateJsonSchema):
    """Describes fields by their docstrings, and leaves out titles, which only repeat their names."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        """The schema of one record."""
        document = super().model_schema(schema)
        document.pop("title", None)
        kind: Any = schema["cls"]
        docs = field_docs(kind)
        fields = kind.model_fields
        for name in [name for name in document.get("properties", {}) if fields[name].exclude]:
            del document["properties"][name]  # set by the experiment, not in a config
        for name, field in document.get("properties", {}).items():
            field.pop("title", None)
            if name in docs:
                field["description"] = docs[name]
        return document


def _config_schema() -> Schema:
    classifiers, retrievers = _records(CLASSIFIERS), _records(RETRIEVERS)
    metrics = _records(EVIDENCE_METRICS) | _records(METRICS)
    records: list[type[BaseModel]] = [Experiment, Range, Tune, MaximizeF1, FlagShare, PrecisionFloor, NestedClassifier]
    records += [Defaults, RankedEvidence, Chain, Detection, Stage]
    models: dict[type[BaseModel], None] = dict.fromkeys(
        [*records, *classifiers.values(), *retrievers.values(), *metrics.values()]
    )
    references, document = models_json_schema([(model, "validation") for model in models], schema_generator=_Documented)
    refs = {model: str(references[model, "validation"]["$ref"]) for model in models}
    defs: Schema = document["$defs"]
    by_ref = {ref: defs[ref.removeprefix(DEFS)] for ref in refs.values()}
    nested = {name: _by_reference(by_ref[refs[model]], refs[model]) for name, model in classifiers.items()}
    defs[refs[NestedClassifier].removeprefix(DEFS)] = _entry(_summaries(CLASSIFIERS), nested)
    systems = {name: _as_system(by_ref[refs[model]], refs[model], refs) for name, model in classifiers.items()}
    experiment = by_ref[refs[Experiment]]
    properties = experiment["properties"]
    properties["classifiers"] = _one_or_several("classifiers", properties, _entry(_summaries(CLASSIFIERS), systems))
    measured = {name: by_ref[refs[model]] for name, model in metrics.items()}
    summaries = _summaries(EVIDENCE_METRICS) | _summaries(METRICS)
    properties["metrics"] = _one_or_several("metrics", properties, _entry(summaries, measured))
    ranking = {name: _as_retriever(by_ref[refs[model]], refs[model], refs) for name, model in retrievers.items()}
    ranking[FROM_FILE] = _as_retriever(RUN_FILE, "", refs)
    summaries = _summaries(RETRIEVERS) | {FROM_FILE: "The ranking of a TREC run file."}
    properties["retrievers"] = _one_or_several("retrievers", properties, _entry(summaries, ranking))
    for key in ("classifiers", "retrievers"):
        del properties[key]["default"]  # none is a default, because each task needs one of the two
        properties[key]["minItems"] = 1
    properties["task"] |= _one_of({task.name: task.question for task in TASKS.values()})
    properties["gold"]["pattern"] = f"^({'|'.join(RULES)}|single:.+|({'|'.join(MODELS)}):[0-9.]+)$"
    properties["dataset"]["examples"] = [*dataset_names(), *benchmark_names()]
    systems_of_task = _if_task("evidence", {"required": ["retrievers"]}, {"required": ["classifiers"]})
    for key in AXES:
        properties[key] = _or_each(properties[key])
    parts = {"type": "object", "properties": {name: {"$ref": f"{EXPERIMENT}/{name}"} for name in properties}}
    properties[EXPERIMENTS] = {
        "description": "Several experiments: for each, the keys in which it differs from the rest of the file.",
        "type": "array",
        "minItems": 1,
        "items": parts | {"additionalProperties": False},
    }
    _let_extend(experiment, systems_of_task)
    _let_extend(by_ref[refs[Chain]], {})
    for stage in (Detection, Stage):
        by_ref[refs[stage]]["properties"]["classifier"] = {
            "description": field_docs(stage)["classifier"],
            "$ref": f"{EXPERIMENT}/classifiers/items",
        }
    top = _if_task(CHAIN, {"$ref": refs[Chain]}, {"$ref": refs[Experiment]})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config of an experiment",
        "type": "object",
        **top,
        "$defs": {name: defs[name] for name in sorted(_used(top, defs))},
    }


def _or_each(value: Schema) -> Schema:
    """A value, or `{each: [...]}`, which gives one experiment for each of several."""
    notes = {key: value.pop(key) for key in ("description", "examples") if key in value}
    each = _single("each", {"type": "array", "minItems": 1, "items": dict(value)}, "One experiment per value.")
    return notes | {"if": {"type": "object"}, "then": each, "else": dict(value)}


def _let_extend(record: Schema, needed: Schema) -> None:
    """Lets a config leave out required keys, which `extends` or `experiments` give.

    Args:
        needed: what else a config has that stands alone.
    """
    record["properties"][EXTENDS] = {
        "description": "Config, by path or name, whose keys hold where this one has none; it extends no other.",
        "type": "string",
    }
    alone = {"required": record.pop("required", []), **needed}
    elsewhere = {"anyOf": [{"required": [EXTENDS]}, {"required": [EXPERIMENTS]}]}
    record["allOf"] = [*record.get("allOf", []), {"if": elsewhere, "else": alone}]


def _if_task(task: str, then: Schema, otherwise: Schema) -> Schema:
    condition = {"properties": {"task": {"const": task}}, "required": ["task"]}
    return {"if": condition, "then": then, "else": otherwise}


def _records(registry: Registry[Any]) -> dict[str, type[BaseModel]]:
    """The components of a registry whose settings are the fields of a record, by name."""
    components = registry.each().items()
    return {name: kind for name, kind in components if isinstance(kind, type) and issubclass(kind, BaseModel)}


def _summaries(registry: Registry[Any]) -> dict[str, str]:
    components = registry.each().items()
    return {name: " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split()) for name, kind in components}


def _one_of(descriptions: Mapping[str, str]) -> Schema:
    """One of several words, each with its description."""
    return {"anyOf": [{"const": name, "description": text} for name, text in descriptions.items()]}


def _entry(names: Mapping[str, str], records: Mapping[str, Schema]) -> Schema:
    """A name, or a mapping with a name and its settings, which are any settings for `module:Class`."""
    name = _one_of(names)
    name["anyOf"].append({"type": "string", "pattern": ":"})
    cases = [
        {
            "if": {"properties": {"name": {"const": key}}, "required": ["name"]},
            "then": record | {"properties": {"name": {"const": key}} | record.get("properties", {})},
        }
        for key, record in records.items()
    ]
    mapping = {"type": "object", "properties": {"name": name}, "required": ["name"], "allOf": cases}
    return {"if": {"type": "string"}, "then": name, "else": mapping}


def _one_or_several(key: str, properties: Mapping[str, Schema], entry: Schema) -> Schema:
    """A list of entries, or one of them; without a union, so that editors show a fault where it is."""
    notes = {name: properties[key][name] for name in ("description", "default") if name in properties[key]}
    fewest = {} if "default" in notes else {"minItems": 1}
    return notes | fewest | {"items": entry, "if": {"type": "array"}, "else": {"$ref": f"{EXPERIMENT}/{key}/items"}}


def _by_reference(record: Schema, ref: str) -> Schema:
    """A record whose fields point into the definition at `ref`."""
    fields = {name: {"$ref": f"{ref}/properties/{name}"} for name in record.get("properties", {})}
    return record | {"properties": fields}


def _as_system(record: Schema, ref: str, refs: Mapping[type[BaseModel], str]) -> Schema:
    """The settings of a classifier in an experiment, where several values may stand for one."""
    fields = record.get("properties", {})
    settings = {name: _with_choices(field, f"{ref}/properties/{name}", refs[Range]) for name, field in fields.items()}
    settings["label"] = {"type": "string", "description": "Name in tables and results."}
    source = {"$ref": f"{refs[Defaults]}/properties/evidence"}
    settings["evidence"] = {
        "description": "Passages that it is shown with each claim (task `verdict`), or `each` of several.",
        "anyOf": [source, _single("each", {"type": "array", "minItems": 1, "items": source}, "One system per source.")],
    }
    settings["tune"] = {"$ref": refs[Tune], "description": "Options of the draw of candidates from ranges (`search`)."}
    settings["calibration"] = {"enum": list(get_args(Calibration)), "description": "Calibration of the scores."}
    threshold = settings.get("threshold", {"anyOf": []})
    aims = [{"$ref": refs[aim]} for aim in (MaximizeF1, FlagShare, PrecisionFloor)]
    aim = "Threshold that is chosen for an aim, on training claims or a dev part."
    settings["threshold"] = {"description": aim} | threshold | {"anyOf": [*threshold["anyOf"], *aims]}
    return record | {"properties": settings}


def _as_retriever(record: Schema, ref: str, refs: Mapping[type[BaseModel], str]) -> Schema:
    """The settings of a retriever in an experiment on evidence, where each of several values may stand for one."""
    fields = record.get("properties", {})
    own = {name: {"$ref": f"{ref}/properties/{name}"} if ref else field for name, field in fields.items()}
    ranked = f"{refs[RankedEvidence]}/properties"
    settings = own | {"depth": {"$ref": f"{ranked}/k"}, "include": {"$ref": f"{ranked}/include"}}
    several = {
        name: {"anyOf": [one, _single("each", {"type": "array", "minItems": 1, "items": one}, "One system per value.")]}
        for name, one in settings.items()
    }
    return record | {
        "properties": several | {"label": {"type": "string", "description": "Name in tables and results."}}
    }


def _with_choices(field: Schema, ref: str, range_: str) -> Schema:
    """One value, `{each: [...]}`, `{grid: [...]}`, or for a number `{search: {low, high}}`."""
    values = {"type": "array", "minItems": 1, "items": {"$ref": ref}}
    choices = [
        _single("each", values, "One system per value."),
        _single("grid", values, "The best value, chosen on training claims."),
    ]
    if any(kind.get("type") in ("number", "integer") for kind in (field, *field.get("anyOf", []))):
        of_range = {"$ref": range_}
        choices.append(_single("search", of_range, "The best of values drawn from a range, chosen on training claims."))
    notes = {key: field[key] for key in ("description", "default") if key in field}
    return notes | {"anyOf": [{"$ref": ref}, *choices]}


def _single(key: str, value: Schema, description: str) -> Schema:
    properties = {key: value}
    return {
        "type": "object",
        "properties": properties,
        "required": [key],
        "additionalProperties": False,
        "description": description,
    }


def _used(document: Any, defs: Schema) -> set[str]:
    """Names of the definitions that a document refers to, directly or through others."""
    used: set[str] = set()
    pending = [document]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix(DEFS).partition("/")[0]
            if name in defs and name not in used:
                used.add(name)
                pending.append(defs[name])
            pending += part.values()
        elif isinstance(part, list):
            pending += part
    return used
