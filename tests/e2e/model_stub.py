"""A scripted stand-in for the model's messages API, so that the real client can be driven offline.

It answers ``POST /v1/messages`` with the server-sent events of a streamed reply (or one JSON object when the
request does not ask for a stream), and keeps every request body for the test to look at.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

HOOK_CONTEXT_MARKER = " hook additional context: "
COMPACTION_OPENING = "CRITICAL: Respond with TEXT ONLY"


@dataclass(frozen=True)
class Text:
    """A text block of a reply."""

    text: str


@dataclass(frozen=True)
class ToolUse:
    """A tool call of a reply. The id must be unique within a conversation."""

    name: str
    input: Mapping[str, Any]
    id: str = ""


Block = Text | ToolUse
Reply = Sequence[Block]


@dataclass(frozen=True)
class ModelRequest:
    """One request of the client to the model."""

    index: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def agent_id(self) -> str | None:
        """The subagent that asks, or None for the main conversation."""
        return self.headers.get("x-claude-code-agent-id")

    @property
    def session_id(self) -> str | None:
        return self.headers.get("x-claude-code-session-id")

    @property
    def texts(self) -> list[str]:
        """Every text of the conversation in order (the system prompt and tool calls are not in it)."""
        return [text for message in self.body.get("messages", []) for text in _texts(message.get("content"))]

    @property
    def is_compaction(self) -> bool:
        return any(text.startswith(COMPACTION_OPENING) for text in self.texts[-3:])

    def hook_contexts(self, event: str = "UserPromptSubmit") -> list[str]:
        """The texts that hooks of one event put into the conversation, oldest first.

        The newest models get them in ``system`` messages, older ones in a ``<system-reminder>`` of a user message. In
        the first request of a session the client appends more of its own to the same message, which is then still in
        the text: the exact text is in the transcript, see ``Machine.injected``.
        """
        opening = event + HOOK_CONTEXT_MARKER
        found = []
        for text in self.texts:
            for part in text.split("<system-reminder>"):
                _, marker, context = part.partition(opening)
                if marker:
                    found.append(context.partition("</system-reminder>")[0].strip())
        return found

    def tool_results(self) -> list[dict[str, Any]]:
        return [
            block
            for message in self.body.get("messages", [])
            if isinstance(message.get("content"), list)
            for block in message["content"]
            if block.get("type") == "tool_result"
        ]


Responder = Callable[[ModelRequest], Reply]


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if block.get("type") == "text":
                yield block["text"]
            elif block.get("type") == "tool_result":
                yield from _texts(block.get("content"))


def in_turn(*replies: Reply, otherwise: Reply = (Text("Done."),)) -> Responder:
    """Answer the requests of the main conversation with these replies in order, everything else with ``otherwise``."""
    remaining = iter(replies)
    lock = threading.Lock()

    def respond(request: ModelRequest) -> Reply:
        if request.agent_id is not None or request.is_compaction:
            return otherwise
        with lock:
            return next(remaining, otherwise)

    return respond


@dataclass
class ModelStub:
    """The stand-in server. Use it as a context manager; ``url`` is the base address for the client.

    ``reported_input_tokens`` is what the replies claim as usage: near the model's window it makes the client compact.
    """

    respond: Responder = field(default_factory=in_turn)
    reported_input_tokens: int = 1000
    requests: list[ModelRequest] = field(default_factory=list)

    def __enter__(self) -> "ModelStub":
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def conversation(self) -> list[ModelRequest]:
        """The requests of the main conversations, without subagents and compactions."""
        return [request for request in self.requests if request.agent_id is None and not request.is_compaction]

    def answer(self, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            request = ModelRequest(len(self.requests), body, headers)
            self.requests.append(request)
        blocks = [
            {"type": "text", "text": block.text}
            if isinstance(block, Text)
            else {
                "type": "tool_use",
                "id": block.id or f"toolu_{request.index:04d}_{position:02d}",
                "name": block.name,
                "input": dict(block.input),
            }
            for position, block in enumerate(self.respond(request))
        ]
        calls_tool = any(block["type"] == "tool_use" for block in blocks)
        return {
            "id": f"msg_{request.index:04d}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model", "stub"),
            "content": blocks,
            "stop_reason": "tool_use" if calls_tool else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": self.reported_input_tokens, "output_tokens": 20},
        }


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            start: dict[str, Any] = {"type": "text", "text": ""}
            delta: dict[str, Any] = {"type": "text_delta", "text": block["text"]}
        else:
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
        "usage": {"output_tokens": 20},
    }
    yield {"type": "message_stop"}


def _handler(stub: ModelStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            if self.path.partition("?")[0] != "/v1/messages":
                self._send(404, "application/json", b"{}")
                return
            message = stub.answer(body, {name.lower(): value for name, value in self.headers.items()})
            if body.get("stream"):
                frames = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in _events(message))
                self._send(200, "text/event-stream", "".join(frames).encode())
            else:
                self._send(200, "application/json", json.dumps(message).encode())

        def do_GET(self) -> None:
            self._send(404, "application/json", b"{}")

        do_HEAD = do_GET  # noqa: N815 - the base class names it so

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keep the test output quiet."""

    return Handler
