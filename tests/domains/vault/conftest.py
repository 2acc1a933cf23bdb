"""The application, and a client whose credentials several people work with."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fixtures.application import Application, api, application
from tests.fixtures.people import Caller, Person

__all__ = ["api", "application"]


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
