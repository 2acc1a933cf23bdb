"""Two clients, an owner, and technicians of the first client: the setting of the contract tests."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains import RESOURCES
from claudetools.domains.clients import Client
from claudetools.kit.ids import new_id
from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.bodies import APPOINTED, Maker, identified, is_creatable, references
from tests.fixtures.application import Application
from tests.fixtures.people import Person


def role_for(resource: Resource) -> str:
    """Return the least role that may read and write `resource`."""
    scopes = {resource.scope(verb) for verb in resource.verbs | {Verb.CREATE}}
    return "admin" if resource.name in APPOINTED or scopes & {"msp:admin", "audit:read"} else "technician"


@dataclass(frozen=True, kw_only=True, repr=False)
class World:
    """Clients A and B. The owner works for both, the technician only for A."""

    api: Application
    owner: Person
    technician: Person
    a: UUID
    b: UUID
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def local(self, resource: Resource) -> Person:
        """Return somebody who works only for A and may change `resource`: the technician, or else an administrator."""
        role = role_for(resource)
        return self.technician if role == "technician" else await self.api.people.add(role, {self.a: "write"})

    def maker(self, client: UUID | None = None, caller: Person | None = None) -> Maker:
        """Return what makes records of a client, by default of A in the name of the owner."""
        return Maker(caller or self.owner, str(client or self.a), self.numbers, self.api.services.database)


@pytest.fixture
async def world(api: Application) -> World:
    a, b = new_id(), new_id()

    async def unit(session: AsyncSession) -> tuple[Person, Person]:
        session.add_all([Client(id=a, name="Client A"), Client(id=b, name="Client B")])
        owner = await api.people.added(session, "owner")
        return owner, await api.people.added(session, "technician", {a: "write"})

    owner, technician = await api.services.database.write(unit)
    return World(api=api, owner=owner, technician=technician, a=a, b=b)


CHOICES: dict[str, Callable[[Resource], bool]] = {
    "resource": lambda resource: True,
    "creatable": is_creatable,
    "changeable": lambda resource: Verb.CHANGE in resource.verbs,
    "replaceable": lambda resource: Verb.REPLACE in resource.verbs,
    "deletable": lambda resource: Verb.DELETE in resource.verbs,
    "tracked": lambda resource: Verb.HISTORY in resource.verbs,
    "bulky": lambda resource: Verb.BULK in resource.verbs,
    "exportable": lambda resource: Verb.EXPORT in resource.verbs,
    "importable": lambda resource: Verb.IMPORT in resource.verbs,
    "keyed": lambda resource: bool(resource.key) and Verb.IMPORT in resource.verbs,
    "searchable": lambda resource: bool(resource.searches),
    "owned": lambda resource: "client_id" in resource.model.__table__.c,
    "referring": lambda resource: bool(references(resource)) and Verb.CREATE in resource.verbs,
    "identifiable": lambda resource: bool(identified(resource)) and is_creatable(resource),
    "owned_creatable": lambda resource: "client_id" in resource.model.__table__.c and is_creatable(resource),
}
"""Names of arguments: a test with one of them runs for every resource of that kind."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for every resource of the kind that it asks for."""
    for name, is_chosen in CHOICES.items():
        if name in metafunc.fixturenames:
            chosen = [resource for resource in RESOURCES if is_chosen(resource)]
            metafunc.parametrize(name, chosen, ids=[resource.name for resource in chosen])
