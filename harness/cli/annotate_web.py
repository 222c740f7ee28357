"""The options `--web`, `--host` and `--port` of `label` and `adjudicate`, and what is printed while people label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.text_tables import align_columns

if TYPE_CHECKING:
    from harness.annotate.label import LabelResult

F = TypeVar("F", bound=Callable[..., Any])


def web_options(command: F) -> F:
    """Adds the options of the page."""
    options = (
        click.option("--web", is_flag=True, help="In a browser: serve a page, with a link for each NAME."),
        click.option(
            "--host", metavar="ADDRESS", help="With --web: listen on this address; default: this machine only."
        ),
        click.option(
            "--port", type=click.IntRange(0, 65535), help="With --web: listen on this port; default: a free one."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def one_annotator(annotators: Sequence[str], options: dict[str, Any]) -> str:
    """Returns the annotator at the terminal.

    Raises: UsageError: there are several, or an option needs `--web`.
    """
    if len(annotators) > 1:
        raise click.UsageError("several people label with --web; in the terminal, give one --as NAME")
    for name in ("host", "port"):
        if options[name] is not None:
            raise click.UsageError(f"--{name} needs --web")
    return annotators[0]


def serve(dataset: str, annotators: Sequence[str], options: dict[str, Any], **arguments: Any) -> dict[str, LabelResult]:
    """Serves the page until it is interrupted."""
    from harness.annotate.web.serve import serve_labeling

    host = options["host"] or "127.0.0.1"
    return serve_labeling(
        dataset,
        annotators,
        host=host,
        port=options["port"] or 0,
        ready=lambda links: _print_links(links, host),
        **arguments,
    )


def _print_links(links: Mapping[str, str], host: str) -> None:
    from harness.annotate.web.security import is_loopback

    click.echo(align_columns([["annotator", "link"], *links.items()], width=10_000))
    if is_loopback(host):
        click.echo(
            "Only this machine can open them. Each link belongs to one person. Ctrl-C stops; all answers are saved."
        )
    else:
        click.echo(
            "Whoever has a link labels under its name, and the connection is not encrypted: use a network that you trust. "
            "Ctrl-C stops; all answers are saved."
        )
