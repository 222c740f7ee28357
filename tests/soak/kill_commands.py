"""Kills commands at the changes that they make to files (`make soak`).

`python tests/soak/kill_commands.py [KILLS [NAME...]]` kills each command at a file's creation, at a write (before it,
or after a part of its bytes), a sync, a rename or a removal, at places spread over all of them. After a kill, every
file is as it was before or as the whole command writes it, the user's own files are untouched, datasets have no fault,
and the same command run again succeeds, ends as if nothing had happened, and leaves no temporary file behind. Prints
a line for each command; exits with 1 if there is a fault.
"""

from __future__ import annotations

import http.server
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from kill_targets import BENCHMARK_FOLDER, OWN_FILES, TARGETS, Target, make_world
from state_changes import Change, Counter, Point, watch

from harness.partial_files import is_temporary

KILLS = 100
SHARES = (0.5, 0.0, 0.99, 0.25, 0.75, 0.1, 0.9)
"""Shares of a write that is cut."""
MORE_SHARES = tuple((2 * n + 1) / 128 for n in range(64))
"""Shares for a command that makes few changes."""
TRIES = 3
"""Kills tried at a change that depends on time."""
SECONDS = 120
"""Time after which a command hangs."""
VOLATILE = ("cost", "content_sha256", "at", "annotation_id", "supersedes", "created", "seconds")
"""Fields that differ between two runs: of time and cost, and ids and digests that depend on them."""
TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC|\+00:00)?")

Tree = Mapping[str, bytes]


class Fault(NamedTuple):
    """What is wrong after a kill."""

    target: Target
    point: Point
    message: str


class World:
    """Folders of one soak: what the targets start with, and the folder in which they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start, self.work = folder / "start", folder / "work"

    def fork(self, act: Callable[[], object], *, keys: str = "", seconds: int = SECONDS) -> int:
        """Runs a function in a process of its own, in the working folder; returns the exit code, negative if killed."""
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                os.chdir(self.work)
                os.environ |= {"HARNESS_CACHE": str(self.work / "cache"), "HARNESS_DATA_ROOT": str(self.work / "root")}
                target = os.open(self.folder / "output", os.O_CREAT | os.O_TRUNC | os.O_RDWR)
                (self.folder / "keys").write_text(keys)
                os.dup2(os.open(self.folder / "keys", os.O_RDONLY), 0)
                os.dup2(target, 1)
                os.dup2(target, 2)
                signal.alarm(seconds)
                code = int(act() or 0)  # type: ignore[call-overload]
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def command(
        self, arguments: Sequence[str], *, keys: str = "", point: Point | None = None, log: Path | None = None
    ) -> int:
        """Runs a command; kills it at a point.

        Args:
            arguments: its arguments.
            keys: what is typed.
            point: where to kill it; None: nowhere.
            log: file for the changes that it makes; None: they are not counted unless there is a point.
        """

        def act() -> int:
            counter = Counter(self.work, point)
            if point is not None or log is not None:
                watch(counter)
            code = run_command(arguments)
            if log is not None:
                log.write_text(json.dumps({"changes": counter.changes, "modules": list(sys.modules)}))
            return code

        return self.fork(act, keys=keys)

    def output(self) -> str:
        """What the last command printed."""
        return (self.folder / "output").read_text(errors="replace")

    def reset(self, folder: Path) -> None:
        """Puts the state of a folder into the working folder."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(folder, self.work)


def run_command(arguments: Sequence[str]) -> int:
    """Runs the command line in this process."""
    from harness.cli.command import main

    sys.argv = ["harness", *arguments]
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
    try:
        main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 0


def stable(name: str, data: bytes) -> bytes:
    """The content of a file without what differs between two runs."""
    if name.endswith((".json", ".jsonl")):
        try:
            documents = [json.loads(line) for line in data.splitlines()] if name.endswith("l") else json.loads(data)
        except ValueError:
            return b"damaged: " + data
        if name.endswith("/model.json"):
            documents.pop("fingerprint")  # of all of it, with the time
        if name.endswith("/current.json"):
            count_runs_back(documents["results"])
        data = json.dumps("cost" if name.endswith(".cost.json") else without_volatile(documents)).encode()
    return TIME.sub(b"TIME", data)


def count_runs_back(results: Sequence[dict[str, Any]]) -> None:
    """Counts the runs of a folder from the latest: a run that is repeated after its results were listed is one more."""
    runs = sorted({result["run"] for result in results}, reverse=True)
    for result in results:
        result["run"] = runs.index(result["run"])


def without_volatile(value: Any) -> Any:
    """A JSON value without the fields that differ between two runs."""
    if isinstance(value, dict):
        return {name: without_volatile(inner) for name, inner in value.items() if name not in VOLATILE}
    return [without_volatile(inner) for inner in value] if isinstance(value, list) else value


def tree(folder: Path) -> dict[str, bytes]:
    """The files of a folder, but for locks, leases and the cache of recomputable things."""
    return {
        name: stable(name, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock") and path.parent.name != ".leases"
        if not (name := path.relative_to(folder).as_posix()).startswith("cache/")
    }


def temporaries(folder: Path) -> list[str]:
    """The temporary files and folders of ours in a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".partial-harness-*") if is_temporary(path)]


def unfinished(folder: Path) -> list[str]:
    """The unfinished parts of scores of an archive in a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".unfinished-*/*")]


def n_records(data: bytes) -> int:
    """The number of lines that are whole."""
    return sum(line.startswith(b"{") and line.endswith(b"}") for line in data.split(b"\n"))


def leases(folder: Path) -> list[str]:
    """The leases in a folder, which only a running command has."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".leases/*")]


def points_of(changes: Sequence[Change], kills: int) -> list[Point]:
    """Points at which to kill, spread over all changes; writes that are cut come at several shares."""
    points = [change.point() for change in changes]
    points += [change.point(share) for share in SHARES for change in changes if change.is_cut_at(share)]
    if len(points) > kills:
        return [points[n * len(points) // kills] for n in range(kills)]
    # A command with few changes is killed at more places inside its writes.
    more = [change.point(share) for share in MORE_SHARES for change in changes if change.is_cut_at(share)]
    return points + more[: kills - len(points)]


class Killer:
    """Kills one target, and collects what is wrong."""

    def __init__(self, world: World, target: Target) -> None:
        self.world, self.target = world, target
        self.base = world.folder / "base"
        self.faults: list[Fault] = []
        self.kills = self.inside = 0
        self._make_base()
        self.before = tree(self.base)
        changes = self._run_whole()
        self.finished = tree(world.work)
        same = {change.point() for change in self._run_whole()}
        self.changes = [change for change in changes if change.point() in same]
        if (again := tree(world.work)) != self.finished:
            raise RuntimeError(f"{target.arguments}: two runs differ in {differing(again, self.finished)}")

    def _make_base(self) -> None:
        shutil.rmtree(self.world.work, ignore_errors=True)
        self.world.work.mkdir()
        for part in ("own", *OWN_FILES, *self.target.parts):
            source, _, name = part.partition(":")
            path, to = self.world.start / source, self.world.work / (name or source)
            shutil.copytree(path, to) if path.is_dir() else shutil.copy2(path, to)
        for arguments in self.target.after:
            if self.world.command(arguments):
                raise RuntimeError(f"{arguments}: {self.world.output()}")
        shutil.rmtree(self.base, ignore_errors=True)
        shutil.copytree(self.world.work, self.base)

    def _run_whole(self) -> list[Change]:
        self.world.reset(self.base)
        log = self.world.folder / "changes"
        if code := self.world.command(self.target.arguments, keys=self.target.keys, log=log):
            raise RuntimeError(f"{self.target.arguments}: exit code {code}: {self.world.output()}")
        document = json.loads(log.read_text())
        warm_up(document["modules"])
        return [Change(*change) for change in document["changes"]]

    def kill_all(self, kills: int) -> None:
        """Kills the command at several points."""
        for point in points_of(self.changes, kills):
            self.kill(point)

    def kill(self, point: Point) -> None:
        """Kills the command at a point, checks what is left, and runs it again."""
        for _ in range(TRIES):
            self.world.reset(self.base)
            code = self.world.command(self.target.arguments, keys=self.target.keys, point=point)
            if code:
                break
        if code != -signal.SIGKILL:
            self._fault(point, f"was not killed: exit code {code}: {self.world.output()}")
            return
        shown = self.world.output()
        left = tree(self.world.work)
        self.kills += 1
        self.inside += self._is_inside(point, left)
        for message in (*self._unfit(left, shown), *self._invalid()):
            self._fault(point, f"after the kill: {message}")
        keys = self.target.keys
        if self.target.appended:
            path = self.world.work / self.target.appended
            keys = keys[n_records(path.read_bytes()) if path.exists() else 0 :]
        code = self.world.command(self.target.arguments, keys=keys)
        if code:
            self._fault(point, f"run again: exit code {code}: {self.world.output()}")
            return
        if left_behind := temporaries(self.world.work) + leases(self.world.work) + unfinished(self.world.work):
            self._fault(point, f"run again: left {', '.join(left_behind)} behind")
        if names := differing(tree(self.world.work), self.finished):
            self._fault(point, f"run again: differs in {', '.join(names)}")

    def _is_inside(self, point: Point, left: Tree) -> bool:
        """Whether the kill is proved to be inside a write: something is there that is neither old nor finished."""
        return point.share is not None or bool(temporaries(self.world.work)) or left not in (self.before, self.finished)

    def _unfit(self, left: Tree, shown: str) -> Iterator[str]:
        for name, data in left.items():
            if data in (self.before.get(name), self.finished.get(name)) or is_temporary(Path(name)):
                continue
            if name == self.target.appended:
                yield from self._lost(shown)
            elif name in self.before or name in self.finished:
                yield f"{name} is neither old nor new"
            elif not name.endswith(".part") and "/.unfinished-" not in name:
                yield f"{name} is no file of the command"
        for name in self.before.keys() & self.finished.keys() - left.keys():
            yield f"{name} is gone"
        for folder in self.target.whole:
            if below(folder, left) not in (below(folder, self.before), below(folder, self.finished)):
                yield f"{folder} is neither old nor new"

    def _lost(self, shown: str) -> Iterator[str]:
        """What was shown as saved, and is not in the log."""
        whole = n_records((self.world.work / str(self.target.appended)).read_bytes())
        if (said := len(re.findall("^saved", shown, re.MULTILINE))) > whole:
            yield f"{said} answers were shown as saved, and {whole} are in the log"

    def _invalid(self) -> Iterator[str]:
        """Faults of the datasets."""
        datasets = [path.parent.relative_to(self.world.work) for path in self.world.work.glob("**/dataset.yaml")]
        for dataset in datasets:
            if self.world.command(["check", str(dataset), "--json"]):
                faults = json.loads(self.world.output())["faults"]
                if self.target.appended is None or [fault["code"] for fault in faults] != ["cut-line"]:
                    yield f"check: {faults}"

    def _fault(self, point: Point, message: str) -> None:
        self.faults.append(Fault(self.target, point, message))


def below(folder: str, files: Tree) -> Tree:
    """The files that are below a folder."""
    return {name: data for name, data in files.items() if name.startswith(f"{folder}/")}


def differing(one: Tree, other: Tree) -> list[str]:
    """The names of files that differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def serve_publisher(folder: Path) -> tuple[int, int]:
    """Serves a publisher's files in another process, and lets `fetch` find them there; returns its id and its port."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    )
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        server.serve_forever()
    port = server.server_address[1]
    server.server_close()
    from harness.data.benchmarks import fetch

    real = fetch.download_urls
    fetch.download_urls = lambda benchmark: {path: f"http://127.0.0.1:{port}/{path}" for path in real(benchmark)}
    return pid, port


def warm_up(modules: Iterable[str]) -> None:
    """Imports modules that a command imported, so that each later process is a copy that starts at once."""
    for name in modules:
        if name.partition(".")[0] in ("harness", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "yaml"):
            with suppress(Exception):  # some are imported as parts of others only
                import_module(name)


def main(kills: int, names: Sequence[str]) -> int:
    """Prints a line for each command; 1 if there is a fault."""
    benchmarks = Path(os.environ.get("HARNESS_BENCHMARKS", Path(__file__).parents[3] / "shared" / "benchmarks"))
    import_module("harness.cli.command")
    n_faults = 0
    with tempfile.TemporaryDirectory() as temporary:
        world = World(Path(os.path.realpath(temporary)))
        server, _ = serve_publisher(benchmarks / BENCHMARK_FOLDER)
        try:
            world.work.mkdir()
            if world.fork(lambda: make_world(world.work, with_chain=not names or "verify" in names), seconds=900):
                raise RuntimeError(world.output())
            world.work.rename(world.start)
            for name in dict.fromkeys(target.name for target in TARGETS):
                if not names or name in names:
                    n_faults += kill_command(world, name, kills)
        finally:
            os.kill(server, signal.SIGKILL)
    return int(n_faults > 0)


def kill_command(world: World, name: str, kills: int) -> int:
    """Kills a command in all its forms, and prints its line; returns the number of faults."""
    targets = [target for target in TARGETS if target.name == name]
    killers = []
    try:
        for target in targets:
            killers.append(Killer(world, target))
            killers[-1].kill_all(-(-kills // len(targets)))
    finally:  # after Ctrl-C, too
        n_faults = report_command(name, killers)
    return n_faults


def report_command(name: str, killers: Sequence[Killer]) -> int:
    """Prints the line of a command and its faults; returns their number."""
    faults = [fault for killer in killers for fault in killer.faults]
    n_kills, n_inside = (sum(getattr(killer, field) for killer in killers) for field in ("kills", "inside"))
    sys.stdout.write(f"{name}: {n_kills} kills, {n_inside} inside a write, {len(faults)} faults\n")
    for fault in faults:
        share = "" if fault.point.share is None else f" after {fault.point.share:.0%}"
        where = f"{' '.join(fault.target.arguments)} at {fault.point.call} {fault.point.path}{share}"
        sys.stdout.write(f"  {where}: {fault.message.strip()}\n")
    sys.stdout.flush()
    return len(faults)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS, sys.argv[2:]))
