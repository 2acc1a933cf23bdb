"""What a session begins with, what its prompts are given, and in which form."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from claudetools.domains.memory import answer_event
from claudetools.domains.memory.capturing import hooks
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.recalling.packing import count_tokens
from claudetools.kit.clock import now
from claudetools.kit.problems import Unavailable
from tests.fixtures.people import Person
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, call_tool, context_in, hook_tool, ingest, recall, remember

FOLDER = "/srv/acme"
ABOUT = "Why did the nightly backup of nw-sql-02 fail?"
UNRELATED = "Write a haiku about the sea."
NOTE = "The nightly backup of nw-sql-02 failed because the NAS share was full."


@pytest.fixture
async def client(firm: Firm) -> UUID:
    client = await firm.client("Acme")
    await firm.bind(client, cwd=FOLDER)
    return client


@pytest.fixture
async def machine(firm: Firm, client: UUID) -> Machine:
    return await firm.machine(await firm.technician(client))


async def made(person: Person, path: str, **body: Any) -> dict[str, Any]:
    reply = await person.post(
        path, {key: str(value) if isinstance(value, UUID) else value for key, value in body.items()}
    )
    assert reply.status_code == 201, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def test_a_session_begins_with_where_the_project_stands(firm: Firm) -> None:
    acme = await firm.client("Acme Two")
    project = await firm.project(acme, "migration")
    other = await firm.project(acme, "other")
    await firm.bind(acme, cwd="/srv/two", project_id=str(project))
    machine = await firm.machine(firm.owner)
    state = {"summary": "The mailboxes are half moved.", "blockers": ["The licence is missing."]}
    await made(firm.owner, "/project-states", project_id=project, **state)
    await made(firm.owner, "/project-states", project_id=other, summary="Something else altogether.")
    here: dict[str, Any] = {"client": acme, "project_id": str(project)}
    await remember(firm.owner, "The change window is closed until Friday.", kind="blocker", **here)
    await remember(firm.owner, "We move the archive last, because it is read seldom.", kind="decision", **here)
    await remember(firm.owner, "Tell the office about the new address book.", kind="todo", **here)
    text = await machine.prompt("s-1", "Where were we?", cwd="/srv/two")
    for part in ("half moved", "licence is missing", "closed until Friday", "archive last", "address book"):
        assert part in text
    assert "altogether" not in text
    assert text.index("half moved") < text.index("archive last") < text.index("address book")
    assert count_tokens(text) <= 800
    assert "half moved" not in await machine.prompt("s-1", "And the archive, is it read seldom?", cwd="/srv/two")
    answer = await machine.hook("SessionStart", "s-1", source="compact", cwd="/srv/two")
    assert "half moved" in str(answer)


async def test_confirmed_constraints_of_the_hosts_named_are_given(firm: Firm, client: UUID, machine: Machine) -> None:
    host = await made(
        firm.owner,
        "/infrastructure",
        client_id=client,
        hostname="nw-sql-02",
        asset_type="virtual_machine",
        known_limits=["No outbound internet."],
    )
    insight = {"category": "command_constraints", "description": "Only Windows PowerShell 5 runs there."}
    here = {"client_id": client, "infrastructure_id": host["id"]}
    await made(firm.owner, "/environmental-insights", title="Old shell", confidence="confirmed", **insight, **here)
    guess = {**insight, "description": "It may dislike reboots."}
    await made(firm.owner, "/environmental-insights", title="Guess", confidence="suspected", **guess, **here)
    given = await machine.prompt("s-1", "Restart the agent on nw-sql-02.", cwd=FOLDER)
    assert "nw-sql-02: No outbound internet." in given
    assert "Only Windows PowerShell 5 runs there." in given
    assert "dislike reboots" not in given
    # The record itself, which says more, may still be given where it answers a prompt.
    assert "nw-sql-02: No outbound" not in await machine.prompt("s-1", "Restart nw-sql-02 again.", cwd=FOLDER)
    assert await machine.prompt("s-2", "Restart the agent on nw-sql-03.", cwd=FOLDER) == ""


async def test_locks_of_others_on_what_a_prompt_names_are_given(firm: Firm, client: UUID, machine: Machine) -> None:
    ends = (now() + timedelta(hours=1)).isoformat()
    lock = {"client_id": client, "reason": "Patching.", "expires_at": ends}
    await made(firm.owner, "/locks", target="nw-sql-02", **lock)
    await made(firm.owner, "/locks", target="nw-web-01", **lock)
    given = await machine.prompt("s-1", "Restart the agent on nw-sql-02.", cwd=FOLDER)
    assert "Locked until" in given
    assert "Patching." in given
    assert "nw-web-01" not in given
    own = await firm.machine(firm.owner)
    assert await own.prompt("s-1", "Restart the agent on nw-sql-02.", cwd=FOLDER) == ""


async def test_unread_messages_to_the_person_are_given_once_a_session(firm: Firm, client: UUID) -> None:
    other = await firm.client("Globex")
    person = await firm.technician(client, other)
    reader, machine = str(person.id), await firm.machine(person)
    mine = await made(firm.owner, "/messages", recipient_user_id=reader, subject="Call Ben", body="He asked twice.")
    await made(firm.owner, "/messages", recipient_user_id=reader, client_id=other, body="Globex moves on Monday.")
    await made(firm.owner, "/messages", body="Cake in the kitchen for everybody.")
    given = await machine.prompt("s-1", UNRELATED, cwd=FOLDER)
    assert "Call Ben: He asked twice." in given
    assert "Globex" not in given
    assert "Cake" not in given
    assert count_tokens(given) <= 200
    assert await machine.prompt("s-1", UNRELATED, cwd=FOLDER) == ""
    assert (await machine.caller.post(f"/messages/{mine['id']}/read", {})).status_code == 200
    assert await machine.prompt("s-2", UNRELATED, cwd=FOLDER) == ""
    colleague = await firm.machine(await firm.technician(client))
    assert await colleague.prompt("s-1", UNRELATED, cwd=FOLDER) == ""


async def test_what_the_conversation_itself_said_is_not_said_again(firm: Firm, client: UUID, machine: Machine) -> None:
    await remember(firm.owner, NOTE, client)
    place = {"cwd": FOLDER, "prompt_id": "p-1"}
    assert await machine.prompt("s-1", "Hello there.", **place) == ""
    await machine.hook("Stop", "s-1", last_assistant_message=f"I looked at the log. {NOTE}", **place)
    assert NOTE not in await machine.prompt("s-1", ABOUT, cwd=FOLDER, prompt_id="p-2")
    assert NOTE in await machine.prompt("s-2", ABOUT, cwd=FOLDER)


async def test_what_was_opened_is_not_given_again_until_compaction(firm: Firm, client: UUID, machine: Machine) -> None:
    memory = await remember(firm.owner, NOTE, client)
    await machine.prompt("s-1", "Hello there.", cwd=FOLDER)
    assert NOTE in await machine.tool("get_memory", id=memory["id"], session="s-1")
    assert NOTE not in await machine.prompt("s-1", ABOUT, cwd=FOLDER)
    await machine.hook("SessionStart", "s-1", source="compact", cwd=FOLDER)
    assert NOTE in await machine.prompt("s-1", ABOUT, cwd=FOLDER)


async def test_what_has_no_room_is_pointed_to_and_opened_by_its_short_id(
    firm: Firm, client: UUID, machine: Machine
) -> None:
    story = "The NAS share was full again. " * 9
    notes = [f"The nightly backup of nw-sql-0{number} fails. {story}" for number in range(9)]
    memories = {(await remember(firm.owner, note, client))["id"]: note.strip() for note in notes}
    others = [f"The printer on floor {number} was replaced by a newer one." for number in range(30)]
    await ingest(firm.owner, "chat", others, client_id=client)
    question = "Why does the nightly backup fail?"
    answer = await recall(machine.caller, question, client, budget_tokens=400, as_prompt=True)
    assert answer["pointers"]
    assert answer["tokens"] <= 400
    given = await machine.prompt("s-1", question, cwd=FOLDER)
    _, _, more = given.partition("More, by id:\n")
    pointed = re.findall(r"^- \[([0-9a-f]{8})\] (.+) \(\d{4}-\d\d-\d\d, ~(\d+) tokens\)$", more, re.MULTILINE)
    assert pointed
    for id, title, tokens in pointed:
        whole = next(one for one in memories if one.endswith(id))
        assert memories[whole].startswith(title.rstrip("…"))
        assert int(tokens) == count_tokens(memories[whole])
        assert memories[whole] in await machine.tool("get_memory", id=id, session="s-1")
    stranger = await firm.machine(await firm.technician(client))
    assert (await call_tool(stranger.caller, "get_memory", {"id": pointed[0][0]}))[1]


async def test_a_prompt_a_tool_and_a_call_give_the_same_text(firm: Firm, client: UUID, machine: Machine) -> None:
    for number in range(3):
        await remember(firm.owner, f"The nightly backup of nw-sql-0{number} failed because its share was full.", client)
    blocks = [
        await machine.prompt("s-1", ABOUT, cwd=FOLDER),
        await machine.tool("recall", query=ABOUT, client="Acme", budget_tokens=800),
    ]
    texts = [re.sub(r"[0-9a-f]{32}", "", block) for block in blocks]
    assert texts[0] == texts[1]
    assert (await recall(machine.caller, ABOUT, client, as_prompt=True))["text"] == "\n".join(
        texts[0].split("\n")[2:-1]
    )


async def test_a_prompt_is_answered_before_it_is_recorded(firm: Firm, client: UUID, machine: Machine) -> None:
    await remember(firm.owner, NOTE, client)
    engine = firm.api.services.memory
    actor = await firm.api.services.authenticator.actor(f"Bearer {machine.caller.token}")
    event = {"hook_event_name": "UserPromptSubmit", "session_id": "s-1", "cwd": FOLDER, "prompt": ABOUT}
    first = await answer_event(engine, actor, {**event, "prompt_id": "p-1"})
    assert NOTE in context_in(first.reply)
    assert await rows_of(firm.api, MemoryInjection) == []
    # Nor is it given again while the record is still to come.
    second = await answer_event(engine, actor, {**event, "prompt_id": "p-2"})
    assert NOTE not in context_in(second.reply)
    assert (await first.finish(), await second.finish()) == (1, 1)
    assert len(await rows_of(firm.api, MemoryInjection)) == 2
    assert engine.in_flight == {}


async def test_a_prompt_that_cannot_be_recorded_is_answered_all_the_same(
    firm: Firm, client: UUID, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> int:
        raise Unavailable("The disk is full.")

    await remember(firm.owner, NOTE, client)
    monkeypatch.setattr(hooks, "record", away)
    event = {"hook_event_name": "UserPromptSubmit", "session_id": "s-1", "cwd": FOLDER, "prompt": ABOUT}
    assert NOTE in context_in(await hook_tool(machine.caller, "hook_prompt", **event))
    assert (await machine.caller.post("/claude/hooks/UserPromptSubmit", event)).status_code == 503
