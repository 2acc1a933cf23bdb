"""Requests that may be sent twice and take effect once: the header Idempotency-Key on every POST.

After the IETF's draft (draft-ietf-httpapi-idempotency-key-header): the first reply to a key is kept and given again;
the same key with another request is refused. The key is stored in the transaction of the request's first write, so
that what was done and that it was done cannot come apart. A request that fails changes nothing and keeps no key.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from claudetools.kit.db.session import opened_by
from claudetools.kit.http.client_address import address_of
from claudetools.kit.http.idempotency_keys import IdempotencyKeys, Reply
from claudetools.kit.http.problems import problem_response
from claudetools.kit.problems import Problem, invalid

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("content-type", "etag", "location")

PrincipalOf = Callable[[str | None, str | None], Awaitable[str | None]]
"""Returns who sends a request with this Authorization header from this address; None for a stranger."""


class Idempotency:
    """Answers a POST below `/api` that bears a key once, and repeats the answer.

    Requests below one of the `repeatable` paths have the same effect however often they are carried out, in several
    transactions: their keys are stored with the reply only, so that one that was cut off is carried out again.
    """

    def __init__(
        self, app: ASGIApp, keys: IdempotencyKeys, principal_of: PrincipalOf, repeatable: tuple[str, ...]
    ) -> None:
        self.app = app
        self._keys = keys
        self._principal_of = principal_of
        self._repeatable = repeatable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        try:
            principal = await self._principal_of(Headers(scope=scope).get("authorization"), address_of(scope))
            if principal is None:
                await self.app(scope, receive, send)
                return
            reply, is_repeated = await self._answer(scope, receive, principal, key)
        except Problem as problem:
            await problem_response(Request(scope), problem)(scope, receive, send)
            return
        headers = MutableHeaders(dict(reply.headers) | {"content-length": str(len(reply.body))})
        if is_repeated:
            headers["Idempotency-Replayed"] = "true"
        await send({"type": "http.response.start", "status": reply.status, "headers": headers.raw})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Scope, receive: Receive, principal: str, key: str) -> tuple[Reply, bool]:
        """Return the reply to a request, and whether it is the one that was given before.

        Raises:
            Invalid: the key is not one.
            KeyReused, NotAnswered: there is nothing to repeat.
        """
        if not KEY.fullmatch(key):
            raise invalid(f"header:{HEADER}", "A key is 1 to 255 visible ASCII characters.")
        body = await _body(receive)
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode()
        claim = self._keys.claim(principal, key, target + body)
        kept = await self._keys.reply_to(claim)
        if kept is not None:
            return kept, True
        is_repeatable = scope["path"].startswith(self._repeatable)
        with nullcontext() if is_repeatable else opened_by(claim):
            reply = await _run(self.app, scope, receive, body)
        # What may not be stored is not kept either: the same request sent again is carried out again.
        if reply.status < 300 and "no-store" not in reply.headers.get("cache-control", ""):
            headers = {name: reply.headers[name] for name in KEPT_HEADERS if name in reply.headers}
            await self._keys.keep(claim, Reply(reply.status, headers, reply.body))
        else:
            await self._keys.release(claim)
        return reply, False


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


async def _run(app: ASGIApp, scope: Scope, receive: Receive, body: bytes) -> Reply:
    """Let `app` answer a request with this body, and return its whole answer."""
    started: Message = {}
    parts: list[bytes] = []
    to_give: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return to_give.pop() if to_give else await receive()

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, give, take)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in started["headers"]}
    return Reply(started["status"], headers, b"".join(parts))
