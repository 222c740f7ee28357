"""The options of `harness evaluate` for a language model as the judge of evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

OPTIONS = (
    click.option(
        "--judge",
        metavar="JUDGE",
        help="Language model that judges the evidence of AVeriTeC or of a result, as ENDPOINT/MODEL "
        "(http://localhost:8000/v1/llama) or a .yaml file with settings of language_model.",
    ),
    click.option("--cassette", type=click.Path(path_type=Path), help="With --judge: file of its replies."),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1, min_open=True),
        help="With --judge: least recall of facts that counts as enough evidence; default: .5.",
    ),
    click.option("--offline", is_flag=True, help="With --judge: send nothing, and use stored replies only."),
    click.option("--dry-run", is_flag=True, help="With --judge: say how many calls it would send, and stop."),
    click.option(
        "--sample",
        type=click.IntRange(min=1),
        metavar="N",
        help="With --judge: write N of its decisions to a folder (-o), to be labeled with harness label.",
    ),
    click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="New folder for --sample."),
    click.option(
        "--people",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="With --judge: labeled sample; shows how far people agree with the judge.",
    ),
    click.option(
        "--trust-host",
        "trust_hosts",
        multiple=True,
        metavar="HOST",
        help="Let this host have the key that the file of the judge names; remembered. May be repeated.",
    ),
)


def judge_options(command: Command) -> Command:
    """Adds the options for a judge to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def is_judged(options: Mapping[str, Any]) -> bool:
    """Whether a judge is named.

    Raises: click.UsageError: it is not, and an option needs one.
    """
    given = [name for name, value in options.items() if value not in (None, False, ())]
    if given and options["judge"] is None:
        name = {"trust_hosts": "trust-host"}.get(given[0], given[0]).replace("_", "-")
        raise click.UsageError(f"--{name} needs --judge ENDPOINT/MODEL")
    return options["judge"] is not None


def judged_submission(
    source: str, gold: Sequence[str], predictions: Sequence[str], *, as_json: bool, dry_run: bool, **options: Any
) -> str:
    """What `harness evaluate --judge` prints: values by the judge, or with `dry_run` the calls that it would send.

    Raises: click.UsageError: there are several gold or prediction files.
    """
    import harness
    from harness.files import json_document

    if len(gold) > 1 or len(predictions) > 1:
        raise click.UsageError("--judge takes one --gold FILE and one --predictions FILE")
    files = {"gold": next(iter(gold), None), "predictions": next(iter(predictions), None)}
    options = {name: value for name, value in (options | files).items() if value is not None}
    if dry_run:
        named = ("judge", "cassette", "gold", "predictions", "root")
        plan = harness.plan_judging(source, **{name: options[name] for name in named if name in options})
        return json_document(plan._asdict()).rstrip() if as_json else str(plan)
    result = harness.judge_evidence(source, **options)
    if as_json:
        return json_document(result.document()).rstrip()
    return str(result) if result.sheet is None else f"{result}\n{result.sheet}: decisions to label"
