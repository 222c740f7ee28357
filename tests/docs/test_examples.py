"""The examples of the docs: configs are valid, commands and options exist, and so do functions and paths."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import harness
from harness.cli.command import harness as command_group
from harness.runner.chain.config import read_chain
from harness.runner.configs.read_several import read_several
from harness.runner.load_config import load_experiment
from harness.yaml_file import read_yaml

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs").rglob("how-to/*.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:\$ |.*&& \S*|.*\| )?harness (?P<name>[a-z]+)(?P<rest>(?: .*)?)$")
SMALLEST = {"name": "example", "task": "checkability", "dataset": "public-matters", "classifiers": ["majority"]}


def named(path: Path) -> str:
    """A page as tests call it."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_configs_of_a_guide_are_valid(path, tmp_path):
    """A part of a config is completed by the smallest one."""
    for found in BLOCK.finditer(path.read_text(encoding="utf-8")):
        if found["info"] == "yaml":
            config = tmp_path / "config.yaml"
            content = yaml.safe_load(found["body"])
            if set(content) == {"normalize"}:
                content = read_yaml(ROOT / "experiments" / "chain.yaml").content | content
            if content.get("task") == "chain":
                assert read_chain(content) is not None
                continue
            if "extends" in content:
                (tmp_path / content["extends"]).write_text(yaml.safe_dump(SMALLEST), encoding="utf-8")
            content = SMALLEST | content
            if content["task"] == "evidence":
                del content["classifiers"]  # of the smallest config, which is on another task
            config.write_text(yaml.safe_dump(content), encoding="utf-8")
            if (several := read_several(config)) is not None:
                assert [fault for part in several.parts for fault in part.faults.in_order()] == []
            else:
                load_experiment(config)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_commands_of_a_page_exist_with_their_options(path):
    text = path.read_text(encoding="utf-8")
    lines = [line for found in BLOCK.finditer(text) for line in found["body"].splitlines()]
    lines += re.findall(r"`(harness [^`]+)`", BLOCK.sub("", text))
    for line in lines:
        command = COMMAND.match(line.partition("  #")[0])
        if command is None or "[OPTIONS]" in line:
            continue
        assert command["name"] in command_group.commands, line
        known = {name for option in command_group.commands[command["name"]].params for name in option.opts}
        given = re.findall(r"(?<!\S)--?[a-z][\w-]*", re.sub(r"\$\(.*?\)|\|.*", "", command["rest"]))
        assert set(given) <= known | {"--help"}, line


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_functions_that_a_page_calls_are_public(path):
    called = re.findall(r"\bharness\.(\w+)\(", path.read_text(encoding="utf-8"))
    assert set(called) <= set(harness.__all__)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_paths_that_a_page_names_are_in_the_project(path):
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:harness|docs|experiments|tests|data|seeds)/[\w./*-]+)`", text):
        assert list(ROOT.glob(name.rstrip("/"))), name
