"""ASGI middleware around every request: its id, a log line, a size limit, security headers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from claudetools.kit.audit.trail import acting, reason
from claudetools.kit.clock import now
from claudetools.kit.http.problems import BodyTooLarge, internal, too_large
from claudetools.kit.logging import log
from claudetools.kit.resource.scope import Actor

MAX_BODY_BYTES = 8 * 1024 * 1024
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
logger = log("claudetools.access")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """A request that was answered: who sent it and how it ended. `route` is the template of its path, if it has one."""

    at: datetime
    actor: Actor | None
    method: str
    path: str
    route: str | None
    status: int
    error_code: str | None
    ip_address: str | None
    user_agent: str | None
    duration_ms: int
    request_id: str


class RequestContext:
    """Gives each request an id (`X-Request-Id`), logs it without its query or body, and bounds its body.

    `note` is told of each request that was answered.
    """

    def __init__(
        self, app: ASGIApp, note: Callable[[RequestFacts], None], max_body_bytes: int = MAX_BODY_BYTES
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = token_hex(12)
        scope["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        acting.set(None)
        reason.set(None)
        at, began, status, received, has_begun = now(), time.perf_counter(), 500, 0, False

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.max_body_bytes:
                    raise BodyTooLarge(self.max_body_bytes)
            return message

        async def stamped(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(("/api/", "/mcp")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check_declared_length(scope)
            await self.app(scope, bounded, stamped)
        except BodyTooLarge as error:
            await too_large(Request(scope), error)(scope, _nothing, stamped)
        except Exception as error:
            logger.error("unhandled", error=type(error).__name__, exc_info=error)
            if has_begun:
                raise
            await internal(Request(scope))(scope, _nothing, stamped)
        finally:
            took_ms = (time.perf_counter() - began) * 1000
            logger.info("request", method=scope["method"], path=scope["path"], status=status, ms=round(took_ms, 1))
            self._note(_facts(scope, at, status, took_ms))

    def _check_declared_length(self, scope: Scope) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 18 or int(declared) > self.max_body_bytes:
            raise BodyTooLarge(self.max_body_bytes)


def route_of(scope: Scope) -> str | None:
    """Return the template of a request's path, without what was filled in; None if there is no such path."""
    route: str | None = getattr(scope.get("route"), "path", None)
    # Routes know their path below the prefix that they are included with.
    return route if route is None or scope["path"].startswith(route.partition("{")[0]) else f"/api{route}"


def _facts(scope: Scope, at: datetime, status: int, took_ms: float) -> RequestFacts:
    return RequestFacts(
        at=at,
        actor=acting.get(),
        method=scope["method"],
        path=scope["path"],
        route=route_of(scope),
        status=status,
        error_code=scope.get("problem_code"),
        ip_address=(scope.get("client") or (None,))[0],
        user_agent=Headers(scope=scope).get("user-agent"),
        duration_ms=round(took_ms),
        request_id=scope["request_id"],
    )


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
