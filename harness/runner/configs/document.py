"""Reads a config as plain data: its file, the file that it extends, and the changes of `--set`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from harness.arguments import as_list
from harness.display import brief
from harness.errors import Fault, FaultsError, known_names
from harness.folders import shipped
from harness.records import preview
from harness.runner.config import Experiment, plain_data
from harness.runner.configs.faults import ConfigFaults, Source
from harness.runner.configs.overrides import override
from harness.runner.configs.paths import make_paths_absolute
from harness.runner.configs.places import merge, with_text_keys
from harness.yaml_file import KeyPath, YamlWithLines, read_yaml

EXTENDS = "extends"
"""Key that names the config whose keys a config has where it does not set them itself."""
EXPERIMENTS = "experiments"
"""Key that lists several experiments, each with the keys in which it differs from the rest of the file."""
Config = str | Path | Mapping[str, Any] | Experiment
"""What names an experiment: a path, the name of a shipped one, the content of a file, or an experiment."""


def find_config(name_or_path: str | Path) -> Path:
    """Path of a config file, given by path or as the name of a shipped experiment.

    Raises: FaultsError: neither exists.
    """
    path = Path(name_or_path)
    if path.exists():
        return path
    shipped_config = shipped("experiments") / f"{path.stem}.yaml"
    if shipped_config.exists() and path.suffix in ("", ".yaml") and path.parent.name in ("", "experiments"):
        return shipped_config
    names = known_names("shipped experiment", path.stem, [each.stem for each in shipped("experiments").glob("*.yaml")])
    message = f"does not exist; give the path of a config, or the name of a shipped one: {names}"
    raise FaultsError.single(path, message, code="does-not-exist")


class ReadDocument(NamedTuple):
    """A config as plain data, with overrides applied, before its keys are checked."""

    path: Path
    content: dict[str, Any]
    faults: ConfigFaults
    extends: Path | None = None
    """The config that it extends; its keys are in the content."""


def read_document(config: Config, overrides: str | Sequence[str] = ()) -> ReadDocument:
    """Reads a config as plain data with absolute paths.

    Args:
        config, overrides: as for `harness.runner.load_config.load_experiment`.
    Raises: FaultsError: it, or the config that it extends, cannot be read as a mapping, or a change has no place in it.
    """
    duplicates: list[Fault] = []
    path, folder, located = _read(config, duplicates)
    content, sources = _content(path, folder, located), [Source(path, located)]
    base = None
    if EXTENDS in content:
        base = _base_of(path, folder, located, content.pop(EXTENDS))
        base_located = read_yaml(base, duplicates)
        base_content = _content(base, base.parent, base_located)
        if EXTENDS in base_content:
            message = f"extends another config; {base} must stand alone, because {path} extends it"
            line = base_located.line((EXTENDS,))
            raise FaultsError.single(base, message, line=line, field=EXTENDS, code="extends-twice")
        content = merge(base_content, content)
        sources.append(Source(base, base_located))
    changed = _change(path, content, as_list(overrides))
    _prepare(content, folder)
    faults = ConfigFaults(sources, changed)
    faults.faults += duplicates
    return ReadDocument(path, content, faults, base)


def _change(path: Path, content: dict[str, Any], overrides: Sequence[str]) -> tuple[KeyPath, ...]:
    """Applies overrides; returns the key paths that they change.

    Raises: FaultsError: every override that has no place in the config.
    """
    changed, faults = list[KeyPath](), list[Fault]()
    for text in overrides:
        try:
            changed.append(override(content, text, path))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return tuple(changed)


def _read(config: Config, duplicates: list[Fault]) -> tuple[Path, Path, YamlWithLines]:
    """The name of a config for messages, the folder that its paths are relative to, and its content."""
    if isinstance(config, Mapping | Experiment):
        content = plain_data(config) if isinstance(config, Mapping) else config.document()
        return Path("config"), Path(), YamlWithLines(content, {}, json.dumps(content))
    if not isinstance(config, str | PathLike):
        kinds = "a path, the name of a shipped experiment, a mapping or an Experiment"
        raise FaultsError.single("config", f"expected {kinds}, got {brief(config)}")
    path = find_config(config)
    return path, path.parent, read_yaml(path, duplicates)


def _content(path: Path, folder: Path, located: YamlWithLines) -> dict[str, Any]:
    content = with_text_keys(located.content)
    if not isinstance(content, dict):
        raise FaultsError.single(path, "expected a mapping (name: ..., task: ..., dataset: ...)", line=1)
    _prepare(content, folder)
    return content


def _base_of(path: Path, folder: Path, located: YamlWithLines, name: Any) -> Path:
    """The config that a config extends.

    Raises: FaultsError: there is none of this name.
    """
    line = located.line((EXTENDS,))
    if not isinstance(name, str) or not name:
        message = f"expected one config, by path or name, got {preview(name)}"
        raise FaultsError.single(path, message, line=line, field=EXTENDS, code="string-type")
    try:
        return find_config(folder / name if (folder / name).is_file() else name)
    except (FaultsError, ValueError) as error:  # a null character is a ValueError
        message = f"'{name}' {error.faults[0].message}" if isinstance(error, FaultsError) else str(error)
        raise FaultsError.single(path, message, line=line, field=EXTENDS, code="does-not-exist") from None


def _prepare(content: dict[str, Any], folder: Path) -> None:
    """Makes one system or metric a list of one, and paths absolute, in a config and in the experiments that it lists.

    So `classifiers.0.C` means the only system too, and a list replaces the single entry of a config that is extended.
    """
    parts = content.get(EXPERIMENTS)
    for part in [content, *(parts if isinstance(parts, list) else ())]:
        if isinstance(part, dict):
            for key in ("classifiers", "retrievers", "metrics"):
                if isinstance(part.get(key), str | dict):
                    part[key] = as_list(part[key])
            make_paths_absolute(part, folder)
