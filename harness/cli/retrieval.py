"""The commands `index` and `search`, which look for passages in a corpus."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, data_root, print_json, say_threads
from harness.text_tables import count_of

folder = click.Path(path_type=Path)
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Characters that control a terminal or reverse the direction of text."""


@click.command()
@click.argument("corpus")
@click.option("--retriever", default="bm25", show_default=True, metavar="NAME", help="See `harness list retrievers`.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Setting of the retriever, such as k1=1.2.")
@click.option("-o", "--out", type=folder, metavar="DIR", help="Folder to write; default: CORPUS-index.")
@data_root
def index(corpus: str, retriever: str, settings: tuple[str, ...], out: Path | None, data_root: Path | None) -> None:
    """Index a corpus for `harness search`.

    CORPUS: a .jsonl or .parquet file of passages, a folder with corpus.jsonl or corpus.parquet, or a dataset. A dataset
    without a corpus file gives the passages of its evidence.
    """
    import yaml

    from harness.data.corpora.passages import corpus_path
    from harness.retrieval.stored import write_index

    pairs = [text.partition("=") for text in settings]
    malformed = [text for text, (key, equals, _) in zip(settings, pairs, strict=True) if not (key and equals)]
    if malformed:
        raise click.UsageError(f"--set: expected KEY=VALUE, got '{malformed[0]}'")
    try:
        values = {key: yaml.safe_load(value) for key, _, value in pairs}
    except yaml.YAMLError:
        raise click.UsageError("--set: a value is not YAML; quote it") from None
    path = Path(corpus)
    out = out or path.with_name((path.stem if path.is_file() else path.resolve().name) + "-index")
    source = corpus_path(corpus, data_root)
    card = write_index(source, out, retriever, values)
    click.echo(f"{out}: {count_of(card.n_passages, 'passage')} of {source} indexed by {retriever}")
    say_threads()


@click.command()
@click.argument("index", type=folder)
@click.argument("text")
@click.option("-k", type=click.IntRange(min=1), default=10, show_default=True, help="Maximum number of passages.")
@as_json
def search(index: Path, text: str, k: int, as_json: bool) -> None:
    """Show the passages of an index that match a text best.

    Each with its rank, score, id, title, and the words of TEXT that it has.
    """
    from harness.retrieval.stored import open_index

    results = open_index(index).best(text, k)
    if as_json:
        print_json({"query": text, "results": [result.document() for result in results]})
        return
    if not results:
        click.echo("no passage matches", err=True)
    for result in results:
        passage = result.passage
        title = f"  {_plain(passage.title)}" if passage.title else ""
        click.echo(f"{result.rank}  {result.score:.4f}  {_plain(passage.passage_id)}{title}")
        click.echo(f"   {_marked(_plain(passage.text), result.matched)}")
        click.echo(f"   matched: {', '.join(result.matched) or 'no word'}")


def _plain(text: str) -> str:
    return _CONTROL_CHARACTERS.sub(" ", text)


def _marked(text: str, words: tuple[str, ...]) -> str:
    """The text, with the words in bold on a terminal."""
    if not sys.stdout.isatty():
        return text
    return re.sub(r"\w+", lambda word: click.style(word[0], bold=True) if word[0].lower() in words else word[0], text)


COMMANDS: tuple[click.Command, ...] = (index, search)
