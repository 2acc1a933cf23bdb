"""The application, and a client whose credentials several people work with."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import Executable, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Base
from tests.fixtures.application import Application
from tests.fixtures.people import Caller, Person


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A client, the owner of the firm, and two technicians who work for the client with the same rights."""

    api: Application
    owner: Person
    first: Person
    second: Person
    client_id: str

    async def made(self, path: str, **body: Any) -> dict[str, Any]:
        """Create a record in the name of the owner."""
        reply = await self.owner.post(path, body)
        assert reply.status_code == 201, reply.text
        record: dict[str, Any] = reply.json()
        return record

    async def credential(self, name: str = "Firewall", **more: Any) -> dict[str, Any]:
        """Enter a credential of the client."""
        body = {"client_id": self.client_id, "kind": "password", "service_name": name, **more}
        return await self.made("/credentials", **body)

    async def revealer(self, *client_ids: str) -> Person:
        """Add a technician who may see the secrets of these clients, by default of the one."""
        return await self.api.people.add("technician", {UUID(id): "reveal" for id in client_ids or (self.client_id,)})

    async def reveal(self, person: Caller, credential: dict[str, Any], **more: Any) -> httpx2.Response:
        """Ask for the secrets of a credential."""
        return await person.post(f"/credentials/{credential['id']}/reveal", {"reason": "Ticket 1", **more})

    async def revealed(self, person: Caller, credential: dict[str, Any]) -> dict[str, str]:
        """Return the secrets of a credential."""
        reply = await self.reveal(person, credential)
        assert reply.status_code == 200, reply.text
        fields: dict[str, str] = reply.json()["fields"]
        return fields

    async def read(self, statement: Executable) -> list[Any]:
        """Return the rows that a statement finds in the database, past the API."""

        async def unit(session: AsyncSession) -> list[Any]:
            return list((await session.execute(statement)).all())

        return await self.api.services.database.read(unit)

    async def tamper(self, *statements: Executable) -> None:
        """Change the database past the service, as somebody does who can write to it."""

        async def unit(session: AsyncSession) -> None:
            for statement in statements:
                await session.execute(statement, execution_options={"synchronize_session": False})

        await self.api.services.database.write(unit)

    async def acts(self, credential: dict[str, Any], *actions: str) -> list[Any]:
        """Return the events of the audit trail about a credential that are of these actions, in their order."""
        events = Base.metadata.tables["audit_events"]
        query = select(events).where(events.c.record_id == UUID(credential["id"]), events.c.action.in_(actions))
        return await self.read(query.order_by(events.c.id))

    async def log(self, **params: Any) -> list[dict[str, Any]]:
        """Return entries of the credential audit log, the earliest first."""
        reply = await self.owner.get("/credential-audit-logs", params={"sort": "created_at", "limit": 500, **params})
        assert reply.status_code == 200, reply.text
        rows: list[dict[str, Any]] = reply.json()["items"]
        return rows

    async def grant(self, credential: dict[str, Any], level: str, *, to: Person | str) -> dict[str, Any]:
        """Give a person, or everybody in a role, a permission for a credential."""
        grantee = {"role": to} if isinstance(to, str) else {"grantee_id": str(to.id)}
        return await self.made("/credential-permissions", credential_id=credential["id"], level=level, **grantee)

    async def machine_token(self, person: Caller) -> Caller:
        """Make a token of a machine of that person, as Claude Code uses it."""
        machine = await person.post("/machines", {"hostname": "pc", "fingerprint": str(uuid4())})
        scopes = ["msp:read", "msp:write"]
        body = {"name": "pc", "kind": "machine", "machine_id": machine.json()["id"], "scopes": scopes}
        reply = await person.post("/api-tokens", body)
        assert reply.status_code == 201, reply.text
        return Caller(http=self.api.http, token=reply.json()["token"])


@pytest.fixture
async def vault(api: Application) -> Vault:
    owner = await api.people.add("owner")
    client_id = (await owner.post("/clients", {"name": "A"})).json()["id"]
    first, second = [await api.people.add("technician", {UUID(client_id): "write"}) for _ in range(2)]
    return Vault(api=api, owner=owner, first=first, second=second, client_id=client_id)
