"""A small server with the sync's protocol: keeps what it gets, once, and can be told to fail."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

TOKEN = "machine-token-for-tests"
WAIT_SECONDS = 30.0


@dataclass
class StubServer:
    """Use it as a context manager. `refuse` maps a posted item to the status to answer with, 0 for taking it in."""

    refuse: Callable[[dict[str, Any]], int] = lambda item: 0
    since: str | None = None
    cursor_status: int = 200
    hangs: bool = False
    on_request: Callable[[], None] = lambda: None
    items: list[dict[str, Any]] = field(default_factory=list)
    cursors: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __enter__(self) -> "StubServer":
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def lines(self, key: str) -> list[dict[str, Any]]:
        """What was taken in of a transcript, in order, duplicates included."""
        return [line for item in self.items if item["key"] == key for line in item["lines"]]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for what another process sends."""
        with self._changed:
            assert self._changed.wait_for(condition, WAIT_SECONDS), "it was not sent"

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if self.hangs:
            self._released.wait(WAIT_SECONDS)
        self.on_request()
        with self._changed:
            self.requests.append((method, path, headers))
            status, reply = self._reply(method, path, headers, body)
            self._changed.notify_all()
            return status, reply

    def _reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"status": 401}
        if (method, path) == ("GET", "/api/claude/cursors"):
            return self.cursor_status, {"cursors": self.cursors, **({"since": self.since} if self.since else {})}
        if (method, path) != ("POST", "/api/claude/events"):
            return 404, {"status": 404}
        self.sizes.append(len(body))
        (item,) = json.loads(body)["transcripts"]
        if status := self.refuse(item):
            return status, {"status": status}
        known = self.cursors.get(item["key"], {"offset": 0})["offset"]
        if item["offset"] > known:
            return 422, {"status": 422}
        self.items.append(item)
        self.cursors[item["key"]] = {"offset": item["next_offset"], "last_uuid": None}
        return 200, {"cursors": {item["key"]: self.cursors[item["key"]]}, "recorded": len(item["lines"])}


def _handler(stub: StubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, reply = stub.answer(self.command, self.path, headers, body)
            text = json.dumps(reply).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                if 300 <= status < 400:
                    self.send_header("location", f"{stub.url}/elsewhere")
                self.end_headers()
                self.wfile.write(text)
            except BrokenPipeError:
                # The caller gave up on a hanging server.
                return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keep the test output quiet."""

    return Handler
