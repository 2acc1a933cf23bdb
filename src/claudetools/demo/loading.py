"""Storing a plan through the same doors as real data."""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.demo.plan import OWNER, Draft, Person, Plan, Ref
from claudetools.domains import RESOURCES
from claudetools.domains.accounts import ClientAccess, Role, UserCreate, add_user
from claudetools.domains.clients import ClientTag, ProjectTag, TagLink, set_tags
from claudetools.domains.infra import InfrastructureTag
from claudetools.domains.memory import (
    BindingCreate,
    EventsRequest,
    RememberRequest,
    bind,
    index_missing,
    remember,
    take_in,
)
from claudetools.domains.work import SessionTag, WorkItemTag
from claudetools.kit.audit.trail import acting
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import values_of
from claudetools.kit.resource.scope import Actor
from claudetools.kit.resource.write import change_row, create_row
from claudetools.services import Services

TAG_LINKS: Mapping[str, type[TagLink]] = {
    "clients": ClientTag,
    "projects": ProjectTag,
    "infrastructure": InfrastructureTag,
    "sessions": SessionTag,
    "work-items": WorkItemTag,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was stored: the id of each record by its key in the plan, and how many there are of each resource."""

    ids: Mapping[str, UUID]
    counts: Counter[str]


async def load(services: Services, owner: Actor, plan: Plan, on_step: Callable[[], None] = lambda: None) -> Loaded:
    """Store a plan in the name of its people; `on_step` is called after each of `plan.size` things.

    Records are stored all or none. Memory of them, notes and told sessions follow: memory reads what is stored.

    Raises:
        Problem: a rule of the engine refuses a record: the plan is wrong, or there are such records already.
    """
    hashes = {person.key: await services.passwords.hash(secrets.token_urlsafe(32)) for person in plan.people}
    token = acting.set(owner)
    try:
        stored = await services.database.write(lambda session: _Loading(session, owner, on_step).run(plan, hashes))
        await index_missing(services.memory)
        await _load_memory(services, stored, plan, on_step)
    finally:
        acting.reset(token)
    return Loaded(stored.ids, plan.counts())


class _Loading:
    """One attempt to store the records: the ids of those stored so far, and who acts."""

    def __init__(self, session: AsyncSession, owner: Actor, on_step: Callable[[], None]) -> None:
        self.ids: dict[str, UUID] = {}
        self.actors = {OWNER: owner}
        self._session = session
        self._on_step = on_step
        self._resources = {resource.name: resource for resource in RESOURCES}

    async def run(self, plan: Plan, hashes: Mapping[str, str]) -> "_Loading":
        """Store people, records and folders, and return this."""
        for person in plan.people:
            await self._add_person(person, hashes[person.key])
        for draft in plan.drafts:
            await self._add_record(draft)
        for folder in plan.folders:
            body = {"client_id": folder.client, "project_id": folder.project, "cwd": folder.path}
            await bind(self._session, self.actors[OWNER], BindingCreate.model_validate(self.resolved(body)))
            self._on_step()
        return self

    def resolved(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return `values` with ids in the place of references."""
        return {name: self.ids[value.key] if isinstance(value, Ref) else value for name, value in values.items()}

    async def _add_person(self, person: Person, password_hash: str) -> None:
        body = UserCreate.model_validate(
            {
                "email": person.email,
                "display_name": person.name,
                "password": secrets.token_urlsafe(32),
                "role": Role.TECHNICIAN,
                "client_access": ClientAccess.ALL,
            }
        )
        user = await add_user(self._session, body, password_hash)
        self.ids[person.key] = user.id
        self.actors[person.key.partition("/")[2]] = replace(
            self.actors[OWNER], user_id=user.id, email=user.email, display_name=user.display_name, role=user.role.value
        )
        self._on_step()

    async def _add_record(self, draft: Draft) -> None:
        resource, actor = self._resources[draft.resource], self.actors[draft.by]
        values = values_of(resource.create.model_validate(self.resolved(draft.values)))
        times = {"created_at": draft.at, "updated_at": draft.at} if draft.at else {}
        # What the service keeps comes last: setting a status, for one, sets when that was.
        row = await create_row(self._session, actor, resource, values | times | self.resolved(draft.kept))
        self.ids[draft.key] = row.id
        if draft.tags:
            tags = [self.ids[f"tag/{name}"] for name in draft.tags]
            await set_tags(self._session, actor, TAG_LINKS[draft.resource], row.id, tags)
        if draft.then is not None:
            await self._change(resource, row.id, draft.then)
        self._on_step()

    async def _change(self, resource: Resource, id: UUID, given: Mapping[str, Any]) -> None:
        body = resource.change.model_validate(self.resolved(given))
        values = values_of(body, only_given=True)
        await change_row(self._session, self.actors[OWNER], resource, id, values, None)


async def _load_memory(services: Services, stored: _Loading, plan: Plan, on_step: Callable[[], None]) -> None:
    for note in plan.notes:
        body = {"text": note.text, "kind": note.kind, "tags": list(note.tags), "client_id": stored.ids[note.client.key]}
        await remember(services.memory, stored.actors[note.by], RememberRequest.model_validate(body))
        on_step()
    for told in plan.told:
        actor = replace(stored.actors[told.by], machine_id=stored.ids[told.machine.key])
        size = sum(len(str(line)) for line in told.lines)
        chunk = {"key": told.key, "session_id": told.key, "offset": 0, "next_offset": size, "cwd": told.folder}
        request = EventsRequest.model_validate({"transcripts": [{**chunk, "lines": list(told.lines)}]})
        await take_in(services.memory, actor, request.transcripts[0])
        on_step()
