"""The counts of each day and client: failures, repeats, warnings, and whether those helped."""

from typing import Any
from uuid import UUID

from claudetools.domains.memory import LearningCounts
from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.kit.clock import now
from tests.fixtures.application import Application
from tests.fixtures.people import Person
from tests.memory.firm import Firm, Machine, remember

PLACE = {"cwd": "/srv/acme"}
FAILING = "robocopy C:\\data \\\\fs01\\data /MIR"
ASK = "Does robocopy /MIR to fs01 fail with access is denied?"


async def ask(machine: Machine, name: str) -> None:
    assert "robocopy" in await machine.prompt(name, ASK, prompt_id=f"p-{name}", **PLACE)


async def run(machine: Machine, name: str, command: str, *, fails: bool) -> None:
    place = {"prompt_id": f"p-{name}", **PLACE}
    call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": f"t-{name}"}
    event, more = ("PostToolUseFailure", {"error": "Access is denied."}) if fails else ("PostToolUse", {})
    await machine.hook(event, name, tool_response={"stdout": "", "stderr": ""}, **more, **call, **place)
    await machine.hook("SessionEnd", name, reason="other", **place)


async def metrics(owner: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await owner.get("/learning-metrics")).json()["items"]
    return found


async def test_a_day_is_counted_and_counting_again_changes_nothing(api: Application) -> None:
    firm = await Firm.of(api)
    client = await firm.client("Acme")
    await firm.bind(client, **PLACE)
    machine = await firm.machine(firm.owner)
    for message in ("Access is denied.", "Access is denied.", "The network path was not found."):
        body = {"operation": FAILING, "error_message": message, "client_id": str(client)}
        assert (await firm.owner.post("/operation-failures", body)).status_code == 201
    warning = f"`{FAILING}` fails on fs01 (Access is denied); nothing that worked instead was seen"
    memory = await remember(firm.owner, warning, client)

    async def make_warning(session: Any) -> None:
        item = await session.get(MemoryItem, UUID(memory["id"]))
        item.kind, item.change_sequence = "failure", await next_change(session)

    await api.services.database.write(make_warning)
    for name in ("s-1", "s-2"):
        await ask(machine, name)
    await run(machine, "s-1", "robocopy /B elsewhere", fails=False)
    await run(machine, "s-2", FAILING, fails=True)
    counts = LearningCounts(api.services.database)
    await counts.count({})
    (row,) = await metrics(firm.owner)
    expected = {"failures": 3, "repeats": 1, "warnings_given": 2, "warnings_heeded": 1}
    assert {name: row[name] for name in expected} == expected
    assert (row["client_id"], row["measured_on"]) == (str(client), now().date().isoformat())
    await counts.count({})
    assert await metrics(firm.owner) == [row]
