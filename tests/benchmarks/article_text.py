"""How well the main text of web pages is found: prints shingle F1 over the public article pages.

    python tests/benchmarks/article_text.py [--chosen] [FOLDER]

The benchmark's own metric: multisets of four-word shingles; precision and recall are means over pages, F1 is their
harmonic mean. A page from which no article is read counts as empty text. Captions, which the gold texts leave out, are
not counted, but in the figures `with captions`; `lists` counts only the lines that are list items or table rows.

`--chosen` (some minutes) also scores each choice left out (a rule, an option), trafilatura's plain settings, and the
cross-validation: for each of ten folds, the choices that are best on the other folds, on the pages of this fold.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import trafilatura

from harness.data.articles import html, page_captions
from harness.data.articles.html import read_page
from harness.data.articles.main_text import trim as page_trim
from harness.data.articles.main_text.places import key
from harness.errors import FaultsError

ROOT = Path(__file__).parents[2]
SHINGLE = 4
FOLDS = 10
WORST = 12
PLAIN: dict[str, dict[str, bool]] = {
    "trafilatura": {},
    "trafilatura precision": {"favor_precision": True},
    "trafilatura recall": {"favor_recall": True},
    "trafilatura fast": {"fast": True},
}
"""The library's plain settings, each without comments."""

Score = tuple[float, float]


class Page(NamedTuple):
    """A page with its gold text."""

    name: str
    url: str
    data: bytes
    gold: str


class Found(NamedTuple):
    """What was read from a page."""

    running: str
    """The text without captions."""
    whole: str
    listed: str
    """The list items and table rows."""
    n_captions: int


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """How often each run of four words occurs; the whole text where it is shorter."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)) if words)


def precision_and_recall(gold: str, found: str) -> Score:
    """Of one page; 1 where both texts are equal, 0 where nothing is shared."""
    wanted, had = shingles(gold), shingles(found)
    shared = (wanted & had).total()
    if wanted == had:
        return 1.0, 1.0
    return shared / max(1, had.total()), shared / max(1, wanted.total())


def f1(scores: list[Score]) -> tuple[float, float, float]:
    """Mean precision, mean recall and their harmonic mean."""
    precision, recall = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def pages_of(folder: Path) -> list[Page]:
    """The pages of the benchmark, in order of their names, which are hashes."""
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    read = ((name, (folder / "html" / f"{name}.html.gz").read_bytes()) for name in sorted(truth))
    return [Page(name, truth[name]["url"], gzip.decompress(data), truth[name]["articleBody"]) for name, data in read]


def read(page: Page) -> Found:
    """The text that is read from a page; empty if it is refused."""
    try:
        found = read_page(page.data, page.name)
    except FaultsError:
        return Found("", "", "", 0)
    text = running = found.fields["text"] or ""
    captions = [part for part in found.marked.parts if part.part == "caption"]
    for caption in reversed(captions):
        running = running[: caption.start] + running[caption.end :]
    listed = (part for part in found.marked.parts if part.part in ("list item", "table cell"))
    return Found(running, text, "\n".join(text[part.start : part.end] for part in listed), len(captions))


def share_of_paragraphs(page: Page, text: str) -> float:
    """Share of the words of <p> in the largest <article> or <main> (or else of one element) that the text contains."""
    tree = trafilatura.load_html(page.data)
    texts = {element: element.text_content() for element in tree.iter("p")} if tree is not None else {}
    inside = Counter[Any]()
    for element, words in texts.items():
        within = next((outer for outer in element.iterancestors("article", "main")), element.getparent())
        inside[within] += len(words.split())
    known = key(text)
    largest = max(inside, key=lambda outer: (outer.tag in ("article", "main"), inside[outer]), default=None)
    words = [text for element, text in texts.items() if largest in element.iterancestors()]
    kept = sum(len(line.split()) for line in words if key(line) in known)
    return kept / max(1, sum(len(line.split()) for line in words))


@contextmanager
def _without(name: str) -> Iterator[None]:
    with mock.patch.dict(page_trim.RULES):
        del page_trim.RULES[name]
        yield


def _no_gaps(_place: object, _blocks: object) -> dict[object, object]:
    return {}


def _same_blocks(_tree: object, blocks: object) -> object:
    return blocks


CHOICES: dict[str, Callable[[], Any]] = {
    **{f"without {name}": partial(_without, name) for name in page_trim.RULES},
    "without gaps": lambda: mock.patch.object(page_captions, "gaps", _no_gaps),
    "without links": lambda: mock.patch.object(html, "with_links", _same_blocks),
    "without missed article": lambda: mock.patch.object(html, "missed_article", return_value=None),
    "balanced": lambda: mock.patch.dict(html.EXTRACTION, {"favor_precision": False}),
    "recall": lambda: mock.patch.dict(html.EXTRACTION, {"favor_precision": False, "favor_recall": True}),
}
"""The project's settings with one choice made otherwise."""


def measure(folder: Path) -> None:
    """Prints the figures over all pages of a folder."""
    pages = pages_of(folder)
    found = [read(page) for page in pages]
    running = [precision_and_recall(page.gold, text.running) for page, text in zip(pages, found, strict=True)]
    whole = [precision_and_recall(page.gold, text.whole) for page, text in zip(pages, found, strict=True)]
    lists = [
        precision_and_recall(page.gold, text.listed)[0]
        for page, text in zip(pages, found, strict=True)
        if text.listed.strip()
    ]
    _print("harness", running)
    _print("harness, with captions", whole)
    shares = [share_of_paragraphs(page, text.whole) for page, text in zip(pages, found, strict=True)]
    _say(
        f"pages {len(pages)}, refused {sum(not text.whole for text in found)}, captions "
        f"{sum(text.n_captions for text in found)}"
    )
    _say(f"lists and tables: precision {sum(lists) / max(1, len(lists)):.4f} on {len(lists)} pages that have some")
    _say(f"words of paragraphs kept: mean {sum(shares) / len(shares):.4f}, under 0.9 on {sum(s < 0.9 for s in shares)}")
    _say("worst pages: precision, recall, paragraphs kept")
    for index in sorted(range(len(pages)), key=lambda index: sum(running[index]))[:WORST]:
        precision, recall = running[index]
        _say(f"  {precision:.2f} {recall:.2f} {shares[index]:.2f}  {pages[index].name[:8]} {pages[index].url[:80]}")


def measure_choices(folder: Path) -> None:
    """Prints the figures of each choice, of the library's plain settings, and of the cross-validation."""
    pages = pages_of(folder)
    scores = {"as is": [precision_and_recall(page.gold, read(page).running) for page in pages]}
    for name, choice in CHOICES.items():
        with choice():
            scores[name] = [precision_and_recall(page.gold, read(page).running) for page in pages]
        better = sum(sum(new) < sum(old) - 1e-9 for new, old in zip(scores[name], scores["as is"], strict=True))
        worse = sum(sum(new) > sum(old) + 1e-9 for new, old in zip(scores[name], scores["as is"], strict=True))
        _print(name, scores[name], f"the choice helps {better} pages, costs {worse}")
    held_out, folds = list[Score](), list[float]()
    for fold in range(FOLDS):
        rest = [index for index in range(len(pages)) if index % FOLDS != fold]
        best = max(scores, key=lambda name: f1([scores[name][index] for index in rest])[2])
        out = [scores[best][index] for index in range(fold, len(pages), FOLDS)]
        held_out += out
        folds.append(f1(out)[2])
        _say(f"  fold {fold}: {best}, F1 {folds[-1]:.4f}")
    _print("harness, cross-validated", held_out, f"mean of the folds {sum(folds) / FOLDS:.4f}")
    for name, options in PLAIN.items():
        texts = (trafilatura.extract(page.data, include_comments=False, **options) or "" for page in pages)
        plain = [precision_and_recall(page.gold, text) for page, text in zip(pages, texts, strict=True)]
        means = [f1(plain[fold::FOLDS])[2] for fold in range(FOLDS)]
        _print(name, plain, f"mean of the folds {sum(means) / FOLDS:.4f}")


def _print(name: str, scores: list[Score], note: str = "") -> None:
    precision, recall, both = f1(scores)
    _say(f"{name:>26}  precision {precision:.4f}  recall {recall:.4f}  F1 {both:.4f}  {note}".rstrip())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    benchmarks = Path(os.environ.get("HARNESS_BENCHMARKS", ROOT.parent / "shared" / "benchmarks"))
    arguments = [argument for argument in sys.argv[1:] if argument != "--chosen"]
    chosen = Path(arguments[0]) if arguments else benchmarks / "article_pages"
    measure(chosen)
    if "--chosen" in sys.argv:
        measure_choices(chosen)
