"""Records of the YAML files that describe public benchmarks."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.records import Name, Record, Sha256, explain_validation
from harness.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "definitions"
"""Folder of the YAML files."""


class Official(Record):
    """Official scoring of submissions to a benchmark."""

    metric: str
    """Metric that ranks the systems."""
    scorer: str
    """Name of the official scorer."""
    submission: str
    """Name of the submission format."""
    verified: bool
    """Whether the values were checked to equal those of the official program on the same files."""
    cutoffs: tuple[int, ...] = ()
    """Cutoffs k of precision@k."""
    positive: str | None = None
    """Code of the positive label of precision, recall and F1."""
    accepts: dict[str, str] = Field(default_factory=dict)
    """Other spellings of labels in submissions, to the code of the scheme."""
    headless: tuple[tuple[str, ...], ...] = ()
    """Columns of gold files without a header; the entry with as many columns as the file applies."""
    writes: tuple[str, ...] = ()
    """Columns of a written submission; empty if the harness cannot write one."""
    header: bool = False
    """Whether a written submission begins with a header line."""
    repeated_ids: Literal["last"] | None = None
    """Label that counts if gold gives one id several labels, as in the official program; None: that is a fault."""


class PublishedResult(Record):
    """One system of a published leaderboard."""

    system: str
    value: float


class Published(Record):
    """Published results by one metric on one part, shown next to the results of a run."""

    source: str
    """Source of the results: a paper and its table, or a URL."""
    metric: str
    """Registered name of the metric."""
    part: str
    n: str
    """Claims and articles that the results are over, in words."""
    systems: tuple[PublishedResult, ...] = Field(min_length=1)
    """Systems, the best first."""


class Part(Record):
    """One official part of a benchmark."""

    files: dict[str, Sha256 | None] = Field(min_length=1)
    """Published path of each file (`archive.zip!member` for a member of a zip) to its required SHA-256; None if the
    SHA-256 is unknown, as for a test part that was published later. A pattern (`archive.zip!*.tsv`) names all matching
    members and has no SHA-256."""
    language: str | None = None
    """Language of the part (a BCP 47 tag); None for that of the benchmark."""
    format: str | None = None
    """Format of the files; None for that of the benchmark."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the format's reader; they override those of the benchmark."""


class Benchmark(Record):
    """A public benchmark as described by its YAML file."""

    name: Name
    title: str
    summary: str
    source: str
    """Web page of the publisher's files, for users."""
    downloads: dict[str, str] = Field(default_factory=dict)
    """Published path of a file or archive to the URL for `harness fetch`. A path that ends in `/` is a folder: the rest
    of a file's path is appended to its URL."""
    license: str
    language: str
    citation: str
    format: str
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the format's reader."""
    scheme: Name
    parts: dict[str, Part] = Field(min_length=1)
    companions: dict[str, Sha256] = Field(default_factory=dict)
    """Further files that the reader needs, with their required SHA-256."""
    corpus: dict[str, Sha256 | None] = Field(default_factory=dict, max_length=1)
    """File of the passages, with its required SHA-256; None if that is unknown. Without the file, the claims come in
    alone."""
    renamed: dict[str, str] = Field(default_factory=dict)
    """Published path of a file to the name that it may have in a local copy without folders, where its own name
    (`train.tsv`) would not tell it apart."""
    ancestry: tuple[str, ...] = ()
    """Benchmarks that the text was taken from, according to the publisher."""
    note: str | None = None
    """Caveats of the data, in one or two sentences."""
    official: Official | None = None
    published: tuple[Published, ...] = ()

    def files(self) -> dict[str, Sha256 | None]:
        """All files: published path to required SHA-256, None if unknown."""
        digests: dict[str, Sha256 | None] = {}
        for part in self.parts.values():
            digests |= part.files
        return digests | self.companions | self.corpus

    def address(self, path: str) -> str | None:
        """The download URL of a file or archive; None if it cannot be downloaded by a program."""
        if path in self.downloads:
            return self.downloads[path]
        for folder, address in self.downloads.items():
            if folder.endswith("/") and path.startswith(folder):
                return address + path.removeprefix(folder)
        return None


def benchmark_names() -> list[str]:
    """The names of all benchmarks, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def load_benchmark(name: str) -> Benchmark:
    """Read the description of a benchmark.

    Raises: UnknownName: there is no such benchmark; FaultsError: its YAML file is invalid.
    """
    if name not in benchmark_names():
        raise UnknownName(unknown_name("benchmark", name, benchmark_names()))
    path = FOLDER / f"{name}.yaml"
    try:
        return Benchmark.model_validate_json(read_yaml(path).json)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, key_path)), message, code)
            for key_path, message, code, _ in explain_validation(error)
        ) from None
