"""`harness label --web` and `harness adjudicate --web`: a server for the annotators of a dataset."""

from __future__ import annotations

import gc
import importlib.util
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.annotate.evidence import EvidenceDesk, has_passages
from harness.annotate.label import LabelResult
from harness.annotate.labeling import Labeling, LabelOptions
from harness.annotate.questions import dispute_questions
from harness.annotate.session import Session
from harness.arguments import as_list
from harness.data.dataset import Dataset
from harness.data.labels.label_log import LogRole, hold_logs
from harness.errors import HarnessError, MissingExtra
from harness.files import explain_os_error

if TYPE_CHECKING:
    from harness.annotate.web.desks import Begin, Desks

PACKAGES = ("starlette", "uvicorn")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (compared, not listened on)
MAX_CONNECTIONS = 200
STOP_S = 2
"""Seconds that requests have to end after the server was told to stop."""

Links = Mapping[str, str]
"""Annotator to the address of their page."""


def serve_labeling(
    dataset: str | Path,
    annotators: str | Sequence[str],
    *,
    role: LogRole = "label",
    scheme: str | None = None,
    axes: str | Sequence[str] = (),
    flagged: bool = False,
    claims: str | Sequence[str] = (),
    everything: bool = False,
    order: str | None = None,
    seed: int = 0,
    scores: str | Path | Sequence[str | Path] = (),
    from_scores: str | Path | None = None,
    suggest: str | Path | Sequence[str | Path] = (),
    from_verify: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[Links], None] | None = None,
    root: str | Path | None = None,
) -> dict[str, LabelResult]:
    """Serves a page on which annotators label claims, or adjudicators decide, until the process is interrupted.

    Each person has a link with a token, and sees no labels of others before they adjudicate. Each answer is on disk
    before the next question is shown. Returns what each of them did.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        annotators: one or more roles or handles, safe as file names.
        role: `label`, or `adjudicate` to decide what annotators label differently.
        scheme: label scheme; default: the first of the dataset, or all of them with the role `adjudicate`.
        axes: one or more axes to ask about, with the role `label`; default: all that are no features.
        flagged: whether only the questions are asked, again, that an annotator has flagged.
        claims: ids of one or more claims to ask about, answered or not; default: all that are open.
        everything: whether all claims are asked about; default: those that are assigned to each annotator, or all if
            nothing is assigned to anybody.
        order: one of `ORDERS`: sequential, random, by-article, uncertainty, disagreement, diversity, outdated; default:
            that of the assignment, else sequential.
        seed: seed of the random orders.
        scores: files of `harness score -o`, or results, one for each system; for uncertainty and disagreement.
        from_scores: such a file, whose claims alone are asked about, the highest scores first, in place of an order; a
            queue of `suspects` asks its axis alone, too.
        suggest: such files, whose labels are shown as suggestions, and stored; `AXIS=FILE` names the axis of one.
        from_verify: what `harness verify -o FILE.jsonl` wrote: its claims come first, with its verdicts as suggestions.
        host: address to listen on; the default can be reached from this machine only.
        port: port to listen on; 0: a free one.
        ready: called with the link of each annotator, once the server listens.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: MissingExtra: starlette or uvicorn is not installed. HarnessError: the dataset is shipped or fetched,
        somebody is labeling under one of the names, a name is unknown, or the address cannot be used. FaultsError: the
        dataset has faults.
    """
    _require_packages()
    from harness.annotate.web.desks import Desks

    names = list(dict.fromkeys(as_list(annotators)))
    options = LabelOptions(
        scheme=scheme,
        axes=axes,
        flagged=flagged,
        claims=claims,
        everything=everything,
        order=order,
        seed=seed,
        scores=scores,
        from_scores=from_scores,
        suggest=suggest,
        from_verify=from_verify,
    )

    def begin(opened: Dataset) -> Begin:
        if role == "adjudicate":
            evidence = EvidenceDesk(opened) if has_passages(opened) else None
            return lambda log: Session(dispute_questions(opened, scheme, log.annotator), log, evidence=evidence)
        return Labeling(opened, options).session

    with _listening(host, port) as listener, hold_logs(dataset, names, root) as held:
        desks = Desks(held.folder, names, role, begin)
        _run(desks, listener, host, ready)
    return {name: _result(desks, name, held.notes) for name in names}


def _run(desks: Desks, listener: socket.socket, host: str, ready: Callable[[Links], None] | None) -> None:
    from harness.annotate.web.security import Guard

    port = listener.getsockname()[1]
    name = socket.gethostname() if host in ANY_ADDRESS else host
    guard = Guard(desks.by_name, name, port)
    # From here on a browser can connect; it is answered once the server has started.
    listener.listen(128)
    if ready is not None:
        address = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
        ready({annotator: f"{address}/enter?token={token}" for annotator, token in guard.tokens.items()})
    import uvicorn

    from harness.annotate.web.application import make_application

    config = uvicorn.Config(
        make_application(desks, guard),
        access_log=False,  # it would hold the tokens
        log_level="critical",
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=STOP_S,
        proxy_headers=False,
    )
    gc.freeze()  # what was read stays; looking through it again and again would delay answers
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return  # how the server is stopped
    finally:
        gc.unfreeze()


def _listening(host: str, port: int) -> socket.socket:
    """Returns a socket that is bound to an address, so that a port in use is told before the dataset is read."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise HarnessError(
            f"--host {host} --port {port}: cannot listen there: {explain_os_error(error)}; give another --port, or an "
            "address of this machine with --host"
        ) from None
    return listener


def _require_packages() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(f"--web needs {', '.join(missing)}; install it with: pip install 'claim-harness[web]'")


def _result(desks: Desks, annotator: str, notes: tuple[str, ...]) -> LabelResult:
    session = desks.by_name[annotator].session
    return LabelResult(
        given=session.n_given,
        withdrawn=session.n_withdrawn,
        skipped=session.n_skipped,
        answered=session.n_answered,
        questions=len(session.questions),
        log=session.log.path,
        notes=notes,
    )
