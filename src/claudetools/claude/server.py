"""The calls of the sync to the server."""

import json
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from claudetools.claude.connection import Connection

_ANSWER_LIMIT_BYTES = 16_000_000


class ServerUnavailableError(Exception):
    """The server cannot be reached, or cannot do its work now. Another try later may succeed."""


class NotAuthorisedError(Exception):
    """The server does not accept this machine's token."""


class BatchRefusedError(Exception):
    """The server does not take what was sent; sending it again would not help."""


@dataclass(frozen=True)
class Cursors:
    """How far the server has received each transcript, in bytes by key.

    Transcripts last written before `since` are from the time before this machine was connected; None if not known.
    """

    offsets: dict[str, int]
    since: datetime | None = None


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: the token is meant for one server only."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str) -> None:
        """Leave the redirect as the answer, which is an error to the caller."""


class Server:
    """The server of a connection. `timeout_seconds` is the longest wait for any part of an answer."""

    def __init__(self, connection: Connection, *, timeout_seconds: float = 20.0) -> None:
        self._connection = connection
        self._timeout_seconds = timeout_seconds
        host = urlsplit(connection.endpoint).hostname or ""
        is_local = host == "localhost" or host.startswith("127.") or host == "::1"
        # A proxy that the environment names cannot reach this machine's own server.
        self._opener = build_opener(_NoRedirect, *([ProxyHandler({})] if is_local else []))

    def cursors(self) -> Cursors:
        """How far the server has received this machine's transcripts.

        Raises:
            ServerUnavailableError: not reachable, or an answer that makes no sense.
            NotAuthorisedError: the token is not accepted.
        """
        try:
            answer = self._call("GET", "/api/claude/cursors", None)
        except BatchRefusedError as error:
            raise ServerUnavailableError(str(error)) from None
        return Cursors(_offsets(answer), _instant(answer.get("since")))

    def record(self, transcript: dict[str, Any]) -> tuple[int | None, int]:
        """Send a batch of lines. Returns the transcript's new cursor, if the server says it, and how much was new.

        Raises:
            ServerUnavailableError, NotAuthorisedError: as above.
            BatchRefusedError: the batch is not taken.
        """
        answer = self._call("POST", "/api/claude/events", {"transcripts": [transcript]})
        recorded = answer.get("recorded")
        return _offsets(answer).get(transcript["key"]), recorded if isinstance(recorded, int) else 0

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._connection.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode() if body is not None else None
        # The connection lets only http and https addresses through.
        request = Request(self._connection.endpoint + path, data, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as response:
                answer = json.loads(response.read(_ANSWER_LIMIT_BYTES))
        except HTTPError as error:
            with error:
                raise _refusal(error.code) from None
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            raise ServerUnavailableError(f"no usable answer: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise ServerUnavailableError("no usable answer")
        return answer


def _refusal(status: int) -> Exception:
    if status in (401, 403):
        return NotAuthorisedError(f"the server does not accept the token of this machine (status {status})")
    if 400 <= status < 500 and status not in (408, 425, 429):
        return BatchRefusedError(f"refused with status {status}")
    return ServerUnavailableError(f"status {status}")


def _instant(value: object) -> datetime | None:
    """An RFC 3339 instant; None if it is none."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def _offsets(answer: dict[str, Any]) -> dict[str, int]:
    cursors = answer.get("cursors")
    found = {}
    for key, cursor in cursors.items() if isinstance(cursors, dict) else ():
        offset = cursor.get("offset") if isinstance(cursor, dict) else None
        if isinstance(offset, int) and offset >= 0:
            found[str(key)] = offset
    return found
