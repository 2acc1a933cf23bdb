"""The page on which a person approves a machine: /device. It has no script, and keeps nothing in the browser.

Who has signed in on it carries on with a sealed ticket in the form, which is bound to the person and the machine and
lasts for five minutes. No other site can have one, so none can approve in somebody's name.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from claudetools.domains.accounts import DEVICE_LIFETIME, FRESH, Origin, User, actor_of
from claudetools.kit.audit.trail import acting
from claudetools.kit.clock import now
from claudetools.kit.crypto.sealing import SealBroken
from claudetools.kit.http.client_address import address_of
from claudetools.kit.http.device_cookie import device_of, keep_device
from claudetools.kit.problems import BadRequest, Problem, Unauthenticated
from claudetools.kit.resource.scope import Actor
from claudetools.services import Services

PATH = "/device"
TEMPLATES = Path(__file__).parent / "templates"
CONTEXT = b"device approval"
MAX_FORM_BYTES = 8 * 1024
LONGEST = {"user_code": 20, "email": 254, "password": 512, "totp": 40, "ticket": 2000, "decision": 10}
STYLE = (TEMPLATES / "device.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """That somebody has signed in just now and was shown one machine. Times are in seconds since 1970."""

    user_id: UUID
    token_version: int
    grant_id: UUID
    made_at: float


class DevicePage:
    """The page of one process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
        self._template = environment.get_template("device.html")

    @property
    def route(self) -> Route:
        """The route to add to the application."""
        return Route(PATH, self.answer, methods=["GET", "POST"], include_in_schema=False)

    async def answer(self, request: Request) -> Response:
        """Show the page, or take what was entered on it."""
        if request.method != "POST":
            return self._page(user_code=request.query_params.get("user_code", "")[: LONGEST["user_code"]])
        form: Mapping[str, str] = {}
        try:
            form = await _form(request)
            return await (self._decide(form) if "ticket" in form else self._sign_in(request, form))
        except Problem as problem:
            entered = {name: form.get(name, "") for name in ("user_code", "email")}
            message = problem.detail or problem.title
            return self._page(message=message, status=problem.status, headers=problem.headers, **entered)

    async def _sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        origin = Origin(
            ip=address_of(request.scope),
            agent=request.headers.get("user-agent"),
            device=device_of(request),
        )
        code = SecretStr(form["totp"]) if form.get("totp") else None
        proof = await self._services.sign_in.prove(
            form.get("email", ""), SecretStr(form.get("password", "")), code, origin
        )
        machine = await self._services.device_approval.look(proof.user_id, form.get("user_code", ""), origin.ip)
        ticket = Ticket(proof.user_id, proof.token_version, machine.grant_id, now().timestamp())
        page = self._page(machine=machine, ticket=self._sealed(ticket))
        keep_device(request, page, proof.device, DEVICE_LIFETIME)
        return page

    async def _decide(self, form: Mapping[str, str]) -> Response:
        ticket, decision = self._opened(form["ticket"]), form.get("decision")
        if decision not in ("approve", "deny"):
            raise BadRequest("Choose to approve or to deny.")
        await self._act_for(ticket)
        approve = decision == "approve"
        await self._services.device_approval.decide(ticket.grant_id, ticket.user_id, approve=approve)
        message = "The machine is approved. It goes on by itself." if approve else "The machine was denied."
        return self._page(message=message, tone="good", is_done=True)

    async def _act_for(self, ticket: Ticket) -> None:
        """Check that who signed in may still do so, and let what follows be done in their name."""

        async def unit(session: AsyncSession) -> Actor:
            user = await session.get(User, ticket.user_id)
            if user is None or not user.is_active or user.token_version != ticket.token_version:
                raise Unauthenticated("Sign in again.")
            return await actor_of(session, user, frozenset())

        acting.set(await self._services.database.read(unit))

    def _sealed(self, ticket: Ticket) -> str:
        parts = [str(ticket.user_id), ticket.token_version, str(ticket.grant_id), ticket.made_at]
        sealed = self._services.tickets.seal(json.dumps(parts).encode(), CONTEXT)
        return base64.urlsafe_b64encode(sealed).decode()

    def _opened(self, text: str) -> Ticket:
        try:
            sealed = base64.b64decode(text, altchars=b"-_", validate=True)
            user_id, version, grant_id, made_at = json.loads(self._services.tickets.open(sealed, CONTEXT))
        except (ValueError, SealBroken):
            raise Unauthenticated("The form is not valid. Sign in again.") from None
        if not 0 <= now().timestamp() - made_at <= FRESH.total_seconds():
            raise Unauthenticated("More than five minutes have passed. Sign in again.")
        return Ticket(UUID(user_id), version, UUID(grant_id), made_at)

    def _page(
        self, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        nothing = {"message": None, "tone": "bad", "machine": None, "is_done": False, "user_code": "", "email": ""}
        # The one text that is no data: it stands in the program, and its digest in the policy.
        values = nothing | {"action": PATH, "style": Markup(STYLE)} | values  # noqa: S704
        return HTMLResponse(self._template.render(values), status_code=status, headers={**(headers or {}), **HEADERS})


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        BadRequest: it is no form, is too long, or a field is given twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise BadRequest("Send the form of this page.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise BadRequest("The form is too long.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError:
        raise BadRequest("The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs) or any(len(value) > LONGEST.get(name, 0) for name, value in pairs):
        raise BadRequest("The form cannot be read.")
    return form
