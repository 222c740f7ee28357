"""Texts with gold sentence ends, read from Universal Dependencies files, and boundary F1 on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

Segmenter = Callable[[str], Iterable[tuple[int, int]]]
"""Gives the sentences of a text as (start, end)."""

NEWS = "GUM_news"
WRITTEN = "GUM_(academic|bio|essay|fiction|letter|textbook|voyage|whow)"
WEB = "answers|email|newsgroup|reviews|weblog"
SPOKEN = "GUM_(conversation|court|interview|podcast|speech|vlog)"


class Document(NamedTuple):
    name: str
    text: str
    ends: frozenset[int]
    """Offsets one past the last character of each gold sentence."""


class Counts(NamedTuple):
    """Sentence ends."""

    hits: int
    gold: int
    found: int

    @property
    def f1(self) -> float:
        return 2 * self.hits / (self.gold + self.found)


def read_conllu(path: Path) -> Iterator[Document]:
    """The documents of a treebank: paragraphs are lines, sentences are joined as `SpaceAfter` says."""
    for document in path.read_text("utf-8").split("# newdoc id = ")[1:]:
        text, ends = "", []
        glue = ""
        for block in document.split("\n\n"):
            found = re.search(r"^# text = (.*)$", block, re.MULTILINE)
            if found is None:
                continue
            paragraph = re.search(r"^# newpar( id|$)", block, re.MULTILINE) is not None
            text += ("\n" if paragraph and text else glue) + found[1].strip()
            ends.append(len(text))
            words = [line.split("\t") for line in block.splitlines() if re.match(r"\d+(-\d+)?\t", line)]
            covered = [word[9] for word in words if "-" in word[0] and word[0].endswith(f"-{words[-1][0]}")]
            glue = "" if "SpaceAfter=No" in (covered or [words[-1][9]])[0] else " "
        yield Document(document.split("\n", 1)[0], text, frozenset(ends))


def read_treebanks(benchmarks: Path) -> list[Document]:
    """The documents of GUM (dev) and EWT (dev)."""
    names = ("en_gum-ud-dev", "en_ewt-ud-dev")
    return [doc for name in names for doc in read_conllu(benchmarks / "sbd_ud" / f"{name}.conllu")]


def read_news(benchmarks: Path, language: str, code: str) -> Document:
    """The sentences of news articles in CheckThat! 2025's subjectivity task, one after another.

    They stand on one line as long as each ends with a mark. Some hold a quotation and what follows it, which the
    rules would part: a perfect score is out of reach.
    """
    text, ends = "", []
    for part in ("train", "dev", "dev_test"):
        path = benchmarks / "clef2025_subjectivity" / language / f"{part}_{code}.tsv"
        for line in path.read_text("utf-8").splitlines()[1:]:
            sentence = " ".join(line.split("\t")[1].split())
            inner = sentence[1:-1].replace('""', "")
            if sentence[:1] == sentence[-1:] == '"' and '"' not in inner:
                sentence = sentence[1:-1].replace('""', '"').strip()
            glue = " " if re.search(r"[.!?…][\"'”’)»]*$", text) else "\n"
            text += (glue if text else "") + sentence
            ends.append(len(text))
    return Document(f"news-{code}", text, frozenset(ends))


def boundary_counts(documents: Iterable[Document], segment: Segmenter, *, inside_lines: bool) -> Counts:
    """Counts sentence ends: all of them, or only those that no line break or end of document gives away."""
    hits = gold_count = found_count = 0
    for _, text, gold in documents:
        found = {end for _, end in segment(text)}
        kept = {end for end in gold | found if not inside_lines or text[end : end + 1] not in ("", "\n")}
        hits += len(gold & found & kept)
        gold_count += len(gold & kept)
        found_count += len(found & kept)
    return Counts(hits, gold_count, found_count)
