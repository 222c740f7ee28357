"""Options of `harness label` that say which claims are asked about first, and what is suggested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def queue_options(command: F) -> F:
    """Adds the options that say which claims are asked about first, and what is suggested."""
    for option in reversed(
        (
            click.option(
                "--all", "everything", is_flag=True, help="Ask about every claim, not only those assigned to you."
            ),
            click.option(
                "--order",
                metavar="NAME",
                help="sequential, random, by-article, uncertainty, disagreement, diversity or outdated; default: that "
                "of the assignment, else sequential.",
            ),
            click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random orders."),
            click.option(
                "--scores",
                multiple=True,
                metavar="FILE",
                help="--order uncertainty or disagreement: what a system says (harness score -o FILE, or the folder of "
                "a result); may be repeated.",
            ),
            click.option("--from-scores", metavar="FILE", help="Begin with what scored highest in such a file."),
            click.option(
                "--suggest",
                multiple=True,
                metavar="[AXIS=]FILE",
                help="Show the labels of such a file as suggestions, which are stored in your log; may be repeated. "
                "Default: none.",
            ),
            click.option(
                "--from-verify",
                metavar="FILE",
                help="Begin with the claims of harness verify -o FILE.jsonl, and show its verdicts as suggestions, "
                "which are stored in your log.",
            ),
        )
    ):
        command = option(command)
    return command


def queue_arguments(options: Mapping[str, Any]) -> list[str]:
    """Returns the arguments that say the same again."""
    arguments = ["--all"] if options["everything"] else []
    for name in ("order", "from_scores", "from_verify"):
        arguments += [f"--{name.replace('_', '-')}", options[name]] if options[name] is not None else []
    arguments += ["--seed", str(options["seed"])] if options["seed"] else []
    for name in ("scores", "suggest"):
        arguments += [argument for value in options[name] for argument in (f"--{name}", value)]
    return arguments
