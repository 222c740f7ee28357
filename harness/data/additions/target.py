"""The dataset folder that claims are added to, with its schemes: as it is, or as it will be created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from harness.data.additions.new_scheme import NewScheme, SchemeOptions, make_scheme
from harness.data.additions.reading import Source
from harness.data.articles.article_file import safe_name
from harness.data.dataset import Dataset, info_file_contents, started_info
from harness.data.load import find_scheme, open_folder
from harness.data.new_dataset import CARD, check_language, config_content, git_files, run_command
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.schemes import Scheme, scheme_names


class TargetOptions(NamedTuple):
    """What the user said about the dataset and its scheme."""

    scheme: str | None = None
    """Scheme of the labels; default: the first of the dataset, or a new one for a new dataset."""
    new_scheme: str | None = None
    """Name of a scheme to make from the labels."""
    task: str | None = None
    """Task of a new scheme."""
    positive: Sequence[str] = ()
    """Labels of a new scheme that mean yes."""
    language: str | None = None
    """Language of a new dataset."""


class Target(NamedTuple):
    """A dataset folder that claims are added to."""

    dataset: Dataset
    schemes: tuple[Scheme, ...]
    """Schemes of the dataset; the first is that of the labels."""
    is_new: bool
    """Whether the folder is created."""
    describes: bool
    """Whether `dataset.yaml` is written: the dataset or a scheme of it is new."""
    new_scheme: NewScheme | None
    notes: tuple[str, ...]
    """What the user should know: what is created."""

    def files(self, n_articles: int) -> dict[Path, bytes]:
        """Returns the files to write besides articles, claims and labels; the description comes last.

        Args:
            n_articles: number of articles that the dataset will have.
        """
        folder, info = self.dataset.folder, self.dataset.info
        files: dict[Path, bytes] = {}
        if self.new_scheme is not None:
            files[folder / "schemes" / f"{self.new_scheme.scheme.name}.yaml"] = self.new_scheme.content
        if self.is_new:
            files |= git_files(folder)
            files[folder / "README.md"] = CARD.format(name=info.name).encode()
            if self.task is not None:
                files[folder / "experiment.yaml"] = config_content(folder, self.task, n_articles=n_articles)
        if self.describes:
            files |= info_file_contents(folder, info)
        return files

    @property
    def task(self) -> str | None:
        """Task for the config of a new dataset; None if its scheme answers none."""
        return self.new_scheme.task if self.new_scheme is not None else next(iter(self.schemes[0].tasks), None)

    def steps(self) -> tuple[str, ...]:
        """Returns the next steps after a dataset was created, each a command to run or a file to edit."""
        if not self.is_new or self.task is None:
            return ()
        folder = self.dataset.folder
        describe = (f"describe the labels in {folder / 'schemes' / self.schemes[0].name}.yaml",)
        return (*(describe if self.new_scheme else ()), run_command(folder))


def open_target(folder: Path, source: Source, values: Mapping[str, str], options: TargetOptions) -> Target:
    """Opens the dataset that claims are added to, or describes the one to create; writes nothing.

    Args:
        folder: dataset folder; a new dataset if it has no `dataset.yaml`.
        source: labeled rows.
        values: value in the table to label.
        options: what the user said about dataset and scheme.
    Raises: HarnessError: the dataset, or what the user said, is at fault.
    """
    is_new = not (folder / "dataset.yaml").exists()
    dataset = _new_dataset(folder, options.language or "en") if is_new else open_folder(folder)
    dataset.require_text()
    if options.language is not None and not is_new:
        raise HarnessError(f"--language: {folder} has the language '{dataset.info.language}' in its dataset.yaml")
    name = options.new_scheme
    if is_new and name is None and options.scheme is None:
        name = dataset.info.name
    notes = [f"new dataset '{dataset.info.name}'" if is_new else ""]
    if is_new and options.language is None:
        notes.append(f"language: {dataset.info.language} (default; set another with --language)")
    new_scheme = None
    if name is not None and (is_new or not (folder / "schemes" / f"{name}.yaml").exists()):
        if name in scheme_names():
            raise HarnessError(
                f"scheme '{name}' is shipped: --scheme {name} uses it; or give another --new-scheme NAME"
            )
        about = SchemeOptions(name, dataset.info.language, options.task, options.positive)
        new_scheme = make_scheme(source, values, about)
        labels = "; ".join(f"{axis.name}: {', '.join(axis.label_names)}" for axis in new_scheme.scheme.axes)
        notes.append(f"new scheme '{name}' from the labels ({labels})")
        notes.append(new_scheme.hint or "")
    elif options.task is not None or options.positive:
        raise HarnessError(
            "--task and --positive describe a new scheme; give --new-scheme NAME, or edit the scheme file"
        )
    in_use = new_scheme.scheme if new_scheme is not None else _find_scheme(dataset, name or options.scheme)
    is_listed = in_use.name in dataset.info.schemes
    if not is_listed:
        info = dataset.info.model_copy(update={"schemes": (*dataset.info.schemes, in_use.name)})
        dataset = replace(dataset, info=info)
        notes.append("" if is_new or new_scheme else f"scheme '{in_use.name}' registered in dataset.yaml")
    others = (find_scheme(folder, other) for other in dataset.info.schemes if other != in_use.name)
    return Target(dataset, (in_use, *others), is_new, not is_listed, new_scheme, tuple(filter(None, notes)))


def _find_scheme(dataset: Dataset, name: str | None) -> Scheme:
    """Returns a scheme of the dataset, or a shipped one; without a name, the first of the dataset."""
    if name is None and not dataset.info.schemes:
        raise HarnessError(
            f"{dataset.folder}: dataset.yaml lists no scheme; add one under 'schemes', give --scheme NAME, or make one "
            "from the labels with --new-scheme NAME"
        )
    name = name or dataset.info.schemes[0]
    own = [path.stem for path in (dataset.folder / "schemes").glob("*.yaml")]
    if name not in (*dataset.info.schemes, *own, *scheme_names()):
        known = list(dict.fromkeys((*dataset.info.schemes, *own, *scheme_names())))
        raise UnknownName(f"{dataset.folder}: {unknown_name('scheme', name, known)}")
    return find_scheme(dataset.folder, name)


def _new_dataset(folder: Path, language: str) -> Dataset:
    check_language(language)
    name = safe_name(folder.resolve().name, "dataset")
    info = started_info(name, language)
    return Dataset(folder, info, (), ())
