"""What a public benchmark is: its YAML file, as a record."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.records import Name, Record, Sha256, explain_validation
from harness.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "definitions"


class Official(Record):
    """How submissions are scored officially."""

    metric: str
    """The one that systems are ranked by."""
    scorer: str
    """By name among the official scorers."""
    submission: str
    """By name among the submission formats."""
    verified: bool
    """Whether its numbers agree with what the official program gave for the same files."""
    cutoffs: tuple[int, ...] = ()
    """Of a ranking's precision."""
    positive: str | None = None
    """The code of the label that precision, recall and F1 are of."""
    accepts: dict[str, str] = Field(default_factory=dict)
    """What a submission may write for a label beside the publisher's own, to the code of the scheme."""
    headless: tuple[tuple[str, ...], ...] = ()
    """The columns of gold files without a header, by their number."""
    writes: tuple[str, ...] = ()
    """The columns of a submission that is written; empty: none can be."""
    header: bool = False
    """Whether the written one begins with their names."""


class PublishedResult(Record):
    """One system of a published leaderboard."""

    system: str
    value: float


class Published(Record):
    """Published results by one metric over one part, to stand beside ours."""

    source: str
    """Where they were read: a paper and its table, or an address."""
    metric: str
    """As the registry of metrics calls it."""
    part: str
    n: str
    """What they are over: how many claims, in how many articles."""
    systems: tuple[PublishedResult, ...] = Field(min_length=1)
    """The best first."""


class Part(Record):
    """One official part of a benchmark."""

    files: dict[str, Sha256 | None] = Field(min_length=1)
    """The publisher's files, by their published path (`archive.zip!member` for a member of a zip), each with the
    SHA-256 that it must have; None where it is not known, as of a test part that was published later. A pattern
    (`archive.zip!*.tsv`) names all members alike, and has no hash."""
    language: str | None = None
    """BCP 47 code; None: the benchmark's."""
    format: str | None = None
    """None: the benchmark's."""
    options: dict[str, Any] = Field(default_factory=dict)
    """For the reader of the format, over the benchmark's."""


class Benchmark(Record):
    """A public benchmark, as its YAML file describes it."""

    name: Name
    title: str
    summary: str
    source: str
    """Where the publisher's files are, for people."""
    downloads: dict[str, str] = Field(default_factory=dict)
    """Where `harness fetch` gets each file or archive: its published path, or a folder's with `/` at the end, to the
    address; what a folder holds is appended to it."""
    license: str
    language: str
    citation: str
    format: str
    options: dict[str, Any] = Field(default_factory=dict)
    """For the reader of the format."""
    scheme: Name
    parts: dict[str, Part] = Field(min_length=1)
    companions: dict[str, Sha256] = Field(default_factory=dict)
    """Files that the reader needs beside those of the parts."""
    ancestry: tuple[str, ...] = ()
    """The benchmarks that its text came from, as published."""
    note: str | None = None
    """What a user should know of the data, in a line or two."""
    official: Official | None = None
    published: tuple[Published, ...] = ()

    def files(self) -> dict[str, Sha256 | None]:
        """Every file by its published path."""
        return {**{n: digest for part in self.parts.values() for n, digest in part.files.items()}, **self.companions}

    def address(self, path: str) -> str | None:
        """Where a file (or the archive of a member) is downloaded from; None where nobody may fetch it by a program."""
        if path in self.downloads:
            return self.downloads[path]
        for folder, address in self.downloads.items():
            if folder.endswith("/") and path.startswith(folder):
                return address + path.removeprefix(folder)
        return None


def benchmark_names() -> list[str]:
    """The benchmarks that are described."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def load_benchmark(name: str) -> Benchmark:
    """The description of a benchmark.

    Raises: UnknownName: no such benchmark; FaultsError: its file is wrong.
    """
    if name not in benchmark_names():
        raise UnknownName(unknown_name("benchmark", name, benchmark_names()))
    path = FOLDER / f"{name}.yaml"
    try:
        return Benchmark.model_validate_json(read_yaml(path).json)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, place)), message, code)
            for place, message, code, _ in explain_validation(error)
        ) from None
