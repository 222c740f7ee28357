"""A local server that speaks the protocol of chat completions; slow, rate-limiting, truncating or wrong on demand.

Its model says the last label of claims with a digit, and the first label of others.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Answer = Callable[["Handler", Body], None]
SURE = 0.9
"""The model's probability of its label."""


class Handler(BaseHTTPRequestHandler):
    """Answers from the script first, then as the model does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: ModelServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            self.server.headers.append(dict(self.headers))
            self.server.paths.append(self.path)
            self.server.times.append(time.monotonic())
            self.server.flying += 1
            self.server.most_flying = max(self.server.most_flying, self.server.flying)
            answer = self.server.script.pop(0) if self.server.script else self.server.answer
        try:
            if not self.path.partition("?")[0].endswith("/chat/completions"):
                self.give({"error": {"message": "no such path"}}, 404)
            else:
                answer(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with self.server.lock:
                self.server.flying -= 1

    def give(self, body: Body | str, status: int = 200, **headers: str) -> None:
        """One whole answer; `Retry_After="1"` is the header Retry-After."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in ({"Content_Type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class ModelServer(ThreadingHTTPServer):
    """What was asked, what is to be answered, and what the endpoint understands."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type[Handler] = Handler) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.lock = threading.Lock()
        self.asked: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.flying = self.most_flying = 0
        self.script: list[Answer] = []
        """Answers to the next requests."""
        self.answer: Answer = says()
        """The answer to all further ones."""
        self.logprobs = True
        self.formats = {"json_schema", "json_object", "text"}

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients that hang up early are what some tests are about."""

    def claims(self) -> list[str]:
        """The claims that were asked about, without the trial ones."""
        texts = [json.loads(body["messages"][-1]["content"])["claim"] for body in self.asked]
        return [text for text in texts if text != "The bridge is 31 meters long."]


@contextmanager
def serving(server: Any = None) -> Iterator[Any]:
    """A server that runs as long as the block."""
    server = server or ModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def labels_of(body: Body) -> list[str]:
    """The labels that the schema allows, else those of the instructions."""
    form = body.get("response_format", {})
    if form.get("type") == "json_schema":
        properties = form["json_schema"]["schema"]["properties"]
        return next(properties[name]["enum"] for name in ("verdict", "label") if name in properties)
    allowed = body["messages"][0]["content"].strip().rsplit("Allowed as its value: ", 1)[1]
    return json.loads(f"[{allowed.removesuffix('.')}]")


def completion(content: str | None, *, finish: str = "stop", usage: Body | None = None, **more: Any) -> Body:
    """A chat completion; `logprobs` and `refusal` among `more`."""
    message = {"role": "assistant", "content": content} | {key: more.pop(key) for key in ("refusal",) if key in more}
    choice = {"index": 0, "message": message, "finish_reason": finish} | more
    found = {"id": "x", "object": "chat.completion", "created": 0, "model": "tiny", "choices": [choice]}
    return found if usage is None else found | {"usage": usage}


def token(text: str, **alternatives: float) -> Body:
    """One token of `logprobs.content`: its alternatives with their probabilities, itself among them."""
    chances = alternatives or {text: 1.0}
    listed = [{"token": name, "logprob": math.log(chance), "bytes": None} for name, chance in chances.items()]
    return {"token": text, "logprob": math.log(chances[text]), "bytes": None, "top_logprobs": listed}


def says(label: str | None = None) -> Answer:
    """The model's own answer, or one label for every claim."""

    def answer(handler: Handler, body: Body) -> None:
        form = body.get("response_format", {"type": "text"})["type"]
        if form not in handler.server.formats:
            handler.give({"error": {"message": f"{form} is not supported"}}, 400)
            return
        labels = labels_of(body)
        claim = json.loads(body["messages"][-1]["content"])["claim"]
        said = label or labels[-1 if any(mark.isdigit() for mark in claim) else 0]
        shown = json.loads(body["messages"][-1]["content"]).get("passages")
        name = "label" if shown is None else "verdict"
        quotes = [{"passage": int(number), "quote": text[:20]} for number, text in (shown or {}).items()]
        content = json.dumps(({} if shown is None else {"quotes": quotes}) | {name: said})
        prompt = sum(len(message["content"]) for message in body["messages"]) // 4
        usage = {"prompt_tokens": prompt, "completion_tokens": 5, "total_tokens": prompt + 5}
        more = {}
        if body.get("logprobs") and handler.server.logprobs:
            rest = [name for name in labels if name != said]
            chances = {said: SURE} | {name: (1 - SURE) / len(rest) for name in rest}
            before, _, after = content.rpartition(said)
            more["logprobs"] = {"content": [token(before), token(said, **chances), token(after)]}
        handler.give(completion(content, usage=usage, **more))

    return answer


def gives(body: Body | str, status: int = 200, **headers: str) -> Answer:
    """One answer, whatever is asked."""
    return lambda handler, _: handler.give(body, status, **headers)


def slow(seconds: float, then: Answer) -> Answer:
    """An answer that is late."""

    def answer(handler: Handler, body: Body) -> None:
        time.sleep(seconds)
        then(handler, body)

    return answer


def broken_off(handler: Handler, body: Body) -> None:
    """Promises more than it sends, and hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()
    handler.close_connection = True


def dripping(handler: Handler, body: Body) -> None:
    """An answer that never ends, a byte at a time."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(1_000):
        handler.wfile.write(b"1\r\n \r\n")
        handler.wfile.flush()
        time.sleep(0.02)


def dripping_headers(handler: Handler, body: Body) -> None:
    """Headers that never end."""
    handler.send_response(200)
    for _ in range(1_000):
        handler.send_header("X-Wait", "a moment")
        handler.flush_headers()
        handler.wfile.flush()
        time.sleep(0.02)


def hinting(handler: Handler, body: Body) -> None:
    """Says again and again that an answer will come."""
    for _ in range(1_000):
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        handler.wfile.flush()
        time.sleep(0.02)


def hangs_up(handler: Handler, body: Body) -> None:
    """No answer at all."""
    handler.close_connection = True
    handler.connection.close()
