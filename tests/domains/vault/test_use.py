"""Using a secret for a command: who may, what is recorded before it leaves, and what a person has to approve."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import OperationalError

from claudetools.domains.vault import Credential
from claudetools.domains.vault.approvals import MOST_WAITING, WAITS, UseRequest
from claudetools.domains.vault.main_fields import MAIN_FIELDS
from claudetools.domains.vault.secret_fields import SECRET_FIELDS
from claudetools.kit.audit import trail
from claudetools.kit.clock import now
from tests.contract.problems import problem, told
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Caller, Person

SECRET = "canary Harbor-48" + "21!"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Agent:
    """A program on a machine of a technician who may see the client's secrets, and a credential that it may use."""

    def __init__(self, vault: Vault, owner: Person, caller: Caller, credential: dict[str, Any]) -> None:
        self.vault, self.owner, self.caller, self.credential = vault, owner, caller, credential

    async def use(self, caller: Caller | None = None, **more: Any) -> httpx2.Response:
        body = {"reason": "Look at slow queries", "command": "psql", "host": "pc", **more}
        return await (caller or self.caller).post(f"/credentials/{self.credential['id']}/use", body)

    async def asked(self) -> str:
        reply = await self.use()
        assert reply.status_code == 202, reply.text
        assert reply.json()["value"] is None
        id: str = reply.json()["approval"]["id"]
        return id

    async def answered(self, id: str, answer: str, by: Caller | None = None) -> httpx2.Response:
        return await (by or self.owner).post(f"/credential-use-requests/{id}/{answer}")

    async def age(self, id: str, by: timedelta) -> None:
        earlier = update(UseRequest).where(UseRequest.id == UUID(id)).values(expires_at=now() - by)
        await self.vault.tamper(earlier)


NewAgent = Callable[..., Any]


@pytest.fixture
def new_agent(vault: Vault) -> NewAgent:
    """Function that returns an agent; what it is given are fields of the credential."""

    async def make(**fields: Any) -> Agent:
        owner = await vault.revealer()
        credential = await vault.credential(**{"password": SECRET, "allows_agents": True, **fields})
        return Agent(vault, owner, await vault.machine_token(owner), credential)

    return make


async def test_a_program_uses_what_is_open_to_programs(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent()
    reply = await agent.use()
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json() == {
        "credential_id": agent.credential["id"],
        "version": 1,
        "field": "password",
        "value": SECRET,
        "approval": None,
    }
    (event,) = await vault.acts(agent.credential, "use")
    assert event.machine_id is not None
    assert event.request_id == reply.headers["x-request-id"]
    assert (event.after["reason"], event.after["command"], event.after["host"]) == (
        "Look at slow queries",
        "psql",
        "pc",
    )
    (entry,) = await vault.log(action="use")
    assert entry["machine_id"] == str(event.machine_id)
    assert entry["request_id"] == reply.headers["x-request-id"]
    assert SECRET not in f"{event}{entry}"


async def test_people_use_what_they_may_reveal(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(allows_agents=False, agent_approval=True)
    assert (await agent.use(agent.owner)).json()["value"] == SECRET
    token = await vault.api.people.token(agent.owner, "msp:read", "credentials:reveal")
    assert (await agent.use(token)).json()["value"] == SECRET
    without = await vault.api.people.token(agent.owner, "msp:read")
    problem(await agent.use(without), 403)
    problem(await agent.use(vault.first), 403)


@pytest.mark.parametrize("fields", [{"allows_agents": False}, {"is_active": False}, {"is_restricted": True}])
async def test_a_program_uses_nothing_else(vault: Vault, new_agent: NewAgent, fields: dict[str, Any]) -> None:
    agent = await new_agent(**fields)
    if fields.get("is_restricted"):
        await vault.grant(agent.credential, "view", to=agent.owner)
    reply = await agent.use()
    problem(reply, 403)
    assert SECRET not in reply.text
    assert not await vault.acts(agent.credential, "use")
    (denied,) = await vault.log(action="denied")
    assert denied["machine_id"] is not None


async def test_a_permission_to_reveal_opens_a_restricted_credential_to_the_owners_programs(
    vault: Vault, new_agent: NewAgent
) -> None:
    agent = await new_agent(is_restricted=True)
    problem(await agent.use(), 404)
    await vault.grant(agent.credential, "reveal", to=agent.owner)
    assert (await agent.use()).json()["value"] == SECRET


async def test_z1_what_its_owner_may_not_see_a_program_may_not_use(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent()
    problem(await agent.use(await vault.machine_token(vault.first)), 403)
    other = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    stranger = await vault.machine_token(await vault.revealer(other))
    foreign = await agent.use(stranger)
    agent.credential = {"id": "0199a5f2-7c11-7d5e-8b1a-0123456789ab"}
    assert told(problem(foreign, 404)) == told(problem(await agent.use(stranger), 404))


async def test_z7_a_right_that_was_just_taken_is_not_there_any_more(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent()
    assert (await agent.use()).status_code == 200
    await vault.tamper(text("UPDATE user_client_access SET level = 'write'"))
    problem(await agent.use(), 403)


async def test_a_program_never_reveals(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent()
    problem(await vault.reveal(agent.caller, agent.credential), 403)


async def test_a9_nothing_leaves_when_its_use_cannot_be_recorded(
    vault: Vault, new_agent: NewAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await new_agent()

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("the disk is full"))

    monkeypatch.setattr(trail, "note", fail)
    reply = await agent.use()
    problem(reply, 503)
    assert SECRET not in reply.text
    assert not await vault.log(action="use")


@pytest.mark.parametrize("kind", list(MAIN_FIELDS))
async def test_the_main_secret_of_each_kind(new_agent: NewAgent, kind: str) -> None:
    secrets = {name: SEED if name == "totp_seed" else f"canary {name}" for name in SECRET_FIELDS}
    agent = await new_agent(kind=kind, **{**secrets, "password": "canary password"})
    given = (await agent.use()).json()
    assert given["field"] == MAIN_FIELDS[kind]  # type: ignore[index]
    if kind == "totp":
        assert len(given["value"]) == 6
        assert given["value"].isdecimal()
    else:
        assert given["value"] == f"canary {given['field']}"
    assert (await agent.use(field="api_key")).json()["value"] == "canary api_key"


async def test_which_secret_is_meant_is_asked_where_it_is_open(new_agent: NewAgent) -> None:
    only = await new_agent(kind="api_key")
    assert (await only.use()).json()["field"] == "password"
    several = await new_agent(kind="api_key", token="canary token")
    assert problem(await several.use(), 422)["errors"][0]["pointer"] == "/field"
    assert problem(await several.use(field="client_id"), 422)["errors"][0]["pointer"] == "/field"
    none = await new_agent(password=None)
    problem(await none.use(), 422)


async def test_a_reason_is_asked_for_and_kept_without_secrets(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent()
    problem(await agent.use(reason=""), 422)
    problem(await agent.use(host="x" * 201), 422)
    await agent.use(reason="psql postgres://erp:Tr0ub4dor-3xyz@db/erp", command="mysql -pTr0ub4dor-3xyz")
    (event,) = await vault.acts(agent.credential, "use")
    assert "Tr0ub4dor-3xyz" not in str(event.after)


async def test_z10_programs_are_limited_too_and_do_not_use_up_what_their_owner_may(
    vault: Vault, new_agent: NewAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await new_agent()
    monkeypatch.setitem(vault.api.services.database.services, "most disclosures", 3)
    assert [(await agent.use()).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert await vault.revealed(agent.owner, agent.credential) == {"password": SECRET}


async def test_an_approval_lets_a_program_use_a_secret_once(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    assert not await vault.acts(agent.credential, "use")
    (waiting,) = (await agent.owner.get("/credential-use-requests", params={"state": "pending"})).json()["items"]
    assert (waiting["id"], waiting["command"], waiting["reason"]) == (id, "psql", "Look at slow queries")
    assert timedelta(minutes=4) < datetime.fromisoformat(waiting["expires_at"]) - now() <= WAITS
    problem(await agent.use(approval_id=id), 403)
    assert (await agent.answered(id, "approve")).json()["state"] == "approved"
    assert (await agent.caller.get(f"/credential-use-requests/{id}")).json()["state"] == "approved"
    assert (await agent.use(approval_id=id)).json()["value"] == SECRET
    problem(await agent.use(approval_id=id), 403)
    assert (await agent.owner.get(f"/credential-use-requests/{id}")).json()["state"] == "used"
    (event,) = await vault.acts(agent.credential, "use")
    assert event.after["approval_id"] == id
    (approved,) = await vault.acts({"id": id}, "approve")
    assert approved.user_id == agent.owner.id


async def test_twenty_uses_at_once_of_one_approval_are_one(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    await agent.answered(id, "approve")
    replies = await asyncio.gather(*(agent.use(approval_id=id) for _ in range(20)))
    assert sorted(reply.status_code for reply in replies) == [200] + [403] * 19
    assert len(await vault.acts(agent.credential, "use")) == 1


async def test_a_request_that_nobody_answers_is_over(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    await agent.age(id, timedelta())
    assert (await agent.caller.get(f"/credential-use-requests/{id}")).json()["state"] == "expired"
    problem(await agent.answered(id, "approve"), 409)
    problem(await agent.use(approval_id=id), 403)
    assert await agent.asked() != id
    for state, ids in (("expired", [id]), ("approved", [])):
        items = (await agent.owner.get("/credential-use-requests", params={"state": state})).json()["items"]
        assert [each["id"] for each in items] == ids


async def test_an_approval_that_is_not_used_in_time_is_over(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    await agent.answered(id, "approve")
    await agent.age(id, timedelta())
    problem(await agent.use(approval_id=id), 403)
    assert not await vault.acts(agent.credential, "use")


async def test_what_is_denied_stays_denied(new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    assert (await agent.answered(id, "deny")).json()["state"] == "denied"
    problem(await agent.answered(id, "approve"), 409)
    problem(await agent.use(approval_id=id), 403)


async def test_an_approval_is_for_one_token_one_credential_and_one_secret(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True, api_key="canary key")
    id = await agent.asked()
    await agent.answered(id, "approve")
    problem(await agent.use(approval_id=id, field="api_key"), 403)
    problem(await agent.use(await vault.machine_token(agent.owner), approval_id=id), 403)
    other = await vault.credential("Other", password=SECRET, allows_agents=True, agent_approval=True)
    mine, agent.credential = agent.credential, other
    problem(await agent.use(approval_id=id), 403)
    agent.credential = mine
    assert (await agent.use(approval_id=id)).status_code == 200


async def test_only_people_who_may_see_the_secret_answer(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    other = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    for who, status in (
        (agent.caller, 403),
        (await vault.machine_token(vault.owner), 404),
        (vault.first, 404),
        (await vault.revealer(other), 404),
        (await vault.api.people.token(agent.owner, "msp:read"), 404),
    ):
        for answer in ("approve", "deny"):
            problem(await agent.answered(id, answer, by=who), status)
    for who in (vault.first, await vault.machine_token(vault.owner)):
        problem(await who.get(f"/credential-use-requests/{id}"), 404)
        assert (await who.get("/credential-use-requests")).json() == {"items": []}
    assert (await agent.caller.get(f"/credential-use-requests/{id}")).json()["state"] == "pending"
    assert (await agent.answered(id, "approve", by=await vault.revealer())).status_code == 200


async def test_a_request_is_made_once_and_there_are_not_too_many(
    vault: Vault, new_agent: NewAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await new_agent(agent_approval=True, api_key="canary key", token="canary token")
    assert await agent.asked() == await agent.asked()
    monkeypatch.setattr("claudetools.domains.vault.approvals.MOST_WAITING", 2)
    assert MOST_WAITING > 2
    assert (await agent.use(field="api_key")).status_code == 202
    problem(await agent.use(field="token"), 429)


async def test_approval_does_not_go_beyond_the_policy(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    await agent.answered(id, "approve")
    await vault.owner.patch(f"/credentials/{agent.credential['id']}", {"allows_agents": False})
    problem(await agent.use(approval_id=id), 403)


async def test_a_program_does_not_change_the_policy(new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    problem(await agent.caller.patch(f"/credentials/{agent.credential['id']}", {"agent_approval": False}), 403)


async def test_requests_go_with_their_credential(vault: Vault, new_agent: NewAgent) -> None:
    agent = await new_agent(agent_approval=True)
    id = await agent.asked()
    await vault.tamper(delete(Credential).where(Credential.id == UUID(agent.credential["id"])))
    problem(await agent.owner.get(f"/credential-use-requests/{id}"), 404)
