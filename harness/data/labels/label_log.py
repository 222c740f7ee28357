"""Writes the log of one annotator, one line at a time: an answer is on disk before the next one is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from harness.data.benchmarks.benchmark import benchmark_names
from harness.data.dataset import Dataset
from harness.data.jsonl import drop_cut_line, ends_cut_short, to_json_lines
from harness.data.labels.annotations import new_annotation, new_withdrawal, time_now
from harness.data.labels.gold import latest_annotations, without_withdrawn
from harness.data.load import find_dataset, open_folder
from harness.errors import HarnessError
from harness.files import WriteError, append_bytes
from harness.folders import Locked, data_root, folder_lock, shipped
from harness.memory import gc_paused
from harness.records import FLAG_LABEL, Annotation, Role, ShownPassage, check_name

WAIT_S = 30
"""Seconds that a line waits for another command to finish writing to the dataset."""
CUT = "the last line was removed: a command was killed while it added the line, and had not said that it was saved"
WATCHED = ("dataset.yaml", "articles.jsonl", "claims.jsonl")
"""Files whose change ends a session."""

LogRole = Literal["label", "adjudicate"]
FileState = tuple[tuple[int, int, int] | None, ...]
Place = tuple[str, str, str]
"""Claim, scheme and axis of an answer."""


class NotYours(HarnessError):
    """A shipped or fetched dataset, which labels are never written to; the message gives the command that copies it."""

    code = "not-yours"


class ChangedMeanwhile(HarnessError):
    """The dataset or the log changed while an annotator was at work; what was acknowledged before is safe."""

    code = "changed-meanwhile"


class NotSaved(WriteError):
    """An answer could not be written; what was acknowledged before is safe."""


class Held(NamedTuple):
    """A dataset folder in which nobody else labels under some names."""

    folder: Path
    notes: tuple[str, ...]
    """What was mended in it."""


class Answer(NamedTuple):
    """A label that an annotator gives."""

    place: Place
    label: str
    guideline: str
    """Version of the guideline."""
    value: str | None = None
    note: str | None = None
    confidence: float | None = None
    author: str | None = None
    """Whose judgment a suggestion is."""
    shown: tuple[ShownPassage, ...] | None = None
    """Passages that a suggestion rests on."""


class LabelLog:
    """The log of one annotator in a dataset folder: what stands in it, and how lines are added.

    Args:
        dataset: the dataset, as it was when the log was opened.
        annotator: name of the annotator.
        role: role of new answers.
        state: state of the files before the dataset was read.
    """

    notes: tuple[str, ...] = ()
    """What was mended when the log was opened."""

    def __init__(self, dataset: Dataset, annotator: str, role: LogRole, state: FileState) -> None:
        self.folder = dataset.folder
        self.annotator = annotator
        self.role = role
        self.path = dataset.folder / "annotations" / f"{annotator}.jsonl"
        own = [a for a in dataset.annotations if a.annotator == annotator]
        latest, flags = latest_annotations(own, (role,)), latest_annotations(own, ("flag",))
        self.standing = {_place_of(a): a for a in without_withdrawn(latest, own)}
        """The answers that count, the newest last."""
        self.flags = {_place_of(a): a for a in without_withdrawn(flags, own)}
        """The flags on questions that are to be looked at again."""
        again, shown = latest_annotations(own, ("repeat",)), latest_annotations(own, ("suggest",))
        self.repeats = {_place_of(a): a for a in without_withdrawn(again, own)}
        """The second answers to questions that were asked again."""
        self.suggestions = {_place_of(a): a for a in without_withdrawn(shown, own)}
        """The suggestions that the annotator was shown."""
        self._latest = {(*_place_of(a), a.role): a for a in (*latest, *flags, *again, *shown)}
        self._rank = {a.annotation_id: rank for rank, a in enumerate(own)}
        self._state = state

    def answer(self, answer: Answer, *, is_repeat: bool = False, suggestion: Answer | None = None) -> Annotation:
        """Adds an answer, and returns when it is on disk.

        Args:
            answer: the answer.
            is_repeat: whether the question was asked a second time.
            suggestion: what was suggested to the annotator before the answer; stored as the line before it.
        """
        lines = [] if suggestion is None else [self._new_line(suggestion, "suggest")]
        annotation = self._new_line(answer, "repeat" if is_repeat else self.role)
        self._add([*lines, annotation])
        return annotation

    def note_suggestion(self, suggestion: Answer) -> None:
        """Adds what was suggested for a question that got no answer; returns when it is on disk."""
        self._add([self._new_line(suggestion, "suggest")])

    def latest_answers(self) -> Iterator[Annotation]:
        """Yields the answers that stand, first and second ones, the latest first."""
        standing, repeats = list(self.standing.values()), list(self.repeats.values())
        while standing or repeats:
            is_standing = not repeats or (standing and self._rank_of(standing[-1]) > self._rank_of(repeats[-1]))
            yield (standing if is_standing else repeats).pop()

    def _rank_of(self, annotation: Annotation) -> int:
        return self._rank[annotation.annotation_id]

    def flag(self, place: Place, guideline: str, note: str | None = None) -> Annotation:
        """Flags a question, answered or not, as one to look at again; returns when the flag is on disk."""
        annotation = self._new_line(Answer(place, FLAG_LABEL, guideline, note=note), "flag")
        self._add([annotation])
        return annotation

    def _new_line(self, answer: Answer, role: Role) -> Annotation:
        claim_id, scheme, axis = answer.place
        latest = self._latest.get((*answer.place, role))
        return new_annotation(
            claim_id=claim_id,
            scheme=scheme,
            axis=axis,
            label=answer.label,
            annotator=self.annotator,
            guideline=answer.guideline,
            role=role,
            at=time_now(),
            value=answer.value,
            confidence=answer.confidence,
            note=answer.note,
            author=answer.author,
            shown=answer.shown,
            # Also one that was withdrawn: the same label given again is another annotation, with another id.
            supersedes=None if latest is None else latest.annotation_id,
        )

    def _add(self, annotations: list[Annotation]) -> None:
        """Adds lines, and what they say to what stands."""
        self._append(annotations)
        for annotation in annotations:
            place, standing = _place_of(annotation), self._standing_of(annotation.role)
            standing.pop(place, None)
            standing[place] = annotation
            self._latest[*place, annotation.role] = annotation
            self._rank[annotation.annotation_id] = len(self._rank)

    def _standing_of(self, role: Role) -> dict[Place, Annotation]:
        """Returns where the annotations of a role stand."""
        by_role = {"flag": self.flags, "repeat": self.repeats, "suggest": self.suggestions}
        return by_role.get(role, self.standing)

    def withdraw(self, annotations: Iterable[Annotation], note: str | None = None) -> None:
        """Takes answers or flags back, each by a line of its own, and returns when the lines are on disk."""
        annotations = list(annotations)
        at = time_now()
        self._append([new_withdrawal(annotation, at, note) for annotation in annotations])
        for annotation in annotations:
            self._standing_of(annotation.role).pop(_place_of(annotation), None)

    def require_unchanged(self) -> None:
        """Raises: ChangedMeanwhile: another command changed the dataset or the log since it was opened."""
        if _file_state(self.folder, self.annotator) != self._state:
            raise ChangedMeanwhile(
                f"{self.folder}: another command changed the dataset, or the labels of '{self.annotator}': "
                "your last answer was not saved, all others are. Run the same command again to go on"
            )

    def _append(self, annotations: list[Annotation]) -> None:
        data = "".join(to_json_lines(annotations)).encode()
        # Checked before, too: the lock of a folder that was moved away would make an empty one in its place.
        self.require_unchanged()
        try:
            with folder_lock(self.folder, "labels", wait_s=WAIT_S):
                self.require_unchanged()
                try:
                    append_bytes(self.path, data)
                finally:
                    # A line that could not be written whole was taken out again: a change, but nobody else's.
                    self._state = (_state_of(self.path), *self._state[1:])
        except WriteError as error:
            raise NotSaved(f"{error}. Your last answer was not saved, all others are") from None


@contextmanager
def open_to_label(
    name_or_folder: str | Path,
    annotator: str,
    role: LogRole = "label",
    root: str | Path | None = None,
    *,
    blind: bool = False,
) -> Iterator[tuple[Dataset, LabelLog]]:
    """Opens a dataset and the log of an annotator, which nobody else writes under this name until the block ends.

    Args:
        name_or_folder: dataset folder; never a shipped or fetched dataset.
        annotator: name of the annotator.
        role: role of new answers.
        root: folder of fetched benchmarks; see `data_root`.
        blind: whether the labels of others are not read.

    Raises: HarnessError: the name of the annotator is no file name, or the texts are missing. NotYours: the dataset is
        shipped or fetched. Locked: somebody is labeling under this name. FaultsError: all faults of the folder.
    """
    with hold_logs(name_or_folder, [annotator], root) as held:
        dataset, (log,) = read_logs(held.folder, [annotator], role, blind=blind)
        log.notes = held.notes
        yield dataset, log


@contextmanager
def hold_logs(name_or_folder: str | Path, annotators: Iterable[str], root: str | Path | None = None) -> Iterator[Held]:
    """Yields the folder of a dataset; nobody else labels under the names of the annotators until the block ends.

    Removes what killed commands left unfinished at the ends of its files, and notes that.

    Raises: HarnessError: the name of an annotator is no file name. NotYours: the dataset is shipped or fetched. Locked:
        somebody is labeling under one of the names.
    """
    annotators = list(annotators)
    for annotator in annotators:
        check_name("--as", annotator)
    folder = find_dataset(name_or_folder, root)
    require_own(folder, name_or_folder, root)
    with ExitStack() as locks:
        for annotator in annotators:
            locks.enter_context(_annotator_lock(folder, annotator))
        mended: list[Path] = []
        if cut_files(folder):
            with folder_lock(folder, "labels", wait_s=WAIT_S):
                mended = drop_cut_lines(folder)
        yield Held(folder, tuple(f"{path}: {CUT}" for path in mended))


def cut_files(folder: Path) -> list[Path]:
    """Returns the files of a dataset folder whose last line is cut short, by a kill or because it is being written."""
    paths = [*sorted((folder / "annotations").glob("*.jsonl")), folder / "evidence.jsonl"]
    return [path for path in paths if path.is_file() and ends_cut_short(path)]


def drop_cut_lines(folder: Path) -> list[Path]:
    """Removes the last lines that killed commands left unfinished; returns the files that had one.

    The caller holds the lock of the folder, under which lines are appended.
    """
    paths = cut_files(folder)
    for path in paths:
        drop_cut_line(path)
    return paths


def read_logs(
    folder: Path, annotators: Iterable[str], role: LogRole = "label", *, blind: bool = False
) -> tuple[Dataset, tuple[LabelLog, ...]]:
    """Reads a dataset once, and returns it with the log of each annotator.

    Args:
        folder: dataset folder.
        annotators: names of the annotators.
        role: role of new answers.
        blind: whether the labels of others are not read.
    Raises: HarnessError: the texts are missing. FaultsError: all faults of the folder.
    """
    # Taken before the files are read: what changes while they are read counts as changed.
    states = {annotator: _file_state(folder, annotator) for annotator in annotators}
    with gc_paused():
        dataset = open_folder(folder, states if blind else None)
        dataset.require_text()
        return dataset, tuple(LabelLog(dataset, annotator, role, state) for annotator, state in states.items())


def require_own(folder: Path, name: str | Path, root: str | Path | None) -> None:
    """Checks that a dataset may be changed.

    Args:
        folder: dataset folder.
        name: the dataset, as the user names it.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: NotYours: it is shipped or fetched.
    """
    kind = _kind_of_others(folder, root)
    if kind is not None:
        raise NotYours(
            f"'{name}' is a {kind} dataset, which is never changed; make a copy to label: "
            f"harness new COPY --from {name}"
        )


def is_own(folder: Path, root: str | Path | None) -> bool:
    """Returns whether a dataset folder is the user's: neither shipped nor fetched.

    Args:
        folder: dataset folder.
        root: folder of fetched benchmarks; see `data_root`.
    """
    return _kind_of_others(folder, root) is None


def _kind_of_others(folder: Path, root: str | Path | None) -> str | None:
    resolved = folder.resolve()
    if resolved.parent == data_root(root).resolve() and resolved.name in benchmark_names():
        return "fetched"
    return "shipped" if resolved.parent == shipped("data").resolve() else None


@contextmanager
def _annotator_lock(folder: Path, annotator: str) -> Iterator[None]:
    try:
        with folder_lock(folder / "annotations", "labels", name=f".{annotator}.lock"):
            yield
    except Locked as error:
        if error.folder != folder / "annotations":
            raise
        raise Locked(
            folder,
            f"{folder}: somebody is labeling as '{annotator}' now; close that session, or give another name with --as",
        ) from None


def _place_of(annotation: Annotation) -> Place:
    return annotation.claim_id, annotation.scheme, annotation.axis


def _file_state(folder: Path, annotator: str) -> FileState:
    """Returns what changes when the files change that a session reads."""
    paths = [folder / "annotations" / f"{annotator}.jsonl", *(folder / name for name in WATCHED)]
    return tuple(map(_state_of, paths))


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
