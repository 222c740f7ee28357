"""The commands `harness verify` and `harness probe`: read articles with a saved chain, and try what moves it."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.options.web import announce_hosts, print_fetched, web_options
from harness.cli.progress import show_progress
from harness.cli.score import MAX_CHARACTERS, print_remarks
from harness.errors import fault_lines
from harness.text_tables import count_of, format_number, one_line

if TYPE_CHECKING:
    from harness.scoring.verification.judged_claims import JudgedClaim
    from harness.scoring.verification.reading_list import ReadingList

NOT_CHECKED = "not a fact-check: nobody has checked the verdicts"


@click.command()
@click.argument("articles", nargs=-1, required=True, metavar="ARTICLE...")
@click.option("--chain", required=True, metavar="MODEL", help="Folder of a chain that was run with --save-models.")
@click.option("--corpus", required=True, metavar="PATH", help="Passages to look in: a file, a folder, or a dataset.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Folder to write (a list, and a page an article), or file: .html, .jsonl, .csv, .json (ClaimReview drafts).",
)
@click.option(
    "--budget",
    metavar="N",
    help="What can be read of the ranked list: sentences (20) or minutes (30min); default: all.",
)
@click.option(
    "--checked",
    metavar="PATH",
    help="ClaimReview records, a file or a folder: marks sentences that were checked before.",
)
@click.option(
    "--match",
    "match_by",
    type=click.Choice(["tfidf", "embedding"]),
    default="tfidf",
    show_default=True,
    help="How sentences are matched with checked claims; embedding needs the extra embeddings.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Least similarity of a checked claim; default: .4 by tfidf, .75 by embedding.",
)
@click.option("--author", metavar="NAME", help="Organization that publishes the ClaimReview drafts.")
@click.option("--language", metavar="CODE", help="Language of an article that declares none; default: detected.")
@click.option("--encoding", help="Encoding of a text file; default: detected.")
@web_options
@no_code
@data_root
@as_json
def verify(
    articles: tuple[str, ...],
    out: Path | None,
    budget: str | None,
    data_root: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Judge the sentences of articles by a corpus.

    ARTICLE is a file (.txt, .md, .html, .pdf, .docx, .odt, .rtf, .eml, .rss, .atom, .xml, .warc, .warc.gz), the URL of
    a public page, - (standard input), a table or dataset, a folder of these, a quoted glob pattern, or with -o FOLDER
    the URL of a feed (RSS, Atom).

    The chain picks sentences, looks for passages, and gives each sentence a verdict. It is no fact-check: nobody has
    checked the verdicts. Several articles, or -o FOLDER, make one list over all of them; an article that fails is named
    with its reason, the rest goes on (exit code 1), and the same command goes on where it stopped. Without -o, prints
    the sentences with their verdicts.
    """
    import harness

    if not options["offline"]:
        announce_hosts(articles)
    if _is_list(articles, out, budget):
        arguments = {"budget": budget, "root": data_root, "progress": show_progress("articles"), **options}
        _print_list(harness.verify_articles(list(articles), out=out, **arguments), as_json=as_json)
        return
    result = harness.verify(articles[0], out=out, root=data_root, **options)
    print_remarks(result.warnings, result.notes)
    print_fetched(result.fetched)
    if as_json:
        print_json(result.document())
        return
    counts = f"{len(result.claims):,} of {count_of(result.n_sentences, 'sentence')} judged"
    if result.out is not None:
        click.echo(f"{result.out}: {counts}; {NOT_CHECKED}")
        return
    _print_claims(result.claims)
    click.echo(f"{counts}; {NOT_CHECKED}", err=True)


def _is_list(articles: Sequence[str], out: Path | None, budget: str | None) -> bool:
    """Whether a list over several articles is asked for: by its inputs, its budget, or a folder to write."""
    from harness.data.web.addresses import is_url

    if len(articles) == 1 and is_url(articles[0]):
        return budget is not None or (out is not None and (out.is_dir() or not out.suffix))
    is_dataset = (Path(articles[0]) / "dataset.yaml").is_file()
    several = len(articles) > 1 or (Path(articles[0]).is_dir() and not is_dataset) or glob.has_magic(articles[0])
    return several or budget is not None or (out is not None and (out.is_dir() or not out.suffix))


def _print_list(result: ReadingList, *, as_json: bool) -> None:
    """Prints a list; ends with exit code 1 if an article failed."""
    print_remarks(result.warnings, result.notes)
    print_fetched(result.fetched)
    counts = f"{count_of(len(result.ranked), 'sentence')} of {count_of(len(result.articles), 'article')} judged"
    counts += f", {result.n_in_budget:,} to read ({result.budget})"
    counts += f"; {count_of(result.n_stored, 'article')} judged before" if result.n_stored else ""
    if as_json:
        print_json(result.document())
    elif result.out is not None:
        click.echo(f"{result.out}: {counts}; {NOT_CHECKED}")
    else:
        _print_claims([claim for _, claim in result.ranked[: result.n_in_budget]], with_article=True)
        click.echo(f"{counts}; {NOT_CHECKED}", err=True)
    if result.failures:
        for line in fault_lines([failure.fault for failure in result.failures]):
            click.echo(f"not judged: {one_line(line, MAX_CHARACTERS)}", err=True)
        raise click.exceptions.Exit(1)


def _print_claims(claims: Sequence[JudgedClaim], *, with_article: bool = False) -> None:
    for claim in claims:
        where = f"[{one_line(claim.article_id, 60)}] " if with_article else ""
        verdict = one_line(claim.verdict or "no answer", 80)
        score = "" if claim.score is None else f" {format_number(claim.score)}"
        click.echo(f"{where}{verdict}{score}  {one_line(claim.text, 300)}")
        for quoted in claim.evidence[:1]:
            passage = quoted.passage
            source = passage.publisher or passage.title or passage.document_id
            date = passage.published or "no date"
            click.echo(f"   {one_line(source, 60)}, {date}: {one_line(passage.text, 200)}")
        for earlier in claim.checked[:1]:
            checked = earlier.claim
            remark = "; its numbers are others" if earlier.numbers_differ else ""
            publisher = one_line(checked.publisher or "publisher not stated", 60)
            click.echo(
                f"   checked before by {publisher}, {checked.published or 'no date'}: "
                f"{one_line(checked.verdict, 80)} (similarity {format_number(earlier.similarity)}{remark}) "
                f"{one_line(checked.url or '', 200)}".rstrip()
            )


@click.command()
@click.argument("model", metavar="MODEL_OR_CHAIN")
@click.option(
    "--dataset", default="planted-errors", show_default=True, metavar="NAME", help="Dataset with the claims to edit."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="File to write: .html or .jsonl.")
@click.option("--only", multiple=True, metavar="EDIT", help="Make this edit only; may be repeated.")
@click.option(
    "--gold",
    metavar="RULE",
    help="Rule that makes gold labels; default: that of the model's training.",
)
@click.option("--seed", type=int, default=13, show_default=True, help="Random seed of the edits.")
@no_code
@data_root
@as_json
def probe(
    model: str,
    dataset: str,
    out: Path | None,
    only: tuple[str, ...],
    gold: str | None,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Show how scores move when claims are edited in ways of known effect.

    MODEL_OR_CHAIN is the folder of a saved model or chain, or the name of a system that needs no training.

    A changed number must turn a verdict, and a typing error must not. The edits are rules of English.
    """
    import harness
    from harness.scoring.probes.writers import probe_table

    result = harness.probe(model, dataset, out, only=only, gold=gold, seed=seed, root=data_root)
    print_remarks(result.warnings)
    if as_json:
        print_json(result.document())
        return
    click.echo(probe_table(result))
    if result.out is not None:
        click.echo(f"\n{result.out} written", err=True)


COMMANDS: tuple[click.Command, ...] = (verify, probe)
