"""A local server that speaks the protocol of batches, in addition to that of chat completions."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from model_server import Answer, Body, Handler, ModelServer, serving

Row = dict[str, Any]
Edit = Callable[[list[Row], list[Row]], None]
"""Changes the rows of the file of replies and of the file of errors."""


class BatchHandler(Handler):
    """Files and batches; everything else as the model's server does."""

    server: BatchServer
    lost: Answer | None = None
    """What comes in place of the next answer."""

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        self._answer(b"")

    def do_POST(self) -> None:  # noqa: N802
        if self.path.partition("?")[0].endswith("/chat/completions"):
            super().do_POST()
            return
        if "Content-Length" in self.headers:
            data = self.rfile.read(int(self.headers["Content-Length"]))
        else:  # chunked
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self._answer(data)

    def _answer(self, data: bytes) -> None:
        server = self.server
        path = self.path.removeprefix("/v1")
        with server.lock:
            server.calls.append(f"{self.command} {path}")
            server.batch_headers.append(dict(self.headers))
            trouble = next((t for t in server.troubles if re.search(t[0], server.calls[-1])), None)
            if trouble is not None:
                server.troubles.remove(trouble)
        try:
            if trouble is not None and not trouble[2]:
                trouble[1](self, {})
                return
            self.lost = trouble[1] if trouble is not None else None
            self._route(path.partition("?")[0], data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def give(self, body: Body | str, status: int = 200, **headers: str) -> None:
        """One whole answer, or what comes in its place where it is to be lost."""
        lost, self.lost = self.lost, None
        if lost is not None:
            lost(self, {})
        else:
            super().give(body, status, **headers)

    def _route(self, path: str, data: bytes) -> None:
        server = self.server
        if self.command == "POST" and path == "/files":
            file = server.add_file(self._uploaded(data), "input")
            self.give({"id": file, "object": "file", "purpose": "batch"})
        elif self.command == "POST" and path == "/batches":
            self._submit(json.loads(data))
        elif path == "/batches":
            after = re.search(r"after=([\w-]+)", self.path)
            batches = list(server.batches.values())[::-1]
            if after:
                ids = [batch["id"] for batch in batches]
                batches = batches[ids.index(after[1]) + 1 :]
            self.give({"object": "list", "data": batches[: server.page], "has_more": len(batches) > server.page})
        elif (match := re.fullmatch(r"/batches/([\w-]+)", path)) and match[1] in server.batches:
            server.proceed(match[1], self)
            self.give(server.batches[match[1]])
        elif (match := re.fullmatch(r"/files/([\w-]+)/content", path)) and match[1] in server.files:
            self.give(server.files[match[1]], Content_Type="application/jsonl")
        else:
            self.give({"error": {"message": "no such path"}}, 404)

    def _uploaded(self, data: bytes) -> str:
        """The file of a multipart upload, as a parser of the standard library reads it."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + data)
        fields = {part.get_param("name", header="content-disposition"): part for part in parts.iter_parts()}
        assert fields["purpose"].get_payload(decode=True).decode().strip() == "batch"
        assert fields["file"].get_filename().endswith(".jsonl")
        return fields["file"].get_payload(decode=True).decode()

    def _submit(self, body: Body) -> None:
        server = self.server
        assert body["completion_window"] == "24h"
        assert body["endpoint"] == "/v1/chat/completions"
        rows = [json.loads(line) for line in server.files[body["input_file_id"]].splitlines()]
        assert all(row["method"] == "POST" and row["url"] == body["endpoint"] for row in rows)
        assert len({row["custom_id"] for row in rows}) == len(rows)
        batch_id = f"batch_{len(server.batches)}"
        server.batches[batch_id] = {
            "id": batch_id,
            "object": "batch",
            "status": "validating",
            "input_file_id": body["input_file_id"],
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
            "request_counts": {"total": len(rows), "completed": 0, "failed": 0},
        }
        server.rows[batch_id] = rows
        self.give(server.batches[batch_id])


class BatchServer(ModelServer):
    """What was asked about batches, and how they end."""

    def __init__(self) -> None:
        super().__init__(BatchHandler)
        self.calls: list[str] = []
        self.batch_headers: list[dict[str, str]] = []
        self.files: dict[str, str] = {}
        self.batches: dict[str, Body] = {}
        self.rows: dict[str, list[Row]] = {}
        self.troubles: list[tuple[str, Answer, bool]] = []
        """Answers to calls that match a pattern, once each; whether the call is carried out all the same."""
        self.states = ["in_progress", "completed"]
        """What each question for a batch finds, the last for good."""
        self.endings: list[tuple[str, Edit]] = []
        """How the next batches end in place of the last state, and what happens to their rows."""
        self.errors: Any = None
        self.page = 100

    def submitted(self) -> list[list[str]]:
        """The custom ids of each batch."""
        return [[row["custom_id"] for row in rows] for rows in self.rows.values()]

    def add_file(self, text: str, kind: str) -> str:
        """Keeps a file and returns its id."""
        file = f"file-{kind}-{len(self.files)}"
        self.files[file] = text
        return file

    def proceed(self, batch_id: str, handler: BatchHandler) -> None:
        """Moves a batch to its next state, and writes its files at the end."""
        batch = self.batches[batch_id]
        seen = batch["seen"] = batch.get("seen", 0) + 1
        if batch["status"] in ("completed", "failed", "expired", "cancelled"):
            return
        batch["status"] = self.states[min(seen, len(self.states)) - 1]
        if batch["status"] != "completed":
            return
        edit: Edit | None = None
        if self.endings:
            batch["status"], edit = self.endings.pop(0)
        replies = [self._reply(handler, row) for row in self.rows[batch_id]]
        errors: list[Row] = []
        if edit is not None:
            edit(replies, errors)
        if batch["status"] == "failed":
            batch["errors"] = self.errors
        for name, rows in (("output", replies), ("error", errors)):
            if rows:
                lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
                batch[f"{name}_file_id"] = self.add_file("".join(f"{line}\n" for line in lines), name)

    def _reply(self, handler: BatchHandler, row: Row) -> Row:
        """The model's answer to a request in a row of its own."""
        given: list[tuple[Any, int]] = []

        class Capture:
            server = self

            def give(self, body: Any, status: int = 200, **_: str) -> None:
                given.append((body, status))

        self.answer(Capture(), row["body"])
        body, status = given[0]
        response = {"status_code": status, "request_id": "x", "body": body}
        return {"id": "r", "custom_id": row["custom_id"], "response": response, "error": None}


@contextmanager
def serving_batches() -> Iterator[BatchServer]:
    """A server that runs as long as the block."""
    with serving(BatchServer()) as server:
        yield server
