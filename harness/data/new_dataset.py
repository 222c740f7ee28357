"""Starts a dataset folder: description, guideline and a config that runs once claims are labeled; or a copy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.dataset import info_file_contents, started_info
from harness.data.load import find_dataset, open_folder
from harness.display import displayed
from harness.errors import FaultsError, HarnessError
from harness.files import read_bytes, write_files
from harness.folders import folder_lock, safe_name
from harness.partial_files import is_temporary, remove_partial_files
from harness.records import preview

SCHEMA_FILE = "experiment.schema.json"
"""File with the JSON Schema of configs."""
LOCK = ".lock"
MAX_FOLDS = 5
"""Number of folds of a new config, if there are as many articles."""


@displayed
class NewDataset(NamedTuple):
    """A new dataset folder and the next steps."""

    folder: Path
    files: tuple[Path, ...]
    """Files that were written."""
    steps: tuple[str, ...]
    """Next steps, each a command to run or a file to edit."""


def new(
    folder: str | Path,
    *,
    language: str | None = None,
    source: str | Path | None = None,
    labels: bool = False,
    root: str | Path | None = None,
    config_schema: str = "",
) -> NewDataset:
    """Creates a valid dataset folder: an empty one with a scheme and a config, or a copy of a dataset.

    Args:
        folder: new or empty folder; its name becomes the name of the dataset (and of the scheme, unless it is a copy).
        language: BCP 47 code of the articles; default: en.
        source: dataset to copy: shipped, fetched, or a folder. The copy has its articles, claims, schemes, splits,
            corpus, license and citation, and its name in `ancestry`.
        labels: whether a copy also has the labels and the evidence of its dataset; default: it is to be labeled anew.
        root: folder of fetched benchmarks; see `data_root`.
        config_schema: JSON Schema of configs, written beside the config, which names it to editors; empty: none.
    Raises: FaultsError: the folder is not empty, or the dataset to copy has faults; HarnessError: the language is not a
        BCP 47 code, or no dataset has the name.
    """
    path = Path(folder)
    if source is not None:
        if language is not None:
            raise HarnessError("language: a copy has the language of its dataset; leave it out")
        return _copy(find_dataset(source, root), path, labels=labels)
    if labels:
        raise HarnessError("--with-labels: only a copy has labels; name the dataset to copy with --from")
    language = language or "en"
    check_language(language)
    _require_free(path)
    name = safe_name(path.resolve().name, "dataset")
    info = started_info(name, language, schemes=(name,))
    modeline = f"# yaml-language-server: $schema=./{SCHEMA_FILE}\n" if config_schema else ""
    texts = {
        path / "articles.jsonl": "",
        path / "claims.jsonl": "",
        path / "schemes" / f"{name}.yaml": SCHEME.format(name=name, language=language),
        path / "README.md": CARD.format(name=name),
    }
    if config_schema:
        texts[path / SCHEMA_FILE] = config_schema
    files = {file_path: text.encode() for file_path, text in texts.items()} | git_files(path)
    files[path / "experiment.yaml"] = modeline.encode() + config_content(path, "checkability")
    _write(path, files | info_file_contents(path, info))
    steps = (
        f"read and edit the guideline {path / 'schemes' / f'{name}.yaml'}",
        f"harness ingest YOUR_ARTICLES... --into {path}",
        f"harness label {path} --as YOU, or harness add {path} --claims LABELS.csv --as YOU",
        run_command(path),
    )
    return NewDataset(path, tuple(files), steps)


def _require_free(path: Path, files: Mapping[Path, bytes] | None = None) -> None:
    """Refuses a folder that has other content than a call that was killed left behind, and what `git init` makes.

    Args:
        path: folder to create.
        files: files to write; None: they are not known yet, and may be there.
    """
    if path.exists() and not path.is_dir():
        raise FaultsError.single(path, "is a file; give a folder that does not exist yet")
    own = (file for file in path.rglob("*") if file.is_file() and not is_temporary(file))
    own = (file for file in own if file.name != LOCK and ".git" not in file.relative_to(path).parts)
    if (path / "dataset.yaml").exists() or any(files is not None and not _has(file, files) for file in own):
        raise FaultsError.single(path, "is not empty; nothing was written: give a folder that does not exist yet")


def _has(file: Path, files: Mapping[Path, bytes]) -> bool:
    if file.name in GIT_FILES:  # of which `files` has those only that are not there
        return read_bytes(file) == GIT_FILES[file.name][1].encode()
    return file in files and read_bytes(file) == files[file]


def _write(path: Path, files: Mapping[Path, bytes]) -> None:
    """Writes the files of a new dataset, all of them or none."""
    _require_free(path, files)
    with folder_lock(path, "new"):
        remove_partial_files(path)
        write_files(files)


def _copy(source: Path, path: Path, *, labels: bool) -> NewDataset:
    """Copies a dataset folder, under the name of the new folder."""
    _require_free(path)
    info = open_folder(source).info
    files = {
        path / name: read_bytes(source / name)
        for name in (file.relative_to(source) for file in sorted(source.rglob("*")) if file.is_file())
        if _is_copied(name, labels=labels)
    }
    ancestry = tuple(dict.fromkeys([*info.ancestry, info.name]))
    copied = info.model_copy(update={"name": safe_name(path.resolve().name, "dataset"), "ancestry": ancestry})
    files = git_files(path) | files
    _write(path, files | info_file_contents(path, copied))
    steps = (
        f"harness label {path} --as YOU, or harness add {path} --claims LABELS.csv --as YOU",
        f"harness run CONFIG, with dataset: {_config_name(path)}",
    )
    return NewDataset(path, tuple(files), steps)


def _is_copied(name: Path, *, labels: bool) -> bool:
    """Whether a file of a dataset folder, by its path in the folder, belongs in a copy."""
    if name.name.endswith(LOCK) or is_temporary(name) or ".git" in name.parts:
        return False
    # Evidence has stances, which give verdicts away.
    return labels or (name.parts[0] != "annotations" and name.parts != ("evidence.jsonl",))


def git_files(folder: Path) -> dict[Path, bytes]:
    """Returns the files that git needs in a dataset folder, without those that the folder has."""
    files = {folder / name: text.encode() for name, (_, text) in GIT_FILES.items()}
    return {path: content for path, content in files.items() if not path.exists()}


def missing_git_files(folder: Path) -> dict[Path, bytes]:
    """Returns the files for git that a dataset folder inside a git repository lacks.

    A file of the repository above the folder counts if it has the rule.
    """
    above = list[Path]()
    for parent in (folder.resolve(), *folder.resolve().parents):
        if (parent / ".git").exists():
            break
        above.append(parent.parent)
    else:
        return {}
    return {path: content for path, content in git_files(folder).items() if not _has_rule(above, path.name)}


def _has_rule(folders: Sequence[Path], name: str) -> bool:
    rule = re.compile(GIT_FILES[name][0].encode(), re.MULTILINE)
    return any(rule.search(read_bytes(folder / name)) for folder in folders if (folder / name).is_file())


def git_note(folder: Path) -> str | None:
    """Returns what a dataset folder inside a git repository lacks for git, and the remedy; None if it lacks nothing."""
    missing = missing_git_files(folder)
    if not missing:
        return None
    names = " and ".join(path.name for path in missing)
    effects = " and ".join(GIT_EFFECTS[path.name] for path in missing)
    return f"{folder}: has no {names}, so that {effects}; harness check --fix {folder} writes what is missing"


def check_language(language: str) -> None:
    """Checks the code of a language.

    Raises: HarnessError: it is not a BCP 47 code.
    """
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", language):
        raise HarnessError(f"language: expected a BCP 47 code such as en or pt-BR, got {preview(language)}")


def config_content(folder: Path, task: str, n_articles: int | None = None) -> bytes:
    """Returns the content of a config that runs baselines over a dataset folder.

    Args:
        folder: dataset folder, as the user names it.
        task: task of the config.
        n_articles: number of articles; None if there are none yet.
    """
    from harness.data.labels.tasks import find_task

    binary = find_task(task).binary
    classifiers = " [majority, length, tfidf_logreg]" if binary else " [majority, prior_random, tfidf_logreg]"
    few = n_articles is None or n_articles < MAX_FOLDS
    text = CONFIG.format(
        name=safe_name(folder.resolve().name, "dataset"),
        task=task,
        dataset=_yaml_quoted(_config_name(folder)),
        k=max(2, min(n_articles or 2, MAX_FOLDS)),
        later="   # k: 5 once there are five articles or more" if few else "",
        classifiers=VERDICT_CLASSIFIERS if task == "verdict" else classifiers,
        metrics="[f1, macro_f1, average_precision]" if binary else "[macro_f1, accuracy]",
    )
    return text.encode()


def run_command(folder: Path) -> str:
    """Returns the command that runs the config of a dataset folder."""
    return f"harness run {folder / 'experiment.yaml'}"


def _config_name(path: Path) -> str:
    """Returns the folder as a config names it."""
    # A name without a slash could be the name of a shipped dataset.
    text = path.as_posix()
    return text if "/" in text else f"./{text}"


def _yaml_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


GIT_ATTRIBUTES = """\
# One record a line: where two branches add lines, git keeps the lines of both.
*.jsonl text eol=lf merge=union
"""
GIT_IGNORE = """\
# Locks, files that are being written, and results.
.lock
.*.lock
.partial-*
runs/
"""
GIT_FILES = {
    ".gitattributes": (r"^\*\.jsonl\b.*\bmerge=union\b", GIT_ATTRIBUTES),
    ".gitignore": (r"^(\*\*/)?\*?\.lock\s*$", GIT_IGNORE),
}
"""Files that git needs in a dataset folder: name to the rule that a file further up can have, and the content."""
GIT_EFFECTS = {
    ".gitattributes": "lines that two people add conflict in a merge",
    ".gitignore": "git takes up locks and results",
}
"""What happens without each of them."""

SCHEME = """\
# The guideline of this dataset. Edit the axes, labels, definitions and examples for your study. Raise the version
# whenever a change could change a label; every label records the version of its guideline.
name: {name}
version: "0.1"
title: Guideline of {name}
source: Written for this dataset.
license: not stated
language: {language}

axes:
  - name: checkable
    question: Could publicly available evidence settle what the sentence says?
    definition: >-
      A patient stranger with the article, a library and public records could reach a verdict.
    labels:
      - name: "yes"
        definition: Evidence that settles it exists in public, and it is clear what is claimed of whom and when.
        examples:
          - The library lent 41,000 books in 2023.
      - name: "no"
        definition: It states nothing, or only what nobody but the speaker can know, or nothing definite enough.
        examples:
          - I have always felt at home among books.
      - name: cannot tell
        definition: Whether public evidence exists depends on something that the annotator cannot find out.
        examples:
          - It was decided behind closed doors.
    abstain_label: cannot tell

tasks:
  checkability: {{axis: checkable, positive: ["yes"], negative: ["no"]}}

guideline: |
  Read the whole article first. Then take its sentences in order.
  Label what the sentence asserts, in its context, as a fair reader would take it; not whether it is true.
"""

CONFIG = """\
# Compares baselines on the claims of this dataset. Runs once claims of two or more articles are labeled.
name: {name}
task: {task}
dataset: {dataset}
split: {{protocol: grouped_folds, k: {k}, by: article}}{later}
classifiers:{classifiers}
metrics: {metrics}
random_seeds: [13]
intervals: {{method: auto, resamples: 1000, unit: article}}
"""

VERDICT_CLASSIFIERS = """
  - majority
  - name: evidence_rules
    evidence: {each: [{retriever: bm25, k: 5}, gold]}
  - name: pair_logreg
    evidence: {each: [none, {retriever: bm25, k: 5}, gold]}"""

CARD = """\
# {name}

What the articles are and where they come from; who may use them (`license` in `dataset.yaml`); who labeled them, and
under which guideline (`schemes/{name}.yaml`).
"""
