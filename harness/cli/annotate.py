"""The commands `label`, `adjudicate`, `disputes` and `withdraw`: labeling by people."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from harness.cli.experiments import as_json, data_root, print_json
from harness.cli.labeling.queue_options import queue_arguments, queue_options
from harness.text_tables import align_columns, count_of, visible

if TYPE_CHECKING:
    from harness.annotate.label import LabelResult
    from harness.data.labels.disputes import Dispute
    from harness.data.labels.flags import Flag

ONE_TABLE = 10_000
"""Width at which a row is never broken, since the text of its claim stands below it."""
MAX_TEXT = 75
"""Number of characters of a claim that the list of disputes shows."""
annotator_option = click.option(
    "--as", "annotator", required=True, metavar="NAME", help="Role or handle of the annotator; names the log."
)


LOOPBACK = "127.0.0.1"
F = TypeVar("F", bound=Callable[..., Any])
several_annotators = click.option(
    "--as",
    "annotators",
    required=True,
    multiple=True,
    metavar="NAME",
    help="Role or handle of the annotator; names the log. With --web it may be repeated.",
)


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


@click.command()
@click.argument("dataset")
@several_annotators
@click.option("--scheme", help="Label scheme; default: the first scheme of the dataset.")
@click.option("--axis", "axes", multiple=True, metavar="AXIS", help="Ask about this axis only; may be repeated.")
@click.option(
    "--features", is_flag=True, help="Ask for the features of each sentence too; the key f shows them anyway."
)
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Ask about this claim, again; may be repeated.")
@click.option("--flagged", is_flag=True, help="Ask again, and only, what you flagged; an answer takes the flag back.")
@queue_options
@web_options
@data_root
def label(
    dataset: str,
    annotators: tuple[str, ...],
    axes: tuple[str, ...],
    claims: tuple[str, ...],
    data_root: Path | None,
    **options: Any,
) -> None:
    """Label the claims of a dataset, in the terminal or in a browser.

    Shows each sentence in its article, and asks for one axis after another. A digit chooses a label, u takes the last
    answer back, s skips, n takes a note, c says how sure you are, ! flags the question as one to look at again, f marks
    features, ? shows the guideline, q leaves. Each answer is on disk before the next
    question is shown; the same command goes on where you stopped. You see no labels of others.

    --from-scores asks the claims of a file, what scored highest first, and ends with them; --order chooses another
    order. If claims are assigned (harness assign), only yours are asked about.

    With --web each NAME gets a link to a page on this machine, with the same keys.

    Keys can also come from a pipe. Shipped and fetched datasets are never changed: copy one with harness new.
    """
    import harness

    web = WebOptions.taken(options, annotators)
    chosen = ["--scheme", options["scheme"]] if options["scheme"] else []
    chosen += [argument for axis in axes for argument in ("--axis", axis)]
    chosen += [argument for claim in claims for argument in ("--claim", claim)]
    chosen += [option for option in ("--features", "--flagged") if options[option.removeprefix("--")]]
    chosen += queue_arguments(options)
    if web is not None:
        options.pop("features")  # the page shows them all the time
        results = web.serve(dataset, axes=axes, claims=claims, root=data_root, **options)
        _print_results(results, ["harness", "label", dataset, "--web"], chosen)
        return
    result = harness.label(dataset, annotators[0], axes=axes, claims=claims, root=data_root, **options)
    _print_results({annotators[0]: result}, ["harness", "label", dataset], chosen)


@click.command()
@click.argument("dataset")
@several_annotators
@click.option("--scheme", help="Label scheme; default: all schemes of the dataset.")
@web_options
@data_root
def adjudicate(
    dataset: str, annotators: tuple[str, ...], scheme: str | None, data_root: Path | None, **options: Any
) -> None:
    """Decide what annotators label differently.

    Shows each such claim with the labels that differ and their notes; the keys are those of harness label. The gold
    rule adjudicated takes the decisions. With --web a page shows them, and asks for the reason of each decision.
    """
    import harness

    web = WebOptions.taken(options, annotators)
    chosen = ["--scheme", scheme] if scheme else []
    if web is not None:
        results = web.serve(dataset, role="adjudicate", scheme=scheme, root=data_root)
        _print_results(results, ["harness", "adjudicate", dataset, "--web"], chosen)
        return
    result = harness.adjudicate(dataset, annotators[0], scheme=scheme, root=data_root)
    _print_results({annotators[0]: result}, ["harness", "adjudicate", dataset], chosen)


def _print_results(results: Mapping[str, LabelResult], command: Sequence[str], options: Sequence[str]) -> None:
    _print_notes(note for result in results.values() for note in result.notes)
    for annotator, result in results.items():
        _print_result(result, shlex.join([*command, "--as", annotator, *options]))


def _print_notes(notes: Iterable[str]) -> None:
    for note in dict.fromkeys(notes):
        click.echo(f"note: {note}", err=True)


def _print_result(result: LabelResult, command: str) -> None:
    withdrawn = f", {result.withdrawn:,} taken back" if result.withdrawn else ""
    skipped = f", {count_of(result.skipped, 'question')} skipped" if result.skipped else ""
    click.echo(f"{result.log}: {count_of(result.given, 'answer')}{withdrawn}{skipped}")
    if not result.questions:
        click.echo("there is nothing to answer")
        return
    click.echo(f"answered: {result.answered:,} of {count_of(result.questions, 'question')}")
    if result.answered < result.questions:
        click.echo(f"go on with: {command}")


@click.command()
@click.argument("dataset")
@click.option("--scheme", help="Label scheme; default: all schemes of the dataset.")
@click.option("--flagged", is_flag=True, help="List what annotators flagged as to be looked at again, instead.")
@data_root
@as_json
def disputes(dataset: str, scheme: str | None, flagged: bool, data_root: Path | None, as_json: bool) -> None:
    """List the claims that annotators label differently.

    Those that an adjudicator has decided are counted only. Marks of features are not compared.
    """
    import harness

    if flagged:
        _print_flags(harness.flags(dataset, scheme=scheme, root=data_root), dataset, as_json=as_json)
        return
    result = harness.disputes(dataset, scheme=scheme, root=data_root)
    if as_json:
        print_json(result.document())
        return
    if result.disputes:
        rows = [[dispute.claim_id, dispute.axis, _labels_line(dispute)] for dispute in result.disputes]
        texts = [dispute.text for dispute in result.disputes]
        click.echo(_with_texts([["claim", "axis", "labels"], *rows], texts))
    compared = f"{count_of(result.compared, 'question')} with labels by two annotators or more"
    click.echo(
        f"{result.dataset}: {count_of(len(result.disputes), 'open dispute')}, {result.decided:,} decided; {compared}"
    )
    if result.disputes:
        click.echo(f"decide them with: harness adjudicate {shlex.quote(dataset)} --as NAME")


def _print_flags(flags: Sequence[Flag], dataset: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"flags": [flag._asdict() for flag in flags]})
        return
    rows = [
        [flag.claim_id, flag.axis, flag.annotator, visible(flag.label or ""), visible(flag.note or "")]
        for flag in flags
    ]
    if rows:
        click.echo(_with_texts([["claim", "axis", "annotator", "label", "note"], *rows], [flag.text for flag in flags]))
    click.echo(f"{dataset}: {count_of(len(flags), 'flag')}")
    if rows:
        click.echo(f"look at yours again with: harness label {shlex.quote(dataset)} --as NAME --flagged")


def _with_texts(rows: Sequence[Sequence[str]], texts: Sequence[str]) -> str:
    """Returns a table in which the text of each row, cut, stands on the line below it."""
    *head, body = align_columns(rows, ONE_TABLE).split("\n", 2)
    shown = [" ".join(visible(text).split()) for text in texts]
    cut = [text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…" for text in shown]
    below = [f"{line}\n  {text}" for line, text in zip(body.splitlines(), cut, strict=True)]
    return "\n".join([*head, *below])


def _labels_line(dispute: Dispute) -> str:
    """Returns who gave which label; with the version of the guideline, if labels follow several."""
    several = len({mark.guideline for mark in dispute.marks}) > 1
    labels = []
    for mark in dispute.marks:
        remarks = ["decides"] if mark.role == "adjudicate" else []
        remarks += [f"guideline {mark.guideline}"] if several else []
        remark = f" ({', '.join(remarks)})" if remarks else ""
        labels.append(f"{mark.annotator}: {mark.label}{remark}")
    return visible("; ".join(labels))


@click.command()
@click.argument("dataset")
@annotator_option
@click.option("--annotation", metavar="ID", help="Take back this line: a label, mark, decision, suggestion or flag.")
@click.option("--claim", metavar="ID", help="Take back all that NAME said of this claim.")
@click.option("--note", help="Reason, for the log.")
@data_root
def withdraw(dataset: str, annotator: str, data_root: Path | None, **options: str | None) -> None:
    """Take labels back.

    Adds a line to the log of the annotator that says so; no line is edited or removed. What was taken back counts
    nowhere: not in gold, agreement or disputes, and harness label asks again.
    """
    import harness

    if (options["annotation"] is None) == (options["claim"] is None):
        raise click.UsageError("give either --annotation ID or --claim ID")
    result = harness.withdraw(dataset, annotator, root=data_root, **options)
    _print_notes(result.notes)
    for annotation in result.withdrawn:
        click.echo(f"taken back: {annotation.claim_id} {annotation.axis} = {visible(annotation.label)}")
    click.echo(f"{result.log}: {count_of(len(result.withdrawn), 'line')} added")


COMMANDS: tuple[click.Command, ...] = (label, adjudicate, disputes, withdraw)
