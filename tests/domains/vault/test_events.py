"""What is done with secrets is in the audit trail: one event for each act, in the name of who did it (A11)."""

from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import select

from claudetools.kit.db.base import Base
from tests.domains.vault.conftest import Vault

EVENTS = Base.metadata.tables["audit_events"]
NEW = "a password Harbor-48" + "21"


async def events_of(vault: Vault, reply: httpx2.Response) -> list[tuple[str, str, UUID | None]]:
    assert reply.status_code < 300, reply.text
    query = select(EVENTS).where(EVENTS.c.request_id == reply.headers["x-request-id"]).order_by(EVENTS.c.id)
    return [(event.action, event.resource, event.user_id) for event in await vault.read(query)]


async def test_a11_each_act_with_a_secret_is_one_event(vault: Vault) -> None:
    credential = await vault.credential(password=NEW, totp_seed="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    path, why, owner = f"/credentials/{credential['id']}", {"reason": "Ticket 1"}, vault.owner

    async def one(reply: httpx2.Response, action: str, user: UUID | None = owner.id, of: str = "credentials") -> Any:
        assert await events_of(vault, reply) == [(action, of, user)]
        return reply.json() if reply.content else None

    await one(await owner.post(f"{path}/reveal", why), "reveal")
    await one(await owner.get(f"{path}/totp"), "use")
    await one(await owner.post(f"{path}/use", why | {"field": "password"}), "use")
    await one(await owner.post(f"{path}/rotate", why | {"password": NEW + "2"}), "rotate")
    await one(await owner.post(f"{path}/versions/1/restore", why), "restore")
    shared = await one(await owner.post(f"{path}/share", why), "share")
    await one(await vault.api.anonymous.post("/shares/claim", {"secret": shared["secret"]}), "reveal", None)
    other = await one(await owner.post(f"{path}/share", why), "share")
    await one(await owner.delete(f"{path}/shares/{other['id']}"), "share")
    await one(await owner.patch(path, {"password": NEW + "3"}), "change")


async def test_z6_a_move_is_an_event_of_both_clients(vault: Vault) -> None:
    credential = await vault.credential(password=NEW)
    other = (await vault.made("/clients", name="Other"))["id"]
    reply = await vault.owner.post(f"/credentials/{credential['id']}/move", {"client_id": other, "reason": "Sold"})
    assert reply.status_code == 200, reply.text
    query = select(EVENTS).where(EVENTS.c.request_id == reply.headers["x-request-id"])
    assert {event.client_id for event in await vault.read(query)} == {UUID(vault.client_id), UUID(other)}
