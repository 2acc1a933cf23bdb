"""A firm with clients, technicians and machines, and the calls that its tools make."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.fixtures.application import Application
from tests.fixtures.people import Caller, Person

MACHINE_SCOPES = ("msp:read", "msp:write", "memory:read", "memory:write")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A computer of a technician, calling with its own token."""

    id: UUID
    hostname: str
    caller: Caller

    async def hook(self, event: str, session: str, **fields: Any) -> dict[str, Any]:
        """Send a hook event over HTTP and return the answer."""
        reply = await self.caller.post(f"/claude/hooks/{event}", {"session_id": session, **fields})
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    async def prompt(self, session: str, text: str, **fields: Any) -> str:
        """Send a prompt and return the context that it is given, "" for none."""
        return context_in(await self.hook("UserPromptSubmit", session, prompt=text, **fields))

    async def tool(self, name: str, **arguments: Any) -> str:
        """Call an MCP tool and return its text."""
        text, is_error = await call_tool(self.caller, name, arguments)
        assert not is_error, text
        return text

    async def send(self, *chunks: Mapping[str, Any], events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Send pieces of transcripts and return the answer."""
        reply = await self.caller.post("/claude/events", {"transcripts": list(chunks), "events": events or []})
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer


@dataclass(frozen=True, kw_only=True)
class Firm:
    """The firm of one test."""

    api: Application
    owner: Person
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def of(cls, api: Application) -> "Firm":
        return cls(api=api, owner=await api.people.add())

    async def client(self, name: str) -> UUID:
        return await self._made("/clients", {"name": name})

    async def project(self, client: UUID, slug: str, **more: Any) -> UUID:
        return await self._made("/projects", {"client_id": str(client), "name": slug, "slug": slug, **more})

    async def _made(self, path: str, body: Any) -> UUID:
        reply = await self.owner.post(path, body)
        assert reply.status_code == 201, reply.text
        return UUID(reply.json()["id"])

    async def technician(self, *clients: UUID, level: str = "write") -> Person:
        return await self.api.people.add("technician", dict.fromkeys(clients, level))

    async def machine(self, person: Caller, hostname: str = "") -> Machine:
        number = next(self._numbers)
        hostname = hostname or f"ws{number}"
        reply = await person.post("/machines", {"hostname": hostname, "fingerprint": f"fingerprint-{number}"})
        assert reply.status_code == 201, reply.text
        id = UUID(reply.json()["id"])
        token = await self.api.people.token(person, *MACHINE_SCOPES, kind="machine", machine_id=str(id))
        return Machine(id=id, hostname=hostname, caller=token)

    async def bind(self, client: UUID, **target: Any) -> UUID:
        reply = await self.owner.post("/claude/bindings", {"client_id": str(client), **target})
        assert reply.status_code == 201, reply.text
        return UUID(reply.json()["id"])


def context_in(answer: Mapping[str, Any]) -> str:
    """The context in the answer to a hook, "" for none."""
    text: str = answer.get("hookSpecificOutput", {}).get("additionalContext", "")
    return text


async def call_tool(caller: Caller, name: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
    """Call an MCP tool over HTTP; return its text and whether it is an error."""
    reply = await caller.post(
        "//mcp",
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": dict(arguments)}},
        headers={"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"},
    )
    assert reply.status_code == 200, reply.text
    result = reply.json()["result"]
    (block,) = result["content"]
    return block["text"], bool(result.get("isError"))


async def hook_tool(caller: Caller, tool: str, **arguments: str) -> dict[str, Any]:
    """Call one of the tools that hooks call; return the answer to the hook."""
    text, is_error = await call_tool(caller, tool, arguments)
    assert not is_error, text
    answer: dict[str, Any] = json.loads(text)
    return answer


async def remember(caller: Caller, text: str, client: UUID | None = None, **more: Any) -> dict[str, Any]:
    """Remember a note and return the memory."""
    body = {"text": text, **({} if client is None else {"client_id": str(client)}), **more}
    reply = await caller.post("/memory/remember", body)
    assert reply.status_code == 200, reply.text
    memory: dict[str, Any] = reply.json()["memory"]
    return memory


async def recall(caller: Caller, query: str, client: UUID | None = None, **more: Any) -> dict[str, Any]:
    """Ask memory and return the whole answer."""
    body = {"query": query, **({} if client is None else {"client_id": str(client)}), **more}
    reply = await caller.post("/memory/recall", body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def texts(caller: Caller, query: str, client: UUID | None = None, **more: Any) -> list[str]:
    """The texts of all items that memory has for a query."""
    answer = await recall(caller, query, client, **{"budget_tokens": None, "limit": 500, **more})
    return [item["text"] for item in answer["items"]]


async def ingest(caller: Caller, conversation: str, turns: list[Any], **more: Any) -> dict[str, Any]:
    """Take in turns given as texts, or as whole turns; return the answer."""
    body = {
        "conversation_id": conversation,
        "turns": [
            {"id": f"t{number}", "role": "user", "text": turn} if isinstance(turn, str) else turn
            for number, turn in enumerate(turns)
        ],
        **{key: str(value) if isinstance(value, UUID) else value for key, value in more.items()},
    }
    reply = await caller.post("/memory/ingest", body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer
