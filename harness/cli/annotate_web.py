"""The options `--web`, `--host` and `--port` of `label` and `adjudicate`, and what is printed while people label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from harness.text_tables import align_columns

if TYPE_CHECKING:
    from harness.annotate.label import LabelResult

LOOPBACK = "127.0.0.1"
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


class WebOptions(NamedTuple):
    """What the options say of the page."""

    annotators: Sequence[str]
    host: str
    port: int

    @classmethod
    def taken(cls, options: dict[str, Any], annotators: Sequence[str]) -> WebOptions | None:
        """Takes the options of the page out of all options; None without `--web`.

        Raises: UsageError: without `--web` there are several annotators, or an option of the page.
        """
        web, host, port = (options.pop(name) for name in ("web", "host", "port"))
        if web:
            return cls(annotators, host or LOOPBACK, port or 0)
        if len(annotators) > 1:
            raise click.UsageError("several people label with --web; in the terminal, give one --as NAME")
        for name, value in (("host", host), ("port", port)):
            if value is not None:
                raise click.UsageError(f"--{name} needs --web")
        return None

    def serve(self, dataset: str, **arguments: Any) -> dict[str, LabelResult]:
        """Serves the page until it is interrupted; the arguments are those of `serve_labeling`."""
        import harness

        return harness.serve_labeling(
            dataset,
            self.annotators,
            host=self.host,
            port=self.port,
            ready=lambda links: _print_links(links, self.host),
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
            "Whoever has a link labels under its name, and the connection is not encrypted: use a network that "
            "you trust. Ctrl-C stops; all answers are saved."
        )
