"""What a session was given and used gains weight, what it never uses fades, and nobody floods either."""

from typing import Any
from uuid import UUID

import pytest

from claudetools.domains.memory.corrections.doubt import PATIENCE
from claudetools.domains.memory.learning_from_use.uses import MemoryUse
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, recall, remember

PLACE = {"cwd": "/srv/acme"}
FACT = "The voice VLAN on sw-core-01 is 340."
ASK = "Which voice VLAN does sw-core-01 use?"


@pytest.fixture
async def acme(firm: Firm) -> UUID:
    client = await firm.client("Acme")
    await firm.bind(client, **PLACE)
    return client


@pytest.fixture
async def machine(firm: Firm, acme: UUID) -> Machine:
    return await firm.machine(firm.owner, "ws-anna")


async def talk(machine: Machine, session: str, answer: str, *, ask: str = ASK, command: str = "") -> None:
    place = {"prompt_id": f"p-{session}", **PLACE}
    assert await machine.prompt(session, ask, **place)
    if command:
        call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": f"t-{session}"}
        await machine.hook("PostToolUse", session, tool_response={"stdout": "done", "stderr": ""}, **call, **place)
    await machine.hook("Stop", session, last_assistant_message=answer, **place)
    await machine.hook("SessionEnd", session, reason="other", **place)


async def read(firm: Firm, memory: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await firm.owner.get(f"/memory/{memory['id']}")).json()
    return found


async def test_what_an_answer_or_a_command_repeats_was_used(firm: Firm, acme: UUID, machine: Machine) -> None:
    memory = await remember(firm.owner, FACT, acme, kind="fact")
    await talk(machine, "s-1", "I do not know that switch, sorry.")
    after = await read(firm, memory)
    assert (after["usage_count"], after["unused_count"]) == (0, 1)
    await talk(machine, "s-2", "It is VLAN 340, as noted.")
    after = await read(firm, memory)
    assert (after["usage_count"], after["unused_count"]) == (1, 0)
    # What the person said themselves, or a tool told, proves nothing.
    await talk(machine, "s-3", "340 it is.", ask=f"{ASK} I think it is 340.")
    assert (await read(firm, memory))["usage_count"] == 1
    other = await remember(firm.owner, "The camera VLAN on sw-attic-02 is 560.", acme, kind="fact")
    ask = "Please name the camera VLAN of sw-attic-02."
    await talk(machine, "s-4", "Done.", ask=ask, command="ssh attic 'vlan 560 name cameras'")
    after = await read(firm, other)
    assert (after["usage_count"], after["unused_count"]) == (1, 0)


async def test_a_session_counts_once_however_often_it_is_told(firm: Firm, acme: UUID, machine: Machine) -> None:
    memory = await remember(firm.owner, FACT, acme, kind="fact")
    await talk(machine, "s-1", "It is VLAN 340, as noted.")
    for _ in range(2):
        await machine.hook("SessionEnd", "s-1", reason="other", **PLACE)
        said = {"id": "m-1", "role": "assistant", "content": [{"type": "text", "text": "VLAN 340."}]}
        line = {"type": "assistant", "uuid": "u-2", "promptId": "p-s-1", "timestamp": "2099-01-05T10:00:05Z"}
        piece = {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 90, **PLACE}
        await machine.send({**piece, "lines": [{**line, "message": said}]})
        assert (await read(firm, memory))["usage_count"] == 1
    await machine.tool("get_memory", id=memory["id"], session="s-1")
    assert (await read(firm, memory))["usage_count"] == 1
    assert len(await rows_of(firm.api, MemoryUse)) == 1
    # Opened where it was not repeated.
    await machine.prompt("s-2", ASK, **PLACE)
    for _ in range(2):
        await machine.tool("get_memory", id=memory["id"], session="s-2")
    await machine.hook("SessionEnd", "s-2", reason="other", **PLACE)
    after = await read(firm, memory)
    assert (after["usage_count"], after["unused_count"]) == (2, 0)


async def test_what_is_never_used_fades_unless_a_person_stands_for_it(firm: Firm, acme: UUID, machine: Machine) -> None:
    note = "The gateway of the {} branch stands in rack {}."
    names = {"plain": ("Kiel", 11), "pinned": ("Jena", 12), "confirmed": ("Ulm", 13)}
    made = {name: await remember(firm.owner, note.format(*what), acme) for name, what in names.items()}
    for name, change in (("pinned", {"is_pinned": True}), ("confirmed", {"is_confirmed": True})):
        assert (await firm.owner.patch(f"/memory/{made[name]['id']}", json=change)).status_code == 200

    async def parts() -> dict[str, float]:
        found = (await recall(firm.owner, "gateway branch rack", acme, budget_tokens=None))["items"]
        ids = {memory["id"]: name for name, memory in made.items()}
        told = {ids[item["id"]]: item["parts"] for item in found if item["id"] in ids}
        relevance = ("lexical", "semantic", "neighbours", "session")
        return {name: values["trust"] / sum(values[part] for part in relevance) for name, values in told.items()}

    before = await parts()
    for number in range(PATIENCE + 3):
        await talk(machine, f"s-{number}", "I will look it up elsewhere.", ask="gateway of the branch: which rack?")
    assert (await read(firm, made["plain"]))["unused_count"] == PATIENCE + 3
    after = await parts()
    assert after["plain"] < before["plain"] - 0.01
    assert after["pinned"] == pytest.approx(before["pinned"], abs=0.001)
    assert after["confirmed"] == pytest.approx(before["confirmed"], abs=0.001)
    assert (await firm.owner.patch(f"/memory/{made['plain']['id']}", json={"is_confirmed": True})).json()[
        "unused_count"
    ] == 0


async def test_a_vote_is_one_of_its_person_and_session(firm: Firm, acme: UUID, machine: Machine) -> None:
    memory = await remember(firm.owner, FACT, acme, kind="fact")
    await machine.prompt("s-1", ASK, **PLACE)

    async def vote(useful: bool, **more: str) -> tuple[int, int]:
        reply = await firm.owner.post(f"/memory/{memory['id']}/feedback", {"useful": useful, **more})
        assert reply.status_code == 200, reply.text
        return reply.json()["feedback"], reply.json()["usage_count"]

    assert [await vote(True) for _ in range(3)] == [(1, 1)] * 3
    assert await vote(True, session_id="s-1") == (2, 2)
    assert [await vote(False, session_id="s-1") for _ in range(2)] == [(0, 2)] * 2
    # A session that nobody knows is none.
    assert await vote(False, session_id="s-404") == (-2, 2)
    assert await vote(True) == (0, 2)
    technician = await firm.technician(acme)
    reply = await technician.post(f"/memory/{memory['id']}/feedback", {"useful": True, "session_id": "s-1"})
    assert reply.json()["feedback"] == 1
    assert (await firm.owner.delete(f"/memory/{memory['id']}")).status_code == 204
    assert await rows_of(firm.api, MemoryUse) == []
