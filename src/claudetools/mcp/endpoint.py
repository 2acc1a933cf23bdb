"""/mcp: streamable HTTP, stateless, with the same bearer tokens as REST."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from claudetools import __version__
from claudetools.domains.memory import EVENTS, Answer, answer_event
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import acting, note
from claudetools.kit.http.client_address import address_of
from claudetools.kit.http.problems import problem_response
from claudetools.kit.logging import log
from claudetools.kit.problems import Forbidden, NotFound, Problem
from claudetools.kit.resource.scope import Actor
from claudetools.mcp.tools import INSTRUCTIONS, TOOLS, run_tool
from claudetools.services import Services

HOOK_PREFIX = "hook_"
OWN_TOOL_HOOK = "hook_own_tool"
WAITED_FOR = frozenset({"UserPromptSubmit", "SessionStart"})
"""Events whose answer a person waits for: recorded after it. Others are acknowledged when they are recorded."""
MAX_BODY_BYTES = 8 * 1024 * 1024
logger = log(__name__)

T = TypeVar("T")
Finish = Callable[[], Awaitable[int]]
Unfinished = tuple[str | None, Finish]
"""A hook that was answered, by its event, and what records it."""


def text(value: str, *, is_error: bool = False) -> types.CallToolResult:
    """Return a result of one text block: the only form that hooks obey and that the model reads as it is."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=value)], is_error=is_error)


def with_session(event: dict[str, Any]) -> dict[str, Any]:
    """Answer the client's PreToolUse hook on our own tools: the call is told which session it belongs to.

    MCP calls carry no session, and the model does not know its own; the hook does.
    """
    try:
        given = json.loads(event["tool_input"])
        session = str(event["session_id"])
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {**given, "session": session}}}
    except (KeyError, TypeError, ValueError):
        return {}


class McpEndpoint:
    """The MCP server of one process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        server: Server[Any] = Server(
            "claudetools",
            version=__version__,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        self._manager = StreamableHTTPSessionManager(
            server,
            stateless=True,
            json_response=True,
            # Every call needs a bearer token, which a page of another origin does not have.
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=MAX_BODY_BYTES,
        )

    @property
    def route(self) -> Route:
        """The route to add to the application."""
        return Route("/mcp", self, include_in_schema=False)

    def run(self) -> AbstractAsyncContextManager[None]:
        """Return the context in which calls are served; it can be entered once."""
        return self._manager.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request of a caller who holds a valid token."""
        request = Request(scope, receive)
        try:
            actor = await self._services.authenticator.actor(request.headers.get("authorization"), address_of(scope))
        except Problem as problem:
            await problem_response(request, problem)(scope, receive, send)
            return
        unfinished: list[Unfinished] = []
        scope.setdefault("state", {}).update(actor=actor, unfinished=unfinished)
        try:
            await self._manager.handle_request(scope, receive, send)
        finally:
            # The answer is on its way; a prompt does not wait for what follows.
            for name, finish in unfinished:
                await self._finish(actor, name, finish)

    async def _list_tools(
        self, ctx: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        # The tools that hooks call are left out: the client calls them all the same, and the model need not see them.
        return types.ListToolsResult(tools=list(TOOLS))

    async def _call_tool(
        self, ctx: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if ctx.request is None:
            raise TypeError("tools are called over HTTP only")
        actor: Actor = ctx.request.state.actor
        acting.set(actor)
        arguments = params.arguments or {}
        if params.name == OWN_TOOL_HOOK:
            return text(json.dumps(with_session(arguments), ensure_ascii=False))
        if params.name.startswith(HOOK_PREFIX):
            reply = await self._hook(actor, arguments, ctx.request.state.unfinished)
            return text(json.dumps(reply, ensure_ascii=False))
        try:
            return text(await run_tool(self._services, actor, params.name, arguments))
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
            return text(f"The arguments are not valid: {faults}", is_error=True)
        except (Forbidden, NotFound) as problem:
            await self._note_denial(params.name, problem)
            return text(problem.detail or problem.title, is_error=True)
        except Problem as problem:
            return text(problem.detail or problem.title, is_error=True)

    async def _note_denial(self, tool: str, problem: Problem) -> None:
        """Store that the caller was refused, as for a request to the API."""
        details = {"tool": tool, "status": problem.status, "code": problem.code}

        async def unit(session: AsyncSession) -> None:
            note(session, Action.DENIED, "mcp", None, details=details)

        await self._services.database.write(unit)

    async def _hook(self, actor: Actor, event: dict[str, Any], unfinished: list[Unfinished]) -> dict[str, Any]:
        """Answer a hook. Whatever goes wrong, the person's prompt goes on: the transcript heals what was missed."""
        name = event.get("hook_event_name")
        name = name if name in EVENTS else None

        async def begin() -> Answer:
            actor.require("memory:write")
            return await answer_event(self._services.memory, actor, event)

        answer = await _going_on(name, begin)
        if answer is None:
            return {}
        if name in WAITED_FOR:
            unfinished.append((name, answer.finish))
        else:
            await self._finish(actor, name, answer.finish)
        return answer.reply

    async def _finish(self, actor: Actor, name: str | None, finish: Finish) -> None:
        acting.set(actor)
        await _going_on(name, finish)


async def _going_on(hook_event: str | None, step: Callable[[], Awaitable[T]]) -> T | None:
    """Take a step of answering a hook; what goes wrong is logged instead of raised, and answered with None."""
    try:
        return await step()
    except Problem as problem:
        logger.warning("hook not recorded", hook_event=hook_event, problem=problem.code)
    except Exception as error:
        logger.error("hook failed", hook_event=hook_event, error=type(error).__name__, exc_info=error)
    return None
