"""What the model gets of a credential over MCP: how to run a command with it, never the secret."""

from typing import Any

import pytest

from claudetools.kit.crypto import envelope
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Caller
from tests.fixtures.statements import statements
from tests.memory.firm import call_tool

SECRET = "canary Harbor-48" + "21!"


async def told(vault: Vault, caller: Caller, what: str, client: str | None = "A") -> str:
    text, is_error = await call_tool(caller, "use_credential", {"what": what, "client": client})
    assert not is_error, text
    assert "canary" not in text
    return text


async def test_a_handle_says_how_to_run_a_command(vault: Vault) -> None:
    agent = await vault.machine_token(await vault.revealer())
    made = await vault.credential(
        "ERP database", username="erp", url="https://db.a.example/erp", password=SECRET, allows_agents=True
    )
    await vault.credential("Wi-Fi", password=SECRET, allows_agents=True)
    text = await told(vault, agent, "database of the ERP")
    assert f"claudetools exec --secret PASSWORD=cred:{made['id']} --reason" in text
    assert "User name: erp" in text
    assert "Address: https://db.a.example/erp" in text
    assert "approve" not in text
    assert "Wi-Fi" not in text
    (entry,) = await vault.log(action="view")
    assert (entry["credential_id"], entry["reason"]) == (made["id"], "Handle")
    assert not await vault.acts(made, "use", "reveal")


async def test_the_best_comes_first_and_by_every_name(vault: Vault) -> None:
    agent = await vault.machine_token(await vault.revealer())
    host = await vault.made("/infrastructure", client_id=vault.client_id, hostname="fw01", asset_type="firewall")
    for name, more in {
        "Firewall": {"infrastructure_id": host["id"], "port": 8443},
        "Firewall of the branch office": {},
    }.items():
        await vault.credential(name, password=SECRET, allows_agents=True, **more)
    text = await told(vault, agent, "firewall")
    assert text.index("Firewall\n") < text.index("Firewall of the branch office")
    assert "Address: fw01:8443" in await told(vault, agent, "fw01")
    assert "no credential for this" in await told(vault, agent, "mail")


async def test_a_handle_says_that_a_person_has_to_approve(vault: Vault) -> None:
    agent = await vault.machine_token(await vault.revealer())
    await vault.credential("ERP", password=SECRET, allows_agents=True, agent_approval=True)
    assert "A person has to approve each run" in await told(vault, agent, "ERP")


@pytest.mark.parametrize("fields", [{"allows_agents": False}, {}])
async def test_what_a_program_may_not_use_has_no_handle(vault: Vault, fields: dict[str, Any]) -> None:
    owner = await vault.revealer() if fields else vault.first
    await vault.credential("ERP", **{"password": SECRET, "allows_agents": True, **fields})
    text = await told(vault, await vault.machine_token(owner), "ERP")
    assert "Programs may not use it" in text
    assert "cred:" not in text
    assert not await vault.log(action="view")


async def test_m3_other_clients_credentials_are_as_good_as_none(vault: Vault) -> None:
    other = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    await vault.credential("ERP", password=SECRET, allows_agents=True)
    agent = await vault.machine_token(await vault.revealer(vault.client_id, other))
    assert "no credential for this" in await told(vault, agent, "ERP", "B")
    stranger = await vault.machine_token(await vault.revealer(other))
    for caller, named in ((agent, {}), (stranger, {}), (stranger, {"client": "A"})):
        text, is_error = await call_tool(caller, "use_credential", {"what": "ERP", **named})
        assert is_error
        assert "cred:" not in text


async def test_restricted_ones_are_not_there(vault: Vault) -> None:
    await vault.credential("ERP", password=SECRET, allows_agents=True, is_restricted=True)
    agent = await vault.machine_token(await vault.revealer())
    assert "no credential for this" in await told(vault, agent, "ERP")


async def test_what_makes_handles_cannot_read_a_secret(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await vault.credential("ERP", password=SECRET, allows_agents=True)
    agent = await vault.machine_token(await vault.revealer())
    database = vault.api.services.database
    monkeypatch.delitem(database.services, envelope.SERVICE)
    with statements(database) as sent:
        assert made["id"] in await told(vault, agent, "ERP")
    assert not any("_encrypted" in statement for statement in sent)
