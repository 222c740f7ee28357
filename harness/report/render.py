"""Renders a report as one HTML file: every text is escaped, and a content security policy blocks other scripts."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.report.svg import COLORS

TEMPLATES = Path(__file__).parent / "templates"
DASHES = ("none", "7 3", "2 2.5", "9 3 2 3")


def render(view: dict[str, Any], n_systems: int, template: str = "report.html.jinja") -> str:
    """Renders the page.

    Args:
        view: values that the template shows.
        n_systems: number of systems.
        template: name of the template.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _source("report.css") + _of_systems(n_systems)
    script = _source("browser.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template(template).render(view | {"style": style, "script": script, "policy": policy})


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")


def _of_systems(n_systems: int) -> str:
    """CSS rules per system: hides it if its box is not ticked, and gives its line a dash pattern besides its color."""
    rules = []
    for key in range(n_systems):
        dash = DASHES[(key // 3 if key < COLORS else key) % len(DASHES)]
        rules.append(f"body:has(#show-{key}:not(:checked)) .chart .key-{key} {{ display: none; }}")
        rules.append(f".key-{key} > polyline {{ stroke-dasharray: {dash}; }}")
    return "\n".join(rules) + "\n"
