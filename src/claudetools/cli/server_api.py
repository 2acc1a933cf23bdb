"""Calls to the server's REST API, with failures that say what to do."""

import ipaddress
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from claudetools.cli.failure import Failure

TIMEOUT_SECONDS = 30.0
PAGE = 500


class ServerAway(Failure):
    """No answer from the server, or none that makes sense."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that the server found in a request. `pointer` says where: a JSON pointer, or `?name`."""

    pointer: str
    code: str
    message: str


class Refused(Failure):
    """The server answered that it will not. `status` is the HTTP status, `code` says which problem it is."""

    def __init__(self, status: int, code: str, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.faults = tuple(faults)


def is_loopback(endpoint: str) -> bool:
    """Return whether an address is this machine's own."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Api:
    """The API of the server at `endpoint`. Every method returns the parsed body, and raises ServerAway or Refused."""

    def __init__(self, endpoint: str, token: str | None = None, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        import httpx2

        self.endpoint = endpoint
        self.clock_skew_seconds: float | None = None
        self._client = httpx2.Client(
            base_url=endpoint,
            timeout=timeout_seconds,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            # Loading the certificates takes longer than a whole call: only where there is one to check.
            verify=endpoint.startswith("https:"),
            # A proxy that the environment names cannot reach this machine's own server.
            trust_env=not is_loopback(endpoint),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """Read."""
        return self._call(
            "GET", path, parameters={key: value for key, value in parameters.items() if value is not None}
        )

    def post(self, path: str, body: object) -> Any:
        """Create, or act."""
        return self._call("POST", path, body=body)

    def patch(self, path: str, body: object) -> Any:
        """Change some fields."""
        return self._call("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        """Delete."""
        self._call("DELETE", path)

    def upload(self, path: str, data: bytes, media_type: str, **parameters: Any) -> Any:
        """Send a file."""
        return self._call("POST", path, parameters=parameters, data=data, headers={"Content-Type": media_type})

    def download(
        self, path: str, parameters: Sequence[tuple[str, str]], media_type: str
    ) -> Generator[bytes, None, None]:
        """Read a file of that type, part by part."""
        with self._reaching(), self._client.stream("GET", path, params=list(parameters)) as response:
            if response.status_code >= 300:
                response.read()
                raise _refusal(self.endpoint, response)
            if not response.headers.get("content-type", "").startswith(media_type):
                raise _foreign(self.endpoint)
            yield from response.iter_bytes()

    def every(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Read a whole list, page by page."""
        cursor = None
        while True:
            page = self.get(path, limit=PAGE, cursor=cursor, **parameters)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def tool(self, name: str, arguments: dict[str, Any]) -> str:
        """Call a tool of the MCP server as the client's hooks do; return its text."""
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        answer = self._call("POST", "/mcp", body=call, headers={"Accept": "application/json, text/event-stream"})
        try:
            return str(answer["result"]["content"][0]["text"])
        except (LookupError, TypeError):
            raise ServerAway(f"The MCP server at {self.endpoint}/mcp gave no usable answer to {name}.") from None

    def _call(
        self,
        method: str,
        path: str,
        *,
        parameters: dict[str, Any] | None = None,
        body: object = None,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        with self._reaching():
            response = self._client.request(method, path, params=parameters, json=body, content=data, headers=headers)
        self._note_clock(response.headers.get("date"))
        if response.status_code >= 300:
            raise _refusal(self.endpoint, response)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise _foreign(self.endpoint) from None

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn what goes wrong on the way to the server into ServerAway."""
        import httpx2

        try:
            yield
        except httpx2.TimeoutException:
            raise ServerAway(f"The server at {self.endpoint} does not answer in time. Try again shortly.") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ServerAway(
                f"The server at {self.endpoint} cannot be reached ({_reason(error)}). "
                "Start it with `claudetools up`, or check the address."
            ) from None

    def _note_clock(self, date: str | None) -> None:
        from datetime import UTC, datetime

        try:
            at = parsedate_to_datetime(date or "")
        except ValueError:
            return
        self.clock_skew_seconds = (datetime.now(UTC) - at).total_seconds()


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def _foreign(endpoint: str) -> ServerAway:
    return ServerAway(f"What answers at {endpoint} is not a ClaudeTools server. Check the address.")


def _refusal(endpoint: str, response: Any) -> Failure:
    status = int(response.status_code)
    try:
        problem = response.json()
        detail = str(problem.get("detail") or problem["title"])
        code = str(problem["type"]).rpartition(":")[2]
        faults = [Fault(each["pointer"], each["code"], each["message"]) for each in problem.get("errors", [])]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ServerAway(
            f"What answers at {endpoint} is not a ClaudeTools server (status {status}). Check the address."
        )
    told = [f"{fault.pointer}: {fault.message}" for fault in faults]
    if told and detail not in told[0]:
        detail = f"{detail} {'; '.join(told)}"
    return Refused(status, code, detail, faults)
