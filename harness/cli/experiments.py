"""The commands `harness run`, `harness evaluate`, and `harness list`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options.judging import is_judged, judge_options, judged_submission
from harness.cli.progress import show_progress
from harness.text_tables import count_of, listing_table
from harness.user_code.local_code import refuse_code

if TYPE_CHECKING:
    from harness.runner.runs.run_result import RunResult

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")


def _refuse_code(_: click.Context, __: click.Parameter, value: bool) -> None:
    if value:
        refuse_code("--no-code")


no_code = click.option(
    "--no-code",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_refuse_code,
    help="Refuse configs that name code as module:Name.",
)
data_root = click.option("--data-root", type=click.Path(path_type=Path), help="Folder of fetched benchmarks.")


def print_json(document: Any) -> None:
    """Prints a JSON document to stdout."""
    from harness.cli.output import printed_json
    from harness.files import json_document

    click.echo(printed_json(json_document(document)), nl=False)


def _announce(hosts: tuple[str, ...]) -> None:
    click.echo(f"contacting {', '.join(hosts)}", err=True)


def _say(line: str) -> None:
    click.echo(line, err=True)


def say_threads() -> None:
    """Says how many threads were chosen for encoders, if this process measured them."""
    from harness.features.threads import chosen_threads

    if (choice := chosen_threads()) is not None:
        click.echo(str(choice), err=True)


@click.command()
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a config value, such as split.k=3; may be repeated.",
)
@click.option("--only", multiple=True, metavar="NAME", help="Run this system of the config only; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use the first N training and N test claims of each fold only, which may cut an article (quick trial).",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use whole articles only, drawn at random until they have N claims in all folds together (trial).",
)
@click.option(
    "--ids",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the claims that you name only: the id of a claim, or of an article, on each line of FILE (trial).",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Fit part I of N of the fits only, on all claims, and write no results; several processes may share a folder.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of parallel processes of this command.",
)
@click.option(
    "--backend",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Fit in processes of this machine, or on the workers of a Dask cluster.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Scheduler of the Dask cluster, such as tcp://10.0.0.1:8786.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder for the run folders.",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Reuse neither completed fits nor cached replies of model endpoints.",
)
@click.option("--profile", is_flag=True, help="Print where the time went: read, featurize, fit, score, measure.")
@click.option(
    "--events",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append a line of JSON to FILE for each change of state, for other programs.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check the config and the data, count the fits, and stop; with --json, list them with their estimated cost.",
)
@click.option(
    "--offline", is_flag=True, help="Fail if the run needs the network (encoders from the Hub, model endpoints)."
)
@click.option(
    "--trust-host",
    "trust_hosts",
    multiple=True,
    metavar="HOST",
    help="Let this host have the key that the config names for it; remembered. May be repeated.",
)
@click.option("--save-models", is_flag=True, help="Save the fitted systems with the results, for `harness score`.")
@no_code
@data_root
@as_json
def run(
    configs: tuple[str, ...], dry_run: bool, offline: bool, data_root: Path | None, as_json: bool, **options: Any
) -> None:
    """Run experiments.

    Experiments are config files or names of built-in experiments.

    Completed fits are reused. If a system cannot be fitted, the others are, and the exit code is 1.
    """
    import harness

    if dry_run:
        plan_options = {name: options[name] for name in ("overrides", "only", "limit", "sample", "ids", "shard", "out")}
        plans = [harness.plan(config, root=data_root, **plan_options) for config in configs]
        if as_json:
            planned = [plan.document() for plan in plans]
            print_json(planned[0] if len(planned) == 1 else planned)
        for plan in () if as_json else plans:
            click.echo(str(plan))
        return
    results = []
    for config in configs:
        common = {"root": data_root, "offline": offline, "announce": _announce, "say": _say, **options}
        result = _run_trusted(config, progress=show_progress("fits and results"), **common)
        results.append(result)
        if result.damaged:
            click.echo(f"{count_of(result.damaged, 'unit')} had a damaged file: fitted again", err=True)
        # Only the results go to stdout, so that they can be piped; everything else goes to stderr.
        if not as_json:
            click.echo(str(result))
            where = "the units" if result.shard else "results"
            click.echo(f"\n{count_of(result.fitted, 'unit')} fitted; {where} are in {result.folder}", err=True)
            say_threads()
            for each in (result, *result.experiments):
                if each.profile is not None:
                    click.echo(f"\n{each.experiment}\n{each.profile}", err=True)
        if result.failed:
            names = ", ".join(failure.system for failure in result.failed)
            click.echo(f"{count_of(len(result.failed), 'system')} failed: {names}", err=True)
        for model in result.models:
            outcome = f"model saved in {model.folder}" if model.folder else f"model not saved: {model.reason}"
            click.echo(f"{model.system}: {outcome}", err=True)
        for name, reason in result.failed_experiments.items():
            click.echo(f"experiment {name} failed: {reason}", err=True)
    if as_json:
        documents = [result.document() for result in results]
        print_json(documents[0] if len(documents) == 1 else documents)
    sys.exit(1 if any(result.failed or result.failed_experiments for result in results) else 0)


def _run_trusted(config: str, trust_hosts: Sequence[str], **options: Any) -> RunResult:
    """Runs an experiment; asks on a terminal whether a key may go to a host that has not had it yet."""
    import harness
    from harness.endpoints.trusted_hosts import UntrustedHost

    try:
        return harness.run(config, trust_hosts=trust_hosts, **options)
    except UntrustedHost as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        for use in error.uses:
            if not click.confirm(f"{config} sends the key in {use.variable} to {use.host}. Allow it?", err=True):
                raise
        return harness.run(config, trust_hosts=[*trust_hosts, *(use.host for use in error.uses)], **options)


class MultiValueCommand(click.Command):
    """A command whose repeatable options accept several values: `--gold A B` means `--gold A --gold B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeats the option before each of its values, then parses as usual."""
        multi_value_options = {name for option in self.params if option.multiple for name in option.opts}
        expanded: list[str] = []
        current = None
        for arg in args:
            if arg.startswith("-") and arg != "-":  # a lone "-" is a value: standard input
                current = arg if arg in multi_value_options else None
                expanded += [] if current else [arg]
            else:
                expanded += [current, arg] if current else [arg]
        return super().parse_args(ctx, expanded)


@click.command(cls=MultiValueCommand)
@click.argument("benchmark")
@click.option(
    "--gold", multiple=True, metavar="FILE...", help="Gold files, in the published format; none for FEVEROUS."
)
@click.option("--predictions", multiple=True, metavar="FILE...", help="Prediction files, one per gold file.")
@click.option("--check", is_flag=True, help="Check the format of the prediction files without gold, and stop.")
@click.option(
    "--max-evidence",
    type=click.IntRange(min=1),
    metavar="N",
    help="FEVER: maximum number of evidence passages that count; default: 5.",
)
@judge_options
@data_root
@as_json
def evaluate(
    benchmark: str,
    gold: tuple[str, ...],
    predictions: tuple[str, ...],
    check: bool,
    max_evidence: int | None,
    data_root: Path | None,
    as_json: bool,
    **judging: Any,
) -> None:
    """Score a submission officially.

    Uses the official metric of a benchmark and the file formats of its publisher.

    Gold and prediction files are paired by base name if the two sets of base names are equal, else by position. Name a
    file inside a zip archive as archive.zip!path.

    With --judge, a language model says which facts of the reference evidence the found evidence supports, and the other
    way round. BENCHMARK is averitec, or the folder of a result of verdicts. Replies are kept, so that the same command
    sends nothing again.
    """
    import harness
    from harness.runner.tables import evaluation_table

    if is_judged(judging):
        if check or max_evidence is not None:
            raise click.UsageError("--judge does not go with --check or --max-evidence")
        click.echo(judged_submission(benchmark, gold, predictions, as_json=as_json, root=data_root, **judging))
        return
    if not predictions:
        raise click.UsageError("Missing option '--predictions'.")
    if check and gold:
        raise click.UsageError("give either --gold FILE... to score, or --check to check the format")
    if check:
        harness.check_submission(benchmark, predictions)
        click.echo(f"{', '.join(predictions)}: format is valid; pass --gold to check the ids too")
        return
    evaluation = harness.evaluate(benchmark, gold, predictions, max_evidence=max_evidence)
    if as_json:
        print_json(evaluation.document())
    else:
        click.echo(evaluation_table(evaluation))


@click.command("list")
@click.argument(
    "kind",
    required=False,
    metavar="[experiments|datasets|benchmarks|classifiers|retrievers|metrics|schemes|checks]",
)
@as_json
def list_(kind: str | None, as_json: bool) -> None:
    """List the components of a kind, each with a summary.

    Without a kind, lists the kinds.
    """
    import harness

    summaries = harness.list_components(kind)
    if as_json:
        print_json([{"name": name, "summary": summary} for name, summary in summaries.items()])
    else:
        click.echo(listing_table(summaries))


COMMANDS: tuple[click.Command, ...] = (run, evaluate, list_)
