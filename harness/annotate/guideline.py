"""`harness guideline`: the text that annotators follow, from the file of a label scheme, as Markdown or as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.data.load import find_dataset, find_scheme, open_folder
from harness.display import displayed
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import write_files
from harness.schemes import Axis, Scheme, load_scheme, read_scheme, scheme_names

TEMPLATES = Path(__file__).parent / "templates"
SUFFIXES = (".md", ".html")
NO_TEST = "The scheme has no test yet; write sentences with answers under `test:` in its file."


@displayed
class GuidelineFile(NamedTuple):
    """A guideline that was written."""

    path: Path
    scheme: str
    exercises: int
    """Number of sentences in its test."""
    undefined: tuple[tuple[str, str], ...]
    """Labels without a definition, as (axis, label)."""


def guideline(scheme: str | Path, out: str | Path, *, root: str | Path | None = None) -> GuidelineFile:
    """Writes the guideline of a label scheme: questions, labels with definitions and examples, text, and a test.

    The file of the scheme is the only source: annotators see the same words while they label, and language models in
    their prompt.

    Args:
        scheme: name of a shipped scheme, file of a scheme, or a dataset with one scheme.
        out: file to write: .md or .html.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: UnknownName: there is no such scheme. FaultsError: the file of the scheme is not valid. HarnessError: the
        ending of `out` is another one, or the dataset has several schemes.
    """
    path = Path(out)
    if path.suffix not in SUFFIXES:
        raise HarnessError(f"{path}: expected a file that ends in {' or '.join(SUFFIXES)}")
    read = find_guideline(scheme, root)
    text = to_markdown(read) if path.suffix == ".md" else to_html(read)
    write_files({path: text.encode()})
    return GuidelineFile(path, read.name, len(read.test), read.undefined)


def find_guideline(name_or_path: str | Path, root: str | Path | None = None) -> Scheme:
    """Returns a scheme by its name, its file, or a dataset that has no other.

    Raises: UnknownName, FaultsError, HarnessError: as `guideline`.
    """
    name = str(name_or_path)
    if name in scheme_names():
        return load_scheme(name)
    if name.endswith((".yaml", ".yml")):
        return read_scheme(Path(name))
    try:
        folder = find_dataset(name, root)
    except UnknownName:
        raise UnknownName(f"{unknown_name('scheme', name, scheme_names())}; or give a file, or a dataset") from None
    schemes = open_folder(folder).info.schemes
    if len(schemes) != 1:
        names = ", ".join(schemes) or "none"
        raise HarnessError(f"{folder}: expected a dataset with one scheme, found {names}; give the name or file of one")
    return find_scheme(folder, schemes[0])


def to_markdown(scheme: Scheme) -> str:
    """Returns the guideline as Markdown; the answers of the test stand at its end."""
    lines = [f"# {_escaped(scheme.title or scheme.name)}", "", _escaped(about(scheme)), ""]
    if scheme.guideline.strip():
        lines += ["## How to label", "", scheme.guideline.strip(), ""]
    for axis in scheme.axes:
        if not axis.feature:
            lines += _axis_lines(axis)
    features = [axis for axis in scheme.axes if axis.feature]
    if features:
        lines += ["## Features", "", "Mark each that the sentence has.", ""]
        lines += [f"- **{_escaped(axis.name)}**: {_escaped(_asked(axis))}" for axis in features] + [""]
    lines += ["## Test", ""]
    if not scheme.test:
        return "\n".join([*lines, NO_TEST, ""])
    for number, exercise in enumerate(scheme.test, start=1):
        lines.append(f"{number}. {_escaped(exercise.text)}")
        lines += [f"   - Passage: {_escaped(passage)}" for passage in exercise.passages]
    lines += ["", "## Answers", ""]
    for number, exercise in enumerate(scheme.test, start=1):
        answers = "; ".join(f"{name}: {label}" for name, label in exercise.answers.items())
        reason = f". {exercise.reason}" if exercise.reason else ""
        lines.append(f"{number}. {_escaped(answers)}{_escaped(reason)}")
    return "\n".join([*lines, ""])


def to_html(scheme: Scheme) -> str:
    """Returns the guideline as one page without scripts or external resources; an answer opens where it is clicked."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("guideline.html")
    return template.render(
        scheme=scheme, about=about(scheme), asked=_asked, blocks=text_blocks, no_test=NO_TEST.replace("`", "")
    )


def text_blocks(text: str) -> list[str | list[str]]:
    """Returns the paragraphs of a guideline, each on one line, and its lists (lines that begin with `- `) in order."""
    blocks: list[str | list[str]] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        before, *items = re.split(r"(?:^|\n)\s*[-*] ", paragraph)
        if before.strip():
            blocks.append(" ".join(before.split()))
        if items:
            blocks.append([" ".join(item.split()) for item in items])
    return blocks


def unwrapped(text: str) -> str:
    """Returns a text without the line ends within its paragraphs and list items, which fit another width."""
    return re.sub(r"(?<!\n)\n[ \t]*(?![ \t\n]|[-*\u2022] |\d+[.)] )", " ", text)


def about(scheme: Scheme) -> str:
    """Returns the version, license and source of a scheme, as one line."""
    parts = (f"Scheme {scheme.name}", f"version {scheme.version}", f"license {scheme.license}", scheme.source.strip())
    return ", ".join(parts[:3]) + f". Source: {parts[3].rstrip('.')}."


def _axis_lines(axis: Axis) -> Iterator[str]:
    yield from (f"## {_escaped(axis.name)}", "", f"**{_escaped(axis.question.strip())}**", "")
    if axis.definition:
        yield from (_escaped(axis.definition.strip()), "")
    for number, label in enumerate(axis.labels, start=1):
        yield f"{number}. **{_escaped(label.name)}**: {_escaped(label.definition.strip()) or 'not defined yet'}"
        yield from (f"   - {_escaped(example)}" for example in label.examples)
    yield ""
    if axis.abstain_label:
        yield from (f"'{_escaped(axis.abstain_label)}' is left out of training and of every metric.", "")


def _asked(axis: Axis) -> str:
    return axis.question.strip() + (f" Value: {axis.value}." if axis.value else "")


def _escaped(text: str) -> str:
    """Returns a text on one line in which no character is markup."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))
