"""The options of commands that read pages and feeds from the web."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

Command = Callable[..., Any]

OPTIONS = (
    click.option("--offline", is_flag=True, help="Refuse sources that need the network (URLs, hub:OWNER/NAME)."),
    click.option(
        "--max-articles",
        type=click.IntRange(min=1),
        default=50,
        show_default=True,
        metavar="N",
        help="Entries of a feed that are read, the first ones; a page is fetched for each that has a summary only.",
    ),
)


def web_options(command: Command) -> Command:
    """Adds the options for sources from the web to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def announce_hosts(sources: Sequence[str]) -> None:
    """Prints the hosts that the sources need, before any request to them.

    Raises: FaultsError: a source is a URL that is not fetched; the message says why.
    """
    if not any(":" in source for source in sources):
        return
    from harness.data.articles.hub import hub_host
    from harness.data.web.addresses import check_url, is_url

    hosts = dict.fromkeys(
        host for source in sources if (host := check_url(source).host if is_url(source) else hub_host(source))
    )
    if hosts:
        click.echo(f"network: {', '.join(hosts)}", err=True)


def print_fetched(entries: Sequence[Mapping[str, Any]]) -> None:
    """Prints how articles were fetched."""
    pages = {entry["final_url"]: entry for entry in entries}
    for url, entry in pages.items():
        click.echo(f"fetched: {url} ({entry['date']}, status {entry['status']}, SHA-256 {entry['sha256']})", err=True)
