"""run, evaluate, list."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
data_root = click.option("--data-root", type=click.Path(path_type=Path), help="Where fetched benchmarks live.")


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    from harness.files import json_document

    click.echo(json_document(document), nl=False)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Any], None]]:
    """A progress bar on stderr where that is a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=total)
        yield lambda unit: bar.update(shown, advance=1, description=f"{unit.system.system_name} {unit.fold.name}")


def _announce(hosts: tuple[str, ...]) -> None:
    click.echo(f"contacts {', '.join(hosts)}", err=True)


@click.command()
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change the config: split.k=3.")
@click.option("--only", multiple=True, metavar="NAME", help="Run this system only; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many claims a side and fold: a trial.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes to fit with.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Run folders.")
@click.option("--fresh", is_flag=True, help="Fit finished units again too.")
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be fitted, and stop.")
@click.option(
    "--offline", is_flag=True, help="Refuse what needs the network (encoders from the Hub, a model's endpoint)."
)
@click.option("--save-models", is_flag=True, help="Keep each system, fitted for `harness score`, with its result.")
@data_root
@as_json
def run(
    configs: tuple[str, ...], dry_run: bool, offline: bool, data_root: Path | None, as_json: bool, **options: Any
) -> None:
    """Run experiments from config files, or shipped ones by name.

    Finished units are found again and not repeated.
    """
    import harness

    if dry_run:
        kept = {name: options[name] for name in ("overrides", "only", "limit", "out")}
        for config in configs:
            planned = harness.plan(config, root=data_root, **kept)
            click.echo(str(planned))
        return
    outcomes = []
    for config in configs:
        outcome = harness.run(
            config, root=data_root, progress=_progress, offline=offline, announce=_announce, **options
        )
        outcomes.append(outcome)
        if not as_json:
            click.echo(str(outcome))
            click.echo(f"\n{outcome.fitted} units fitted; results are in {outcome.folder}", err=True)
        for model in outcome.models:
            said = f"saved in {model.folder}" if model.folder else f"not saved: {model.reason}"
            click.echo(f"model of {model.system}: {said}", err=True)
    if as_json:
        documents = [outcome.document() for outcome in outcomes]
        print_json(documents[0] if len(documents) == 1 else documents)


class MultiValueCommand(click.Command):
    """A command whose repeatable options take several values at once: `--gold A B` is `--gold A --gold B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeats the option before each of its values."""
        several = {name for option in self.params if option.multiple for name in option.opts}
        spread: list[str] = []
        current = None
        for arg in args:
            if arg.startswith("-") and arg != "-":
                current = arg if arg in several else None
                spread += [] if current else [arg]
            else:
                spread += [current, arg] if current else [arg]
        return super().parse_args(ctx, spread)


@click.command(cls=MultiValueCommand)
@click.argument("benchmark")
@click.option("--gold", multiple=True, metavar="FILE...", help="Gold files, as published.")
@click.option("--predictions", multiple=True, required=True, metavar="FILE...", help="As many prediction files.")
@click.option("--check", is_flag=True, help="Without gold: check the form of the prediction files, and stop.")
@click.option("--max-evidence", type=click.IntRange(min=1), metavar="N", help="FEVER: passages that count; default 5.")
@as_json
def evaluate(
    benchmark: str,
    gold: tuple[str, ...],
    predictions: tuple[str, ...],
    check: bool,
    max_evidence: int | None,
    as_json: bool,
) -> None:
    """Score a submission with the official metric of a benchmark, in its own formats.

    Files are paired by base name when the two sets of base names are equal, else by position. A member of a zip is
    a.zip!path.
    """
    import harness
    from harness.runner.tables import evaluation_table

    if check == bool(gold):
        raise click.UsageError("give either --gold FILE... to score with, or --check")
    if check:
        harness.check_submission(benchmark, predictions)
        click.echo(f"no faults of form in {', '.join(predictions)}; which ids are due is checked with --gold")
        return
    evaluation = harness.evaluate(benchmark, gold, predictions, max_evidence=max_evidence)
    if as_json:
        print_json(evaluation.document())
    else:
        click.echo(evaluation_table(evaluation))


@click.command("list")
@click.argument("kind", metavar="datasets|benchmarks|classifiers|metrics|schemes")
@as_json
def list_(kind: str, as_json: bool) -> None:
    """What is registered, a line each."""
    import harness
    from harness.runner.tables import listing_table

    found = harness.list_components(kind)
    if as_json:
        print_json([{"name": name, "summary": summary} for name, summary in found.items()])
    else:
        click.echo(listing_table(found))


COMMANDS: tuple[click.Command, ...] = (run, evaluate, list_)
