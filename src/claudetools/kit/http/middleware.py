"""ASGI middleware around every request: its id, a log line, a size limit, security headers."""

import time
from secrets import token_hex

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from claudetools.kit.http.problems import BodyTooLarge, internal, too_large
from claudetools.kit.logging import log

MAX_BODY_BYTES = 8 * 1024 * 1024
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
logger = log("claudetools.access")


class RequestContext:
    """Gives each request an id (`X-Request-Id`), logs it without its query or body, and bounds its body."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = token_hex(12)
        scope["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began, status, received, has_begun = time.perf_counter(), 500, 0, False

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
            logger.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )

    def _check_declared_length(self, scope: Scope) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 18 or int(declared) > self.max_body_bytes:
            raise BodyTooLarge(self.max_body_bytes)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
