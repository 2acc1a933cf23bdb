"""Makes a client's records through the API."""

from dataclasses import dataclass
from typing import Any

from tests.fixtures.people import Caller

Record = dict[str, Any]


async def made(caller: Caller, path: str, **body: Any) -> Record:
    """Create a record as `caller` and return it."""
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: Record = reply.json()
    return record


async def answer(caller: Caller, path: str, **params: Any) -> Any:
    """Return what a report says."""
    reply = await caller.get(path, params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


@dataclass(frozen=True)
class Office:
    """A client, and what makes its records."""

    caller: Caller
    client: Record

    async def add(self, path: str, **body: Any) -> Record:
        """Create a record that belongs to the client."""
        return await made(self.caller, path, client_id=self.client["id"], **body)

    async def machine(self, hostname: str, **more: Any) -> Record:
        """Create a piece of equipment."""
        return await self.add("/infrastructure", hostname=hostname, **{"asset_type": "physical_server", **more})

    async def service(self, machine: Record, name: str, criticality: str = "medium", **more: Any) -> Record:
        """Create a service on a machine."""
        body = {"infrastructure_id": machine["id"], "name": name, "criticality": criticality, **more}
        return await made(self.caller, "/services", **body)

    async def rule(self, machine: Record, name: str, order: int, **more: Any) -> Record:
        """Create a firewall rule."""
        body = {"infrastructure_id": machine["id"], "name": name, "order": order, "action": "allow", **more}
        return await made(self.caller, "/firewall-rules", **body)

    async def relate(self, start: Record, kind: str, end: Record) -> Record:
        """Say what one service is to another."""
        body = {"from_service_id": start["id"], "type": kind, "to_service_id": end["id"]}
        return await made(self.caller, "/service-relationships", **body)


async def office(caller: Caller, name: str = "Acme", **more: Any) -> Office:
    """Create a client."""
    return Office(caller, await made(caller, "/clients", name=name, **more))
