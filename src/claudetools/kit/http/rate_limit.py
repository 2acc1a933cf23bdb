"""How many requests somebody may send: by person or token, and by address for strangers.

Each process counts for itself. Replies carry `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds), as in the IETF's
draft (draft-ietf-httpapi-ratelimit-headers) before it merged them into one field; a refusal also `Retry-After`.
"""

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from claudetools.kit.http.client_address import address_of, subscriber
from claudetools.kit.http.idempotency import PrincipalOf
from claudetools.kit.http.problems import problem_response
from claudetools.kit.problems import Problem, TooManyRequests

LIMITED = ("/api/", "/mcp", "/device")
UNLIMITED = "/api/health/"


class RateLimit:
    """Refuses requests over a limit per minute; a limit of 0 is none."""

    def __init__(self, app: ASGIApp, principal_of: PrincipalOf, *, per_principal: int, per_address: int) -> None:
        self.app = app
        self._principal_of = principal_of
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._per_principal = RateLimitItemPerMinute(per_principal) if per_principal else None
        self._per_address = RateLimitItemPerMinute(per_address) if per_address else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED) or scope["path"].startswith(UNLIMITED):
            await self.app(scope, receive, send)
            return
        try:
            headers = await self._count(scope)
        except Problem as problem:
            await problem_response(Request(scope), problem)(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self.app(scope, receive, marked)

    async def _count(self, scope: Scope) -> dict[str, str]:
        """Count a request, and return the headers that tell what is left.

        Raises:
            TooManyRequests: nothing is left.
        """
        principal = await self._principal_of(Headers(scope=scope).get("authorization"), address_of(scope))
        limit = self._per_address if principal is None else self._per_principal
        if limit is None:
            return {}
        key = principal or subscriber(address_of(scope))
        is_allowed = await self._limiter.hit(limit, key)
        window = await self._limiter.get_window_stats(limit, key)
        seconds = str(max(1, math.ceil(window.reset_time - time.time())))
        headers = {
            "RateLimit-Limit": str(limit.amount),
            "RateLimit-Remaining": str(window.remaining),
            "RateLimit-Reset": seconds,
        }
        if not is_allowed:
            detail = f"At most {limit.amount} requests a minute. Wait {seconds} s."
            raise TooManyRequests(detail, headers=headers | {"Retry-After": seconds})
        return headers
