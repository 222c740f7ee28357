"""Prints boundary F1, golden rules and speed of our rules and of every other sentence splitter that is installed.

    python tests/benchmarks/segment_table.py [FOLDER OF THE BENCHMARKS]

The others are no dependencies of the project. Install them where this Python finds them, such as

    pip install --target splitters sentencex nltk pysbd syntok
    PYTHONPATH=splitters python tests/benchmarks/segment_table.py
"""

# ruff: noqa: T201
from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "data")]

from treebanks import NEWS, SPOKEN, WEB, WRITTEN, Document, Segmenter, boundary_counts, read_news, read_treebanks  # noqa: E402

from harness.data.sentences import segment  # noqa: E402
from harness.data.sentences.words import words_of  # noqa: E402

KINDS = {
    "GUM news": NEWS,
    "GUM written": WRITTEN,
    "GUM spoken": SPOKEN,
    "EWT": WEB,
    "answers": "answers",
    "email": "email",
    "newsgrp": "newsgroup",
    "reviews": "reviews",
    "weblog": "weblog",
    "news-en": "news-en",
}
"""Column -> what the names of its documents begin with."""
REGEX = re.compile(r"""[.!?…]+["'”’)\]]*(?=\s+["'“‘(\[]*[A-Z0-9])""")
QUOTATION = re.compile(r"“[^“”]*”|\"(?<!\w\")(?=\S)[^\"]*\"")


def ours(text: str) -> list[segment.Span]:
    return segment.sentences(text)


def plain_regex(line: str) -> Iterator[tuple[int, int]]:
    return cut(line, [match.end() for match in REGEX.finditer(line)])


def sentencex() -> Segmenter:
    from sentencex import get_sentence_boundaries

    def spans(line: str) -> Iterator[tuple[int, int]]:
        return ((found["start_index"], found["end_index"]) for found in get_sentence_boundaries("en", line))

    return spans


def sentencex_and_quotations() -> Segmenter:
    """Its sentences, cut also where our rules cut inside a quotation or at the end of one."""
    spans = sentencex()

    def both(line: str) -> Iterator[tuple[int, int]]:
        ends = {end - (len(line[start:end]) - len(line[start:end].rstrip())) for start, end in spans(line)}
        quotations = [match.span() for match in QUOTATION.finditer(line)]
        if quotations:
            own = {end for _, end in segment.sentences(line)}
            ends |= {end for end in own if any(start < end <= stop for start, stop in quotations)}
        return cut(line, sorted(ends))

    return both


def punkt() -> Segmenter:
    """Untrained, with our abbreviations."""
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(words_of("en").known)
    return PunktSentenceTokenizer(parameters).span_tokenize


def pysbd() -> Segmenter:
    import pysbd

    segmenter = pysbd.Segmenter(language="en", clean=False, char_span=True)
    return lambda line: [(found.start, found.end) for found in segmenter.segment(line)]


def syntok() -> Segmenter:
    from syntok.segmenter import analyze

    def spans(line: str) -> Iterator[tuple[int, int]]:
        for paragraph in analyze(line):
            for tokens in map(list, paragraph):
                yield tokens[0].offset, tokens[-1].offset + len(tokens[-1].value)

    return spans


CANDIDATES: dict[str, tuple[str | None, Callable[[], Segmenter]]] = {
    "ours": (None, lambda: ours),
    "plain regex": (None, lambda: plain_regex),
    "sentencex": ("sentencex", sentencex),
    "sentencex + quotations": ("sentencex", sentencex_and_quotations),
    "Punkt + our abbreviations": ("nltk", punkt),
    "pySBD": ("pysbd", pysbd),
    "syntok": ("syntok", syntok),
}
"""Row -> (package, what makes the splitter)."""


def of_language(name: str, language: str) -> Segmenter | None:
    """A splitter of a language by line; None where it has no rules for it."""
    if name == "ours":
        return partial(segment.sentences, language=language)
    if name == "sentencex":
        from sentencex import get_sentence_boundaries

        return partial(
            by_line,
            lambda line: [(end["start_index"], end["end_index"]) for end in get_sentence_boundaries(language, line)],
        )
    import pysbd

    try:
        segmenter = pysbd.Segmenter(language=language, clean=False, char_span=True)
    except ValueError:
        return None
    return partial(by_line, lambda line: [(found.start, found.end) for found in segmenter.segment(line)])


def print_languages(benchmarks: Path) -> None:
    """Prints boundary F1 by language on the dev parts of treebanks."""
    names = [name for name in ("ours", "sentencex", "pysbd") if name == "ours" or find_spec(name)]
    print("\nboundary F1 by language, all ends\n" + f"{'':10}" + "".join(f"{name:>12}" for name in names))
    for path in sorted((benchmarks / "sbd_ud" / "languages").glob("*.jsonl")):
        rows = map(json.loads, path.read_text("utf-8").splitlines())
        documents = [Document(path.stem, row["text"], frozenset(row["ends"])) for row in rows]
        splitters = [of_language(name, path.stem) for name in names]
        values = [boundary_counts(documents, one, inside_lines=False).f1 if one else None for one in splitters]
        print(f"{path.stem:10}" + "".join(f"{'-' if f1 is None else format(f1, '.3f'):>12}" for f1 in values))


def cut(line: str, ends: list[int]) -> Iterator[tuple[int, int]]:
    """The stretches of a line between ends, and what is left after the last."""
    start = 0
    for end in [*ends, len(line)]:
        if line[start:end].strip():
            yield start, end
            start = end


def by_line(splitter: Segmenter, text: str) -> list[tuple[int, int]]:
    """What a splitter gives for each line by itself, without white space at the ends of a sentence."""
    spans = []
    offset = 0
    for line in text.splitlines(keepends=True):
        body = line.rstrip()
        for start, end in splitter(body) if body else ():
            found = body[start:end]
            if found.strip():
                start += len(found) - len(found.lstrip())
                spans.append((offset + start, offset + start + len(found.strip())))
        offset += len(line)
    return spans


def golden(benchmarks: Path, splitter: Segmenter) -> str:
    """How many golden rules hold; whether a list marker belongs to its item is left open."""
    lines = (benchmarks / "sbd_ud" / "golden_rules_en.jsonl").read_text("utf-8").splitlines()
    rules = [json.loads(line) for line in lines]
    held = 0
    for rule in rules:
        found = [rule["text"][start:end].removeprefix("• ") for start, end in splitter(rule["text"])]
        held += found == [sentence.removeprefix("• ") for sentence in rule["sentences"]]
    return f"{held}/{len(rules)}"


def speed(documents: list[Document], splitter: Segmenter) -> float:
    """Megabytes (UTF-8) a second, the best of three runs over the treebanks."""
    text = "\n".join(document.text for document in documents)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        list(splitter(text))
        seconds.append(time.perf_counter() - start)
    return len(text.encode()) / 1e6 / min(seconds)


def main(benchmarks: Path) -> None:
    """Prints a table for all sentence ends, and one for those that no line break gives away."""
    documents = [*read_treebanks(benchmarks), read_news(benchmarks, "english", "en")]
    kinds = {column: [doc for doc in documents if re.match(names, doc.name)] for column, names in KINDS.items()}
    splitters: dict[str, Segmenter] = {}
    for name, (package, make) in CANDIDATES.items():
        try:
            label = f"{name} {version(package)}" if package else name
            splitters[label] = ours if make() is ours else partial(by_line, make())
        except (ImportError, PackageNotFoundError):
            print(f"{name}: not installed ({package})")
    for inside in (False, True):
        print(f"\nboundary F1, {'ends inside lines only' if inside else 'all ends'}")
        print(f"{'':33}" + "".join(f"{column:>12}" for column in kinds) + ("" if inside else "      golden    MB/s"))
        counts = [boundary_counts(docs, ours, inside_lines=inside).gold for docs in kinds.values()]
        print(f"{'(gold ends)':33}" + "".join(f"{count:12,}" for count in counts))
        for name, splitter in splitters.items():
            row = [boundary_counts(docs, splitter, inside_lines=inside).f1 for docs in kinds.values()]
            rest = "" if inside else f"{golden(benchmarks, splitter):>12}{speed(documents, splitter):8.1f}"
            print(f"{name:33}" + "".join(f"{value:12.3f}" for value in row) + rest, flush=True)
    italian = [read_news(benchmarks, "italian", "it")]
    f1 = boundary_counts(italian, partial(segment.sentences, language="it"), inside_lines=True).f1
    print(f"\nItalian news, ends inside lines only: ours {f1:.3f}")
    print_languages(benchmarks)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "benchmarks")
