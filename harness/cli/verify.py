"""The command `harness verify`: reads an article with a saved chain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.score import MAX_CHARACTERS, terminal_text
from harness.text_tables import count_of, format_number

if TYPE_CHECKING:
    from harness.scoring.verify import Verification


@click.command()
@click.argument("article")
@click.option("--chain", required=True, metavar="MODEL", help="Folder of a chain that was run with --save-models.")
@click.option("--corpus", required=True, metavar="PATH", help="Passages to look in: a file, a folder, or a dataset.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="File to write: .html or .jsonl.")
@click.option("--language", metavar="CODE", help="Language of an article that declares none; default: detected.")
@click.option("--encoding", help="Encoding of a text file; default: detected.")
@no_code
@data_root
@as_json
def verify(
    article: str,
    chain: str,
    corpus: str,
    out: Path | None,
    language: str | None,
    encoding: str | None,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Judge the sentences of an article by a corpus.

    ARTICLE is a file (.txt, .md, .html), - (standard input), or a table or dataset with one article.

    The chain picks sentences, looks for passages, and gives each sentence a verdict. It is no fact-check: nobody has
    checked the verdicts. Without -o, prints the sentences with their verdicts.
    """
    import harness

    result = harness.verify(article, chain, corpus, out=out, language=language, encoding=encoding, root=data_root)
    for warning in result.warnings:
        click.echo(f"warning: {terminal_text(warning, MAX_CHARACTERS)}", err=True)
    if as_json:
        print_json(result.document())
        return
    counts = f"{len(result.claims):,} of {count_of(result.n_sentences, 'sentence')} judged"
    if result.out is not None:
        click.echo(f"{result.out}: {counts}; not a fact-check: nobody has checked the verdicts")
        return
    _print(result)
    click.echo(f"{counts}; not a fact-check: nobody has checked the verdicts", err=True)


def _print(result: Verification) -> None:
    for claim in result.claims:
        verdict = terminal_text(claim.verdict or "no answer", 80)
        score = "" if claim.verdict is None else f" {format_number(claim.scores[claim.verdict])}"
        click.echo(f"{verdict}{score}  {terminal_text(claim.text, 300)}")
        for quoted in claim.evidence[:1]:
            passage = quoted.passage
            source = passage.publisher or passage.title or passage.document_id
            date = passage.published or "no date"
            click.echo(f"   {terminal_text(source, 60)}, {date}: {terminal_text(passage.text, 200)}")


COMMANDS: tuple[click.Command, ...] = (verify,)
