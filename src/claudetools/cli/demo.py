"""Loading the sample data through the same doors as real data, and a recall from it as proof."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from claudetools.cli import demo_story as story
from claudetools.cli.failure import Failure
from claudetools.cli.output import say

if TYPE_CHECKING:
    from claudetools.kit.resource.scope import Actor
    from claudetools.kit.settings import Settings
    from claudetools.services import Services

PROOF_TOKENS = 500


def show_demo(settings: "Settings") -> None:
    """Load the sample data if it is not there yet, and print what memory answers from it.

    Raises:
        Failure: there are other clients: sample data does not belong among them.
    """
    from claudetools.kit.logging import configure_logging

    configure_logging("warning")
    answer = asyncio.run(_show(settings))
    say(f"Asking memory about “{story.PROOF_QUESTION}” at {story.PROOF_CLIENT}:")
    for line in answer.splitlines():
        say(f"  | {line}")


async def _show(settings: "Settings") -> str:
    from claudetools.domains.memory import RecallRequest, recall
    from claudetools.services import open_services

    services = open_services(settings)
    try:
        actor = await _owner(services)
        clients = await _clients(services, actor)
        if story.PROOF_CLIENT not in clients:
            if clients:
                raise Failure("There are real clients in this data folder. Set CLAUDETOOLS_HOME to a new one.")
            clients = await _load(services, actor)
        request = RecallRequest(
            query=story.PROOF_QUESTION, client_id=clients[story.PROOF_CLIENT], budget_tokens=PROOF_TOKENS
        )
        return (await recall(services.memory, actor, request)).text
    finally:
        await services.database.close()


async def _owner(services: "Services") -> "Actor":
    """Return the owner as an actor. The sign-in that this takes is closed again."""
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains.accounts import Grant, Role, User

    async def sign_in(session: AsyncSession) -> Grant:
        owner = await session.scalar(select(User).where(User.role == Role.OWNER, User.is_active.is_(True)).limit(1))
        if owner is None:
            raise Failure("There is no active owner account to load the sample data for.")
        return await services.logins.open(session, owner, ip=None, agent="claudetools up --demo")

    grant = await services.database.write(sign_in)
    actor = await services.authenticator.actor(f"Bearer {grant.access_token}")
    assert actor.session_id is not None
    id = actor.session_id
    await services.database.write(lambda session: services.logins.close(session, id))
    return actor


async def _clients(services: "Services", actor: "Actor") -> dict[str, UUID]:
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains.clients import Client
    from claudetools.kit.resource.scope import scoped

    async def unit(session: AsyncSession) -> dict[str, UUID]:
        return {client.name: client.id for client in await session.scalars(scoped(actor, Client))}

    return await services.database.read(unit)


async def _load(services: "Services", actor: "Actor") -> dict[str, UUID]:
    from claudetools.domains.memory import EventsRequest, RememberRequest, remember, take_in

    clients, machines = await _load_records(services, actor)
    for customer in story.CUSTOMERS:
        for fact in customer.facts:
            body = {"text": fact.text, "kind": fact.kind, "tags": list(fact.tags), "client_id": clients[customer.name]}
            await remember(services.memory, actor, RememberRequest.model_validate(body))
    for past in story.SESSIONS:
        at_machine = dataclasses.replace(actor, machine_id=machines[past.machine])
        lines = list(_lines(past))
        size = sum(len(str(line)) for line in lines)
        chunk = {"key": past.key, "session_id": past.key, "offset": 0, "next_offset": size, "cwd": past.folder}
        request = EventsRequest.model_validate({"transcripts": [{**chunk, "lines": lines}]})
        await take_in(services.memory, at_machine, request.transcripts[0])
    return clients


async def _load_records(services: "Services", actor: "Actor") -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Make clients, projects with their folders, and machines: all or none."""
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains.accounts import MACHINES
    from claudetools.domains.clients import CLIENTS, PROJECTS
    from claudetools.domains.memory import BindingCreate, bind
    from claudetools.kit.resource.declare import Resource
    from claudetools.kit.resource.write import create_row

    async def unit(session: AsyncSession) -> tuple[dict[str, UUID], dict[str, UUID]]:
        async def add(resource: Resource, **values: Any) -> UUID:
            body = resource.create.model_validate(values)
            row = await create_row(session, actor, resource, body.model_dump())
            return UUID(str(row.id))

        machines = {
            name: await add(MACHINES, hostname=name, fingerprint=f"demo-{name}", platform="linux")
            for name in story.MACHINES
        }
        clients = {}
        for customer in story.CUSTOMERS:
            values = dataclasses.asdict(customer)
            del values["projects"], values["facts"]
            client = clients[customer.name] = await add(CLIENTS, **values)
            for project in customer.projects:
                values = dataclasses.asdict(project)
                folder = values.pop("folder")
                id = await add(PROJECTS, client_id=client, local_paths=[folder], **values)
                await bind(session, actor, BindingCreate(client_id=client, project_id=id, cwd=folder))
        return clients, machines

    return await services.database.write(unit)


def _lines(past: story.Session) -> list[dict[str, Any]]:
    """Return a session as the client would have written it."""
    from claudetools.kit.clock import now

    at = now() - timedelta(days=past.days_ago)
    lines: list[dict[str, Any]] = []
    prompt = ""

    def add(kind: str, content: object, **more: Any) -> None:
        nonlocal at
        at += timedelta(seconds=40)
        id = str(uuid5(NAMESPACE_URL, f"{past.key}/{len(lines)}"))
        message = {"role": kind, "content": content, **({"id": f"msg_{id}"} if kind == "assistant" else {})}
        shared = {"uuid": id, "timestamp": at.isoformat(), "sessionId": past.key, "cwd": past.folder}
        lines.append({"type": kind, "message": message, **shared, **more})

    for number, step in enumerate(past.steps):
        tool_id = f"toolu_{past.key}_{number}"
        if step.kind == "prompt":
            prompt = str(uuid5(NAMESPACE_URL, f"{past.key}/prompt/{number}"))
            add("user", step.text, promptId=prompt)
        elif step.kind == "answer":
            add("assistant", [{"type": "text", "text": step.text}])
        else:
            is_edit = step.kind == "edit"
            given = {"file_path": step.text, "content": step.output} if is_edit else {"command": step.text}
            name = "Write" if is_edit else "Bash"
            add("assistant", [{"type": "tool_use", "id": tool_id, "name": name, "input": given}])
            done: object = {"stdout": step.output, "stderr": "", "interrupted": False}
            if is_edit:
                done = {"type": "create", "filePath": step.text, "content": step.output}
            elif step.failed:
                done = f"Error: {step.output}"
            result = {"type": "tool_result", "tool_use_id": tool_id, "content": step.output, "is_error": step.failed}
            add("user", [result], promptId=prompt, toolUseResult=done)
    return lines
