"""The tools that the model sees: few, each with a clear use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Annotated, Any
from uuid import UUID

import mcp_types as types
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.memory import (
    ONE_CLIENT,
    Expiry,
    MemoryChange,
    MemoryItem,
    MemoryKind,
    RecallRequest,
    Remembered,
    RememberRequest,
    change_memory,
    client_of_session,
    learn_opened,
    memory_of_session,
    note_opened,
    recall,
    remember,
    render_block,
)
from claudetools.domains.vault import find_handles
from claudetools.kit.problems import Forbidden, Invalid, Problem
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor, scoped
from claudetools.mcp.handle_text import NO_CREDENTIAL, handle_text
from claudetools.services import Services

INSTRUCTIONS = """ClaudeTools is the team's memory: what was done, decided, learned and broken in earlier sessions, \
by anyone, on any machine, for the client this folder belongs to. Relevant notes reach you with the prompt by \
themselves. Call `recall` when you need more: before asking the user about earlier work, and before repeating an \
investigation. Call `remember` when you learn something that the next technician will need: a fact about a host, a \
decision with its reason, what fails here and what works instead, an open to-do. Call `correct` when a note is wrong. \
Never put passwords or keys into memory. Call `use_credential` when a command needs one: it \
gives a command line to run, never the secret."""

MemoryId = Annotated[str, Field(pattern="^(?:[0-9a-fA-F]{8}|[0-9a-fA-F-]{32,36})$")]
NO_MATCH = "Memory has nothing on this."
Session = Annotated[str | None, Field(max_length=200, description="Filled in by the client. Leave it out.")]
ClientName = Annotated[
    str | None, Field(max_length=200, description="Name of the client, only if it is not the one of this folder.")
]


class RecallArguments(Input):
    """What `recall` takes."""

    query: Annotated[str, Field(min_length=1, max_length=4_000, description="What you want to know, in plain words.")]
    kinds: Annotated[list[str] | None, Field(max_length=20, description="Only these kinds, e.g. decision, todo.")] = (
        None
    )
    client: ClientName = None
    budget_tokens: Annotated[int, Field(ge=50, le=8_000)] = 1_000
    session: Session = None


class GetMemoryArguments(Input):
    """What `get_memory` takes."""

    id: Annotated[MemoryId, Field(description="The id of a memory, as shown in brackets, or the whole one.")]
    session: Session = None


class RememberArguments(Input):
    """What `remember` takes."""

    text: Annotated[
        str,
        Field(
            min_length=3,
            max_length=8_000,
            description="One self-contained note: name the host, product or person it is about.",
        ),
    ]
    kind: MemoryKind = MemoryKind.FACT
    tags: Annotated[list[str], Field(max_length=20)] = []
    expires_at: Expiry | None = None
    client: ClientName = None
    session: Session = None


class CorrectArguments(Input):
    """What `correct` takes."""

    id: Annotated[MemoryId, Field(description="The id of the memory that is wrong, as shown in brackets.")]
    text: Annotated[
        str | None, Field(max_length=8_000, description="What is true instead. Leave out to only retire the memory.")
    ] = None
    session: Session = None


class UseCredentialArguments(Input):
    """What `use_credential` takes."""

    what: Annotated[
        str,
        Field(min_length=1, max_length=200, description="What it opens: a service, host, user name or address."),
    ]
    client: ClientName = None
    session: Session = None


async def _client(services: Services, actor: Actor, name: str | None, key: str | None) -> UUID | None:
    """Return the id of the client called `name`, or of the session's; None for unassigned memory.

    Raises:
        Invalid: there is no such client.
        Forbidden: the session belongs to another one: a session sees one client only.
    """

    async def unit(session: AsyncSession) -> tuple[UUID | None, UUID | None]:
        bound = None if key is None else await client_of_session(session, actor, key)
        if name is None:
            return bound, bound
        named = scoped(actor, Client).where((Client.name == name) | (Client.short_code == name))
        return bound, await session.scalar(named.with_only_columns(Client.id))

    bound, named = await services.database.read(unit)
    if name is not None and named is None:
        raise Invalid(f"There is no client called {name!r}.")
    if bound is not None and named != bound:
        raise Forbidden(ONE_CLIENT)
    return named


async def _recall(services: Services, actor: Actor, given: RecallArguments) -> str:
    actor.require("memory:read")
    request = RecallRequest(
        query=given.query,
        kinds=given.kinds,
        client_id=await _client(services, actor, given.client, given.session),
        session_id=given.session,
        budget_tokens=given.budget_tokens,
        as_prompt=True,
    )
    reply = await recall(services.memory, actor, request, "mcp")
    return render_block(reply.text, token_hex(16)) if reply.items else NO_MATCH


async def _get_memory(services: Services, actor: Actor, given: GetMemoryArguments) -> str:
    actor.require("memory:read")

    async def unit(session: AsyncSession) -> MemoryItem:
        item = await memory_of_session(session, actor, given.id, given.session)
        await note_opened(session, actor, item, given.session)
        return item

    item = await services.database.write(unit)
    if given.session is not None:
        await learn_opened(services.memory, actor, item, given.session)
    return render_block(
        f"{item.kind}{_state(item)}, {item.said_at:%Y-%m-%d}, {item.id}: {item.title}\n{item.text}", token_hex(16)
    )


def _state(item: MemoryItem) -> str:
    if item.superseded_by_id is not None:
        return f" (no longer holds: superseded by {item.superseded_by_id})"
    if item.retired_at is not None:
        return " (no longer holds)"
    return "" if item.contradicted_by_id is None else f" (contradicted by {item.contradicted_by_id})"


async def _remember(services: Services, actor: Actor, given: RememberArguments) -> str:
    actor.require("memory:write")
    request = RememberRequest(
        text=given.text,
        kind=given.kind,
        tags=given.tags,
        expires_at=given.expires_at,
        client_id=await _client(services, actor, given.client, given.session),
        session_id=given.session,
    )
    done = await remember(services.memory, actor, request)
    said = f"{'Remembered' if done.is_new else 'Known already; strengthened'}: {done.item.id}"
    return "\n".join([said, *_consequences(done)])


def _consequences(done: Remembered) -> list[str]:
    """Return a line for each memory that what was stored corrects or contradicts."""
    superseded = [f"Superseded: {id}" for id in done.superseded]
    unsure = [f"Contradicts: {id}. Correct the one of the two that is wrong." for id in done.contradicts]
    return superseded + unsure


async def _correct(services: Services, actor: Actor, given: CorrectArguments) -> str:
    actor.require("memory:write")
    old = await services.database.read(lambda session: memory_of_session(session, actor, given.id, given.session))
    change = MemoryChange(is_retired=True) if given.text is None else MemoryChange(text=given.text)
    done = await change_memory(services.memory, actor, old.id, change)
    if given.text is None:
        return f"Retired: {old.id}"
    others = [line for line in _consequences(done) if str(old.id) not in line]
    return "\n".join([f"Corrected: {old.id} is superseded by {done.item.id}", *others])


async def _use_credential(services: Services, actor: Actor, given: UseCredentialArguments) -> str:
    actor.require("msp:read")
    client_id = await _client(services, actor, given.client, given.session)
    if client_id is None:
        raise Invalid("Say which client the credential belongs to.")
    found = await services.database.write(lambda session: find_handles(session, actor, client_id, given.what))
    return "\n\n".join(map(handle_text, found)) or NO_CREDENTIAL


@dataclass(frozen=True, slots=True)
class _Tool:
    description: str
    arguments: type[BaseModel]
    run: Callable[[Services, Actor, Any], Awaitable[str]]


_TOOLS = {
    "recall": _Tool(
        "Search the team's memory of earlier sessions for the client of this folder: what was done, decided, what "
        "fails and what works instead, facts about hosts, open to-dos. Returns short dated notes with their "
        "sources, and one line each for what had no room.",
        RecallArguments,
        _recall,
    ),
    "get_memory": _Tool("Read one memory in full by the id in brackets.", GetMemoryArguments, _get_memory),
    "remember": _Tool(
        "Store one note for the whole team: a fact about a host, a decision with its reason, what fails and what works "
        "instead, an open to-do. Says which notes it supersedes: those that say otherwise of the same. Never secrets.",
        RememberArguments,
        _remember,
    ),
    "correct": _Tool(
        "Say that a memory is wrong: give what is true instead, or only retire it. The old note is kept for the record "
        "and never shown to a prompt again.",
        CorrectArguments,
        _correct,
    ),
    "use_credential": _Tool(
        "Find a password, key or token of the client of this folder for use in a command. Returns a handle: the user "
        "name, the address, and how to run a command with the secret in an environment variable. The secret itself is "
        "never shown, to you or in the command's output. Each use is recorded; a person may have to approve it.",
        UseCredentialArguments,
        _use_credential,
    ),
}

TOOLS = tuple(
    types.Tool(name=name, description=tool.description, input_schema=tool.arguments.model_json_schema())
    for name, tool in _TOOLS.items()
)


async def run_tool(services: Services, actor: Actor, name: str, arguments: dict[str, Any]) -> str:
    """Run a tool for the model and return its text.

    Raises:
        Problem: the caller may not, or what was named does not exist.
        pydantic.ValidationError: the arguments are not what the tool takes.
    """
    tool = _TOOLS.get(name)
    if tool is None:
        raise UnknownTool(f"There is no tool called {name!r}.")
    return await tool.run(services, actor, tool.arguments.model_validate(arguments))


class UnknownTool(Problem):
    """A tool of another name was called."""

    status = 404
    code = "unknown_tool"
    title = "There is no such tool"
